"""The whole look at a listing: what it is about, what speaks for and against it, and what that amounts to."""

from typing import Self

from detectors.base import Detector, discover
from detectors.history import tallies
from detectors.matching import Matcher
from detectors.offers import Offers
from detectors.verdict import Weights, weigh
from touchstone.catalog import Catalog
from touchstone.images import ListingImage
from touchstone.listing import Listing
from touchstone.verdicts import Match, Screening


class Screen:
    """The detectors, ready for one catalog. Pure: the same listing gives the same screening."""

    def __init__(
        self, matcher: Matcher, offers: Offers, detectors: tuple[Detector, ...], table: Weights | None = None
    ) -> None:
        self._matcher = matcher
        self._offers = offers
        self._detectors = detectors
        self._table = table

    @classmethod
    def build(cls, catalog: Catalog, *, table: Weights | None = None) -> Self:
        """Index the catalog for every detector that is found."""
        detectors = tuple(detector.build(catalog) for detector in discover())
        return cls(Matcher(catalog), Offers(catalog), detectors, table)

    def matches(self, listing: Listing) -> tuple[Match, ...]:
        """Which of the catalog's brands and products a listing is about."""
        return self._matcher.match(listing)

    def leaves_open(self, image: ListingImage) -> bool:
        """Whether an image should be looked at in detail: fingerprints see no colour, no crop and no collage."""
        return image.fingerprint is not None and not self._matcher.images.explains(image)

    def resembles(self, image: ListingImage) -> bool:
        """Whether an image resembles any reference photo."""
        return bool(self._matcher.images.search((image,)))

    def screen(self, listing: Listing, matches: tuple[Match, ...] | None = None) -> Screening:
        """Look at one listing; ``matches`` where they are known already."""
        matches = self._matcher.match(listing) if matches is None else matches
        if not matches:
            return Screening()
        findings = tuple(finding for detector in self._detectors for finding in detector.examine(listing, matches))
        return Screening(
            matches=matches, unit_prices=self._offers.unit_prices(listing, matches), findings=findings,
            flags=weigh(matches, findings, table=self._table),
        )  # fmt: skip

    def tallies(self, listing: Listing, screening: Screening) -> frozenset[str]:
        """What a listing adds to its seller's record."""
        own = bool(listing.images) and not self._matcher.images.search(listing.images)
        return tallies(listing, screening, own_photos=own)
