"""Sweeps on a clock, with real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from operations.conclusions import MOST_STARTS
from operations.queue import ASKED_FOR, enqueue
from operations.sweep import plan
from scheduler import Scheduler, command_of
from storage.check import check
from storage.store import Store
from tests.conftest import ROOT, Hands, Installation, Markets
from touchstone import configuration as loading
from touchstone.sweeps import Place, Sweep, SweepStatus

BRAND = "velhanne"
SLOW = '\n[[sweep]]\nbrand = "velhanne"\nmarketplace = "namu"\nevery = "1d"\nmax_listings = 40\n'
QUICK = '\n[[sweep]]\nbrand = "velhanne"\nmarketplace = "namu"\nevery = "1s"\nmax_listings = 2\n'
NO_REVISITS = "\n[scheduler]\nrevisits = false\ngrace_seconds = 5\n"


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def sweeps(installation: Installation) -> list[Sweep]:
    """The stored sweeps, oldest first."""
    with installation.store() as store:
        return list(store.sweeps.all())[::-1]


def statuses(installation: Installation) -> list[str]:
    """How the stored sweeps stand, oldest first."""
    return [one.status for one in sweeps(installation)]


def result(installation: Installation) -> str | None:
    """How the only schedule's last sweep went."""
    with installation.store() as store:
        return store.schedules.one(1).result


def crawling(installation: Installation) -> list[psutil.Process]:
    """The processes that run sweeps of an installation."""
    found = []
    for process in psutil.process_iter():
        try:
            if "--parent" in process.cmdline() and process.cwd() == str(installation.folder):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def half_way(installation: Installation, pages: int = 3) -> bool:
    """Whether a sweep is under way and has seen some pages."""
    with installation.store() as store:
        running = store.sweeps.running()
        return bool(running) and sum(store.frontier.progress(running[0][0]).pages.values()) >= pages


@pytest.fixture
def scheduled(installation: Installation) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts schedulers; what is left of them at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        started.append(installation.start("scheduler", "run"))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
    wait_until(lambda: not crawling(installation), 20)


