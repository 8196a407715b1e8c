"""Reference photos, looked up by fingerprint."""

import msgspec

from detectors.fingerprints import HASH_BITS, VERSION
from detectors.hash_rows import HashRows
from touchstone.catalog import Catalog
from touchstone.images import Fingerprint, ListingImage, PhotoSighting

# Distances in bits of 256. Unrelated photos lie at 128 ± 8 (a fair coin); a re-encoded copy below 20. Between them are
# look-alikes of the same kind of goods, so likeness falls from SAME to FAR instead of at one step.
SAME_BITS = 24
FAR_BITS = 64
# A copy once it is turned or trimmed, not merely something alike. Cutting a border off makes many photos of one studio
# alike; a mirror does not.
MIRRORED_BITS = 44
TRIMMED_BITS = 32
SURE_SCORE = 40.0  # of a sighting; some twenty points of the photo at their places and nothing that disagrees
MOST_SEEN = 0.75  # likeness of the surest: drawings and plain goods have few points, and siblings share most of them
TELLING_BITS = 20  # by how much a mirrored or trimmed view must fit better before it is called an alteration


class ImageHit(msgspec.Struct, frozen=True, kw_only=True):
    """A listing image that resembles a reference photo.

    ``distance`` is in bits of 256, ``view`` one of ``whole``, ``trimmed`` and ``mirrored``: what had to be done to the
    listing's image before it fitted. ``plain_distance`` is that of the image as it is. ``sighting``: what a look in
    detail gave, where fingerprints tell nothing; it stands before them.
    """

    product: str
    url: str
    distance: int
    plain_distance: int
    view: str
    sighting: PhotoSighting | None = None

    @property
    def likeness(self) -> float:
        """1 for a copy, 0 for a photo as far off as look-alikes are."""
        if self.sighting is not None:
            return min(MOST_SEEN, self.sighting.score / SURE_SCORE)
        return min(1.0, max(0.0, (FAR_BITS - self.distance) / (FAR_BITS - SAME_BITS)))

    @property
    def altered(self) -> bool:
        """Whether the copy fits clearly better after it was mirrored or a border was cut off."""
        if self.sighting is not None:
            return self.sighting.mirrored
        return self.distance <= {"mirrored": MIRRORED_BITS, "trimmed": TRIMMED_BITS}.get(self.view, -1)

    def describe(self) -> str:
        """A line for a person."""
        if self.sighting is not None:
            ways = [
                *(["seen in a mirror"] if self.sighting.mirrored else []),
                *(["partly covered"] if self.sighting.covered else []),
            ]
            return f"photo is made from one of {self.product}" + (f", {' and '.join(ways)}" if ways else "")
        how = {"whole": "", "trimmed": " once its border is cut off", "mirrored": " seen in a mirror"}[self.view]
        return f"photo fits {self.product}{how} ({self.distance} of {HASH_BITS} bits differ)"


class ImageIndex:
    """All reference fingerprints, the whole photos' and the trimmed ones' each in rows of their own."""

    def __init__(self, catalog: Catalog) -> None:
        rows = [
            (reference.key, image.fingerprint)
            for reference in catalog.references
            for image in reference.images
            if image.fingerprint and image.fingerprint.version == VERSION
        ]
        self._products = [key for key, _ in rows]
        self._whole = HashRows([fingerprint.whole for _, fingerprint in rows])
        self._trimmed = HashRows([fingerprint.trimmed for _, fingerprint in rows])

    def explains(self, image: ListingImage) -> bool:
        """Whether an image is a reference photo mirrored or framed, by its fingerprint alone."""
        hit = self._nearest(image.url, image.fingerprint) if image.fingerprint else None
        return hit is not None and hit.altered

    def search(self, images: tuple[ListingImage, ...]) -> list[ImageHit]:
        """The hits of each listing image: an alteration that its fingerprint tells, what was seen in detail, else the nearest
        fingerprint within ``FAR_BITS``.
        """
        return [hit for image in images for hit in self._hits(image)]

    def _hits(self, image: ListingImage) -> list[ImageHit]:
        near = self._nearest(image.url, image.fingerprint) if image.fingerprint else None
        if near is not None and near.altered:
            return [near]
        if image.sightings is None:
            return [near] if near is not None else []
        return _seen(image)  # none for a sibling: its fingerprint, which sees no colour, may be that of a reference

    def _nearest(self, url: str, fingerprint: Fingerprint) -> ImageHit | None:
        if not self._products or fingerprint.version != VERSION:
            return None
        whole, mirrored = self._whole.nearest((fingerprint.whole, fingerprint.mirrored), FAR_BITS)
        (trimmed,) = self._trimmed.nearest((fingerprint.trimmed,), FAR_BITS)
        views = {"whole": whole, "trimmed": trimmed, "mirrored": mirrored}
        found = [(near.distance, view, near.row) for view, near in views.items() if near is not None]
        if not found:
            return None
        distance, view, row = min(found, key=lambda one: one[0])
        plain = self._whole.distance(row, fingerprint.whole)
        if plain - distance < TELLING_BITS:
            view, distance = "whole", min(distance, plain)
        return ImageHit(product=self._products[row], url=url, distance=distance, plain_distance=plain, view=view)


def _seen(image: ListingImage) -> list[ImageHit]:
    return [
        ImageHit(
            product=sighting.product, url=image.url, distance=0, plain_distance=FAR_BITS,
            view="mirrored" if sighting.mirrored else "whole", sighting=sighting,
        )
        for sighting in image.sightings or ()
    ]  # fmt: skip
