"""Which reference photo a photo is made from, where in it that stands, and what was changed."""

from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image

from detectors.photo_content import Content, compare
from detectors.photo_features import THUMB, Bits, Photo, Points, Reference, look, look_at

# Points vote for references whose points share bits with theirs: eight times sixteen of the 256. An edited photo's points
# keep 16 chosen bits one time in eight where one bit in eight has flipped; unrelated ones never more often than chance.
TABLES, KEY_BITS, SEED = 8, 16, 1
COMMONEST = 200  # points of references with one key; a commoner key tells nothing
SHORTLIST = 6  # references that are laid over the photo
LEAST_PAIRS = 6
SECOND_BEST = 0.85  # Lowe's ratio: a pair counts when the next best is this much worse
MOST_FLIPPED = 70  # bits of a pair's 256
REACH = 5.0  # pixels by which a pair may miss where the map says that it is
LARGEST, SMALLEST, MOST_STRETCH = 8.0, 0.08, 2.5  # of the map; others turn a photo into a line
LEAST_FOR_PERSPECTIVE = 10  # pairs
MOST_BENT = 0.5  # of its size in the photo, by which a perspective may move a corner of the reference
MOST_GROWTH = 24.0  # times that the photo is larger than the thumb of the reference it is laid over; it bounds the blur
SURE_SCORE = 40.0  # from here on the photo is not looked at in a mirror
MATCH_SCORE = 2.0  # one hard negative in a thousand lies above it (make bench-quality)
LEAST_MIRRORED = 20.0  # score of a match in a mirror that is told
MIRROR_BETTER = 2.0  # times the score of the same reference as it is
NEAR_BEST = 0.5  # share of the best score from which another match is told as well
SIBLING_SHARE = 0.004  # of its score that another colour or print of a reference keeps


class PhotoMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A photo that is made from a reference photo. ``reference`` is its number.

    ``pairs``: points that one map of the reference onto the photo explains; ``content``: what is seen once it is laid
    over; ``outline``: the reference's corners in the photo, clockwise from its top left, as shares of width and height.
    """

    reference: int
    pairs: int
    content: Content
    mirrored: bool
    outline: tuple[tuple[float, float], ...]

    @property
    def score(self) -> float:
        """How sure the match is: pairs, less where the content does not agree."""
        share = SIBLING_SHARE if self.content.sibling else 1.0
        return self.pairs * self.content.agreement**2 * share

    @property
    def is_copy(self) -> bool:
        """Whether it is surely made from the reference, and shows the same product."""
        return self.score > MATCH_SCORE

    @property
    def is_sibling(self) -> bool:
        """Whether it surely shows another colour or print of the reference's product."""
        return bool(self.content.sibling) and self.score > MATCH_SCORE * SIBLING_SHARE


def clear(matches: Sequence[PhotoMatch]) -> list[PhotoMatch]:
    """Of matches, the surest first, those that the best does not put in doubt.

    Goods are often symmetrical: they fit in a mirror nearly as well as they are, so a mirror must fit clearly better.
    """
    plain: dict[int, float] = {}
    for match in matches:
        if not match.mirrored:
            plain[match.reference] = max(match.score, plain.get(match.reference, 0.0))
    kept = [
        match
        for match in matches
        if not match.mirrored
        or (match.score >= LEAST_MIRRORED and match.score >= MIRROR_BETTER * plain.get(match.reference, 0.0))
    ]
    best = max((match.score for match in kept), default=0.0)
    return [match for match in kept if match.score >= NEAR_BEST * best]


