"""Flags against the truth: precision and recall for each label, what traps and tells did, and which listings were wrong."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from touchstone.verdicts import Label


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of one demo listing, as its maker wrote it down."""

    marketplace: str
    listing_id: str
    url_path: str
    labels: tuple[str, ...]
    why: str
    product: str | None = None
    trap: str | None = None
    tells: tuple[str, ...] = ()
    hard: bool = False

    @property
    def key(self) -> str:
        """``marketplace/listing_id``."""
        return f"{self.marketplace}/{self.listing_id}"


class LabelScore(msgspec.Struct, frozen=True, kw_only=True):
    """Counts for one label over the listings that were seen."""

    label: Label
    right: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of the flags that are right; 1 where there is none."""
        return self.right / (self.right + self.false) if self.right + self.false else 1.0

    @property
    def recall(self) -> float:
        """Share of the true cases that are flagged; 1 where there is none."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def read_truth(path: Path) -> dict[str, Truth]:
    """The truth file, by listing key."""
    truths = (msgspec.convert(json.loads(line), Truth) for line in path.read_text(encoding="utf-8").splitlines())
    return {truth.key: truth for truth in truths}


def score(flags: Mapping[str, Iterable[Label]], truths: Mapping[str, Truth], seen: Iterable[str]) -> list[LabelScore]:
    """Score ``flags`` (labels raised, by listing key) over the listings that were ``seen``.

    A listing that the crawl never saw is the crawl's miss: give all truths as ``seen`` to count it.
    """
    keys = list(seen)
    scores = []
    for label in Label:
        raised = {key for key in keys if label in set(flags.get(key, ()))}
        true = {key for key in keys if label.value in truths[key].labels}
        scores.append(
            LabelScore(label=label, right=len(raised & true), false=len(raised - true), missed=len(true - raised))
        )
    return scores


def shares(
    flags: Mapping[str, Iterable[Label]], truths: Mapping[str, Truth], seen: Iterable[str], *, by: str
) -> dict[str, tuple[int, int]]:
    """For each trap, or each tell (``by``): how many listings there are, and how many are flagged as counterfeit."""
    counted: dict[str, tuple[int, int]] = {}
    for key in seen:
        truth = truths[key]
        names = (
            truth.tells
            if by == "tells"
            else ((truth.trap,) if truth.trap and "counterfeit" not in truth.labels else ())
        )
        for name in names:
            total, hits = counted.get(name, (0, 0))
            counted[name] = (total + 1, hits + (Label.COUNTERFEIT in set(flags.get(key, ()))))
    return dict(sorted(counted.items()))
