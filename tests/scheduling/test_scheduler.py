"""Sweeps on a clock, with real processes."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler import Scheduler, command_of, trigger_of
from tests.conftest import Installation, Markets
from touchstone.configuration import Configuration, ScheduledSweep, Settings
from touchstone.errors import ConfigurationError
from touchstone.sweeps import Sweep

EVERY_SECOND = ScheduledSweep(brand="velhanne", marketplace="namu", every="1s")


def wait_until(condition: object, seconds: float = 20) -> None:
    """Wait for something that other processes do."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def noting(path: Path, seconds: float) -> list[str]:
    """A command that notes its start and end in a file and takes a while between."""
    code = (
        "import os, sys, time\n"
        "path, seconds = sys.argv[1], float(sys.argv[2])\n"
        "open(path, 'a').write(f'start {os.getpid()}\\n')\n"
        "time.sleep(seconds)\n"
        "open(path, 'a').write(f'end {os.getpid()}\\n')\n"
    )
    return [sys.executable, "-c", code, str(path), str(seconds)]


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """One sweep, every second."""
    return Configuration(folder=tmp_path, settings=Settings(sweep=(EVERY_SECOND,)))


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """Where the commands note what they do."""
    path = tmp_path / "lines"
    path.touch()
    return path


@pytest.fixture
def running(configuration: Configuration, lines: Path) -> Iterator[Scheduler]:
    """A scheduler whose sweeps take two and a half seconds."""
    scheduler = Scheduler(configuration, lambda sweep: noting(lines, 2.5))
    scheduler.start()
    yield scheduler
    scheduler.stop()


def test_never_two_of_the_same_at_once(running: Scheduler, lines: Path) -> None:
    """A sweep that is due while the one before it still runs is skipped; each runs in a process of its own."""
    wait_until(lambda: lines.read_text().count("end") >= 2)
    words = [line.split() for line in lines.read_text().splitlines()]
    assert [word for word, _ in words][:4] == ["start", "end", "start", "end"]
    processes = {number for _, number in words}
    assert str(os.getpid()) not in processes
    assert len(processes) >= 2


def test_stop_ends_what_runs(configuration: Configuration, lines: Path) -> None:
    """Stopping asks the running sweep to end, waits for it, and starts nothing more."""
    scheduler = Scheduler(configuration, lambda sweep: noting(lines, 60))
    scheduler.start()
    wait_until(lambda: "start" in lines.read_text())
    process = int(lines.read_text().split()[1])
    scheduler.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    noted = lines.read_text()
    time.sleep(1.5)
    assert lines.read_text() == noted


@pytest.mark.parametrize(
    ("clock", "next_fires"),
    [
        pytest.param({"cron": "30 6 * * *"}, ["2026-11-24T06:30:00+00:00", "2026-11-25T06:30:00+00:00"], id="cron"),
        pytest.param({"cron": "0 */6 * * *"}, ["2026-11-24T06:00:00+00:00", "2026-11-24T12:00:00+00:00"], id="steps"),
    ],
)
def test_cron_is_utc(clock: dict[str, str], next_fires: list[str]) -> None:
    """Cron lines are read in UTC, whatever the machine's zone."""
    trigger = trigger_of(ScheduledSweep(brand="velhanne", marketplace="namu", **clock))
    first = trigger.get_next_fire_time(None, datetime(2026, 11, 24, 0, 1, tzinfo=UTC))
    second = trigger.get_next_fire_time(first, first)
    assert [first.isoformat(), second.isoformat()] == next_fires


@pytest.mark.parametrize("every", ["30s", "5m", "6h", "2d"])
def test_intervals(every: str) -> None:
    """``every`` counts seconds, minutes, hours or days."""
    trigger = trigger_of(ScheduledSweep(brand="velhanne", marketplace="namu", every=every))
    first = trigger.get_next_fire_time(None, datetime.now(UTC))
    second = trigger.get_next_fire_time(first, first)
    seconds = int(every[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[every[-1]]
    assert (second - first).total_seconds() == seconds


def test_a_cron_line_that_cannot_be_read_is_named() -> None:
    """The refusal names the sweep, the line and the five fields."""
    with pytest.raises(ConfigurationError, match="namu-velhanne: cron 'often' cannot be read") as caught:
        trigger_of(ScheduledSweep(brand="velhanne", marketplace="namu", cron="often"))
    assert "minute hour day month weekday" in caught.value.hint


def test_the_command_is_the_one_that_users_type() -> None:
    """A scheduled sweep is `touchstone sweep` with its settings as options."""
    sweep = ScheduledSweep(brand="velhanne", marketplace="namu", every="1h", queries=("벨하네",), max_listings=5)
    command = command_of(sweep, Path("touchstone.toml"))
    assert command[1:4] == ["-m", "cli", "--config"]
    assert command[command.index("--query") + 1] == "벨하네"
    assert command[command.index("--max-listings") + 1] == "5"


def test_without_sweeps_it_says_so(bare: Installation) -> None:
    """A scheduler with nothing to do does not sit there silently."""
    bare.run("init")
    done = bare.run("scheduler", "run")
    assert done.returncode == 2
    assert "schedules no sweeps" in done.stderr


def test_it_sweeps_and_stops_on_sigterm(installation: Installation, markets: Markets) -> None:
    """`touchstone scheduler run` sweeps for real, stores what it saw as a scheduled sweep, and ends with 0 on SIGTERM."""
    installation.configure(
        markets, extra='[[sweep]]\nbrand = "velhanne"\nmarketplace = "namu"\nevery = "1s"\nmax_listings = 3\n'
    )
    with installation.start("scheduler", "run") as process:
        wait_until(lambda: any(s.ended_at for s in sweeps(installation)), 60)
        second = installation.run("scheduler", "run")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert second.returncode == 75
    assert "another scheduler runs" in second.stderr
    done = [s for s in sweeps(installation) if s.status == "complete"]
    assert done
    assert {s.request.trigger for s in done} == {"schedule"}
    assert installation.sound()


def sweeps(installation: Installation) -> list[Sweep]:
    """The stored sweeps."""
    with installation.store() as store:
        return list(store.sweeps.all())
