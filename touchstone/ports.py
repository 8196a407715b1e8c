"""What the rooms ask of one another, so that none imports its sibling."""

from typing import Protocol

from touchstone.images import ListingImage
from touchstone.listing import Listing, PageStatus


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
