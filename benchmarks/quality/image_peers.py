"""Matchers for the benchmark of images: what Touchstone does today, and what others do.

PDQ and ORB need packages that are no part of the project; without them they are skipped. To have them:
``pip install --target FOLDER pdqhash opencv-python-headless`` and ``PYTHONPATH=FOLDER``.
"""

import importlib
import io
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from detectors.fingerprints import HASH_BITS, fingerprint
from detectors.image_index import ImageIndex
from detectors.photo_features import look
from detectors.photo_index import PhotoIndex
from touchstone.catalog import BrandReference, Catalog, ReferenceImage
from touchstone.errors import UnreadableImage
from touchstone.images import ListingImage

Bits = npt.NDArray[np.uint8]
BRAND = "bench"
TURNS = (None, *Image.Transpose)


def decoded(body: bytes) -> Image.Image:
    """The picture in RGB."""
    with Image.open(io.BytesIO(body)) as image:
        return image.convert("RGB")


class Touchstone:
    """What a sweep asks where fingerprints leave a photo open: points, geometry, then content."""

    def build(self, references: list[tuple[str, bytes]]) -> None:
        """Look at the references."""
        self._names = [name for name, _ in references]
        self._index = PhotoIndex([look(body).reference for _, body in references])

    def search(self, body: bytes) -> list[tuple[str, float]]:
        """The likeliest reference."""
        try:
            return [(self._names[match.reference], match.score) for match in self._index.find(body)[:1]]
        except UnreadableImage:
            return []


class Fingerprints:
    """What a sweep asks first: 256-bit hashes of the whole, trimmed and mirrored picture."""

    def __init__(self) -> None:
        self.looking = 0.0

    def build(self, references: list[tuple[str, bytes]]) -> None:
        """Take the references, a product each."""
        rows = tuple(
            BrandReference(
                brand=BRAND,
                sku=name,
                title=name,
                images=(ReferenceImage(sha256="", source=name, fingerprint=fingerprint(body)),),
            )
            for name, body in references
        )
        self._index = ImageIndex(Catalog(references=rows))

    def search(self, body: bytes) -> list[tuple[str, float]]:
        """The hit, if any; surer the fewer bits differ."""
        begun = time.process_time()
        try:
            look = fingerprint(body)
        except UnreadableImage:
            return []
        finally:
            self.looking += time.process_time() - begun
        hits = self._index.search((ListingImage(url="query", fingerprint=look),))
        return [(hit.product.removeprefix(f"{BRAND}/"), float(HASH_BITS - hit.distance)) for hit in hits]


class Hashes:
    """The nearest reference by the bits that differ, over one or more views of the query."""

    def __init__(self, views: Callable[[Image.Image], list[Bits]]) -> None:
        self._views = views
        self.looking = 0.0

    def build(self, references: list[tuple[str, bytes]]) -> None:
        """Hash the references, each as it is."""
        self._names = [name for name, _ in references]
        self._matrix = np.stack([self._views(decoded(body))[0] for _, body in references])

    def search(self, body: bytes) -> list[tuple[str, float]]:
        """The nearest reference, however far."""
        begun = time.process_time()
        views = self._views(decoded(body))
        self.looking += time.process_time() - begun
        apart = np.min([np.bitwise_count(self._matrix ^ view).sum(axis=1, dtype=np.int64) for view in views], axis=0)
        row = int(apart.argmin())
        return [(self._names[row], -float(apart[row]))]


def _phash(picture: Image.Image, size: int) -> list[Bits]:
    return [np.packbits(imagehash.phash(picture, hash_size=size).hash)]


def _dihedral(picture: Image.Image) -> list[Bits]:
    """Of all eight ways to turn and mirror a picture."""
    small = picture.convert("L").resize((64, 64), Image.Resampling.LANCZOS)
    return [_phash(small if turn is None else small.transpose(turn), 16)[0] for turn in TURNS]


def _pdq(picture: Image.Image, pdqhash: Any) -> list[Bits]:
    vector, _ = pdqhash.compute(np.asarray(picture))
    return [np.packbits(vector)]


