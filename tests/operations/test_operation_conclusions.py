"""What follows from a sweep that has ended: once, whoever ended it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.marketplace import load
from operations import clock
from operations.conclusions import LONGEST_REST, MOST_STARTS, RETRY_SECONDS, conclude, rest_after, result_of
from operations.keeping import keep_listing
from operations.reports import report_of
from operations.standings import PUT_OFF, WHILE_UP
from storage.store import Store
from tests.conftest import Hands
from tests.storage.store_samples import a_flag, a_listing, a_look
from touchstone.alerts import Alert, AlertKind
from touchstone.catalog import Brand, Catalog
from touchstone.configuration import ScheduledSweep, SchedulerSettings
from touchstone.frontier import Outcome, PageKind, Visit
from touchstone.listing import TROUBLE, PageStatus
from touchstone.schedules import Result, Schedule, ScheduleSource
from touchstone.sweeps import Place, Sweep, SweepReport, SweepRequest, SweepStatus, Trigger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADAPTERS = Path(__file__).parents[2] / "fixtures/demo/marketplaces"
REQUEST = SweepRequest(marketplace="namu", brand="velhanne", queries=("벨하네",), trigger=Trigger.SCHEDULE)
HOURLY = ScheduledSweep(brand="velhanne", marketplace="namu", every="1h")
SETTINGS = SchedulerSettings(alert_after=3)


@pytest.fixture
def store(tmp_path: Path, hands: Hands) -> Iterator[Store]:
    """A store that knows a brand and a marketplace."""
    with Store.open(tmp_path / "store") as opened:
        with opened.transaction():
            opened.catalog.upsert(Catalog(brands=(Brand(id="velhanne", name="Velhanne"),)))
            opened.sweeps.know_marketplace("namu", title="Namu", base_url="https://namu.example")
        yield opened


@pytest.fixture
def schedule(store: Store) -> int:
    """The number of a schedule that is due each hour."""
    with store.transaction():
        return store.schedules.put(HOURLY, ScheduleSource.STORE, anchor=NOON, next_at=NOON)


def report(status: SweepStatus, *problems: str, trouble: PageStatus | None = None) -> SweepReport:
    return SweepReport(status=status, problems=problems, trouble=trouble)


def ended(
    store: Store, how: SweepReport, *, schedule: int | None = None, starts: int = 1, request: SweepRequest = REQUEST
) -> Sweep:
    """A sweep of the queue that ran in as many processes and has ended now."""
    with store.transaction():
        number = store.sweeps.enqueue(request, clock.now(), Place(schedule=schedule, due_at=clock.now()))
        for _ in range(starts):
            store.sweeps.started(number)
        store.sweeps.reopen(number, clock.now())
        store.sweeps.close(number, how, clock.now())
    return unconcluded(store)


def unconcluded(store: Store) -> Sweep:
    (found,) = store.sweeps.unconcluded()
    return found


def one(store: Store, number: int) -> Sweep:
    found = store.sweeps.one(number)
    assert found is not None
    return found


def after(store: Store, schedule: int, *results: SweepReport) -> Schedule:
    """The schedule after sweeps that ended like this, an hour apart."""
    for how in results:
        clock_moves(HOUR)
        assert conclude(store, SETTINGS, ended(store, how, schedule=schedule)) is not None
    return store.schedules.one(schedule)


def newest(store: Store) -> int:
    """The number of the last sweep."""
    return next(store.sweeps.all()).id


def clock_moves(length: timedelta) -> None:
    later = clock.now() + length
    clock.use(lambda: later, 1.0)


COMPLETE = report(SweepStatus.COMPLETE)
DOWN = report(SweepStatus.FAILED, "listing pages: error (HTTP 503)", trouble=PageStatus.ERROR)
BLOCKED = report(SweepStatus.FAILED, "listing pages: blocked (HTTP 403)", trouble=PageStatus.BLOCKED)
BROKEN = report(SweepStatus.FAILED, "the browser did not start")
DEGRADED = report(SweepStatus.DEGRADED, "price is missing")
REDESIGNED = report(SweepStatus.FAILED, "search for '벨하네', page 1: empty (HTTP 200)", trouble=PageStatus.EMPTY)


@pytest.mark.parametrize(
    ("how", "result"),
    [
        pytest.param(COMPLETE, Result.COMPLETE, id="complete"),
        pytest.param(report(SweepStatus.PARTIAL, trouble=PageStatus.BLOCKED), Result.PARTIAL, id="partial"),
        pytest.param(DEGRADED, Result.DEGRADED, id="degraded"),
        pytest.param(
            report(SweepStatus.DEGRADED, trouble=PageStatus.ERROR), Result.DEGRADED, id="degraded-with-errors"
        ),
        pytest.param(report(SweepStatus.INTERRUPTED, trouble=PageStatus.ERROR), Result.INTERRUPTED, id="interrupted"),
        pytest.param(BLOCKED, Result.BLOCKED, id="blocked"),
        pytest.param(report(SweepStatus.FAILED, trouble=PageStatus.LOGIN), Result.BLOCKED, id="login"),
        pytest.param(DOWN, Result.DOWN, id="down"),
        pytest.param(REDESIGNED, Result.DEGRADED, id="empty-pages"),
        pytest.param(BROKEN, Result.FAILED, id="failed"),
        pytest.param(report(SweepStatus.FAILED, trouble=PageStatus.FORBIDDEN), Result.FAILED, id="forbidden"),
    ],
)
def test_the_pages_say_how_a_sweep_went(store: Store, how: SweepReport, result: Result) -> None:
    """Who must act is told by what the pages were: the marketplace refuses, is down, has changed, or it is us."""
    assert result_of(ended(store, how)) is result


def test_a_sweep_without_a_report_has_failed() -> None:
    """Where nothing is known of the pages, nothing is said of the marketplace."""
    sweep = Sweep(id=1, request=REQUEST, status=SweepStatus.FAILED, started_at=NOON)
    assert result_of(sweep) is Result.FAILED


# What most of the pages were


def visited(store: Store, *pages: PageStatus, put_back: bool) -> int:
    """A running sweep whose visits came to this: put back or given up when it was trouble, and settled otherwise."""
    with store.transaction():
        number = store.sweeps.open(REQUEST, clock.now())
        urls = [f"https://namu.example/item/{place}" for place in range(len(pages))]
        store.frontier.add(number, [Visit(kind=PageKind.LISTING, url=url) for url in urls])
        for visit, status in zip(store.frontier.lease(number, 99).visits, pages, strict=True):
            note = f"listing pages: {status} (HTTP 200)"
            if status not in TROUBLE:
                store.frontier.settle(visit, Outcome(status=status, http=200))
            elif put_back:
                store.frontier.put_back(visit, after=60, note=note, status=status)
            else:
                store.frontier.give_up(visit, Outcome(status=status, http=200, problems=(note,)))
    return number


LISTING, BLOCK, ERROR, EMPTY = PageStatus.LISTING, PageStatus.BLOCKED, PageStatus.ERROR, PageStatus.EMPTY


@pytest.mark.parametrize("put_back", [True, False], ids=["put-back", "given-up"])
@pytest.mark.parametrize(
    ("pages", "trouble"),
    [
        pytest.param([ERROR], ERROR, id="one"),
        pytest.param([ERROR, BLOCK, ERROR], ERROR, id="most"),
        pytest.param([BLOCK, EMPTY, BLOCK, ERROR], BLOCK, id="more-blocks"),
        pytest.param([LISTING, LISTING, EMPTY], EMPTY, id="among-listings"),
        pytest.param([LISTING, LISTING, PageStatus.GONE, PageStatus.SOLD_OUT], None, id="none"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_most_pages_say_what_the_trouble_is(
    store: Store, pages: list[PageStatus], trouble: PageStatus | None, put_back: bool
) -> None:
    """A page that waits for another try counts like one that was given up: a marketplace that is down may have no other."""
    number = visited(store, *pages, put_back=put_back)
    assert store.frontier.progress(number).trouble is trouble


def test_what_came_right_is_no_trouble(store: Store) -> None:
    """A visit that was put back and then made is what it came to at last."""
    number = visited(store, ERROR, put_back=True)
    with store.transaction():
        store.db.conn.execute("UPDATE frontier SET until = 0")
        (visit,) = store.frontier.lease(number, 1).visits
        assert store.frontier.progress(number).trouble is ERROR
        store.frontier.settle(visit, Outcome(status=LISTING, http=200))
    assert store.frontier.progress(number).trouble is None


def test_putting_back_without_a_word_keeps_the_trouble(store: Store) -> None:
    """A visit that could not be begun says nothing of the page; what the try before it came to still counts."""
    number = visited(store, ERROR, put_back=True)
    with store.transaction():
        store.db.conn.execute("UPDATE frontier SET until = 0")
        (visit,) = store.frontier.lease(number, 1).visits
        store.frontier.put_back(visit, after=0, failed=False)
    progress = store.frontier.progress(number)
    assert (progress.trouble, progress.problems) == (ERROR, ("listing pages: error (HTTP 200)",))


@pytest.mark.parametrize(
    ("pages", "result"),
    [
        pytest.param([ERROR, ERROR, BLOCK], Result.DOWN, id="down"),
        pytest.param([BLOCK], Result.BLOCKED, id="blocked"),
        pytest.param([EMPTY], Result.DEGRADED, id="empty"),
        pytest.param([], Result.FAILED, id="nothing"),
    ],
)
def test_a_marketplace_that_never_answered_is_down(
    store: Store, schedule: int, pages: list[PageStatus], result: Result
) -> None:
    """A sweep that ended itself with every page put back is told by them, and the note says what they were."""
    namu = load(ADAPTERS / "namu.toml")
    number = visited(store, *pages, put_back=True)
    how = report_of(store, number, REQUEST, namu, finished=False, reason="the marketplace is left in peace for an hour")
    assert how.pages == {}
    found = after(store, schedule, how)
    assert found.result is result
    assert found.note.startswith(
        f"listing pages: {pages[0]} (HTTP 200)" if pages else "the marketplace is left in peace"
    )


@pytest.mark.parametrize(
    ("problems", "trouble", "note"),
    [
        pytest.param(("4 pages are left", "listing pages: blocked (HTTP 403)"), BLOCK, 1, id="what-they-were"),
        pytest.param(("listing pages: error (HTTP 500)", "search: blocked (HTTP 403)"), BLOCK, 1, id="of-most"),
        pytest.param(("search: blocked (HTTP 403)", "listing pages: blocked (HTTP 403)"), BLOCK, 0, id="first"),
        pytest.param(("blocked by us", "4 pages are left"), BLOCK, 0, id="no-such-line"),
        pytest.param(("4 pages are left", "listing pages: blocked (HTTP 403)"), None, 0, id="no-trouble"),
        pytest.param((), BLOCK, None, id="no-problem"),
    ],
)
def test_the_note_says_what_the_pages_were(
    store: Store, schedule: int, problems: tuple[str, ...], trouble: PageStatus | None, note: int | None
) -> None:
    """Of all that a report complains of, the line that tells of most pages; else the first."""
    found = after(store, schedule, report(SweepStatus.FAILED, *problems, trouble=trouble))
    assert found.note == ("" if note is None else problems[note])


# Killed


@pytest.mark.parametrize("starts", range(1, MOST_STARTS))
def test_a_killed_sweep_waits_again(store: Store, schedule: int, starts: int) -> None:
    """It is begun again, at first at once and then after twice the time before; the schedule does not hear of it."""
    before = store.schedules.one(schedule)
    sweep = ended(store, report(SweepStatus.INTERRUPTED), schedule=schedule, starts=starts)
    assert conclude(store, SETTINGS, sweep) is None
    again = one(store, sweep.id)
    assert (again.status, again.ended_at) == (SweepStatus.QUEUED, None)
    wait = timedelta(seconds=RETRY_SECONDS * 2 ** (starts - 1))
    assert again.place is not None
    assert again.place.not_before == (NOON + wait if starts > 1 else None)
    assert [one.id for one in store.sweeps.waiting(NOON + wait)] == [sweep.id]
    assert [one.id for one in store.sweeps.waiting(NOON)] == ([sweep.id] if starts == 1 else [])
    assert store.sweeps.unconcluded() == []
    assert store.schedules.one(schedule) == before


def test_a_sweep_that_is_killed_again_and_again_is_given_up(store: Store, schedule: int) -> None:
    """After so many processes it counts as a failure of its schedule."""
    sweep = ended(store, report(SweepStatus.INTERRUPTED, "killed"), schedule=schedule, starts=MOST_STARTS)
    assert conclude(store, SETTINGS, sweep) is Result.INTERRUPTED
    assert one(store, sweep.id).status is SweepStatus.INTERRUPTED
    found = store.schedules.one(schedule)
    assert (found.failures, found.result, found.note) == (1, Result.INTERRUPTED, "killed")


def test_a_sweep_that_we_ended_goes_on(store: Store, schedule: int) -> None:
    """A sweep whose process the scheduler itself ended, because it was stopped, is no failure: it waits again."""
    sweep = ended(store, report(SweepStatus.INTERRUPTED), schedule=schedule)
    with store.transaction():
        store.sweeps.spare_start(sweep.id)
    assert conclude(store, SETTINGS, unconcluded(store)) is None
    assert one(store, sweep.id).status is SweepStatus.QUEUED
    assert store.schedules.one(schedule).failures == 0


def flagged_and_due(store: Store) -> str:
    """The address of a flagged listing that nobody has seen for a day; the clock has moved meanwhile."""
    listing = a_listing()
    with store.transaction():
        number = store.sweeps.open(REQUEST, NOON)
        store.sweeps.close(number, COMPLETE, NOON)
    keep_listing(store, number, a_look(listing, a_flag()), None)
    clock_moves(24 * HOUR)
    assert due(store) == [listing.url]
    return listing.url


def due(store: Store) -> list[str]:
    now = clock.now()
    return list(store.standings.due("namu", now=now, unseen_since=now - WHILE_UP[0]))


def revisit(url: str, trigger: Trigger = Trigger.REVISIT) -> SweepRequest:
    return SweepRequest(marketplace="namu", urls=(url,), trigger=trigger)


def test_a_revisit_that_is_given_up_is_put_off(store: Store) -> None:
    """What it was to look at would else be asked for again at once, by a sweep that is killed as well."""
    request = revisit(flagged_and_due(store))
    sweep = ended(store, report(SweepStatus.INTERRUPTED), starts=MOST_STARTS, request=request)
    assert conclude(store, SETTINGS, sweep) is Result.INTERRUPTED
    assert due(store) == []
    clock_moves(PUT_OFF)
    assert due(store) == [request.urls[0]]


def test_a_revisit_that_waits_again_puts_nothing_off(store: Store) -> None:
    """It is going to look itself; its listings stay due until it has."""
    request = revisit(flagged_and_due(store))
    assert conclude(store, SETTINGS, ended(store, report(SweepStatus.INTERRUPTED), request=request)) is None
    assert due(store) == [request.urls[0]]


def test_others_sweeps_put_nothing_off(store: Store) -> None:
    """A listing that an analyst named, and whose sweep was given up, is due as before."""
    request = revisit(flagged_and_due(store), Trigger.ANALYST)
    sweep = ended(store, report(SweepStatus.INTERRUPTED), starts=MOST_STARTS, request=request)
    assert conclude(store, SETTINGS, sweep) is Result.INTERRUPTED
    assert due(store) == [request.urls[0]]


def test_conclusions_are_drawn_once(store: Store, schedule: int) -> None:
    """A sweep that was concluded is not found again, by this process or the next."""
    sweep = ended(store, DOWN, schedule=schedule)
    assert conclude(store, SETTINGS, sweep) is Result.DOWN
    assert store.sweeps.unconcluded() == []
    assert store.schedules.one(schedule).failures == 1


def test_only_queued_sweeps_are_concluded(store: Store) -> None:
    """A sweep that somebody ran in the foreground, or that still runs, is none of the queue's business."""
    with store.transaction():
        foreground = store.sweeps.open(REQUEST, NOON)
        store.sweeps.close(foreground, DOWN, NOON)
        store.sweeps.reopen(store.sweeps.enqueue(REQUEST, NOON, Place()), NOON)
    assert store.sweeps.unconcluded() == []


