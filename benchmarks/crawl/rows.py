"""The rows: what each runs, and what it must have fetched to be believed."""

import contextlib
import json
import re
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.crawl import peers, workspace
from benchmarks.crawl.meter import Ran, measure
from benchmarks.crawl.pages import RENDERED
from benchmarks.crawl.shop import Running

HTTP_CONCURRENCY = 8
BROWSER_CONCURRENCY = 4
_ERROR = re.compile(r"[A-Za-z_][\w.]*: ")  # "touchstone: …", "package.SomeError: …"
SECONDS_PER_PAGE = 6.0  # beyond this, and two minutes, a row is given up


class Setting(NamedTuple):
    """Where a row runs: the shop, how many listings, an empty folder, the peers' environment."""

    shop: Running
    pages: int
    folder: Path
    peers: Path


class Row(NamedTuple):
    """A row of the table. ``command`` prepares a run and returns what to measure."""

    name: str
    title: str
    browser: bool
    command: Callable[[Setting], list[str]]
    photos: bool = False  # each listing's photo must have been fetched
    twice: bool = False  # may fetch a page more than once


class Result(NamedTuple):
    """A row's figures, per run; ``start`` is the CPU time of the same run with one page."""

    row: Row
    pages: int
    start: float  # seconds
    runs: tuple[Ran, ...]

    @property
    def cpu_per_page(self) -> float:
        """Median CPU milliseconds per page, the start included."""
        return statistics.median(run.usage.cpu for run in self.runs) / self.pages * 1000

    @property
    def cpu_less_start(self) -> float:
        """Median CPU milliseconds per page beyond the first."""
        return (self.cpu_per_page * self.pages / 1000 - self.start) / max(1, self.pages - 1) * 1000

    @property
    def pages_per_second(self) -> float:
        """Median pages per second of wall time, the start included."""
        return self.pages / statistics.median(run.usage.wall for run in self.runs)

    @property
    def memory(self) -> int:
        """The largest peak in bytes."""
        return max(run.usage.memory for run in self.runs)

    @property
    def spread(self) -> float:
        """How far the runs' CPU times lie apart, as a share of the median; zero for one run."""
        times = [run.usage.cpu for run in self.runs]
        return (max(times) - min(times)) / statistics.median(times)


class NotRunError(Exception):
    """A row could not be run, or did not do its work; the text says why."""


def _module(name: str, *, concurrency: int, more: tuple[str, ...] = ()) -> Callable[[Setting], list[str]]:
    def command(at: Setting) -> list[str]:
        words = [at.shop.url, str(at.pages), str(concurrency), *more]
        return [sys.executable, "-m", f"benchmarks.crawl.{name}", *words]

    return command


def _touchstone(*, rendering: str, images: bool) -> Callable[[Setting], list[str]]:
    concurrency = BROWSER_CONCURRENCY if rendering == "browser" else HTTP_CONCURRENCY

    def command(at: Setting) -> list[str]:
        workspace.prepare(
            at.folder, at.shop.url, count=at.pages, concurrency=concurrency, rendering=rendering, images=images
        )
        return workspace.sweep(at.folder)

    return command


def _crawlee(*, rendered: bool) -> Callable[[Setting], list[str]]:
    def command(at: Setting) -> list[str]:
        from benchmarks.crawl.browsers import launch_options

        words = [str(peers.python(at.peers)), str(peers.SCRIPT), at.shop.url, str(at.pages)]
        if not rendered:
            return [*words, str(HTTP_CONCURRENCY)]
        launch = json.dumps(launch_options())
        return [*words, str(BROWSER_CONCURRENCY), "--rendered", f"nav.{RENDERED} a", "--launch", launch]

    return command


_SCRAPY = "scrapy_peer"
_PLAYWRIGHT = "playwright_peer"
ROWS = (
    Row("a", "Scrapy, bare", False, _module(_SCRAPY, concurrency=HTTP_CONCURRENCY)),
    Row(
        "a2",
        "Scrapy, bare, with photos",
        False,
        _module(_SCRAPY, concurrency=HTTP_CONCURRENCY, more=("--photos",)),
        photos=True,
    ),
    Row("b1", "Touchstone, HTTP", False, _touchstone(rendering="http", images=False)),
    Row("b2", "Touchstone, HTTP, with photos", False, _touchstone(rendering="http", images=True), photos=True),
    Row("f1", "Crawlee, HTTP, parsel", False, _crawlee(rendered=False)),
    Row(
        "c",
        "scrapy-playwright, stock",
        True,
        _module(_SCRAPY, concurrency=BROWSER_CONCURRENCY, more=("--rendered",)),
        photos=True,
    ),
    Row(
        "d",
        "Playwright, tabs kept, no images",
        True,
        _module(_PLAYWRIGHT, concurrency=BROWSER_CONCURRENCY, more=("--no-images",)),
    ),
    Row("d2", "Playwright, tabs kept", True, _module(_PLAYWRIGHT, concurrency=BROWSER_CONCURRENCY), photos=True),
    Row("e", "Touchstone, browser", True, _touchstone(rendering="browser", images=False)),
    Row("e2", "Touchstone, browser, with photos", True, _touchstone(rendering="browser", images=True), photos=True),
    Row("f2", "Crawlee, adaptive", True, _crawlee(rendered=True), twice=True),
)


def run(row: Row, at: Setting) -> Ran:
    """Run a row once. Raises ``NotRunError`` unless the shop and the row agree that all of it was fetched."""
    try:
        command = row.command(at)
    except Exception as error:
        raise NotRunError(str(error)) from error
    at.shop.served()
    try:
        done = measure(command, timeout=120 + SECONDS_PER_PAGE * at.pages)
    except RuntimeError as error:
        raise NotRunError(str(error)) from error
    served = at.shop.served()
    if done.usage.timed_out:
        raise NotRunError(f"given up after {done.usage.wall:.0f} s, with {served.get('item', 0)} pages")
    if done.usage.code:
        raise NotRunError(f"ended with exit code {done.usage.code}: {reason(done)}")
    _believe(row, at.pages, _claimed(done.output), served)
    return done


def reason(done: Ran) -> str:
    """Why a command failed: what a sweep reports, else its last line that names an error, else its last line."""
    with contextlib.suppress(ValueError, LookupError, TypeError):
        (sweep,) = json.loads(done.output)
        return ": ".join([sweep["status"], *sweep["report"]["problems"][:1]])
    lines = (done.errors.strip() or done.output.strip() or "nothing was said").splitlines()
    return next((line for line in reversed(lines) if _ERROR.match(line)), lines[-1])


def _claimed(output: str) -> dict[str, int]:
    """What a row says of itself: a peer its counts, Touchstone its sweep."""
    try:
        said = json.loads(output)
        return {"pages": said[0]["report"]["listings"]} if isinstance(said, list) else dict(said)
    except (ValueError, LookupError, TypeError) as error:
        raise NotRunError(f"it did not say what it fetched: {output[:200]!r}") from error


def _believe(row: Row, count: int, claimed: dict[str, int], served: dict[str, int]) -> None:
    pages = served.get("item", 0)
    if claimed.get("pages") != count or pages < count or (pages > count and not row.twice):
        raise NotRunError(f"asked for {count} pages, it claims {claimed.get('pages')} and the shop served {pages}")
    if row.photos and served.get("photo", 0) != count:
        raise NotRunError(f"of {count} photos the shop served {served.get('photo', 0)}")
