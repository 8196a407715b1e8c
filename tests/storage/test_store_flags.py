"""Flags: raised, updated, withdrawn, re-opened, judged, ranked."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from store_samples import BRAND, MARKETPLACE, NOON, OTHER_BRAND, a_flag, a_listing, a_look

from operations.judge import judge
from operations.keeping import keep_listing
from storage.flags import DECIDED
from storage.store import Store
from touchstone.errors import UnknownName
from touchstone.sweeps import SweepRequest
from touchstone.verdicts import Decision, Flag, FlagStatus, Judgement, Label


@pytest.fixture
def row(store: Store, sweep_id: int) -> int:
    """A listing in the store."""
    with store.transaction():
        return store.listings.observe(a_listing(), sweep_id)


def keep(store: Store, row: int, *flags: Flag, minutes: int = 0) -> list[tuple[int, Flag]]:
    with store.transaction():
        return store.flags.keep(row, flags, NOON + timedelta(minutes=minutes))


def test_a_new_flag_is_raised(store: Store, row: int) -> None:
    """A flag is returned with its number and waits open, with the listing and the reasons it was raised for."""
    flag = a_flag()
    ((flag_id, raised),) = keep(store, row, flag)
    stored = store.flags.one(flag_id)
    assert raised == flag == stored.flag
    assert (stored.id, stored.status, stored.listing_row) == (flag_id, FlagStatus.OPEN, row)
    assert (stored.raised_at, stored.scored_at) == (NOON, NOON)
    assert stored.listing == a_listing()


def test_a_flag_raised_again_is_updated(store: Store, row: int) -> None:
    """The same suspicion is one flag: not new, with the newest probability and product, and its first date."""
    ((flag_id, _),) = keep(store, row, a_flag(probability=0.9))
    newer = msgspec.structs.replace(a_flag(probability=0.7), product="velhanne/VT-1")
    assert keep(store, row, newer, minutes=5) == []
    stored = store.flags.one(flag_id)
    assert (stored.flag, stored.status) == (newer, FlagStatus.OPEN)
    assert (stored.raised_at, stored.scored_at) == (NOON, NOON + timedelta(minutes=5))
    assert len(list(store.flags.ranked(status=None))) == 1


def test_labels_and_brands_are_flags_of_their_own(store: Store, row: int) -> None:
    """One listing can be flagged for each label and brand; dropping one leaves the others."""
    counterfeit, policy, other = a_flag(), a_flag(Label.PRICE_POLICY), a_flag(brand=OTHER_BRAND)
    raised = keep(store, row, counterfeit, policy, other)
    assert [flag for _, flag in raised] == [counterfeit, policy, other]
    assert keep(store, row, counterfeit, other) == []
    assert [store.flags.one(flag_id).status for flag_id, _ in raised] == [
        FlagStatus.OPEN, FlagStatus.WITHDRAWN, FlagStatus.OPEN,
    ]  # fmt: skip


def test_a_flag_no_longer_raised_is_withdrawn_and_opens_again(store: Store, row: int) -> None:
    """What is no longer suspected leaves the queue, and comes back under its old number."""
    ((flag_id, _),) = keep(store, row, a_flag())
    keep(store, row, minutes=1)
    withdrawn = store.flags.one(flag_id)
    assert (withdrawn.status, withdrawn.scored_at) == (FlagStatus.WITHDRAWN, NOON + timedelta(minutes=1))
    assert list(store.flags.ranked()) == []
    assert keep(store, row, a_flag(probability=0.8), minutes=2) == []
    again = store.flags.one(flag_id)
    assert (again.status, again.flag.probability) == (FlagStatus.OPEN, 0.8)


@pytest.mark.parametrize("decision", list(Decision), ids=str)
def test_a_judged_flag_stays_judged(store: Store, row: int, decision: Decision) -> None:
    """Neither raising it again nor raising it no more changes what a person decided."""
    ((flag_id, _),) = keep(store, row, a_flag())
    judge(store, flag_id, decision, actor="kim")
    keep(store, row, a_flag(probability=0.99), minutes=1)
    assert store.flags.one(flag_id).status is DECIDED[decision]
    keep(store, row, minutes=2)
    assert store.flags.one(flag_id).status is DECIDED[decision]


def test_another_listings_flags_are_left_alone(store: Store, sweep_id: int, row: int) -> None:
    """Bringing one listing up to date withdraws nothing of another."""
    keep_listing(store, sweep_id, a_look(a_listing("L2"), a_flag()), None)
    keep(store, row)
    assert [flag.listing.listing_id for flag in store.flags.ranked()] == ["L2"]


def test_decisions_are_added_and_the_newest_counts(store: Store, row: int) -> None:
    """Each decision is kept with its words, in order, and logged; the last one gives the status."""
    ((flag_id, _),) = keep(store, row, a_flag())
    assert judge(store, flag_id, Decision.CONFIRM, actor="kim", note="가짜").status is FlagStatus.CONFIRMED
    assert judge(store, flag_id, Decision.DISMISS, actor="lee").status is FlagStatus.DISMISSED
    decided = store.flags.judgements(flag_id)
    assert [(j.decision, j.actor, j.note) for j in decided] == [
        (Decision.CONFIRM, "kim", "가짜"),
        (Decision.DISMISS, "lee", ""),
    ]
    logged = [(e.action, e.actor, e.subject, e.detail) for e in store.audit.entries()]
    assert logged == [
        ("flag.confirm", "kim", f"flag/{flag_id}", '{"note": "가짜"}'),
        ("flag.dismiss", "lee", f"flag/{flag_id}", '{"note": ""}'),
    ]


def test_a_judgement_comes_back_equal(store: Store, row: int) -> None:
    """What was decided is stored to the microsecond."""
    ((flag_id, _),) = keep(store, row, a_flag())
    at = NOON + timedelta(microseconds=1)
    judgement = Judgement(flag_id=flag_id, decision=Decision.UNSURE, actor="kim", at=at, note="물어보자")
    with store.transaction():
        store.flags.judge(judgement)
    assert store.flags.judgements(flag_id) == [judgement]
    assert store.flags.judgements(flag_id + 1) == []


def test_an_unknown_flag_is_named(store: Store) -> None:
    """Asking for a flag that is not there says so and how to list those that are; judging it stores nothing."""
    with pytest.raises(UnknownName, match="there is no flag 7") as caught:
        store.flags.one(7)
    assert caught.value.hint == "List them with: touchstone flags --status all"
    assert caught.value.exit_code == 2
    with pytest.raises(UnknownName, match="there is no flag 7"):
        judge(store, 7, Decision.CONFIRM, actor="kim")
    assert list(store.audit.entries()) == []
    assert store.flags.judgements(7) == []


@pytest.fixture
def queue(store: Store, sweep_id: int) -> Store:
    """Six flags on four listings, the last one in a later sweep; one dismissed, one withdrawn."""
    with store.transaction():
        later = store.sweeps.open(SweepRequest(marketplace=MARKETPLACE), NOON)
    keep_listing(
        store, sweep_id, a_look(a_listing("A"), a_flag(probability=0.5), a_flag(Label.TITLE_POLICY, 0.7)), None
    )
    keep_listing(store, sweep_id, a_look(a_listing("B"), a_flag(probability=0.95)), None)
    keep_listing(
        store,
        sweep_id,
        a_look(a_listing("C"), a_flag(probability=0.6), a_flag(probability=0.99, brand=OTHER_BRAND)),
        None,
    )
    keep_listing(store, later, a_look(a_listing("D"), a_flag(probability=0.95)), None)
    keep_listing(store, sweep_id, a_look(a_listing("C"), a_flag(probability=0.99, brand=OTHER_BRAND)), None)
    judge(store, next(f.id for f in store.flags.ranked(label=Label.TITLE_POLICY)), Decision.DISMISS, actor="kim")
    return store


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["C 0.99", "B 0.95", "D 0.95", "A 0.5"]),
        ({"status": None}, ["C 0.99", "B 0.95", "D 0.95", "A 0.7", "C 0.6", "A 0.5"]),
        ({"status": FlagStatus.DISMISSED}, ["A 0.7"]),
        ({"status": FlagStatus.WITHDRAWN}, ["C 0.6"]),
        ({"status": FlagStatus.CONFIRMED}, []),
        ({"brand": BRAND}, ["B 0.95", "D 0.95", "A 0.5"]),
        ({"brand": "nobody"}, []),
        ({"label": Label.TITLE_POLICY, "status": None}, ["A 0.7"]),
        ({"min_probability": 0.95}, ["C 0.99", "B 0.95", "D 0.95"]),
        ({"sweep": 2}, ["D 0.95"]),
        ({"sweep": 1, "brand": BRAND, "min_probability": 0.6}, ["B 0.95"]),
    ],
    ids=[
        "open", "all", "dismissed", "withdrawn", "none-confirmed", "brand", "unknown-brand", "label", "least", "sweep",
        "together",
    ],
)  # fmt: skip
def test_the_queue_is_ranked_and_filtered(queue: Store, asked: dict[str, object], expected: list[str]) -> None:
    """The likeliest first, the older first among equals, and only what was asked for."""
    found = [f"{f.listing.listing_id} {f.flag.probability}" for f in queue.flags.ranked(**asked)]  # type: ignore[arg-type]  # parameters of a test
    assert found == expected


def test_only_new_flags_are_logged(store: Store, sweep_id: int) -> None:
    """Seeing a flagged listing again logs nothing; the log names detectors as the one who raised it."""
    for minutes in (0, 1, 2):
        keep_listing(store, sweep_id, a_look(a_listing(minutes=minutes), a_flag()), None)
    assert [(e.actor, e.action, e.subject) for e in store.audit.entries()] == [("detectors", "flag.raise", "flag/1")]
