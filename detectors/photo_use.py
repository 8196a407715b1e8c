"""Whether other sellers show the same photo, which is not the brand's."""

from typing import Self

import msgspec

from detectors.base import Examples, offered
from detectors.samples import catalog, listing
from touchstone.background import Background
from touchstone.catalog import Catalog
from touchstone.images import ListingImage
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match


class PhotoUseDetector:
    """Does another seller show the very photo that this listing does, though it is none of the brand's?

    A photo taken by hand is of one thing on one table; at a second seller it is borrowed, or both are one. Wholesalers'
    photos are shared honestly, so it is shown, and weighs nothing until labelled cases earn it a weight.
    """

    name = "photo_use"
    version = 1
    kinds = ("photo_of_other_seller",)

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Needs nothing of the catalog: the listing's background says it all."""
        return cls()

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """One finding for each brand that is sold, from the photo that most others show."""
        shown = listing.background.photos
        if not shown:
            return ()
        url, most = max(
            ((image.url, shown[image.sha256]) for image in listing.images if image.sha256 in shown),
            key=lambda pair: pair[1],
            default=("", 0),
        )
        reason = f"{most} other seller{'s' if most > 1 else ''} show{'' if most > 1 else 's'} the same photo, which is not the brand's"
        return tuple(
            Finding(
                detector=self.name, version=self.version, kind="photo_of_other_seller", brand=match.brand, strength=1.0,
                reason=reason, data={"url": url, "sellers": most},
            )
            for match in offered(matches)
            if most
        )  # fmt: skip

    @classmethod
    def examples(cls) -> Examples:
        """A photo that two other sellers show; one that nobody else does."""
        images = (ListingImage(url="http://namu.example/1.jpg", sha256="1" * 64),)
        shared = Background(photos={"1" * 64: 2})
        return Examples(
            catalog=catalog(),
            finds=(msgspec.structs.replace(listing(images=images), background=shared),),
            passes=(listing(images=images),),
        )


DETECTOR = PhotoUseDetector
