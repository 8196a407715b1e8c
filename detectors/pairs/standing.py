"""How a pair stands among its rivals, by similarity alone: the right product is mostly the most similar by far.

The listing's side asks how a product stands among all products for that listing, and can be told for one listing. The
product's side asks how a listing stands among all listings for that product, and needs a batch of them.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from detectors.pairs.candidates import Analyser, Floats, Index, Ints, grams, words
from detectors.pairs.records import Prepared

# Rivals remembered on each side. A rank beyond it says no more than "far".
RIVALS = 10
_SAME = 1e-5  # cosines nearer than this are one: they are added up in another order here and there


def against(name: str, scores: Floats, rivals: Floats) -> dict[str, Floats]:
    """Rank (0 best), margin and share of ``scores[i]`` among the descending ``rivals[i]``, itself among them."""
    rank = (rivals > scores[:, None] + _SAME).sum(axis=1).astype(np.float32)
    best_rival = np.where(rank == 0, rivals[:, 1], rivals[:, 0])
    share = scores / np.maximum(rivals.sum(axis=1), 1e-6)
    return {f"{name}_rank": rank, f"{name}_margin": scores - best_rival, f"{name}_share": share.astype(np.float32)}


def in_search(scores: Floats, rivals: Floats) -> dict[str, Floats]:
    """How products stand for their listings in the search for candidates; ``rivals`` are the `RIVALS` best cosines."""
    return {"search_cosine": scores, **against("search_listing", scores, rivals)}


def views(records: Sequence[Prepared]) -> dict[str, list[str]]:
    """The three texts by which the records of a batch compete: title, title by letters, all fields."""
    return {
        "word": [" ".join(record.words) for record in records],
        "gram": [record.lookup for record in records],
        "whole": [" ".join(sorted(record.everything)) for record in records],
    }


ANALYSERS: Mapping[str, Analyser] = {"word": words, "gram": grams, "whole": words}


class Standing:
    """Both sides of a whole batch in one view: two lists of texts in, columns for any pairs of them out."""

    def __init__(self, view: str, listings: Sequence[str], products: Sequence[str]) -> None:
        self._name = view
        everything = len(listings) + len(products)
        self._index = Index(products, ANALYSERS[view], other=listings, most=everything)
        self._queries = self._index.vectors(listings)
        self._for_listing = np.zeros((len(listings), RIVALS), np.float32)
        self._for_product = np.zeros((len(products), RIVALS), np.float32)
        for start, found in self._index.lots(self._queries):
            dense = found.toarray()
            best = _best(dense)
            self._for_listing[start : start + len(dense), : best.shape[1]] = best
            self._for_product = _best(np.concatenate([self._for_product, dense.T], axis=1))

    def columns(self, rows: Ints, products: Ints) -> dict[str, Floats]:
        """Standing of each pair of listing ``rows[i]`` and product ``products[i]``."""
        scores = self._index.similarities(self._queries, rows, products)
        mine = against(f"{self._name}_listing", scores, self._for_listing[rows])
        theirs = against(f"{self._name}_product", scores, self._for_product[products])
        ranks = mine[f"{self._name}_listing_rank"] + theirs[f"{self._name}_product_rank"]
        return {f"{self._name}_cosine": scores, **mine, **theirs, f"{self._name}_rank_sum": ranks}


def _best(scores: Floats) -> Floats:
    """The `RIVALS` highest of each row, descending."""
    count = min(RIVALS, scores.shape[1])
    return -np.sort(-np.partition(scores, -count, axis=1)[:, -count:], axis=1)