def test_a_sweep_without_a_schedule_is_concluded_alone(store: Store) -> None:
    """What an analyst queued has a result, and no schedule and no alert follow from it."""
    assert conclude(store, SETTINGS, ended(store, DEGRADED)) is Result.DEGRADED
    assert store.sweeps.unconcluded() == []
    assert list(store.alerts.all()) == []


@pytest.mark.parametrize("how", [DOWN, BLOCKED, BROKEN, DEGRADED], ids=["down", "blocked", "failed", "degraded"])
def test_failures_in_a_row_are_counted(store: Store, schedule: int, how: SweepReport) -> None:
    """The record says how often, how and since when, and keeps the last success; a good sweep ends the row."""
    good = after(store, schedule, COMPLETE)
    assert (good.result, good.failures, good.success_at, good.note) == (Result.COMPLETE, 0, NOON + HOUR, "")
    bad = after(store, schedule, how, how)
    assert (bad.failures, bad.success_at, bad.result_at) == (2, NOON + HOUR, NOON + 3 * HOUR)
    assert bad.note == how.problems[0]
    again = after(store, schedule, report(SweepStatus.PARTIAL, "a captcha"))
    assert (again.failures, again.not_before, again.success_at) == (0, None, NOON + 4 * HOUR)
    assert (again.result, again.note) == (Result.PARTIAL, "a captcha")


