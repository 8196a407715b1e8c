"""How many pages ``rendering = "auto"`` sends to a browser, and what it obtains, beside a crawl by browser alone.

The shop has kinds of pages, told apart by their address; one kind in five shows its price, brand and photo only once
its script has run. Both crawls go through the command line, each with a store of its own.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from fixtures.serving import served
from storage.store import Store
from touchstone.listing import Listing

ROOT = Path(__file__).resolve().parents[1]
SCRIPTED = 5  # one kind in so many needs its script
LEAST_FIELDS, MOST_PAGES = 0.99, 0.25
TOML = """\
title = "Kinds"
base_url = "{base}"
currency = "EUR"
[search]
url = "{{base_url}}/search?q={{query}}&page={{page}}"
links = [{{ css = "a.hit::attr(href)" }}]
[listing]
rendering = "{rendering}"
required = ["title"]
[listing.fields]
id = [{{ url = '/(\\w+/\\d+)' }}]
title = [{{ css = "h1" }}]
price = [{{ css = ".price" }}]
brand = [{{ css = ".brand" }}]
images = []
sku = [{{ css = ".sku" }}]
availability = [{{ css = ".stock" }}]
[politeness]
requests_per_second = 100000
concurrency = 4
"""
SETTINGS = "capture.in_sweeps = false\n[marketplaces.kinds]\nallow_loopback = true\n"
GOODS = "<p class=price>€{price},50</p><p class=brand>Velhanne</p><p class=sku>S{number}</p><p class=stock>In stock</p>"


class Crawl(NamedTuple):
    """What one crawl obtained: listings by their number, and pages that a browser looked at."""

    listings: dict[str, Listing]
    browser_pages: int


class Figures(NamedTuple):
    """The share of fields with the same value as by browser alone, and of its browser pages."""

    fields: float
    pages: float
    auto: Crawl
    browser: Crawl


@contextmanager
def shop(kinds: int, pages: int) -> Iterator[str]:
    """Serve the shop from a thread; gives its address."""
    listings = [(kind, number) for number in range(1, pages + 1) for kind in range(kinds)]

    async def search(request: web.Request) -> web.Response:
        links = "".join(f'<a class=hit href="/{name(kind)}/{number}">x</a>' for kind, number in listings)
        return web.Response(text=f"<h1>results</h1>{links}", content_type="text/html")

    async def item(request: web.Request) -> web.Response:
        kind, number = request.match_info["kind"], int(request.match_info["number"])
        goods = GOODS.format(price=number + 10, number=number)
        if kind in [name(one) for one in range(0, kinds, SCRIPTED)]:
            goods = f"<div id=goods></div><script>setTimeout(() => goods.innerHTML = `{goods}`, 60)</script>"
        return web.Response(text=f"<h1>Goods {kind} {number}</h1>{goods}", content_type="text/html")

    app = web.Application()
    app.router.add_get("/search", search)
    app.router.add_get(r"/{kind:[a-z]+}/{number:\d+}", item)
    with served(app) as base:
        yield base


def name(kind: int) -> str:
    """The word in the address that tells a kind of page."""
    return "kind" + chr(ord("a") + kind)


def crawl(base: str, rendering: str) -> Crawl:
    """Crawl the shop in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "marketplaces").mkdir()
        (place / "marketplaces/kinds.toml").write_text(TOML.format(base=base, rendering=rendering), encoding="utf-8")
        (place / "touchstone.toml").write_text(SETTINGS, encoding="utf-8")
        Store.open(place / "touchstone-store").close()
        command = [sys.executable, "-m", "cli", "--config", str(place / "touchstone.toml"), "sweep", "--query", "goods"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        with Store.open(place / "touchstone-store") as store:
            (swept,) = store.sweeps.all()
            assert swept.report is not None  # it has ended
            return Crawl({one.listing_id: one for _, one in store.listings.all()}, swept.report.browser_pages)


def measure(kinds: int, pages: int) -> Figures:
    """Crawl the shop both ways."""
    with shop(kinds, pages) as base:
        auto, browser = crawl(base, "auto"), crawl(base, "browser")
    wanted = same = 0
    for number, listing in browser.listings.items():
        other = auto.listings.get(number)
        for field in listing.filled:
            wanted += 1
            same += other is not None and _value(other, field) == _value(listing, field)
    return Figures(same / wanted, auto.browser_pages / browser.browser_pages, auto, browser)


def _value(listing: Listing, field: str) -> object:
    return getattr(listing.offer, field, None) if field in ("price", "availability") else getattr(listing, field, None)


def main() -> int:
    """Print the shares; exit code 1 when a floor is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=100, help="of each kind")
    given = parser.parse_args()
    found = measure(given.kinds, given.pages)
    print(f"{given.kinds} kinds of {given.pages} pages; one kind in {SCRIPTED} needs its script")
    print(f"by browser alone: {len(found.browser.listings)} listings, {found.browser.browser_pages} browser pages")
    print(f"auto:             {len(found.auto.listings)} listings, {found.auto.browser_pages} browser pages")
    fields, pages = found.fields >= LEAST_FIELDS, found.pages <= MOST_PAGES
    print(
        f"fields obtained   {found.fields:.3f} of those by browser (floor {LEAST_FIELDS}){'' if fields else '  MISSED'}"
    )
    print(f"browser pages     {found.pages:.3f} of those by browser (floor {MOST_PAGES}){'' if pages else '  MISSED'}")
    return int(not (fields and pages))


if __name__ == "__main__":
    sys.exit(main())
