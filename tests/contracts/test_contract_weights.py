"""What the file of weights promises to the detectors, and they to it."""

from __future__ import annotations

import pytest

from detectors.base import discover
from detectors.verdict import weigh, weights
from touchstone.verdicts import Finding, Label, Match, Role

DECLARED = {kind for detector in discover() for kind in detector.kinds}
LABELS = pytest.mark.parametrize("label", Label, ids=str)


@LABELS
def test_every_label_has_weights(label: Label) -> None:
    """Each label parses: a bias against suspicion, a threshold within 0..1, and some weight."""
    part = weights().of(label)
    assert part.bias < 0
    assert 0 < part.threshold < 1
    assert part.weights


@LABELS
def test_every_weighed_kind_is_declared(label: Label) -> None:
    """A weight for a kind that no detector gives is a misspelling."""
    part = weights().of(label)
    assert set(part.weights) | set(part.needs) <= DECLARED


@LABELS
def test_what_a_label_needs_has_a_weight(label: Label) -> None:
    """What a label cannot be raised without also speaks for it."""
    part = weights().of(label)
    assert all(part.weights.get(kind, 0) > 0 for kind in part.needs)


@LABELS
def test_a_label_can_be_raised(label: Label) -> None:
    """All that speaks for a label, together, raises it; else the label is dead."""
    role = Role.LIKE if label is Label.TITLE_POLICY else Role.IS
    found = tuple(_finding(kind) for kind, weight in weights().of(label).weights.items() if weight > 0)
    assert label in {flag.label for flag in weigh((_match(role),), found)}


@LABELS
def test_a_match_alone_raises_no_label(label: Label) -> None:
    """Without a finding there is no flag, in any role."""
    assert not [flag for role in Role for flag in weigh((_match(role),), ()) if flag.label is label]


@pytest.mark.parametrize("kind", sorted(DECLARED))
def test_a_kind_has_a_weight_or_is_shadow(kind: str) -> None:
    """A declared kind that no label weighs changes no flag: it is stored and shown, and counts for nothing."""
    weighed = any(weights().of(label).weights.get(kind) for label in Label)
    others = tuple(_finding(other) for other in sorted(DECLARED - {kind}))
    if not weighed:
        for role in Role:
            assert weigh((_match(role),), (*others, _finding(kind))) == weigh((_match(role),), others)
        assert all(kind not in weights().of(label).needs for label in Label)


def _finding(kind: str) -> Finding:
    return Finding(detector="test", version=1, kind=kind, brand="velhanne", strength=1.0, reason=f"there is {kind}")


def _match(role: Role) -> Match:
    return Match(brand="velhanne", role=role, confidence=0.9)
