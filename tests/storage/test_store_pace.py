"""The pace of a marketplace: one for all processes, fair among them, and silent when it is refused."""

from __future__ import annotations

import pytest
from store_samples import Clock

from storage.pace import ALIVE_SECONDS, REFUSALS, REST_SECONDS, SLOT_SECONDS, PaceStore
from storage.store import Store
from touchstone.pace import PATIENCE_SECONDS, Limits, Turn

LIMITS = Limits(gap=1.0, concurrency=2)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(store: Store, clock: Clock) -> PaceStore:
    return PaceStore(store.db, clock)


def take(pace: PaceStore, holder: str = "a", limits: Limits = LIMITS) -> Turn:
    return pace.take("namu", holder, limits)


def test_starts_are_a_gap_apart_whoever_asks(pace: PaceStore) -> None:
    """Two processes share one row of starts."""
    wide = Limits(gap=1.0, concurrency=9)
    assert [take(pace, holder, wide).wait for holder in "abab"] == [0.0, 1.0, 2.0, 3.0]


def test_whoever_comes_late_has_the_next_wait(pace: PaceStore, clock: Clock) -> None:
    """Two turns are a gap apart; the first is taken up late, and the second, on time, still starts a gap after it."""
    take(pace), take(pace, "b")
    clock.now += 0.75
    assert pace.start("namu", 1.0) == 0
    clock.now += 0.25
    assert pace.start("namu", 1.0) == pytest.approx(0.75)
    assert pace.start("namu", 1.0) == pytest.approx(0.75), "nothing was noted"
    clock.now += 0.75
    assert pace.start("namu", 1.0) == 0
    assert pace.start("namu", 1.0) == pytest.approx(1.0)


def test_a_clock_that_is_set_back_stops_nobody(pace: PaceStore, clock: Clock) -> None:
    """The last start is then in the future, for as long as the clock was set back."""
    take(pace)
    assert pace.start("namu", 1.0) == 0
    clock.now -= 3600
    assert pace.start("namu", 1.0) == 0
    assert pace.start("namu", 1.0) == pytest.approx(1.0)


def test_no_more_at_once_than_allowed(pace: PaceStore) -> None:
    """A third request waits until one of two has ended."""
    first, _ = take(pace), take(pace, "b")
    assert take(pace, "c").slot == 0
    pace.give_back([first.slot])
    assert take(pace, "c").slot


def test_who_waits_longest_is_served_first(pace: PaceStore, clock: Clock) -> None:
    """A busy process cannot take the slot that another waits for, unless that one has gone."""
    held = [take(pace), take(pace)]
    assert take(pace, "b").slot == 0
    pace.give_back([held[0].slot])
    assert take(pace, "a").slot == 0, "b is before it"
    assert take(pace, "b").slot
    pace.give_back([held[1].slot])
    assert take(pace, "c").slot == 0, "a is before it"
    clock.now += ALIVE_SECONDS + 1
    assert take(pace, "c").slot, "a has not asked again"


def test_slots_of_the_dead_are_free_again(pace: PaceStore, clock: Clock) -> None:
    """By time, or at once when a process is known to be gone."""
    take(pace), take(pace)
    clock.now += SLOT_SECONDS + 1
    assert take(pace, "b").slot
    take(pace, "c")
    assert not take(pace, "d").slot
    pace.leave("b")
    pace.leave("d")
    assert take(pace, "d").slot


def test_the_daily_budget_is_renewed_at_midnight(pace: PaceStore, clock: Clock) -> None:
    """All requests of a UTC day count, whoever makes them."""
    limits = Limits(gap=0, concurrency=9, daily=2)
    assert take(pace, "a", limits).slot
    assert take(pace, "b", limits).slot
    assert "daily budget of 2" in take(pace, "a", limits).refusal
    clock.now += 86_400
    assert take(pace, "a", limits).slot


def test_refusals_in_a_row_open_the_circuit(pace: PaceStore, clock: Clock) -> None:
    """Five in a row, not five in all; then a rest, one trial, and a longer rest when that is refused as well."""
    wide = Limits(gap=0, concurrency=9)
    for _ in range(REFUSALS - 1):
        pace.refused("namu")
    pace.answered("namu")
    pace.refused("namu")
    assert take(pace, limits=wide).slot
    for _ in range(REFUSALS - 1):
        pace.refused("namu")
    assert "in a row" in take(pace, limits=wide).refusal
    clock.now += REST_SECONDS + 1
    assert take(pace, limits=wide).slot
    pace.refused("namu")
    clock.now += REST_SECONDS + 1
    assert take(pace, limits=wide).refusal, "the second rest is longer"
    clock.now += REST_SECONDS
    assert take(pace, limits=wide).slot
    pace.answered("namu")
    pace.refused("namu")
    assert not take(pace, limits=wide).refusal


def test_a_server_that_names_a_time_is_left_alone_until_then(pace: PaceStore, clock: Clock) -> None:
    """A short wait is part of the turn; a long one is a refusal that says when."""
    take(pace)
    pace.hold("namu", 40)
    assert take(pace, "b").wait == 40
    pace.hold("namu", PATIENCE_SECONDS + 60)
    assert "not to be called before" in take(pace, "b").refusal


def test_marketplaces_have_a_pace_each(pace: PaceStore) -> None:
    """What one refuses is nothing to another."""
    for _ in range(REFUSALS):
        pace.refused("namu")
    assert take(pace).refusal
    assert pace.take("plaza", "a", LIMITS).slot
