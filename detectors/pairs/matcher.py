"""The product of a catalog that a listing is, by the weights that ship: candidates, comparison, trees."""

from collections.abc import Sequence

import msgspec
import numpy as np

from detectors.pairs.candidates import Found, Index, Ints, lookup_text
from detectors.pairs.comparison import Rarity, compare
from detectors.pairs.forest import Forest, Logits, probability
from detectors.pairs.records import Prepared, Record, prepare
from detectors.pairs.standing import RIVALS, in_search

# Candidates that are compared. Where the right product is among the ten found it is among the first three in 92 to 97
# of 100 cases, by set, and among five in 97 to 99 (`python -m benchmarks.quality.matching candidates speed`).
KEPT = 3
# Probability from which a listing is that product. On sets of which no label was seen F1 there is 0.86 (Abt-Buy), 0.69
# (Amazon-Google) and 0.84 (Walmart-Amazon), and at the best line there is 0.05, 0.01 and 0.02 more.
SAME = 0.5
# A candidate with less than this share of the best one's cosine, or with less than this cosine, is not compared. Of ten
# it leaves four to eight, and costs 0.1 to 0.4 points of recall among three.
_LEAST_SHARE, _LEAST_COSINE = 0.5, 0.1


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """A product, by its number in the catalog, and how probably the listing is it, 0 to 1."""

    product: int
    probability: float


class PairMatcher:
    """Tells the product of listings, each by itself: what else is listed plays no part."""

    def __init__(self, catalog: Sequence[Record], forest: Forest | None = None) -> None:
        self._forest = forest or Forest.read()
        self._products = [prepare(record) for record in catalog]
        self._rarity = Rarity(product.everything for product in self._products)
        self._index = Index([lookup_text(product) for product in self._products])

    def candidates(self, listings: Sequence[Prepared]) -> Found:
        """The products that are most alike in words and letters, for each listing."""
        return self._index.top([lookup_text(listing) for listing in listings], RIVALS)

    def match(self, listings: Sequence[Record], *, kept: int = KEPT) -> list[tuple[Likeness, ...]]:
        """The products that each listing may be, the most probable first; none where nothing is alike.

        ``kept``: how many candidates of a listing are compared, up to `RIVALS`.
        """
        prepared = [prepare(listing) for listing in listings]
        found = self.candidates(prepared)
        least = np.maximum(found.scores[:, :1] * _LEAST_SHARE, _LEAST_COSINE)
        rows, places = np.nonzero((found.scores >= least)[:, :kept])
        told: list[list[Likeness]] = [[] for _ in listings]
        if len(rows):
            shares = probability(self._logits(prepared, found, rows, places))
            for row, place, share in zip(rows, places, shares, strict=True):
                told[row].append(Likeness(product=int(found.rows[row, place]), probability=float(share)))
        return [tuple(sorted(each, key=lambda one: -one.probability)) for each in told]

    def _logits(self, listings: list[Prepared], found: Found, rows: Ints, places: Ints) -> Logits:
        compared = [
            compare(listings[row], self._products[product], self._rarity)
            for row, product in zip(rows, found.rows[rows, places], strict=True)
        ]
        columns = {name: np.array([each[name] for each in compared], np.float32) for name in compared[0]}
        columns |= in_search(found.scores[rows, places], found.scores[rows])
        return self._forest.logits(np.stack([columns[name] for name in self._forest.names], axis=1))
