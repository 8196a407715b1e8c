"""``check`` finds each kind of damage and says in words where it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from store_samples import BRAND, NOON, a_capture, a_flag, a_listing, a_look, prepare, tampered

from operations.judge import judge
from operations.keeping import keep_listing
from storage.check import CheckReport, check, referenced_by
from storage.migrations import INSERT_ONLY
from storage.store import DATABASE, Store
from touchstone.catalog import BrandReference, Catalog, ReferenceImage
from touchstone.errors import StoreError
from touchstone.verdicts import Decision


@pytest.fixture
def full(store: Store, sweep_id: int) -> Store:
    """A store with a row in every table, and a blob of each kind."""
    page, photo, seen = (store.blobs.put(body) for body in (b"page", b"photo", b"seen"))
    with store.transaction():
        for sha256 in (photo, seen):
            store.images.keep(sha256, size=5, fingerprint=None, unreadable="too small", at=NOON)
        store.images.seen_at("https://namu.example/1.jpg", seen, NOON)
        reference = BrandReference(
            brand=BRAND, sku="VT-1", title="Tote", images=(ReferenceImage(sha256=photo, source="front.jpg"),)
        )
        store.catalog.upsert(Catalog(references=(reference,)))
    raised = keep_listing(store, sweep_id, a_look(a_listing(), a_flag()), a_capture(page))
    judge(store, raised[0][0], Decision.CONFIRM, actor="kim")
    return store


def blob_named(store: Store, owner: str) -> Path:
    """The file of the blob that ``referenced_by`` describes in these words."""
    (found,) = [name for name in store.blobs.names() if referenced_by(store, name) == owner]
    return store.blobs.path(found)


OWNERS = pytest.mark.parametrize(
    "owner",
    ["page of listing namu/L1", f"reference image of {BRAND}/VT-1", "image https://namu.example/1.jpg"],
    ids=["page", "reference-image", "listing-image"],
)


def test_a_sound_store_has_no_faults_and_is_counted(full: Store) -> None:
    """Nothing is wrong, nothing is left over, and each table's rows are counted."""
    assert check(full) == CheckReport(
        counts={
            "brands": 2, "brand_references": 1, "listings": 1, "observations": 1, "images": 2, "captures": 1,
            "archives": 0, "flags": 1, "judgements": 1, "audit": 2,
        },
        faults=(), notes=(),
    )  # fmt: skip


def test_progress_counts_the_blobs(full: Store) -> None:
    """``blob_read`` hears of every blob that was read."""
    heard: list[int] = []
    check(full, blob_read=heard.append)
    assert heard == [1, 2, 3]


@OWNERS
def test_a_changed_blob_is_named_with_its_owner(full: Store, owner: str) -> None:
    """Other bytes under a blob's name are a fault that says whose blob it is."""
    path = blob_named(full, owner)
    path.write_bytes(b"forged")
    assert check(full).faults == (f"blob {path.name} ({owner}) holds other bytes than were stored",)


@OWNERS
def test_a_missing_blob_is_named_with_its_owner(full: Store, owner: str) -> None:
    """A blob that a row names and the disk does not hold is a fault that says whose blob it is."""
    path = blob_named(full, owner)
    path.unlink()
    assert check(full).faults == (f"blob {path.name} ({owner}) is not on disk",)


def test_a_blob_that_cannot_be_read_is_a_fault(full: Store) -> None:
    """Something else in a blob's place is reported like other damage, and the rest is checked nevertheless."""
    path = blob_named(full, "page of listing namu/L1")
    path.unlink()
    path.mkdir()
    (fault,) = check(full).faults
    assert path.name in fault
    assert "page of listing namu/L1" in fault


