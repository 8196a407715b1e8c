"""Two weeks of sweeps in less than an hour, with the scheduler and its sweeps killed at random all the while.

What must hold afterwards: each time that each schedule was due is served or accounted for, no sweep was worked on by two
processes or finished twice, the store is sound, and no process is left.
"""

import argparse
import contextlib
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import psutil

from storage.check import check
from tools.clockwork.place import ROOT, Place, end, wait_for
from tools.clockwork.simulated import FastClock
from touchstone.sweeps import SweepStatus

ORIGIN = datetime(2026, 10, 19, 3, 17, tzinfo=UTC)  # the fortnight holds both autumn changes of the clocks
GRACE_SECONDS = 8.0
CALM = timedelta(hours=18)  # at the end, without kills, so that what was begun can end

SETTINGS = """
store = "store"
contact = "soak@example.com"
marketplace_folders = ["{adapters}"]
[marketplaces.namu]
base_url = "{namu}"
requests_per_second = 6
allow_loopback = true
[marketplaces.plaza]
base_url = "{plaza}"
requests_per_second = 6
allow_loopback = true
[capture]
in_sweeps = false
[scheduler]
grace_seconds = {grace}
revisits_per_sweep = 5
"""
SCHEDULES = """
[[sweep]]
name = "six-hours"
brand = "velhanne"
marketplace = "namu"
every = "6h"
max_listings = 12
[[sweep]]
name = "berlin-nights"
brand = "tarnwick"
marketplace = "namu"
cron = "30 2 * * *"
zone = "Europe/Berlin"
max_listings = 12
[[sweep]]
name = "new-york"
brand = "{third}"
marketplace = "namu"
cron = "15 1-23/4 * * *"
zone = "America/New_York"
max_listings = 12
[[sweep]]
name = "half-days"
brand = "{fourth}"
marketplace = "namu"
every = "12h"
max_listings = 12
priority = 10
[[sweep]]
name = "seoul-mornings"
brand = "velhanne"
marketplace = "plaza"
cron = "0 9 * * *"
zone = "Asia/Seoul"
max_listings = 4
"""
CRONS = {
    "berlin-nights": ("Europe/Berlin", {(2, 30)}),
    "new-york": ("America/New_York", {(hour, 15) for hour in range(1, 24, 4)}),
    "seoul-mornings": ("Asia/Seoul", {(9, 0)}),
}
EVERY = {"six-hours": timedelta(hours=6), "half-days": timedelta(hours=12)}


def expected(name: str, anchor: datetime, until: datetime) -> list[datetime]:
    """When a schedule was due, found minute by minute rather than by the code that is on trial."""
    if name in EVERY:
        return [anchor + count * EVERY[name] for count in range(int((until - anchor) / EVERY[name]) + 1)]
    zone, times = CRONS[name]
    found, seen = [], set()
    minute = anchor.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute <= until:
        local = minute.astimezone(ZoneInfo(zone))
        key = (local.date(), local.hour, local.minute)
        if (local.hour, local.minute) in times and key not in seen:  # a time that comes twice is due once
            found.append(minute)
        seen.add(key)
        minute += timedelta(minutes=1)
    return found


