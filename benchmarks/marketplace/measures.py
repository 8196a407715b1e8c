"""Measures over weighted listings, each for many weightings at once: a bootstrap is another weighting.

Weights are a matrix with a row for each resample and a column for each listing. All listings of a seller are drawn
together, since they are alike; that is what widens the intervals to what another marketplace would show.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Measure = Callable[[Floats], Floats]

RESAMPLES = 500
AT_ONCE = 50  # resamples; 50 × 20,000 listings are 8 MB for each intermediate
TAIL = 2.5  # percent on each side of a 95 % interval
TOP = 0.2  # of the queue that people get to see


class Estimate(NamedTuple):
    """A measure and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "–"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


class Bootstrap:
    """Weights of listings, drawn by seller; the same seed draws the same."""

    def __init__(self, sellers: list[str], *, seed: int = 0, resamples: int = RESAMPLES) -> None:
        _, place = np.unique(np.array(sellers), return_inverse=True)
        count = int(place.max()) + 1 if len(place) else 0
        drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
        self._place = place
        self._drawn = drawn.astype(np.float64)

    def estimate(self, measure: Measure) -> Estimate:
        """The measure over the listings as they are, with its interval over the resamples."""
        value = float(measure(np.ones((1, len(self._place))))[0])
        starts = range(0, len(self._drawn), AT_ONCE)
        many = np.concatenate([measure(self._drawn[start : start + AT_ONCE][:, self._place]) for start in starts])
        many = many[~np.isnan(many)]
        low, high = np.percentile(many, (TAIL, 100 - TAIL)) if len(many) else (np.nan, np.nan)
        return Estimate(value, float(low), float(high))


def share(of: Bools, among: Bools) -> Measure:
    """The share of the listings ``among`` that are ``of`` as well."""
    return lambda weights: _ratio(weights @ (of & among), weights @ among)


def precision(raised: Bools, true: Bools) -> Measure:
    """Of those raised, the share that is true."""
    return share(true, raised)


def recall(raised: Bools, true: Bools) -> Measure:
    """Of those true, the share that is raised."""
    return share(raised, true)


def f1(raised: Bools, true: Bools) -> Measure:
    """The harmonic mean of precision and recall."""
    return lambda weights: _ratio(2 * (weights @ (raised & true)), weights @ raised + weights @ true)


def average_precision(scores: Floats, true: Bools) -> Measure:
    """The area under precision over recall in steps; equal scores are one step."""
    order = np.argsort(-scores, kind="stable")
    ends = _ends(scores[order])

    def measure(weights: Floats) -> Floats:
        hits, seen = _cumulated(weights[:, order], true[order], ends)
        gained = np.diff(hits, axis=1, prepend=0.0)
        return _ratio((gained * _ratio(hits, seen)).sum(axis=1), hits[:, -1])

    return measure


def recall_at_precision(scores: Floats, true: Bools, least: float) -> Measure:
    """The highest recall at any threshold at which precision is at least so high."""
    order = np.argsort(-scores, kind="stable")
    ends = _ends(scores[order])

    def measure(weights: Floats) -> Floats:
        hits, seen = _cumulated(weights[:, order], true[order], ends)
        reached = np.where(_ratio(hits, seen) >= least, hits, 0.0).max(axis=1)
        return _ratio(reached, hits[:, -1])

    return measure


def found_in_top(scores: Floats, true: Bools, among: Bools, top: float = TOP) -> Measure:
    """The share of the true cases in the first ``top`` of the listings ``among``, the likeliest first."""
    order = np.argsort(-np.where(among, scores, -1.0), kind="stable")

    def measure(weights: Floats) -> Floats:
        ordered = weights[:, order] * among[order]
        seen = np.cumsum(ordered, axis=1)
        shown = seen <= top * seen[:, -1:] + 1e-9
        return _ratio((ordered * true[order] * shown).sum(axis=1), weights @ true)

    return measure


def calibration_error(chances: Floats, true: Bools, bins: int, place: npt.NDArray[np.int64]) -> Measure:
    """Expected calibration error over bins of equal width: by how much what is said differs from what is, on average.

    ``place`` is the listing of each pair of listing and label.
    """
    which = bins_of(chances, bins)
    members = np.zeros((len(chances), bins))
    members[np.arange(len(chances)), which] = 1.0

    def measure(weights: Floats) -> Floats:
        pairs = weights[:, place]
        gaps = np.abs((pairs * chances) @ members - (pairs * true) @ members)
        return _ratio(gaps.sum(axis=1), pairs.sum(axis=1))

    return measure


def bins_of(chances: Floats, bins: int) -> npt.NDArray[np.int64]:
    """The bin of each probability; the last one holds 1."""
    return np.minimum((chances * bins).astype(np.int64), bins - 1)


class Curve(NamedTuple):
    """Precision and recall at each threshold, the highest first."""

    thresholds: Floats
    precision: Floats
    recall: Floats

    def sparkline(self, width: int = 41) -> str:
        """Precision over recall from 0 to 1: the best that is to be had at each recall or more."""
        bars, line = "▁▂▃▄▅▆▇█", ""
        for wanted in np.linspace(0, 1, width):
            reached = self.precision[self.recall >= wanted]
            line += bars[min(7, int(reached.max() * 8))] if len(reached) else " "
        return line


def curve(scores: Floats, true: Bools) -> Curve:
    """The curve of precision over recall."""
    order = np.argsort(-scores, kind="stable")
    ends = _ends(scores[order])
    hits, seen = _cumulated(np.ones((1, len(scores))), true[order], ends)
    return Curve(scores[order][ends], _ratio(hits, seen)[0], _ratio(hits, hits[:, -1:])[0])


def _ends(ordered: Floats) -> npt.NDArray[np.int64]:
    """The last place of each run of equal scores."""
    return np.flatnonzero(np.append(np.diff(ordered) != 0, True))


def _cumulated(weights: Floats, true: Bools, ends: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    return np.cumsum(weights * true, axis=1)[:, ends], np.cumsum(weights, axis=1)[:, ends]


def _ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, and not a number where there is nothing."""
    out = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=out, where=np.broadcast_to(whole, out.shape) > 0)
    return out