def test_orphans_are_noted_and_no_fault(full: Store) -> None:
    """A blob whose row was never committed is harmless."""
    full.blobs.put(b"nobody's")
    report = check(full)
    assert report.faults == ()
    assert report.notes == ("1 blobs that no row names and 0 half-written ones, left by killed processes; harmless",)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE listings SET last_sweep = 99", "listings row 1 names a row of sweeps that is not there"),
        ("DELETE FROM listings", "observations row 1 names a row of listings that is not there"),
        ("UPDATE judgements SET flag = 99", "judgements row 1 names a row of flags that is not there"),
        ("DELETE FROM sellers", "listings row 1 names a row of sellers that is not there"),
    ],
    ids=["sweep", "listing", "flag", "seller"],
)
def test_a_broken_foreign_key_is_named(full: Store, statement: str, fault: str) -> None:
    """A row that points at nothing is named with its table, its number and what it misses."""
    tampered(full, statement)
    assert fault in check(full).faults


@pytest.mark.parametrize("verb", ["update", "delete"])
@pytest.mark.parametrize("table", INSERT_ONLY)
def test_a_dropped_trigger_is_named(full: Store, table: str, verb: str) -> None:
    """A table that lost its protection is named, with what it is no longer protected from."""
    full.db.conn.execute(f"DROP TRIGGER {table}_keeps_{verb}")
    assert check(full).faults == (f"{table} has lost the trigger that forbids {verb.upper()}",)


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_trigger_that_does_nothing_is_no_trigger(full: Store, verb: str) -> None:
    """A trigger of the right name that forbids nothing is as good as lost."""
    full.db.conn.execute(f"DROP TRIGGER audit_keeps_{verb}")
    full.db.conn.execute(f"CREATE TRIGGER audit_keeps_{verb} BEFORE {verb} ON audit BEGIN SELECT 1; END")
    assert check(full).faults == (f"audit has lost the trigger that forbids {verb.upper()}",)


def test_a_forgotten_migration_is_named(full: Store) -> None:
    """A store whose migrations do not say that its tables were made is not up to date."""
    full.db.conn.execute("DELETE FROM _sqlite_migrations")
    full.db.conn.commit()
    names = (
        "first_tables",
        "frontier_and_pace",
        "learned_rendering",
        "photos_in_detail",
        "backgrounds",
        "evidence",
        "sweeps_on_a_clock",
        "starts_in_line",
    )
    assert check(full).faults == tuple(f"migration {name} has not been applied" for name in names)


def test_a_broken_chain_is_named(full: Store) -> None:
    """The audit chain is part of every check."""
    tampered(full, "UPDATE audit SET actor = 'lee' WHERE seq = 2")
    assert check(full).faults == ("audit row 2 was changed after it was written",)


def test_every_fault_is_listed_not_only_the_first(full: Store) -> None:
    """Damage in several places is reported at once."""
    blob_named(full, "page of listing namu/L1").unlink()
    blob_named(full, "image https://namu.example/1.jpg").write_bytes(b"")
    tampered(full, "UPDATE audit SET actor = 'lee' WHERE seq = 1", "DELETE FROM flags")
    faults = "\n".join(check(full).faults)
    for expected in ("audit row 1 ", "judgements row 1 ", "is not on disk", "holds other bytes"):
        assert expected in faults


@pytest.mark.parametrize("table", ["listings", "flags", "audit", "captures"])
def test_a_damaged_page_of_the_database_is_told_in_words(tmp_path: Path, table: str) -> None:
    """Garbage inside the file is reported or raised as a StoreError, and never comes out as a bare SQLite error."""
    with Store.open(tmp_path) as store:
        sweep_id = prepare(store)
        raised = keep_listing(store, sweep_id, a_look(a_listing(), a_flag()), a_capture(store.blobs.put(b"page")))
        judge(store, raised[0][0], Decision.CONFIRM, actor="kim")
        (page,) = store.db.conn.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()
        (size,) = store.db.conn.execute("PRAGMA page_size").fetchone()
    with (tmp_path / DATABASE).open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with Store.open(tmp_path, create=False) as store:
        try:
            told = "\n".join(check(store).faults)
        except StoreError as error:
            told = f"{error.message}\n{error.hint}"
    assert re.search(r"database: |is not a sound store", told)
