"""Models of product pairs trained on the published sets, and the weights that ship with the package.

LightGBM is needed here alone: what ships are trees as JSON, which numpy follows.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.quality.matching_sets import DIRTY, SETS, WALMART, Columns, Ints, Pairs, Sets
from detectors.pairs.forest import HIGHEST, LOWEST, STEP, rivalry, threshold_without_labels

Scores = npt.NDArray[np.float64]

# Set by hand: many small trees that see a third of the columns each, as a few thousand pairs carry no more. One thread
# and fixed seeds, so that the same data give the same weights.
SETTINGS = {
    "objective": "binary", "learning_rate": 0.04, "num_leaves": 15, "max_depth": 6, "min_data_in_leaf": 8,
    "feature_fraction": 0.35, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 3.0, "verbose": -1,
    "num_threads": 1, "deterministic": True,
}  # fmt: skip
ROUNDS, ROUNDS_RIVALS, ROUNDS_GENERIC = 250, 200, 200
FOLDS_FIRST, FOLDS_RIVALS, FOLDS_FEW = 8, 5, 3
SEEDS = (0, 1)
# Weight of each pair of other sets beside a few own labels: this number over theirs, and half at most. Set by hand.
_OTHERS_COUNT, _OTHERS_MOST = 60.0, 0.5
_TRUST = 25.0  # own positives that weigh as much in a threshold as no labels at all do
# Own positives below which new trees count no more than the generic ones, and below which the threshold stays the one
# that needs no labels. Chosen on 40 draws of 100 or 300 labels, judged on all other pairs, valid ones included: a
# blended threshold was worse than no labels at all six times, by up to 0.009; this way once, by less than 0.0005.
_LEAST_FOR_TREES, _LEAST_FOR_LINE = 20, 50
_LEVEL = 0.01  # F1 within which thresholds are as good as the best


class Untrainable(Exception):
    """LightGBM is not installed."""


def fit(columns: Columns, labels: Ints, weights: Scores | None, rounds: int, seed: int) -> Any:
    """A LightGBM booster."""
    try:
        import lightgbm
    except ImportError as error:
        raise Untrainable("LightGBM is not installed. Run: pip install 'touchstone-watch[bench]'") from error
    return lightgbm.train({**SETTINGS, "seed": seed}, lightgbm.Dataset(columns, labels, weight=weights), rounds)


def raw(booster: Any, columns: Columns) -> Scores:
    """Log-odds."""
    return np.asarray(booster.predict(columns, raw_score=True), np.float64)


def f1(labels: Ints, said: npt.NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall."""
    return float(2 * (said & (labels == 1)).sum() / max(1, said.sum() + labels.sum()))


def best_threshold(labels: Ints, scores: Scores) -> tuple[float, float]:
    """The highest F1 that a threshold reaches, and that threshold, halfway to the next score."""
    order = np.argsort(-scores, kind="stable")
    curve = 2 * np.cumsum(labels[order]) / (np.arange(1, len(labels) + 1) + labels.sum())
    last = np.flatnonzero(np.r_[scores[order][1:] != scores[order][:-1], True])
    at = int(last[curve[last].argmax()])
    return float(curve[at]), float(scores[order][at : at + 2].mean())


def _folds(pairs: Pairs, seed: int, folds: int) -> Ints:
    """A fold for each pair, by the pair and not by its place: a clean pair and its dirty twin share one."""
    return (pairs.rows * 7919 + pairs.products * 104_729 + seed * 31) % 1_000_003 % folds


def trained_on_own(pairs: Pairs) -> Scores:
    """Scores of the labelled pairs by their own set's train part; out of fold for that part.

    Two stages, averaged: the pair's own columns, and these with how its score stands among its rivals.
    """
    labels, known, judged = pairs.labels, pairs.known, pairs.judged
    total = np.zeros(len(labels))
    for seed in SEEDS:
        first = _out_of_fold(pairs, known, seed, FOLDS_FIRST, (), 1.0)
        added = np.stack(list(rivalry(pairs.rows, pairs.products, first).values()), axis=1).astype(np.float32)
        columns = np.hstack([pairs.columns["batch"], added])[: len(labels)]
        fold, second = _folds(pairs, seed + 100, FOLDS_RIVALS)[: len(labels)], np.zeros(len(labels))
        for at in range(FOLDS_RIVALS):
            use, to = known[fold[known] != at], known[fold[known] == at]
            booster = fit(columns[use], labels[use], None, ROUNDS_RIVALS, seed)
            second[to] = raw(booster, columns[to])
            second[judged] += raw(booster, columns[judged]) / FOLDS_RIVALS
        total += (first[: len(labels)] + second) / 2 / len(SEEDS)
    return total


