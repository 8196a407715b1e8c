"""Who did what, in an order that cannot be changed unseen: each row's hash covers the row before it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlite_utils.db import Database

from touchstone.audit import AuditEntry
from touchstone.decoding import to_json

GENESIS = "0" * 64  # what the first row names as its predecessor


class AuditLog:
    """The chain. ``append`` belongs inside the transaction of what it records."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def append(self, *, at: datetime, actor: str, action: str, subject: str, detail: Any = None) -> AuditEntry:
        """Add a row at the end and return it."""
        last = self._db.conn.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        seq, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
        entry = AuditEntry(
            seq=seq, at=at.isoformat(), actor=actor, action=action, subject=subject,
            detail=to_json(detail), previous=previous, hash="",
        )  # fmt: skip
        entry = msgspec.structs.replace(entry, hash=entry.expected_hash())
        self._db.conn.execute("INSERT INTO audit VALUES (?,?,?,?,?,?,?,?)", msgspec.structs.astuple(entry))
        return entry

    def entries(self) -> Iterator[AuditEntry]:
        """The rows, oldest first."""
        for row in self._db.conn.execute("SELECT * FROM audit ORDER BY seq"):
            yield _entry(row)

    def about(self, subjects: Iterable[str]) -> Iterator[AuditEntry]:
        """The rows about these subjects, oldest first."""
        rows = self._db.conn.execute(
            "SELECT * FROM audit WHERE subject IN (SELECT value FROM json_each(?)) ORDER BY seq",
            [to_json(list(subjects))],
        )
        for row in rows:
            yield _entry(row)

    def head(self) -> AuditEntry | None:
        """The newest row; its hash covers all others."""
        row = self._db.conn.execute("SELECT * FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        return _entry(row) if row else None

    def faults(self) -> Iterator[str]:
        """One line for each place where the chain does not hold."""
        previous, seq = GENESIS, 0
        for entry in self.entries():
            seq += 1
            if entry.seq != seq:
                yield f"audit row {seq} is missing: the next one is {entry.seq}"
                seq = entry.seq
            if entry.previous != previous:
                yield f"audit row {entry.seq} does not follow the row before it"
            if entry.hash != entry.expected_hash():
                yield f"audit row {entry.seq} was changed after it was written"
            previous = entry.hash
        counted = self._db.conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
        if counted and counted[0] > seq:
            yield f"audit rows {seq + 1} to {counted[0]} were cut off the end"


def _entry(row: Sequence[Any]) -> AuditEntry:
    return AuditEntry(**dict(zip(AuditEntry.__struct_fields__, row, strict=True)))
