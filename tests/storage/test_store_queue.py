"""The queue: who is next, what is not yet to begin, what has ended; and that no two sweeps fetch the same thing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from store_samples import BRAND, MARKETPLACE, NOON, Clock

from storage.fetching import CLAIM_SECONDS, FetchingStore
from storage.frontier import LEASE_SECONDS, LOOK_AGAIN_SECONDS, FrontierStore
from storage.store import Store
from touchstone.configuration import ScheduledSweep
from touchstone.errors import StoreError
from touchstone.frontier import Outcome, PageKind, Visit
from touchstone.listing import PageStatus
from touchstone.schedules import ScheduleSource
from touchstone.sweeps import Place, Sweep, SweepReport, SweepRequest, SweepStatus

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
REQUEST = SweepRequest(marketplace=MARKETPLACE, brand=BRAND, queries=("벨하네",))
PHOTO = "https://namu.example/1.jpg"


def enqueue(store: Store, priority: int = 50, *, waited: timedelta = timedelta(0), schedule: int | None = None) -> int:
    """A sweep that waits since so long before noon."""
    with store.transaction():
        return store.sweeps.enqueue(REQUEST, NOON - waited, Place(priority=priority, schedule=schedule))


def waiting(store: Store, at: timedelta = timedelta(0)) -> list[int]:
    """The numbers of the sweeps that may begin at so long after noon, in their order."""
    return [sweep.id for sweep in store.sweeps.waiting(NOON + at)]


def end(store: Store, number: int, status: SweepStatus = SweepStatus.COMPLETE) -> None:
    """Have a sweep of the queue run and be over."""
    with store.transaction():
        store.sweeps.reopen(number, NOON)
        store.sweeps.close(number, SweepReport(status=status), NOON)


def one(store: Store, number: int) -> Sweep:
    found = store.sweeps.one(number)
    assert found is not None
    return found


@pytest.fixture
def schedule(store: Store) -> int:
    """A schedule's number."""
    sweep = ScheduledSweep(brand=BRAND, marketplace=MARKETPLACE, every="1h")
    with store.transaction():
        return store.schedules.put(sweep, ScheduleSource.STORE, anchor=NOON, next_at=NOON)


def test_a_queued_sweep_comes_back_as_it_was_put(store: Store, sweep_id: int, schedule: int) -> None:
    """Everything that was asked for, whose it is, since when it waits and for when it was due."""
    place = Place(schedule=schedule, due_at=NOON - MINUTE, priority=70)
    with store.transaction():
        number = store.sweeps.enqueue(REQUEST, NOON, place)
    queued = Sweep(id=number, request=REQUEST, status=SweepStatus.QUEUED, started_at=NOON, place=place)
    assert one(store, number) == queued
    assert list(store.sweeps.waiting(NOON)) == [queued]


@pytest.mark.parametrize(
    ("first", "second", "order"),
    [
        pytest.param((50, 0), (50, 0), "first second", id="who-came-first"),
        pytest.param((50, 0), (51, 0), "second first", id="priority"),
        pytest.param((50, 61), (51, 0), "first second", id="a-little-more-than-an-hour"),
        pytest.param((50, 59), (51, 0), "second first", id="a-little-less-than-an-hour"),
        pytest.param((40, 24 * 60), (50, 0), "first second", id="a-day"),
        pytest.param((40, 24 * 60), (1000, 0), "second first", id="asked-for"),
        pytest.param((50, 0), (50, 1), "second first", id="who-waits-longer"),
    ],
)
def test_the_most_urgent_is_next(
    store: Store, sweep_id: int, first: tuple[int, int], second: tuple[int, int], order: str
) -> None:
    """Priority decides, and each hour of waiting counts as one of it, so that nothing waits for ever."""
    numbers = {
        name: enqueue(store, priority, waited=minutes * MINUTE)
        for name, (priority, minutes) in (("first", first), ("second", second))
    }
    assert waiting(store) == [numbers[name] for name in order.split()]


def test_what_is_not_to_begin_yet_is_not_next(store: Store, sweep_id: int) -> None:
    """A sweep that waits again is passed over until its time, and keeps its place from then on."""
    first, second = enqueue(store, 70), enqueue(store, 50)
    with store.transaction():
        store.sweeps.requeue(first, not_before=NOON + MINUTE)
    assert waiting(store) == [second]
    assert waiting(store, MINUTE) == [first, second]
    with store.transaction():
        store.sweeps.requeue(first, not_before=None)
    assert waiting(store) == [first, second]


