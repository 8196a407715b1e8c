"""Sweeps on a clock: APScheduler starts each in a process of its own, never two of the same at once."""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from filelock import FileLock, Timeout

from operations.session import lock_folder
from touchstone.configuration import Configuration, ScheduledSweep
from touchstone.errors import ConfigurationError, StoreLocked

log = logging.getLogger("touchstone.scheduler")

GRACE_SECONDS = 30.0  # what a sweep gets to finish the pages in flight before it is killed
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Scheduler:
    """The sweeps of one installation on their clocks.

    ``command`` gives the command line that makes a sweep; a test hands in a shorter one.
    """

    def __init__(self, configuration: Configuration, command: Callable[[ScheduledSweep], list[str]]) -> None:
        self._configuration = configuration
        self._command = command
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._guard = threading.Lock()
        self._stopping = False
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_listener(self._skipped, EVENT_JOB_MAX_INSTANCES)

    def start(self) -> None:
        """Put every sweep on its clock; raises ``ConfigurationError`` when there is none or a clock cannot be read."""
        sweeps = self._configuration.settings.sweep
        if not sweeps:
            raise ConfigurationError(
                "touchstone.toml schedules no sweeps", hint='Add a [[sweep]] with brand, marketplace and every = "6h".'
            )
        for number, sweep in enumerate(sweeps):
            self._scheduler.add_job(
                self._sweep, trigger_of(sweep), args=[sweep], id=f"{number}:{sweep.name}", name=sweep.name,
                max_instances=1, coalesce=True, misfire_grace_time=None,
            )  # fmt: skip
        self._scheduler.start()
        for job in self._scheduler.get_jobs():
            log.info("%s: next at %s", job.name, job.next_run_time)

    def stop(self) -> None:
        """Start nothing more, end what runs (SIGTERM, then SIGKILL after ``GRACE_SECONDS``), and return when all is quiet."""
        self._stopping = True
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        with self._guard:
            children = list(self._running.values())
        for child in children:
            child.send_signal(signal.SIGTERM)
        for child in children:
            try:
                child.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                log.warning("process %s did not end in %s s; killed", child.pid, GRACE_SECONDS)
                child.kill()
                child.wait()

    def _sweep(self, sweep: ScheduledSweep) -> None:
        """Run one sweep to its end; APScheduler calls this in a thread of its own."""
        with self._guard:
            if self._stopping:
                return
            if sweep.name in self._running:
                log.warning("%s: skipped, the one before it is still running", sweep.name)
                return
            child = subprocess.Popen(self._command(sweep), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            self._running[sweep.name] = child
        log.info("%s: started as process %s", sweep.name, child.pid)
        try:
            code = child.wait()
        finally:
            with self._guard:
                del self._running[sweep.name]
        log.log(logging.INFO if code == 0 else logging.WARNING, "%s: ended with exit code %s", sweep.name, code)

    def _skipped(self, event: JobExecutionEvent) -> None:
        log.warning("%s: skipped, the one before it is still running", event.job_id.split(":", 1)[-1])


def trigger_of(sweep: ScheduledSweep) -> BaseTrigger:
    """The clock of a sweep, in UTC; raises ``ConfigurationError`` for a cron line that cannot be read."""
    if sweep.every is not None:
        length = timedelta(**{UNITS[sweep.every[-1]]: int(sweep.every[:-1])})
        return IntervalTrigger(seconds=int(length.total_seconds()), timezone=UTC, start_date=datetime.now(UTC))
    try:
        return CronTrigger.from_crontab(sweep.cron or "", timezone=UTC)
    except ValueError as error:
        raise ConfigurationError(
            f"sweep {sweep.name}: cron {sweep.cron!r} cannot be read: {error}",
            hint="Five fields: minute hour day month weekday, such as 0 6 * * *",
        ) from None


def command_of(sweep: ScheduledSweep, config: Path | None) -> list[str]:
    """The command line that makes a scheduled sweep."""
    command = [sys.executable, "-m", "cli", *(["--config", str(config)] if config else []), "sweep"]
    command += ["--brand", sweep.brand, "--marketplace", sweep.marketplace, "--trigger", "schedule", "--json"]
    for query in sweep.queries:
        command += ["--query", query]
    return command + (["--max-listings", str(sweep.max_listings)] if sweep.max_listings else [])


def run(configuration: Configuration, config: Path | None = None) -> int:
    """Run until SIGTERM or Ctrl-C. One scheduler per store: raises ``StoreLocked`` when another holds it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    try:
        with FileLock(lock_folder(configuration) / "scheduler.lock", timeout=0):
            scheduler = Scheduler(configuration, lambda sweep: command_of(sweep, config))
            scheduler.start()
            done.wait()
            scheduler.stop()
    except Timeout:
        raise StoreLocked(
            f"another scheduler runs for {configuration.store_folder}",
            hint="Stop it first, or give it this configuration.",
        ) from None
    return 0
