"""Scores from readable weights: boosted trees as JSON lists, followed by numpy alone, and where to draw the line."""

import math
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float64]
Columns = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

WEIGHTS = Path(__file__).parent / "weights.json"
# Runner-ups above the line for each winner above it. Most listings have one product, so the second best is mostly
# wrong, and shows what wrong products score. Of 0.10, 0.125, 0.15 and 0.20, compared on Abt-Buy, Amazon-Google and
# Walmart-Amazon with all their labels in view, the first three differ by 0.034 F1 at most, and 0.20 costs
# Walmart-Amazon another 0.04.
RUNNER_UP_SHARE = 0.15
# Where the line is looked for, in log-odds: 2 % to 98 %, in steps that no score is told by.
LOWEST, HIGHEST, STEP = -4.0, 4.0, 0.05
_NO_RIVAL = -8.0  # log-odds of the rival of a candidate that has none: well below every real one
_LAST_RANK = 9

Tree = tuple[list[int], list[float], list[int], list[int], list[float]]


class Weights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file of weights says: the columns by name, and for each tree its nodes as five lists.

    The lists are the column, the bound, the nodes to the left and the right, and the value. A leaf leads to itself.
    """

    names: tuple[str, ...]
    trees: tuple[Tree, ...]


class Forest:
    """Boosted trees in arrays of (tree, node): left where a column is at most the bound; leaves add up to log-odds."""

    def __init__(self, weights: Weights) -> None:
        self.names = weights.names
        shape = (len(weights.trees), max(len(tree[0]) for tree in weights.trees))
        self._column, self._left, self._right = (np.zeros(shape, np.int64) for _ in range(3))
        self._bound, self._value = np.zeros(shape, np.float32), np.zeros(shape, np.float64)
        for at, (column, bound, left, right, value) in enumerate(weights.trees):
            size = len(column)
            self._column[at, :size], self._left[at, :size], self._right[at, :size] = column, left, right
            self._bound[at, :size], self._value[at, :size] = bound, value
        self._depth = _depth(self._left, self._right)

    @classmethod
    def read(cls, path: Path = WEIGHTS) -> Self:
        """The forest of a JSON file; the usual one ships with the package and is for one listing at a time."""
        return cls(msgspec.json.decode(path.read_bytes(), type=Weights))

    def logits(self, columns: Columns) -> Logits:
        """Log-odds that the pairs are the same product, from rows of columns in the order of ``names``."""
        rows, trees = np.arange(len(columns))[:, None], np.arange(len(self._column))[None, :]
        node = np.zeros((len(columns), len(self._column)), np.int64)
        for _ in range(self._depth):
            goes_left = columns[rows, self._column[trees, node]] <= self._bound[trees, node]
            node = np.where(goes_left, self._left[trees, node], self._right[trees, node])
        return np.asarray(self._value[trees, node].sum(axis=1), np.float64)


def _depth(left: Ints, right: Ints) -> int:
    """Steps until every tree has reached a leaf."""
    depth, nodes = 0, [(tree, 0) for tree in range(len(left))]
    while nodes:
        below = [
            (tree, int(side[tree, node])) for tree, node in nodes for side in (left, right) if side[tree, node] != node
        ]
        depth, nodes = depth + bool(below), below
    return depth


def probability(logits: Logits) -> Logits:
    """Log-odds as probabilities."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float64)


def log_odds(share: float) -> float:
    """A probability as log-odds."""
    return math.log(share / (1.0 - share))


def threshold_without_labels(listings: Ints, logits: Logits, share: float = RUNNER_UP_SHARE) -> float:
    """The lowest log-odds at which runner-ups are at most ``share`` of the winners; ``listings[i]`` is candidate i's.

    It is the decoy method of proteomics (Elias and Gygi, Nature Methods 4, 2007): how often something known to be wrong
    scores as high tells how often chance does. It takes some hundred listings; for fewer, an even chance is the line.
    """
    first, second = _winners(listings, logits)
    for bound in np.arange(LOWEST, HIGHEST, STEP):
        if (second >= bound).sum() <= share * max(1, int((first >= bound).sum())):
            return float(bound)
    return HIGHEST


def _winners(listings: Ints, logits: Logits) -> tuple[Logits, Logits]:
    """The best and the second best score of each listing that has two candidates or more."""
    order = np.lexsort((-logits, listings))
    ids, scores = listings[order], logits[order]
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    starts = starts[np.diff(np.r_[starts, len(ids)]) > 1]
    return scores[starts], scores[starts + 1]


def rivalry(listings: Ints, products: Ints, logits: Logits) -> dict[str, Logits]:
    """How candidates stand by score among those of their listing and of their product: a second stage's columns."""
    columns = {"score": logits}
    odds = probability(logits)
    for side, ids in (("listing", listings), ("product", products)):
        order = np.lexsort((-logits, ids))
        starts = np.flatnonzero(np.r_[True, ids[order][1:] != ids[order][:-1]])
        counts = np.diff(np.r_[starts, len(ids)])
        rank = np.arange(len(ids)) - np.repeat(starts, counts)
        seconds = np.where(counts > 1, logits[order][np.minimum(starts + 1, len(ids) - 1)], _NO_RIVAL)
        first, second = np.repeat(logits[order][starts], counts), np.repeat(seconds, counts)
        back = np.empty(len(ids), np.int64)
        back[order] = np.arange(len(ids))
        rival = np.where(rank == 0, second, first)[back]
        columns[f"score_{side}_rank"] = np.minimum(rank, _LAST_RANK)[back].astype(np.float64)
        columns[f"score_{side}_rival"] = rival
        columns[f"score_{side}_margin"] = logits - rival
        columns[f"score_{side}_share"] = odds / np.bincount(ids, odds)[ids]
    return columns
