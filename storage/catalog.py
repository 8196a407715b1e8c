"""The brands' own data: names, products, prices, photos and authorized sellers."""

import json
from datetime import date

import msgspec
from sqlite_utils.db import Database

from storage.images import decoded
from touchstone.catalog import AuthorizedSeller, Brand, BrandReference, Catalog, ReferenceImage, ReferencePrice, Right
from touchstone.decoding import to_json
from touchstone.money import Money
from touchstone.rates import ExchangeRate


class CatalogStore:
    """Reads and writes the catalog. Writing belongs inside a transaction of the store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def load(self) -> Catalog:
        """The whole catalog."""
        return Catalog(
            brands=self._brands(), references=self._references(), authorized=self._authorized(), rates=self._rates(),
            rights=self._rights(),
        )  # fmt: skip

    def upsert(self, catalog: Catalog) -> None:
        """Add what is new and replace what is named again; nothing else is touched.

        A product's prices and images, and a brand's sellers on a marketplace, are replaced as a whole: what a newer
        file no longer lists no longer holds.
        """
        rows = [
            (brand.id, brand.name, _json(brand.aliases), int(brand.ordinary_word), _json(brand.context))
            for brand in catalog.brands
        ]
        self._db.conn.executemany(
            "INSERT INTO brands VALUES (?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET name = excluded.name,"
            " aliases = excluded.aliases, ordinary_word = excluded.ordinary_word, context = excluded.context",
            rows,
        )
        for reference in catalog.references:
            self._upsert_reference(reference)
        for brand, marketplace in sorted({(seller.brand, seller.marketplace) for seller in catalog.authorized}):
            self._db.conn.execute(
                "DELETE FROM authorized_sellers WHERE brand = ? AND marketplace = ?", [brand, marketplace]
            )
        self._db.conn.executemany(
            "INSERT INTO authorized_sellers VALUES (?,?,?,?,?,?)",
            [
                (s.brand, s.marketplace, s.seller_id, s.name, _day(s.valid_from) or "", _day(s.valid_until))
                for s in catalog.authorized
            ],
        )
        self._db.conn.executemany(
            "INSERT OR REPLACE INTO rates VALUES (?,?,?)",
            [(rate.currency, rate.per_euro, rate.as_of.isoformat()) for rate in catalog.rates],
        )
        self._db.conn.executemany(
            "INSERT OR REPLACE INTO rights VALUES (?,?,?)",
            [(right.brand, right.number, to_json(right)) for right in catalog.rights],
        )

    def _upsert_reference(self, reference: BrandReference) -> None:
        key = [reference.brand, reference.sku]
        self._db.conn.execute(
            "INSERT INTO brand_references VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (brand, sku) DO UPDATE SET"
            " title = excluded.title, titles = excluded.titles, mpn = excluded.mpn, gtins = excluded.gtins,"
            " category = excluded.category, pack_quantity = excluded.pack_quantity,"
            " colours = excluded.colours, sizes = excluded.sizes",
            [
                *key, reference.title, _json(reference.titles), reference.mpn, _json(reference.gtins),
                reference.category, reference.pack_quantity, _json(reference.colours), _json(reference.sizes),
            ],
        )  # fmt: skip
        for table in ("reference_prices", "reference_images"):
            self._db.conn.execute(f"DELETE FROM {table} WHERE brand = ? AND sku = ?", key)
        self._db.conn.executemany(
            "INSERT INTO reference_prices VALUES (?,?,?,?,?)",
            [
                (*key, p.list_price.currency, p.list_price.minor, p.minimum_advertised and p.minimum_advertised.minor)
                for p in reference.prices
            ],
        )
        self._db.conn.executemany(
            "INSERT INTO reference_images VALUES (?,?,?,?,?)",
            [(*key, position, image.sha256, image.source) for position, image in enumerate(reference.images)],
        )

    def _brands(self) -> tuple[Brand, ...]:
        rows = self._db.conn.execute("SELECT id, name, aliases, ordinary_word, context FROM brands ORDER BY id")
        return tuple(
            Brand(id=row[0], name=row[1], aliases=_texts(row[2]), ordinary_word=bool(row[3]), context=_texts(row[4]))
            for row in rows
        )

    def _references(self) -> tuple[BrandReference, ...]:
        prices: dict[tuple[str, str], list[ReferencePrice]] = {}
        for brand, sku, currency, list_minor, map_minor in self._db.conn.execute(
            "SELECT * FROM reference_prices ORDER BY brand, sku, currency"
        ):
            least = Money(map_minor, currency) if map_minor is not None else None
            price = ReferencePrice(list_price=Money(list_minor, currency), minimum_advertised=least)
            prices.setdefault((brand, sku), []).append(price)
        images: dict[tuple[str, str], list[ReferenceImage]] = {}
        for brand, sku, sha256, source, fingerprint in self._db.conn.execute(
            "SELECT brand, sku, sha256, source, fingerprint FROM reference_images JOIN images USING (sha256)"
            " ORDER BY brand, sku, position"
        ):
            image = ReferenceImage(sha256=sha256, source=source, fingerprint=decoded(fingerprint))
            images.setdefault((brand, sku), []).append(image)
        rows = self._db.conn.execute(
            "SELECT brand, sku, title, titles, mpn, gtins, category, pack_quantity, colours, sizes FROM brand_references"
            " ORDER BY brand, sku"
        )
        return tuple(
            BrandReference(
                brand=row[0], sku=row[1], title=row[2], titles=_texts(row[3]), mpn=row[4], gtins=_texts(row[5]),
                category=row[6], pack_quantity=row[7], colours=_texts(row[8]), sizes=_texts(row[9]),
                prices=tuple(prices.get((row[0], row[1]), ())),
                images=tuple(images.get((row[0], row[1]), ())),
            )
            for row in rows
        )  # fmt: skip

    def _authorized(self) -> tuple[AuthorizedSeller, ...]:
        rows = self._db.conn.execute(
            "SELECT * FROM authorized_sellers ORDER BY brand, marketplace, seller_id, valid_from"
        )
        return tuple(
            AuthorizedSeller(
                brand=row[0], marketplace=row[1], seller_id=row[2], name=row[3],
                valid_from=date.fromisoformat(row[4]) if row[4] else None,
                valid_until=date.fromisoformat(row[5]) if row[5] else None,
            )
            for row in rows
        )  # fmt: skip

    def _rates(self) -> tuple[ExchangeRate, ...]:
        rows = self._db.conn.execute("SELECT currency, per_euro, as_of FROM rates ORDER BY currency")
        return tuple(ExchangeRate(currency=row[0], per_euro=row[1], as_of=date.fromisoformat(row[2])) for row in rows)

    def _rights(self) -> tuple[Right, ...]:
        rows = self._db.conn.execute("SELECT record FROM rights ORDER BY brand, number")
        return tuple(msgspec.json.decode(record, type=Right) for (record,) in rows)


def _json(values: tuple[str, ...]) -> str:
    return json.dumps(list(values), ensure_ascii=False)


def _texts(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