def test_only_what_waits_is_next(store: Store, sweep_id: int) -> None:
    """A sweep that runs or has ended does not wait."""
    running, ended = enqueue(store), enqueue(store)
    with store.transaction():
        store.sweeps.reopen(running, NOON)
    end(store, ended)
    assert waiting(store) == []


def test_what_waits_and_what_runs_is_unfinished(store: Store, sweep_id: int, schedule: int) -> None:
    """Of all, or of one schedule."""
    mine, others, done = enqueue(store, schedule=schedule), enqueue(store), enqueue(store, schedule=schedule)
    end(store, done)
    assert [sweep.id for sweep in store.sweeps.unfinished()] == [sweep_id, mine, others]
    assert [sweep.id for sweep in store.sweeps.unfinished(schedule=schedule)] == [mine]
    with store.transaction():
        store.sweeps.reopen(mine, NOON)
    assert [sweep.status for sweep in store.sweeps.unfinished(schedule=schedule)] == [SweepStatus.RUNNING]


def test_conclusions_are_due_from_what_was_queued_and_has_ended(store: Store, sweep_id: int) -> None:
    """Not from what goes on, nor from what never was in the queue; and only once."""
    numbers = [enqueue(store) for _ in range(3)]
    end(store, numbers[0])
    end(store, numbers[1], SweepStatus.INTERRUPTED)
    with store.transaction():
        store.sweeps.reopen(numbers[2], NOON)
        store.sweeps.close(sweep_id, SweepReport(status=SweepStatus.FAILED), NOON)
    assert [sweep.id for sweep in store.sweeps.unconcluded()] == numbers[:2]
    with store.transaction():
        store.sweeps.conclude(numbers[0])
        store.sweeps.requeue(numbers[1], not_before=None)
    assert store.sweeps.unconcluded() == []


def test_a_sweep_has_begun_when_it_began_first(store: Store, sweep_id: int) -> None:
    """What waited begins when its first process does; a later one goes on with it, and what was seen stays its own."""
    number = enqueue(store)
    with store.transaction():
        store.sweeps.reopen(number, NOON + HOUR)
    assert one(store, number).started_at == NOON + HOUR
    with store.transaction():
        store.sweeps.close(number, SweepReport(status=SweepStatus.INTERRUPTED), NOON + 2 * HOUR)
        store.sweeps.requeue(number, not_before=None)
    assert (one(store, number).status, one(store, number).ended_at) == (SweepStatus.QUEUED, None)
    with store.transaction():
        store.sweeps.reopen(number, NOON + 3 * HOUR)
    found = one(store, number)
    assert (found.status, found.started_at, found.report) == (SweepStatus.RUNNING, NOON + HOUR, None)


def test_starts_are_counted_and_spared(store: Store, sweep_id: int) -> None:
    """Each process that is started counts, those that were ended on purpose do not, and there are never less than none."""
    number = enqueue(store)
    with store.transaction():
        for _ in range(2):
            store.sweeps.started(number)
    found = one(store, number)
    assert found.place is not None
    assert found.place.starts == 2
    with store.transaction():
        for _ in range(3):
            store.sweeps.spare_start(number)
    found = one(store, number)
    assert found.place is not None
    assert found.place.starts == 0


def test_a_due_time_has_one_sweep(store: Store, sweep_id: int, schedule: int) -> None:
    """The store itself refuses a second sweep of one schedule for the same time."""
    place = Place(schedule=schedule, due_at=NOON)
    with store.transaction():
        store.sweeps.enqueue(REQUEST, NOON, place)
    with pytest.raises(StoreError, match="UNIQUE"), store.transaction():
        store.sweeps.enqueue(REQUEST, NOON + HOUR, place)
    assert len(waiting(store)) == 1


# What is being fetched


@pytest.fixture
def clock(store: Store) -> Clock:
    """The clock that claims and leases live by."""
    clock = Clock()
    store.fetching = FetchingStore(store.db, clock)
    store.frontier = FrontierStore(store.db, clock)
    return clock


def claim(store: Store, holder: str, url: str = PHOTO) -> bool:
    with store.transaction():
        return store.fetching.claim(url, holder)


