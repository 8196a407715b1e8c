"""What the rooms ask of one another, so that none imports its sibling."""

from datetime import datetime
from typing import Protocol

from touchstone.frontier import Lease, Outcome, Visit
from touchstone.images import ListingImage
from touchstone.listing import PageStatus, Seller
from touchstone.pace import Limits, Turn


class Frontier(Protocol):
    """The visits of one sweep. Each call returns only when what it says is stored."""

    async def lease(self, most: int) -> Lease:
        """Take on visits that are due."""

    async def settle(self, visit: Visit, outcome: Outcome) -> int:
        """Store what a visit came to and acknowledge it, in one transaction; returns the number of new visits."""

    async def give_up(self, visit: Visit, outcome: Outcome) -> None:
        """Put a visit on the dead-letter list."""

    async def put_back(self, visit: Visit, outcome: Outcome, *, after: float, failed: bool = True) -> None:
        """Have a visit made again after so many seconds; ``failed`` counts this try."""

    async def learn(self, url: str, *, browser_more: bool) -> None:
        """Note whether a page that was seen both ways gave a browser more than HTTP."""

    async def release(self) -> None:
        """Free what was taken on and will not be made."""


class Turns(Protocol):
    """The pace of one marketplace, shared with every other process."""

    async def turn(self, limits: Limits) -> Turn:
        """Ask to make a request."""

    async def start(self, limits: Limits) -> float:
        """Wait until a request may start, note that it does, and return that moment in seconds since the epoch."""

    def give_back(self, slot: int) -> None:
        """Say that a request has ended."""


class Sink(Frontier, Turns, Protocol):
    """The crawler's counterpart: where a sweep's work comes from and where it hands over what it saw."""

    def now(self) -> datetime:
        """This moment in UTC, which a listing is said to be seen at."""

    async def known_image(self, url: str) -> ListingImage | None:
        """The image that this address gave earlier, so that it is not fetched again; waits while another sweep fetches it.

        ``None`` has nobody else fetch it until ``image`` or ``not_had`` is called.
        """

    async def image(self, url: str, body: bytes) -> ListingImage:
        """Keep an image's bytes. Bytes that are no image come back without a fingerprint."""

    async def known_seller(self, seller: Seller, url: str) -> Seller | None:
        """What the seller's page said to another sweep since this one began; otherwise as with images."""

    async def seller(self, seller: Seller, visit: Visit, outcome: Outcome) -> None:
        """Keep what a seller's page said."""

    async def not_had(self, url: str) -> None:
        """Say that an image or a seller's page could not be had."""

    def page(self, url: str, status: PageStatus, *, rendered: bool) -> None:
        """Count a page; for progress only."""
