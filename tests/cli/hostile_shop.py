"""A shop on loopback whose pages mean harm, and a sweep of it through the command line, watched from outside."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import web
from PIL import Image

from fixtures.serving import served
from storage.store import Store
from tests.conftest import ROOT
from touchstone.frontier import DeadLetter, Progress
from touchstone.listing import Listing
from touchstone.sweeps import SweepReport

Page = str | bytes | web.Response | Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE_SECONDS, VISIT_SECONDS = 2.5, 5.0  # in place of 30 and 60
GIVEN_UP_SECONDS = 90  # a sweep that knows no bound is ended, so that its test can say so
REFUSALS = 100  # in place of 5, after which a sweep ends: several pages that fail are looked at in one
# No limit of these can be set in touchstone.toml or on the command line; what runs is otherwise `touchstone` itself.
LAUNCH = f"""
import sys
from pathlib import Path
import crawler.crawl, crawler.tabs, storage.pace
from cli.app import main
crawler.crawl.PAGE_TIMEOUT_SECONDS, crawler.tabs.VISIT_SECONDS = {PAGE_SECONDS}, {VISIT_SECONDS}
storage.pace.REFUSALS = {REFUSALS}
try:
    main()
finally:
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    Path("peak").write_text(peak.split()[1])
"""
TOML = """\
title = "Hostile"
base_url = "{base}"
currency = "EUR"
[search]
url = "{{base_url}}/search?q={{query}}"
links = [{{ css = "a.hit::attr(href)" }}]
[listing]
rendering = "{rendering}"
[listing.fields]
id = [{{ url = '/item/(.+)' }}]
images = [{{ schema = "images" }}, {{ meta = "og:image" }}, {{ css = ".photos img::attr(src)" }}]
[politeness]
requests_per_second = 200
concurrency = 4
"""
SETTINGS = "capture.in_sweeps = false\n[marketplaces.hostile]\nallow_loopback = true\n"


class Swept(NamedTuple):
    """What a sweep came to: its report and its store, and what it took of time and memory."""

    code: int
    err: str
    report: SweepReport
    progress: Progress
    dead: dict[str, DeadLetter]
    listings: dict[str, Listing]
    seconds: float
    peak: int  # megabytes that the crawling process held at most
    peak_browser: int  # and the largest process of its browser, looked at twenty times a second
    asked: list[str]


@contextmanager
def shop(pages: Mapping[str, Page]) -> Iterator[tuple[str, list[str]]]:
    """Serve pages by their paths from a thread; gives the address and the paths asked for so far."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        page = pages.get(request.path)
        if page is None:
            raise web.HTTPNotFound
        if isinstance(page, str):
            return web.Response(text=page, content_type="text/html")
        if isinstance(page, bytes):
            return web.Response(body=page, content_type="image/png")
        return page if isinstance(page, web.Response) else await page(request)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    with served(app) as base:
        yield base, asked


def sweep(
    folder: Path, pages: Mapping[str, Page], *, rendering: str = "http", more: Mapping[str, Page] | None = None
) -> Swept:
    """Have a shop swept whose one search page links to ``pages``, in their order; ``more`` is there to be fetched."""
    hits = "".join(f'<a class=hit href="{path}">x</a>' for path in pages)
    with shop({"/search": f"<h1>results</h1>{hits}", **pages, **(more or {})}) as (base, asked):
        (folder / "marketplaces").mkdir()
        described = TOML.format(base=base, rendering=rendering)
        (folder / "marketplaces/hostile.toml").write_text(described, encoding="utf-8")
        (folder / "touchstone.toml").write_text(SETTINGS, encoding="utf-8")
        Store.open(folder / "touchstone-store").close()
        command = [sys.executable, "-c", LAUNCH, "sweep", "--query", "goods"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "400", "NO_COLOR": "1"}
        largest, began = 0, time.monotonic()
        with (folder / "err").open("wb+") as err:
            with subprocess.Popen(command, cwd=folder, env=environment, stdout=err, stderr=err) as process:
                while process.poll() is None:
                    largest = max(largest, *map(_megabytes, _below(process.pid)), 0)
                    time.sleep(0.05)
                    if time.monotonic() - began > GIVEN_UP_SECONDS:
                        process.kill()
            seconds = time.monotonic() - began
            err.seek(0)
            said = err.read().decode()
    with Store.open(folder / "touchstone-store", create=False) as store:
        (one,) = store.sweeps.all()
        assert one.report is not None, said
        return Swept(
            process.returncode,
            said,
            one.report,
            store.frontier.progress(one.id),
            {urlsplit(letter.url).path: letter for letter in store.frontier.dead_letters(one.id)},
            {urlsplit(listing.url).path: listing for _, listing in store.listings.all()},
            seconds,
            int((folder / "peak").read_text()) // 1024,
            largest,
            asked,
        )


def _below(pid: int) -> list[int]:
    """The processes that a process started, directly or not."""
    try:
        found = [
            int(one) for task in Path(f"/proc/{pid}/task").iterdir() for one in (task / "children").read_text().split()
        ]
    except OSError:
        return []
    return [*found, *(one for child in found for one in _below(child))]


def _megabytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
    except OSError:
        return 0


def goods(number: int, *, head: str = "", top: str = "", picture: str = "", end: str = "") -> str:
    """A page of a listing, with a photo of its own; ``head``, ``top``, ``picture`` and ``end`` are put into it."""
    picture = picture or f"<img src='/photo/{number}.png'>"
    return (
        f"<!doctype html><html><head><title>Goods {number}</title>{head}</head><body>{top}<main><h1>Goods {number}</h1>"
        f"<p class=price>€{number},50</p><div class=photos>{picture}</div><button>Add to cart</button></main>"
        f"{end}</body></html>"
    )


def photo(number: int) -> bytes:
    """A picture of its own."""
    picture = Image.new("RGB", (48, 48), (number * 37 % 256, number * 91 % 256, number * 53 % 256))
    picture.paste((0, 0, 0), (number % 24, 8, number % 24 + 16, 40))
    held = io.BytesIO()
    picture.save(held, "PNG")
    return held.getvalue()


def squeezed(megabytes: int, *, times: int = 1) -> bytes:
    """So many zeros as gzip, perhaps more than once."""
    made = b""
    for number in range(times):
        squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
        pieces = [bytes(2**20)] * megabytes if not number else [made]
        made = b"".join([*map(squeeze.compress, pieces), squeeze.flush()])
    return made


async def drip(request: web.Request) -> web.StreamResponse:
    """A page that is sent a byte a second, for ever."""
    going = web.StreamResponse(headers={"Content-Type": "text/html"})
    await going.prepare(request)
    with contextlib.suppress(ConnectionError):
        while True:
            await going.write(b"<")
            await asyncio.sleep(1)
    return going


async def pour(request: web.Request) -> web.StreamResponse:
    """A page of 50 MB whose length is not told beforehand."""
    going = web.StreamResponse(headers={"Content-Type": "text/html"})
    await going.prepare(request)
    with contextlib.suppress(ConnectionError):
        for _ in range(800):
            await going.write(b"<p>" + b"x" * 65_536)
    return going


async def send_round(request: web.Request) -> web.StreamResponse:
    """A redirect to itself, under a new address each time."""
    raise web.HTTPFound(f"{request.path}?n={int(request.query.get('n', 0)) + 1}")