def test_an_address_is_fetched_by_one(store: Store, clock: Clock) -> None:
    """Who claims it first has it until it was fetched; claiming it again changes nothing."""
    assert claim(store, "a")
    assert claim(store, "a")
    assert not claim(store, "b")
    assert claim(store, "b", "https://namu.example/2.jpg")
    with store.transaction():
        store.fetching.end(PHOTO)
    assert claim(store, "b")
    assert not claim(store, "a")


def test_a_killed_process_keeps_no_claim(store: Store, clock: Clock) -> None:
    """Its claims are free after a while, and at once when it is known to be gone."""
    assert claim(store, "a")
    clock.now += CLAIM_SECONDS - 1
    assert not claim(store, "b")
    clock.now += 2
    assert claim(store, "b")
    with store.transaction():
        store.fetching.leave("b")
    assert claim(store, "c")


def test_claiming_again_lasts_longer(store: Store, clock: Clock) -> None:
    """Who is still at it keeps what it claims."""
    assert claim(store, "a")
    clock.now += CLAIM_SECONDS - 1
    assert claim(store, "a")
    clock.now += CLAIM_SECONDS - 1
    assert not claim(store, "b")


# Two sweeps of one marketplace


def listing(number: int, host: str = "namu.example") -> Visit:
    return Visit(kind=PageKind.LISTING, url=f"https://{host}/item/{number}")


def opened(store: Store, *visits: Visit, marketplace: str = MARKETPLACE) -> int:
    """A running sweep with these visits."""
    with store.transaction():
        store.sweeps.know_marketplace(marketplace, title=marketplace, base_url="https://namu.example")
        number = store.sweeps.open(SweepRequest(marketplace=marketplace), NOON)
        store.frontier.add(number, visits)
    return number


def leased(store: Store, number: int) -> list[str]:
    with store.transaction():
        return [visit.url for visit in store.frontier.lease(number, 9).visits]


def test_what_another_sweep_visits_is_left_to_it(store: Store, sweep_id: int, clock: Clock) -> None:
    """Of two sweeps that found the same listing, the second takes on the rest, and looks again soon."""
    first, second = opened(store, listing(1)), opened(store, listing(1), listing(2))
    assert leased(store, first) == [listing(1).url]
    assert leased(store, second) == [listing(2).url]
    with store.transaction():
        assert store.frontier.lease(second, 9) == ([], LOOK_AGAIN_SECONDS)


@pytest.mark.parametrize("how", ["settled", "given-up", "put-back", "released", "closed", "expired"])
def test_it_is_taken_on_once_the_other_is_done(store: Store, sweep_id: int, clock: Clock, how: str) -> None:
    """However the other's visit ends, with its sweep or without, the listing is nobody's then."""
    first, second = opened(store, listing(1)), opened(store, listing(1))
    with store.transaction():
        (visit,) = store.frontier.lease(first, 1).visits
    assert leased(store, second) == []
    with store.transaction():
        if how == "settled":
            store.frontier.settle(visit, Outcome(status=PageStatus.LISTING, http=200))
        elif how == "given-up":
            store.frontier.give_up(visit, Outcome(status=PageStatus.BLOCKED))
        elif how == "put-back":
            store.frontier.put_back(visit, after=60)
        elif how == "released":
            store.frontier.release(first)
        elif how == "closed":
            store.sweeps.close(first, SweepReport(status=SweepStatus.INTERRUPTED), NOON)
        else:
            clock.now += LEASE_SECONDS + 1
    assert leased(store, second) == [listing(1).url]


def test_another_marketplace_is_another_matter(store: Store, sweep_id: int, clock: Clock) -> None:
    """Sweeps of two marketplaces do not wait for one another, whatever their addresses."""
    first, second = opened(store, listing(1)), opened(store, listing(1), marketplace="plaza")
    assert leased(store, first) == leased(store, second) == [listing(1).url]


@pytest.mark.parametrize("kind", [PageKind.SEARCH, PageKind.SELLER])
def test_other_pages_are_each_sweeps_own(store: Store, sweep_id: int, clock: Clock, kind: PageKind) -> None:
    """What a search gives belongs to the sweep that asks."""
    visit = Visit(kind=kind, url="https://namu.example/page", query="q", number=1)
    first, second = opened(store, visit), opened(store, visit)
    assert leased(store, first) == leased(store, second) == [visit.url]
