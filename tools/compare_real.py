"""Compares the listings in a store with what the crawled shops' own databases hold, field by field.

python tools/compare_real.py STORE SHOP.tsv …

Each table is what ``tools/shops/SHOP.sh products`` prints: id, sku, title, price, currency and the image's file. An
image agrees when the store holds the very bytes of that file. Exit code 1 when anything differs.
"""

import csv
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from storage.store import Store
from touchstone.errors import VerificationFailed
from touchstone.listing import Listing
from touchstone.money import Money

FIELDS = ("title", "price", "currency", "sku", "image")
MOST_DIFFERENCES = 20  # printed for each shop; more of them have one cause


def main(arguments: list[str]) -> int:
    """Print a row for each shop, then what differs."""
    store = Store.open(Path(arguments[0]), create=False)
    stored = [listing for _, listing in store.listings.all()]
    print(f"{'shop':<10}{'products':>10}{'stored':>10}" + "".join(f"{name:>10}" for name in FIELDS))
    notes = []
    for table in map(Path, arguments[1:]):
        products = list(
            csv.DictReader(table.read_text(encoding="utf-8").splitlines(), dialect="excel-tab", quoting=csv.QUOTE_NONE)
        )
        listings = {listing.listing_id: listing for listing in stored if listing.marketplace == table.stem}
        agreeing = dict.fromkeys(FIELDS, 0)
        differences = [
            f"{extra}: is stored, but no product of the shop" for extra in listings.keys() - {p["id"] for p in products}
        ]
        for product in products:
            listing = listings.get(product["id"])
            if listing is None:
                differences.append(f"{product['id']}: is not stored")
                continue
            wrong = dict(_wrong(product, listing, store))
            differences += [f"{product['id']}: {name} {text}" for name, text in wrong.items()]
            for name in FIELDS:
                agreeing[name] += name not in wrong
        counts = (len(products), len(listings), *agreeing.values())
        print(f"{table.stem:<10}" + "".join(f"{count:>10}" for count in counts))
        if not products:
            differences.append("the shop's database holds no product")
        notes += [f"{table.stem} {difference}" for difference in differences[:MOST_DIFFERENCES]]
        notes += (
            [f"{table.stem}: {len(differences) - MOST_DIFFERENCES} more"] if len(differences) > MOST_DIFFERENCES else []
        )
    print("", *(notes or ["Every product is stored, and every field agrees."]), sep="\n")
    return 1 if notes else 0


def _wrong(product: dict[str, str], listing: Listing, store: Store) -> Iterator[tuple[str, str]]:
    """The fields that differ between the shop's row and the stored listing, each with both values."""
    if listing.title != product["title"]:
        yield "title", f"is {listing.title!r} here and {product['title']!r} there"
    price = listing.offer.price
    if price is None or price.minor != Money.of(product["price"], product["currency"]).minor:
        yield "price", f"is {price} here and {product['price']} there"
    if price is None or price.currency != product["currency"]:
        yield "currency", f"is {price and price.currency} here and {product['currency']} there"
    if listing.mpn != product["sku"]:
        yield "sku", f"is {listing.mpn!r} here and {product['sku']!r} there"
    file = Path(product["image"])
    expected = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
    if expected is None or expected not in {image.sha256 for image in listing.images} or not _held(expected, store):
        yield "image", f"is {[image.sha256 for image in listing.images]} here and {expected} there ({file.name})"


def _held(sha256: str, store: Store) -> bool:
    """Whether the store has the bytes, unchanged."""
    try:
        return bool(store.blobs.get(sha256))
    except VerificationFailed:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
