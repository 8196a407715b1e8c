"""Captures in the store: what is due, what is listed, and what is timestamped."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from store_samples import NOON, a_flag, a_listing, a_look

from operations import clock
from operations.keeping import keep_listing
from storage.check import check
from storage.store import Store
from touchstone.archive import Outcome
from touchstone.catalog import Catalog, Right
from touchstone.verdicts import Decision, Judgement


def flagged(store: Store, sweep_id: int, name: str, probability: float) -> int:
    """A flagged listing; returns its row."""
    keep_listing(store, sweep_id, a_look(a_listing(name), a_flag(probability=probability)), None)
    return store.listings.rows_at(f"https://namu.example/item/{name}")[0]


def captured(store: Store, sweep_id: int, row: int, outcome: Outcome, *, minutes: float) -> int:
    """A capture so long after now; returns its number."""
    with store.transaction():
        return store.archives.keep(
            row, sweep_id=sweep_id, at=clock.now() + timedelta(minutes=minutes), url="https://namu.example", outcome=outcome,
            reason="", wacz="1" * 64, record="2" * 64,
        )  # fmt: skip


def test_what_is_due(store: Store, sweep_id: int) -> None:
    """Flagged listings of the sweep, the likeliest first, until a capture shows them that is newer than their newest flag."""
    low, high = flagged(store, sweep_id, "L1", 0.6), flagged(store, sweep_id, "L2", 0.9)

    def due(least: float = 0.0) -> list[int]:
        return [row for row, _ in store.archives.due(sweep_id, least)]

    assert due() == [high, low]
    assert due(0.8) == [high]
    assert [row for row, _ in store.archives.due(sweep_id + 1, 0.0)] == []
    captured(store, sweep_id, high, Outcome.FAILED, minutes=1)
    assert due() == [high, low]
    captured(store, sweep_id, high, Outcome.KEPT, minutes=-60)
    assert due() == [high, low], "older than the flag"
    captured(store, sweep_id, high, Outcome.KEPT, minutes=1)
    assert due() == [low]
    with store.transaction():
        (flag,) = [one for one in store.flags.ranked() if one.listing_row == low]
        store.flags.judge(Judgement(flag_id=flag.id, decision=Decision.DISMISS, actor="kim", at=NOON))
    assert due() == [], "a dismissed flag is nobody's evidence"


def test_lists_and_timestamps(store: Store, sweep_id: int) -> None:
    """A capture is on one list; a list waits until it is timestamped; what a row names must be on disk."""
    row = flagged(store, sweep_id, "L1", 0.9)
    one, two = (captured(store, sweep_id, row, Outcome.KEPT, minutes=n) for n in (1, 2))
    assert [archive.id for archive in store.archives.unlisted()] == [one, two]
    with store.transaction():
        listed = store.archives.list_digests([one, two], "3" * 64, NOON)
    assert store.archives.unlisted() == []
    assert [waiting.id for waiting in store.archives.unstamped()] == [listed]
    found = store.archives.list_of(two)
    assert found is not None
    assert (found.id, found.token) == (listed, None)
    with store.transaction():
        store.archives.stamp(listed, at=NOON, token="4" * 64, authority="https://tsa.example", time=NOON)
    assert store.archives.unstamped() == []
    stamped = store.archives.list_of(one)
    assert stamped is not None
    assert (stamped.token, stamped.time) == ("4" * 64, NOON)
    assert store.archives.count(sweep_id, Outcome.KEPT) == 2
    named = "\n".join(check(store).faults)
    for owner in ("capture 1", "list of digests 1", "timestamp of list 1"):
        assert f"({owner}) is not on disk" in named


def test_rights_read_back(store: Store, sweep_id: int) -> None:
    """A registered right is kept with its brand, and replaced by one of the same number."""
    right = Right(brand="velhanne", number="40-1", office="KIPO", owner="Velhanne AS", classes=("18",))
    for owner in ("somebody", "Velhanne AS"):
        with store.transaction():
            store.catalog.upsert(Catalog(rights=(msgspec.structs.replace(right, owner=owner),)))
    assert store.catalog.load().rights == (right,)
    assert store.catalog.load().only("hanok").rights == ()
