"""The brand's own photos, changed so that a search by image does not find them."""

from typing import Self

from detectors.base import Examples, offered
from detectors.image_index import ImageIndex
from detectors.samples import PHOTO, catalog, listing
from touchstone.catalog import Catalog
from touchstone.images import Fingerprint, ListingImage
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match


class TamperingDetector:
    """Is a photo of the listing the brand's own, mirrored or framed?

    A copy of the brand's photo as it is says nothing: every honest retailer uses it. Mirroring or framing it has no
    honest use and defeats search by image. Covering a part of it is shown and not weighed: banners do so honestly, and a
    blotted logo does not. Photos on listings of a shop's own are never a finding.
    """

    name = "tampering"
    version = 2
    kinds = ("photo_mirrored", "photo_framed", "photo_covered")

    def __init__(self, images: ImageIndex) -> None:
        self._images = images

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Index the reference photos."""
        return cls(ImageIndex(catalog))

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """At most one finding for each brand that is sold and kind of change."""
        found: dict[tuple[str, str], Finding] = {}
        for hit in self._images.search(listing.images):
            brand = hit.product.split("/", 1)[0]
            if all(match.brand != brand for match in offered(matches)):
                continue
            covered = hit.sighting.covered if hit.sighting else ()
            if hit.altered and hit.view == "mirrored":
                kind, how = "photo_mirrored", "mirrored"
            elif hit.altered:
                kind, how = "photo_framed", "in an added frame"
            elif covered:
                kind, how = "photo_covered", f"covered in part ({sum(w * h for _, _, w, h in covered):.0%} of it)"
            else:
                continue
            told = "found by its details" if hit.sighting else f"{hit.distance} of 256 bits differ"
            reason = f"the brand's photo of {hit.product}, {how} ({told})"
            finding = Finding(
                detector=self.name, version=self.version, kind=kind, brand=brand, strength=hit.likeness, reason=reason,
                data={"url": hit.url, "distance": hit.distance, "plain_distance": hit.plain_distance},
            )  # fmt: skip
            found.setdefault((brand, kind), finding)
        return tuple(found.values())

    @classmethod
    def examples(cls) -> Examples:
        """The reference photo in a mirror; the same as it is; an image that could not be read."""
        mirrored = Fingerprint(
            version=1, whole=PHOTO.mirrored, trimmed=PHOTO.mirrored, mirrored=PHOTO.whole, width=800, height=800,
        )  # fmt: skip

        def shown(fingerprint: Fingerprint | None) -> Listing:
            return listing(
                images=(ListingImage(url="http://namu.example/1.jpg", sha256="1" * 64, fingerprint=fingerprint),)
            )

        return Examples(catalog=catalog(), finds=(shown(mirrored),), passes=(shown(PHOTO), shown(None)))


DETECTOR = TamperingDetector
