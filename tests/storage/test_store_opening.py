"""Opening the store: new, again, at once, locked, broken, full and read-only."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from store_samples import ENVIRONMENT, SCRIPT, a_capture, a_flag, a_listing, a_look, prepare, taken_back

import storage.store
from operations.keeping import keep_listing
from storage.check import check
from storage.migrations import migrations
from storage.store import DATABASE, Store
from touchstone.errors import StoreError, StoreLocked, UserError

FULL_HINT = "Free some space and run the command again: what was acknowledged is stored."
Locked = Callable[[Path], contextlib.AbstractContextManager[None]]


def fill(folder: Path, *, leave_kilobytes: int = 0) -> Path:
    """Fill a file system up to a rest; returns the file to delete for space."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    os.truncate(filler, filler.stat().st_size - 1024 * leave_kilobytes)
    return filler


def keep_many(store: Store, sweep_id: int, sha256: str, kept: list[str]) -> None:
    """Keep flagged listings one after another, and note the name of each that was kept."""
    for number in range(5_000):
        name = f"L{number}"
        keep_listing(store, sweep_id, a_look(a_listing(name), a_flag()), a_capture(sha256))
        kept.append(name)


def test_a_new_store_has_strict_tables(store: Store) -> None:
    """Every table of ours is STRICT: SQLite refuses a value of another type."""
    tables = store.db.conn.execute(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    )
    ours = {name: strict for name, strict in tables if not name.startswith(("sqlite_", "_sqlite_"))}
    assert {"brands", "listings", "observations", "flags", "judgements", "captures", "audit"} <= set(ours)
    assert set(ours.values()) == {1}


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 1)], ids=["durable-FULL", "crawling-NORMAL"])
def test_pragmas_hold_on_each_connection(tmp_path: Path, durable: bool, synchronous: int) -> None:
    """WAL, foreign keys and recursive triggers are on; ``durable`` asks for synchronous=FULL."""
    for _ in ("new", "again"):
        with Store.open(tmp_path, durable=durable) as store:
            pragma = {
                name: store.db.conn.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "foreign_keys", "recursive_triggers", "synchronous")
            }
        assert pragma == {
            "journal_mode": "wal", "foreign_keys": 1, "recursive_triggers": 1, "synchronous": synchronous,
        }  # fmt: skip


def test_opening_again_applies_nothing(tmp_path: Path) -> None:
    """A store that is up to date is opened without a single change."""
    with Store.open(tmp_path) as first:
        applied = migrations.applied(first.db)
        (version,) = first.db.conn.execute("PRAGMA schema_version").fetchone()
    with Store.open(tmp_path) as second:
        assert second.db.conn.total_changes == 0
        assert migrations.applied(second.db) == applied
        assert not migrations.pending(second.db)
        assert second.db.conn.execute("PRAGMA schema_version").fetchone() == (version,)


def test_a_new_store_passes_its_check(store: Store) -> None:
    """An empty store is sound."""
    report = check(store)
    assert (report.faults, report.notes, set(report.counts.values())) == ((), (), {0})


def test_many_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    """Whoever comes first makes the tables, and all the others find them."""
    rounds, processes = 40, 3
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "open-together", str(tmp_path), str(rounds), str(processes)],
        capture_output=True, text=True, check=True, timeout=60, env=ENVIRONMENT,
    )  # fmt: skip
    assert Counter(done.stdout.splitlines()) == {"opened": rounds * processes}
    for number in range(rounds):
        with Store.open(tmp_path / str(number), create=False) as store:
            assert check(store).faults == ()


