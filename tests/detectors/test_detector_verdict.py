"""Weighing: reasons alone reproduce a flag, and nothing counts that has no weight."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.verdict import LabelWeights, Weights, probability, weigh, weights
from touchstone.verdicts import Finding, Label, Match, Role

KINDS = sorted({kind for label in Label for kind in weights().of(label).weights})
FINDINGS = st.lists(
    st.builds(lambda kind, strength: _finding(kind, strength), st.sampled_from(KINDS), st.floats(0, 1)), max_size=12
).map(tuple)


def _finding(kind: str, strength: float = 1.0, brand: str = "velhanne") -> Finding:
    return Finding(detector="test", version=1, kind=kind, brand=brand, strength=strength, reason=f"because of {kind}")


def _match(role: Role = Role.IS, brand: str = "velhanne") -> Match:
    return Match(brand=brand, role=role, confidence=0.9)


def _table(*, bias: float = -1.0, threshold: float = 0.5, needs: tuple[str, ...] = (), **kinds: float) -> Weights:
    quiet = LabelWeights(bias=-20.0, threshold=0.5, weights={})
    loud = LabelWeights(bias=bias, threshold=threshold, weights=kinds, needs=needs)
    return Weights(version=1, counterfeit=loud, unauthorized_seller=quiet, price_policy=quiet, title_policy=quiet)


@given(FINDINGS, st.sampled_from(Role))
def test_reasons_alone_reproduce_the_probability(findings: tuple[Finding, ...], role: Role) -> None:
    """The logistic function of bias and points, to the six digits that a flag keeps."""
    for flag in weigh((_match(role),), findings):
        assert round(probability(flag.bias, flag.reasons), 6) == flag.probability
        total = flag.bias + sum(reason.points for reason in flag.reasons)
        assert flag.probability == pytest.approx(1 / (1 + math.exp(-total)), abs=1e-6)
        for reason in flag.reasons:
            assert reason.points == pytest.approx(reason.weight * reason.strength, abs=1e-6)
            assert reason.weight == weights().of(flag.label).weights[reason.kind]


@given(FINDINGS, st.sampled_from(Role), st.randoms(use_true_random=False))
def test_the_order_of_findings_does_not_matter(findings: tuple[Finding, ...], role: Role, chance: object) -> None:
    """The same findings in another order give the same labels with the same probabilities."""
    one = weigh((_match(role),), findings)
    other = weigh((_match(role),), findings[::-1])
    assert [(flag.label, flag.probability) for flag in one] == [(flag.label, flag.probability) for flag in other]


@given(FINDINGS, st.sampled_from(Role))
def test_a_flag_stands_at_its_threshold_and_above(findings: tuple[Finding, ...], role: Role) -> None:
    """No flag below, the likeliest first, each label at most once for a brand."""
    flags = weigh((_match(role),), findings)
    assert all(flag.probability >= weights().of(flag.label).threshold - 1e-6 for flag in flags)
    assert [flag.probability for flag in flags] == sorted((flag.probability for flag in flags), reverse=True)
    assert len({flag.label for flag in flags}) == len(flags)


@pytest.mark.parametrize(("weight", "raised"), [(0.99, False), (1.0, True), (1.01, True)], ids=["below", "at", "above"])
def test_the_threshold_itself_is_enough(weight: float, raised: bool) -> None:
    """A probability of exactly the threshold raises the flag."""
    assert bool(weigh((_match(),), (_finding("kind"),), table=_table(kind=weight))) is raised


def test_a_kind_without_a_weight_counts_for_nothing() -> None:
    """A shadow finding changes neither probability nor reasons."""
    table = _table(kind=3.0, silent=0.0)
    alone = weigh((_match(),), (_finding("kind"),), table=table)
    for shadow in ("unheard-of", "silent"):
        assert weigh((_match(),), (_finding("kind"), _finding(shadow)), table=table) == alone
        assert weigh((_match(),), (_finding(shadow),), table=table) == ()


def test_a_label_is_not_raised_without_what_it_needs() -> None:
    """Circumstances alone, however many, are not enough where a label needs one finding."""
    table = _table(needs=("first", "second"), first=1.0, second=1.0, other=9.0)
    assert weigh((_match(),), (_finding("other"),), table=table) == ()
    for needed in ("first", "second"):
        assert weigh((_match(),), (_finding("other"), _finding(needed)), table=table)


def test_strength_scales_a_weight() -> None:
    """Half a finding is half its points."""
    flag = weigh((_match(),), (_finding("kind", 0.5),), table=_table(kind=8.0))[0]
    assert flag.reasons[0].points == 4.0


def test_what_speaks_against_a_flag_is_shown_as_well() -> None:
    """Exonerating findings lower the probability and stay among the reasons, the strongest for it first."""
    table = _table(kind=8.0, excuse=-2.0)
    plain = weigh((_match(),), (_finding("kind"),), table=table)[0]
    excused = weigh((_match(),), (_finding("excuse"), _finding("kind")), table=table)[0]
    assert excused.probability < plain.probability
    assert [reason.kind for reason in excused.reasons] == ["kind", "excuse"]
    assert "excuse" not in excused.headline


def test_brands_are_weighed_apart() -> None:
    """A finding about one brand raises nothing for another."""
    flags = weigh((_match(), _match(brand="kiterra")), (_finding("kind", brand="kiterra"),), table=_table(kind=9.0))
    assert [flag.brand for flag in flags] == ["kiterra"]


@pytest.mark.parametrize("role", Role, ids=str)
def test_labels_are_never_mixed(role: Role) -> None:
    """Goods of the brand have no title policy, other goods nothing else, and what fits the brand nothing at all."""
    raised = {flag.label for flag in weigh((_match(role),), tuple(_finding(kind) for kind in KINDS))}
    raised |= {flag.label for kind in KINDS for flag in weigh((_match(role),), (_finding(kind),))}
    if role is Role.FOR:
        assert raised == set()
    elif role is Role.IS:
        assert Label.TITLE_POLICY not in raised
    else:
        assert raised <= {Label.TITLE_POLICY}
