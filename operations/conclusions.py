"""What follows from a sweep that was queued and has ended: its schedule's record, the wait after a failure, and alerts."""

from datetime import datetime, timedelta

from operations import clock
from operations.due_times import DueTimes
from operations.standings import put_off
from storage.store import Store
from touchstone.alerts import Alert, AlertKind
from touchstone.configuration import SchedulerSettings
from touchstone.listing import PageStatus
from touchstone.schedules import GOOD, Result, Schedule
from touchstone.sweeps import Sweep, SweepStatus, Trigger

MOST_STARTS = 6  # processes that were killed under a sweep, before it is given up
SHORTEST_REST = timedelta(minutes=15)  # after a failure; doubled by each further one
LONGEST_REST = timedelta(hours=24)
EXPLAINS_NOTHING = ("touchstone sweep resume", "promises at least")  # what is left to do; that there was nothing to see
RETRY_SECONDS = 30.0  # until a sweep whose process was killed is begun again; doubled by each further one

_TROUBLES = {
    PageStatus.BLOCKED: Result.BLOCKED,
    PageStatus.LOGIN: Result.BLOCKED,
    PageStatus.ERROR: Result.DOWN,
    PageStatus.EMPTY: Result.DEGRADED,
}
_KINDS = {
    Result.DOWN: AlertKind.MARKETPLACE_DOWN,
    Result.BLOCKED: AlertKind.MARKETPLACE_BLOCKING,
    Result.DEGRADED: AlertKind.PARSER_ROTTING,
}
_HINTS = {
    Result.DOWN: "Nothing to do if it comes back; else see whether its address in touchstone.toml still holds.",
    Result.BLOCKED: "Slow down, sweep less often, or ask its operator for leave: docs/operations.md#marketplace-blocking",
    Result.DEGRADED: "Its pages were redesigned: mend its file, see docs/add-a-marketplace.md",
    Result.FAILED: "Look at its pages.",
    Result.INTERRUPTED: "Its processes are killed again and again: look for memory or time limits of the machine.",
}


def result_of(sweep: Sweep) -> Result:
    """How a sweep that has ended went, told by the pages that it met."""
    report = sweep.report
    if sweep.status in (SweepStatus.COMPLETE, SweepStatus.PARTIAL, SweepStatus.DEGRADED, SweepStatus.INTERRUPTED):
        return Result(sweep.status.value)
    if report is None:
        return Result.FAILED
    return _TROUBLES.get(report.trouble, Result.FAILED) if report.trouble else Result.FAILED


def again(sweep: Sweep) -> bool:
    """Whether a sweep whose process was killed is to be begun again by itself."""
    return sweep.status is SweepStatus.INTERRUPTED and sweep.place is not None and sweep.place.starts < MOST_STARTS


def conclude(store: Store, settings: SchedulerSettings, sweep: Sweep) -> Result | None:
    """Draw the conclusions from a sweep that has ended, once and in one transaction; ``None`` when it waits again."""
    now = clock.now()
    with store.transaction():
        schedule = None
        if sweep.place and sweep.place.schedule is not None:
            schedule = store.schedules.one(sweep.place.schedule)
        if again(sweep):
            starts = sweep.place.starts if sweep.place else 1
            store.sweeps.requeue(
                sweep.id, not_before=now + timedelta(seconds=RETRY_SECONDS * 2 ** (starts - 1)) if starts > 1 else None
            )
            return None
        store.sweeps.conclude(sweep.id)
        if sweep.status is SweepStatus.INTERRUPTED and sweep.request.trigger is Trigger.REVISIT:
            put_off(store, sweep, now)
        result = result_of(sweep)
        if schedule is not None:
            _conclude_schedule(store, settings, schedule, sweep, result, now)
        return result


def _conclude_schedule(
    store: Store, settings: SchedulerSettings, schedule: Schedule, sweep: Sweep, result: Result, now: datetime
) -> None:
    problems = sweep.report.problems if sweep.report else ()
    note = "" if result is Result.COMPLETE else _note(problems, sweep.report.trouble if sweep.report else None)
    if result in GOOD:
        store.schedules.conclude(schedule.id, result=result, at=now, failures=0, not_before=None, note=note)
        for kind in (*_KINDS.values(), AlertKind.SWEEPS_FAILING):
            store.alerts.resolve(kind, schedule.name, now, f"{schedule.name} sees listings again: sweep {sweep.id}")
        return
    failures = schedule.failures + 1
    not_before = now + rest_after(failures, DueTimes(schedule.sweep, schedule.anchor).shortest)
    store.schedules.conclude(schedule.id, result=result, at=now, failures=failures, not_before=not_before, note=note)
    times = f", {failures} times in a row" if failures > 1 else ""
    if result is Result.DEGRADED or failures >= settings.alert_after:
        alert = Alert(
            kind=_KINDS.get(result, AlertKind.SWEEPS_FAILING), subject=schedule.name, brand=schedule.sweep.brand,
            marketplace=schedule.sweep.marketplace,
            message=f"{schedule.name} is {result}{times}: {note or 'no reason given'}",
            hint=f"{_HINTS[result]} (touchstone sweep show {sweep.id})",
        )  # fmt: skip
        store.alerts.tell(alert, now)


def _note(problems: tuple[str, ...], trouble: PageStatus | None) -> str:
    """The line that says most: what the pages were, where they could not be had."""
    telling = [problem for problem in problems if trouble and f": {trouble}" in problem]
    rest = [problem for problem in problems if not any(word in problem for word in EXPLAINS_NOTHING)]
    return next(iter((*telling, *rest, *problems)), "")


def rest_after(failures: int, interval: timedelta) -> timedelta:
    """How long a schedule rests after so many failures in a row; never shorter than what doubles from a quarter of an hour,
    and no longer than a day, unless its own clock is slower."""
    rest: timedelta = SHORTEST_REST * 2 ** min(failures - 1, 10)
    return min(rest, max(LONGEST_REST, interval))
