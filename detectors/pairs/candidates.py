"""Which few products of a catalog a listing could be: candidates by the cosine of their terms, the rare ones most."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from scipy import sparse

from detectors.pairs.records import Prepared

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Rows = Any  # a scipy.sparse.csr_array of float32
Analyser = Callable[[str], Iterable[str]]

# Letters of an n-gram. With words beside them 4 found more than 5 (recall among ten on all pairs with labels).
_GRAM = 4
# Terms in more products than this share of them, but never fewer than the number, are left out of a search: they take
# most of its time and tell least. Without the cut recall among ten is the same within 0.1 points, and a search among
# 100,000 products took nine times as long (`python -m benchmarks.quality.matching candidates speed`).
FREQUENT_SHARE, FREQUENT_LEAST = 200, 200
_LOT = 512  # listings whose similarities to all products are in memory at once


def words(text: str) -> list[str]:
    """The words of normalised text."""
    return text.split()


def grams(text: str) -> list[str]:
    """The n-grams of a text without spaces, so that "kp 36ip" and "kp-36ip" have the same."""
    joined = "".join(filter(str.isalnum, text))
    return [joined[at : at + _GRAM] for at in range(max(1, len(joined) - _GRAM + 1))]


def lookup_text(record: Prepared) -> str:
    """The text by which a record is found: title, brand and model without spaces, then the words of all its fields."""
    return f"{record.lookup}\t{' '.join(sorted(record.everything))}"


def lookup_terms(text: str) -> Iterator[str]:
    """Words and n-grams of a `lookup_text` in one vocabulary: rare names by words, broken-up numbers by n-grams."""
    lookup, _, all_words = text.partition("\t")
    return chain((f"{word} " for word in all_words.split()), grams(lookup))


class Found(msgspec.Struct, frozen=True):
    """The best products of each query: ``rows[i, j]`` is query i's j-th best (-1 for none), ``scores`` its cosine."""

    rows: Ints
    scores: Floats


class Index:
    """A catalog of texts, searched by TF-IDF cosine. A query made of frequent terms alone finds nothing."""

    def __init__(
        self, texts: Sequence[str], analyser: Analyser = lookup_terms, *, most: int | None = None,
        other: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """``other`` are texts that count for how rare a term is and are not found; ``most`` replaces the usual cut."""
        self._analyser = analyser
        documents = [tuple(dict.fromkeys(analyser(text))) for text in texts]
        counts: Counter[str] = Counter(chain.from_iterable(documents))
        for text in other:
            counts.update(set(analyser(text)))
        size = len(texts) + len(other)
        limit = max(FREQUENT_LEAST, size // FREQUENT_SHARE) if most is None else most
        kept = [term for term, count in counts.items() if count <= limit]
        self._terms = {term: at for at, term in enumerate(kept)}
        self._weights = [math.log((1 + size) / counts[term]) for term in kept]
        self._rows = self._matrix(documents)
        self._postings: Rows = sparse.csr_array(self._rows.T)

    def _matrix(self, documents: Iterable[Iterable[str]]) -> Rows:
        columns: list[int] = []
        values: list[float] = []
        starts = [0]
        number, weights = self._terms.get, self._weights
        for document in documents:
            known = [at for at in map(number, document) if at is not None]
            mine = [weights[at] for at in known]
            norm = math.sqrt(sum(value * value for value in mine)) or 1.0
            columns.extend(known)
            values.extend([value / norm for value in mine])
            starts.append(len(columns))
        parts = np.array(values, np.float32), np.array(columns, np.int32), np.array(starts, np.int32)
        return sparse.csr_array(parts, shape=(len(starts) - 1, max(1, len(weights))))

    def vectors(self, texts: Iterable[str]) -> Rows:
        """A row of unit length for each text, in the index's own terms."""
        return self._matrix(dict.fromkeys(self._analyser(text)) for text in texts)

    def similarities(self, queries: Rows, rows: Ints, products: Ints) -> Floats:
        """Cosine of query ``rows[i]`` and product ``products[i]``, for pairs that are already known."""
        return np.asarray(queries[rows].multiply(self._rows[products]).sum(axis=1), np.float32).ravel()

    def lots(self, queries: Rows) -> Iterator[tuple[int, Rows]]:
        """The first row and the cosines to all products of a lot of queries at a time, which bounds the memory."""
        for start in range(0, queries.shape[0], _LOT):
            yield start, queries[start : start + _LOT] @ self._postings

    def top(self, texts: Sequence[str], count: int) -> Found:
        """The ``count`` most similar products of each text, best first."""
        rows = np.full((len(texts), count), -1, np.int64)
        scores = np.zeros((len(texts), count), np.float32)
        for start, found in self.lots(self.vectors(texts)):
            for at in range(found.shape[0]):
                begin, end = found.indptr[at], found.indptr[at + 1]
                values, products = found.data[begin:end], found.indices[begin:end]
                if len(values) > count:
                    best = np.argpartition(values, -count)[-count:]
                    values, products = values[best], products[best]
                order = np.argsort(-values, kind="stable")
                rows[start + at, : len(order)] = products[order]
                scores[start + at, : len(order)] = values[order]
        return Found(rows, scores)
