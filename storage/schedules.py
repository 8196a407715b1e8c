"""Schedules, and what became of each time that one was due."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlite_utils.db import Database

from touchstone.configuration import ScheduledSweep
from touchstone.decoding import to_json
from touchstone.schedules import Occurrence, Result, Schedule, ScheduleSource, ScheduleState

_COLUMNS = (
    "id, record, source, state, anchor, next_at, failures, not_before, result, result_at, success_at, note"
)  # fmt: skip


class ScheduleStore:
    """The ``schedules`` and ``occurrences`` tables. Writing belongs inside a transaction of the store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, sweep: ScheduledSweep, source: ScheduleSource, *, anchor: datetime, next_at: datetime) -> int:
        """Add a schedule, or give the one of that name another clock; returns its number. A removed one begins anew."""
        (number,) = self._db.conn.execute(
            "INSERT INTO schedules (name, source, record, state, anchor, next_at) VALUES (?,?,?,'active',?,?)"
            " ON CONFLICT (name) DO UPDATE SET source = excluded.source, record = excluded.record,"
            " anchor = excluded.anchor, next_at = excluded.next_at,"
            " failures = iif(state = 'removed', 0, failures), not_before = iif(state = 'removed', NULL, not_before),"
            " state = iif(state = 'removed', 'active', state) RETURNING id",
            [sweep.name, source, to_json(sweep), anchor.isoformat(), next_at.isoformat()],
        ).fetchone()
        return int(number)

    def all(self, *, removed: bool = False) -> list[Schedule]:
        """The schedules by name; with ``removed`` also those."""
        rows = self._db.conn.execute(
            f"SELECT {_COLUMNS} FROM schedules WHERE state <> 'removed' OR ? ORDER BY name", [removed]
        )
        return [_schedule(row) for row in rows]

    def one(self, number: int) -> Schedule:
        """A schedule by its number."""
        return _schedule(self._db.conn.execute(f"SELECT {_COLUMNS} FROM schedules WHERE id = ?", [number]).fetchone())

    def named(self, name: str) -> Schedule | None:
        """A schedule by its name, unless it was removed."""
        row = self._db.conn.execute(
            f"SELECT {_COLUMNS} FROM schedules WHERE name = ? AND state <> 'removed'", [name]
        ).fetchone()
        return _schedule(row) if row else None

    def stand(self, number: int, state: ScheduleState, *, next_at: datetime) -> None:
        """Pause, resume or remove a schedule."""
        self._db.conn.execute(
            "UPDATE schedules SET state = ?, next_at = ? WHERE id = ?", [state, next_at.isoformat(), number]
        )

    def was_served(self, number: int, due_at: datetime) -> bool:
        """Whether something came of that due time already."""
        row = self._db.conn.execute(
            "SELECT 1 FROM occurrences WHERE schedule = ? AND due_at = ?", [number, due_at.isoformat()]
        ).fetchone()
        return row is not None

    def strike(self, occurrence: Occurrence, next_at: datetime) -> None:
        """Note what came of a time that was due, and when the next one is."""
        self._db.conn.execute(
            "INSERT INTO occurrences (schedule, due_at, at, sweep, missed, skipped) VALUES (?,?,?,?,?,?)",
            [
                occurrence.schedule, occurrence.due_at.isoformat(), occurrence.at.isoformat(), occurrence.sweep,
                occurrence.missed, occurrence.skipped,
            ],
        )  # fmt: skip
        self._db.conn.execute(
            "UPDATE schedules SET next_at = ? WHERE id = ?", [next_at.isoformat(), occurrence.schedule]
        )

    def conclude(
        self, number: int, *, result: Result, at: datetime, failures: int, not_before: datetime | None, note: str
    ) -> None:
        """Note how a schedule's last sweep went; without failures it is a success."""
        moment = at.isoformat()
        self._db.conn.execute(
            "UPDATE schedules SET result = ?, result_at = ?, failures = ?, not_before = ?, note = ?,"
            " success_at = iif(?, success_at, ?) WHERE id = ?",
            [result, moment, failures, not_before and not_before.isoformat(), note, failures, moment, number],
        )

    def occurrences(self, number: int, most: int = 20) -> Iterator[Occurrence]:
        """The times that a schedule was due, the newest first."""
        for row in self._db.conn.execute(
            "SELECT schedule, due_at, at, sweep, missed, skipped FROM occurrences WHERE schedule = ?"
            " ORDER BY due_at DESC LIMIT ?",
            [number, most],
        ):
            yield Occurrence(
                schedule=row[0], due_at=datetime.fromisoformat(row[1]), at=datetime.fromisoformat(row[2]),
                sweep=row[3], missed=row[4], skipped=row[5],
            )  # fmt: skip

    def chore_done(self, name: str) -> datetime | None:
        """When a recurring chore was last done."""
        row = self._db.conn.execute("SELECT done_at FROM chores WHERE name = ?", [name]).fetchone()
        return datetime.fromisoformat(row[0]) if row else None

    def do_chore(self, name: str, at: datetime) -> None:
        """Note that a chore is done."""
        self._db.conn.execute(
            "INSERT INTO chores VALUES (?,?) ON CONFLICT (name) DO UPDATE SET done_at = excluded.done_at",
            [name, at.isoformat()],
        )


def _schedule(row: tuple[Any, ...]) -> Schedule:
    def moment(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text) if text else None

    return Schedule(
        id=row[0], sweep=msgspec.json.decode(row[1], type=ScheduledSweep), source=ScheduleSource(row[2]),
        state=ScheduleState(row[3]), anchor=datetime.fromisoformat(row[4]), next_at=datetime.fromisoformat(row[5]),
        failures=row[6], not_before=moment(row[7]), result=Result(row[8]) if row[8] else None,
        result_at=moment(row[9]), success_at=moment(row[10]), note=row[11],
    )  # fmt: skip
