"""What is true of each listing beside what was said of it, in columns."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.marketplace.measures import Bools, Floats, Measure, f1, found_in_top, precision, recall, share
from benchmarks.marketplace.outcomes import Outcome, outcomes
from benchmarks.marketplace.sweeping import fill, sweep_all, visits
from fixtures.demo.model import Truth, World
from operations.rescreen import RescreenReport
from touchstone.listing import Listing
from touchstone.verdicts import Label


class Floor(NamedTuple):
    """A promise: at least (or, where ``most``, at most) so much."""

    name: str
    bound: float
    value: float
    most: bool = False

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        return self.value <= self.bound if self.most else self.value >= self.bound


PRECISION, RECALL, TRAPS, QUEUE = 0.95, 0.85, 0.01, 0.90


class Board:
    """Columns over all listings of a world, in one order."""

    def __init__(self, found: list[Outcome], truths: dict[str, Truth]) -> None:
        self.outcomes = found
        self.truths = [truths[one.key] for one in found]
        self.sellers = [one.seller for one in found]
        self.about: Bools = np.array([one.about for one in found])
        self.trap: Bools = np.array([truth.trap is not None for truth in self.truths])
        self._chances = {
            label: np.array([one.chances.get(label, np.nan) for one in found], np.float64) for label in Label
        }

    def true(self, label: Label) -> Bools:
        """Which listings deserve a label."""
        return np.array([label.value in truth.labels for truth in self.truths])

    def raised(self, label: Label) -> Bools:
        """Which listings are flagged."""
        return np.array([label in one.raised for one in self.outcomes])

    def chances(self, label: Label) -> Floats:
        """The probability of a label; not a number where none is given."""
        return self._chances[label]

    def scores(self, label: Label) -> Floats:
        """The same for ranking: what has no probability comes last."""
        scores: Floats = np.nan_to_num(self._chances[label], nan=0.0)
        return scores

    def highest(self) -> Floats:
        """The highest probability of any label."""
        highest: Floats = np.max([self.scores(label) for label in Label], axis=0)
        return highest

    def any_true(self) -> Bools:
        """Which listings deserve any label."""
        every: Bools = np.any([self.true(label) for label in Label], axis=0)
        return every

    def kinds(self, by: str) -> dict[str, Bools]:
        """For each trap or tell (``by``), the listings that have it."""
        names: dict[str, list[int]] = {}
        for place, truth in enumerate(self.truths):
            for name in truth.tells if by == "tells" else filter(None, (truth.trap,)):
                names.setdefault(name, []).append(place)
        found = {}
        for name, places in sorted(names.items()):
            found[name] = np.zeros(len(self.truths), np.bool_)
            found[name][places] = True
        return found

    def point(self, measure: Measure) -> float:
        """A measure over the listings as they are."""
        return float(measure(np.ones((1, len(self.outcomes))))[0])

    def floors(self) -> list[Floor]:
        """What the project promises of this benchmark."""
        raised, true = self.raised(Label.COUNTERFEIT), self.true(Label.COUNTERFEIT)
        scores, every = self.scores(Label.COUNTERFEIT), np.ones(len(true), np.bool_)
        top = "counterfeits in the top 20 % of "
        return [
            Floor("counterfeit precision", PRECISION, self.point(precision(raised, true))),
            Floor("counterfeit recall", RECALL, self.point(recall(raised, true))),
            Floor("traps called counterfeit", TRAPS, self.point(share(raised, self.trap)), most=True),
            Floor(top + "all listings", QUEUE, self.point(found_in_top(scores, true, every))),
            Floor(top + "those about a brand", QUEUE, self.point(found_in_top(scores, true, self.about))),
        ]

    def summary(self, label: Label) -> tuple[float, float, float]:
        """Precision, recall and F1 of a label."""
        raised, true = self.raised(label), self.true(label)
        return self.point(precision(raised, true)), self.point(recall(raised, true)), self.point(f1(raised, true))


class Run(NamedTuple):
    """A world that went through the real path."""

    board: Board
    listings: list[Listing]
    report: RescreenReport


def run(
    world: World, folder: Path, *, processes: int, pictures: float = 1.0, say: Callable[[str], None] = lambda text: None
) -> Run:
    """Fill a store with the world, sweep it, screen it again, and say what came of it."""
    say("drawing pictures")
    images = fill(world, folder, processes, pictures)
    visited, truths = zip(*visits(world, images), strict=True)
    say("sweeping and screening again")
    report = sweep_all(world, visited, folder, processes)
    say("reading probabilities")
    by_key = {f"{truth.marketplace}/{truth.listing_id}": truth for truth in truths}
    listings = {one.listing.key: one.listing for one in visited}
    board = Board(outcomes(folder, processes), by_key)
    return Run(board, [listings[one.key] for one in board.outcomes], report)
