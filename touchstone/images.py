"""An image as the detectors see it: where it was, what its bytes hash to and what it looks like."""

import msgspec


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """What an image looks like, in a form that can be stored and compared.

    ``whole``, ``trimmed`` and ``mirrored`` are 256-bit perceptual hashes in hex (64 characters): of the image, of
    what is left after a uniform border is cut off, and of the image seen in a mirror. ``width`` and ``height`` are
    pixels as served. ``version`` names the recipe: hashes of different recipes are never compared.
    """

    version: int
    whole: str
    trimmed: str
    mirrored: str
    width: int
    height: int


class PhotoSighting(msgspec.Struct, frozen=True, kw_only=True):
    """A reference photo that an image is made from: of which product (``brand/sku``), under which content address.

    ``score``: how sure, from 2 (one unrelated photo in a thousand) to some hundreds. ``outline``: the reference's
    corners in the image, clockwise from its top left, as shares of width and height. ``covered``: boxes of the
    reference (x, y, width, height as shares) in which the image shows something else.
    """

    product: str
    sha256: str
    score: float
    mirrored: bool = False
    outline: tuple[tuple[float, float], ...] = ()
    covered: tuple[tuple[float, float, float, float], ...] = ()


class ListingImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image of a listing. ``sha256`` is ``None`` until it is fetched, ``fingerprint`` until it could be read.

    ``sightings`` is ``None`` where a look in detail was not taken or told nothing, and empty where it showed another
    colour or print of a reference's product.
    """

    url: str
    sha256: str | None = None
    fingerprint: Fingerprint | None = None
    sightings: tuple[PhotoSighting, ...] | None = None