def ended(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
    """Ask a process to end; what it wrote to standard error."""
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    return err


def test_never_two_of_the_same_at_once(
    installation: Installation, markets: Markets, scheduled: Callable[[], subprocess.Popen[str]]
) -> None:
    """A time that is due while the sweep before it still waits or runs is skipped, and the reason is kept; a second
    scheduler says who holds the store."""
    installation.configure(markets, extra=NO_REVISITS + QUICK)
    process = scheduled()
    wait_until(lambda: (installation.folder / "store/locks/scheduler.holder").exists())
    wait_until(lambda: statuses(installation).count("complete") >= 2)
    second = installation.run("scheduler", "run")
    err = ended(process)
    assert process.returncode == 0, err
    assert second.returncode == 75
    assert f"another scheduler runs for {installation.folder / 'store'}: process {process.pid} on " in second.stderr
    with installation.store() as store:
        times = list(store.schedules.occurrences(1, 1000))[::-1]
        spans = [(one.started_at, one.ended_at) for one in store.sweeps.all()][::-1]
    assert any("of this schedule is still" in one.skipped for one in times)
    assert [one.sweep for one in times if one.sweep] == list(range(1, len(spans) + 1))
    done = [end for _, end in spans[:-1]]
    assert all(end is not None and end <= begin for end, (begin, _) in zip(done, spans[1:], strict=True))
    assert all(line.startswith("{") for line in err.splitlines()), "the log is one JSON object a line"
    assert '"event": "sweep.ended"' in err
    assert installation.sound()


def test_sigterm_interrupts_and_the_next_life_goes_on(
    installation: Installation, markets: Markets, scheduled: Callable[[], subprocess.Popen[str]]
) -> None:
    """SIGTERM ends the scheduler with 0 and its sweep as interrupted, though Scrapy exits 0; the next scheduler goes on with the same sweep."""
    installation.configure(markets, pace=15, extra=NO_REVISITS + SLOW)
    process = scheduled()
    wait_until(lambda: (installation.folder / "store").exists() and half_way(installation))
    assert installation.run("store", "backup", "copy").returncode == 0
    assert ended(process)
    assert process.returncode == 0
    with Store.open(installation.folder / "copy", create=False) as copy:
        assert check(copy).faults == (), "a copy that was made in the middle of it is sound"
        assert [one.status for one in copy.sweeps.all()] == [SweepStatus.RUNNING]
    (left,) = sweeps(installation)
    assert left.status is SweepStatus.INTERRUPTED
    assert left.place is not None
    assert left.place.starts == 0, "what we end ourselves is no failure"
    installation.configure(markets, extra=NO_REVISITS + SLOW)
    again = scheduled()
    wait_until(lambda: result(installation) == "complete")
    ended(again)
    actions = installation_actions(installation)
    assert actions == ["sweep.queue", "sweep.open", "sweep.close", "sweep.resume", "sweep.close"]
    with installation.store() as store:
        (occurrence,) = store.schedules.occurrences(1)
        assert occurrence.sweep == left.id


def installation_actions(installation: Installation) -> list[str]:
    """What the audit log says was done with sweeps."""
    with installation.store() as store:
        return [entry.action for entry in store.audit.entries() if entry.action.startswith("sweep.")]


@pytest.mark.parametrize("who", ["scheduler", "sweep"])
def test_what_is_killed_goes_on(
    installation: Installation, markets: Markets, scheduled: Callable[[], subprocess.Popen[str]], who: str
) -> None:
    """A killed scheduler takes its sweep with it, and a killed sweep is begun again: either way one sweep, once, to its end."""
    installation.configure(markets, pace=15, extra=NO_REVISITS + SLOW)
    process = scheduled()
    wait_until(lambda: (installation.folder / "store").exists() and half_way(installation))
    (sweep,) = crawling(installation)
    if who == "scheduler":
        process.kill()
        process.communicate()
        wait_until(lambda: not crawling(installation), 15)
        process = scheduled()
    else:
        sweep.kill()
    wait_until(lambda: result(installation) == "complete", 90)
    ended(process)
    assert statuses(installation) == ["complete"]
    assert installation_actions(installation).count("sweep.open") == 1
    assert installation_actions(installation)[-1] == "sweep.close"
    assert installation.sound()


def test_a_queued_sweep_goes_ahead_and_can_be_followed(
    installation: Installation, markets: Markets, scheduled: Callable[[], subprocess.Popen[str]]
) -> None:
    """`sweep --queue` has the background sweep of the same brand make way, which then goes on; `sweep watch` follows it to its
    flags; /metrics and /healthz answer meanwhile."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listen = f'\n[scheduler]\nrevisits = false\nlisten = "127.0.0.1:{port}"\n'
    installation.configure(markets, pace=15, extra=listen + SLOW)
    process = scheduled()
    wait_until(lambda: (installation.folder / "store").exists() and half_way(installation))
    (queued,) = installation.json("sweep", "--brand", BRAND, "--query", "벨하네", "--marketplace", "namu", "--max-listings", "4", "--queue")  # fmt: skip
    watched = installation.run("sweep", "watch", str(queued["id"]))
    assert watched.returncode == 0, watched.stderr
    assert ": complete, " in watched.stderr
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert b'"status": "ok"' in answer.read()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert b'touchstone_sweeps{marketplace="namu",status="complete"}' in answer.read()
    wait_until(lambda: result(installation) == "complete")
    err = ended(process)
    assert '"event": "sweep.makes_way"' in err
    background, asked = sweeps(installation)
    assert (background.request.trigger, asked.request.trigger) == ("schedule", "analyst")
    assert asked.ended_at is not None
    assert background.ended_at is not None
    assert asked.ended_at < background.ended_at


def test_it_waits_for_whoever_sweeps_the_same_in_the_foreground(
    installation: Installation, markets: Markets, scheduled: Callable[[], subprocess.Popen[str]]
) -> None:
    """A sweep whose lock a foreground sweep holds goes back into the queue, and loses no try by it."""
    installation.configure(markets, pace=8, extra=NO_REVISITS + SLOW.replace("40", "2"))
    foreground = installation.start("sweep", "--brand", BRAND, "--marketplace", "namu", "--max-listings", "12")
    wait_until(lambda: half_way(installation, 1))
    process = scheduled()
    wait_until(lambda: len(sweeps(installation)) == 2)
    err = ""
    wait_until(lambda: sweeps(installation)[1].place.not_before is not None)  # type: ignore[union-attr] -- it was queued
    held = sweeps(installation)[1]
    err = ended(process)
    assert '"code": 75' in err
    assert held.status == "queued"
    assert held.place is not None
    assert held.place.starts == 0
    ended(foreground)  # type: ignore[arg-type]


def scheduler_of(installation: Installation, store: Store, *command: str) -> Scheduler:
    """A scheduler in this process, whose sweeps are another command."""
    return Scheduler(loading.load(installation.folder / "touchstone.toml"), store, lambda number: list(command))


def test_a_sweep_whose_process_never_comes_up_is_given_up(installation: Installation, hands: Hands) -> None:
    """It is tried again with growing waits, and failed after the last with the exit code."""
    with installation.store() as store:
        here = loading.load(installation.folder / "touchstone.toml")
        (errand,) = plan(here, store.catalog.load(), brands=(BRAND,), marketplaces=("namu",))
        number = enqueue(store, errand, Place(priority=ASKED_FOR))
        scheduler = scheduler_of(installation, store, sys.executable, "-c", "raise SystemExit(9)")
        waits = []
        for _ in range(MOST_STARTS):
            scheduler.look()
            wait_until(lambda: all(child.poll() is not None for child in scheduler._children.values()))
            scheduler.look()
            found = store.sweeps.one(number)
            assert found is not None
            assert found.place is not None
            if found.status is SweepStatus.QUEUED:
                assert found.place.not_before is not None
                waits.append((found.place.not_before - hands.now).total_seconds())
                hands.now = found.place.not_before
        assert waits == [30, 60, 120, 240, 480]
        assert found.status is SweepStatus.FAILED
        assert found.report is not None
        assert found.report.problems == ("its process ended 6 times, at last with exit code 9",)
        assert store.sweeps.unconcluded() == []


def test_what_was_missed_is_caught_up_on_once(installation: Installation, markets: Markets, hands: Hands) -> None:
    """After an outage one sweep serves all the times that passed, and the log says how many."""
    installation.configure(markets, extra='[[sweep]]\nbrand = "velhanne"\nmarketplace = "namu"\ncron = "0 * * * *"\n')
    with installation.store() as store:
        assert installation.run("schedule", "list").returncode == 0
        hands.now = datetime.now(UTC) + timedelta(days=2)
        scheduler = scheduler_of(installation, store, sys.executable, "-c", "import time; time.sleep(60)")
        scheduler.look()
        scheduler.look()
        (occurrence,) = store.schedules.occurrences(1)
        assert occurrence.missed in (46, 47, 48)
        assert len(scheduler._children) == 1
        scheduler.stop()
        assert [one.status for one in store.sweeps.all()] == [SweepStatus.QUEUED]
        assert [alert.kind for alert in store.alerts.all()] == ["times-missed"]


def test_a_marketplace_that_is_left_in_peace_is_not_begun_with(installation: Installation, hands: Hands) -> None:
    """While the circuit is open its sweeps wait, and no process is started for nothing."""
    with installation.store() as store:
        here = loading.load(installation.folder / "touchstone.toml")
        (errand,) = plan(here, store.catalog.load(), brands=(BRAND,), marketplaces=("namu",))
        enqueue(store, errand, Place(priority=ASKED_FOR))
        with store.transaction():
            for _ in range(5):
                store.pace.refused("namu")
        scheduler = scheduler_of(installation, store, sys.executable, "-c", "")
        scheduler.look()
        assert not scheduler._children
        with store.transaction():
            store.pace.answered("namu")
        scheduler.look()
        assert len(scheduler._children) == 1
        scheduler.stop()


def test_the_command_is_one_that_a_person_could_type() -> None:
    """A sweep of the queue is run by its number, by a process that knows its parent."""
    command = command_of(7, Path("touchstone.toml"), 30.0)
    assert command[1:4] == ["-m", "cli", "--config"]
    assert command[5:] == ["sweep", "run", "7", "--parent", str(os.getpid()), "--grace", "30.0"]


STUBBORN = """
import signal, sys, time
from operations.lifeline import tie_to
signal.signal(signal.SIGTERM, lambda *_: None)
tie_to(int(sys.argv[1]), 1.0)
print("tied", flush=True)
time.sleep(60)
"""
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(os.getpid())], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_sweep_does_not_outlive_a_killed_scheduler() -> None:
    """Not even one that does not heed SIGTERM: after the grace time it is killed."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, STUBBORN], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE, 15)


def test_a_sweep_that_is_cancelled_ends_and_stays_so(
    installation: Installation, markets: Markets, scheduled: Callable[[], subprocess.Popen[str]]
) -> None:
    """The scheduler ends it and does not begin it again, its schedule is none the worse, and a person may go on with it."""
    installation.configure(markets, pace=15, extra=NO_REVISITS + SLOW)
    process = scheduled()
    wait_until(lambda: (installation.folder / "store").exists() and half_way(installation))
    said = installation.run("sweep", "cancel", "1")
    assert said.stdout == "sweep 1 is out of the queue, and is being ended\n", said.stderr
    wait_until(lambda: statuses(installation) == ["interrupted"])
    installation.run("schedule", "run-now", "namu-velhanne")
    wait_until(lambda: statuses(installation)[1] == "running")
    err = ended(process)
    assert '"event": "sweep.cancelled"' in err
    assert "sweep.again" not in err
    first = sweeps(installation)[0]
    assert first.status is SweepStatus.INTERRUPTED
    assert installation.run("sweep", "cancel", "2").stdout == "sweep 2 is out of the queue\n"
    assert "sweep 2 is interrupted already" in installation.run("sweep", "cancel", "2").stderr
    with installation.store() as store:
        assert [store.schedules.one(1).result, store.schedules.one(1).failures] == [None, 0]
    installation.configure(markets)
    assert installation.run("sweep", "resume", str(first.id)).returncode == 0
    assert statuses(installation)[0] == "complete"
    assert installation.sound()


def test_what_is_deaf_is_killed_after_the_grace_time(installation: Installation, markets: Markets) -> None:
    """Also when it is to make way: nobody waits for it for ever."""
    installation.configure(markets, extra="\n[scheduler]\ngrace_seconds = 1\n")
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    with installation.store() as store:
        here = loading.load(installation.folder / "touchstone.toml")
        (errand,) = plan(here, store.catalog.load(), brands=(BRAND,), marketplaces=("namu",))
        number = enqueue(store, errand, Place(priority=50))
        scheduler = scheduler_of(installation, store, sys.executable, "-c", deaf)
        scheduler.look()
        (child,) = scheduler._children.values()
        time.sleep(1.0)  # until it is deaf
        enqueue(store, errand, Place(priority=ASKED_FOR))
        scheduler.look()
        wait_until(lambda: scheduler.look() or child.poll() is not None, 30)
        assert child.returncode == -signal.SIGKILL
        scheduler.look()
        found = store.sweeps.one(number)
        assert found is not None
        assert found.place is not None
        assert found.place.starts == 0, "it was ended by us"
        scheduler.stop()
