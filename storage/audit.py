"""Who did what, in an order that cannot be changed unseen: each row's hash covers the row before it."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlite_utils.db import Database

from touchstone.decoding import to_json

GENESIS = "0" * 64  # what the first row names as its predecessor


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the chain."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    detail: str
    previous: str
    hash: str

    def expected_hash(self) -> str:
        """SHA-256, in hex, of the row as a JSON array without its hash; anyone can recompute it."""
        row = [self.seq, self.at, self.actor, self.action, self.subject, self.detail, self.previous]
        return hashlib.sha256(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


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
            yield AuditEntry(**dict(zip(AuditEntry.__struct_fields__, row, strict=True)))

    def about(self, subjects: Iterable[str]) -> Iterator[AuditEntry]:
        """The rows about these subjects, oldest first."""
        rows = self._db.conn.execute(
            "SELECT * FROM audit WHERE subject IN (SELECT value FROM json_each(?)) ORDER BY seq",
            [to_json(list(subjects))],
        )
        for row in rows:
            yield AuditEntry(**dict(zip(AuditEntry.__struct_fields__, row, strict=True)))

    def head(self) -> AuditEntry | None:
        """The newest row; its hash covers all others."""
        row = self._db.conn.execute("SELECT * FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        return AuditEntry(**dict(zip(AuditEntry.__struct_fields__, row, strict=True))) if row else None

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
