"""Where a crawl's work comes from and its listings go: fingerprinted, screened and stored, off the event loop."""

import asyncio
import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from detectors.fingerprints import fingerprint
from operations import clock
from operations.keeping import keep_listing
from operations.screener import Screener
from storage.store import Store
from touchstone.errors import UnreadableImage
from touchstone.frontier import Lease, Outcome, PageKind, Visit, page_kind
from touchstone.images import ListingImage
from touchstone.listing import Listing, PageStatus, Seller
from touchstone.pace import Limits, Turn
from touchstone.sweeps import Capture, SweepRequest
from touchstone.verdicts import Flag

T = TypeVar("T")

REFUSALS = (PageStatus.BLOCKED, PageStatus.ERROR)
OTHERS_SECONDS = 0.25  # between looks whether another sweep has fetched what this one needs
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def holder_of(process: int, sweep_id: int) -> str:
    """What the pace knows a sweep of a process by."""
    return f"{process}-{sweep_id}"


class Watcher:
    """Whoever wants to follow a sweep while it runs; this one does not look."""

    def page(self, url: str, status: PageStatus, *, rendered: bool) -> None:
        """A page was fetched and read."""

    def listing(self, listing: Listing, raised: list[tuple[int, Flag]]) -> None:
        """A listing was stored, with the flags that are new."""


