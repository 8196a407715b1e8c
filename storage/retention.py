"""What has expired: deleted by age, and only where nothing that is suspected or recorded as evidence needs it."""

import contextlib
import time
from collections.abc import Iterator
from datetime import datetime

import msgspec

from storage.blobs import PARTIAL_SUFFIX
from storage.check import referenced_blobs
from storage.store import Store

ORPHAN_SECONDS = 24 * 3600.0  # a blob without a row that is younger may be getting one just now

_SUSPECTED = "SELECT listing FROM flags WHERE status IN ('open', 'confirmed', 'unsure')"
_RECORDED = "SELECT listing FROM archives"
_PAGES = f"DELETE FROM captures WHERE at < ? AND listing NOT IN ({_SUSPECTED}) AND listing NOT IN ({_RECORDED})"
_OBSERVATIONS = (
    "DELETE FROM observations WHERE at < ? AND listing NOT IN (SELECT listing FROM flags)"
    f" AND listing NOT IN ({_RECORDED})"
    " AND id NOT IN (SELECT max(id) FROM observations GROUP BY listing)"
)
_VISITS = "DELETE FROM frontier WHERE sweep IN (SELECT id FROM sweeps WHERE ended_at < ? AND status NOT IN ('queued', 'running'))"
_PHOTOS = f"""
CREATE TEMP TABLE expired_photos AS SELECT sha256 FROM images WHERE first_seen < :before
AND sha256 NOT IN (SELECT sha256 FROM reference_images)
AND sha256 NOT IN (
    SELECT json_extract(photo.value, '$.sha256') FROM listings, json_each(record, '$.images') AS photo
    WHERE json_extract(photo.value, '$.sha256') IS NOT NULL
    AND (last_seen >= :before OR listings.id IN (SELECT listing FROM flags) OR listings.id IN ({_RECORDED}))
)
"""


class Expiry(msgspec.Struct, frozen=True, kw_only=True):
    """Up to when each kind of thing has expired; ``None`` keeps it."""

    pages: datetime | None = None
    observations: datetime | None = None
    photos: datetime | None = None
    visits: datetime | None = None


class Expired(msgspec.Struct, frozen=True, kw_only=True):
    """What has been deleted, or would be: rows, and files with their bytes."""

    pages: int = 0
    observations: int = 0
    photos: int = 0
    visits: int = 0
    blobs: int = 0
    bytes: int = 0

    @property
    def anything(self) -> bool:
        """Whether there is any."""
        return any(msgspec.structs.astuple(self))


def expired_rows(store: Store, expiry: Expiry) -> Expired:
    """Delete the rows that have expired and say how many; belongs inside a transaction, which may be rolled back."""
    sql, counts = store.db.conn, {}
    for name, table, statement in (("pages", "captures", _PAGES), ("observations", "observations", _OBSERVATIONS)):
        before = getattr(expiry, name)
        if before is not None:
            sql.execute("INSERT INTO expiring VALUES (?,?)", [table, before.isoformat()])
            counts[name] = sql.execute(statement, [before.isoformat()]).rowcount
            sql.execute("DELETE FROM expiring WHERE name = ?", [table])
    if expiry.visits is not None:
        counts["visits"] = sql.execute(_VISITS, [expiry.visits.isoformat()]).rowcount
    if expiry.photos is not None:
        sql.execute(_PHOTOS, {"before": expiry.photos.isoformat()})
        for table in ("image_urls", "photo_features", "photo_sightings", "images"):
            gone = sql.execute(f"DELETE FROM {table} WHERE sha256 IN (SELECT sha256 FROM expired_photos)").rowcount
        counts["photos"] = gone
        sql.execute("DROP TABLE expired_photos")
    return Expired(**counts)


def orphans(store: Store) -> Iterator[tuple[str, int]]:
    """The blobs that no row names and that are old enough to stay so, each with its bytes; half-written ones as well."""
    needed, now = referenced_blobs(store), time.time()
    files = [store.blobs.path(name) for name in store.blobs.names() if name not in needed]
    for path in (*files, *store.blobs.partials()):
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            found = path.stat()
            if found.st_mtime < now - ORPHAN_SECONDS:
                yield str(path.relative_to(store.blobs.folder)), found.st_size


def delete_orphans(store: Store) -> tuple[int, int]:
    """Delete them; returns their number and bytes. Nobody waits meanwhile, however many files there are.

    A file is first moved aside, and back if it has become young again: whoever is about to name it has made it so, or
    did not find it any more and writes it anew.
    """
    count = size = 0
    for name, length in orphans(store):
        path = store.blobs.folder / name
        aside = path if name.endswith(PARTIAL_SUFFIX) else path.with_name(f"{path.name}.expired{PARTIAL_SUFFIX}")
        with contextlib.suppress(FileNotFoundError):
            path.rename(aside)
            if aside.stat().st_mtime >= time.time() - ORPHAN_SECONDS:
                aside.rename(path)
                continue
            aside.unlink()
            count, size = count + 1, size + length
    return count, size
