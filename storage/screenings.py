"""How each listing was screened, and what the screenings of one seller's listings and of one brand's offers add up to."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlite_utils.db import Database

from touchstone.background import UnitPrice
from touchstone.decoding import to_json
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match

SELLER, BRAND = "seller", "brand"  # kinds of stale things


class Screened(NamedTuple):
    """What one screening leaves behind, besides findings and flags.

    ``tallies`` is what it adds to its seller's record, ``photos`` are the content addresses of photos of the seller's own.
    """

    state: int
    matches: tuple[Match, ...]
    unit_prices: tuple[UnitPrice, ...]
    tallies: frozenset[str]
    photos: frozenset[str]


class Stale(NamedTuple):
    """A seller's record (``marketplace`` and number as JSON) or a brand's prices that changed since they were looked at."""

    id: int
    kind: str
    key: str


class ScreeningStore:
    """The ``screenings``, ``matches``, ``seller_tallies``, ``photo_uses``, ``unit_prices`` and ``stale`` tables.

    Sums are kept up as listings come, so that a record costs the same however much a seller sells. Writing belongs
    inside a transaction of the store.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def state(self, record: object) -> int:
        """The number of a state of catalog, detectors and weights; made where it is new."""
        text = to_json(record)
        self._db.conn.execute("INSERT INTO screening_states (record) VALUES (?) ON CONFLICT DO NOTHING", [text])
        return int(self._db.conn.execute("SELECT id FROM screening_states WHERE record = ?", [text]).fetchone()[0])

    def states(self) -> dict[int, str]:
        """Every state that some listing was last screened in, as JSON."""
        return dict(
            self._db.conn.execute(
                "SELECT id, record FROM screening_states WHERE id IN (SELECT DISTINCT state FROM screenings)"
            )
        )

    def keep(self, row: int, listing: Listing, screened: Screened) -> None:
        """Replace what the listing's last screening left behind, and bring the sums up to date."""
        known = self._own(row)
        seller = listing.offer.seller
        here = (listing.marketplace, seller.seller_id if seller else None)
        self._move(known, _Own(*here, screened.tallies, screened.photos, known.decisions))
        self._db.conn.execute(
            "INSERT OR REPLACE INTO screenings VALUES (?,?,?,?,?,?,?)",
            [
                row, screened.state, *here, _texts(screened.tallies), _texts(screened.photos), _texts(known.decisions),
            ],
        )  # fmt: skip
        self._db.conn.execute("DELETE FROM matches WHERE listing = ?", [row])
        self._db.conn.executemany(
            "INSERT INTO matches VALUES (?,?,?,?)",
            [(row, match.brand, match.product, to_json(match)) for match in screened.matches],
        )
        self._keep_prices(row, listing, screened.unit_prices)

    def restate(self, row: int, state: int) -> None:
        """Note that a listing's last screening stands in another state."""
        self._db.conn.execute("UPDATE screenings SET state = ? WHERE listing = ?", [state, row])

    def decide(self, row: int, decisions: frozenset[str]) -> None:
        """Count what people decided about a listing into its seller's record."""
        known = self._own(row)
        self._move(known, known._replace(decisions=decisions))
        self._db.conn.execute("UPDATE screenings SET decisions = ? WHERE listing = ?", [_texts(decisions), row])

    def _own(self, row: int) -> "_Own":
        found = self._db.conn.execute(
            "SELECT marketplace, seller_id, tallies, photos, decisions FROM screenings WHERE listing = ?", [row]
        ).fetchone()
        if found is None:
            return _Own(None, None, frozenset(), frozenset(), frozenset())
        return _Own(found[0], found[1], *(frozenset(json.loads(text)) for text in found[2:]))

    def _move(self, old: "_Own", new: "_Own") -> None:
        """Take from the sums what ``old`` added and ``new`` does not, and the other way round."""
        if old == new:
            return
        for own, step in ((old, -1), (new, 1)):
            if own.marketplace is None or own.seller_id is None:
                continue
            key = (own.marketplace, own.seller_id)
            self._db.conn.executemany(
                "INSERT INTO seller_tallies VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET listings = listings + excluded.listings",
                [(*key, tally, step) for tally in own.tallies | own.decisions],
            )
            self._db.conn.executemany(
                "INSERT INTO photo_uses VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET listings = listings + excluded.listings",
                [(sha256, *key, step) for sha256 in own.photos],
            )
            if own.tallies | own.decisions:
                self._mark(SELLER, to_json(key))

    def _keep_prices(self, row: int, listing: Listing, prices: tuple[UnitPrice, ...]) -> None:
        was = self._db.conn.execute(
            "DELETE FROM unit_prices WHERE listing = ? RETURNING product, currency, minor, authorized", [row]
        ).fetchall()
        now = [(price.product, price.currency, price.minor, int(price.authorized)) for price in prices]
        self._db.conn.executemany(
            "INSERT INTO unit_prices VALUES (?,?,?,?,?,?,?,?)",
            [
                (
                    row, price.product, _brand(price.product), price.currency, price.minor, price.share,
                    int(price.authorized), listing.seen_at.isoformat(),
                )
                for price in prices
            ],
        )  # fmt: skip
        for changed in set(was) ^ set(now):
            if changed[3]:
                self._mark(BRAND, _brand(changed[0]))

    def _mark(self, kind: str, key: str) -> None:
        self._db.conn.execute("INSERT OR REPLACE INTO stale (kind, key) VALUES (?,?)", [kind, key])

    def tallies_of_others(self, listing: Listing) -> dict[str, int]:
        """The sums over the seller's other listings."""
        seller = listing.offer.seller
        if seller is None:
            return {}
        counts = dict(
            self._db.conn.execute(
                "SELECT tally, listings FROM seller_tallies WHERE marketplace = ? AND seller_id = ?",
                [listing.marketplace, seller.seller_id],
            ).fetchall()
        )
        if not counts:
            return {}
        found = self._db.conn.execute(
            "SELECT id FROM listings WHERE marketplace = ? AND listing_id = ?",
            [listing.marketplace, listing.listing_id],
        ).fetchone()
        own = self._own(found[0]) if found else None
        if own and (own.marketplace, own.seller_id) == (listing.marketplace, seller.seller_id):
            for tally in own.tallies | own.decisions:
                counts[tally] -= 1
        return {tally: count for tally, count in counts.items() if count > 0}

    def other_sellers_of(self, photos: Iterable[str], listing: Listing) -> dict[str, int]:
        """For each photo, how many other sellers show it as their own; those that nobody else shows are left out."""
        seller = listing.offer.seller
        me = (listing.marketplace, seller.seller_id if seller else "")
        found = {}
        for sha256 in photos:
            (count,) = self._db.conn.execute(
                "SELECT COUNT(*) FROM photo_uses WHERE sha256 = ? AND listings > 0"
                " AND NOT (marketplace = ? AND seller_id = ?)",
                [sha256, *me],
            ).fetchone()
            if count:
                found[sha256] = int(count)
        return found

    def authorized_prices(self, since: datetime) -> Iterator[tuple[str, str, str, int, float]]:
        """Brand, product, currency, unit price and its share of the list price, of authorized offers seen since then."""
        yield from self._db.conn.execute(
            "SELECT brand, product, currency, minor, share FROM unit_prices WHERE authorized = 1 AND at >= ?",
            [since.isoformat()],
        )

    def matches(self, row: int) -> tuple[Match, ...]:
        """What a listing is about, as its last screening had it, the surest first."""
        rows = self._db.conn.execute("SELECT record FROM matches WHERE listing = ?", [row])
        found = [msgspec.json.decode(record, type=Match) for (record,) in rows]
        return tuple(sorted(found, key=lambda match: (-match.confidence, match.brand)))

    def findings(self, row: int) -> tuple[Finding, ...]:
        """What was found in a listing, in the order in which it was found."""
        rows = self._db.conn.execute(
            "SELECT detector, version, kind, brand, strength, reason, data FROM findings WHERE listing = ? ORDER BY id",
            [row],
        )
        return tuple(
            Finding(
                detector=detector, version=version, kind=kind, brand=brand, strength=strength, reason=reason,
                data=json.loads(data),
            )
            for detector, version, kind, brand, strength, reason, data in rows
        )  # fmt: skip

    def rows_in(self, state: int) -> list[int]:
        """The listings that were last screened in a state."""
        return self._rows("SELECT listing FROM screenings WHERE state = ? ORDER BY listing", [state])

    def rows_about(self, brand: str) -> list[int]:
        """The listings that are about a brand."""
        return self._rows("SELECT listing FROM matches WHERE brand = ? ORDER BY listing", [brand])

    def rows_about_any(self) -> list[int]:
        """The listings that are about any brand."""
        return self._rows("SELECT DISTINCT listing FROM matches ORDER BY listing", [])

    def rows_never_screened(self) -> list[int]:
        """Listings of which no screening is kept: those of a store that an older version made."""
        return self._rows("SELECT id FROM listings WHERE id NOT IN (SELECT listing FROM screenings) ORDER BY id", [])

    def rows_of_seller(self, key: str) -> list[int]:
        """The listings of a seller that are about a brand; ``key`` as in `Stale`."""
        return self._rows(
            "SELECT listing FROM screenings WHERE marketplace = ? AND seller_id = ? AND tallies != '[]' ORDER BY listing",
            json.loads(key),
        )

    def _rows(self, query: str, values: list[object]) -> list[int]:
        return [row for (row,) in self._db.conn.execute(query, values)]

    def stale(self) -> list[Stale]:
        """What changed since it was last looked at, oldest change first."""
        return [Stale(*row) for row in self._db.conn.execute("SELECT id, kind, key FROM stale ORDER BY id")]

    def looked_at(self, stale: list[Stale]) -> None:
        """Note that these were looked at; what changed again meanwhile has another number and stays."""
        self._db.conn.executemany("DELETE FROM stale WHERE id = ?", [(one.id,) for one in stale])


class _Own(NamedTuple):
    """What one listing adds to the sums, and to whose."""

    marketplace: str | None
    seller_id: str | None
    tallies: frozenset[str]
    photos: frozenset[str]
    decisions: frozenset[str]


def _texts(values: frozenset[str]) -> str:
    return json.dumps(sorted(values))


def _brand(product: str) -> str:
    return product.split("/", 1)[0]