class Soak:
    """One run."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place, self.random = place, random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.outlived: list[float] = []  # how long sweeps lived on after the scheduler was killed
        self.log = place.folder / "scheduler.log"
        self.scheduler: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start a scheduler."""
        self.scheduler = self.place.start("scheduler", "run", log=self.log)

    def kill(self) -> None:
        """Kill something: a sweep, its browser, the scheduler, or both at once."""
        assert self.scheduler is not None
        sweeps = self.place.sweeps()
        kind = self.random.choices(
            ("sweep -9", "sweep -15", "scheduler -9", "scheduler -15", "all -9", "browser -9"), (40, 12, 22, 6, 12, 8)
        )[0]
        if kind.startswith(("sweep", "all", "browser")) and not sweeps:
            wait_for(lambda: bool(self.place.sweeps()), 10)
            time.sleep(self.random.uniform(0, 5))
            sweeps = self.place.sweeps()
        if kind.startswith("sweep") and sweeps:
            self._signal(self.random.choice(sweeps), signal.SIGKILL if kind.endswith("-9") else signal.SIGTERM)
        elif kind == "browser -9":
            browsers = [one for one in self.place.processes() if "chrom" in one.name() or "node" in one.name()]
            if not browsers:
                return
            self._signal(self.random.choice(browsers), signal.SIGKILL)
        elif kind.startswith(("scheduler", "all")):
            if kind == "all -9":
                for process in [*sweeps, psutil.Process(self.scheduler.pid)]:
                    self._signal(process, signal.SIGKILL)
            elif kind == "scheduler -9":
                self.scheduler.kill()
            else:
                self.scheduler.terminate()
            self.scheduler.wait(60)
            lived = wait_for(lambda: not self.place.sweeps(), GRACE_SECONDS + 20)
            if lived is None:
                raise SystemExit("a sweep outlived its scheduler for good")
            self.outlived.append(lived)
            time.sleep(self.random.choice((0, 0, 0, 1, 5, 20)))  # an outage of up to some hours of the simulation
            self.begin()
        else:
            return
        self.kills[kind] += 1

    @staticmethod
    def _signal(process: psutil.Process, number: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)

    def report(self, until: datetime) -> list[str]:
        """Everything that does not hold."""
        faults: list[str] = []
        with self.place.store() as store:
            faults += check(store).faults
            table = []
            for schedule in store.schedules.all():
                times = list(store.schedules.occurrences(schedule.id, 100_000))
                wanted = [at for at in expected(schedule.name, schedule.anchor, until) if at < schedule.next_at]
                served = sum(1 + one.missed for one in times)
                if served != len(wanted):
                    faults.append(f"{schedule.name}: was due {len(wanted)} times, {served} accounted for")
                strays = {one.due_at for one in times} - set(wanted)
                if strays:
                    faults.append(f"{schedule.name}: acted at times it was not due: {sorted(strays)[:3]}")
                sweeps = [one.sweep for one in times if one.sweep]
                if len(set(sweeps)) != len(sweeps):
                    faults.append(f"{schedule.name}: one sweep serves two times")
                ends = Counter(found.status for number in sweeps if (found := store.sweeps.one(number)))
                missed, skipped = sum(one.missed for one in times), sum(1 for one in times if one.skipped)
                table.append((schedule.name, len(wanted), len(sweeps), missed, skipped, dict(ends)))
                if ends[SweepStatus.QUEUED] + ends[SweepStatus.RUNNING] > 1:
                    faults.append(f"{schedule.name}: more than one sweep is unfinished")
            faults += self._twice(store)
            revisits = [one for one in store.sweeps.all() if one.request.trigger == "revisit"]
            why = Counter(
                (one.status.value, one.report.problems[0][:90])
                for one in store.sweeps.all()
                if one.report and one.report.problems and one.status is not SweepStatus.COMPLETE
            )
            events = store.db.conn.execute("SELECT change, count(*) FROM standing_events GROUP BY 1").fetchall()
        faults += [f"process {one.pid} is left: {' '.join(one.cmdline()[:6])}" for one in self.place.processes()]
        print(f"{'schedule':16}{'due':>5}{'sweeps':>8}{'missed':>8}{'skipped':>9}  ended as")
        for name, due, count, missed, skipped, ends in table:
            said = ", ".join(f"{number} {status}" for status, number in sorted(ends.items()))
            print(f"{name:16}{due:5}{count:8}{missed:8}{skipped:9}  {said}")
        for (status, problem), count in why.most_common(12):
            print(f"  {count} × {status}: {problem}")
        print(f"revisit sweeps: {Counter(one.status.value for one in revisits)}; listings: {dict(events)}")
        return faults

    @staticmethod
    def _twice(store: object) -> list[str]:
        """What the audit log tells of sweeps that were worked on by two processes, or finished twice."""
        faults, open_, done = [], set(), set()
        for entry in store.audit.entries():  # type: ignore[attr-defined] -- a store
            if entry.action in ("sweep.open", "sweep.resume"):
                if entry.subject in open_:
                    faults.append(f"{entry.subject} was begun while it ran")
                if entry.subject in done:
                    faults.append(f"{entry.subject} was begun again after it had ended")
                open_.add(entry.subject)
            elif entry.action == "sweep.close":
                open_.discard(entry.subject)
                if entry.subject in done:
                    faults.append(f"{entry.subject} ended twice")
                if json.loads(entry.detail)["status"] != SweepStatus.INTERRUPTED:
                    done.add(entry.subject)
        return faults


