"""``python -m benchmarks.evidence.export``: what a bundle of flagged listings costs beside ``zip -r`` of the very same files.

A store is filled through the real path: a dozen demo listings of one brand are swept and their pages recorded by a
browser. All other listings are made after those, with a number, title and price of their own, which are put in the place
of the old ones wherever text has them: in the answers, the document, what a visitor reads. They are screened, and each
has an archive of its own; photos and pictures of pages stay as they were, so a bundle keeps fewer images than it
would of as many real listings. Captures are listed and timestamped 200 at a time, as sweeps do.

Every row is a process of its own with all that it starts, and finds what it reads in the page cache. ``peak`` is the
sum over these processes, sampled five times a second, or the largest of them as the kernel kept it where that is more;
10 MB are the least that can be shown, and ``zip`` needs less. ``export`` ends when its bytes are on the disk; ``zip``
does not wait for that. ``verify`` is the stand-alone verifier, with the signer's key and the authority's root; it must
find that the bundle holds, and an export must have all listings, or nothing is printed. Linux only.
"""

import argparse
import asyncio
import contextlib
import cProfile
import json
import os
import platform
import pstats
import re
import shutil
import statistics
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar
from unittest import mock

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.crawl.meter import ROOT, Ran, available, measure
from crawler.browser import find_browser
from crawler.crawl import user_agent
from crawler.marketplace import Marketplace, find
from crawler.marketplace import load as load_marketplace
from crawler.proxy import Target
from crawler.recorder import Recorder, Wanted
from evidence import printing
from fixtures.demo import World, build_world, tour, write_catalog
from fixtures.demo.model import MARKETPLACES
from fixtures.tsa import TimeStamping, time_stamping
from operations.capture import Subject, _keep, _packed
from operations.exhibits import select
from operations.export import export, make_signing_key
from operations.import_catalog import import_catalog
from operations.keeping import keep_listing
from operations.screener import Screener
from operations.stamp import configured, stamp_captures
from storage.store import Store
from touchstone import configuration as loading
from touchstone.archive import Outcome
from touchstone.configuration import Configuration
from touchstone.exhibit import Matter
from touchstone.listing import Listing
from touchstone.recording import Exchange, Recording

P = ParamSpec("P")
T = TypeVar("T")

