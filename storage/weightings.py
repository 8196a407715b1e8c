"""Weights of the user's own, each version kept: the newest holds."""

from datetime import datetime
from typing import NamedTuple

from sqlite_utils.db import Database


class Weighting(NamedTuple):
    """A version of the weights, as JSON; ``record`` is ``None`` where it goes back to those that ship."""

    id: int
    at: datetime
    actor: str
    note: str
    record: str | None


class WeightingStore:
    """The ``weightings`` table, which is only ever added to. Writing belongs inside a transaction of the store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, record: str | None, *, at: datetime, actor: str, note: str) -> int:
        """Keep a version, which holds from now on; returns its number."""
        cursor = self._db.conn.execute(
            "INSERT INTO weightings (at, actor, note, record) VALUES (?,?,?,?)", [at.isoformat(), actor, note, record]
        )
        assert cursor.lastrowid is not None  # an INSERT that did not raise has a row
        return cursor.lastrowid

    def all(self) -> list[Weighting]:
        """Every version, oldest first."""
        rows = self._db.conn.execute("SELECT id, at, actor, note, record FROM weightings ORDER BY id")
        return [Weighting(row[0], datetime.fromisoformat(row[1]), *row[2:]) for row in rows]

    def current(self) -> str | None:
        """The weights that hold, as JSON; ``None`` stands for those that ship."""
        row = self._db.conn.execute("SELECT record FROM weightings ORDER BY id DESC LIMIT 1").fetchone()
        return row[0] if row else None