class Orb:
    """ORB features: a shortlist by features that share bits, then the pairs that one affine map explains (RANSAC)."""

    FEATURES = 500
    TABLES, KEY_BITS = 12, 20  # of each feature's 256 bits, so many are compared at once, so many times
    SHORT = 12
    SIDE = 480

    def __init__(self, cv2: Any) -> None:
        self._cv2 = cv2
        cv2.setNumThreads(1)
        cv2.setRNGSeed(1)
        self._orb = cv2.ORB_create(nfeatures=self.FEATURES, fastThreshold=8)
        self._pairs = cv2.BFMatcher(cv2.NORM_HAMMING)
        chosen = np.random.default_rng(1)
        self._tables = [chosen.choice(256, self.KEY_BITS, replace=False) for _ in range(self.TABLES)]
        self.looking = 0.0

    def build(self, references: list[tuple[str, bytes]]) -> None:
        """Find the features of the references and sort their keys."""
        self._names = [name for name, _ in references]
        self._features = [self._look(decoded(body)) for _, body in references]
        owners = np.concatenate([np.full(len(found), at) for at, (_, found) in enumerate(self._features)])
        keys = self._keys(np.concatenate([found for _, found in self._features]))
        orders = [column.argsort(kind="stable") for column in keys]
        self._sorted = [(column[order], owners[order]) for column, order in zip(keys, orders, strict=True)]

    def search(self, body: bytes) -> list[tuple[str, float]]:
        """The reference with the most pairs in agreement, with the query as it is or mirrored."""
        begun = time.process_time()
        picture = decoded(body)
        views = [self._look(picture), self._look(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))]
        self.looking += time.process_time() - begun
        counts: dict[int, int] = {}
        for view in views:
            for at in self._shortlist(view[1]):
                counts[at] = max(counts.get(at, 0), self._agreeing(view, self._features[at]))
        best = max(counts, key=lambda at: counts[at], default=None)
        return [] if best is None or not counts[best] else [(self._names[best], float(counts[best]))]

    def _look(self, picture: Image.Image) -> tuple[npt.NDArray[np.float32], Bits]:
        gray = picture.convert("L")
        scale = self.SIDE / max(gray.size)
        gray = gray.resize((round(gray.width * scale), round(gray.height * scale)), Image.Resampling.LANCZOS)
        points, features = self._orb.detectAndCompute(np.asarray(gray), None)
        if features is None:
            return np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8)
        return np.array([point.pt for point in points], np.float32), features

    def _keys(self, features: Bits) -> list[npt.NDArray[np.int64]]:
        bits = np.unpackbits(features, axis=1)
        weights = 1 << np.arange(self.KEY_BITS, dtype=np.int64)
        return [bits[:, table].astype(np.int64) @ weights for table in self._tables]

    def _shortlist(self, features: Bits) -> list[int]:
        votes = np.zeros(len(self._names))
        for keys, (known, owners) in zip(self._keys(features), self._sorted, strict=True):
            first, last = np.searchsorted(known, keys, "left"), np.searchsorted(known, keys, "right")
            for begin, end in zip(first[last > first], last[last > first], strict=True):
                if end - begin < 400:  # a commoner key tells nothing
                    votes[owners[begin:end]] += 1 / (end - begin)
        return [int(at) for at in np.argsort(-votes)[: self.SHORT] if votes[at] > 0]

    def _agreeing(self, query: tuple[Any, Bits], reference: tuple[Any, Bits]) -> int:
        if min(len(query[1]), len(reference[1])) < 4:
            return 0
        near = [pair for pair in self._pairs.knnMatch(query[1], reference[1], k=2) if len(pair) == 2]
        kept = [a for a, b in near if a.distance < 0.8 * b.distance]
        if len(kept) < 4:
            return 0
        here = np.array([query[0][pair.queryIdx] for pair in kept])
        there = np.array([reference[0][pair.trainIdx] for pair in kept])
        found, inside = self._cv2.estimateAffine2D(here, there, ransacReprojThreshold=6)
        if found is None or not 0.02 < abs(float(np.linalg.det(found[:, :2]))) < 25:
            return 0
        return len({tuple(point) for point in np.round(there[inside.ravel() > 0])})


def _with_package(package: str, make: Callable[[Any], Any]) -> Any:
    try:
        return make(importlib.import_module(package))
    except ImportError:
        return None


MATCHERS: dict[str, Callable[[], Any]] = {
    "touchstone": Touchstone,
    "fingerprints": Fingerprints,
    "phash-8": lambda: Hashes(partial(_phash, size=8)),
    "phash-16": lambda: Hashes(partial(_phash, size=16)),
    "dihedral-16": lambda: Hashes(_dihedral),
    "pdq": lambda: _with_package("pdqhash", lambda pdqhash: Hashes(partial(_pdq, pdqhash=pdqhash))),
    "orb": lambda: _with_package("cv2", Orb),
}
