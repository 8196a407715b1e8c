"""Fitting weights to cases that people decided, and measuring what that does on cases that were held out."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from detectors.verdict import LabelWeights

Array = npt.NDArray[np.float64]

# How far a weight may stray from what it was for each case that asks for it, as the standard deviation of a normal prior
# in nats: a handful of cases moves it by tenths, a hundred settle it.
TRUST = 1.0
BIAS_TRUST = 1.5
MOST_SHADOW = 4.0  # nats that a kind of finding without a weight may earn at once
FOLDS = 5
LEAST_CASES, LEAST_OF_EACH = 20, 5  # below them a fit says more of the sample than of the trade
RESAMPLES = 1_000


class Case(NamedTuple):
    """One decided suspicion: the strengths of what was found, whether it was right, and whose listing it was.

    ``group``: cases of one seller stand or fall together and are never split between fitting and measuring.
    """

    strengths: dict[str, float]
    right: bool
    group: str


class Interval(NamedTuple):
    """A figure with the bounds between which 95 of 100 resamples of the groups put it."""

    value: float
    low: float
    high: float


class Trial(NamedTuple):
    """Old and new weights on the same held-out cases: loss is the mean log-loss in nats, calibration the expected
    calibration error, both better when lower. ``gain`` is what the new weights save of the loss.
    """

    cases: int
    right: int
    loss_before: float
    loss_after: float
    error_before: float
    error_after: float
    gain: Interval


def fit(part: LabelWeights, cases: list[Case], *, trust: float = TRUST) -> LabelWeights:
    """The weights that make the cases likeliest while straying little from ``part``.

    What speaks for a label never comes to speak against it, nor the other way round; findings that had no weight may earn one.
    """
    kinds = sorted({*part.weights, *(kind for case in cases for kind in case.strengths)})
    found = np.array([[case.strengths.get(kind, 0.0) for kind in kinds] for case in cases])
    right = np.array([case.right for case in cases], dtype=np.float64)
    before = np.array([part.weights.get(kind, 0.0) for kind in kinds])
    seen = [bool(column.any()) for column in found.T]

    def loss(point: Array) -> tuple[float, Array]:
        bias, weights = point[0], point[1:]
        odds = bias + found @ weights
        strayed, shifted = (weights - before) / trust, (bias - part.bias) / BIAS_TRUST
        value = float(np.logaddexp(0.0, odds).sum() - odds @ right + 0.5 * (strayed @ strayed) + 0.5 * shifted**2)
        error = _logistic(odds) - right
        slope = np.concatenate(([error.sum() + shifted / BIAS_TRUST], found.T @ error + strayed / trust))
        return value, slope

    bounds = [(None, -0.1), *(_bounds(weight, here) for weight, here in zip(before, seen, strict=True))]
    start = np.concatenate(([min(part.bias, -0.1)], before))
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = {kind: round(float(weight), 2) for kind, weight in zip(kinds, best[1:], strict=True)}
    kept = {kind: weight for kind, weight in weights.items() if weight or kind in part.weights}
    return LabelWeights(bias=round(float(best[0]), 2), threshold=part.threshold, weights=kept, needs=part.needs)


def _bounds(weight: float, seen: bool) -> tuple[float | None, float | None]:
    if not seen:
        return (weight, weight)
    if weight > 0:
        return (0.0, None)
    return (None, 0.0) if weight < 0 else (-MOST_SHADOW, MOST_SHADOW)


def enough(cases: list[Case]) -> bool:
    """Whether there are cases enough of both kinds to fit weights to."""
    right = sum(case.right for case in cases)
    return len(cases) >= LEAST_CASES and min(right, len(cases) - right) >= LEAST_OF_EACH


def trial(part: LabelWeights, cases: list[Case], *, trust: float = TRUST) -> Trial:
    """Fit on four fifths of the sellers and measure on the rest, five times over; each case is held out once."""
    groups = sorted({case.group for case in cases})
    fold = {group: number % FOLDS for number, group in enumerate(groups)}
    after = np.zeros(len(cases))
    for held_out in range(FOLDS):
        fitted = fit(part, [case for case in cases if fold[case.group] != held_out], trust=trust)
        for at, case in enumerate(cases):
            if fold[case.group] == held_out:
                after[at] = odds_of(fitted, case)
    before = np.array([odds_of(part, case) for case in cases])
    right = np.array([case.right for case in cases], dtype=np.float64)
    losses = [np.logaddexp(0.0, odds) - odds * right for odds in (before, after)]
    return Trial(
        cases=len(cases), right=int(right.sum()), loss_before=float(losses[0].mean()), loss_after=float(losses[1].mean()),
        error_before=calibration_error(_logistic(before), right), error_after=calibration_error(_logistic(after), right),
        gain=_resampled(losses[0] - losses[1], [case.group for case in cases]),
    )  # fmt: skip


def odds_of(part: LabelWeights, case: Case) -> float:
    """The log-odds that weights give a case."""
    return part.bias + sum(part.weights.get(kind, 0.0) * strength for kind, strength in case.strengths.items())


def calibration_error(chances: Array, right: Array, *, bins: int = 10) -> float:
    """Expected calibration error: over bins of equal width, how far the mean chance is from the share that was right,
    weighted by the number of cases (Naeini, Cooper and Hauskrecht, AAAI 2015).
    """
    places = np.minimum((chances * bins).astype(int), bins - 1)
    total = 0.0
    for place in range(bins):
        here = places == place
        if here.any():
            total += float(here.sum()) * abs(float(chances[here].mean() - right[here].mean()))
    return total / len(chances) if len(chances) else 0.0


def _resampled(values: Array, groups: list[str]) -> Interval:
    """The mean with its bootstrap interval, by drawing whole groups from a fixed stream."""
    names = sorted(set(groups))
    where = {name: at for at, name in enumerate(names)}
    sums, counts = np.zeros(len(names)), np.zeros(len(names))
    for value, group in zip(values, groups, strict=True):
        sums[where[group]] += value
        counts[where[group]] += 1
    draws = np.random.default_rng(20_261_128).integers(0, len(names), size=(RESAMPLES, len(names)))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(values.mean()), float(low), float(high))


def _logistic(odds: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -500, 500))))