SEED = 7
LISTINGS = 1000
SIZES = (100, 300)  # at which memory is measured, besides all listings
PROFILED = 50
PAGES = 6  # of each marketplace that are recorded
STAMPED = 200  # captures that one list of digests names
EARLIER = (timedelta(days=14), timedelta(days=5))  # when a listing was seen before it was captured
MOST_SECONDS = 6 * 3600.0
ROWS_OF_PROFILE = 16
SETTINGS = """\
store = "store"
contact = "benchmark@touchstone.invalid"
marketplace_folders = ["{folder}"]

[marketplaces.namu]
base_url = "{namu}"
requests_per_second = 50
allow_loopback = true

[marketplaces.plaza]
base_url = "{plaza}"
requests_per_second = 50
allow_loopback = true

[capture]
in_sweeps = false

[timestamp]
url = "{tsa}"
root = "tsa/root.pem"
"""
# Waits for a command and notes the peak memory of the largest process, in KiB. Small, since a child starts with its parent's.
_LAUNCHER = """
import os, resource, sys
note, *command = sys.argv[1:]
code = os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp(command[0], command, os.environ), 0)[1])
with open(note, "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


class Page(NamedTuple):
    """A demo listing that was swept, and its page as a browser recorded it."""

    listing: Listing
    recording: Recording
    marketplace: Marketplace
    sweep: int


class Cost(NamedTuple):
    """What one run took: seconds by the clock and of CPU, bytes of memory at the peak, bytes written."""

    wall: float
    cpu: float
    peak: int
    written: int


class NotDoneError(Exception):
    """A command failed, or did not do what it is measured for; the text says how."""


class Filled(NamedTuple):
    """A folder with settings and a store; ``flags`` are those of each captured listing."""

    folder: Path
    brand: str
    flags: tuple[tuple[int, ...], ...]


# --- the store -----------------------------------------------------------------------------------------------------------


def fill(folder: Path, count: int, tsa: TimeStamping, say: Callable[[str], None]) -> Filled:
    """Make a store with ``count`` flagged listings of one brand, each captured and timestamped."""
    world = build_world(SEED)
    brand = _brand(world)
    with tour.markets(folder, seed=SEED) as urls:
        shops = {name: urls[name] for name in MARKETPLACES}
        settings = SETTINGS.format(folder=ROOT / "fixtures/demo/marketplaces", tsa=tsa.url, **shops)
        (folder / "touchstone.toml").write_text(settings, encoding="utf-8")
        configuration = loading.load(folder / "touchstone.toml")
        with Store.open(configuration.store_folder, durable=False) as store:
            import_catalog(store, [write_catalog(world, folder / "catalog")], actor="benchmark")
            make_signing_key(configuration, store)
        say("sweeping")
        asked = [f"--url={urls[name]}{path}" for name, path in _wanted(world, brand)]
        tell(measure(touchstone(folder, "sweep", "--json", *asked)))
        say("recording")
        with Store.open(configuration.store_folder, durable=False) as store:
            pages = asyncio.run(_recorded(configuration, store, brand))
    with Store.open(configuration.store_folder, durable=False) as store:
        flags = _captured(configuration, store, brand, _many(pages, count), lambda done: say(f"filling, {done:,}"))
    return Filled(folder, brand, flags)


def _brand(world: World) -> str:
    """The brand with the most listings that are to be flagged for one of its products."""
    return Counter(one.product.split("/")[0] for one in world.truths if one.labels and one.product).most_common(1)[0][0]


def _wanted(world: World, brand: str) -> Iterator[tuple[str, str]]:
    """Marketplaces and paths of a few of its listings on each, of every kind that is flagged."""
    for name in MARKETPLACES:
        kinds: dict[tuple[str, ...], list[str]] = {}
        for one in world.truths:
            if one.marketplace == name and one.labels and (one.product or "").startswith(f"{brand}/"):
                kinds.setdefault(one.labels, []).append(one.url_path)
        for path in [path for some in zip_longest(*kinds.values()) for path in some if path][:PAGES]:
            yield name, path


async def _recorded(configuration: Configuration, store: Store, brand: str) -> list[Page]:
    """Record the pages of what was flagged."""
    flagged = list({one.listing.key: one.listing for one in store.flags.ranked(brand=brand)}.values())
    sweeps = {one.request.marketplace: one.id for one in store.sweeps.all()}
    pages = []
    for name, sweep in sweeps.items():
        settings = configuration.marketplace(name)
        place = load_marketplace(find(name, configuration.marketplace_folders), settings)
        recorder = Recorder(
            find_browser(configuration.settings.browser), user_agent=user_agent(configuration.settings.contact),
            language=place.language, open_targets=frozenset({Target(*place.home)}),
        )  # fmt: skip
        try:
            for listing in (one for one in flagged if one.marketplace == name):
                wanted = Wanted(listing.url, place.listing.wait_for, place.politeness.obey_robots)
                pages.append(Page(listing, await recorder.record(wanted), place, sweep))
        finally:
            await recorder.close()
    if len({page.listing.marketplace for page in pages}) < len(sweeps):
        raise NotDoneError("on one of the marketplaces no listing was flagged")
    return pages


def _many(pages: Sequence[Page], count: int) -> Iterator[Page]:
    """The pages, then others made after them in turn."""
    yield from pages[:count]
    for number in range(len(pages), count):
        yield altered(pages[number % len(pages)], number)


def altered(page: Page, number: int) -> Page:
    """A listing of the same kind with a number, title and price of its own, and its page."""
    old = page.listing
    listing_id = f"9{number:0{len(old.listing_id) - 1}d}"
    offer, price = old.offer, old.offer.price
    if price is not None:
        offer = msgspec.structs.replace(offer, price=price.scaled(1 - number % 100 / 1000))
    new = msgspec.structs.replace(
        old, listing_id=listing_id, url=old.url.replace(old.listing_id, listing_id), title=f"{old.title} {number}",
        sku=listing_id if old.sku == old.listing_id else old.sku, offer=offer,
    )  # fmt: skip
    words = {old.listing_id: new.listing_id, old.title: new.title}
    if price is not None and offer.price is not None:
        words |= {f"{price.amount:,}": f"{offer.price.amount:,}", f"{price.amount}": f"{offer.price.amount}"}
    return page._replace(listing=new, recording=_reworded(page.recording, words))


def _reworded(recording: Recording, words: Mapping[str, str]) -> Recording:
    pattern = re.compile("|".join(rf"(?<!\d){re.escape(word)}(?!\d)" for word in sorted(words, key=len, reverse=True)))

    def said(text: str) -> str:
        return pattern.sub(lambda hit: words[hit[0]], text)

    def exchanged(one: Exchange) -> Exchange:
        written = any(name.lower() == "content-type" and re.search(r"html|json", kind) for name, kind in one.headers)
        body = said(one.body.decode()).encode() if written else one.body
        return msgspec.structs.replace(one, url=said(one.url), body=body)

    facts = recording.circumstances
    facts = msgspec.structs.replace(
        facts, asked=said(facts.asked), final_url=said(facts.final_url), page_url=said(facts.page_url)
    )
    return msgspec.structs.replace(
        recording, circumstances=facts, exchanges=tuple(map(exchanged, recording.exchanges)), title=said(recording.title),
        document=said(recording.document), text=said(recording.text),
    )  # fmt: skip


def _captured(
    configuration: Configuration, store: Store, brand: str, pages: Iterable[Page], say: Callable[[int], None]
) -> tuple[tuple[int, ...], ...]:
    """Screen each listing and keep its page as evidence; returns their flags, the likeliest first."""
    screener, authority, done = Screener(store, store.catalog.load()), configured(configuration), 0
    for done, page in enumerate(pages, 1):
        _seen_before(store, page)
        keep_listing(store, page.sweep, screener.look(page.listing), None)
        (row,) = store.listings.rows_at(page.listing.url)
        record, wacz = _packed(page.recording, page.listing, page.marketplace)
        if record.outcome is not Outcome.KEPT:
            raise NotDoneError(f"{page.listing.key} is no evidence: {record.shortcomings}")
        _keep(store, Subject(row, page.listing, page.sweep), record.outcome, "", record, wacz)
        if done % STAMPED == 0:
            stamp_captures(store, authority)
            say(done)
    stamp_captures(store, authority)
    flags: dict[int, list[int]] = {}
    for stored in store.flags.ranked(brand=brand):
        flags.setdefault(stored.listing_row, []).append(stored.id)
    if len(flags) != done:
        raise NotDoneError(f"of {done} listings {len(flags)} are flagged")
    return tuple(tuple(numbers) for numbers in flags.values())


def _seen_before(store: Store, page: Page) -> None:
    """A listing that has been up for a while, and has become cheaper."""
    listing, price = page.listing, page.listing.offer.price
    for number, before in enumerate(EARLIER):
        dearer = price.scaled(1.2 - number / 10) if price else None
        offer = msgspec.structs.replace(listing.offer, price=dearer)
        with store.transaction():
            store.listings.observe(
                msgspec.structs.replace(listing, seen_at=listing.seen_at - before, offer=offer), page.sweep
            )


# --- measuring -----------------------------------------------------------------------------------------------------------


def touchstone(folder: Path, *words: str) -> list[str]:
    """The command line of one of Touchstone's commands."""
    return [sys.executable, "-m", "cli", "--config", str(folder / "touchstone.toml"), *words]


