"""What was seen, decided, kept and logged is added to and never changed."""

from __future__ import annotations

import pytest
from store_samples import NOON, a_capture, a_flag, a_listing, a_look

from operations.judge import judge
from operations.keeping import keep_listing
from storage.migrations import INSERT_ONLY
from storage.store import Store
from touchstone.archive import Outcome
from touchstone.configuration import ScheduledSweep
from touchstone.errors import StoreError
from touchstone.schedules import Occurrence, ScheduleSource
from touchstone.standing import Change, StandingEvent
from touchstone.verdicts import Decision

STATEMENTS = {
    "observations": (
        "UPDATE observations SET price_minor = 1",
        "INSERT OR REPLACE INTO observations (id, listing, sweep, at, title, availability) VALUES (1, 1, 1, '', '', '')",
    ),
    "judgements": (
        "UPDATE judgements SET decision = 'dismiss'",
        "INSERT OR REPLACE INTO judgements VALUES (1, 1, 'dismiss', 'lee', '', '')",
    ),
    "captures": (
        "UPDATE captures SET sha256 = ''",
        "INSERT OR REPLACE INTO captures VALUES (1, 1, 1, '', 'page', '', '', 0)",
    ),
    "weightings": (
        "UPDATE weightings SET record = '{}'",
        "INSERT OR REPLACE INTO weightings VALUES (1, '', 'kim', '', NULL)",
    ),
    "archives": (
        "UPDATE archives SET outcome = 'kept'",
        "INSERT OR REPLACE INTO archives VALUES (1, 1, NULL, '', '', 'kept', '', NULL, NULL)",
    ),
    "digest_lists": (
        "UPDATE digest_lists SET sha256 = ''",
        "INSERT OR REPLACE INTO digest_lists VALUES (1, '', '')",
    ),
    "listed_archives": (
        "UPDATE listed_archives SET list = 2",
        "INSERT OR REPLACE INTO listed_archives VALUES (1, 1)",
    ),
    "timestamps": (
        "UPDATE timestamps SET time = ''",
        "INSERT OR REPLACE INTO timestamps VALUES (1, '', '', '', '')",
    ),
    "occurrences": (
        "UPDATE occurrences SET skipped = 'no'",
        "INSERT OR REPLACE INTO occurrences VALUES (1, '2026-03-01T12:00:00+00:00', '', NULL, 0, '')",
    ),
    "standing_events": (
        "UPDATE standing_events SET change = 'removed'",
        "INSERT OR REPLACE INTO standing_events VALUES (1, 1, 1, '', 'removed', '')",
    ),
    "audit": (
        "UPDATE audit SET actor = 'nobody' WHERE seq = 1",
        "INSERT OR REPLACE INTO audit VALUES (1, '', '', '', '', '', '', '')",
    ),
}


@pytest.fixture
def full(store: Store, sweep_id: int) -> Store:
    """A store with at least one row in each table that is only ever added to."""
    raised = keep_listing(store, sweep_id, a_look(a_listing(), a_flag()), a_capture("0" * 64))
    judge(store, raised[0][0], Decision.CONFIRM, actor="kim")
    with store.transaction():
        store.weightings.add(None, at=NOON, actor="kim", note="as shipped")
        archive = store.archives.keep(
            1, sweep_id=sweep_id, at=NOON, url="https://namu.example/item/L1", outcome=Outcome.KEPT, reason="",
            wacz="1" * 64, record="2" * 64,
        )  # fmt: skip
        listed = store.archives.list_digests([archive], "3" * 64, NOON)
        store.archives.stamp(listed, at=NOON, token="4" * 64, authority="https://tsa.example", time=NOON)
        clock = ScheduledSweep(brand="velhanne", marketplace="namu", every="6h")
        number = store.schedules.put(clock, ScheduleSource.STORE, anchor=NOON, next_at=NOON)
        store.schedules.strike(Occurrence(schedule=number, due_at=NOON, at=NOON, skipped="a holiday"), NOON)
        store.standings.note(StandingEvent(listing_row=1, sweep=sweep_id, at=NOON, change=Change.REMOVED))
    return store


def test_each_insert_only_table_is_tried_here() -> None:
    """The tests below cover every table that the migrations protect."""
    assert set(STATEMENTS) == set(INSERT_ONLY)
    assert {"observations", "judgements", "captures", "audit", "weightings", "archives", "timestamps"} <= set(
        STATEMENTS
    )


@pytest.mark.parametrize("verb", ["update", "delete", "replace", "delete-all"])
@pytest.mark.parametrize("table", sorted(STATEMENTS))
def test_rows_are_neither_changed_nor_removed(full: Store, table: str, verb: str) -> None:
    """UPDATE, DELETE and INSERT OR REPLACE are refused in words, and the rows are as they were."""
    update, replace = STATEMENTS[table]
    statement = {
        "update": update,
        "replace": replace,
        "delete": f"DELETE FROM {table} WHERE rowid = 1",
        "delete-all": f"DELETE FROM {table}",
    }[verb]
    before = full.db.conn.execute(f"SELECT * FROM {table}").fetchall()
    assert before
    with pytest.raises(StoreError, match=f"{table} is insert-only"), full.transaction() as db:
        db.conn.execute(statement)
    assert full.db.conn.execute(f"SELECT * FROM {table}").fetchall() == before


def test_they_are_protected_on_a_connection_of_another_life(full: Store) -> None:
    """INSERT OR REPLACE does not slip past the triggers after the store was opened again."""
    with Store.open(full.folder, durable=False, create=False) as again:
        with pytest.raises(StoreError, match="audit is insert-only"), again.transaction() as db:
            db.conn.execute(STATEMENTS["audit"][1])
        assert list(again.audit.faults()) == []


def test_adding_goes_on(full: Store) -> None:
    """What is refused is change, not growth."""
    with full.transaction():
        full.audit.append(at=NOON, actor="kim", action="note", subject="store")
    assert [entry.action for entry in full.audit.entries()] == ["flag.raise", "flag.confirm", "note"]
