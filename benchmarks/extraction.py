"""How well a shop that nobody described is read: precision, recall and F1 on saved product pages with published rows.

Reads ``product-pages/`` of the folder that ``TOUCHSTONE_BENCH_DATA`` names: ``html/<id>.html.gz`` and
``ground-truth.json`` (per id: url and, for each attribute, the accepted values). A prediction is right when it equals
one of the accepted values after trimming, prices as decimal numbers; precision is over pages where something was
predicted, recall over pages whose truth has the attribute. No marketplace is described: ``generic`` alone reads.
"""

import argparse
import gzip
import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.data import data_folder
from crawler.extraction import extract
from crawler.generic import GENERIC
from crawler.page import PageView
from crawler.prices import currency_code
from touchstone.listing import Availability, Listing

PUBLISHED = {"price": (0.918, 0.824, 0.685), "sku": (0.841, 0.765, 0.537), "availability": (0.957, 0.943, 0.626)}
FLOORS = {"price": 0.88, "sku": 0.78, "availability": 0.94, "currency": 0.90, "brand": 0.75}
ATTRIBUTES = (*FLOORS, "gtin")
STOCK = {Availability.IN_STOCK: "InStock", Availability.PREORDER: "InStock", Availability.SOLD_OUT: "OutOfStock"}


class Score(NamedTuple):
    """Counts for one attribute."""

    right: int
    predicted: int
    wanted: int

    @property
    def precision(self) -> float:
        """Of what was predicted, the share that is right."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Of what the truth has, the share that was found."""
        return self.right / self.wanted if self.wanted else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.right / (self.predicted + self.wanted) if self.right else 0.0


def predictions(listing: Listing) -> dict[str, str | None]:
    """What a listing says, in the words of the ground truth."""
    price = listing.offer.price
    return {
        "price": str(price.amount) if price else None,
        "currency": price.currency if price else None,
        "availability": STOCK.get(listing.offer.availability),
        "sku": listing.sku,
        "brand": listing.brand,
        "gtin": listing.gtins[0] if listing.gtins else None,
    }


def is_right(attribute: str, predicted: str, accepted: list[Any]) -> bool:
    """Whether a prediction equals one of the accepted values."""
    if attribute == "price":
        return any(_decimal(predicted) == _decimal(str(value)) for value in accepted)
    if attribute == "currency":  # the truth holds what is written on the page, Money a code: "$" is any dollar
        return any(currency_code(str(value).strip("~ "), predicted) == predicted for value in accepted)
    return predicted.strip() in {str(value).strip() for value in accepted}


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None


def read(path: Path, url: str) -> tuple[Listing | None, float]:
    """The first listing of a saved page, and the seconds of CPU that it took."""
    text = gzip.decompress(path.read_bytes()).decode("utf-8", errors="replace")
    start = time.process_time()
    listings = extract(PageView(url, text), GENERIC, datetime.now(UTC)).listings
    return (listings[0] if listings else None), time.process_time() - start


def main() -> int:
    """Print the table; exit code 1 when a floor is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--wrong", metavar="ATTRIBUTE", help="list the pages on which this attribute is wrong or lacking"
    )
    given = parser.parse_args()
    data = data_folder("product-pages/ground-truth.json")
    if data is None:
        return 0
    folder = data / "product-pages"
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    right: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    seconds = []
    for number, row in truth.items():
        listing, took = read(folder / "html" / f"{number}.html.gz", row["url"])
        seconds.append(took)
        found = predictions(listing) if listing else {}
        for attribute in ATTRIBUTES:
            accepted, value = row.get(attribute) or [], found.get(attribute)
            hit = bool(value and accepted and is_right(attribute, value, accepted))
            right[attribute] += hit
            predicted[attribute] += value is not None
            wanted[attribute] += bool(accepted)
            if attribute == given.wrong and not hit and (value or accepted):
                source = listing.provenance.get(attribute) if listing else None
                print(f"{number[:8]} {row['url'][:90]}\n    wanted {accepted}, got {value!r} from {source}")
    missed = False
    print(f"{len(truth)} pages, {sorted(seconds)[len(seconds) // 2] * 1000:.0f} ms of CPU for the median page")
    print(f"{'attribute':13}{'precision':>10}{'recall':>8}{'F1':>7}   floor   Zyte  Diffbot  extruct (published)")
    for attribute in ATTRIBUTES:
        score = Score(right[attribute], predicted[attribute], wanted[attribute])
        floor = FLOORS.get(attribute)
        short = floor is not None and score.f1 < floor
        missed |= short
        peers = "".join(f"{value:8.3f}" for value in PUBLISHED.get(attribute, ()))
        print(
            f"{attribute:13}{score.precision:10.3f}{score.recall:8.3f}{score.f1:7.3f}"
            f"   {floor or '':<5} {peers}{'  MISSED' if short else ''}"
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