def test_the_rest_after_a_failure_doubles(store: Store, schedule: int) -> None:
    """From a quarter of an hour to a day."""
    rests = []
    for _ in range(10):
        found = after(store, schedule, DOWN)
        assert found.not_before is not None
        rests.append((found.not_before - clock.now()) / timedelta(minutes=1))
    assert rests == [15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440]


@pytest.mark.parametrize(
    ("failures", "interval", "rest"),
    [
        pytest.param(1, timedelta(days=7), timedelta(minutes=15), id="first"),
        pytest.param(8, HOUR, LONGEST_REST, id="a-day"),
        pytest.param(9, timedelta(days=7), timedelta(days=2, hours=16), id="slow-clock"),
        pytest.param(1000, timedelta(days=7), timedelta(days=7), id="as-long-as-its-clock"),
        pytest.param(1000, HOUR, LONGEST_REST, id="no-overflow"),
    ],
)
def test_no_rest_is_longer_than_a_day_or_the_clock(failures: int, interval: timedelta, rest: timedelta) -> None:
    """A weekly sweep may rest for a week, an hourly one for a day."""
    assert rest_after(failures, interval) == rest


# Alerts


def told(store: Store) -> list[tuple[AlertKind, str, bool]]:
    """What was told, oldest first: of which kind, about what, and whether it is over."""
    return [(alert.kind, alert.subject, alert.over) for alert in reversed(list(store.alerts.all()))]


