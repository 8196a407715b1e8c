"""Capturing: a flagged listing's page recorded as evidence, judged, kept, and entered in the audit log."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from crawler.browser import find_browser
from crawler.crawl import user_agent
from crawler.gate import judged
from crawler.marketplace import Marketplace
from crawler.marketplace import find as find_marketplace
from crawler.marketplace import load as load_marketplace
from crawler.proxy import Target
from crawler.recorder import Bounds, Recorder, Wanted
from evidence.redaction import personal_data, without, without_cookies
from evidence.wacz import write_wacz
from operations import clock
from operations.session import actor
from operations.sink import REFUSALS
from storage.store import Store
from touchstone.archive import Archive, CaptureRecord, Outcome
from touchstone.configuration import CaptureSettings, Configuration
from touchstone.decoding import to_json
from touchstone.errors import NotRecorded, StoreLocked
from touchstone.listing import Listing
from touchstone.pace import Limits
from touchstone.recording import Recording

T = TypeVar("T")

VIEW, FULL_PAGE, DOCUMENT, TEXT = "view.png", "full-page.png", "document.html", "text.txt"


class NotNow(Exception):
    """The marketplace gives no turn: it is to be left in peace for now."""


class Subject(NamedTuple):
    """What is captured: a listing with its row, and the sweep that asks for it, if one does."""

    row: int
    listing: Listing
    sweep_id: int | None = None


class Photographer:
    """Captures listings of one marketplace, one at a time, at the marketplace's pace.

    ``worker`` has the one thread that may touch the store's connection.
    """

    def __init__(
        self, configuration: Configuration, marketplace: Marketplace, store: Store, worker: ThreadPoolExecutor
    ) -> None:
        self._marketplace = marketplace
        self._store = store
        self._worker = worker
        settings = configuration.settings
        self._settings = settings.capture
        self._holder = f"{os.getpid()}-capture"
        allowed = configuration.marketplace(marketplace.name)
        self._recorder = Recorder(
            find_browser(settings.browser), user_agent=user_agent(settings.contact), language=marketplace.language,
            open_targets=frozenset({Target(*marketplace.home)}) if allowed.allow_loopback else frozenset(),
            bounds=_bounds(settings.capture),
        )  # fmt: skip

    async def capture(self, subject: Subject) -> Archive:
        """Record a listing's page and keep it, as evidence or as a failed capture.

        Raises ``NotNow`` when the marketplace is to be left in peace, and nothing was tried; else ``StoreError`` alone.
        """
        hidden: list[str] = []

        def hide(text: str) -> tuple[str, ...]:
            hidden.extend(personal_data(text, self._marketplace.language))
            return tuple(hidden)

        url = subject.listing.url
        try:
            if not self._marketplace.may_fetch(url):
                raise NotRecorded(f"{url} does not belong to {self._marketplace.name}")
            slot = await self._turn()
            try:
                wanted = Wanted(
                    url, self._marketplace.listing.wait_for, self._marketplace.politeness.obey_robots,
                    hide if "personal" in self._settings.redact else None,
                )  # fmt: skip
                recording = await self._recorder.record(wanted)
            finally:
                await self._stored(lambda: self._store.pace.give_back([slot]))
        except NotRecorded as error:
            reason = error.message
            if error.refused:
                await self._answered(refused=True)
            return await self._worked(lambda: _keep(self._store, subject, Outcome.FAILED, reason))
        recording = without(hidden, recording)
        if "cookies" in self._settings.redact:
            recording = without_cookies(recording)
        record, wacz = _packed(recording, subject.listing, self._marketplace)
        await self._answered(refused=record.shown.page in REFUSALS)
        reason = "; ".join(record.shortcomings)
        return await self._worked(lambda: _keep(self._store, subject, record.outcome, reason, record, wacz))

    async def close(self) -> None:
        """End the browser, and leave the marketplace's queue."""
        await self._recorder.close()
        await self._stored(lambda: self._store.pace.leave(self._holder))

    async def _turn(self) -> int:
        """Wait for a turn and return its slot; raises ``NotNow``."""
        politeness = self._marketplace.politeness
        limits = Limits(gap=politeness.gap(0), concurrency=politeness.concurrency, daily=politeness.requests_per_day)
        while True:
            turn = await self._stored(lambda: self._store.pace.take(self._marketplace.name, self._holder, limits))
            if turn.refusal:
                raise NotNow(turn.refusal)
            await asyncio.sleep(turn.wait)
            if turn.slot:
                break
        while wait := await self._stored(lambda: self._store.pace.start(self._marketplace.name, limits.gap)):
            await asyncio.sleep(wait)
        return turn.slot

    async def _answered(self, *, refused: bool) -> None:
        """Count how the marketplace met us; too many refusals in a row, and it is left in peace by all sweeps."""
        note = self._store.pace.refused if refused else self._store.pace.answered
        await self._stored(lambda: note(self._marketplace.name))

    async def _stored(self, work: Callable[[], T]) -> T:
        def in_transaction() -> T:
            with self._store.transaction():
                return work()

        return await self._worked(in_transaction)

    async def _worked(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)


