"""Four marketplaces for a simulated day: one is down, one blocks, one was redesigned, one is fine.

What must hold: four different results in ``touchstone schedule list``, in ``/metrics`` and in the alerts that reach a
webhook; no listing of the first three is called removed, and the one that the fourth took down is.
"""

import argparse
import http.server
import json
import socket
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fixtures.demo import Fault
from storage.check import check
from tools.clockwork.place import ROOT, Place, end, wait_for
from tools.clockwork.simulated import FastClock
from touchstone.standing import Standing

ORIGIN = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)  # the day after the healthy look at each
RESULTS = {"down": "down", "blocking": "blocked", "rotting": "degraded", "fine": "complete"}
FAULTS = {"down": Fault.DOWN, "blocking": Fault.CAPTCHA, "rotting": Fault.ROT, "fine": Fault.NONE}
ALERTS = {"down": "marketplace-down", "blocking": "marketplace-blocking", "rotting": "parser-rotting"}

SETTINGS = """
store = "store"
contact = "four@example.com"
[capture]
in_sweeps = false
[scheduler]
listen = "127.0.0.1:{port}"
[alerts]
webhook = "http://127.0.0.1:{webhook}/"
"""
SITE = """
[marketplaces.{name}]
base_url = "{url}"
requests_per_second = 50
allow_loopback = true
[[sweep]]
name = "{name}"
brand = "velhanne"
marketplace = "{name}"
every = "2h"
max_listings = 12
"""


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes what is posted to it."""

    told: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        """Take a message."""
        self.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Run the day and say what did not hold."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10.0)
    given = options.parse_args()
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=hook.serve_forever, daemon=True).start()
        place, port = Place(Path(name), sites=len(RESULTS)), free_port()
        _describe(place, port, hook.server_port)
        place.run("catalog", "import", str(place.catalog))
        for site in RESULTS:  # a healthy look at each, so that there are listings that could be called removed
            place.run("sweep", "--brand", "velhanne", "--marketplace", site, "--max-listings", "12")
        taken_down = _flagged(place, "fine")[0]
        for demo_faults, site in zip(place.faults, RESULTS, strict=True):
            demo_faults.namu = FAULTS[site]
        place.faults[-1].gone = {taken_down.rsplit("/", 1)[-1]: "410"}
        place.clock = FastClock(ORIGIN, time.time(), 24 * 60 / given.minutes)
        scheduler = place.start("scheduler", "run", log=place.folder / "scheduler.log")
        wait_for(lambda: place.clock is not None and place.clock.now() > ORIGIN + timedelta(days=1), given.minutes * 90)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
            metrics = answer.read().decode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
            print("healthz", answer.read().decode())
        print(place.run("schedule", "list"))
        print(place.run("alerts", "list", "--all"))
        code = end(scheduler)
        faults = _faults(place, metrics, taken_down) + ([f"the scheduler ended with {code}"] if code else [])
        print(*(line for line in metrics.splitlines() if line.startswith(("touchstone_schedule_result", "touchstone_schedule_failures", "touchstone_watched"))), sep="\n")  # fmt: skip
        for message in Hook.told:
            print("webhook:", message["text"].splitlines()[0][:200])
        for fault in faults:
            print("FAULT", fault)
        print("as it should be" if not faults else f"{len(faults)} faults")
        place.close()
    return 1 if faults else 0


def _describe(place: Place, port: int, webhook: int) -> None:
    """Four descriptions of the same kind of marketplace, each with an address of its own."""
    folder = place.folder / "marketplaces"
    folder.mkdir()
    text = SETTINGS.format(port=port, webhook=webhook)
    for site, demo in zip(RESULTS, place.demos, strict=True):
        described = (ROOT / "fixtures/demo/marketplaces/namu.toml").read_text(encoding="utf-8")
        (folder / f"{site}.toml").write_text(described, encoding="utf-8")
        text += SITE.format(name=site, url=demo.namu_url)
    place.configure(text)


def _flagged(place: Place, site: str) -> list[str]:
    with place.store() as store:
        return [one.listing.url for one in store.flags.ranked() if one.listing.marketplace == site]


def _faults(place: Place, metrics: str, taken_down: str) -> list[str]:
    faults = []
    with place.store() as store:
        faults += check(store).faults
        for schedule in store.schedules.all():
            if schedule.result != RESULTS[schedule.name]:
                faults.append(f"{schedule.name} is {schedule.result}, not {RESULTS[schedule.name]}")
            if f'result="{RESULTS[schedule.name]}",schedule="{schedule.name}"' not in metrics:
                faults.append(f"{schedule.name}: the metrics say otherwise")
        told = {(one["kind"], one["subject"]) for one in Hook.told if not one["over"] and one["kind"] != "digest"}
        wanted = {(kind, site) for site, kind in ALERTS.items()}
        if told != wanted:
            faults.append(f"told {sorted(told)}, not {sorted(wanted)}")
        gone = {
            (marketplace, url)
            for marketplace, url in store.db.conn.execute(
                "SELECT marketplace, url FROM standings JOIN listings ON listings.id = listing WHERE standing = ?",
                [Standing.GONE],
            )
        }
        if gone != {("fine", taken_down)}:
            faults.append(f"called removed: {gone}; taken down was {taken_down}")
        print(f"called removed: {sorted(gone)}")
    return faults


if __name__ == "__main__":
    raise SystemExit(main())
