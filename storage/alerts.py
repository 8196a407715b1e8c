"""What somebody must be told, kept until they were."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlite_utils.db import Database

from touchstone.alerts import Alert, AlertKind
from touchstone.decoding import to_json

_COLUMNS = "id, at, record, resolved_at, sent, fault, tries"


class AlertStore:
    """The ``alerts`` table. Writing belongs inside a transaction of the store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def tell(self, alert: Alert, at: datetime) -> bool:
        """Note an alert to be sent, unless the same is known and not over; says whether it is new."""
        known = self._db.conn.execute(
            "SELECT 1 FROM alerts WHERE kind = ? AND subject = ? AND resolved_at IS NULL", [alert.kind, alert.subject]
        ).fetchone()
        if known:
            return False
        self._insert(alert, at, resolved_at=None)
        return True

    def inform(self, alert: Alert, at: datetime) -> None:
        """Note a message to be sent that nothing has to follow, such as a digest."""
        self._insert(alert, at, resolved_at=at)

    def resolve(self, kind: AlertKind, subject: str, at: datetime, message: str) -> bool:
        """Note that something is over, and tell that, too; says whether it was known."""
        row = self._db.conn.execute(
            "UPDATE alerts SET resolved_at = ? WHERE kind = ? AND subject = ? AND resolved_at IS NULL RETURNING record",
            [at.isoformat(), kind, subject],
        ).fetchone()
        if row is None:
            return False
        alert = msgspec.json.decode(row[0], type=Alert)
        over = Alert(
            kind=kind, subject=subject, message=message, brand=alert.brand, marketplace=alert.marketplace, over=True
        )
        self._insert(over, at, resolved_at=at)
        return True

    def _insert(self, alert: Alert, at: datetime, *, resolved_at: datetime | None) -> None:
        self._db.conn.execute(
            "INSERT INTO alerts (at, kind, subject, record, resolved_at) VALUES (?,?,?,?,?)",
            [at.isoformat(), alert.kind, alert.subject, to_json(alert), resolved_at and resolved_at.isoformat()],
        )

    def unsent(self, now: datetime) -> list[tuple[Alert, int]]:
        """What is to be sent now, oldest first, each with the number of tries so far."""
        rows = self._db.conn.execute(
            f"SELECT {_COLUMNS} FROM alerts WHERE done = 0 AND (next_try IS NULL OR next_try <= ?) ORDER BY id",
            [now.isoformat()],
        ).fetchall()
        return [(_alert(row), row[6]) for row in rows]

    def keep_sent(
        self, alert_id: int, sent: dict[str, str], *, done: bool, fault: str = "", next_try: datetime | None = None
    ) -> None:
        """Note over which channels an alert was sent, and what failed."""
        self._db.conn.execute(
            "UPDATE alerts SET sent = ?, done = ?, fault = ?, tries = tries + 1, next_try = ? WHERE id = ?",
            [to_json(sent), int(done), fault, next_try and next_try.isoformat(), alert_id],
        )

    def all(self, *, pending_only: bool = False) -> Iterator[Alert]:
        """The alerts, newest first; with ``pending_only`` those that are not over, or that a channel has not taken yet."""
        for row in self._db.conn.execute(
            f"SELECT {_COLUMNS} FROM alerts WHERE resolved_at IS NULL OR (done = 0 AND fault <> '') OR NOT ?"
            " ORDER BY id DESC",
            [pending_only],
        ):
            yield _alert(row)

    def untold(self) -> int:
        """How many alerts a channel has not taken, so far or at all."""
        return int(self._db.conn.execute("SELECT count(*) FROM alerts WHERE fault <> ''").fetchone()[0])

    def counts(self) -> list[tuple[str, int, int]]:
        """For each kind, how many were told, and how many are not over."""
        return list(
            self._db.conn.execute("SELECT kind, count(*), count(*) - count(resolved_at) FROM alerts GROUP BY kind")
        )


def _alert(row: tuple[Any, ...]) -> Alert:
    return msgspec.structs.replace(
        msgspec.json.decode(row[2], type=Alert), id=row[0], at=datetime.fromisoformat(row[1]),
        resolved_at=datetime.fromisoformat(row[3]) if row[3] else None,
        sent=msgspec.json.decode(row[4], type=dict[str, str]), fault=row[5],
    )  # fmt: skip
