"""Looking hashes up without an index: numpy, and objects of Python; see ``lookup_peers``."""

import importlib
import pickle
from pathlib import Path
from typing import Any, Protocol

import imagehash
import numpy as np
import numpy.typing as npt

from benchmarks.quality.lookup_hashes import Hashes, Rows
from detectors.fingerprints import HASH_BITS, HASH_SIZE
from detectors.image_index import FAR_BITS

BLOCK = 131_072  # references at a time: a block's words and counts stay in the cache


class Lookup(Protocol):
    """What can be measured."""

    def build(self, hashes: Hashes) -> None:
        """Take the references; their rows are their names."""

    def within(self, queries: Hashes) -> list[Rows]:
        """The rows of each query's references."""

    def save(self, path: Path) -> None:
        """Store what was built."""

    def open(self, path: Path) -> None:
        """Open what was stored, to be asked; mapped instead of read where that can be."""

    def grow(self, path: Path, more: Hashes) -> None:
        """Add references to what is stored, as a later run does: open, add, store."""


class Scan:
    """Numpy over the bytes of all hashes, as ``ImageIndex`` does."""

    def build(self, hashes: Hashes) -> None:
        """Keep a copy."""
        self._hashes = hashes.copy()

    def within(self, queries: Hashes) -> list[Rows]:
        """A pass for each query."""
        return [np.flatnonzero(self._distances(query) < FAR_BITS) for query in queries]

    def _distances(self, query: Hashes) -> npt.NDArray[np.int64]:
        distances: npt.NDArray[np.int64] = np.bitwise_count(self._hashes ^ query).sum(axis=1, dtype=np.int64)
        return distances

    def save(self, path: Path) -> None:
        """The bytes, row after row."""
        path.write_bytes(self._hashes.tobytes())

    def open(self, path: Path) -> None:
        """Map them."""
        self._hashes = np.memmap(path, dtype=np.uint8, mode="r").reshape(-1, HASH_BITS // 8)

    def grow(self, path: Path, more: Hashes) -> None:
        """Append."""
        with path.open("ab") as file:
            file.write(more.tobytes())


class Columns:
    """Numpy over words of 64 bits, a column of first words, one of second words and so on, a block at a time."""

    def build(self, hashes: Hashes) -> None:
        """Transpose."""
        self._words = np.ascontiguousarray(hashes.view(np.uint64).T)

    def within(self, queries: Hashes) -> list[Rows]:
        """A pass for each query."""
        return [np.flatnonzero(self._distances(query) < FAR_BITS) for query in queries.view(np.uint64)]

    def _distances(self, query: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
        """Distances, of which 256 is told as 0: a byte a distance is half of two, and no photo is its own negative."""
        size = self._words.shape[1]
        total = np.zeros(size, dtype=np.uint8)
        differing, counts = np.empty(BLOCK, dtype=np.uint64), np.empty(BLOCK, dtype=np.uint8)
        for start in range(0, size, BLOCK):
            block = slice(start, start + BLOCK)
            some = min(BLOCK, size - start)
            for column, word in zip(self._words, query, strict=True):
                np.bitwise_xor(column[block], word, out=differing[:some])
                np.bitwise_count(differing[:some], out=counts[:some])
                total[block] += counts[:some]
        return total

    def save(self, path: Path) -> None:
        """As numpy stores arrays."""
        with path.open("wb") as file:
            np.save(file, self._words)

    def open(self, path: Path) -> None:
        """Map it."""
        self._words = np.load(path, mmap_mode="r")

    def grow(self, path: Path, more: Hashes) -> None:
        """Columns cannot be appended to: written anew."""
        self._words = np.concatenate([np.load(path), more.view(np.uint64).T], axis=1)
        self.save(path)


class Raw:
    """What libraries have in common that keep no file of their own: the bytes are stored, and built from anew."""

    kept: bytes

    def build(self, hashes: Hashes) -> None:
        """Keep the bytes of all hashes."""
        self.kept = hashes.tobytes()

    def save(self, path: Path) -> None:
        """Row after row."""
        path.write_bytes(self.kept)

    def open(self, path: Path) -> None:
        """Read and build."""
        self.build(np.fromfile(path, dtype=np.uint8).reshape(-1, HASH_BITS // 8))

    def grow(self, path: Path, more: Hashes) -> None:
        """Append, and build anew what is asked."""
        with path.open("ab") as file:
            file.write(more.tobytes())
        self.open(path)


class Pickled:
    """What libraries that cannot store themselves have in common."""

    kept: Any

    def save(self, path: Path) -> None:
        """Pickle it."""
        path.write_bytes(pickle.dumps(self.kept))

    def open(self, path: Path) -> None:
        """Build all objects again."""
        self.kept = pickle.loads(path.read_bytes())  # noqa: S301 -- what this benchmark wrote

    def grow(self, path: Path, more: Hashes) -> None:
        """Open, add, store."""
        self.open(path)
        self.add(more)
        self.save(path)

    def add(self, more: Hashes) -> None:
        """Add to what is kept."""
        raise NotImplementedError


def _apart(one: tuple[int, int], other: tuple[int, int]) -> int:
    return (one[0] ^ other[0]).bit_count()


class Tree(Pickled):
    """pybktree over pairs of a hash and its row."""

    def build(self, hashes: Hashes) -> None:
        """Add one after another."""
        self.kept = importlib.import_module("pybktree").BKTree(_apart)
        self._count = 0
        self.add(hashes)

    def add(self, more: Hashes) -> None:
        """Equal hashes are added too: their rows differ."""
        rows = sum(1 for _ in self.kept)
        for row, one in enumerate(more, rows):
            self.kept.add((int.from_bytes(one.tobytes()), row))

    def within(self, queries: Hashes) -> list[Rows]:
        """A walk for each query."""
        asked = [(int.from_bytes(query.tobytes()), -1) for query in queries]
        return [np.array([hit[1][1] for hit in self.kept.find(one, FAR_BITS - 1)], dtype=np.int64) for one in asked]


class Loop(Pickled):
    """What imagehash's own guide shows: a list of its hashes, subtracted one after another."""

    def build(self, hashes: Hashes) -> None:
        """A list."""
        self.kept = []
        self.add(hashes)

    def add(self, more: Hashes) -> None:
        """Append."""
        bits = np.unpackbits(more, axis=1).astype(bool).reshape(-1, HASH_SIZE, HASH_SIZE)
        self.kept.extend(imagehash.ImageHash(one.copy()) for one in bits)

    def within(self, queries: Hashes) -> list[Rows]:
        """A loop for each query."""
        bits = np.unpackbits(queries, axis=1).astype(bool).reshape(-1, HASH_SIZE, HASH_SIZE)
        asked = [imagehash.ImageHash(one) for one in bits]
        return [
            np.array([row for row, other in enumerate(self.kept) if one - other < FAR_BITS], dtype=np.int64)
            for one in asked
        ]