class StoreSink:
    """The crawler's ``Sink`` over a store, for one sweep.

    ``worker`` has one thread, shared by all sinks of the store: it does the work that is not waiting, in order, and
    is the only one to touch the connection while a crawl runs. ``began``: when the sweep did; what another sweep has
    fetched since is not fetched again. ``revisit_after``: a listing that was seen more recently is not asked for again
    when a search finds it. ``learns``: whether HTTP is enough is learned by kind of page.
    """

    def __init__(
        self,
        store: Store,
        screener: Screener,
        sweep_id: int,
        request: SweepRequest,
        watcher: Watcher,
        worker: ThreadPoolExecutor,
        *,
        began: datetime,
        revisit_after: timedelta = timedelta(0),
        learns: bool = False,
    ) -> None:
        self._store = store
        self._screener = screener
        self._sweep_id = sweep_id
        self._request = request
        self._watcher = watcher
        self._worker = worker
        self._began = began
        self._revisit_after = revisit_after
        self._learns = learns
        self._holder = holder_of(os.getpid(), sweep_id)
        self._turn = asyncio.Lock()
        self._ended: list[int] = []

    async def lease(self, most: int) -> Lease:
        """Take on visits that are due, each with the way in which it is best fetched."""
        return await self._stored(lambda: self._lease(most))

    def _lease(self, most: int) -> Lease:
        visits, wait = self._store.frontier.lease(self._sweep_id, most)
        while visits and not (fresh := self._leave_what_others_saw(visits)):
            visits, wait = self._store.frontier.lease(self._sweep_id, most)
        visits = fresh if visits else []
        if self._learns:
            choose = self._store.rendering.choose
            place = self._request.marketplace
            visits = [
                msgspec.structs.replace(visit, way=choose(place, page_kind(visit.url)))
                if visit.kind is PageKind.LISTING
                else visit
                for visit in visits
            ]
        return Lease(visits, wait)

    def _leave_what_others_saw(self, visits: list[Visit]) -> list[Visit]:
        """The visits that are still to be made; a listing that another sweep has seen since this one began needs none."""
        asked = set(self._request.urls)
        found = [visit.url for visit in visits if visit.kind is PageKind.LISTING and visit.url not in asked]
        named = [visit.url for visit in visits if visit.kind is PageKind.LISTING and visit.url in asked]
        seen_since, place = self._store.listings.seen_since, self._request.marketplace
        seen = (seen_since(place, found, self._fresh_since()) if found else set()) | (
            seen_since(place, named, self._began) if named else set()
        )
        for visit in visits:
            if visit.kind is PageKind.LISTING and visit.url in seen and not visit.attempts:
                self._store.frontier.settle(visit, Outcome(status=PageStatus.LISTING))
        return [
            visit for visit in visits if visit.kind is not PageKind.LISTING or visit.url not in seen or visit.attempts
        ]

    def _fresh_since(self) -> datetime:
        """Since when a listing must have been seen for a search that finds it to pass it by."""
        return min(self._began, clock.now() - self._revisit_after)

    async def learn(self, url: str, *, browser_more: bool) -> None:
        """Note whether a page that was seen both ways gave a browser more than HTTP."""
        if self._learns:
            place, kind = self._request.marketplace, page_kind(url)
            await self._stored(lambda: self._store.rendering.learn(place, kind, browser_more=browser_more))

    async def settle(self, visit: Visit, outcome: Outcome) -> int:
        """Screen and store what was read, add what was found, and acknowledge the visit: all of it, or nothing."""
        raised, new = await self._off_loop(lambda: self._settle(visit, outcome))
        for listing, flags in raised:
            self._watcher.listing(listing, flags)
        return new

    async def give_up(self, visit: Visit, outcome: Outcome) -> None:
        """Put a visit on the dead-letter list."""

        def work() -> None:
            self._store.frontier.give_up(visit, outcome)
            self._note_answer(outcome.status)

        await self._stored(work)

    async def put_back(self, visit: Visit, outcome: Outcome, *, after: float, failed: bool = True) -> None:
        """Have a visit made again after so many seconds."""

        def work() -> None:
            note = "\n".join(outcome.problems)
            self._store.frontier.put_back(
                visit, after=after, note=note, failed=failed, status=outcome.status if failed else None
            )
            if outcome.hold:
                self._store.pace.hold(self._request.marketplace, outcome.hold)
            if failed:
                self._note_answer(outcome.status)

        await self._stored(work)

    async def release(self) -> None:
        """Free what this process holds of the sweep and of the marketplace's pace."""

        def work() -> None:
            self._store.frontier.release(self._sweep_id)
            self._store.pace.leave(self._holder)
            self._store.fetching.leave(self._holder)

        await self._stored(work)

    async def turn(self, limits: Limits) -> Turn:
        """Take a slot, once one is free; waits meanwhile."""
        async with self._turn:  # one ticket for a process; within it, who asked first
            while True:
                ended, self._ended = self._ended, []
                turn = await self._stored(lambda ended=ended: self._take(limits, ended))  # type: ignore[misc]
                if turn.slot or turn.refusal:
                    return turn
                await asyncio.sleep(turn.wait)

    async def start(self, limits: Limits) -> float:
        """Wait until nobody's request has started for a gap, note this one's start, and return that moment."""
        place = self._request.marketplace
        while True:
            wait, at = await self._stored(lambda: (self._store.pace.start(place, limits.gap), time.time()))
            if not wait:
                return at
            await asyncio.sleep(wait)

    def _take(self, limits: Limits, ended: list[int]) -> Turn:
        self._store.pace.give_back(ended)
        return self._store.pace.take(self._request.marketplace, self._holder, limits)

    def give_back(self, slot: int) -> None:
        """Say that a request has ended; its slot is freed with the next turn, or at once when nobody asks for one."""
        self._ended.append(slot)
        if not self._turn.locked():
            asyncio.get_running_loop().call_later(1.0, self._flush)

    def _flush(self) -> None:
        if self._ended and not self._turn.locked():
            ended, self._ended = self._ended, []
            asyncio.ensure_future(self._stored(lambda: self._store.pace.give_back(ended)))  # noqa: RUF006 -- nobody waits

    def now(self) -> datetime:
        """This moment."""
        return clock.now()

    async def known_image(self, url: str) -> ListingImage | None:
        """The image that this address gave earlier; else the caller is the only one to fetch it."""
        return await self._known_or_claimed(url, lambda: self._store.images.at(url))

    async def known_seller(self, seller: Seller, url: str) -> Seller | None:
        """What the seller's page said since this sweep began; else the caller is the only one to fetch it."""
        known = self._store.listings.seller_read_since
        place, number = self._request.marketplace, seller.seller_id
        return await self._known_or_claimed(url, lambda: known(place, number, self._began))

    async def seller(self, seller: Seller, visit: Visit, outcome: Outcome) -> None:
        """Keep what a seller's page said."""

        def work() -> None:
            self._store.listings.read_seller(seller, clock.now())
            self._store.frontier.note(self._sweep_id, visit, outcome)
            self._store.fetching.end(visit.url)

        await self._stored(work)

    async def not_had(self, url: str) -> None:
        """Have others try."""
        await self._stored(lambda: self._store.fetching.end(url))

    async def _known_or_claimed(self, url: str, known: Callable[[], T | None]) -> T | None:
        """What is known already, or ``None`` when it is this sweep's to fetch; waits while it is another's."""
        found = await self._off_loop(known)
        while found is None and not await self._stored(lambda: self._store.fetching.claim(url, self._holder)):
            await asyncio.sleep(OTHERS_SECONDS)
            found = await self._off_loop(known)
        if found is None:  # another may have had it between the look and the claim
            found = await self._off_loop(known)
        return found

    async def image(self, url: str, body: bytes) -> ListingImage:
        """Keep an image's bytes; look at them only when no address gave them before."""
        return await self._off_loop(lambda: self._keep_image(url, body))

    def page(self, url: str, status: PageStatus, *, rendered: bool) -> None:
        """Count a page."""
        self._watcher.page(url, status, rendered=rendered)

    async def _off_loop(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    async def _stored(self, work: Callable[[], T]) -> T:
        def in_transaction() -> T:
            with self._store.transaction():
                return work()

        return await self._off_loop(in_transaction)

    def _note_answer(self, status: PageStatus) -> None:
        if status in REFUSALS:
            self._store.pace.refused(self._request.marketplace)
        else:
            self._store.pace.answered(self._request.marketplace)

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
            self._store.fetching.end(url)
        return ListingImage(url=url, sha256=sha256, fingerprint=print_)

    def _settle(self, visit: Visit, outcome: Outcome) -> tuple[list[tuple[Listing, list[tuple[int, Flag]]]], int]:
        store, listings = self._store, list(outcome.listings)
        if outcome.unchanged:
            at = clock.now()
            known = store.listings.at(self._request.marketplace, visit.url)
            listings = [msgspec.structs.replace(listing, seen_at=at) for listing in known]
        looks = [self._screener.look(listing) for listing in listings]
        sha256 = ""
        if outcome.body and any(look.screening.flags for look in looks):
            sha256 = store.blobs.put(outcome.body)
        kind = "dom" if outcome.rendered else "page"
        raised = []
        with store.transaction():
            for look in looks:
                listing, capture = look.listing, None
                if sha256 and look.screening.flags:
                    capture = Capture(
                        url=listing.url, at=listing.seen_at, kind=kind, sha256=sha256, rendered=outcome.rendered
                    )
                raised.append((listing, keep_listing(store, self._sweep_id, look, capture)))
            if outcome.validators and listings:
                store.frontier.keep_validators(visit.url, outcome.validators)
            new = self._add_found(outcome) if outcome.found else 0
            store.frontier.settle(visit, outcome)
            self._note_answer(outcome.status)
        return raised, new

    def _add_found(self, outcome: Outcome) -> int:
        """Add what a page of results links to, and its next page while results go on; returns the number of visits."""
        frontier, seen_since, place = self._store.frontier, self._store.listings.seen_since, self._request.marketplace
        urls, most = [visit.url for visit in outcome.found], self._request.max_listings
        recent = seen_since(place, urls, self._fresh_since())
        added = frontier.add(
            self._sweep_id,
            (visit for visit in outcome.found if visit.url not in recent),
            most=most,
        )
        passed = [
            frontier.note(self._sweep_id, visit, Outcome(status=PageStatus.LISTING))
            for visit in outcome.found
            if visit.url in recent
        ]
        goes_on = bool(added) or any(passed)
        if most is not None and frontier.listings(self._sweep_id) >= most:
            goes_on = False  # there is no room for what further pages would add
        if goes_on and outcome.unseen:
            goes_on = len(seen_since(place, urls, LONG_AGO)) < len(set(urls))
        if outcome.following and goes_on:
            added += frontier.add(self._sweep_id, [outcome.following])
        return len(added)