def main() -> int:
    """Run the soak and say what did not hold."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--days", type=float, default=14.0)
    options.add_argument("--minutes", type=float, default=40.0)
    options.add_argument("--kills", type=int, default=220)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    rate = given.days * 24 * 60 / given.minutes
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        place = Place(Path(name))
        brands = [brand.id for brand in place.world.brands]
        others = [brand for brand in brands if brand not in ("velhanne", "tarnwick")]
        demo = place.demos[0]
        plain = SETTINGS.format(
            adapters=ROOT / "fixtures/demo/marketplaces", namu=demo.namu_url, plaza=demo.plaza_url, grace=GRACE_SECONDS
        )
        place.configure(plain + SCHEDULES.format(third=others[0], fourth=others[1]))
        print(place.run("catalog", "import", str(place.catalog)).strip().splitlines()[-1])
        place.clock = FastClock(ORIGIN, time.time(), rate)
        soak = Soak(place, given.seed)
        print(f"seed {given.seed}: {given.days:g} days from {ORIGIN:%Y-%m-%d %H:%M} UTC, {rate:.0f} times as fast")
        soak.begin()
        finish = ORIGIN + timedelta(days=given.days)
        pause = (given.minutes * 60 - CALM.total_seconds() / rate) / given.kills
        gone = list(place.faults[0].gone)
        listings = [one.id for one in place.world.listings if one.marketplace == "namu"]
        last = 0.0
        while (now := place.clock.now()) < finish - CALM:
            began = time.monotonic()
            soak.kill()
            if time.monotonic() - last > 60:  # the marketplaces change, too: listings go and return
                last = time.monotonic()
                gone = soak.random.sample(listings, 40)
                place.faults[0].gone = dict.fromkeys(gone, "404")
                print(f"  {now:%m-%d %H:%M}: {sum(soak.kills.values())} kills", file=sys.stderr)
            time.sleep(max(0.0, soak.random.uniform(0.2, 1.8) * pause - (time.monotonic() - began)))
        while place.clock.now() < finish:
            time.sleep(0.5)
        until = place.clock.now()
        code = end(soak.scheduler) if soak.scheduler else 1
        time.sleep(3)
        faults = soak.report(until) + ([f"the scheduler ended with {code}"] if code else [])
        said = ", ".join(f"{count} × {kind}" for kind, count in sorted(soak.kills.items()))
        print(f"kills: {sum(soak.kills.values())} ({said})")
        print(f"sweeps outlived a killed scheduler by {max(soak.outlived, default=0):.1f} s at most")
        for fault in faults:
            print("FAULT", fault)
        lines = soak.log.read_text(encoding="utf-8").splitlines()
        stray = [line for line in lines if not line.startswith("{") or '"level": "error"' in line]
        print(f"log: {len(lines)} lines, {len(stray)} errors or not JSON", *stray[:5], sep="\n  ")
        print("sound" if not faults else f"{len(faults)} faults")
        place.close()
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
