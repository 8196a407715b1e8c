"""Sweeps on a clock: APScheduler says when, the store what is due and what waits, and each sweep is a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from filelock import FileLock, Timeout

from crawler.marketplace import find
from crawler.marketplace import load as load_marketplace
from operations import chores, clock, monitoring
from operations.conclusions import MOST_STARTS, RETRY_SECONDS, conclude
from operations.journal import write_journal
from operations.queue import RUN_NOW
from operations.schedules import strike, sync
from operations.session import SCHEDULER_HOLDER, SCHEDULER_LOCK, lock_folder, open_store, scheduler_holder
from operations.sweep import close_dead_sweeps, give_up, lock_name
from storage.store import Store
from touchstone.alerts import Alert, AlertKind
from touchstone.configuration import Configuration
from touchstone.errors import StoreLocked, TouchstoneError
from touchstone.schedules import ScheduleState
from touchstone.sweeps import Sweep, SweepStatus

log = structlog.get_logger("touchstone.scheduler")

LOOK_SECONDS = 1.0  # between looks at the store, where other processes queue sweeps and change schedules
LOCKED_SECONDS = 20.0  # until a sweep is tried again whose marketplace and brand somebody sweeps in the foreground
LOCK_SECONDS = 1.0  # others hold the lock for a moment, to see whether a scheduler does


class Scheduler:
    """The sweeps of one installation: begun when they are due or asked for, each in a process of its own.

    Everything that must survive is in the store; APScheduler's jobs are made anew from it at each start. All rows are
    written by one thread, which also starts the processes: the system ends them with the *thread* that started them.
    ``command`` gives the command line that runs the sweep of a number.
    """

    def __init__(self, configuration: Configuration, store: Store, command: Callable[[int], list[str]]) -> None:
        self._configuration = configuration
        self._settings = configuration.settings.scheduler
        self._store = store
        self._command = command
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._held: dict[int, str] = {}
        self._ending: dict[int, float] = {}  # asked to end, and when their patience is over
        self._awake = threading.Event()
        self._alarms = BackgroundScheduler(timezone=UTC)
        self._alarms_at: dict[int, datetime] = {}
        self.looked_at = clock.now()

    def run(self, done: Callable[[], bool]) -> None:
        """Work until ``done`` says so; then end what runs and return when all is quiet."""
        sync(self._configuration, self._store, takes_away=True)
        if not self._store.schedules.all():
            log.warning("schedules.none", hint="Add one: touchstone schedule add; the queue is worked off meanwhile.")
        for name, interval, chore in chores.ALL:
            self._alarms.add_job(
                self._do, IntervalTrigger(seconds=max(LOOK_SECONDS, clock.real_seconds(interval))), args=[name, chore],
                id=f"chore:{name}", max_instances=1, coalesce=True, misfire_grace_time=None,
                next_run_time=datetime.now(UTC),
            )  # fmt: skip
        self._alarms.start()
        try:
            while not done():
                self.look()
                self._awake.wait(LOOK_SECONDS)
                self._awake.clear()
        finally:
            self.stop()

    def wake(self) -> None:
        """Have it look now."""
        self._awake.set()

    def look(self) -> None:
        """See what has ended, what is due and what waits, and act on it. What fails is tried again at the next look."""
        try:
            self._reap()
            self._set_alarms()
            self._strike()
            self._begin()
        except TouchstoneError as error:
            log.error("look.failed", reason=error.message, hint=error.hint)
        else:
            self.looked_at = clock.now()

    # What is due

    def _set_alarms(self) -> None:
        """An alarm for each schedule's next due time, as the store has it."""
        wanted = {one.id: one.next_at for one in self._store.schedules.all() if one.state is ScheduleState.ACTIVE}
        for number in self._alarms_at.keys() - wanted.keys():
            del self._alarms_at[number]
            if self._alarms.get_job(str(number)):
                self._alarms.remove_job(str(number))
        for number, at in wanted.items():
            if self._alarms_at.get(number) != at:
                self._alarms_at[number] = at
                rings = datetime.now(UTC) + timedelta(seconds=clock.seconds_until(at))
                self._alarms.add_job(
                    self.wake, DateTrigger(rings), id=str(number), replace_existing=True, misfire_grace_time=None,
                )  # fmt: skip

    def _strike(self) -> None:
        now = clock.now()  # the times tell, not the alarms: the machine may have slept, or its clock been set
        for number in sorted(number for number, at in self._alarms_at.items() if at <= now):
            occurrence = strike(self._configuration, self._store, number)
            if occurrence is None:
                continue
            name = self._store.schedules.one(number).name
            if occurrence.skipped:
                log.warning("due.skipped", schedule=name, due_at=occurrence.due_at, reason=occurrence.skipped)
            else:
                log.info(
                    "due.queued", schedule=name, due_at=occurrence.due_at, sweep=occurrence.sweep,
                    missed=occurrence.missed,
                )  # fmt: skip
            self._set_alarms()

    # What waits

    def _begin(self) -> None:
        """Start what waits, the most urgent first: one sweep a marketplace, and one that somebody asked for beside it."""
        unfinished = self._store.sweeps.unfinished()
        running = [
            one for one in unfinished if one.place and (one.status is SweepStatus.RUNNING or one.id in self._children)
        ]
        busy = {(one.request.marketplace, _asked_for(one)) for one in running}
        locked = {lock_name(one.request): one for one in running}
        for one in running:
            if one.place and one.place.concluded:
                self._have_end(one.id, "sweep.cancelled")
        for sweep in list(self._store.sweeps.waiting(clock.now())):
            place, lock = (sweep.request.marketplace, _asked_for(sweep)), lock_name(sweep.request)
            if lock in locked:
                if _asked_for(sweep) and not _asked_for(locked[lock]):
                    self._have_end(locked[lock].id, "sweep.makes_way")  # it goes on afterwards, where it stopped
                continue
            room = self._settings.at_once + _asked_for(sweep)
            if place in busy or len(self._children) >= room:
                continue
            reason = self._reason_to_wait(sweep)
            if reason:
                if self._held.get(sweep.id) != reason:
                    log.info("sweep.held", sweep=sweep.id, marketplace=sweep.request.marketplace, reason=reason)
                self._held[sweep.id] = reason
                continue
            self._held.pop(sweep.id, None)
            self._start(sweep)
            busy.add(place)
            locked[lock] = sweep

    def _have_end(self, number: int, event: str) -> None:
        """Interrupt a sweep of ours; ``event`` says why."""
        child = self._children.get(number)
        if child is not None and number not in self._ending:
            log.info(event, sweep=number)
            self._ending[number] = time.monotonic() + self._settings.grace_seconds
            child.send_signal(signal.SIGTERM)

    def _reason_to_wait(self, sweep: Sweep) -> str:
        """Why a sweep is not begun though nothing else runs there: the marketplace is left in peace, or its budget spent."""
        name = sweep.request.marketplace
        try:
            path = find(name, self._configuration.marketplace_folders)
            daily = load_marketplace(path, self._configuration.marketplace(name)).politeness.requests_per_day
        except TouchstoneError:
            return ""  # the sweep itself will say so
        refusal = self._store.pace.refusal(name, daily)
        with self._store.transaction():
            if refusal and refusal.budget:
                alert = Alert(
                    kind=AlertKind.BUDGET_SPENT, subject=name, marketplace=name, message=refusal.reason,
                    hint="Raise requests_per_day where its operator agrees, or sweep less.",
                )  # fmt: skip
                self._store.alerts.tell(alert, clock.now())
            else:
                self._store.alerts.resolve(
                    AlertKind.BUDGET_SPENT, name, clock.now(), f"{name} has budget again"
                )  # fmt: skip
        return refusal.reason if refusal else ""

    def _start(self, sweep: Sweep) -> None:
        with self._store.transaction():
            self._store.sweeps.started(sweep.id)
        try:
            child = subprocess.Popen(self._command(sweep.id), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        except OSError as error:
            log.error("sweep.not_started", sweep=sweep.id, reason=str(error))
            with self._store.transaction():
                self._store.sweeps.spare_start(sweep.id)
                self._store.sweeps.requeue(sweep.id, not_before=clock.now() + timedelta(seconds=RETRY_SECONDS))
            return
        self._children[sweep.id] = child
        log.info(
            "sweep.started", sweep=sweep.id, process=child.pid, marketplace=sweep.request.marketplace,
            brand=sweep.request.brand, trigger=sweep.request.trigger,
        )  # fmt: skip

    # What has ended

    def _reap(self) -> None:
        """Take note of processes that have ended, of sweeps whose process is gone, and draw the conclusions."""
        for number, child in list(self._children.items()):
            code = child.poll()
            if code is not None:
                self._settle(number, code, by_us=number in self._ending)
                self._ending.pop(number, None)
                del self._children[number]
            elif number in self._ending and time.monotonic() > self._ending[number]:
                self._kill(number, child)
        for number in close_dead_sweeps(self._store):
            log.warning("sweep.dead", sweep=number)
        for sweep in self._store.sweeps.unconcluded():
            if sweep.id in self._children:
                continue
            result = conclude(self._store, self._settings, sweep)
            if result is None:
                log.warning("sweep.again", sweep=sweep.id)
            else:
                log.info(
                    "sweep.ended", sweep=sweep.id, marketplace=sweep.request.marketplace, brand=sweep.request.brand,
                    result=result, listings=sweep.report.listings if sweep.report else 0,
                    problems=list(sweep.report.problems[:3]) if sweep.report else [],
                )  # fmt: skip

    def _settle(self, number: int, code: int, *, by_us: bool = False) -> None:
        """Have a sweep's row say what became of its process: whatever the code, the row is what the process closed it as."""
        log.info("process.ended", sweep=number, code=code)
        close_dead_sweeps(self._store)
        sweep = self._store.sweeps.one(number)
        assert sweep is not None
        assert sweep.place is not None  # a process was started for it
        now, locked = clock.now(), code == StoreLocked.exit_code
        if by_us and sweep.status in (SweepStatus.INTERRUPTED, SweepStatus.QUEUED):
            with self._store.transaction():
                self._store.sweeps.spare_start(number)
        elif sweep.status is SweepStatus.QUEUED and locked:  # somebody sweeps the same in the foreground
            with self._store.transaction():
                self._store.sweeps.spare_start(number)
                self._store.sweeps.requeue(number, not_before=now + timedelta(seconds=LOCKED_SECONDS))
        elif sweep.status is SweepStatus.QUEUED and sweep.place.starts >= MOST_STARTS:
            give_up(self._store, number, f"its process ended {sweep.place.starts} times, at last with exit code {code}")
        elif sweep.status is SweepStatus.QUEUED:
            wait = timedelta(seconds=RETRY_SECONDS * 2 ** (sweep.place.starts - 1))
            with self._store.transaction():
                self._store.sweeps.requeue(number, not_before=now + wait)

    def stop(self) -> None:
        """Start nothing more, end what runs (SIGTERM, then SIGKILL after the grace time), and return when all is quiet."""
        if self._alarms.running:
            self._alarms.shutdown(wait=False)
        for child in self._children.values():
            child.send_signal(signal.SIGTERM)
        for number, child in self._children.items():
            try:
                code = child.wait(self._settings.grace_seconds)
            except subprocess.TimeoutExpired:
                self._kill(number, child)
                code = child.wait()
            self._settle(number, code, by_us=True)
        self._children.clear()

    def _kill(self, number: int, child: subprocess.Popen[bytes]) -> None:
        log.warning("process.killed", sweep=number, process=child.pid, after=self._settings.grace_seconds)
        child.kill()

    def _do(self, name: str, chore: Callable[[Configuration, Store], None]) -> None:
        """Do a chore, in a thread of APScheduler's with a connection of its own."""
        try:
            with open_store(self._configuration) as store:
                chore(self._configuration, store)
        except TouchstoneError as error:
            log.error("chore.failed", chore=name, reason=error.message)
        except Exception:  # it is done again, and the sweeps must go on
            log.exception("chore.failed", chore=name)
        self.wake()


def _asked_for(sweep: Sweep) -> bool:
    """Whether somebody waits for a sweep."""
    return sweep.place is not None and sweep.place.priority >= RUN_NOW


def command_of(number: int, config: Path | None, grace_seconds: float) -> list[str]:
    """The command line that runs a sweep of the queue."""
    command = [sys.executable, "-m", "cli", *(["--config", str(config)] if config else []), "sweep", "run", str(number)]
    return [*command, "--parent", str(os.getpid()), "--grace", str(grace_seconds)]


def run(
    configuration: Configuration, config: Path | None = None, command: Callable[[int], list[str]] | None = None
) -> int:
    """Run until SIGTERM or Ctrl-C. One scheduler for each store: raises ``StoreLocked`` when another holds it."""
    write_journal()
    folder = lock_folder(configuration)
    grace = configuration.settings.scheduler.grace_seconds
    try:
        with FileLock(folder / SCHEDULER_LOCK, timeout=LOCK_SECONDS), open_store(configuration, create=True) as store:
            (folder / SCHEDULER_HOLDER).write_text(
                f"process {os.getpid()} on {socket.gethostname()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
            )
            scheduler = Scheduler(configuration, store, command or (lambda number: command_of(number, config, grace)))
            asked: list[int] = []  # a handler that took a lock could meet itself
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda number, _: asked.append(number))
            with monitoring.served(configuration, lambda: scheduler.looked_at) as address:
                log.info(
                    "scheduler.started", process=os.getpid(), store=str(configuration.store_folder), metrics=address
                )
                scheduler.run(lambda: bool(asked))
            log.info("scheduler.stopped")
    except Timeout:
        held = scheduler_holder(configuration) or "one that has just ended"
        raise StoreLocked(
            f"another scheduler runs for {configuration.store_folder}: {held}",
            hint="Stop it first, or give this one a store of its own.",
        ) from None
    return 0