def _bounds(settings: CaptureSettings) -> Bounds:
    return Bounds(settings.seconds, settings.megabytes * 1024 * 1024, settings.requests)


def _packed(recording: Recording, listing: Listing, marketplace: Marketplace) -> tuple[CaptureRecord, bytes]:
    """A recording as it is kept: what it shows, and its archive."""
    shortcomings, shown = judged(recording, listing, marketplace)
    wacz = write_wacz(recording, title=f"{listing.key}: {listing.title[:200]}")
    files = {
        VIEW: recording.view, FULL_PAGE: recording.full_page, DOCUMENT: recording.document.encode(),
        TEXT: recording.text.encode(),
    }  # fmt: skip
    record = CaptureRecord(
        listing=listing.key, outcome=Outcome.FAILED if shortcomings else Outcome.KEPT, shortcomings=shortcomings,
        circumstances=recording.circumstances, shown=shown, wacz=hashlib.sha256(wacz.body).hexdigest(),
        files={name: hashlib.sha256(body).hexdigest() for name, body in files.items()}, answers=tuple(wacz.kept),
    )  # fmt: skip
    return record, wacz.body


def _keep(
    store: Store, subject: Subject, outcome: Outcome, reason: str, record: CaptureRecord | None = None,
    wacz: bytes | None = None,
) -> Archive:  # fmt: skip
    """Keep a capture, whatever came of it: its bytes, then its row and its entry in the audit log."""
    sha256 = store.blobs.put(wacz) if wacz is not None else None
    written = store.blobs.put(to_json(record, indent=2).encode()) if record is not None else None
    at, listing = clock.now(), subject.listing
    with store.transaction():
        number = store.archives.keep(
            subject.row, sweep_id=subject.sweep_id, at=at, url=listing.url, outcome=outcome, reason=reason, wacz=sha256,
            record=written,
        )  # fmt: skip
        detail = {"listing": listing.key, "url": listing.url, "wacz": sha256, "record": written, "reason": reason}
        store.audit.append(
            at=at, actor=actor(), action=f"capture.{outcome}", subject=f"archive/{number}", detail=detail
        )
        return store.archives.one(number)


def subjects(store: Store, targets: Sequence[str]) -> tuple[list[Subject], list[str]]:
    """What is to be captured: flags by their numbers, listings by their addresses; and the addresses that nobody has seen.

    Raises ``UnknownName`` for a flag that is not there.
    """
    found, unseen = [], []
    for target in targets:
        if target.isdecimal():
            stored = store.flags.one(int(target))
            found.append(Subject(stored.listing_row, stored.listing))
        elif rows := store.listings.rows_at(target):
            found += [Subject(row, store.listings.one(row)) for row in rows]
        else:
            unseen.append(target)
    return list({subject.row: subject for subject in found}.values()), unseen


def capture(
    configuration: Configuration, store: Store, wanted: Sequence[Subject],
    taken: Callable[[Subject, Archive], None] = lambda subject, archive: None,
) -> list[Archive]:  # fmt: skip
    """Capture listings now, one after the other, and have them timestamped; a failed one is tried once more at the end."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="store") as worker:
        return asyncio.run(_captured(configuration, store, wanted, taken, worker))


async def _captured(
    configuration: Configuration, store: Store, wanted: Sequence[Subject],
    taken: Callable[[Subject, Archive], None], worker: ThreadPoolExecutor,
) -> list[Archive]:  # fmt: skip
    photographers: dict[str, Photographer] = {}
    done: dict[int, Archive] = {}
    try:
        for subject in (*wanted, *wanted):
            if subject.row in done and done[subject.row].outcome is Outcome.KEPT:
                continue
            name = subject.listing.marketplace
            if name not in photographers:
                place = load_marketplace(
                    find_marketplace(name, configuration.marketplace_folders), configuration.marketplace(name)
                )
                photographers[name] = Photographer(configuration, place, store, worker)
            try:
                done[subject.row] = await photographers[name].capture(subject)
            except NotNow as refusal:
                raise StoreLocked(str(refusal), hint="Capture again later; what was captured so far is kept.") from None
            taken(subject, done[subject.row])
    finally:
        for photographer in photographers.values():
            await photographer.close()
    return [done[subject.row] for subject in wanted]
