"""Schedules: written, paused, and what happens when one is due."""

from typing import TYPE_CHECKING

from operations import clock
from operations.due_times import DueTimes
from operations.queue import RUN_NOW, enqueue
from operations.session import actor, scheduler_holder
from storage.store import Store
from touchstone.alerts import Alert, AlertKind
from touchstone.configuration import Configuration, ScheduledSweep
from touchstone.decoding import nearest
from touchstone.errors import TouchstoneError, UnknownName, UserError
from touchstone.schedules import Occurrence, Schedule, ScheduleSource, ScheduleState
from touchstone.sweeps import Place, Trigger

if TYPE_CHECKING:
    from operations.sweep import Errand

TOLD_WHEN_MISSED = 2  # due times that nobody served, beside the one that is caught up on
IMPOSSIBLE = "cannot be swept: "  # how the note of a skipped due time begins whose sweep cannot be planned


def errand_of(configuration: Configuration, store: Store, sweep: ScheduledSweep) -> "Errand":
    """The errand of a scheduled sweep; raises as ``operations.sweep.plan`` does."""
    from operations.sweep import plan  # brings all that a crawl needs, which takes a second

    (errand,) = plan(
        configuration, store.catalog.load(), brands=(sweep.brand,), marketplaces=(sweep.marketplace,),
        queries=sweep.queries, max_listings=sweep.max_listings, trigger=Trigger.SCHEDULE,
    )  # fmt: skip
    return errand


def add(configuration: Configuration, store: Store, sweep: ScheduledSweep) -> Schedule:
    """Keep a schedule in the store. Raises ``UserError`` for a name that is taken, or what cannot be swept."""
    catch_up(configuration, store)
    if store.schedules.named(sweep.name) or any(one.name == sweep.name for one in configuration.settings.sweep):
        raise UserError(f"there is a schedule called {sweep.name} already", hint="Give this one another: --name NAME")
    errand_of(configuration, store, sweep)
    now = clock.now()
    with store.transaction():
        number = store.schedules.put(sweep, ScheduleSource.STORE, anchor=now, next_at=DueTimes(sweep, now).first)
        _record(store, "schedule.add", sweep.name, sweep)
    return store.schedules.one(number)


def catch_up(configuration: Configuration, store: Store) -> None:
    """Bring the store in line with touchstone.toml for a command, where no scheduler runs; while one does, what it read holds."""
    if scheduler_holder(configuration) is None:
        sync(configuration, store)


def differences(configuration: Configuration, store: Store) -> list[str]:
    """What touchstone.toml says otherwise than the store, a line for each schedule; it counts when the scheduler is started."""
    wanted = {sweep.name: sweep for sweep in configuration.settings.sweep}
    known = {one.name: one for one in store.schedules.all()}
    gone = [name for name, one in known.items() if one.source is ScheduleSource.FILE and name not in wanted]
    new = [name for name in wanted if name not in known]
    other = [name for name, sweep in wanted.items() if name in known and known[name].sweep != sweep]
    then = "when the scheduler is started with it"
    return [
        *(f"{name} is not in this touchstone.toml: it goes {then}" for name in gone),
        *(f"{name} is new in this touchstone.toml: it counts {then}" for name in new),
        *(f"{name} is otherwise in this touchstone.toml: that counts {then}" for name in other),
    ]


def sync(configuration: Configuration, store: Store, *, takes_away: bool = False) -> None:
    """Bring the store's schedules in line with touchstone.toml: new ones, changed ones and, if it ``takes_away``, those no
    longer there. Only the scheduler does, when it starts: whoever looks with another touchstone.toml must not end its sweeps.

    Raises ``ConfigurationError`` for a clock that cannot be read, and ``UserError`` for a name that is in both.
    """
    now, wanted = clock.now(), {sweep.name: sweep for sweep in configuration.settings.sweep}
    known = {schedule.name: schedule for schedule in store.schedules.all()}
    for name, sweep in wanted.items():
        before = known.get(name)
        if before is not None and before.source is ScheduleSource.STORE:
            raise UserError(
                f"the schedule {name} is in touchstone.toml, and was added to the store before",
                hint=f"Remove one of them, such as with: touchstone schedule remove {name}",
            )
        if before is not None and before.sweep == sweep:
            continue
        same_clock = before and (before.sweep.cron, before.sweep.every, before.sweep.zone) == (
            sweep.cron, sweep.every, sweep.zone,
        )  # fmt: skip
        anchor = before.anchor if before and same_clock else now
        next_at = before.next_at if before and same_clock else DueTimes(sweep, now).first
        with store.transaction():
            store.schedules.put(sweep, ScheduleSource.FILE, anchor=anchor, next_at=next_at)
            _record(store, "schedule.change" if before else "schedule.add", name, sweep)
    for name, schedule in known.items():
        if takes_away and schedule.source is ScheduleSource.FILE and name not in wanted:
            with store.transaction():
                store.schedules.stand(schedule.id, ScheduleState.REMOVED, next_at=schedule.next_at)
                _record(store, "schedule.remove", name)


def named(store: Store, name: str) -> Schedule:
    """A schedule by its name; raises ``UnknownName`` with the nearest."""
    found = store.schedules.named(name)
    if found is None:
        names = [schedule.name for schedule in store.schedules.all()]
        hint = nearest(name, names) if names else "Add one: touchstone schedule add"
        raise UnknownName(f"there is no schedule {name}", hint=hint)
    return found


