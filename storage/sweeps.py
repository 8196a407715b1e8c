"""Sweeps as rows: opened before a process starts, closed when it ended, mended when it did not."""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlite_utils.db import Database

from touchstone.decoding import to_json
from touchstone.sweeps import Sweep, SweepReport, SweepRequest, SweepStatus


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

    def reopen(self, sweep_id: int) -> None:
        """Have a sweep that has ended run again, in this process."""
        self._db.conn.execute(
            "UPDATE sweeps SET status = ?, process = ?, ended_at = NULL, report = NULL WHERE id = ?",
            [SweepStatus.RUNNING, os.getpid(), sweep_id],
        )

    def one(self, sweep_id: int) -> Sweep | None:
        """A sweep by its number."""
        row = self._db.conn.execute(f"SELECT {_COLUMNS} FROM sweeps WHERE id = ?", [sweep_id]).fetchone()
        return _sweep(row) if row else None

    def all(self) -> Iterator[Sweep]:
        """Every sweep, the newest first."""
        for row in self._db.conn.execute(f"SELECT {_COLUMNS} FROM sweeps ORDER BY id DESC"):
            yield _sweep(row)


_COLUMNS = "id, request, status, started_at, ended_at, report"


def _sweep(row: tuple[Any, ...]) -> Sweep:
    return Sweep(
        id=row[0],
        request=msgspec.json.decode(row[1], type=SweepRequest),
        status=SweepStatus(row[2]),
        started_at=datetime.fromisoformat(row[3]),
        ended_at=datetime.fromisoformat(row[4]) if row[4] else None,
        report=msgspec.json.decode(row[5], type=SweepReport) if row[5] else None,
    )