def tell(ran: Ran) -> str:
    """What a command said; raises ``NotDoneError`` where it failed."""
    if ran.usage.code:
        lines = (ran.errors.strip() or ran.output.strip() or "nothing was said").splitlines()
        raise NotDoneError(f"exit code {ran.usage.code}: {lines[-1]}")
    return ran.output


class Bench:
    """Runs everything on one filled store; ``folder`` is for what is written."""

    def __init__(self, filled: Filled, tsa: TimeStamping, folder: Path) -> None:
        self._filled, self._tsa, self.folder = filled, tsa, folder

    def export(self, path: Path, count: int) -> Cost:
        """The bundle of the first listings, as a ZIP file."""
        cost, said = self._measured(self._export(path, count), path)
        _check_export(said, count)
        return cost

    def verify(self, path: Path) -> Cost:
        """The stand-alone verifier's result."""
        verifier, public = ROOT / "evidence" / "verify_bundle.py", self._filled.folder / "evidence-key.pub.pem"
        words = (str(path), "--key", str(public), "--tsa-root", str(self._tsa.root), "--json")
        cost, said = self._measured([sys.executable, "-I", "-S", str(verifier), *words])
        result = json.loads(said)
        if not result["holds"] or len(result["checked"]) != 7:
            raise NotDoneError(f"the bundle does not hold, or was not checked in every part: {result}")
        return cost

    def zip(self, files: Path, *options: str) -> Cost:
        """A plain ZIP file of a folder's files."""
        path = self.folder / "plain.zip"
        cost, _ = self._measured(["env", "-C", str(files), "zip", "-r", "-q", *options, str(path), "."], path)
        path.unlink()
        return cost

    def profile(self, count: int) -> pstats.Stats:
        """Where an export's time goes, with the reports printed in this process, where they can be seen."""
        configuration = loading.load(self._filled.folder / "touchstone.toml")
        path, profile = self.folder / "profiled.zip", cProfile.Profile()
        with (
            Store.open(configuration.store_folder, create=False) as store,
            mock.patch.object(printing, "ProcessPoolExecutor", _Here),
        ):
            chosen = select(store, flags=[flag for numbers in self._filled.flags[:count] for flag in numbers])
            profile.runcall(export, configuration, store, chosen, Matter(reference="profile"), path, zipped=True)
        path.unlink()
        return pstats.Stats(profile)

    def _export(self, path: Path, count: int) -> list[str]:
        flags = self._filled.flags
        some = [str(flag) for numbers in flags[:count] for flag in numbers]
        chosen = ("--brand", self._filled.brand) if count >= len(flags) else some
        return touchstone(self._filled.folder, "evidence", "export", *chosen, "-o", str(path), "--zip", "--json")

    def _measured(self, command: Sequence[str], written: Path | None = None) -> tuple[Cost, str]:
        """Run a command alone, after what others wrote is on the disk."""
        os.sync()
        note = self.folder / "peak"
        launched = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(note), *command]
        ran = measure(launched, timeout=MOST_SECONDS)
        said = tell(ran)
        peak = max(ran.usage.memory, int(note.read_text(encoding="ascii")) * 1024)
        return Cost(ran.usage.wall, ran.usage.cpu, peak, written.stat().st_size if written else 0), said


