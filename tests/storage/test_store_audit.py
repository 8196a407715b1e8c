"""The audit chain: anyone can recompute it, and every way of bending it shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import NOON, prepare, taken_back, tampered

from storage.audit import GENESIS, AuditEntry
from storage.check import check
from storage.store import Store
from touchstone.errors import StoreError

ROWS = 6


@pytest.fixture
def chained(store: Store) -> Store:
    """A store with six audit rows."""
    for number in range(1, ROWS + 1):
        with store.transaction():
            store.audit.append(
                at=NOON + timedelta(minutes=number), actor="kim", action="flag.confirm", subject=f"flag/{number}",
                detail={"note": f"가짜 {number}"},
            )  # fmt: skip
    return store


def rehashed(row: tuple[object, ...]) -> str:
    """The hash of a row with nothing but the standard library, as an outsider would compute it."""
    text = json.dumps(list(row[:7]), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def test_anyone_can_recompute_the_chain(chained: Store) -> None:
    """Each row's hash is the SHA-256 of its JSON, and names the row before it; the first names 64 zeros."""
    rows = chained.db.conn.execute(
        "SELECT seq, at, actor, action, subject, detail, previous, hash FROM audit ORDER BY seq"
    ).fetchall()
    assert [row[0] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row[6] for row in rows] == [GENESIS, *(row[7] for row in rows[:-1])]
    assert [row[7] for row in rows] == [rehashed(row) for row in rows]
    assert GENESIS == "0" * 64


def test_what_was_appended_is_what_is_read(store: Store) -> None:
    """``append`` returns the row that ``entries`` gives, detail and all."""
    with store.transaction():
        entry = store.audit.append(at=NOON, actor="kim", action="a", subject="s", detail={"b": 1, "a": "가"})
    assert list(store.audit.entries()) == [entry]
    assert entry == AuditEntry(
        seq=1, at="2026-03-01T12:00:00+00:00", actor="kim", action="a", subject="s", detail='{"a": "가", "b": 1}',
        previous=GENESIS, hash=entry.hash,
    )  # fmt: skip


def test_the_chain_holds_after_appends(chained: Store) -> None:
    """An untouched chain has no fault, in this life of the store and in the next."""
    assert check(chained).faults == ()
    with Store.open(chained.folder, create=False) as again:
        with again.transaction():
            again.audit.append(at=NOON, actor="lee", action="a", subject="s")
        assert check(again).faults == ()
        assert [entry.seq for entry in again.audit.entries()] == [1, 2, 3, 4, 5, 6, 7]


def test_a_rolled_back_row_leaves_no_gap(chained: Store) -> None:
    """A row whose transaction failed was never there, and its number is given again."""
    with taken_back(chained):
        chained.audit.append(at=NOON, actor="kim", action="a", subject="s")
        assert len(list(chained.audit.entries())) == ROWS + 1
    with chained.transaction():
        assert chained.audit.append(at=NOON, actor="kim", action="b", subject="s").seq == ROWS + 1
    assert check(chained).faults == ()


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "detail"])
@pytest.mark.parametrize("seq", [1, 3, 6], ids=["first", "middle", "last"])
def test_an_edited_row_is_found(chained: Store, column: str, seq: int) -> None:
    """Whichever column of whichever row was edited, the row is named."""
    tampered(chained, f"UPDATE audit SET {column} = 'edited' WHERE seq = {seq}")
    assert check(chained).faults == (f"audit row {seq} was changed after it was written",)


def test_an_edited_row_with_a_new_hash_is_found(chained: Store) -> None:
    """Who edits a row and recomputes its hash breaks the row after it."""
    row = list(chained.db.conn.execute("SELECT * FROM audit WHERE seq = 3").fetchone())
    row[2] = "somebody else"
    tampered(chained, f"UPDATE audit SET actor = 'somebody else', hash = '{rehashed(tuple(row))}' WHERE seq = 3")
    assert check(chained).faults == ("audit row 4 does not follow the row before it",)


