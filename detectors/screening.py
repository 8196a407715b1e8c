"""The whole look at a listing: what it is about, what speaks for and against it, and what that amounts to."""

from typing import Self

from detectors.base import Detector, discover
from detectors.matching import Matcher
from detectors.verdict import Weights, weigh
from touchstone.catalog import Catalog
from touchstone.images import ListingImage
from touchstone.listing import Listing
from touchstone.verdicts import Screening


class Screen:
    """The detectors, ready for one catalog. Pure: the same listing gives the same screening."""

    def __init__(self, matcher: Matcher, detectors: tuple[Detector, ...], table: Weights | None = None) -> None:
        self._matcher = matcher
        self._detectors = detectors
        self._table = table

    @classmethod
    def build(cls, catalog: Catalog, *, table: Weights | None = None) -> Self:
        """Index the catalog for every detector that is found."""
        return cls(Matcher(catalog), tuple(detector.build(catalog) for detector in discover()), table)

    def is_about_a_brand(self, listing: Listing) -> bool:
        """Whether a listing is about any of the catalog's brands."""
        return bool(self._matcher.match(listing))

    def leaves_open(self, image: ListingImage) -> bool:
        """Whether an image should be looked at in detail: fingerprints see no colour, no crop and no collage."""
        return image.fingerprint is not None and not self._matcher.images.explains(image)

    def screen(self, listing: Listing) -> Screening:
        """Look at one listing."""
        matches = self._matcher.match(listing)
        if not matches:
            return Screening()
        findings = tuple(finding for detector in self._detectors for finding in detector.examine(listing, matches))
        return Screening(matches=matches, findings=findings, flags=weigh(matches, findings, table=self._table))
