"""Ways to look hashes up: numpy, and what libraries offer.

Each takes all references at once, finds rows within ``FAR_BITS`` (or the ``MOST`` nearest, where a library knows no
radius), stores itself in a file, opens that file to be asked, and adds references to what is stored.
"""

import importlib
import re
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.quality.lookup_hashes import Hashes, Rows
from benchmarks.quality.lookup_plain import Columns, Lookup, Loop, Raw, Scan, Tree
from detectors.fingerprints import HASH_BITS
from detectors.image_index import FAR_BITS

MOST = 16  # nearest, of libraries that know no radius; a few queries have more look-alikes among a million


class Faiss:
    """An index of faiss. ``make`` has the module and the number of references; ``radius`` is whether it knows one."""

    def __init__(self, make: Callable[[Any, int], Any], radius: bool = True) -> None:
        self._faiss = importlib.import_module("faiss")
        self._faiss.omp_set_num_threads(1)
        self._make = make
        self._radius = radius

    def build(self, hashes: Hashes) -> None:
        """Train it, where it learns, and add all."""
        self._index = self._make(self._faiss, len(hashes))
        self._index.train(hashes)
        self._index.add(hashes)

    def within(self, queries: Hashes) -> list[Rows]:
        """All queries at once."""
        if self._radius:
            limits, _, rows = self._index.range_search(queries, FAR_BITS)  # those nearer, not those as far
            return [rows[start:end] for start, end in pairwise(limits)]
        distances, rows = self._index.search(queries, MOST)
        return [row[(far < FAR_BITS) & (row >= 0)] for far, row in zip(distances, rows, strict=True)]

    def save(self, path: Path) -> None:
        """Faiss's own format."""
        self._faiss.write_index_binary(self._index, str(path))

    def open(self, path: Path) -> None:
        """Mapped, where the kind of index can be; it must not be added to then: faiss ends the process."""
        self._index = self._faiss.read_index_binary(str(path), self._faiss.IO_FLAG_MMAP_IFC)

    def grow(self, path: Path, more: Hashes) -> None:
        """Read all, add, write all."""
        self._index = self._faiss.read_index_binary(str(path))
        self._index.add(more)
        self.save(path)


