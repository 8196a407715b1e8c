"""``python -m benchmarks.marketplace``: a whole invented marketplace through the real path, held against the truth.

Nothing of it was looked at while weights were fitted, unless the seed says so. The exit code is 1 when a floor is missed.
"""

import argparse
import contextlib
import resource
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks.marketplace.board import Run, run
from benchmarks.marketplace.measures import RESAMPLES, Bools, Bootstrap
from benchmarks.marketplace.outcomes import disagreements
from benchmarks.marketplace.peers import Peer, features, tune
from benchmarks.marketplace.report import Report
from benchmarks.marketplace.sweeping import fill, visits
from fixtures.demo import World, build_crowd
from storage.store import Store
from touchstone.catalog import Catalog
from touchstone.listing import Listing
from touchstone.verdicts import Label

WIDTH = 150


def main() -> int:
    """Run the benchmark and print its tables."""
    options = _options()
    console, started = Console(width=WIDTH, highlight=False), time.monotonic()
    world = build_crowd(options.seed, options.listings, counterfeits=options.counterfeits)
    _describe(world, console)
    with contextlib.ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        done = run(world, folder, processes=options.processes, pictures=options.pictures, say=partial(_say, started))
        catalog = _catalog(folder)
    elapsed, peak = time.monotonic() - started, _peak_megabytes()
    report = Report(done.board, Bootstrap(done.board.sellers, resamples=options.resamples), console)
    kept = _print(report, done, _peers(done, catalog, options), options)
    console.print(f"{elapsed:.0f} s, {peak:.0f} MB at the peak of one process, {options.processes} processes")
    return int(not kept)


def _print(report: Report, done: Run, peers: list[Peer], options: argparse.Namespace) -> bool:
    console = report.console
    wrong = disagreements(done.board.outcomes)
    console.print(f"screened again: {done.report}; flags that the probabilities contradict: {wrong}")
    parts = (
        report.labels,
        report.calibration,
        report.queue,
        lambda: report.kinds("traps"),
        lambda: report.kinds("tells"),
    )
    for part in parts:
        console.print()
        part()
    if peers:
        console.print()
        report.peers(peers)
    if options.errors:
        report.errors(options.errors)
    if options.csv:
        report.save(options.csv)
    console.print()
    return report.floors(done.board.floors())


def _peers(done: Run, catalog: Catalog, options: argparse.Namespace) -> list[Peer]:
    """The simpler ways, with what was best for them on another world."""
    if options.tune_listings == 0:
        return []
    other = build_crowd(options.tune_seed, options.tune_listings, counterfeits=options.counterfeits)
    with tempfile.TemporaryDirectory() as name:
        visited = list(visits(other, fill(other, Path(name), options.processes, options.pictures)))
        listings: list[Listing] = [one.listing for one, _ in visited]
        seen = features(listings, _catalog(Path(name)))
    true = [Label.COUNTERFEIT.value in truth.labels for _, truth in visited]
    here = features(done.listings, catalog)
    return [settings.run(here) for settings in tune(seen, _bools(true))]


def _bools(values: list[bool]) -> Bools:
    return np.array(values)


def _catalog(folder: Path) -> Catalog:
    with Store.open(folder / "store", durable=False, create=False) as store:
        return store.catalog.load()


def _describe(world: World, console: Console) -> None:
    fakes = sum("counterfeit" in truth.labels for truth in world.truths)
    traps = [truth.trap for truth in world.truths if truth.trap]
    console.print(
        f"seed {world.seed}: {len(world.listings)} listings by {len({made.seller_id for made in world.listings})} sellers,"
        f" {len(set(world.pictures.values()))} pictures, {len(world.brands)} brands,"
        f" {sum(p.catalogued for p in world.products)} products; {fakes} counterfeits,"
        f" {len(traps)} traps of {len(set(traps))} kinds"
    )


def _say(started: float, text: str) -> None:
    print(f"{time.monotonic() - started:5.0f} s  {text}", file=sys.stderr, flush=True)


def _peak_megabytes() -> float:
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in both) / 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.marketplace", description=__doc__)
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--listings", type=int, default=20_000)
    parser.add_argument("--counterfeits", type=float, default=0.09, help="share of the listings (default: 0.09)")
    parser.add_argument("--tune-seed", type=int, default=11, help="the world on which the peers are tuned")
    parser.add_argument("--tune-listings", type=int, default=4_000, help="0 leaves the peers out")
    parser.add_argument(
        "--pictures", type=float, default=1.0, help="share of the pictures that can be had (default: 1)"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--resamples", type=int, default=RESAMPLES)
    parser.add_argument("--errors", type=int, default=0, metavar="N", help="print N examples for each kind of error")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the store there, to look into (a new folder)")
    parser.add_argument("--csv", type=Path, metavar="DIR", help="write curves and probabilities there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
