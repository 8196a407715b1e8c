"""The shop that every row crawls: aiohttp on loopback, in a process of its own whose CPU time is nobody's.

Started by ``running``; ``python -m benchmarks.crawl.shop`` serves until its standard input ends. It counts what it
served, so that no row can claim a page that it did not fetch.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from aiohttp import web

from benchmarks.crawl import pages, photos

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
READY_SECONDS = 180.0  # a thousand photos take five seconds to encode on an idle core
MOST_PHOTOS = 2000  # kept ready; 100 MB
STATIC = {"shop.css": (pages.STYLE, "text/css"), "shop.js": (pages.SCRIPT, "text/javascript")}


class Shop:
    """The handlers, and how often each kind of thing was served."""

    def __init__(self) -> None:
        self.served: Counter[str] = Counter()

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application()
        app.router.add_get("/robots.txt", self.robots)
        app.router.add_get("/search", self.search)
        app.router.add_get(r"/item/{number:\d+}", self.item)
        app.router.add_get(r"/img/{number:\d+}.jpg", self.photo)
        app.router.add_get("/static/{name}", self.static)
        app.router.add_get("/-/served", self.counts)
        return app

    async def robots(self, request: web.Request) -> web.Response:
        """Everything is allowed."""
        self.served["robots"] += 1
        return web.Response(text="User-agent: *\nAllow: /\n")

    async def search(self, request: web.Request) -> web.Response:
        """A page of the first ``of`` listings, whatever the words."""
        self.served["search"] += 1
        text = pages.search_html(int(request.query.get("page", "1")), int(request.query["of"]))
        return web.Response(text=text, content_type="text/html")

    async def item(self, request: web.Request) -> web.StreamResponse:
        """A listing's page."""
        self.served["item"] += 1
        number = int(request.match_info["number"])
        headers = {"ETag": f'"item-{number}"', "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        text = pages.listing_html(number, f"http://{request.host}")
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def photo(self, request: web.Request) -> web.StreamResponse:
        """A listing's photo."""
        self.served["photo"] += 1
        number = int(request.match_info["number"])
        headers = {"ETag": f'"photo-{number}"', "Cache-Control": "public, max-age=86400"}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=photo(number), content_type="image/jpeg", headers=headers)

    async def static(self, request: web.Request) -> web.StreamResponse:
        """The style sheet and the script."""
        self.served["static"] += 1
        text, kind = STATIC[request.match_info["name"]]
        return web.Response(text=text, content_type=kind, headers={"Cache-Control": "public, max-age=86400"})

    async def counts(self, request: web.Request) -> web.Response:
        """What was served since the last asking."""
        served = dict(self.served)
        self.served.clear()
        return web.json_response(served)


@lru_cache(maxsize=MOST_PHOTOS)
def photo(number: int) -> bytes:
    """A photo, encoded once."""
    return photos.jpeg(number)


class Running:
    """A shop that runs elsewhere, seen from the outside."""

    def __init__(self, url: str) -> None:
        self.url = url

    def served(self) -> dict[str, int]:
        """Counts by kind (item, photo, search, static, robots) since the last asking."""
        with urllib.request.urlopen(f"{self.url}/-/served", timeout=30) as answer:  # noqa: S310 -- the shop's own address
            return dict(json.load(answer))


@contextlib.contextmanager
def running(photos_ready: int) -> Iterator[Running]:
    """A shop in a process of its own, with this many photos encoded beforehand; ended with the block."""
    with tempfile.TemporaryDirectory() as name:
        ready = Path(name) / "url"
        command = [sys.executable, "-m", "benchmarks.crawl.shop", str(ready), "--photos", str(photos_ready)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
        try:
            deadline = time.monotonic() + READY_SECONDS
            while not ready.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("The shop did not start; see the message above.")
                time.sleep(0.05)
            yield Running(ready.read_text(encoding="utf-8"))
        finally:
            process.terminate()
            process.communicate()


async def _serve(ready: Path) -> None:
    runner = web.AppRunner(Shop().app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0, backlog=512).start()
    partial = ready.with_suffix(".partial")
    partial.write_text(f"http://{HOST}:{runner.addresses[0][1]}", encoding="utf-8")
    partial.rename(ready)
    await asyncio.to_thread(sys.stdin.buffer.read)  # ends with the process that started this one, however it ends
    await runner.cleanup()


def main() -> None:
    """Encode photos, say the address in a file, serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("ready", type=Path)
    parser.add_argument("--photos", type=int, default=0)
    given = parser.parse_args()
    for number in range(1, min(given.photos, MOST_PHOTOS) + 1):
        photo(number)
    asyncio.run(_serve(given.ready))


if __name__ == "__main__":
    main()