def pause(store: Store, name: str) -> Schedule:
    """Let a schedule rest until it is resumed; what runs or waits of it goes on."""
    return _stand(store, named(store, name), ScheduleState.PAUSED, "schedule.pause")


def resume(store: Store, name: str) -> Schedule:
    """Have a schedule be due again, from now on: what it missed meanwhile was not wanted."""
    schedule = named(store, name)
    if schedule.state is ScheduleState.ACTIVE:
        return schedule
    return _stand(store, schedule, ScheduleState.ACTIVE, "schedule.resume")


def remove(configuration: Configuration, store: Store, name: str) -> Schedule:
    """Take a schedule out; its sweeps and what they found stay. Raises ``UserError`` for one of touchstone.toml."""
    found = store.schedules.named(name)
    of_file = any(sweep.name == name for sweep in configuration.settings.sweep)
    if of_file and (found is None or found.source is ScheduleSource.FILE):
        raise UserError(
            f"the schedule {name} is in touchstone.toml",
            hint=f"Take it out there, or let it rest: touchstone schedule pause {name}",
        )
    return _stand(store, named(store, name), ScheduleState.REMOVED, "schedule.remove")


def _stand(store: Store, schedule: Schedule, state: ScheduleState, action: str) -> Schedule:
    now = clock.now()
    next_at = DueTimes(schedule.sweep, schedule.anchor).after(now)
    with store.transaction():
        store.schedules.stand(schedule.id, state, next_at=next_at)
        _record(store, action, schedule.name)
    return store.schedules.one(schedule.id)


def run_now(configuration: Configuration, store: Store, name: str) -> int:
    """Queue a schedule's sweep now, beside its clock; returns the sweep's number. Raises ``UserError`` when one waits or runs."""
    schedule = named(store, name)
    errand = errand_of(configuration, store, schedule.sweep)
    with store.transaction():
        busy = store.sweeps.unfinished(schedule=schedule.id)
        if busy:
            raise UserError(
                f"sweep {busy[0].id} of {name} is {busy[0].status} already",
                hint=f"Follow it: touchstone sweep watch {busy[0].id}",
            )
        return enqueue(store, errand, Place(schedule=schedule.id, priority=RUN_NOW))


def strike(configuration: Configuration, store: Store, number: int) -> Occurrence | None:
    """What a schedule does when its time has come: queue a sweep, or skip and say why; ``None`` when it is not due.

    All times up to now are served by one sweep. Whatever happens is one transaction with the next due time, so that
    no due time is served twice and none is passed over in silence.
    """
    with store.transaction():
        now, schedule = clock.now(), store.schedules.one(number)
        if schedule.state is not ScheduleState.ACTIVE or schedule.next_at > now:
            return None
        times = DueTimes(schedule.sweep, schedule.anchor)
        due_at, missed = times.latest(schedule.next_at, now)
        if store.schedules.was_served(number, due_at):  # the machine's clock was set back meanwhile
            store.schedules.stand(number, schedule.state, next_at=times.after(max(now, due_at)))
            return None
        sweep_id, skipped = None, _reason_to_skip(store, schedule)
        if not skipped:
            try:
                errand = errand_of(configuration, store, schedule.sweep)
                place = Place(schedule=number, due_at=due_at, priority=schedule.sweep.priority)
                sweep_id = enqueue(store, errand, place)
            except TouchstoneError as error:
                skipped = f"{IMPOSSIBLE}{error.message}"
        occurrence = Occurrence(schedule=number, due_at=due_at, at=now, sweep=sweep_id, missed=missed, skipped=skipped)
        store.schedules.strike(occurrence, times.after(max(now, due_at)))
        _tell(store, schedule, occurrence)
    return occurrence


def _reason_to_skip(store: Store, schedule: Schedule) -> str:
    busy = store.sweeps.unfinished(schedule=schedule.id)
    if busy:
        return f"sweep {busy[0].id} of this schedule is still {busy[0].status}"
    if schedule.not_before and clock.now() < schedule.not_before:
        return f"it rests after {schedule.failures} failures, until {schedule.not_before:%Y-%m-%d %H:%M} UTC"
    return ""


def _tell(store: Store, schedule: Schedule, occurrence: Occurrence) -> None:
    """Tell of due times that nobody served, and of a schedule that cannot be served; belongs inside a transaction."""
    name, now = schedule.name, occurrence.at
    brand, marketplace = schedule.sweep.brand, schedule.sweep.marketplace
    if occurrence.missed >= TOLD_WHEN_MISSED:
        missed = Alert(
            kind=AlertKind.TIMES_MISSED, subject=name, brand=brand, marketplace=marketplace,
            message=f"{name} was due {occurrence.missed + 1} times while no scheduler ran; one sweep serves them all",
            hint="Have the scheduler started with the machine: docs/operations.md",
        )  # fmt: skip
        store.alerts.inform(missed, now)
    if occurrence.skipped.startswith(IMPOSSIBLE):
        unusable = Alert(
            kind=AlertKind.SCHEDULE_UNUSABLE, subject=name, brand=brand, marketplace=marketplace,
            message=f"{name} {occurrence.skipped}",
            hint="Mend the catalog, the marketplace's file or the schedule; the next due time tries again.",
        )  # fmt: skip
        store.alerts.tell(unusable, now)
    elif occurrence.sweep is not None:
        store.alerts.resolve(AlertKind.SCHEDULE_UNUSABLE, name, now, f"{name} can be swept again")


def _record(store: Store, action: str, name: str, detail: object = None) -> None:
    store.audit.append(at=clock.now(), actor=actor(), action=action, subject=f"schedule/{name}", detail=detail)
