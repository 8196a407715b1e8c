"""Listings and what was seen of them; an observation is added, never changed."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from sqlite_utils.db import Database

from touchstone.decoding import to_json
from touchstone.exhibit import PricePoint
from touchstone.listing import Listing, Seller
from touchstone.money import Money
from touchstone.sweeps import Capture
from touchstone.verdicts import Finding


class ListingStore:
    """The ``listings``, ``sellers``, ``observations``, ``findings`` and ``captures`` tables.

    Writing belongs inside a transaction of the store.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def observe(self, listing: Listing, sweep_id: int) -> int:
        """Note a listing as it was seen in a sweep; returns its row number.

        ``listings`` holds the newest state, ``observations`` all of them.
        """
        at = listing.seen_at.isoformat()
        seller_id = self._know_seller(listing.offer.seller, at) if listing.offer.seller else None
        (row_id,) = self._db.conn.execute(
            "INSERT INTO listings (marketplace, listing_id, url, title, seller_id, record, first_seen, last_seen,"
            " last_sweep) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (marketplace, listing_id) DO UPDATE SET"
            " url = excluded.url, title = excluded.title, seller_id = excluded.seller_id, record = excluded.record,"
            " last_seen = excluded.last_seen, last_sweep = excluded.last_sweep RETURNING id",
            [
                listing.marketplace, listing.listing_id, listing.url, listing.title, seller_id,
                to_json(listing), at, at, sweep_id,
            ],
        ).fetchone()  # fmt: skip
        price, list_price = listing.offer.price, listing.offer.list_price
        amount = price or list_price
        self._db.conn.execute(
            "INSERT INTO observations (listing, sweep, at, title, price_minor, list_price_minor, currency,"
            " availability, seller_id) VALUES (?,?,?,?,?,?,?,?,?)",
            [
                row_id, sweep_id, at, listing.title, price.minor if price else None,
                list_price.minor if list_price else None, amount.currency if amount else None,
                listing.offer.availability, seller_id,
            ],
        )  # fmt: skip
        return int(row_id)

    def _know_seller(self, seller: Seller, at: str) -> str:
        self._db.conn.execute(
            "INSERT INTO sellers (marketplace, seller_id, name, record, first_seen, last_seen) VALUES (?,?,?,?,?,?) ON CONFLICT (marketplace, seller_id) DO UPDATE SET"
            " name = excluded.name, record = excluded.record, last_seen = excluded.last_seen",
            [seller.marketplace, seller.seller_id, seller.name, to_json(seller), at, at],
        )
        return seller.seller_id

    def read_seller(self, seller: Seller, at: datetime) -> None:
        """Note what a seller's page said."""
        self._know_seller(seller, at.isoformat())
        self._db.conn.execute(
            "UPDATE sellers SET read_at = ? WHERE marketplace = ? AND seller_id = ?",
            [at.isoformat(), seller.marketplace, seller.seller_id],
        )

    def seller_read_since(self, marketplace: str, seller_id: str, since: datetime) -> Seller | None:
        """A seller whose page was read since then."""
        row = self._db.conn.execute(
            "SELECT record FROM sellers WHERE marketplace = ? AND seller_id = ? AND read_at >= ?",
            [marketplace, seller_id, since.isoformat()],
        ).fetchone()
        return msgspec.json.decode(row[0], type=Seller) if row else None

    def replace(self, row_id: int, listing: Listing) -> None:
        """Keep what was learned of a listing since it was seen; what was observed stays."""
        self._db.conn.execute("UPDATE listings SET record = ? WHERE id = ?", [to_json(listing), row_id])

    def keep_findings(self, row_id: int, findings: tuple[Finding, ...], at: datetime) -> None:
        """Replace what detection found in a listing; flags keep the reasons that they were raised for."""
        self._db.conn.execute("DELETE FROM findings WHERE listing = ?", [row_id])
        self._db.conn.executemany(
            "INSERT INTO findings (listing, brand, detector, version, kind, strength, reason, data, at)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            [
                (row_id, f.brand, f.detector, f.version, f.kind, f.strength, f.reason, to_json(f.data), at.isoformat())
                for f in findings
            ],
        )

    def keep_capture(self, row_id: int, sweep_id: int, capture: Capture) -> None:
        """Note a page that was kept; its bytes are in the blob store already."""
        self._db.conn.execute(
            "INSERT INTO captures (listing, sweep, at, kind, url, sha256, rendered) VALUES (?,?,?,?,?,?,?)",
            [
                row_id, sweep_id, capture.at.isoformat(), capture.kind, capture.url, capture.sha256,
                int(capture.rendered),
            ],
        )  # fmt: skip

    def captures(self, row_id: int) -> list[Capture]:
        """The pages kept of a listing, oldest first."""
        rows = self._db.conn.execute(
            "SELECT url, at, kind, sha256, rendered FROM captures WHERE listing = ? ORDER BY id", [row_id]
        )
        return [
            Capture(url=url, at=datetime.fromisoformat(at), kind=kind, sha256=sha256, rendered=bool(rendered))
            for url, at, kind, sha256, rendered in rows
        ]

    def prices(self, row_id: int) -> list[PricePoint]:
        """What a listing asked each time it was seen, oldest first."""
        return list(self.newest_prices(row_id))[::-1]

    def newest_prices(self, row_id: int) -> Iterator[PricePoint]:
        """What a listing asked each time it was seen, newest first."""
        for at, title, price, list_price, currency, availability, seller_id, sweep in self._db.conn.execute(
            "SELECT at, title, price_minor, list_price_minor, currency, availability, seller_id, sweep FROM observations"
            " WHERE listing = ? ORDER BY at DESC, id DESC",
            [row_id],
        ):
            yield PricePoint(
                at=datetime.fromisoformat(at), title=title, price=None if price is None else Money(price, currency),
                list_price=None if list_price is None else Money(list_price, currency), availability=availability,
                seller_id=seller_id, sweep=sweep,
            )  # fmt: skip

    def sweeps_of(self, row_id: int) -> list[int]:
        """The sweeps in which a listing was seen."""
        rows = self._db.conn.execute(
            "SELECT DISTINCT sweep FROM observations WHERE listing = ? ORDER BY sweep", [row_id]
        )
        return [sweep for (sweep,) in rows]

    def at(self, marketplace: str, url: str) -> list[Listing]:
        """The listings that were read from an address, each in its newest state."""
        rows = self._db.conn.execute(
            "SELECT record FROM listings WHERE marketplace = ? AND url = ?", [marketplace, url]
        )
        return [msgspec.json.decode(record, type=Listing) for (record,) in rows]

    def rows_at(self, url: str) -> list[int]:
        """The row numbers of listings that were read from an address."""
        return [row for (row,) in self._db.conn.execute("SELECT id FROM listings WHERE url = ? ORDER BY id", [url])]

    def seen_since(self, marketplace: str, urls: list[str], since: datetime) -> set[str]:
        """Those of the addresses whose listings were seen since then."""
        rows = self._db.conn.execute(
            "SELECT url FROM listings WHERE marketplace = ? AND last_seen >= ? AND url IN"
            " (SELECT value FROM json_each(?))",
            [marketplace, since.isoformat(), to_json(urls)],
        )
        return {url for (url,) in rows}

    def seen_in(self, sweep_id: int) -> Iterator[Listing]:
        """Every listing that was last seen in a sweep."""
        for (record,) in self._db.conn.execute(
            "SELECT record FROM listings WHERE last_sweep = ? ORDER BY id", [sweep_id]
        ):
            yield msgspec.json.decode(record, type=Listing)

    def all(self) -> Iterator[tuple[int, Listing]]:
        """Every listing in its newest state, with its row number; safe to write to while it is read."""
        last = 0
        while rows := self._db.conn.execute(
            "SELECT id, record FROM listings WHERE id > ? ORDER BY id LIMIT 200", [last]
        ).fetchall():
            for row_id, record in rows:
                yield row_id, msgspec.json.decode(record, type=Listing)
            last = rows[-1][0]

    def count(self) -> int:
        """How many listings there are."""
        return int(self._db.conn.execute("SELECT COUNT(*) FROM listings").fetchone()[0])

    def one(self, row_id: int) -> Listing:
        """One listing in its newest state."""
        (record,) = self._db.conn.execute("SELECT record FROM listings WHERE id = ?", [row_id]).fetchone()
        return msgspec.json.decode(record, type=Listing)
