"""Calibrating: weights refitted to what people decided, shown before they are applied, and kept version by version."""

from collections import defaultdict

import msgspec

from detectors.calibration import Case, Trial, enough, fit, trial
from detectors.verdict import LabelWeights, Weights, weigh, weights
from operations import clock
from operations.rescreen import RescreenReport, rescreen
from operations.weighing import weights_of
from storage.store import Store
from touchstone.decoding import to_json
from touchstone.errors import UnknownName
from touchstone.verdicts import Flag, FlagStatus, Label


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is proposed for one label. ``trial`` is ``None`` where too little was decided; ``worthwhile`` says whether
    held-out cases are told better by it, and only then it is applied.
    """

    label: Label
    decided: int
    right: int
    before: LabelWeights
    after: LabelWeights
    trial: Trial | None = None

    @property
    def worthwhile(self) -> bool:
        """Whether the new weights tell held-out cases better, beyond what chance would give."""
        return self.trial is not None and self.trial.gain.low > 0


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """New weights, why, and how many open flags would fall and new ones be raised."""

    changes: tuple[Change, ...]
    table: Weights
    withdrawn: int
    raised: int

    @property
    def changes_anything(self) -> bool:
        """Whether there is anything to apply."""
        return any(change.worthwhile for change in self.changes)


def propose(store: Store) -> Proposal:
    """Fit each label's weights to what was decided, and try them on cases that were held out. Changes nothing."""
    table, cases = weights_of(store), _cases(store)
    changes = tuple(_change(label, table.of(label), cases[label]) for label in Label)
    better = {change.label.value: change.after for change in changes if change.worthwhile}
    proposed = msgspec.structs.replace(table, **better) if better else table
    withdrawn, raised = _effect(store, proposed) if better else (0, 0)
    return Proposal(changes=changes, table=proposed, withdrawn=withdrawn, raised=raised)


def _change(label: Label, part: LabelWeights, cases: list[Case]) -> Change:
    right = sum(case.right for case in cases)
    if not enough(cases):
        return Change(label=label, decided=len(cases), right=right, before=part, after=part)
    after = fit(part, cases)
    return Change(label=label, decided=len(cases), right=right, before=part, after=after, trial=trial(part, cases))


def _cases(store: Store) -> dict[Label, list[Case]]:
    """What was decided, by label, with what is found in those listings today; undecided suspicions tell nothing."""
    cases: dict[Label, list[Case]] = defaultdict(list)
    for status, right in ((FlagStatus.CONFIRMED, True), (FlagStatus.DISMISSED, False)):
        for stored in store.flags.ranked(status=status):
            seller = stored.listing.offer.seller
            strengths = {
                finding.kind: finding.strength
                for finding in store.screenings.findings(stored.listing_row)
                if finding.brand == stored.flag.brand
            }
            group = seller.seller_id if seller else stored.listing.key
            cases[stored.flag.label].append(Case(strengths, right, f"{stored.listing.marketplace}/{group}"))
    return cases


def _effect(store: Store, table: Weights) -> tuple[int, int]:
    """How many open flags would be withdrawn and how many raised, by weighing anew what was found."""
    standing: dict[int, set[tuple[str, Label]]] = defaultdict(set)
    decided: dict[int, set[tuple[str, Label]]] = defaultdict(set)
    for stored in store.flags.ranked(status=None):
        if stored.status is not FlagStatus.WITHDRAWN:
            kept = standing if stored.status is FlagStatus.OPEN else decided
            kept[stored.listing_row].add(_key(stored.flag))
    withdrawn = raised = 0
    for row in store.screenings.rows_about_any():
        flags = {
            _key(flag) for flag in weigh(store.screenings.matches(row), store.screenings.findings(row), table=table)
        }
        flags -= decided[row]
        withdrawn += len(standing[row] - flags)
        raised += len(flags - standing[row])
    return withdrawn, raised


def _key(flag: Flag) -> tuple[str, Label]:
    return flag.brand, flag.label


def apply(store: Store, table: Weights, *, actor: str, note: str = "") -> tuple[int, RescreenReport]:
    """Have weights hold from now on, and weigh everything anew; returns the version's number and what came of it."""
    return _hold(store, to_json(table), actor=actor, note=note)


def use(store: Store, version: int, *, actor: str, note: str = "") -> tuple[int, RescreenReport]:
    """Have an earlier version hold again, or with 0 the weights that ship; what was between stays on record.

    Raises ``UnknownName`` for a version that there never was.
    """
    kept = {weighting.id: weighting.record for weighting in store.weightings.all()}
    if version and version not in kept:
        raise UnknownName(f"there are no weights {version}", hint="List them with: touchstone weights list")
    return _hold(store, kept.get(version), actor=actor, note=note or f"back to {version or 'those that ship'}")


def _hold(store: Store, record: str | None, *, actor: str, note: str) -> tuple[int, RescreenReport]:
    at = clock.now()
    with store.transaction():
        version = store.weightings.add(record, at=at, actor=actor, note=note)
        table = weights_of(store)
        store.audit.append(
            at=at, actor=actor, action="weights.use", subject=f"weights/{version}",
            detail={"note": note, "ships": table == weights(), "weights": table},
        )  # fmt: skip
    return version, rescreen(store, actor=actor)