@pytest.mark.parametrize(
    ("gone", "fault"),
    [
        ("seq = 3", "audit row 3 is missing: the next one is 4"),
        ("seq = 1", "audit row 1 is missing: the next one is 2"),
        ("seq IN (2, 3, 4)", "audit row 2 is missing: the next one is 5"),
    ],
    ids=["middle", "first", "several"],
)
def test_a_removed_row_is_found(chained: Store, gone: str, fault: str) -> None:
    """A hole in the chain is named by the number that is missing."""
    tampered(chained, f"DELETE FROM audit WHERE {gone}")
    assert fault in check(chained).faults


def test_a_removed_row_with_renumbered_followers_is_found(chained: Store) -> None:
    """Closing the gap changes every row that follows."""
    tampered(
        chained,
        "DELETE FROM audit WHERE seq = 3",
        *(f"UPDATE audit SET seq = {seq - 1} WHERE seq = {seq}" for seq in (4, 5, 6)),
    )
    faults = check(chained).faults
    assert "audit row 3 does not follow the row before it" in faults
    assert "audit row 3 was changed after it was written" in faults


@pytest.mark.parametrize(
    ("gone", "fault"),
    [
        ("seq > 4", "audit rows 5 to 6 were cut off the end"),
        ("seq > 5", "audit rows 6 to 6 were cut off the end"),
        ("1", "audit rows 1 to 6 were cut off the end"),
    ],
    ids=["two", "the-last", "all"],
)
def test_a_cut_tail_is_found(chained: Store, gone: str, fault: str) -> None:
    """Rows that are missing at the end are missed too."""
    tampered(chained, f"DELETE FROM audit WHERE {gone}")
    assert check(chained).faults == (fault,)


def test_a_tail_that_grew_again_after_a_cut_is_found_while_it_is_shorter(chained: Store) -> None:
    """Cutting the tail and logging on does not hide the cut as long as numbers are missing."""
    tampered(chained, "DELETE FROM audit WHERE seq > 3")
    with chained.transaction():
        chained.audit.append(at=NOON, actor="kim", action="a", subject="s")
    assert check(chained).faults == ("audit rows 5 to 6 were cut off the end",)


def test_reordered_rows_are_found(chained: Store) -> None:
    """Two rows that changed places are both named."""
    tampered(
        chained,
        "UPDATE audit SET seq = 99 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 99",
    )
    faults = "\n".join(check(chained).faults)
    for seq in (2, 4):
        assert f"audit row {seq} was changed after it was written" in faults
        assert f"audit row {seq} does not follow the row before it" in faults


def test_a_row_put_in_between_is_found(chained: Store) -> None:
    """A forged row at the end that does not know the chain is named."""
    tampered(chained, f"INSERT INTO audit VALUES (7, '', 'kim', 'a', 's', 'null', '{GENESIS}', 'f')")
    assert check(chained).faults == (
        "audit row 7 does not follow the row before it",
        "audit row 7 was changed after it was written",
    )


def log_and_authorize(store: Store) -> None:
    """Log that a seller of no known brand was authorized, and try to do it."""
    with store.transaction() as db:
        store.audit.append(at=NOON, actor="kim", action="seller.add", subject="nobody")
        db.conn.execute("INSERT INTO authorized_sellers VALUES ('nobody', 'namu', 's1', NULL, '', NULL)")


def test_a_failed_write_takes_its_audit_row_with_it(store: Store) -> None:
    """Nothing is logged that did not happen: the row belongs to the transaction of what it records."""
    prepare(store)
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        log_and_authorize(store)
    assert list(store.audit.entries()) == []


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples; each takes back what it wrote."""
    with Store.open(tmp_path_factory.mktemp("audit")) as store:
        yield store


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.text(), st.text(), st.text(), st.dictionaries(st.text(), st.text() | st.integers())), min_size=1
    )
)
def test_any_words_chain_up(lasting: Store, rows: list[tuple[str, str, str, dict[str, str | int]]]) -> None:
    """Whatever actors, subjects and details hold, the chain that is written is the chain that is verified."""
    with taken_back(lasting) as db:
        for actor, action, subject, detail in rows:
            lasting.audit.append(at=NOON, actor=actor, action=action, subject=subject, detail=detail)
        assert list(lasting.audit.faults()) == []
        stored = db.conn.execute("SELECT * FROM audit ORDER BY seq").fetchall()
        assert [row[7] for row in stored] == [rehashed(row) for row in stored]