class FaissScan(Scan):
    """faiss's pass over rows of bytes wherever they are, so that the file is nobody's format and can be appended to."""

    def within(self, queries: Hashes) -> list[Rows]:
        """All queries at once; faiss is given addresses, so what they point to must be bytes without gaps."""
        faiss = importlib.import_module("faiss")
        faiss.omp_set_num_threads(1)
        found = faiss.RangeSearchResult(len(queries))
        asked, rows = faiss.swig_ptr(np.ascontiguousarray(queries)), faiss.swig_ptr(self._hashes)
        faiss.hamming_range_search(asked, rows, len(queries), len(self._hashes), FAR_BITS, HASH_BITS // 8, found)
        limits = faiss.rev_swig_ptr(found.lims, len(queries) + 1).astype(np.int64)
        labels = faiss.rev_swig_ptr(found.labels, int(limits[-1])).copy()
        return [labels[start:end] for start, end in pairwise(limits)]


def _multi_hash(tables: int, bits: int, flips: int, faiss: Any, _count: int) -> Any:
    """By the pigeonhole argument exact up to ``tables * (flips + 1) - 1`` bits: some table has at most ``flips``."""
    index = faiss.IndexBinaryMultiHash(HASH_BITS, tables, bits)
    index.nflip = flips
    return index


def _hash(bits: int, flips: int, faiss: Any, _count: int) -> Any:
    index = faiss.IndexBinaryHash(HASH_BITS, bits)
    index.nflip = flips
    return index


def _clusters(faiss: Any, count: int) -> Any:
    """As many as the guide of faiss has it, of which one in sixteen is looked into."""
    clusters = round(2 * count**0.5)
    quantizer = faiss.IndexBinaryFlat(HASH_BITS)
    index = faiss.IndexBinaryIVF(quantizer, HASH_BITS, clusters)
    quantizer.this.disown()
    index.own_fields = True
    index.nprobe = clusters // 16
    return index


def _graph(faiss: Any, _count: int) -> Any:
    index = faiss.IndexBinaryHNSW(HASH_BITS, 16)
    index.hnsw.efConstruction = 40
    index.hnsw.efSearch = 128
    return index


class Usearch:
    """usearch's graph, by its own settings but for the search, which looks at as many candidates as faiss's."""

    def __init__(self) -> None:
        self._module = importlib.import_module("usearch.index")

    def build(self, hashes: Hashes) -> None:
        """Add all."""
        kinds = self._module
        self._index = kinds.Index(
            ndim=HASH_BITS, metric=kinds.MetricKind.Hamming, dtype=kinds.ScalarKind.B1, expansion_search=128
        )
        self._index.add(np.arange(len(hashes)), hashes, threads=1)

    def within(self, queries: Hashes) -> list[Rows]:
        """The nearest, for there is no radius."""
        found = (self._index.search(query, MOST, threads=1) for query in queries)
        return [hits.keys[hits.distances < FAR_BITS].astype(np.int64) for hits in found]

    def save(self, path: Path) -> None:
        """Its own format."""
        self._index.save(str(path))

    def open(self, path: Path) -> None:
        """Mapped."""
        self._index = self._module.Index.restore(str(path), view=True)

    def grow(self, path: Path, more: Hashes) -> None:
        """Read all, add, write all: what is mapped takes nothing."""
        self._index = self._module.Index.restore(str(path))
        self._index.add(np.arange(len(self._index), len(self._index) + len(more)), more, threads=1)
        self.save(path)


class UsearchExact(Scan):
    """usearch's pass over all hashes, which needs no index."""

    def within(self, queries: Hashes) -> list[Rows]:
        """The nearest of all queries at once."""
        kinds = importlib.import_module("usearch.index")
        found = kinds.search(self._hashes, queries, MOST, metric=kinds.MetricKind.Hamming, exact=True, threads=1)
        pairs = zip(np.atleast_2d(found.keys), np.atleast_2d(found.distances), strict=True)
        return [rows[far < FAR_BITS].astype(np.int64) for rows, far in pairs]


class Pynear(Raw):
    """Multi-index hashing of pynear, which is told a radius to be sure of and how many are wanted."""

    def build(self, hashes: Hashes) -> None:
        """Sixteen tables of 16 bits: its tables are of whole bytes, and with 8 bits each table holds all."""
        super().build(hashes)
        self._index = importlib.import_module("pynear").MIHBinaryIndex(16)
        self._index.set(hashes)

    def within(self, queries: Hashes) -> list[Rows]:
        """The nearest of those that it is sure of."""
        found, far = self._index.searchKNN(queries, MOST, FAR_BITS - 1)
        return [
            np.array([row for row, bits in zip(*hits, strict=True) if bits < FAR_BITS], dtype=np.int64)
            for hits in zip(found, far, strict=True)
        ]


class Hexhamming(Raw):
    """hexhamming's loop in C over the bytes of all hashes."""

    def within(self, queries: Hashes) -> list[Rows]:
        """A pass for each query."""
        search = importlib.import_module("hexhamming").check_bytes_arrays_all_within_dist
        return [
            np.array([row for _, row in search(self.kept, query.tobytes(), FAR_BITS - 1)], dtype=np.int64)
            for query in queries
        ]


class Peer(NamedTuple):
    """A way to look up: its name, how it is made, and how many queries it is asked at most."""

    name: str
    make: Callable[[], Lookup]
    queries: int = 1_000_000

    @property
    def package(self) -> str:
        """What must be installed."""
        return re.split(r"[ ,]", self.name)[0]


PEERS = (
    Peer("numpy, bytes", Scan, 20),
    Peer("numpy, words in columns", Columns),
    Peer("faiss Flat, radius", partial(Faiss, lambda faiss, _: faiss.IndexBinaryFlat(HASH_BITS))),
    Peer(f"faiss Flat, {MOST} nearest", partial(Faiss, lambda faiss, _: faiss.IndexBinaryFlat(HASH_BITS), False)),
    Peer("faiss hamming_range_search, a file", FaissScan),
    Peer("faiss MultiHash 16 × 16, 3 flips", partial(Faiss, partial(_multi_hash, 16, 16, 3)), 50),
    Peer("faiss MultiHash 17 × 15, 1 flip", partial(Faiss, partial(_multi_hash, 17, 15, 1))),
    Peer("faiss MultiHash 12 × 21, 1 flip", partial(Faiss, partial(_multi_hash, 12, 21, 1))),
    Peer("faiss Hash 16, 4 flips", partial(Faiss, partial(_hash, 16, 4))),
    Peer("faiss IVF, 1 of 16 clusters", partial(Faiss, _clusters)),
    Peer("faiss HNSW 16", partial(Faiss, _graph, False)),
    Peer("usearch, exact", UsearchExact, 20),
    Peer("usearch, HNSW 16", Usearch),
    Peer("pynear MIH 16 × 16", Pynear, 50),
    Peer("hexhamming", Hexhamming, 20),
    Peer("pybktree", Tree, 4),
    Peer("imagehash, h1 - h2", Loop, 2),
)
