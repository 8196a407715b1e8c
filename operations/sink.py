"""Where a crawl's listings go: fingerprinted, screened and stored, off the event loop."""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from detectors.fingerprints import fingerprint
from detectors.screening import Screen
from operations import clock
from operations.keeping import keep_listing
from storage.store import Store
from touchstone.errors import UnreadableImage
from touchstone.images import ListingImage
from touchstone.listing import Listing, PageStatus
from touchstone.sweeps import Capture
from touchstone.verdicts import Flag

T = TypeVar("T")


class Watcher:
    """Whoever wants to follow a sweep while it runs; this one does not look."""

    def page(self, url: str, status: PageStatus, *, rendered: bool) -> None:
        """A page was fetched and read."""

    def listing(self, listing: Listing, raised: list[tuple[int, Flag]]) -> None:
        """A listing was stored, with the flags that are new."""


class StoreSink:
    """The crawler's ``Sink`` over a store.

    ``worker`` has one thread, shared by all sinks of the store: it does the work that is not waiting, in order, and
    is the only one to touch the connection while a crawl runs.
    """

    def __init__(
        self, store: Store, screen: Screen, sweep_id: int, watcher: Watcher, worker: ThreadPoolExecutor
    ) -> None:
        self._store = store
        self._screen = screen
        self._sweep_id = sweep_id
        self._watcher = watcher
        self._worker = worker

    async def known_image(self, url: str) -> ListingImage | None:
        """The image that this address gave earlier."""
        return await self._off_loop(lambda: self._store.images.at(url))

    async def image(self, url: str, body: bytes) -> ListingImage:
        """Keep an image's bytes; look at them only when no address gave them before."""
        return await self._off_loop(lambda: self._keep_image(url, body))

    async def listing(self, listing: Listing, body: bytes, *, rendered: bool) -> None:
        """Screen a listing and store it; a flagged one together with its page."""
        raised = await self._off_loop(lambda: self._keep_listing(listing, body, rendered=rendered))
        self._watcher.listing(listing, raised)

    def page(self, url: str, status: PageStatus, *, rendered: bool) -> None:
        """Count a page."""
        self._watcher.page(url, status, rendered=rendered)

    async def _off_loop(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _keep_image(self, url: str, body: bytes) -> ListingImage:
        sha256, at = hashlib.sha256(body).hexdigest(), clock.now()
        known, print_ = self._store.images.known(sha256)
        unreadable = None
        if not known:
            try:
                print_ = fingerprint(body)
            except UnreadableImage as error:
                unreadable = error.message
            self._store.blobs.put(body)
        with self._store.transaction():
            if not known:
                self._store.images.keep(sha256, size=len(body), fingerprint=print_, unreadable=unreadable, at=at)
            self._store.images.seen_at(url, sha256, at)
        return ListingImage(url=url, sha256=sha256, fingerprint=print_)

    def _keep_listing(self, listing: Listing, body: bytes, *, rendered: bool) -> list[tuple[int, Flag]]:
        screening = self._screen.screen(listing)
        capture = None
        if screening.flags:
            sha256 = self._store.blobs.put(body)
            kind = "dom" if rendered else "page"
            capture = Capture(url=listing.url, at=listing.seen_at, kind=kind, sha256=sha256, rendered=rendered)
        return keep_listing(self._store, self._sweep_id, listing, screening, capture)
