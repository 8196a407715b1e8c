"""What became of flagged listings: whether each is still up, when it is to be looked at again, and what changed."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlite_utils.db import Database

from touchstone.listing import PageStatus
from touchstone.standing import Change, ListingStanding, Standing, StandingEvent

_WATCHED = "('open', 'confirmed', 'unsure')"  # flags whose listings are looked at again
_SEEN = f"""
WITH visited AS (
    SELECT listings.id AS listing, frontier.status AS status, listings.first_seen AS first_seen
    FROM frontier JOIN sweeps ON sweeps.id = frontier.sweep
    JOIN listings ON listings.marketplace = sweeps.marketplace AND listings.url = frontier.url
    WHERE frontier.sweep = :sweep AND kind = 'listing' AND state = 'done' AND http IS NOT NULL
    UNION SELECT id, 'listing', first_seen FROM listings WHERE last_sweep = :sweep
)
SELECT visited.listing, max(iif(visited.status = 'gone', 'gone', json_extract(record, '$.offer.availability'))),
    max(visited.status), visited.first_seen >= :began
FROM visited JOIN listings ON listings.id = visited.listing
WHERE EXISTS (SELECT 1 FROM flags WHERE flags.listing = visited.listing AND flags.status IN {_WATCHED})
    OR EXISTS (SELECT 1 FROM standings WHERE standings.listing = visited.listing)
GROUP BY visited.listing
"""
_DUE = f"""
SELECT listings.id, listings.url, max(flags.status = 'confirmed') AS confirmed, max(flags.probability) AS risk
FROM flags JOIN listings ON listings.id = flags.listing LEFT JOIN standings ON standings.listing = listings.id
WHERE listings.marketplace = :marketplace AND flags.status IN {_WATCHED}
    AND iif(standings.listing IS NULL, listings.last_seen <= :unseen_since, standings.next_at <= :now)
