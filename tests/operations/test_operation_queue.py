"""The queue: what is taken out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from operations import clock, queue
from operations.standings import PUT_OFF
from operations.sweep import Errand, plan, queued, resumable, sweep
from storage.check import check
from storage.store import Store
from tests.conftest import Hands
from tests.operations.test_operation_revisits import configured, saw
from tests.storage.store_samples import prepare
from touchstone.errors import UnknownName, UserError
from touchstone.frontier import Outcome, PageKind, Visit
from touchstone.listing import PageStatus
from touchstone.standing import ListingStanding, Standing
from touchstone.sweeps import Place, Sweep, SweepReport, SweepStatus, Trigger


@pytest.fixture
def store(tmp_path: Path, hands: Hands) -> Iterator[Store]:
    """A store with two brands and a marketplace."""
    with Store.open(tmp_path / "store") as opened:
        prepare(opened)
        yield opened


@pytest.fixture
def errand(store: Store, tmp_path: Path) -> Errand:
    """What a sweep of the queue is to do."""
    (planned,) = plan(configured(tmp_path), store.catalog.load(), queries=("벨하네",), marketplaces=("namu",))
    return planned


def one(store: Store, number: int) -> Sweep:
    found = store.sweeps.one(number)
    assert found is not None
    return found


def test_what_waits_is_taken_out(store: Store, errand: Errand, hands: Hands) -> None:
    """It waits no longer, says why, and the audit log who; conclusions are drawn from it by nobody."""
    number = queue.enqueue(store, errand, Place(priority=50))
    found = queue.cancel(store, number)
    assert (found.status, found.ended_at) == (SweepStatus.INTERRUPTED, hands.now)
    assert found.report is not None
    assert found.report.problems == (f"taken out of the queue; go on with: touchstone sweep resume {number}",)
    assert list(store.sweeps.waiting(hands.now)) == []
    assert store.sweeps.unconcluded() == []
    last = list(store.audit.entries())[-1]
    assert (last.action, last.subject) == ("sweep.cancel", f"sweep/{number}")
    assert check(store).faults == ()


def test_what_it_had_seen_is_still_reported(store: Store, errand: Errand) -> None:
    """A sweep that was begun before keeps its counts."""
    number = queue.enqueue(store, errand, Place(priority=50))
    with store.transaction():
        store.sweeps.close(number, SweepReport(status=SweepStatus.INTERRUPTED, listings=7), clock.now())
        store.sweeps.requeue(number, not_before=None)
    report = queue.cancel(store, number).report
    assert report is not None
    assert (report.status, report.listings) == (SweepStatus.INTERRUPTED, 7)


def test_what_runs_is_only_marked(store: Store, errand: Errand) -> None:
    """Its process belongs to the scheduler, which ends it."""
    number = queue.enqueue(store, errand, Place(priority=50))
    with store.transaction():
        store.sweeps.reopen(number, clock.now())
    found = queue.cancel(store, number)
    assert found.status is SweepStatus.RUNNING
    assert found.place is not None
    assert found.place.concluded


def test_a_process_that_was_on_its_way_finds_nothing_to_do(store: Store, errand: Errand, tmp_path: Path) -> None:
    """A sweep that is taken out while its process starts is not begun after all."""
    number = queue.enqueue(store, errand, Place(priority=50))
    on_its_way = queued(configured(tmp_path), store, number)
    queue.cancel(store, number)
    with pytest.raises(UserError, match=f"sweep {number} is interrupted by now"):
        sweep(configured(tmp_path), store, [on_its_way])
    assert one(store, number).status is SweepStatus.INTERRUPTED


def test_what_was_never_begun_can_be_gone_on_with(store: Store, errand: Errand, tmp_path: Path) -> None:
    """`sweep resume` begins it with its first page: here nobody answers, so it fails instead of ending complete."""
    number = queue.enqueue(store, errand, Place(priority=50))
    queue.cancel(store, number)
    sweep(configured(tmp_path), store, resumable(configured(tmp_path), store, number))
    assert one(store, number).status is SweepStatus.FAILED
    assert sum(store.frontier.progress(number).states.values()) == 1


def test_a_revisit_that_is_taken_out_is_not_asked_for_at_once(store: Store, tmp_path: Path, hands: Hands) -> None:
    """What was due is put off, or the scheduler would queue the same again within a minute."""
    address = saw(store, "L1")
    (row,) = (flag.listing_row for flag in store.flags.ranked())
    with store.transaction():
        store.standings.keep(
            ListingStanding(
                listing_row=row, standing=Standing.UP, since=hands.now, checked_at=hands.now, next_at=hands.now
            )
        )
    (planned,) = plan(
        configured(tmp_path), store.catalog.load(), urls=(address,), marketplaces=("namu",), trigger=Trigger.REVISIT
    )
    queue.cancel(store, queue.enqueue(store, planned, Place(priority=40)))
    standing = store.standings.of(row)
    assert standing is not None
    assert standing.next_at == hands.now + PUT_OFF


def test_what_cannot_be_taken_out_is_told(store: Store, errand: Errand) -> None:
    """A sweep that there is not, one of the foreground, one that is over, and one that was taken out before."""
    with pytest.raises(UnknownName, match="there is no sweep 99"):
        queue.cancel(store, 99)
    with pytest.raises(UserError, match="sweep 1 is not of the queue"):
        queue.cancel(store, 1)
    done, twice = (queue.enqueue(store, errand, Place(priority=50)) for _ in range(2))
    with store.transaction():
        store.sweeps.reopen(done, clock.now())
        store.sweeps.close(done, SweepReport(status=SweepStatus.COMPLETE), clock.now())
    queue.cancel(store, twice)
    for number, status in ((done, "complete"), (twice, "interrupted")):
        with pytest.raises(UserError, match=f"sweep {number} is {status} already"):
            queue.cancel(store, number)


def test_the_very_same_is_not_queued_twice(store: Store, errand: Errand, tmp_path: Path) -> None:
    """Whoever asks for what waits already gets its number; once it runs, another may wait."""
    first = queue.ask_for(store, errand)
    (other,) = plan(configured(tmp_path), store.catalog.load(), queries=("가방",), marketplaces=("namu",))
    assert queue.ask_for(store, errand) == first
    assert queue.ask_for(store, other) != first
    with store.transaction():
        store.sweeps.reopen(first, clock.now())
    assert queue.ask_for(store, errand) != first


def test_what_is_complete_is_not_gone_on_with(store: Store, errand: Errand, tmp_path: Path) -> None:
    """Nothing is left of it, and its record stays as it is."""
    number = queue.enqueue(store, errand, Place(priority=50))
    with store.transaction():
        store.sweeps.reopen(number, clock.now())
        store.frontier.add(number, [Visit(kind=PageKind.LISTING, url="https://namu.example/item/1")])
        (visit,) = store.frontier.lease(number, 1).visits
        store.frontier.settle(visit, Outcome(status=PageStatus.LISTING))
        store.sweeps.close(number, SweepReport(status=SweepStatus.COMPLETE, listings=1), clock.now())
    with pytest.raises(UserError, match=f"sweep {number} is complete: nothing is left of it"):
        resumable(configured(tmp_path), store, number)