@pytest.mark.parametrize("how", [DEGRADED, REDESIGNED], ids=["fields", "empty"])
def test_rotting_is_told_at_once(store: Store, schedule: int, how: SweepReport) -> None:
    """Pages that no longer say what they are read for do not come right by waiting."""
    after(store, schedule, how)
    (alert,) = store.alerts.all(pending_only=True)
    assert (alert.kind, alert.subject) == (AlertKind.PARSER_ROTTING, "namu-velhanne")
    assert (alert.brand, alert.marketplace) == ("velhanne", "namu")
    assert alert.message == f"namu-velhanne is degraded: {how.problems[0]}"
    assert "docs/add-a-marketplace.md" in alert.hint
    assert alert.hint.endswith(f" (touchstone sweep show {newest(store)})")


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        pytest.param(DOWN, AlertKind.MARKETPLACE_DOWN, id="down"),
        pytest.param(BLOCKED, AlertKind.MARKETPLACE_BLOCKING, id="blocked"),
        pytest.param(BROKEN, AlertKind.SWEEPS_FAILING, id="failed"),
    ],
)
def test_what_may_pass_is_told_when_it_stays(store: Store, schedule: int, how: SweepReport, kind: AlertKind) -> None:
    """The third failure in a row is told, with the reason and what to do; further ones are not."""
    after(store, schedule, how, how)
    assert told(store) == []
    after(store, schedule, how)
    assert told(store) == [(kind, "namu-velhanne", False)]
    (alert,) = store.alerts.all()
    result = store.schedules.one(schedule).result
    assert alert.message == f"namu-velhanne is {result}, 3 times in a row: {how.problems[0]}"
    assert alert.hint.endswith(f" (touchstone sweep show {newest(store)})")
    after(store, schedule, how, how)
    assert told(store) == [(kind, "namu-velhanne", False)]


