"""What the marketplace benchmark measures with is right, on cases that can be reckoned by hand."""

import numpy as np
import pytest

from benchmarks.marketplace.courses import course, days_before
from benchmarks.marketplace.measures import (
    Bootstrap,
    Floats,
    Measure,
    average_precision,
    calibration_error,
    curve,
    f1,
    found_in_top,
    precision,
    recall,
    recall_at_precision,
)
from fixtures.demo import World, build_crowd

TRUE = np.array([True, True, False, False, True])
SCORES = np.array([0.9, 0.8, 0.7, 0.2, 0.1])
ONCE = np.ones((1, 5))


def value(measure: Measure, weights: Floats = ONCE) -> float:
    """A measure at one weighting."""
    return float(measure(weights)[0])


def test_precision_recall_and_f1() -> None:
    """Two of three raised are right, two of three true are raised."""
    raised = SCORES > 0.5
    assert value(precision(raised, TRUE)) == pytest.approx(2 / 3)
    assert value(recall(raised, TRUE)) == pytest.approx(2 / 3)
    assert value(f1(raised, TRUE)) == pytest.approx(2 / 3)


def test_average_precision_is_the_mean_precision_at_each_hit() -> None:
    """Hits at places 1, 2 and 5 have precisions 1, 1 and 3/5."""
    assert value(average_precision(SCORES, TRUE)) == pytest.approx((1 + 1 + 3 / 5) / 3)


def test_equal_scores_are_one_step() -> None:
    """No order is invented among listings that are scored alike."""
    assert value(average_precision(np.full(5, 0.5), TRUE)) == pytest.approx(3 / 5)


def test_recall_at_precision_is_read_off_the_curve() -> None:
    """Two hits can be had without a false one, three with two false ones."""
    assert value(recall_at_precision(SCORES, TRUE, 0.95)) == pytest.approx(2 / 3)
    assert value(recall_at_precision(SCORES, TRUE, 0.6)) == pytest.approx(1)
    assert curve(SCORES, TRUE).recall[-1] == 1


def test_the_top_of_the_queue_counts_only_what_stands_in_it() -> None:
    """A fifth of five is one listing, and of the three that are about a brand none."""
    every, about = np.ones(5, np.bool_), np.array([True, True, True, False, False])
    assert value(found_in_top(SCORES, TRUE, every)) == pytest.approx(1 / 3)
    assert value(found_in_top(SCORES, TRUE, about)) == 0
    assert value(found_in_top(SCORES, TRUE, every), np.full((1, 5), 2.0)) == pytest.approx(1 / 3)


def test_calibration_error_is_the_mean_gap() -> None:
    """Two bins, each with its gap, weighted by their pairs."""
    chances, true = np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, True, True, True])
    error = calibration_error(chances, true, 10, np.arange(4))
    assert float(error(np.ones((1, 4)))[0]) == pytest.approx((0.4 + 0.1) / 2)


def test_intervals_hold_the_value_and_widen_by_seller() -> None:
    """Listings of one seller stand or fall together: the interval is wider than if each were another's."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(20), 20)
    true = np.repeat(rng.random(20) < 0.5, 20)
    raised = np.ones(400, np.bool_)
    by_seller = Bootstrap([str(group) for group in groups]).estimate(precision(raised, true))
    by_listing = Bootstrap([str(place) for place in range(400)]).estimate(precision(raised, true))
    assert by_seller.low <= by_seller.value <= by_seller.high
    assert by_seller.high - by_seller.low > 2 * (by_listing.high - by_listing.low)


@pytest.fixture(scope="module")
def world() -> World:
    """A small crowd."""
    return build_crowd(3, 1_000)


def test_courses_are_the_same_for_ever(world: World) -> None:
    """A listing's earlier prices are of days on which it was there, and the same each time."""
    for listing, truth in zip(world.listings, world.truths, strict=True):
        told = course(listing, truth, world.seed, world.today)
        assert told == course(listing, truth, world.seed, world.today)
        assert {day for day, _ in told} == {day for day in days_before(world.today) if day >= listing.posted}
        assert all(price > 0 for _, price in told)


def test_copies_cost_the_same_and_shops_have_sales(world: World) -> None:
    """Copies hardly change in price; many honest offers do."""
    moved: dict[bool, list[bool]] = {True: [], False: []}
    for listing, truth in zip(world.listings, world.truths, strict=True):
        told = course(listing, truth, world.seed, world.today)
        if len(told) >= 4:
            spread = max(price for _, price in told) / min(price for _, price in told)
            moved["counterfeit" in truth.labels].append(spread > 1.05)
    assert np.mean(moved[True]) < 0.1
    assert np.mean(moved[False]) > 0.3