def _out_of_fold(pairs: Pairs, known: Ints, seed: int, folds: int, others: Sequence[Pairs], weight: float) -> Scores:
    """First-stage scores of every pair by the ``known`` ones and those of other sets; out of fold for the known."""
    columns, fold = pairs.columns["batch"], _folds(pairs, seed, folds)
    extra = [other.columns["batch"][other.known] for other in others]
    extra_labels = [other.labels[other.known] for other in others]
    parts = np.zeros((len(columns), folds))
    for at in range(folds):
        use = known[fold[known] != at]
        weights = np.r_[np.ones(len(use)), np.full(sum(map(len, extra)), weight)]
        labels = np.concatenate([pairs.labels[use], *extra_labels])
        parts[:, at] = raw(fit(np.vstack([columns[use], *extra]), labels, weights, ROUNDS, seed), columns)
    scores: Scores = parts.mean(axis=1)
    scores[known] = parts[known, fold[known]]
    return scores


def generic(sets: Sets, names: Sequence[str], form: str, seed: int) -> Any:
    """One model of the train parts of several sets; clean and dirty Walmart-Amazon count half each if both."""
    chosen = [sets.pairs(name) for name in names]
    both = {WALMART, DIRTY} <= set(names)
    halves = [0.5 if both and name in (WALMART, DIRTY) else 1.0 for name in names]
    weights = np.concatenate([np.full(pairs.train, half) for pairs, half in zip(chosen, halves, strict=True)])
    columns = np.vstack([pairs.columns[form][pairs.known] for pairs in chosen])
    labels = np.concatenate([pairs.labels[pairs.known] for pairs in chosen])
    return fit(columns, labels, weights, ROUNDS_GENERIC, seed)


def generic_scores(sets: Sets, name: str, others: Sequence[str], form: str, seeds: Sequence[int] = (0,)) -> Scores:
    """Scores of all pairs of a set by a generic model of others, the mean of several seeds."""
    columns = sets.pairs(name).columns[form]
    scores = [raw(generic(sets, others, form, seed), columns) for seed in seeds]
    return np.asarray(np.mean(scores, axis=0), np.float64)


def trained_on_few(pairs: Pairs, known: Ints, base: Scores, others: Sequence[Pairs], seed: int) -> tuple[Scores, float]:
    """Scores and threshold by a few labels of a set beside the pairs of other sets; ``base`` are the generic scores."""
    weight = min(_OTHERS_MOST, _OTHERS_COUNT / len(known))
    scores = _out_of_fold(pairs, known, seed, FOLDS_FEW, others, weight)
    positives = int(pairs.labels[known].sum())
    if positives < _LEAST_FOR_TREES:
        scores = (scores + base) / 2
    free = threshold_without_labels(pairs.rows, scores)
    return scores, free if positives < _LEAST_FOR_LINE else _blended(pairs.labels[known], scores[known], free)


def _blended(labels: Ints, scores: Scores, free: float) -> float:
    """A threshold between the one without labels and the best of a few, the nearer to the latter the more they are."""
    positives = float(labels.sum())
    grid = np.arange(LOWEST, HIGHEST, STEP)
    curve = np.array([f1(labels, scores >= bound) for bound in grid])
    near = grid[curve >= curve.max() - _LEVEL]
    return float((positives * near.mean() + _TRUST * free) / (positives + _TRUST))


def export(sets: Sets, path: Path) -> Any:
    """Write the weights that ship, of the train parts of all sets, and return the booster that they are."""
    booster = generic(sets, tuple(SETS), "alone", 0)
    trees = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in _trees(booster))
    names = json.dumps(sets.pairs(DIRTY).names["alone"])
    path.write_text(f'{{"names":{names},\n"trees":[\n{trees}\n]}}\n', encoding="utf-8")
    return booster


def _trees(booster: Any) -> list[list[list[float]]]:
    """The trees as five lists, as `detectors.pairs.forest.Weights` describes them."""
    trees = []
    for dumped in booster.dump_model()["tree_info"]:
        nodes: list[list[float]] = []
        _flatten(dumped["tree_structure"], nodes)
        trees.append([list(column) for column in zip(*nodes, strict=True)])
    return trees


def _flatten(node: Mapping[str, Any], nodes: list[list[float]]) -> int:
    at = len(nodes)
    nodes.append([0, 0, at, at, 0])
    if "split_feature" not in node:
        nodes[at][4] = float(f"{node['leaf_value']:.6g}")
        return at
    nodes[at][:2] = [int(node["split_feature"]), _bound(float(node["threshold"]))]
    nodes[at][2] = _flatten(node["left_child"], nodes)
    nodes[at][3] = _flatten(node["right_child"], nodes)
    return at


def _bound(threshold: float) -> float:
    """The highest number of 32 bits that is not above a threshold: columns have 32 bits, so none falls between."""
    near = np.float32(threshold)
    return float(str(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf))))