def test_killed_sweeps_are_told_of(store: Store, schedule: int) -> None:
    """Sweeps that are given up are failures like others, and the hint looks at the machine."""
    for _ in range(3):
        clock_moves(HOUR)
        conclude(store, SETTINGS, ended(store, report(SweepStatus.INTERRUPTED), schedule=schedule, starts=MOST_STARTS))
    (alert,) = store.alerts.all()
    assert alert.kind is AlertKind.SWEEPS_FAILING
    assert "memory" in alert.hint


@pytest.mark.parametrize(
    "good", [COMPLETE, report(SweepStatus.PARTIAL, trouble=PageStatus.BLOCKED)], ids=["complete", "partial"]
)
def test_a_good_sweep_says_that_it_is_over(store: Store, schedule: int, good: SweepReport) -> None:
    """Whatever was told of a schedule is over with the next sweep that sees listings, and that is told, once."""
    after(store, schedule, DOWN, DOWN, DOWN, BLOCKED, DEGRADED, good)
    kinds = [AlertKind.MARKETPLACE_DOWN, AlertKind.MARKETPLACE_BLOCKING, AlertKind.PARSER_ROTTING]
    assert told(store)[:3] == [(kind, "namu-velhanne", False) for kind in kinds]
    assert sorted(told(store)[3:]) == sorted((kind, "namu-velhanne", True) for kind in kinds)
    assert list(store.alerts.all(pending_only=True)) == []
    over: Alert = next(store.alerts.all())
    assert "sees listings again" in over.message
    after(store, schedule, good)
    assert len(told(store)) == 6


