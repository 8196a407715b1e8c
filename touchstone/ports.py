"""What the rooms ask of one another, so that none imports its sibling."""

from typing import Protocol

from touchstone.catalog import Catalog
from touchstone.images import ListingImage
from touchstone.listing import Listing, PageStatus
from touchstone.sweeps import Capture
from touchstone.verdicts import Screening


class Sink(Protocol):
    """Where the crawler hands over what it saw. Each call returns only when what was handed over is stored."""

    async def known_image(self, url: str) -> ListingImage | None:
        """The image that this address gave earlier, so that it is not fetched again."""

    async def image(self, url: str, body: bytes) -> ListingImage:
        """Keep an image's bytes. Bytes that are no image come back without a fingerprint."""

    async def listing(self, listing: Listing, body: bytes, *, rendered: bool) -> None:
        """Keep a listing and the page it was read from."""

    def page(self, url: str, status: PageStatus, *, rendered: bool) -> None:
        """Count a page; for progress only."""


class Screener(Protocol):
    """The detectors, ready for one catalog."""

    def screen(self, listing: Listing) -> Screening:
        """Look at one listing; the same listing gives the same answer."""


class CatalogSource(Protocol):
    """Whoever can say what the brands' genuine products are."""

    def load(self) -> Catalog:
        """The whole catalog."""


class ListingSink(Protocol):
    """Whoever keeps a listing together with everything that one look at it gave, or nothing of it."""

    def keep(self, sweep_id: int, listing: Listing, screening: Screening, capture: Capture | None) -> None:
        """Store all of it in one transaction."""