GROUP BY listings.id ORDER BY confirmed DESC, risk DESC, listings.id
"""


class Sighting(NamedTuple):
    """A watched listing that a sweep visited: whether it is up, and whether no sweep before knew it."""

    listing_row: int
    standing: Standing
    new: bool


class StandingStore:
    """The ``standings``, ``standing_events`` and ``gone_photos`` tables. Writing belongs inside a transaction of the store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def sightings(self, sweep_id: int, began: datetime) -> list[Sighting]:
        """The watched listings that a sweep visited, as their own pages showed them."""
        found = []
        for row, offered, status, new in self._db.conn.execute(
            _SEEN, {"sweep": sweep_id, "began": began.isoformat()}
        ).fetchall():
            if status in (
                PageStatus.LISTING,
                PageStatus.SOLD_OUT,
            ):  # greater than "gone": one page that shows it is enough
                sold_out = offered == PageStatus.SOLD_OUT or status == PageStatus.SOLD_OUT
                found.append(Sighting(row, Standing.SOLD_OUT if sold_out else Standing.UP, bool(new)))
            elif status == PageStatus.GONE:
                found.append(Sighting(row, Standing.GONE, new=False))
        return found

    def of(self, listing_row: int) -> ListingStanding | None:
        """Where a listing stands, if anybody ever looked again."""
        row = self._db.conn.execute(
            "SELECT standing, since, checked_at, checks, next_at FROM standings WHERE listing = ?", [listing_row]
        ).fetchone()
        if row is None:
            return None
        return ListingStanding(
            listing_row=listing_row, standing=Standing(row[0]), since=datetime.fromisoformat(row[1]),
            checked_at=datetime.fromisoformat(row[2]), checks=row[3],
            next_at=datetime.fromisoformat(row[4]) if row[4] else None,
        )  # fmt: skip

    def keep(self, standing: ListingStanding) -> None:
        """Note where a listing stands."""
        self._db.conn.execute(
            "INSERT INTO standings VALUES (?,?,?,?,?,?) ON CONFLICT (listing) DO UPDATE SET standing = excluded.standing,"
            " since = excluded.since, checked_at = excluded.checked_at, checks = excluded.checks,"
            " next_at = excluded.next_at",
            [
                standing.listing_row, standing.standing, standing.since.isoformat(), standing.checked_at.isoformat(),
                standing.checks, standing.next_at and standing.next_at.isoformat(),
            ],
        )  # fmt: skip

    def look_again(self, listing_row: int, at: datetime) -> None:
        """Have a listing looked at again by then, and from there on as often as one that has just changed."""
        self._db.conn.execute(
            "UPDATE standings SET checks = 0, next_at = min(coalesce(next_at, ?), ?) WHERE listing = ?",
            [at.isoformat(), at.isoformat(), listing_row],
        )

    def put_off(self, marketplace: str, urls: tuple[str, ...], *, now: datetime, until: datetime) -> None:
        """Leave those of the listings that are due, and were not seen, until then."""
        self._db.conn.executemany(
            "INSERT INTO standings SELECT id, 'up', last_seen, last_seen, 0, ? FROM listings"
            f" WHERE marketplace = ? AND url = ? AND EXISTS (SELECT 1 FROM flags WHERE listing = listings.id AND status IN {_WATCHED})"
            " ON CONFLICT (listing) DO UPDATE SET next_at = excluded.next_at"
            " WHERE next_at <= ?",
            [(until.isoformat(), marketplace, url, now.isoformat()) for url in urls],
        )

    def due(self, marketplace: str, *, now: datetime, unseen_since: datetime) -> Iterator[str]:
        """The addresses of flagged listings that are due for another look: confirmed ones first, then the likeliest."""
        for _, url, _, _ in self._db.conn.execute(
            _DUE,
            {"marketplace": marketplace, "now": now.isoformat(), "unseen_since": unseen_since.isoformat()},
        ):
            yield url

    def lately_up(self, marketplace: str, most: int) -> list[str]:
        """The addresses of the listings that were seen last; they show whether the marketplace still works as it did."""
        rows = self._db.conn.execute(
            "SELECT url FROM listings LEFT JOIN standings ON standings.listing = listings.id WHERE marketplace = ?"
            " AND coalesce(standing, 'up') <> 'gone' ORDER BY last_seen DESC, id DESC LIMIT ?",
            [marketplace, most],
        )
        return [url for (url,) in rows]

    def note(self, event: StandingEvent) -> None:
        """Add a change."""
        self._db.conn.execute(
            "INSERT INTO standing_events (listing, sweep, at, change, detail) VALUES (?,?,?,?,?)",
            [event.listing_row, event.sweep, event.at.isoformat(), event.change, event.detail],
        )

    def events(self, listing_row: int) -> list[StandingEvent]:
        """What became of a listing, oldest first."""
        rows = self._db.conn.execute(
            "SELECT listing, sweep, at, change, detail FROM standing_events WHERE listing = ? ORDER BY id",
            [listing_row],
        )
        return [
            StandingEvent(
                listing_row=row, sweep=sweep, at=datetime.fromisoformat(at), change=Change(change), detail=detail
            )
            for row, sweep, at, change, detail in rows
        ]

    def changes_since(self, brand: str, since: datetime) -> Iterator[tuple[Change, str, str, str]]:
        """What became of a brand's flagged listings since then: change, title, address and detail."""
        for change, title, url, detail in self._db.conn.execute(
            "SELECT change, title, url, detail FROM standing_events JOIN listings ON listings.id = listing WHERE at >= ?"
            " AND EXISTS (SELECT 1 FROM flags WHERE flags.listing = listings.id AND brand = ?) ORDER BY standing_events.id",
            [since.isoformat(), brand],
        ):
            yield Change(change), title, url, detail

    def counts(self) -> list[tuple[str, str, int]]:
        """How many watched listings of each marketplace stand how."""
        return list(
            self._db.conn.execute(
                "SELECT marketplace, standing, count(*) FROM standings JOIN listings ON listings.id = listing GROUP BY 1, 2"
            )
        )

    def remember_photos(self, listing_row: int, photos: tuple[str, ...]) -> None:
        """Remember what a listing that is gone showed, to know it again when it returns as another."""
        self._db.conn.executemany(
            "INSERT INTO gone_photos VALUES (?,?) ON CONFLICT DO NOTHING", [(sha256, listing_row) for sha256 in photos]
        )

    def forget_photos(self, listing_row: int) -> None:
        """Forget them: the listing itself is back."""
        self._db.conn.execute("DELETE FROM gone_photos WHERE listing = ?", [listing_row])

    def predecessors(self, listing_row: int, photos: tuple[str, ...]) -> list[tuple[int, str]]:
        """The listings that are gone and that a new one takes up, each with what says so.

        Both are flagged for the same brand, and show the same photo, or are one seller's offer of one product.
        """
        marks = ",".join("?" * len(photos))
        by_photo = self._db.conn.execute(
            f"SELECT DISTINCT gone_photos.listing FROM gone_photos JOIN flags AS old ON old.listing = gone_photos.listing"
            f" JOIN flags AS new ON new.brand = old.brand WHERE new.listing = ? AND gone_photos.listing <> new.listing"
            f" AND sha256 IN ({marks})",
            [listing_row, *photos],
        ).fetchall()
        by_seller = self._db.conn.execute(
            "SELECT DISTINCT before.id FROM listings AS now JOIN listings AS before"
            " ON before.marketplace = now.marketplace AND before.seller_id = now.seller_id AND before.id <> now.id"
            " JOIN standings ON standings.listing = before.id AND standing = 'gone'"
            " JOIN flags AS old ON old.listing = before.id JOIN flags AS new ON new.listing = now.id"
            " AND new.brand = old.brand AND new.product = old.product WHERE now.id = ?",
            [listing_row],
        ).fetchall()
        found = {row: "the same seller's offer of the same product" for (row,) in by_seller}
        return sorted((found | {row: "the same photo" for (row,) in by_photo}).items())
