"""What is being fetched right now, so that two sweeps of a marketplace do not fetch the same thing side by side."""

import time
from collections.abc import Callable

from sqlite_utils.db import Database

CLAIM_SECONDS = (
    120.0  # longer than any photo takes; a process that was killed loses its claims when its sweep is closed
)


class FetchingStore:
    """The ``fetching`` table. A holder is ``PROCESS-SWEEP``. Writing belongs inside a transaction of the store."""

    def __init__(self, db: Database, now: Callable[[], float] = time.time) -> None:
        self._db = db
        self._now = now

    def claim(self, url: str, holder: str) -> bool:
        """Say that ``holder`` fetches an address; false while another does."""
        cursor = self._db.conn.execute(
            "INSERT INTO fetching VALUES (:url, :holder, :until) ON CONFLICT (url) DO UPDATE SET"
            " holder = excluded.holder, until = excluded.until WHERE holder = excluded.holder OR until < :now",
            {"url": url, "holder": holder, "until": self._now() + CLAIM_SECONDS, "now": self._now()},
        )
        return bool(cursor.rowcount)

    def end(self, url: str) -> None:
        """Say that it was fetched, or could not be."""
        self._db.conn.execute("DELETE FROM fetching WHERE url = ?", [url])

    def leave(self, holder: str) -> None:
        """Free whatever a process claims."""
        self._db.conn.execute("DELETE FROM fetching WHERE holder = ?", [holder])
