"""References and queries for the benchmark of look-ups: hashes as alike as those of real photos, and the exact answers.

The bits of a perceptual hash are no fair coins: they hang together, half of them are always ones, and photos of one
kind of goods are closer than chance has it. So each reference beyond the photos is made from one of them: a normal
draw with the photos' correlation between bits is mixed with the photo's own bits, and the half that came out highest
are the ones. ``LIKENESS`` is the share of the photo at which distances between references have the lower tail that
distances between photos have; ``tails`` gives both, to be seen in each run.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.fingerprints import HASH_BITS, fingerprint
from detectors.image_index import FAR_BITS
from touchstone.errors import UnreadableImage

Hashes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]
LIKENESS = 0.6
SYNTHETIC = 1_200  # hashes in the photos' place where there are none, as many as there are photos
FACTORS = 16  # what the bits of synthetic hashes have in common
BEYOND = 10  # bits past the radius up to which members are changed: their reference must not be found any more
STRANGERS = 0.4  # of the queries; most images of a marketplace are no reference's
CHUNK = 50_000
TAIL = 0.0001


class Asked(NamedTuple):
    """Queries and what is right: all references nearer than ``FAR_BITS``, and the least distance (or ``FAR_BITS``)."""

    hashes: Hashes
    within: list[Rows]
    nearest: list[int]


def seen(photos: Path | None, seed: int) -> Hashes:
    """The hashes of all photos that can be read; without photos, seeded ones whose bits hang together."""
    if photos is None:
        rng = np.random.default_rng(seed)
        shared = rng.standard_normal((SYNTHETIC, FACTORS)) @ rng.standard_normal((FACTORS, HASH_BITS))
        return _halved(shared / FACTORS + rng.standard_normal((SYNTHETIC, HASH_BITS)))
    found = []
    for path in sorted(path for path in photos.rglob("*") if path.is_file()):
        try:
            found.append(bytes.fromhex(fingerprint(path.read_bytes()).whole))
        except UnreadableImage:
            continue
    return np.frombuffer(b"".join(found), dtype=np.uint8).reshape(len(found), HASH_BITS // 8)


def made(photos: Hashes, count: int, seed: int) -> Hashes:
    """So many new hashes, each after one of the photos."""
    rng = np.random.default_rng(seed)
    signs = np.unpackbits(photos, axis=1).astype(np.float32) * 2 - 1
    mixing = _mixing(signs)
    chunks = []
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        drawn = rng.standard_normal((size, HASH_BITS), dtype=np.float32) @ mixing
        after = signs[rng.integers(len(signs), size=size)]
        chunks.append(_halved(LIKENESS * after + np.sqrt(1 - LIKENESS**2, dtype=np.float32) * drawn))
    return np.concatenate(chunks) if chunks else photos[:0]


def _mixing(signs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What turns independent normal draws into draws whose signs are correlated as those given."""
    moments = np.cov(signs.T.astype(np.float64))
    spread = np.sqrt(np.maximum(np.diag(moments), 1e-6))  # one bit is the same in all photos
    normal = np.sin(np.pi / 2 * moments / np.outer(spread, spread))  # the signs' correlation is less than the draws'
    np.fill_diagonal(normal, 1.0)
    values, vectors = np.linalg.eigh(normal)
    mixing: npt.NDArray[np.float32] = (vectors * np.sqrt(np.maximum(values, 0))).T.astype(np.float32)
    return mixing


def _halved(drawn: npt.NDArray[np.floating]) -> Hashes:
    """The higher half of each row as ones, as pHash has it."""
    middle = np.partition(drawn, HASH_BITS // 2 - 1, axis=1)[:, HASH_BITS // 2 - 1, None]
    return np.packbits(drawn > middle, axis=1)


def asked(references: Hashes, photos: Hashes, count: int, seed: int) -> Asked:
    """Queries about these references: some of them with 0 to ``FAR_BITS + BEYOND`` bits changed, and strangers."""
    rng = np.random.default_rng(seed)
    strangers = made(photos, round(count * STRANGERS), seed + 1)
    members = references[rng.integers(len(references), size=count - len(strangers))]
    changes = np.zeros((len(members), HASH_BITS), dtype=np.uint8)
    for row, flips in enumerate(np.linspace(0, FAR_BITS + BEYOND, len(members)).round().astype(int)):
        changes[row, rng.choice(HASH_BITS, size=flips, replace=False)] = 1
    hashes = np.concatenate([members ^ np.packbits(changes, axis=1), strangers])
    hashes = hashes[rng.permutation(len(hashes))]  # so that the first few are a sample, for those who answer slowly
    answers = list(_exact(references, hashes))
    return Asked(hashes, [rows for rows, _ in answers], [least for _, least in answers])


def _exact(references: Hashes, hashes: Hashes) -> Iterator[tuple[Rows, int]]:
    for one in hashes:
        distances = apart(references, one)
        yield np.flatnonzero(distances < FAR_BITS), min(int(distances.min()), FAR_BITS)


def apart(references: Hashes, one: Hashes) -> npt.NDArray[np.uint16]:
    """The distances in bits of many hashes from one."""
    words, word = references.view(np.uint64), one.view(np.uint64)
    total = np.zeros(len(references), dtype=np.uint16)
    for column in range(words.shape[1]):
        total += np.bitwise_count(words[:, column] ^ word[column])
    return total


def tails(photos: Hashes, references: Hashes) -> str:
    """A line on how alike hashes are that have nothing to do with one another."""
    lines = []
    for label, hashes in (("photos", photos), ("references", references[-len(photos) :])):
        pairs = np.concatenate([apart(hashes[row + 1 :], hashes[row]) for row in range(len(hashes) - 1)])
        tail = np.quantile(pairs, TAIL)
        lines.append(
            f"{label} {pairs.mean():.1f} ± {pairs.std():.1f} bits apart, one pair in {1 / TAIL:,.0f} {tail:.0f}"
        )
    return "; ".join(lines)
