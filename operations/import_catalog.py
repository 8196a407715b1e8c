"""Importing catalog files: all of them, or nothing and a line for each bad row."""

import hashlib
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from detectors.fingerprints import fingerprint
from operations import clock
from operations.aliases import AliasHint, hint
from operations.catalog_rows import BrandRow, PlacedRow, PriceRow, ProductRow, RateRow, SellerRow, read
from storage.store import Store
from touchstone.catalog import AuthorizedSeller, Brand, BrandReference, Catalog, ReferenceImage, ReferencePrice, Right
from touchstone.decoding import nearest
from touchstone.errors import CatalogError, UnreadableImage
from touchstone.identifiers import valid_gtin
from touchstone.images import Fingerprint
from touchstone.money import Money, minor_digits
from touchstone.rates import ExchangeRate

LARGEST_IMAGE_BYTES = 20 * 1024 * 1024
FETCH_SECONDS = 20.0
LARGEST_RATE = 1e7  # units for one euro; the weakest currencies stand at some 1e5


class ImportCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How much was imported."""

    brands: int
    products: int
    images: int
    sellers: int


class ImportReport(ImportCounts, frozen=True, kw_only=True):
    """What was imported, and what the brands may want to list, too; nothing acts on these hints."""

    alias_hints: tuple[AliasHint, ...] = ()


class _Photo(msgspec.Struct, frozen=True):
    body: bytes
    sha256: str
    fingerprint: Fingerprint


def import_catalog(
    store: Store, paths: Iterable[Path], *, actor: str, progress: Callable[[str], None] = lambda text: None
) -> ImportReport:
    """Import every row of every file, in one transaction.

    Raises ``CatalogError`` whose ``problems`` name each bad row with its file, number, field and mend; nothing is
    imported then.
    """
    rows: list[PlacedRow] = []
    problems: list[str] = []
    for path in paths:
        read_rows, faults = read(path)
        rows += read_rows
        problems += faults
    builder = _Builder(rows, store.catalog.load(), progress)
    catalog = builder.build()
    problems += builder.problems
    if problems:
        count = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
        raise CatalogError(
            f"{count}; nothing was imported", problems=tuple(problems), hint="Mend these rows and import again."
        )
    photos = {photo.sha256: photo for photo in builder.photos.values() if photo}
    for photo in photos.values():
        store.blobs.put(photo.body)
    at = clock.now()
    with store.transaction():
        for photo in photos.values():
            store.images.keep(photo.sha256, size=len(photo.body), fingerprint=photo.fingerprint, unreadable=None, at=at)
        store.catalog.upsert(catalog)
        counts = ImportCounts(
            brands=len(catalog.brands), products=len(catalog.references), images=len(photos),
            sellers=len(catalog.authorized),
        )  # fmt: skip
        store.audit.append(at=at, actor=actor, action="catalog.import", subject="catalog", detail=counts)
    return ImportReport(**msgspec.structs.asdict(counts), alias_hints=tuple(builder.alias_hints()))


class _Builder:
    """Puts rows together into a catalog, and collects what does not fit."""

    def __init__(self, rows: list[PlacedRow], existing: Catalog, progress: Callable[[str], None]) -> None:
        self.rows = rows
        self.problems: list[str] = []
        self.photos: dict[str, _Photo | None] = {}
        self._progress = progress
        self._brands = {brand.id for brand in existing.brands}
        self._products = {(ref.brand, ref.sku): ref for ref in existing.references}

    def build(self) -> Catalog:
        """The catalog that the rows describe."""
        brands = [self._brand(placed.row) for placed in self.rows if isinstance(placed.row, BrandRow)]
        self._brands |= {brand.id for brand in brands}
        self._duplicates()
        prices = self._prices()
        references = {
            (placed.row.brand, placed.row.sku): self._product(placed, placed.row, prices)
            for placed in self.rows
            if isinstance(placed.row, ProductRow)
        }
        for key, listed in prices.items():  # new prices for a product that an earlier import brought
            if key not in references and key in self._products:
                references[key] = msgspec.structs.replace(self._products[key], prices=tuple(listed))
        sellers = [self._seller(placed, placed.row) for placed in self.rows if isinstance(placed.row, SellerRow)]
        rates = [
            rate for placed in self.rows if isinstance(placed.row, RateRow) and (rate := self._rate(placed, placed.row))
        ]
        rights = [self._right(placed, placed.row) for placed in self.rows if isinstance(placed.row, Right)]
        return Catalog(
            brands=tuple(brands), references=tuple(references.values()), authorized=tuple(sellers), rates=tuple(rates),
            rights=tuple(rights),
        )  # fmt: skip

    def alias_hints(self) -> Iterator[AliasHint]:
        """What the brands among the rows may want to list, too."""
        for placed in self.rows:
            if isinstance(placed.row, BrandRow) and (found := hint(self._brand(placed.row), placed.place)):
                yield found

    def _brand(self, row: BrandRow) -> Brand:
        return Brand(
            id=row.id, name=row.name, aliases=row.aliases, ordinary_word=row.ordinary_word, context=row.context
        )

    def _duplicates(self) -> None:
        seen: dict[tuple[str, ...], str] = {}
        for placed in self.rows:
            match placed.row:
                case BrandRow(id=brand):
                    key: tuple[str, ...] = ("brand", brand)
                case ProductRow(brand=brand, sku=sku):
                    key = ("product", brand, sku)
                case PriceRow(brand=brand, sku=sku, currency=currency):
                    key = ("price", brand, sku, currency)
                case SellerRow(brand=brand, marketplace=place, seller_id=seller, valid_from=start):
                    key = ("seller", brand, place, seller, str(start))
                case RateRow(currency=currency):
                    key = ("rate", currency)
                case Right(brand=brand, number=number):
                    key = ("right", brand, number)
            if key in seen:
                self._problem(placed, f"{' '.join(key)} stands already at {seen[key]}", "keep one of the two")
            seen.setdefault(key, placed.place)

    def _prices(self) -> dict[tuple[str, str], list[ReferencePrice]]:
        found: dict[tuple[str, str], list[ReferencePrice]] = defaultdict(list)
        products = {(p.row.brand, p.row.sku) for p in self.rows if isinstance(p.row, ProductRow)} | set(self._products)
        for placed in self.rows:
            row = placed.row
            if isinstance(row, ProductRow) and row.price is not None:
                if row.currency is None:
                    self._problem(placed, "price without a currency", "add currency, such as KRW")
                    continue
                price = self._price(placed, row.price, row.currency, row.minimum_advertised_price)
            elif isinstance(row, PriceRow):
                if (row.brand, row.sku) not in products:
                    self._problem(placed, f"sku {row.sku!r} is not a product of {row.brand!r}", "add the product's row")
                price = self._price(placed, row.list_price, row.currency, row.minimum_advertised_price)
            else:
                continue
            if price:
                found[row.brand, row.sku].append(price)
        return found

    def _price(self, placed: PlacedRow, amount: str, currency: str, least: str | None) -> ReferencePrice | None:
        try:
            price = Money.of(amount.replace(",", ""), currency)
            minimum = Money.of(least.replace(",", ""), currency) if least else None
        except ValueError as error:
            self._problem(placed, f"price: {error}", "")
            return None
        if minimum and minimum.minor > price.minor:
            self._problem(placed, f"minimum_advertised_price {minimum} is above the list price {price}", "swap them?")
        return ReferencePrice(list_price=price, minimum_advertised=minimum)

    def _product(
        self, placed: PlacedRow, row: ProductRow, prices: dict[tuple[str, str], list[ReferencePrice]]
    ) -> BrandReference:
        self._known_brand(placed, row.brand)
        for gtin in row.gtin:
            if not valid_gtin(gtin):
                self._problem(
                    placed, f"gtin: {gtin} has a wrong check digit or length", "copy it from the package again"
                )
        if row.pack_quantity < 1:
            self._problem(placed, f"pack_quantity: {row.pack_quantity} is less than one", "write 1 for single pieces")
        return BrandReference(
            brand=row.brand, sku=row.sku, title=row.title, titles=row.titles, mpn=row.mpn, gtins=row.gtin,
            category=row.category, pack_quantity=row.pack_quantity, colours=row.colours, sizes=row.sizes,
            prices=tuple(prices.get((row.brand, row.sku), ())), images=tuple(self._images(placed, row)),
        )  # fmt: skip

    def _images(self, placed: PlacedRow, row: ProductRow) -> Iterator[ReferenceImage]:
        for source in row.images:
            self._progress(f"{row.brand}/{row.sku}")
            address = source if source.startswith(("http://", "https://")) else str(placed.folder / source)
            if address not in self.photos:
                self.photos[address] = self._photo(placed, source, address)
            photo = self.photos[address]
            if photo is not None:
                yield ReferenceImage(sha256=photo.sha256, source=source, fingerprint=photo.fingerprint)

    def _photo(self, placed: PlacedRow, source: str, address: str) -> _Photo | None:
        try:
            body = _read_image(address)
            return _Photo(body, hashlib.sha256(body).hexdigest(), fingerprint(body))
        except (OSError, ValueError) as error:
            self._problem(placed, f"images: {source} cannot be read: {error}", "check path or address")
        except UnreadableImage as error:
            self._problem(placed, f"images: {source}: {error.message}", "give a JPEG, PNG or WebP photo")
        return None

    def _seller(self, placed: PlacedRow, row: SellerRow) -> AuthorizedSeller:
        self._known_brand(placed, row.brand)
        if row.valid_from and row.valid_until and row.valid_until < row.valid_from:
            self._problem(placed, f"valid_until {row.valid_until} is before valid_from {row.valid_from}", "swap them?")
        return AuthorizedSeller(
            brand=row.brand, marketplace=row.marketplace, seller_id=row.seller_id, name=row.name,
            valid_from=row.valid_from, valid_until=row.valid_until,
        )  # fmt: skip

    def _rate(self, placed: PlacedRow, row: RateRow) -> ExchangeRate | None:
        try:
            minor_digits(row.currency)
        except ValueError as error:
            self._problem(placed, f"currency: {error}", "")
            return None
        per_euro = float(row.per_euro)
        if not 0 < per_euro < LARGEST_RATE:
            self._problem(placed, f"per_euro: {row.per_euro} is no rate", "write how many units one euro buys")
            return None
        return ExchangeRate(currency=row.currency, per_euro=per_euro, as_of=row.as_of)

    def _right(self, placed: PlacedRow, row: Right) -> Right:
        self._known_brand(placed, row.brand)
        if row.registered and row.expires and row.expires < row.registered:
            self._problem(placed, f"expires {row.expires} is before registered {row.registered}", "swap them?")
        return row

    def _known_brand(self, placed: PlacedRow, brand: str) -> None:
        if brand not in self._brands:
            self._problem(
                placed, f"brand {brand!r} is not in the catalog", f"add its row; {nearest(brand, sorted(self._brands))}"
            )

    def _problem(self, placed: PlacedRow, what: str, mend: str) -> None:
        self.problems.append(f"{placed.place}: {what}" + (f"; {mend}" if mend else ""))


def _read_image(address: str) -> bytes:
    """An image's bytes from a file, or from an address that the brand itself gave."""
    if not address.startswith(("http://", "https://")):
        return Path(address).read_bytes()
    with urllib.request.urlopen(address, timeout=FETCH_SECONDS) as response:  # noqa: S310 -- http(s) only, checked above
        body: bytes = response.read(LARGEST_IMAGE_BYTES + 1)
    if len(body) > LARGEST_IMAGE_BYTES:
        raise ValueError(f"larger than {LARGEST_IMAGE_BYTES // 2**20} MB")
    return body
