"""What expires, what never does, and that nothing else can be deleted."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from store_samples import BRAND, NOON, a_capture, a_flag, a_listing, a_look, taken_back

from operations import clock
from operations.judge import judge
from operations.keeping import keep_listing
from operations.retention import vacuum, vacuum_if_due
from storage.check import check
from storage.retention import Expired
from storage.store import Store
from touchstone.archive import Outcome as Captured
from touchstone.catalog import BrandReference, Catalog, ReferenceImage
from touchstone.configuration import Configuration, RetentionSettings, Settings
from touchstone.frontier import Outcome, PageKind, Visit
from touchstone.images import ListingImage
from touchstone.listing import PageStatus
from touchstone.sweeps import SweepReport, SweepRequest, SweepStatus
from touchstone.verdicts import Decision

DAY = timedelta(days=1)
MUCH_LATER = NOON + 5000 * DAY
STANDINGS = ("plain", "open", "confirmed", "unsure", "dismissed", "withdrawn", "archived")
TABLES = (
    "captures",
    "observations",
    "images",
    "image_urls",
    "frontier",
    "listings",
    "flags",
    "audit",
    "archives",
    "expiring",
)


@pytest.fixture
def today() -> Iterator[Callable[[datetime], None]]:
    """Sets the date that things expire by."""
    yield lambda moment: clock.use(lambda: moment, 1.0)
    clock.use(lambda: datetime.now(UTC), 1.0)


def configured(store: Store, **days: int) -> Configuration:
    return Configuration(
        folder=store.folder.parent, settings=Settings(store=store.folder.name, retention=RetentionSettings(**days))
    )


def photo_of(name: str) -> bytes:
    return f"photo of {name}".encode()


def keep_photo(store: Store, name: str) -> str:
    """A photo that some address gave at noon."""
    sha256 = store.blobs.put(photo_of(name))
    with store.transaction():
        store.images.keep(sha256, size=9, fingerprint=None, unreadable=None, at=NOON)
        store.images.seen_at(f"https://namu.example/{name}.jpg", sha256, NOON)
    return sha256


def see(
    store: Store, sweep_id: int, name: str, *, minutes: int = 0, page: bytes | None = None, flagged: bool = True
) -> int:
    """A look at a listing that shows one photo; returns its row."""
    image = ListingImage(url=f"https://namu.example/{name}.jpg", sha256=keep_photo(store, name))
    seen = msgspec.structs.replace(a_listing(name, minutes=minutes), images=(image,))
    flags = (a_flag(),) if flagged else ()
    keep_listing(store, sweep_id, a_look(seen, *flags), a_capture(store.blobs.put(page)) if page else None)
    (row,) = store.listings.rows_at(seen.url)
    return row


@pytest.fixture
def full(store: Store, sweep_id: int) -> Store:
    """A listing of each standing, seen twice, with a page and a photo; evidence; a reference photo; an ended sweep."""
    for name in STANDINGS:
        flagged = name not in ("plain", "archived")
        see(store, sweep_id, name, flagged=flagged)
        see(store, sweep_id, name, minutes=1, page=name.encode(), flagged=flagged and name != "withdrawn")
    decisions = {"confirmed": Decision.CONFIRM, "unsure": Decision.UNSURE, "dismissed": Decision.DISMISS}
    for one in list(store.flags.ranked(status=None)):
        if one.listing.listing_id in decisions:
            judge(store, one.id, decisions[one.listing.listing_id], actor="kim")
    wacz, record, digests, token, reference = (
        store.blobs.put(b) for b in (b"wacz", b"record", b"digests", b"token", b"own")
    )
    (row,) = store.listings.rows_at(a_listing("archived").url)
    with store.transaction():
        archive = store.archives.keep(
            row, sweep_id=sweep_id, at=NOON, url="https://namu.example/item/archived", outcome=Captured.KEPT, reason="",
            wacz=wacz, record=record,
        )  # fmt: skip
        number = store.archives.list_digests([archive], digests, NOON)
        store.archives.stamp(number, at=NOON, token=token, authority="TSA", time=NOON)
        store.images.keep(reference, size=3, fingerprint=None, unreadable=None, at=NOON)
        images = (ReferenceImage(sha256=reference, source="front.jpg"),)
        store.catalog.upsert(
            Catalog(references=(BrandReference(brand=BRAND, sku="VT-1", title="Tote", images=images),))
        )
        store.frontier.add(sweep_id, [Visit(kind=PageKind.LISTING, url=f"https://namu.example/item/{n}") for n in "12"])
        for visit in store.frontier.lease(sweep_id, 2).visits:
            store.frontier.settle(visit, Outcome(status=PageStatus.LISTING, http=200))
        store.sweeps.close(sweep_id, SweepReport(status=SweepStatus.COMPLETE), NOON)
        going_on = store.sweeps.open(SweepRequest(marketplace="namu"), NOON)
        store.frontier.add(going_on, [Visit(kind=PageKind.LISTING, url="https://namu.example/item/1")])
    keep_photo(store, "nobody's")
    age(store)
    return store


def age(store: Store, seconds: float = 2 * 86400) -> None:
    """Have every file of the store be older."""
    for path in store.blobs.folder.glob("??/*"):
        os.utime(path, (time.time() - seconds, time.time() - seconds))


def rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    return {table: list(store.db.conn.execute(f"SELECT * FROM {table}")) for table in TABLES}


def pages_of(store: Store) -> set[str]:
    """The listings of which a page is kept."""
    sql = "SELECT listing_id FROM captures JOIN listings ON listings.id = listing"
    return {name for (name,) in store.db.conn.execute(sql)}


def observed(store: Store) -> dict[str, int]:
    """How many observations there are of each listing."""
    sql = "SELECT listing_id, count(*) FROM observations JOIN listings ON listings.id = listing GROUP BY 1"
    return dict(store.db.conn.execute(sql))


def photos(store: Store) -> set[str]:
    """Whose photos are kept."""
    return {name for name in (*STANDINGS, "nobody's") if store.images.at(f"https://namu.example/{name}.jpg")}


EXPIRED = {"pages": 3, "observations": 1, "photos": 2, "visits": 2, "blobs": 5}


def test_what_is_no_evidence_expires(full: Store, today: Callable[[datetime], None]) -> None:
    """Pages of what nobody suspects, all but the newest observation of it, its photos, and the visits of ended sweeps."""
    today(MUCH_LATER)
    expired = vacuum(configured(full), full)
    found = {name: getattr(expired, name) for name in EXPIRED}
    assert found == EXPIRED
    assert pages_of(full) == {"open", "confirmed", "unsure", "archived"}
    assert observed(full) == dict.fromkeys(STANDINGS, 2) | {"plain": 1}
    assert photos(full) == set(STANDINGS) - {"plain"}
    assert [visits for (visits,) in full.db.conn.execute("SELECT count(*) FROM frontier")] == [1]
    assert check(full).faults == ()


def test_evidence_and_the_log_never_expire(full: Store, today: Callable[[datetime], None]) -> None:
    """Archives, timestamps, reference photos, flags, decisions and the log are as they were, and the bytes are there."""
    tables = (
        "archives",
        "digest_lists",
        "listed_archives",
        "timestamps",
        "reference_images",
        "flags",
        "judgements",
        "listings",
    )
    before = [list(full.db.conn.execute(f"SELECT * FROM {table}")) for table in tables]
    log = list(full.audit.entries())
    today(MUCH_LATER)
    vacuum(configured(full), full)
    assert [list(full.db.conn.execute(f"SELECT * FROM {table}")) for table in tables] == before
    assert list(full.audit.entries())[: len(log)] == log
    bodies = {full.blobs.get(name) for name in full.blobs.names()}
    assert {b"wacz", b"record", b"digests", b"token", b"own", b"open", b"confirmed", b"unsure", b"archived"} <= bodies
    assert {b"plain", b"dismissed", b"withdrawn", photo_of("plain"), photo_of("nobody's")}.isdisjoint(bodies)


def test_the_newest_observation_stays(full: Store, today: Callable[[datetime], None]) -> None:
    """Of a listing that nobody suspects, what was seen last is kept for good."""
    (row,) = full.listings.rows_at(a_listing("plain").url)
    newest = full.listings.prices(row)[-1]
    today(MUCH_LATER)
    vacuum(configured(full), full)
    assert full.listings.prices(row) == [newest]


def test_a_dry_run_counts_the_same_and_changes_nothing(full: Store, today: Callable[[datetime], None]) -> None:
    """What would go is counted row by row and byte by byte, and every row and file is still there."""
    today(MUCH_LATER)
    before, files = rows(full), sorted(full.blobs.names())
    counted = vacuum(configured(full), full, dry_run=True)
    assert (rows(full), sorted(full.blobs.names())) == (before, files)
    assert counted.bytes > 0
    assert counted == vacuum(configured(full), full)
    assert vacuum(configured(full), full) == Expired()


@pytest.mark.parametrize(
    ("kind", "days"), [("pages", 180), ("observations", 730), ("photos", 365), ("visits", 30)], ids=lambda v: str(v)
)
def test_each_kind_has_its_age(full: Store, today: Callable[[datetime], None], kind: str, days: int) -> None:
    """Nothing goes before its time has come, and each kind goes by its own."""
    others = dict.fromkeys(("pages", "observations", "photos", "visits"), 0) | {kind: days}
    today(NOON + days * DAY - DAY)
    assert vacuum(configured(full, **others), full) == Expired()
    today(NOON + days * DAY + DAY)
    expired = vacuum(configured(full, **others), full)
    assert {name: getattr(expired, name) for name in others} == dict.fromkeys(others, 0) | {kind: EXPIRED[kind]}


def test_zero_keeps_for_good(full: Store, today: Callable[[datetime], None]) -> None:
    """Whoever sets 0 loses nothing, and the log has nothing to tell."""
    today(MUCH_LATER)
    before = rows(full)
    assert vacuum(configured(full, pages=0, observations=0, photos=0, visits=0), full) == Expired()
    assert rows(full) == before


def test_the_log_tells_what_went(full: Store, today: Callable[[datetime], None]) -> None:
    """Rows that were deleted are counted in the audit log, with the ages that they had reached."""
    today(MUCH_LATER)
    vacuum(configured(full), full)
    entry = full.audit.head()
    assert entry is not None
    assert (entry.action, entry.subject) == ("store.vacuum", "store")
    told = msgspec.json.decode(entry.detail)
    assert {name: told["rows"][name] for name in ("pages", "observations", "photos", "visits")} == {
        name: count for name, count in EXPIRED.items() if name != "blobs"
    }
    assert datetime.fromisoformat(told["before"]["pages"]) == MUCH_LATER - 180 * DAY
    vacuum(configured(full), full)
    assert full.audit.head() == entry


@pytest.mark.parametrize("table", ["observations", "captures"])
def test_a_plain_delete_is_refused(full: Store, today: Callable[[datetime], None], table: str) -> None:
    """Before and after rows have expired, no other delete gets through, however old the rows are."""
    today(MUCH_LATER)
    for _ in range(2):
        with pytest.raises(sqlite3.IntegrityError, match="is insert-only"):
            full.db.conn.execute(f"DELETE FROM {table}")
        full.db.conn.rollback()
        vacuum(configured(full), full)
    assert list(full.db.conn.execute("SELECT * FROM expiring")) == []


@pytest.mark.parametrize("table", ["observations", "captures"])
def test_what_has_not_reached_its_age_cannot_be_deleted(full: Store, table: str) -> None:
    """Even while something of a table expires, its younger rows are safe."""
    with taken_back(full) as db:
        db.conn.execute("INSERT INTO expiring VALUES (?, ?)", [table, NOON.isoformat()])
        with pytest.raises(sqlite3.IntegrityError, match="is insert-only"):
            db.conn.execute(f"DELETE FROM {table}")


def test_bytes_that_somebody_else_needs_stay(store: Store, sweep_id: int, today: Callable[[datetime], None]) -> None:
    """The page of an expired row that another row names as well keeps its bytes."""
    see(store, sweep_id, "plain", page=b"the same", flagged=False)
    see(store, sweep_id, "open", page=b"the same")
    age(store)
    today(MUCH_LATER)
    assert vacuum(configured(store), store).pages == 1
    assert check(store).faults == ()


def test_a_photo_of_a_listing_that_is_still_seen_stays(
    store: Store, sweep_id: int, today: Callable[[datetime], None]
) -> None:
    """However old a photo is, it is needed as long as a listing that was seen lately shows it."""
    see(store, sweep_id, "plain", flagged=False)
    see(store, sweep_id, "plain", minutes=400 * 24 * 60, flagged=False)
    age(store)
    today(NOON + 700 * DAY)
    assert vacuum(configured(store), store).photos == 0
    today(NOON + 800 * DAY)
    assert vacuum(configured(store), store).photos == 1


# Files that no row names


def test_young_orphans_stay(store: Store, today: Callable[[datetime], None]) -> None:
    """A blob whose row may be about to be written is left alone for a day; then it goes."""
    store.blobs.put(b"nobody's")
    age(store, 23 * 3600)
    assert vacuum(configured(store), store).blobs == 0
    age(store, 25 * 3600)
    expired = vacuum(configured(store), store)
    assert (expired.blobs, expired.bytes) == (1, len(b"nobody's"))
    assert list(store.blobs.names()) == []


def test_what_is_put_again_is_young_again(store: Store) -> None:
    """An old orphan that somebody puts once more is about to be named by a row: it stays."""
    sha256 = store.blobs.put(b"seen again")
    age(store)
    store.blobs.put(b"seen again")
    assert vacuum(configured(store), store) == Expired()
    assert store.blobs.get(sha256) == b"seen again"


def test_half_written_files_go_as_well(store: Store) -> None:
    """What a killed process left half-way is cleared away once it is old."""
    sha256 = store.blobs.put(b"whole")
    partial = store.blobs.path(sha256).with_name(f"{sha256}.0123.partial")
    partial.write_bytes(b"wh")
    assert vacuum(configured(store), store).blobs == 0
    age(store)
    assert vacuum(configured(store), store).blobs == 2
    assert not partial.exists()


def test_it_is_done_once_a_day(full: Store, today: Callable[[datetime], None], tmp_path: Path) -> None:
    """The scheduler asks often; a day must pass in between."""
    keep = configured(full, pages=0, observations=0, photos=0, visits=0)
    today(MUCH_LATER)
    vacuum_if_due(keep, full)
    vacuum_if_due(configured(full), full)
    assert pages_of(full) == set(STANDINGS)
    today(MUCH_LATER + DAY)
    vacuum_if_due(configured(full), full)
    assert pages_of(full) == {"open", "confirmed", "unsure", "archived"}
