"""``make bench-crawl``: what a page costs Touchstone, beside the tools that only fetch it, in one run on one machine."""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks.crawl import meter, peers, report, workspace
from benchmarks.crawl.rows import HTTP_CONCURRENCY, ROWS, NotRunError, Result, Row, Setting, reason, run
from benchmarks.crawl.shop import HOST, Running, running

PAGES, BROWSER_PAGES = 1000, 200
SCALES = (1000, 5000, 20_000)
MOST_PARTS_PAGES = 500  # enough for a mean; the parts have no start to be spread
LARGEST_MISSED_SHARE = 0.05  # of an orphan's CPU time; more and the measuring does not work here


def main() -> int:
    """Run what was asked for and print it; exit code 1 when a floor is missed or could not be judged."""
    given = _options()
    console, notes = Console(width=118), Console(stderr=True)
    if not meter.available():
        console.print("not run: measuring needs Linux, for /proc and child subreapers")
        return 1
    missed = meter.missed_share()
    if missed > LARGEST_MISSED_SHARE:
        console.print(f"not run: the meter misses {missed:.0%} of the CPU time of a process that outlives its parent")
        return 1
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = HOST
    asked = set(given.only or (*report.names(), "parts"))
    rows = [row for row in ROWS if row.name in asked]
    console.print(
        f"{platform.machine()}, Python {platform.python_version()}; {given.pages:,} pages over HTTP,"
        f" {given.browser_pages:,} by browser, {given.repeat} {'run' if given.repeat == 1 else 'runs'} of each row\n"
    )
    with running(max(given.pages, given.browser_pages)) as shop, notes.status("…") as status:
        bench = _Bench(shop, given.peers, lambda text: status.update(f"{text} …"))
        results = bench.rows(rows, {False: given.pages, True: given.browser_pages}, given.repeat)
        costs = bench.parts(min(given.pages, MOST_PARTS_PAGES)) if "parts" in asked else None
        scaled = {count: bench.scaled(count, given.repeat) for count in given.scale or ()}
    report.print_rows(results, console)
    of_parts = report.print_parts(costs, results, console) if costs else None
    found = report.floors(results, of_parts, asked)
    if scaled:
        found.append(report.print_scale(scaled, console))
    report.print_floors(found, console)
    if given.pages < PAGES or given.browser_pages < BROWSER_PAGES:
        console.print(
            "\nWith fewer pages than the default, starts weigh more than they should: the floors mean little."
        )
    return int(any(one.verdict != "PASS" for one in found))


class _Bench:
    """Runs rows against one shop, each in a folder of its own."""

    def __init__(self, shop: Running, peers_folder: Path, say: Callable[[str], None]) -> None:
        self._shop = shop
        self._peers = peers_folder
        self._say = say

    def rows(self, rows: list[Row], counts: dict[bool, int], repeat: int) -> dict[str, Result | str]:
        """Each row's result, or why it was not run. Rounds go through all rows, so that a slow minute hits all."""
        starts: dict[str, float] = {}
        runs: dict[str, list[meter.Ran]] = {row.name: [] for row in rows}
        reasons: dict[str, str] = {}
        for turn in range(-1, repeat):
            for row in rows:
                if row.name in reasons:
                    continue
                self._say(f"({row.name}) {row.title}, {'start' if turn < 0 else f'run {turn + 1}'}")
                try:
                    done = self._once(row, 1 if turn < 0 else counts[row.browser])
                except NotRunError as error:
                    reasons[row.name] = str(error)
                    continue
                if turn < 0:
                    starts[row.name] = done.usage.cpu
                else:
                    runs[row.name].append(done)
        return {
            row.name: reasons.get(row.name) or Result(row, counts[row.browser], starts[row.name], tuple(runs[row.name]))
            for row in rows
        }

    def _once(self, row: Row, count: int) -> meter.Ran:
        with tempfile.TemporaryDirectory(prefix="bench-crawl-") as name:
            return run(row, Setting(self._shop, count, Path(name) / "touchstone", self._peers))

    def parts(self, count: int) -> dict[str, float] | str:
        """The parts' costs, CPU milliseconds per page, or why there are none."""
        self._say("parts")
        with tempfile.TemporaryDirectory(prefix="bench-crawl-") as name:
            folder = Path(name) / "touchstone"
            try:
                workspace.prepare(
                    folder, self._shop.url, count=count, concurrency=HTTP_CONCURRENCY, rendering="http", images=True
                )
            except RuntimeError as error:
                return str(error)
            command = [sys.executable, "-m", "benchmarks.crawl.parts", self._shop.url, str(folder), str(count)]
            done = meter.measure(command)
        if done.usage.code:
            return reason(done)
        return dict(json.loads(done.output))

    def scaled(self, count: int, repeat: int) -> Result | str:
        """(b1) with this many pages, or why not."""
        self._say(f"scale, {count:,} pages")
        row = next(row for row in ROWS if row.name == "b1")
        try:
            start = self._once(row, 1).usage.cpu
            return Result(row, count, start, tuple(self._once(row, count) for _ in range(repeat)))
        except NotRunError as error:
            return str(error)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crawl", description=__doc__)
    parser.add_argument("--pages", type=_count, default=PAGES, help=f"listings of each HTTP row; {PAGES} by default")
    parser.add_argument(
        "--browser-pages", type=_count, default=BROWSER_PAGES, help=f"of each browser row; {BROWSER_PAGES}"
    )
    parser.add_argument(
        "--only", nargs="+", metavar="ROW", choices=[*report.names(), "parts"],
        help=f"some of: {' '.join(report.names())} parts",
    )  # fmt: skip
    parser.add_argument("--repeat", type=_count, default=1, help="runs of each row; medians are shown")
    parser.add_argument(
        "--scale", type=_count, nargs="*", metavar="PAGES",
        help=f"(b1) at these counts as well; {SCALES} when none is given",
    )  # fmt: skip
    parser.add_argument("--peers", type=Path, default=peers.FOLDER, help="the peers' environment")
    given = parser.parse_args()
    if given.scale is not None:
        given.scale = sorted(given.scale) or SCALES
    return given


if __name__ == "__main__":
    sys.exit(main())