def test_without_a_store_and_without_leave_to_create_one(tmp_path: Path) -> None:
    """``create=False`` says that there is none, how to get one, exits with 2 and leaves nothing behind."""
    with pytest.raises(UserError, match="there is no store in") as caught:
        Store.open(tmp_path / "nowhere", create=False)
    assert caught.value.exit_code == 2
    assert "touchstone catalog import" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "body", [b"this is a letter, not a database\n" * 300, bytes(range(256)) * 16], ids=["text", "binary"]
)
def test_a_file_that_is_no_database(tmp_path: Path, body: bytes) -> None:
    """A file of the right name and the wrong content is named, left as it is, and a backup is advised."""
    (tmp_path / DATABASE).write_bytes(body)
    with pytest.raises(StoreError, match="is not a sound store") as caught:
        Store.open(tmp_path)
    assert str(tmp_path / DATABASE) in caught.value.message
    assert caught.value.hint == "Restore it from a backup."
    assert (tmp_path / DATABASE).read_bytes() == body


def test_a_folder_where_the_database_should_be(tmp_path: Path) -> None:
    """What cannot be opened at all is a StoreError with a hint, no bare SQLite error."""
    (tmp_path / DATABASE).mkdir()
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path)
    assert str(tmp_path / DATABASE) in caught.value.message
    assert caught.value.hint


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    """A store cannot be made inside a file; the message says which."""
    (tmp_path / "store").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        Store.open(tmp_path / "store")
    assert str(tmp_path / "store") in caught.value.message
    assert caught.value.hint


