"""Nothing that was acknowledged is lost by ``kill -9``, at whatever moment."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from store_samples import ENVIRONMENT, SCRIPT

from storage.check import check
from storage.store import Store

KILLS = 60
CHECK_EVERY = 5
LONGEST_LIFE_SECONDS = 0.25  # opening takes a few milliseconds of it, the rest is a few dozen writes
NEWBORN_KILLS = 25
LONGEST_BIRTH_SECONDS = 0.05  # a little longer than making the tables takes


class Acknowledged(msgspec.Struct):
    """Everything that a killed process had said was stored."""

    blobs: set[str] = msgspec.field(default_factory=set)
    observations: Counter[tuple[str, int]] = msgspec.field(default_factory=Counter)
    captures: set[tuple[str, str]] = msgspec.field(default_factory=set)
    judgements: set[tuple[int, str]] = msgspec.field(default_factory=set)
    lines: int = 0

    def hear(self, line: str) -> None:
        """Note one line."""
        self.lines += 1
        match line.split():
            case ["blob", sha256]:
                self.blobs.add(sha256)
            case ["listing", name, price, sha256]:
                self.observations[name, int(price)] += 1
                self.captures.add((name, sha256))
            case ["observation", name, price]:
                self.observations[name, int(price)] += 1
            case ["judgement", flag_id, note]:
                self.judgements.add((int(flag_id), note))
            case ["prepared"] | ["writing"]:
                self.lines -= 1
            case _:
                pytest.fail(line)


class Victims:
    """A process that forks writers, and kills them."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=ENVIRONMENT,
        )

    def kill_one(self, folder: Path, tag: str, after: float, *, durable: bool) -> list[str]:
        """Let a writer live for ``after`` seconds; returns what it said."""
        child, lines = self.start(folder, tag, durable=durable)
        time.sleep(after)
        return lines + self.kill(child)

    def start(self, folder: Path, tag: str, *, durable: bool) -> tuple[int, list[str]]:
        """Start a writer; returns its process number and what it said meanwhile."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{folder} {tag} {'FULL' if durable else 'NORMAL'}\n")
        lines = []
        for line in self.process.stdout:
            if line.startswith("child "):
                return int(line.split()[1]), lines
            lines.append(line.strip())
        raise AssertionError("the process that forks writers has ended")

    def kill(self, child: int) -> list[str]:
        """Kill a writer; returns what it said since it was started."""
        assert self.process.stdout is not None
        os.kill(child, signal.SIGKILL)
        lines = []
        for line in self.process.stdout:
            if line == "dead\n":
                return lines
            lines.append(line.strip())
        raise AssertionError("the process that forks writers has ended")

    def end(self) -> None:
        """End the process that forks."""
        self.process.communicate(timeout=10)


@pytest.fixture
def victims() -> Iterator[Victims]:
    """Writers to kill."""
    started = Victims()
    yield started
    started.end()


def assert_all_there(folder: Path, heard: Acknowledged) -> None:
    """Everything acknowledged is stored, nothing is stored by halves, and the store is sound."""
    with Store.open(folder, create=False) as store:
        report = check(store)
        assert report.faults == ()
        rows = store.db.conn.execute
        observations = Counter(
            (name, price)
            for name, price in rows(
                "SELECT listing_id, price_minor FROM observations JOIN listings ON listings.id = observations.listing"
            )
        )
        assert heard.observations - observations == Counter()
        captures = set(rows("SELECT listing_id, sha256 FROM captures JOIN listings ON listings.id = captures.listing"))
        assert heard.captures <= captures
        assert heard.judgements <= set(rows("SELECT flag, note FROM judgements"))
        for sha256 in heard.blobs | {sha256 for _, sha256 in captures}:
            assert len(store.blobs.get(sha256)) > 0

        listings = report.counts["listings"]
        assert report.counts["captures"] == listings
        assert report.counts["flags"] == 2 * listings
        assert rows("SELECT count(DISTINCT listing), count(*) FROM findings").fetchone() == (listings, listings)
        logged = Counter(entry.action for entry in store.audit.entries())
        assert logged["flag.raise"] == report.counts["flags"]
        assert logged["flag.confirm"] == report.counts["judgements"]
        assert list(store.audit.faults()) == []


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_by_killing_writers(tmp_path: Path, victims: Victims) -> None:
    """Sixty writers killed one after another over one store: all that was acknowledged is there, and the store is sound."""
    seed = secrets.randbelow(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    heard = Acknowledged()
    with Store.open(tmp_path):
        pass
    for number in range(1, KILLS + 1):
        after = chance.uniform(0, LONGEST_LIFE_SECONDS)
        for line in victims.kill_one(tmp_path, f"k{number}", after, durable=number % 2 == 0):
            heard.hear(line)
        if number % CHECK_EVERY == 0:
            assert_all_there(tmp_path, heard)
    print(f"{heard.lines} acknowledgements, {len(heard.observations)} observations, {len(heard.judgements)} judgements")
    assert len(heard.observations) > KILLS, "the writers lived too briefly to prove anything"
    assert len(heard.judgements) > 10


@pytest.mark.slow
def test_a_store_whose_making_was_killed_can_be_made_again(tmp_path: Path, victims: Victims) -> None:
    """Killed while the tables are made, a store has all of them or none, and the next process finishes it."""
    seed = secrets.randbelow(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    unfinished = 0
    for number in range(NEWBORN_KILLS):
        folder = tmp_path / str(number)
        heard = Acknowledged()
        for line in victims.kill_one(folder, "k", chance.uniform(0, LONGEST_BIRTH_SECONDS), durable=True):
            heard.hear(line)
        unfinished += heard.lines == 0
        Store.open(folder).close()
        assert_all_there(folder, heard)
    print(f"{unfinished} of {NEWBORN_KILLS} were killed before their first write")
    assert unfinished > 0


def test_a_check_beside_a_writer_finds_no_fault(tmp_path: Path, victims: Victims) -> None:
    """A store that is being written to is as sound as one that rests: what is under way is no damage."""
    checks, faults = 0, set()
    for number in range(4):
        folder = tmp_path / str(number)
        with Store.open(folder) as store:
            child, _ = victims.start(folder, "w", durable=False)
            until = time.monotonic() + 0.4  # the pipe holds what a writer says in this time
            while time.monotonic() < until:
                faults |= set(check(store).faults)
                checks += 1
            heard = victims.kill(child)
        assert len(heard) > 10, "nothing was written beside the checks"
    assert checks > 10
    assert faults == set()