class _Here(Executor):
    """Does at once and in this process what a pool of processes is asked for."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def submit(self, work: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> Future[T]:
        """Do it."""
        done: Future[T] = Future()
        done.set_result(work(*arguments, **named))
        return done


def _check_export(said: str, count: int) -> None:
    told = json.loads(said)
    if told["listings"] != count or not told["stamped"]:
        raise NotDoneError(f"{count} listings were to be exported and timestamped: {said[:500]}")


# --- printing ------------------------------------------------------------------------------------------------------------


def run_rows(bench: Bench, count: int, repeat: int, say: Callable[[str], None]) -> dict[str, list[Cost]]:
    """All rows' costs, round by round; leaves the last bundle in the folder."""
    rows: dict[str, list[Cost]] = {"export": [], "zip -r": [], "zip -0 -r": [], "verify": []}
    path, files = bench.folder / "bundle.zip", bench.folder / "files"
    for turn in range(1, repeat + 1):
        path.unlink(missing_ok=True)
        say(f"run {turn}: export")
        rows["export"].append(bench.export(path, count))
        say(f"run {turn}: verify")
        rows["verify"].append(bench.verify(path))
        if not shutil.which("zip"):
            continue
        with zipfile.ZipFile(path) as archive:
            archive.extractall(files)
        for name, options in (("zip -r", ()), ("zip -0 -r", ("-0",))):
            say(f"run {turn}: {name}")
            rows[name].append(bench.zip(files, *options))
        shutil.rmtree(files)
    return rows


def print_rows(rows: Mapping[str, Sequence[Cost]], count: int, console: Console) -> None:
    """The rows' medians, and each beside ``zip -r``."""
    table = Table(f"{count:,} listings", box=None)
    for name in ("wall s", "CPU s", "peak MB", "MB written", "ms/listing", "wall / zip -r", "CPU / zip -r", "spread"):
        table.add_column(name, justify="right")
    plain = rows["zip -r"]
    for name, costs in rows.items():
        if not costs:
            table.add_row(name, *["skipped"], *[""] * 7)
            continue
        wall, cpu = _median(costs, "wall"), _median(costs, "cpu")
        walls = [cost.wall for cost in costs]
        table.add_row(
            name, f"{wall:.2f}", f"{cpu:.2f}", f"{max(cost.peak for cost in costs) / 1e6:.0f}",
            f"{costs[-1].written / 1e6:.1f}" if costs[-1].written else "", f"{wall / count * 1000:.1f}",
            f"{wall / _median(plain, 'wall'):.2f}" if plain else "", f"{cpu / _median(plain, 'cpu'):.2f}" if plain else "",
            f"{(max(walls) - min(walls)) / wall:.0%}" if len(costs) > 1 else "",
        )  # fmt: skip
    console.print(table)
    if not plain:
        console.print("zip is not installed, so there is nothing to compare with. Debian: apt-get install zip")
    console.print()


def _median(costs: Sequence[Cost], name: str) -> float:
    return float(statistics.median(getattr(cost, name) for cost in costs))


