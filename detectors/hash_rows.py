"""Perceptual hashes of references in rows, and which of them is nearest to another hash: exact, for a million and more.

A scan, since no index is worth its place at a radius of a quarter of the bits: at 1,000,000 hashes faiss's scan answers
in 1.1 ms on one core and finds all, while multi-index hashing takes 160 ms and graphs lose a quarter and more (ADR 13).
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.fingerprints import HASH_BITS

WIDTH = HASH_BITS // 8  # bytes of a row

Rows = npt.NDArray[np.uint8]


class Near(NamedTuple):
    """A row and its distance in bits."""

    row: int
    distance: int


class HashRows:
    """Hashes in hex, packed into one block of 32 bytes each."""

    def __init__(self, hashes: list[str]) -> None:
        self._rows = _packed(hashes)

    def nearest(self, hashes: tuple[str, ...], radius: int) -> list[Near | None]:
        """For each hash the first of the nearest rows, if it is nearer than ``radius`` bits."""
        if not len(self._rows):
            return [None] * len(hashes)
        asked = _packed(list(hashes))
        bounds, rows, distances = _near(asked, self._rows, radius)
        found: list[Near | None] = []
        for start, end in pairwise(bounds):
            if start == end:
                found.append(None)
                continue
            at = np.lexsort((rows[start:end], distances[start:end]))[0]
            found.append(Near(int(rows[start:end][at]), int(distances[start:end][at])))
        return found

    def distance(self, row: int, hexadecimal: str) -> int:
        """How far a hash is from one row."""
        return int(np.bitwise_count(self._rows[row] ^ _packed([hexadecimal])[0]).sum())


def _near(asked: Rows, rows: Rows, radius: int) -> tuple[list[int], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Every row nearer than ``radius``: bounds of each query's answers, their rows and their distances."""
    import faiss  # 60 ms and 19 MB: paid only where there are reference photos

    faiss.omp_set_num_threads(1)  # for this thread only; a process that forks after more than one can hang
    found = faiss.RangeSearchResult(len(asked))
    search = faiss.hamming_range_search  # type: ignore[attr-defined]  # made at import; its stubs lack it
    search(faiss.swig_ptr(asked), faiss.swig_ptr(rows), len(asked), len(rows), radius, WIDTH, found)
    bounds = [int(bound) for bound in faiss.rev_swig_ptr(found.lims, len(asked) + 1)]
    count = bounds[-1]
    if not count:
        empty = np.empty(0, dtype=np.int64)
        return bounds, empty, empty
    labels = faiss.rev_swig_ptr(found.labels, count).astype(np.int64)  # copied: `found` frees them
    distances = faiss.rev_swig_ptr(found.distances, count).astype(np.int64)
    return bounds, labels, distances


def _packed(hashes: list[str]) -> Rows:
    packed = b"".join(map(bytes.fromhex, hashes))
    return np.frombuffer(packed, dtype=np.uint8).reshape(len(hashes), WIDTH)
