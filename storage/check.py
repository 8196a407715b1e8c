"""Whether the store still holds what was put into it, and where it does not."""

import hashlib
from collections.abc import Callable, Iterator

import msgspec

from storage.migrations import INSERT_ONLY, migrations
from storage.store import DATABASE, Store, translated


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked and what is wrong; ``notes`` are harmless leftovers."""

    counts: dict[str, int]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def check(store: Store, *, blob_read: Callable[[int], None] = lambda count: None) -> CheckReport:
    """Verify the database, foreign keys, insert-only triggers, the audit chain and every blob.

    ``blob_read`` is called with the number of blobs read so far.
    """
    with translated(store.folder / DATABASE):
        store.db.conn.execute("BEGIN")  # one view of everything: a sweep may be writing meanwhile
        try:
            return _check(store, blob_read)
        finally:
            store.db.conn.rollback()


def _check(store: Store, blob_read: Callable[[int], None]) -> CheckReport:
    faults = [*_database_faults(store), *store.audit.faults()]
    referenced = referenced_blobs(store)
    on_disk = set(store.blobs.names())
    for count, sha256 in enumerate(sorted(referenced & on_disk), 1):
        fault = _blob_fault(store, sha256)
        if fault:
            faults.append(f"blob {sha256} ({referenced_by(store, sha256)}) {fault}")
        blob_read(count)
    faults += [f"blob {sha} ({referenced_by(store, sha)}) is not on disk" for sha in sorted(referenced - on_disk)]
    orphans, partials = len(on_disk - referenced), sum(1 for _ in store.blobs.partials())
    notes = []
    if orphans or partials:
        notes.append(
            f"{orphans} blobs that no row names and {partials} half-written ones, left by killed processes; harmless"
        )
    tables = (
        "brands",
        "brand_references",
        "listings",
        "observations",
        "images",
        "captures",
        "archives",
        "flags",
        "judgements",
        "audit",
    )
    counts = {table: store.db.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    return CheckReport(counts=counts, faults=tuple(faults), notes=tuple(notes))


def _blob_fault(store: Store, sha256: str) -> str | None:
    try:
        body = store.blobs.path(sha256).read_bytes()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if hashlib.sha256(body).hexdigest() == sha256 else "holds other bytes than were stored"


def _database_faults(store: Store) -> Iterator[str]:
    for (line,) in store.db.conn.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"database: {line}"
    for table, row, parent, _ in store.db.conn.execute("PRAGMA foreign_key_check"):
        yield f"{table} row {row} names a row of {parent} that is not there"
    triggers = dict(store.db.conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    for table in INSERT_ONLY:
        for verb in ("update", "delete"):
            if "RAISE(ABORT" not in triggers.get(f"{table}_keeps_{verb}", ""):
                yield f"{table} has lost the trigger that forbids {verb.upper()}"
    for migration in migrations.pending(store.db):
        yield f"migration {migration.name} has not been applied"


def referenced_blobs(store: Store) -> set[str]:
    """The blobs that rows name."""
    rows = store.db.conn.execute(
        "SELECT sha256 FROM images UNION SELECT sha256 FROM captures UNION SELECT wacz FROM archives"
        " UNION SELECT record FROM archives UNION SELECT sha256 FROM digest_lists UNION SELECT token FROM timestamps"
    )
    return {sha256 for (sha256,) in rows if sha256}


def referenced_by(store: Store, sha256: str) -> str:
    """Who needs a blob, in words."""
    row = store.db.conn.execute(
        "SELECT 'page of listing ' || marketplace || '/' || listing_id FROM captures"
        " JOIN listings ON listings.id = captures.listing WHERE sha256 = :sha UNION ALL"
        " SELECT 'capture ' || id FROM archives WHERE :sha IN (wacz, record) UNION ALL"
        " SELECT 'list of digests ' || id FROM digest_lists WHERE sha256 = :sha UNION ALL"
        " SELECT 'timestamp of list ' || list FROM timestamps WHERE token = :sha UNION ALL"
        " SELECT 'reference image of ' || brand || '/' || sku FROM reference_images WHERE sha256 = :sha UNION ALL"
        " SELECT 'image ' || url FROM image_urls WHERE sha256 = :sha LIMIT 1",
        {"sha": sha256},
    ).fetchone()
    return row[0] if row else "an image"
