"""An hour of scheduled sweeps with an analyst's foreground sweeps beside them, on one marketplace, at its own pace.

What must hold, measured at the server: its rate is never exceeded, nobody waits for ever, and nothing is fetched twice:
no photo at all, and no listing or seller page by a sweep that was running when another sweep fetched it.
"""

import argparse
import subprocess
import time
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from fixtures.demo.faults import Visit
from storage.check import check
from tools.clockwork.place import ROOT, Place, end

RATE = 2.0  # requests a second, as the demo's description has it
LEEWAY_SECONDS = 0.05  # between a request's start here and its arrival there
SETTINGS = """
store = "store"
contact = "{contact}"
marketplace_folders = ["{adapters}"]
[marketplaces.namu]
base_url = "{namu}"
requests_per_second = {rate}
allow_loopback = true
[capture]
in_sweeps = false
"""
SCHEDULES = """
[[sweep]]
brand = "velhanne"
marketplace = "namu"
every = "6m"
max_listings = 60
[[sweep]]
brand = "tarnwick"
marketplace = "namu"
every = "9m"
max_listings = 60
"""


def main() -> int:
    """Run and say what did not hold."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=60.0)
    given = options.parse_args()
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        place = Place(Path(name))
        plain = {"adapters": ROOT / "fixtures/demo/marketplaces", "namu": place.demos[0].namu_url, "rate": RATE}
        place.configure(SETTINGS.format(contact="analyst@example.com", **plain))
        place.configure(SETTINGS.format(contact="scheduler@example.com", **plain) + SCHEDULES, "scheduled.toml")
        place.run("catalog", "import", str(place.catalog))
        place.demos[0].visits.clear()
        finish = time.time() + given.minutes * 60
        scheduler = place.start("--config", "scheduled.toml", "scheduler", "run", log=place.folder / "scheduler.log")
        brands, codes, number = [brand.id for brand in place.world.brands], [], 0
        while time.time() < finish:
            brand = brands[number % len(brands)]
            number += 1
            sweep = place.start("sweep", "--brand", brand, "--marketplace", "namu", "--max-listings", "60")
            try:
                codes.append(sweep.wait(max(1.0, finish - time.time()) + 600))
            except subprocess.TimeoutExpired:
                codes.append(-1)
                sweep.kill()
            time.sleep(5)
        code = end(scheduler)
        faults = _faults(place, list(place.demos[0].visits), codes) + ([f"the scheduler: {code}"] if code else [])
        for fault in faults[:20]:
            print("FAULT", fault)
        print("as it should be" if not faults else f"{len(faults)} faults")
        place.close()
    return 1 if faults else 0


def _faults(place: Place, visits: list[Visit], codes: list[int]) -> list[str]:
    visits.sort(key=lambda visit: visit.time)
    gaps = [later.time - earlier.time for earlier, later in pairwise(visits)]
    most = max(sum(1 for other in visits if 0 <= other.time - visit.time < 10) for visit in visits)
    with place.store() as store:
        faults = list(check(store).faults)
        spans = [(one.id, one.started_at, one.ended_at, one.request.trigger.value) for one in store.sweeps.all()]
        statuses = defaultdict(int)
        for one in store.sweeps.all():
            statuses[one.request.trigger.value, one.status.value] += 1
    print(f"{len(visits)} requests in {(visits[-1].time - visits[0].time) / 60:.1f} min: {len(visits) / (visits[-1].time - visits[0].time):.3f} a second")  # fmt: skip
    print(f"shortest gap {min(gaps):.3f} s; most in any 10 s: {most}; allowed {RATE:g} a second")
    if most > 10 * RATE + 1:
        faults.append(f"{most} requests within 10 s")
    short = [gap for gap in gaps if gap < 1 / RATE - LEEWAY_SECONDS]
    print(f"gaps shorter than {1 / RATE - LEEWAY_SECONDS:.2f} s: {len(short)}")
    for who in ("analyst", "scheduler"):
        mine = [visit.time for visit in visits if who in visit.user_agent]
        waits = [later - earlier for earlier, later in pairwise(mine)]
        print(f"{who}: {len(mine)} requests, longest time without one {max(waits):.1f} s")
    print(f"sweeps: {dict(statuses)}; foreground exit codes: {codes}")
    if any(code not in (0, 75) for code in codes):
        faults.append(f"foreground sweeps ended with {codes}")
    return faults + _twice(visits, spans)


def _twice(visits: list[Visit], spans: list[tuple[int, datetime, datetime | None, str]]) -> list[str]:
    """What a sweep fetched though another had fetched it while that sweep ran.

    Each side runs one sweep at a time, so that the user agent and the moment tell whose request it was.
    """
    at, faults, kinds = defaultdict(list), [], defaultdict(int)
    for visit in visits:
        kind = visit.path.split("/")[1]
        kinds[kind] += 1
        if kind not in ("search", "robots.txt"):  # a search is another for each sweep; robots.txt is each process' own
            at[f"{visit.path}?{visit.query}"].append(visit)
    for path, fetched in at.items():
        for earlier, later in pairwise(fetched):
            side = "analyst" if "analyst" in later.user_agent else "schedule"
            running = [
                number
                for number, began, ended, trigger in spans
                if trigger == side
                and began.timestamp() <= earlier.time
                and (ended is None or later.time <= ended.timestamp())
            ]
            if running or not path.startswith(("/item", "/shop")):
                faults.append(
                    f"{path} was fetched twice, {later.time - earlier.time:.1f} s apart, at last by sweep {running}"
                )
    repeats = sum(len(fetched) - 1 for fetched in at.values())
    print(f"requests by kind: {dict(kinds)}; {len(at)} pages and photos, {repeats} looked at again by a later sweep")
    return faults


if __name__ == "__main__":
    raise SystemExit(main())
