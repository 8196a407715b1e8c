"""Fitting weights to decisions: it learns what is there to learn, and never makes things worse unnoticed."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.calibration import LEAST_CASES, Case, calibration_error, enough, fit, odds_of, trial
from detectors.verdict import LabelWeights, weights
from touchstone.verdicts import Label

PART = LabelWeights(
    bias=-3.0, threshold=0.5, weights={"price_below_reference": 4.0, "replica_wording": 3.0, "second_hand": -3.0}
)
KINDS = ("price_below_reference", "replica_wording", "second_hand", "seller_account_young")


def _cases(count: int, truth: dict[str, float], bias: float, seed: int) -> list[Case]:
    """Cases whose verdicts follow other weights than those that are known, by sellers of one to four listings."""
    rng = random.Random(seed)
    cases = []
    for number in range(count):
        strengths = {kind: round(rng.random(), 2) for kind in KINDS if rng.random() < 0.5}
        odds = bias + sum(truth.get(kind, 0.0) * strength for kind, strength in strengths.items())
        right = rng.random() < 1 / (1 + math.exp(-odds))
        cases.append(Case(strengths, right, f"seller-{number // rng.randint(1, 4)}"))
    return cases


def test_it_learns_what_was_wrong() -> None:
    """Where a shadow finding tells and a weighed one does not, both are found out, and held-out cases are told better."""
    cases = _cases(400, {"replica_wording": 3.0, "second_hand": -3.0, "seller_account_young": 3.5}, -1.5, seed=1)
    fitted = fit(PART, cases)
    assert fitted.weights["price_below_reference"] < 1.5
    assert fitted.weights["seller_account_young"] > 1.5
    tried = trial(PART, cases)
    assert tried.loss_after < tried.loss_before - 0.2
    assert tried.error_after < tried.error_before
    assert tried.gain.low > 0


def test_what_fits_is_left_alone() -> None:
    """Over forty samples drawn from the known weights themselves, hardly any asks for others."""
    asked = 0
    for seed in range(40):
        cases = _cases(80, dict(PART.weights), PART.bias, seed)
        asked += enough(cases) and trial(PART, cases).gain.low > 0
    assert asked <= 2


@pytest.mark.parametrize("count", [LEAST_CASES, 60, 200, 600])
def test_more_cases_help_more(count: int) -> None:
    """From the least number of cases on, new weights tell unseen cases better than the old ones, and never worse."""
    truth = {"price_below_reference": 1.0, "replica_wording": 5.0, "second_hand": -2.0, "seller_account_young": 2.0}
    unseen = _cases(2_000, truth, -2.0, seed=99)
    right = np.array([case.right for case in unseen], dtype=float)

    def loss(part: LabelWeights) -> float:
        odds = np.array([odds_of(part, case) for case in unseen])
        return float((np.logaddexp(0, odds) - odds * right).mean())

    assert loss(fit(PART, _cases(count, truth, -2.0, seed=5))) < loss(PART)


@given(st.lists(st.tuples(st.dictionaries(st.sampled_from(KINDS), st.floats(0, 1)), st.booleans()), max_size=60))
@settings(max_examples=40)
def test_no_weight_changes_its_sign(decided: list[tuple[dict[str, float], bool]]) -> None:
    """Whatever was decided: what speaks for a label never comes to speak against it, and numbers stay numbers."""
    cases = [Case(strengths, right, str(at)) for at, (strengths, right) in enumerate(decided)]
    if not cases:
        return
    fitted = fit(PART, cases)
    assert fitted.weights["price_below_reference"] >= 0 and fitted.weights["replica_wording"] >= 0
    assert fitted.weights["second_hand"] <= 0
    assert fitted.bias < 0 and all(math.isfinite(weight) for weight in fitted.weights.values())
    assert fitted == fit(PART, cases)


def test_findings_that_no_case_had_keep_their_weight() -> None:
    """Ten confirmed prices say nothing of wording."""
    cases = [Case({"price_below_reference": 1.0}, number % 3 == 0, str(number)) for number in range(30)]
    assert fit(PART, cases).weights["replica_wording"] == PART.weights["replica_wording"]


@pytest.mark.parametrize("label", Label, ids=str)
def test_the_weights_that_ship_can_be_fitted(label: Label) -> None:
    """A fit gives a part of the same form, threshold and needs."""
    part = weights().of(label)
    kinds = list(part.weights)[:3]
    cases = [Case(dict.fromkeys(kinds, 1.0), number % 2 == 0, str(number)) for number in range(40)]
    fitted = fit(part, cases)
    assert (fitted.threshold, fitted.needs) == (part.threshold, part.needs)
    assert set(part.weights) <= set(fitted.weights)


def test_calibration_error_is_what_it_says() -> None:
    """Nothing for chances that come true, the whole gap for those that never do."""
    chances = np.repeat([0.05, 0.45, 0.95], 100)
    right = np.concatenate([np.arange(100) < 5, np.arange(100) < 45, np.arange(100) < 95]).astype(float)
    assert calibration_error(chances, right) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error(np.full(50, 0.9), np.zeros(50)) == pytest.approx(0.9)
    assert calibration_error(np.array([]), np.array([])) == 0.0


def test_too_few_are_too_few() -> None:
    """Nineteen cases, or twenty of which four are wrong, are not learnt from."""
    some = [Case({}, number >= 4, str(number)) for number in range(20)]
    assert not enough(some) and not enough(some[:19])
    assert enough([*some, Case({}, False, "x")])