class PhotoIndex:
    """Reference photos by their points. A look-up's cost grows with the points that share a key, not with the photos."""

    def __init__(self, references: Sequence[Reference]) -> None:
        self._references = references
        chosen = np.random.default_rng(SEED)
        self._bits = [chosen.choice(256, KEY_BITS, replace=False) for _ in range(TABLES)]
        self._pairs = cv2.BFMatcher(cv2.NORM_HAMMING)
        described = [reference.descriptors for reference in references if len(reference.descriptors)]
        owners = [np.full(len(one.descriptors), number) for number, one in enumerate(references)]
        self._tables: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
        if described:
            owner = np.concatenate(owners)
            for keys in self._keys(np.concatenate(described)):
                order = keys.argsort(kind="stable")
                self._tables.append((keys[order], owner[order]))

    def find(self, body: bytes, *, closely: bool = True) -> list[PhotoMatch]:
        """The references that a photo's bytes are made from; looks ``closely`` only where the first look gives none."""
        found = self.search(look(body))
        if not closely or (found and found[0].is_copy):
            return found
        return sorted([*found, *self._search(look(body, closely=True), mirrored=False)], key=lambda match: -match.score)

    def search(self, photo: Photo) -> list[PhotoMatch]:
        """The references that the photo is made from, as it is or in a mirror, the surest first."""
        found = self._search(photo, mirrored=False)
        if not found or found[0].score < SURE_SCORE:
            found += self._search(_mirrored(photo), mirrored=True)
        return sorted(found, key=lambda match: -match.score)

    def _search(self, photo: Photo, *, mirrored: bool) -> list[PhotoMatch]:
        matches = (self._match(photo, number, mirrored=mirrored) for number in self._shortlist(photo.descriptors))
        return sorted(filter(None, matches), key=lambda match: -match.score)

    def _keys(self, descriptors: Bits) -> list[npt.NDArray[np.int64]]:
        bits = np.unpackbits(descriptors, axis=1)
        weights = 1 << np.arange(KEY_BITS, dtype=np.int64)
        return [bits[:, chosen].astype(np.int64) @ weights for chosen in self._bits]

    def _shortlist(self, descriptors: Bits) -> list[int]:
        """The references with the most votes; a point's vote is shared among all that have its key."""
        if not len(descriptors) or not self._tables:
            return []
        votes = np.zeros(len(self._references))
        for keys, (known, owners) in zip(self._keys(descriptors), self._tables, strict=True):
            first, last = np.searchsorted(known, keys, "left"), np.searchsorted(known, keys, "right")
            lengths = last - first
            told = (lengths > 0) & (lengths < COMMONEST)
            first, lengths = first[told], lengths[told]
            if not len(first):
                continue
            before = np.concatenate([[0], np.cumsum(lengths)[:-1]])
            rows = np.repeat(first - before, lengths) + np.arange(lengths.sum())
            votes += np.bincount(owners[rows], weights=np.repeat(1 / lengths, lengths), minlength=len(votes))
        return [int(number) for number in np.argsort(-votes)[:SHORTLIST] if votes[number] > 0]

    def _match(self, photo: Photo, number: int, *, mirrored: bool) -> PhotoMatch | None:
        reference = self._references[number]
        here, there = self._paired(photo, reference)
        if len(here) < 4:
            return None
        affine, kept = cv2.estimateAffine2D(there, here, ransacReprojThreshold=REACH, maxIters=1000, confidence=0.995)
        if affine is None or not _is_plausible(np.asarray(affine, np.float64)):
            return None
        inside = kept.ravel() > 0
        pairs = len({tuple(point) for point in np.round(there[inside])})
        if pairs < LEAST_PAIRS:
            return None
        onto = np.vstack([affine, [0, 0, 1]])
        if pairs >= LEAST_FOR_PERSPECTIVE:
            perspective, _ = cv2.findHomography(there[inside], here[inside], cv2.RANSAC, 4)
            if perspective is not None and _is_like(np.asarray(perspective, np.float64), onto, reference.size):
                onto = perspective
        content = self._content(photo, number, onto)
        outline = _outline(onto, reference, photo, mirrored=mirrored)
        return PhotoMatch(reference=number, pairs=pairs, content=content, mirrored=mirrored, outline=outline)

    def _paired(self, photo: Photo, reference: Reference) -> tuple[Points, Points]:
        if min(len(photo.descriptors), len(reference.descriptors)) < 4:
            return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
        near = self._pairs.knnMatch(photo.descriptors, reference.descriptors, k=2)
        kept = [
            pair[0]
            for pair in near
            if len(pair) == 2 and pair[0].distance < min(SECOND_BEST * pair[1].distance, MOST_FLIPPED)
        ]
        here = photo.points[[pair.queryIdx for pair in kept]]
        return here, reference.points[[pair.trainIdx for pair in kept]]

    def _content(self, photo: Photo, number: int, onto: npt.NDArray[np.float64]) -> Content:
        """Lay the photo over the reference, at the size of its thumb, and compare."""
        thumb = self._references[number].thumb
        scale = THUMB / max(self._references[number].size)
        small = onto @ np.diag([1 / scale, 1 / scale, 1.0])
        growth = min(MOST_GROWTH, float(np.sqrt(abs(np.linalg.det(small[:2, :2])))))
        pixels = photo.pixels if growth < 1.5 else cv2.GaussianBlur(photo.pixels, (0, 0), growth / 3)
        size = (thumb.shape[1], thumb.shape[0])
        laid = cv2.warpPerspective(pixels, small, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        white = np.full(photo.pixels.shape[:2], 255, np.uint8)
        seen = cv2.warpPerspective(white, small, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP) > 0
        return compare(thumb, np.asarray(laid, np.uint8), np.asarray(seen))


def _mirrored(photo: Photo) -> Photo:
    """The photo in a mirror, its points sought anew: their surroundings turn with them."""
    flipped = Image.fromarray(np.ascontiguousarray(photo.pixels[:, ::-1]))
    return look_at(flipped, side=max(flipped.size))


def _is_plausible(affine: npt.NDArray[np.float64]) -> bool:
    large, small = np.linalg.svd(affine[:, :2], compute_uv=False)
    return bool(
        np.linalg.det(affine[:, :2]) > 0 and small >= SMALLEST and large <= LARGEST and large <= MOST_STRETCH * small
    )


def _is_like(perspective: npt.NDArray[np.float64], affine: npt.NDArray[np.float64], size: tuple[int, int]) -> bool:
    """Whether a perspective puts the reference's corners near where the plain fit does.

    A few points near a line fit any perspective, one that would lay the photo over with a blur of a million pixels as well.
    """
    width, height = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64).T
    lifted, plain = perspective @ corners, affine @ corners
    if not np.isfinite(lifted).all() or lifted[2].min() <= 0:  # beyond the horizon
        return False
    reach = float(np.ptp(plain[:2], axis=1).max())
    return bool(np.abs(lifted[:2] / lifted[2] - plain[:2]).max() <= MOST_BENT * reach)


def _outline(
    onto: npt.NDArray[np.float64], reference: Reference, photo: Photo, *, mirrored: bool
) -> tuple[tuple[float, float], ...]:
    width, height = reference.size
    corners = np.array([[[0, 0]], [[width, 0]], [[width, height]], [[0, height]]], np.float64)
    placed = cv2.perspectiveTransform(corners, onto).reshape(-1, 2) / np.array(photo.pixels.shape[1::-1])
    return tuple((round(float(1 - x if mirrored else x), 4), round(float(y), 4)) for x, y in placed)
