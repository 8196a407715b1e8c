"""Captures: which pages were recorded as evidence, which failed, and the timestamps over their digests."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlite_utils.db import Database

from touchstone.archive import Archive, DigestList, Outcome
from touchstone.listing import Listing

_DUE = """
WITH wanted AS (
    SELECT listing, max(probability) AS probability, max(raised_at) AS raised_at FROM flags
    WHERE status IN ('open', 'confirmed', 'unsure') AND probability >= :least
    AND listing IN (SELECT id FROM listings WHERE last_sweep = :sweep) GROUP BY listing
)
SELECT listings.id, record FROM wanted JOIN listings ON listings.id = wanted.listing
WHERE NOT EXISTS (
    SELECT 1 FROM archives WHERE archives.listing = wanted.listing AND outcome = 'kept' AND at >= wanted.raised_at
)
ORDER BY probability DESC, listings.id
"""
_LISTS = """
SELECT digest_lists.id, digest_lists.at, sha256, token, authority, time FROM digest_lists
LEFT JOIN timestamps ON timestamps.list = digest_lists.id
"""


class ArchiveStore:
    """The ``archives``, ``digest_lists``, ``listed_archives`` and ``timestamps`` tables, all of them insert-only.

    Writing belongs inside a transaction of the store.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(
        self, listing_row: int, *, sweep_id: int | None, at: datetime, url: str, outcome: Outcome, reason: str,
        wacz: str | None, record: str | None,
    ) -> int:  # fmt: skip
        """Note a capture, whatever came of it; its bytes are in the blob store already. Returns its number."""
        cursor = self._db.conn.execute(
            "INSERT INTO archives (listing, sweep, at, url, outcome, reason, wacz, record) VALUES (?,?,?,?,?,?,?,?)",
            [listing_row, sweep_id, at.isoformat(), url, outcome, reason, wacz, record],
        )
        assert cursor.lastrowid is not None  # an INSERT that did not raise has a row
        return cursor.lastrowid

    def due(self, sweep_id: int, least_probability: float) -> Iterator[tuple[int, Listing]]:
        """Flagged listings seen in a sweep that no capture shows since their newest flag was raised; the likeliest first."""
        for row, record in self._db.conn.execute(_DUE, {"sweep": sweep_id, "least": least_probability}):
            yield row, msgspec.json.decode(record, type=Listing)

    def of(self, listing_row: int) -> list[Archive]:
        """The captures of a listing, oldest first."""
        rows = self._db.conn.execute(f"SELECT {_COLUMNS} FROM archives WHERE listing = ? ORDER BY id", [listing_row])
        return [_archive(row) for row in rows]

    def one(self, archive_id: int) -> Archive:
        """One capture."""
        row = self._db.conn.execute(f"SELECT {_COLUMNS} FROM archives WHERE id = ?", [archive_id]).fetchone()
        return _archive(row)

    def all(self, outcome: Outcome | None = None) -> Iterator[Archive]:
        """Every capture, the newest first."""
        rows = self._db.conn.execute(
            f"SELECT {_COLUMNS} FROM archives WHERE (:outcome IS NULL OR outcome = :outcome) ORDER BY id DESC",
            {"outcome": outcome},
        )
        return map(_archive, rows)

    def count(self, sweep_id: int, outcome: Outcome) -> int:
        """How many captures of a sweep came to this."""
        row = self._db.conn.execute(
            "SELECT count(*) FROM archives WHERE sweep = ? AND outcome = ?", [sweep_id, outcome]
        ).fetchone()
        return int(row[0])

    def unlisted(self) -> list[Archive]:
        """Captures with bytes whose digests are on no list yet."""
        rows = self._db.conn.execute(
            f"SELECT {_COLUMNS} FROM archives WHERE wacz IS NOT NULL AND id NOT IN (SELECT archive FROM listed_archives)"
            " ORDER BY id"
        )
        return [_archive(row) for row in rows]

    def list_digests(self, archives: Iterable[int], sha256: str, at: datetime) -> int:
        """Note that a list of digests names these captures; returns its number."""
        cursor = self._db.conn.execute("INSERT INTO digest_lists (at, sha256) VALUES (?,?)", [at.isoformat(), sha256])
        assert cursor.lastrowid is not None  # an INSERT that did not raise has a row
        self._db.conn.executemany(
            "INSERT INTO listed_archives VALUES (?,?)", [(archive, cursor.lastrowid) for archive in archives]
        )
        return cursor.lastrowid

    def stamp(self, list_id: int, *, at: datetime, token: str, authority: str, time: datetime) -> None:
        """Note the timestamp of a list."""
        self._db.conn.execute(
            "INSERT INTO timestamps (list, at, token, authority, time) VALUES (?,?,?,?,?)",
            [list_id, at.isoformat(), token, authority, time.isoformat()],
        )

    def unstamped(self) -> list[DigestList]:
        """Lists that no authority has timestamped yet."""
        return [_digest_list(row) for row in self._db.conn.execute(f"{_LISTS} WHERE token IS NULL ORDER BY 1")]

    def list_of(self, archive_id: int) -> DigestList | None:
        """The list that names a capture, with its timestamp where there is one."""
        row = self._db.conn.execute(
            f"{_LISTS} JOIN listed_archives ON listed_archives.list = digest_lists.id WHERE archive = ?", [archive_id]
        ).fetchone()
        return _digest_list(row) if row else None


_COLUMNS = "id, listing, at, url, outcome, reason, wacz, record"


def _archive(row: Sequence[Any]) -> Archive:
    return Archive(
        id=row[0], listing_row=row[1], at=datetime.fromisoformat(row[2]), url=row[3], outcome=Outcome(row[4]),
        reason=row[5], wacz=row[6], record=row[7],
    )  # fmt: skip


def _digest_list(row: Sequence[Any]) -> DigestList:
    return DigestList(
        id=row[0], at=datetime.fromisoformat(row[1]), sha256=row[2], token=row[3], authority=row[4],
        time=datetime.fromisoformat(row[5]) if row[5] else None,
    )  # fmt: skip