def print_memory(exports: Mapping[int, Cost], console: Console) -> None:
    """How an export's peak grows with its listings."""
    table = Table("export of", box=None)
    for name in ("ms/listing", "CPU ms/listing", "peak MB", "of the smallest"):
        table.add_column(name, justify="right")
    least = exports[min(exports)].peak
    for count, cost in sorted(exports.items()):
        table.add_row(
            f"{count:,} listings", f"{cost.wall / count * 1000:.1f}", f"{cost.cpu / count * 1000:.1f}",
            f"{cost.peak / 1e6:.0f}", f"{cost.peak / least:.2f}",
        )  # fmt: skip
    console.print(table)
    console.print()


class Place(NamedTuple):
    """A function in a profile: where, how often it was called, seconds of its own and with what it calls."""

    where: str
    calls: int
    own: float
    whole: float


def print_profile(stats: pstats.Stats, count: int, console: Console) -> None:
    """Our functions by their whole time, then any by their own. Profiling slows Python down and leaves C as it is."""
    places = list(_places(stats))
    total = max(place.whole for place in places)
    ours = [place for place in places if place.where.startswith(("evidence/", "operations/", "storage/", "detectors/"))]
    console.print(f"Profile of an export of {count} listings: {total:.1f} s, slowed down by the profiling")
    for name, some in (
        ("with what it calls", sorted(ours, key=lambda place: -place.whole)),
        ("by itself", sorted(places, key=lambda place: -place.own)),
    ):
        table = Table(name, box=None)
        for column in ("calls", "whole s", "own s", "whole", "own"):
            table.add_column(column, justify="right")
        for place in some[:ROWS_OF_PROFILE]:
            table.add_row(
                place.where, f"{place.calls:,}", f"{place.whole:.2f}", f"{place.own:.2f}",
                f"{place.whole / total:.0%}", f"{place.own / total:.0%}",
            )  # fmt: skip
        console.print(table)
        console.print()


def _places(stats: pstats.Stats) -> Iterator[Place]:
    for (file, _, name), (_, calls, own, whole, _) in stats.stats.items():  # type: ignore[attr-defined]  # not in its stub
        path = Path(file)
        inside = path.is_relative_to(ROOT) and "site-packages" not in path.parts
        shown = path.relative_to(ROOT) if inside else Path(*path.parts[-2:])
        yield Place(f"{shown.as_posix()} {name}" if file != "~" else name, calls, own, whole)


def main() -> int:
    """Fill a store, measure, print; exit code 1 where something did not do its work."""
    given, console, started = _options(), Console(width=120, highlight=False), time.monotonic()
    if not available():
        console.print("not run: measuring needs Linux, for /proc and child subreapers")
        return 1

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:5.0f} s  {text}", file=sys.stderr, flush=True)

    with contextlib.ExitStack() as stack:
        folder = (
            given.out.resolve()
            if given.out
            else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-evidence-")))
        )
        tsa = stack.enter_context(time_stamping(_made(folder / "tsa")))
        try:
            filled = fill(folder, given.listings, tsa, say)
            bench = Bench(filled, tsa, _made(folder / "written"))
            _measure_all(bench, given, console, say)
        except NotDoneError as error:
            console.print(f"not done: {error}", markup=False)
            return 1
    return 0


def _measure_all(bench: Bench, given: argparse.Namespace, console: Console, say: Callable[[str], None]) -> None:
    rows = run_rows(bench, given.listings, given.repeat, say)
    console.print(f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores\n")
    print_rows(rows, given.listings, console)
    exports = {given.listings: max(rows["export"], key=lambda cost: cost.peak)}
    for count in (size for size in SIZES if size < given.listings):
        say(f"export of {count:,}")
        path = bench.folder / "some.zip"
        exports[count] = bench.export(path, count)
        path.unlink()
    print_memory(exports, console)
    if given.profile:
        say("profile")
        count = min(given.profile, given.listings)
        print_profile(bench.profile(count), count, console)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence.export", description=__doc__)
    parser.add_argument("--listings", type=_count, default=LISTINGS, help=f"flagged listings; {LISTINGS} by default")
    parser.add_argument("--repeat", type=_count, default=1, help="runs of each row; medians are shown")
    parser.add_argument(
        "--profile", type=int, default=PROFILED, metavar="N", help=f"listings that are profiled; {PROFILED}, 0 for none"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="leave store and bundle there (a new folder)")
    given = parser.parse_args()
    if given.out and given.out.exists() and any(given.out.iterdir()):
        parser.error(f"{given.out} is not empty")
    if given.listings < PAGES * len(MARKETPLACES):
        parser.error(f"at least {PAGES * len(MARKETPLACES)} listings are needed: as many are recorded")
    return given


if __name__ == "__main__":
    sys.exit(main())
