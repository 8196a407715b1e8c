"""The tables that the benchmark prints."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.marketplace.board import Board, Floor
from benchmarks.marketplace.measures import (
    TOP,
    Bools,
    Bootstrap,
    Floats,
    average_precision,
    bins_of,
    calibration_error,
    curve,
    f1,
    found_in_top,
    precision,
    recall,
    recall_at_precision,
    share,
)
from benchmarks.marketplace.peers import Peer
from touchstone.verdicts import Label

BINS = (10, 15)


class Report:
    """Prints a board; intervals are by seller."""

    def __init__(self, board: Board, bootstrap: Bootstrap, console: Console) -> None:
        self.board, self.bootstrap, self.console = board, bootstrap, console

    def labels(self) -> None:
        """Each label at its threshold, and its curve."""
        table = _table("label", "true", "precision", "recall", "F1", "average precision")
        for label in Label:
            raised, true = self.board.raised(label), self.board.true(label)
            measures = (precision(raised, true), recall(raised, true), f1(raised, true))
            ranked = average_precision(self.board.scores(label), true)
            cells = [str(self.bootstrap.estimate(measure)) for measure in (*measures, ranked)]
            table.add_row(label.value, str(int(true.sum())), *cells)
        self.console.print(table)
        for label in Label:
            line = curve(self.board.scores(label), self.board.true(label)).sparkline()
            self.console.print(f"{label.value:>20}  precision over recall 0 … 1  |{line}|")
        scores, true = self.board.scores(Label.COUNTERFEIT), self.board.true(Label.COUNTERFEIT)
        best = self.bootstrap.estimate(recall_at_precision(scores, true, 0.95))
        self.console.print(f"counterfeit recall where precision is 0.95: {best}")

    def calibration(self) -> None:
        """How far probabilities are to be believed, over every pair of listing and label that has one."""
        table = _table("label", "pairs", *(f"ECE, {bins} bins" for bins in BINS))
        for name, labels in (*((label.value, (label,)) for label in Label), ("all", tuple(Label))):
            chances, true, place = self._pairs(labels)
            cells = [self.bootstrap.estimate(calibration_error(chances, true, bins, place)) for bins in BINS]
            table.add_row(name, str(len(chances)), *map(str, cells))
        self.console.print(table)
        table = _table("probability", "pairs", "said", "true", "counterfeit: pairs", "said", "true")
        rows = zip(self.reliability(tuple(Label)), self.reliability((Label.COUNTERFEIT,)), strict=True)
        for number, (every, fake) in enumerate(rows):
            span = f"{number / BINS[0]:.1f} – {(number + 1) / BINS[0]:.1f}"
            table.add_row(span, *(text for row in (every, fake) for text in _cells(row)))
        self.console.print(table)

    def _pairs(self, labels: Iterable[Label]) -> tuple[Floats, Bools, "np.typing.NDArray[np.int64]"]:
        columns = [(self.board.chances(label), self.board.true(label)) for label in labels]
        kept = [~np.isnan(chances) for chances, _ in columns]
        return (
            np.concatenate([chances[known] for (chances, _), known in zip(columns, kept, strict=True)]),
            np.concatenate([true[known] for (_, true), known in zip(columns, kept, strict=True)]),
            np.concatenate([np.flatnonzero(known) for known in kept]),
        )

    def reliability(self, labels: tuple[Label, ...]) -> list[tuple[int, float, float]]:
        """For each of ten bins: pairs, what is said on average, and what is true."""
        chances, true, _ = self._pairs(labels)
        which = bins_of(chances, BINS[0])
        rows = []
        for place in range(BINS[0]):
            here = which == place
            count = int(here.sum())
            rows.append((count, *((float(chances[here].mean()), float(true[here].mean())) if count else (0.0, 0.0))))
        return rows

    def kinds(self, by: str) -> None:
        """For each trap or tell, how many of its listings are called counterfeit."""
        raised = self.board.raised(Label.COUNTERFEIT)
        title = "trap" if by == "traps" else "counterfeit with"
        table = _table(*(title, "called counterfeit", "share") * 2)
        cells = []
        for name, here in self.board.kinds(by).items():
            hit = f"{int((raised & here).sum())} of {int(here.sum())}"
            cells.append((name, hit, str(self.bootstrap.estimate(share(raised, here)))))
        half = (len(cells) + 1) // 2
        for left, right in zip(cells[:half], [*cells[half:], ("",) * 3], strict=False):
            table.add_row(*left, *right)
        self.console.print(table)
        if by == "traps":
            rate = self.bootstrap.estimate(share(raised, self.board.trap))
            self.console.print(f"{int(self.board.trap.sum())} trap listings, called counterfeit: {rate}")

    def queue(self) -> None:
        """What people find who look at the first fifth of the queue."""
        table = _table("queue, and its true cases", "first fifth of all listings", "of those about a brand")
        every = np.ones(len(self.board.outcomes), np.bool_)
        for name, scores, true in (
            ("counterfeit", self.board.scores(Label.COUNTERFEIT), self.board.true(Label.COUNTERFEIT)),
            ("any label: counterfeits", self.board.highest(), self.board.true(Label.COUNTERFEIT)),
            ("any label: any case", self.board.highest(), self.board.any_true()),
        ):
            cells = [self.bootstrap.estimate(found_in_top(scores, true, among)) for among in (every, self.board.about)]
            table.add_row(name, *map(str, cells))
        self.console.print(table)
        cases, about = int(self.board.any_true().sum()), int(self.board.about.sum())
        bound = [min(1.0, TOP * size / max(cases, 1)) for size in (len(every), about)]
        self.console.print(
            f"{about} listings are about a brand; {cases} deserve a label, so that of any case at most"
            f" {bound[0]:.3f} and {bound[1]:.3f} can be found there"
        )

    def peers(self, peers: list[Peer]) -> None:
        """The same listings, told by simpler ways."""
        true, every = self.board.true(Label.COUNTERFEIT), np.ones(len(self.board.outcomes), np.bool_)
        own = Peer("touchstone", "", self.board.raised(Label.COUNTERFEIT), self.board.scores(Label.COUNTERFEIT))
        table = _table("counterfeit", *(peer.name for peer in (own, *peers)))
        rows = {
            "precision": [precision(peer.raised, true) for peer in (own, *peers)],
            "recall": [recall(peer.raised, true) for peer in (own, *peers)],
            "F1": [f1(peer.raised, true) for peer in (own, *peers)],
            "average precision": [average_precision(peer.scores, true) for peer in (own, *peers)],
            "traps called counterfeit": [share(peer.raised, self.board.trap) for peer in (own, *peers)],
            "found in the first fifth": [found_in_top(peer.scores, true, every) for peer in (own, *peers)],
            "  of those about a brand": [found_in_top(peer.scores, true, self.board.about) for peer in (own, *peers)],
            "ECE, 10 bins": [
                calibration_error(np.clip(peer.scores, 0, 1), true, BINS[0], np.arange(len(true)))
                for peer in (own, *peers)
            ],
        }
        for name, measures in rows.items():
            table.add_row(name, *(str(self.bootstrap.estimate(measure)) for measure in measures))
        self.console.print(table)
        for peer in peers:
            self.console.print(f"{peer.name}: {peer.settings}")

    def floors(self, floors: list[Floor]) -> bool:
        """Print what is promised; whether all of it holds."""
        for floor in floors:
            sign, word = ("≤" if floor.most else "≥"), "PASS" if floor.holds else "MISS"
            self.console.print(f"{word}  {floor.name} {sign} {floor.bound:.2f}: {floor.value:.4f}")
        return all(floor.holds for floor in floors)

    def errors(self, most: int) -> None:
        """Examples of what is told wrongly, for the traps and tells with most of it."""
        raised, true = self.board.raised(Label.COUNTERFEIT), self.board.true(Label.COUNTERFEIT)
        for title, wrong, names in (
            ("called counterfeit wrongly", raised & ~true, lambda t: (t.trap or f"plain: {t.why}",)),
            ("missed", true & ~raised, lambda t: t.tells),
        ):
            groups: dict[str, list[int]] = {}
            for place in map(int, np.flatnonzero(wrong)):
                for name in names(self.board.truths[place]):
                    groups.setdefault(name, []).append(place)
            self.console.print(f"\n{int(wrong.sum())} {title}")
            for name, places in sorted(groups.items(), key=lambda item: -len(item[1])):
                self.console.print(f"  {name}: {len(places)}", highlight=False)
                for place in places[:most]:
                    one, chance = self.board.outcomes[place], self.board.scores(Label.COUNTERFEIT)[place]
                    tells = ", ".join(self.board.truths[place].tells)
                    self.console.print(f"    {one.key} {chance:.2f} {one.title!r} [{tells}]", markup=False)
                    self.console.print(f"      {one.reasons}", markup=False)

    def save(self, folder: Path) -> None:
        """The curves, the reliability table and every probability, as CSV."""
        folder.mkdir(parents=True, exist_ok=True)
        for label in Label:
            found = curve(self.board.scores(label), self.board.true(label))
            _write(folder / f"curve_{label.value}.csv", ("threshold", "precision", "recall"), zip(*found, strict=True))
            rows = self.reliability((label,))
            _write(folder / f"reliability_{label.value}.csv", ("pairs", "said", "true"), rows)
        _write(
            folder / "listings.csv",
            ("key", "trap", "tells", "labels", *(label.value for label in Label)),
            (
                (
                    *(one.key, truth.trap, " ".join(truth.tells), " ".join(truth.labels)),
                    *(one.chances.get(label, "") for label in Label),
                )
                for one, truth in zip(self.board.outcomes, self.board.truths, strict=True)
            ),
        )


def _table(*columns: str) -> Table:
    table = Table(box=None, title_justify="left", pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=True)
    return table


def _cells(row: tuple[int, float, float]) -> tuple[str, str, str]:
    count, said, true = row
    return (str(count), f"{said:.3f}", f"{true:.3f}") if count else ("0", "–", "–")


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        out.writerows(rows)
