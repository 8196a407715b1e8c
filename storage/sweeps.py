"""Sweeps as rows: opened before a process starts, closed when it ended, mended when it did not; and those that wait."""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlite_utils.db import Database

from touchstone.decoding import to_json
from touchstone.sweeps import Place, Sweep, SweepReport, SweepRequest, SweepStatus

_COLUMNS = "id, request, status, started_at, ended_at, report, queued, schedule, due_at, priority, not_before, starts, concluded"


class SweepStore:
    """The ``sweeps`` and ``marketplaces`` tables. Writing belongs inside a transaction of the store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def know_marketplace(self, name: str, *, title: str, base_url: str) -> None:
        """Note a marketplace, or its new address."""
        self._db.conn.execute(
            "INSERT INTO marketplaces VALUES (?,?,?) ON CONFLICT (name) DO UPDATE SET"
            " title = excluded.title, base_url = excluded.base_url",
            [name, title, base_url],
        )

    def open(self, request: SweepRequest, at: datetime) -> int:
        """Open a sweep for this process and return its number."""
        cursor = self._db.conn.execute(
            "INSERT INTO sweeps (marketplace, brand, request, status, process, started_at) VALUES (?,?,?,?,?,?)",
            [
                request.marketplace, request.brand, to_json(request), SweepStatus.RUNNING, os.getpid(), at.isoformat(),
            ],
        )  # fmt: skip
        assert cursor.lastrowid is not None  # an INSERT that did not raise has a row
        return cursor.lastrowid

    def enqueue(self, request: SweepRequest, at: datetime, place: Place) -> int:
        """Add a sweep that waits for a process, and return its number."""
        cursor = self._db.conn.execute(
            "INSERT INTO sweeps (marketplace, brand, request, status, process, started_at, queued, schedule, due_at,"
            " priority) VALUES (?,?,?,?,0,?,1,?,?,?)",
            [
                request.marketplace, request.brand, to_json(request), SweepStatus.QUEUED, at.isoformat(),
                place.schedule, place.due_at and place.due_at.isoformat(), place.priority,
            ],
        )  # fmt: skip
        assert cursor.lastrowid is not None  # an INSERT that did not raise has a row
        return cursor.lastrowid

    def requeue(self, sweep_id: int, *, not_before: datetime | None) -> None:
        """Have a sweep wait for a process once more, from ``not_before`` on."""
        self._db.conn.execute(
            "UPDATE sweeps SET status = ?, process = 0, ended_at = NULL, not_before = ? WHERE id = ?",
            [SweepStatus.QUEUED, not_before and not_before.isoformat(), sweep_id],
        )

    def started(self, sweep_id: int) -> None:
        """Note that a process is about to be started for a sweep that waits."""
        self._db.conn.execute("UPDATE sweeps SET starts = starts + 1 WHERE id = ?", [sweep_id])

    def spare_start(self, sweep_id: int) -> None:
        """Do not count the last start: it was ended by us, or found the sweep's lock held."""
        self._db.conn.execute("UPDATE sweeps SET starts = max(0, starts - 1) WHERE id = ?", [sweep_id])

    def waiting(self, now: datetime) -> Iterator[Sweep]:
        """The sweeps that wait and may begin, the most urgent first; each hour of waiting counts as one of priority."""
        for row in self._db.conn.execute(
            f"SELECT {_COLUMNS} FROM sweeps WHERE status = ? AND (not_before IS NULL OR not_before <= ?)"
            " ORDER BY priority + (julianday(?) - julianday(started_at)) * 24 DESC, id",
            [SweepStatus.QUEUED, now.isoformat(), now.isoformat()],
        ):
            yield _sweep(row)

    def unfinished(self, *, schedule: int | None = None) -> list[Sweep]:
        """The sweeps that wait or run; those of one schedule, or all."""
        rows = self._db.conn.execute(
            f"SELECT {_COLUMNS} FROM sweeps WHERE status IN ('queued', 'running')"
            " AND (:schedule IS NULL OR schedule = :schedule) ORDER BY id",
            {"schedule": schedule},
        )
        return [_sweep(row) for row in rows]

    def unconcluded(self) -> list[Sweep]:
        """The queued sweeps that have ended since somebody drew conclusions from such."""
        rows = self._db.conn.execute(
            f"SELECT {_COLUMNS} FROM sweeps WHERE queued = 1 AND concluded = 0"
            " AND status NOT IN ('queued', 'running') ORDER BY id"
        )
        return [_sweep(row) for row in rows]

    def conclude(self, sweep_id: int) -> None:
        """Note that conclusions have been drawn."""
        self._db.conn.execute("UPDATE sweeps SET concluded = 1 WHERE id = ?", [sweep_id])

    def close(self, sweep_id: int, report: SweepReport, at: datetime) -> None:
        """Note how a sweep ended."""
        self._db.conn.execute(
            "UPDATE sweeps SET status = ?, ended_at = ?, report = ? WHERE id = ?",
            [report.status, at.isoformat(), to_json(report), sweep_id],
        )

    def running(self) -> list[tuple[int, str, str | None, int]]:
        """The sweeps that say they run: number, marketplace, brand and process number."""
        return list(
            self._db.conn.execute(
                "SELECT id, marketplace, brand, process FROM sweeps WHERE status = ? ORDER BY id", [SweepStatus.RUNNING]
            )
        )

    def reopen(self, sweep_id: int, at: datetime) -> None:
        """Have a sweep that waited or has ended run in this process; what waited has begun now."""
        self._db.conn.execute(
            "UPDATE sweeps SET started_at = iif(status = 'queued' AND report IS NULL, ?, started_at), status = ?,"
            " process = ?, ended_at = NULL, report = NULL WHERE id = ?",
            [at.isoformat(), SweepStatus.RUNNING, os.getpid(), sweep_id],
        )

    def one(self, sweep_id: int) -> Sweep | None:
        """A sweep by its number."""
        row = self._db.conn.execute(f"SELECT {_COLUMNS} FROM sweeps WHERE id = ?", [sweep_id]).fetchone()
        return _sweep(row) if row else None

    def all(self) -> Iterator[Sweep]:
        """Every sweep, the newest first."""
        for row in self._db.conn.execute(f"SELECT {_COLUMNS} FROM sweeps ORDER BY id DESC"):
            yield _sweep(row)

    def counts(self) -> list[tuple[str, str, int]]:
        """How many sweeps of each marketplace stand how."""
        return list(self._db.conn.execute("SELECT marketplace, status, count(*) FROM sweeps GROUP BY 1, 2"))

    def page_counts(self) -> Iterable[tuple[str, str, int]]:
        """How many pages of each marketplace turned out to be what, over all sweeps that have ended."""
        return self._db.conn.execute(
            "SELECT marketplace, pages.key, sum(pages.value) FROM sweeps, json_each(report, '$.pages') AS pages"
            " WHERE report IS NOT NULL GROUP BY 1, 2"
        )


def _sweep(row: tuple[Any, ...]) -> Sweep:
    place = None
    if row[6]:
        place = Place(
            schedule=row[7], due_at=row[8] and datetime.fromisoformat(row[8]), priority=row[9],
            not_before=row[10] and datetime.fromisoformat(row[10]), starts=row[11], concluded=bool(row[12]),
        )  # fmt: skip
    return Sweep(
        id=row[0],
        request=msgspec.json.decode(row[1], type=SweepRequest),
        status=SweepStatus(row[2]),
        started_at=datetime.fromisoformat(row[3]),
        ended_at=datetime.fromisoformat(row[4]) if row[4] else None,
        report=msgspec.json.decode(row[5], type=SweepReport) if row[5] else None,
        place=place,
    )
