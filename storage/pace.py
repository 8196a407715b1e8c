"""The pace of each marketplace, shared by every process that uses the store: starts, slots, budget, circuit breaker."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from sqlite_utils.db import Database

from touchstone.pace import PATIENCE_SECONDS, Limits, Refusal, Turn

SLOT_SECONDS = 300.0  # a slot whose holder was killed is free again after it; no request is allowed to take so long
ALIVE_SECONDS = 2.0  # who waits asks far more often; a ticket that is older has nobody behind it
ASK_AGAIN_SECONDS = 0.05
REFUSALS = 5  # in a row, until a marketplace is left in peace
REST_SECONDS = 60.0  # doubled by each further trip without an answer in between
LONGEST_REST_SECONDS = 3600.0


class PaceStore:
    """The ``pace``, ``slots`` and ``waiting`` tables. Writing belongs inside a transaction of the store."""

    def __init__(self, db: Database, now: Callable[[], float] = time.time) -> None:
        self._db = db
        self._now = now

    def take(self, marketplace: str, holder: str, limits: Limits) -> Turn:
        """Take a slot and the next start; ``holder`` names the process, which asks for one turn at a time.

        Who asked first is served first, so that a busy sweep cannot starve another.
        """
        now, sql = self._now(), self._db.conn
        sql.execute("INSERT INTO pace (marketplace) VALUES (?) ON CONFLICT DO NOTHING", [marketplace])
        refusal = self.refusal(marketplace, limits.daily)
        if refusal:
            return Turn(0, 0, refusal.reason)
        next_at, today, used = self._standing(marketplace)[:3]
        sql.execute("DELETE FROM slots WHERE marketplace = ? AND until < ?", [marketplace, now])
        (busy,) = sql.execute("SELECT count(*) FROM slots WHERE marketplace = ?", [marketplace]).fetchone()
        (ticket,) = sql.execute(
            "SELECT coalesce(min(ticket), 9e18) FROM waiting WHERE marketplace = ? AND holder = ?",
            [marketplace, holder],
        ).fetchone()
        (ahead,) = sql.execute(
            "SELECT count(*) FROM waiting WHERE marketplace = ? AND ticket < ? AND seen_at > ?",
            [marketplace, ticket, now - ALIVE_SECONDS],
        ).fetchone()
        if limits.concurrency - busy <= ahead:
            sql.execute(
                "INSERT INTO waiting (marketplace, holder, seen_at) VALUES (?,?,?)"
                " ON CONFLICT (marketplace, holder) DO UPDATE SET seen_at = excluded.seen_at",
                [marketplace, holder, now],
            )
            return Turn(0, ASK_AGAIN_SECONDS)
        sql.execute("DELETE FROM waiting WHERE marketplace = ? AND holder = ?", [marketplace, holder])
        start = max(now, next_at)
        sql.execute(
            "UPDATE pace SET next_at = ?, day = ?, used = ? WHERE marketplace = ?",
            [start + limits.gap, today, used + 1, marketplace],
        )
        slot = sql.execute(
            "INSERT INTO slots (marketplace, holder, until) VALUES (?,?,?)", [marketplace, holder, now + SLOT_SECONDS]
        ).lastrowid
        assert slot is not None  # an INSERT that did not raise has a row
        return Turn(slot, start - now)

    def start(self, marketplace: str, gap: float) -> float:
        """Note that a request starts now, and return 0; or return the seconds until one may, which note nothing.

        Turns are handed out ahead of time. Whoever comes late to one has the next wait: no two starts are closer than ``gap``.
        """
        now = self._now()
        (last,) = self._db.conn.execute("SELECT last_at FROM pace WHERE marketplace = ?", [marketplace]).fetchone()
        wait = float(last) + gap - now
        if 0 < wait <= gap:  # longer only when the machine's clock was set back
            return wait
        self._db.conn.execute("UPDATE pace SET last_at = ? WHERE marketplace = ?", [now, marketplace])
        return 0.0

    def refusal(self, marketplace: str, daily: int | None) -> Refusal | None:
        """Why no request may be made to a marketplace for now, if so; ``daily`` is its budget."""
        now = self._now()
        next_at, _, used, closed_until = self._standing(marketplace)
        if closed_until > now:
            until = datetime.fromtimestamp(closed_until, UTC)
            reason = f"{marketplace} refused {REFUSALS} requests in a row; it is left in peace until {until:%H:%M} UTC"
            return Refusal(reason)
        if daily is not None and used >= daily:
            reason = f"the daily budget of {daily} requests to {marketplace} is spent; it is renewed at 00:00 UTC"
            return Refusal(reason, budget=True)
        if next_at > now + PATIENCE_SECONDS:
            until = datetime.fromtimestamp(next_at, UTC)
            return Refusal(f"{marketplace} asks not to be called before {until:%Y-%m-%d %H:%M} UTC")
        return None

    def _standing(self, marketplace: str) -> tuple[float, str, int, float]:
        """When the next request may start, today's date, the requests made today, and until when the circuit is open."""
        today = datetime.fromtimestamp(self._now(), UTC).date().isoformat()
        row = self._db.conn.execute(
            "SELECT next_at, day, used, closed_until FROM pace WHERE marketplace = ?", [marketplace]
        ).fetchone()
        next_at, day, used, closed_until = row or (0.0, today, 0, 0.0)
        return next_at, today, used if day == today else 0, closed_until

    def used_today(self) -> list[tuple[str, int]]:
        """The requests made to each marketplace on this UTC day."""
        today = datetime.fromtimestamp(self._now(), UTC).date().isoformat()
        return list(self._db.conn.execute("SELECT marketplace, used FROM pace WHERE day = ?", [today]))

    def hold(self, marketplace: str, seconds: float) -> None:
        """Let no request start for so long: the server asked for it."""
        self._db.conn.execute(
            "UPDATE pace SET next_at = max(next_at, ?) WHERE marketplace = ?", [self._now() + seconds, marketplace]
        )

    def give_back(self, slots: Iterable[int]) -> None:
        """Free slots."""
        self._db.conn.executemany("DELETE FROM slots WHERE id = ?", [(slot,) for slot in slots])

    def leave(self, holder: str) -> None:
        """Free whatever a process holds or waits for."""
        for table in ("slots", "waiting"):
            self._db.conn.execute(f"DELETE FROM {table} WHERE holder = ?", [holder])

    def answered(self, marketplace: str) -> None:
        """Note that the marketplace serves us: the circuit is closed again."""
        self._db.conn.execute(
            "UPDATE pace SET refusals = 0, trips = 0, closed_until = 0 WHERE marketplace = ? AND refusals + trips > 0",
            [marketplace],
        )

    def refused(self, marketplace: str) -> None:
        """Note a refusal or a failure; too many in a row open the circuit for a while."""
        sql = self._db.conn
        sql.execute("INSERT INTO pace (marketplace) VALUES (?) ON CONFLICT DO NOTHING", [marketplace])
        refusals, trips, closed_until = sql.execute(
            "UPDATE pace SET refusals = refusals + 1 WHERE marketplace = ? RETURNING refusals, trips, closed_until",
            [marketplace],
        ).fetchone()
        if closed_until > self._now():
            return  # asked for before the circuit opened
        if refusals >= REFUSALS or trips:  # after a trip one refusal is enough: the next request was the trial
            rest = min(REST_SECONDS * 2**trips, LONGEST_REST_SECONDS)
            sql.execute(
                "UPDATE pace SET refusals = 0, trips = trips + 1, closed_until = ? WHERE marketplace = ?",
                [self._now() + rest, marketplace],
            )