def test_each_schedule_has_its_own_record(store: Store, schedule: int) -> None:
    """What befalls one schedule is not told of another, nor over because another sees listings."""
    with store.transaction():
        other = store.schedules.put(
            ScheduledSweep(brand="velhanne", marketplace="namu", every="1h", called="other"),
            ScheduleSource.STORE, anchor=NOON, next_at=NOON,
        )  # fmt: skip
    after(store, schedule, DEGRADED)
    after(store, other, COMPLETE)
    assert told(store) == [(AlertKind.PARSER_ROTTING, "namu-velhanne", False)]
    assert store.schedules.one(other).failures == 0


@pytest.mark.parametrize("alert_after", [1, 5])
def test_how_many_failures_are_told_is_a_setting(store: Store, schedule: int, alert_after: int) -> None:
    """``alert_after`` says which failure in a row is told first."""
    for number in range(1, 6):
        clock_moves(HOUR)
        conclude(store, SchedulerSettings(alert_after=alert_after), ended(store, DOWN, schedule=schedule))
        assert bool(told(store)) == (number >= alert_after)


AGAIN = SweepRequest(marketplace="namu", urls=("https://namu.example/item/0",), trigger=Trigger.REVISIT)
GONE = PageStatus.GONE


@pytest.mark.parametrize(
    ("pages", "status"),
    [
        pytest.param([GONE] * 5, SweepStatus.DEGRADED, id="all-gone"),
        pytest.param([GONE] * 3, SweepStatus.COMPLETE, id="few"),
        pytest.param([GONE] * 9 + [LISTING], SweepStatus.COMPLETE, id="one-is-up"),
        pytest.param([GONE] * 9 + [PageStatus.SOLD_OUT], SweepStatus.COMPLETE, id="one-is-sold-out"),
        pytest.param([GONE, ERROR], SweepStatus.FAILED, id="beside-errors"),
    ],
)
def test_when_everything_is_gone_the_site_has_changed(
    store: Store, pages: list[PageStatus], status: SweepStatus
) -> None:
    """So many removals with nothing left up are believed to be a redesign; where anything is up, they are removals."""
    namu = load(ADAPTERS / "namu.toml")
    number = visited(store, *pages, put_back=False)
    how = report_of(store, number, AGAIN, namu, finished=True)
    assert how.status is status
    if status is SweepStatus.DEGRADED:
        assert how.problems == (
            "all 5 listings that were visited are gone, and none is up: namu may have changed",
        )  # fmt: skip


def test_what_another_sweep_has_just_read_counts_as_seen(store: Store) -> None:
    """Listings that were passed by are no sign that a marketplace shows too little."""
    namu = load(ADAPTERS / "namu.toml")
    assert namu.assertions.min_listings > 0
    number = visited(store, *[LISTING] * namu.assertions.min_listings, put_back=False)
    assert report_of(store, number, REQUEST, namu, finished=True).status is SweepStatus.COMPLETE