def test_writing_to_a_store_that_another_process_keeps_locked(
    tmp_path: Path, locked: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write waits as long as it is told, then says who is in the way, exits with 75, and works once the lock is gone."""
    monkeypatch.setattr(storage.store, "LOCK_WAIT_SECONDS", 0.2)
    with Store.open(tmp_path) as store:
        with locked(tmp_path):
            started = time.monotonic()
            with pytest.raises(StoreLocked, match="locked by another process") as caught, store.transaction():
                pytest.fail("the lock was taken twice")
            assert 0.1 < time.monotonic() - started < 5
        assert caught.value.exit_code == 75
        assert "try again" in caught.value.hint
        assert prepare(store) == 1


def test_a_store_that_is_up_to_date_opens_while_another_process_writes(
    tmp_path: Path, locked: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading needs no lock: a sweep under way does not keep an analyst from the queue."""
    monkeypatch.setattr(storage.store, "LOCK_WAIT_SECONDS", 0.2)
    Store.open(tmp_path).close()
    with locked(tmp_path), Store.open(tmp_path) as store:
        assert list(store.flags.ranked()) == []


def test_making_a_store_where_another_process_holds_the_file(
    tmp_path: Path, locked: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that cannot be made because its file is held is locked, not broken."""
    monkeypatch.setattr(storage.store, "LOCK_WAIT_SECONDS", 0.2)
    with locked(tmp_path), pytest.raises(StoreLocked) as caught:
        Store.open(tmp_path)
    assert caught.value.exit_code == 75
    Store.open(tmp_path).close()


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    """What a block wrote before it raised is not there, and the store can be written to again."""
    with taken_back(store) as db:
        db.conn.execute("INSERT INTO marketplaces VALUES ('a', 'A', 'https://a.example')")
        assert db.conn.execute("SELECT count(*) FROM marketplaces").fetchone() == (1,)
    assert store.db.conn.execute("SELECT count(*) FROM marketplaces").fetchone() == (0,)
    assert prepare(store) == 1


def test_sqlites_refusals_name_the_file(store: Store) -> None:
    """A broken constraint comes out as a StoreError that names the file and the next step."""
    with pytest.raises(StoreError, match="FOREIGN KEY constraint failed") as caught, store.transaction() as db:
        db.conn.execute("INSERT INTO authorized_sellers VALUES ('nobody', 'namu', 's1', NULL, '', NULL)")
    assert str(store.folder / DATABASE) in caught.value.message
    assert caught.value.hint == "Run: touchstone store check"


def test_a_full_disk_refuses_a_blob_and_keeps_the_store_sound(small_disk: Path) -> None:
    """A blob that does not fit says so, leaves no piece of itself, and everything before it is still there."""
    with Store.open(small_disk / "store") as store:
        kept = store.blobs.put(b"kept")
        with pytest.raises(StoreError, match="is full") as caught:
            store.blobs.put(b"x" * 2_000_000)
        assert caught.value.hint == FULL_HINT
        assert list(store.blobs.partials()) == []
        assert store.blobs.get(kept) == b"kept"
        assert check(store).faults == ()
        assert store.blobs.get(store.blobs.put(b"fits again")) == b"fits again"


@pytest.mark.parametrize("durable", [True, False], ids=["durable", "crawling"])
def test_a_full_disk_refuses_a_listing_and_loses_none_that_was_kept(small_disk: Path, durable: bool) -> None:
    """Writing until nothing fits: the last one is refused with a hint, all before it stand, and space mends it."""
    with Store.open(small_disk / "store", durable=durable) as store:
        sweep_id = prepare(store)
        sha256 = store.blobs.put(b"page")
        filler = fill(small_disk, leave_kilobytes=128)
        kept: list[str] = []
        with pytest.raises(StoreError, match="is full") as caught:
            keep_many(store, sweep_id, sha256, kept)
        assert caught.value.hint == FULL_HINT
        assert kept
        filler.unlink()
        assert [listing.listing_id for _, listing in store.listings.all()] == kept
        assert check(store).faults == ()
        keep_listing(store, sweep_id, a_look(a_listing("afterwards"), a_flag()), a_capture(sha256))
    with Store.open(small_disk / "store", create=False) as store:
        assert [listing.listing_id for _, listing in store.listings.all()] == [*kept, "afterwards"]
        assert check(store).faults == ()


@pytest.mark.parametrize("kilobytes", [0, 4, 16, 40, 64, 128])
def test_a_store_cannot_be_made_on_a_full_disk(small_disk: Path, kilobytes: int) -> None:
    """However little space is left, opening says that the disk is full, and works once there is space."""
    filler = fill(small_disk, leave_kilobytes=kilobytes)
    with pytest.raises(StoreError) as caught:
        Store.open(small_disk / "store")
    filler.unlink()
    with Store.open(small_disk / "store") as store:
        assert check(store).faults == ()
    assert "is full" in caught.value.message
    assert caught.value.hint == FULL_HINT


@pytest.mark.parametrize("existing", [True, False], ids=["existing-store", "new-store"])
def test_a_read_only_file_system(small_disk: Path, existing: bool) -> None:
    """A disk that is mounted read-only is a StoreError with a hint for the store and for blobs."""
    if existing:
        Store.open(small_disk / "store").close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    try:
        with pytest.raises(StoreError) as caught:
            prepare(Store.open(small_disk / "store"))
        assert str(small_disk / "store") in caught.value.message
        assert caught.value.hint
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    with Store.open(small_disk / "store") as store:
        assert check(store).faults == ()


def test_a_folder_without_the_right_to_write(without_rights: Path) -> None:
    """Who may not write there is told to look at the folder's owner and rights."""
    with pytest.raises(StoreError, match="cannot be written") as caught:
        Store.open(without_rights / "store")
    assert caught.value.hint == "Check the folder's owner and rights."


def test_a_disk_error_is_a_store_error_by_its_number() -> None:
    """A used-up quota is a full disk too."""
    full = storage.store.disk_error(OSError(errno.EDQUOT, "Disk quota exceeded"), Path("there"))
    assert "the disk of there is full" in full.message
    assert full.hint == FULL_HINT


def test_a_foreign_database_is_never_turned_into_a_store_by_halves(tmp_path: Path) -> None:
    """A database whose tables collide with ours is refused, and nothing of ours is left in it."""
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE)) as other:
        other.execute("CREATE TABLE listings (mine TEXT)")
        other.commit()
    with pytest.raises(StoreError, match="listings already exists"):
        Store.open(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("listings",)]
