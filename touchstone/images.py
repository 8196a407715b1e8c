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


class ListingImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image of a listing. ``sha256`` is ``None`` until it is fetched, ``fingerprint`` until it could be read."""

    url: str
    sha256: str | None = None
    fingerprint: Fingerprint | None = None
