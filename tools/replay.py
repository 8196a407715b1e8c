"""Proves that a recorded page can be seen again when its server is gone: ``python -m tools.replay [--out FOLDER]``.

It records a listing of each demo marketplace as WACZ, stops the marketplaces, opens the archives in a browser with
ReplayWeb.page, which is not ours, and compares what is seen there with what was seen before. A third archive, which
was altered on purpose, shows that each comparison can fail. Exit code 1 when anything differs, 2 when something is
missing on this machine.

ReplayWeb.page is under the AGPL. It is fetched for this test alone, into ``.replay``, and is part of nothing else.
"""

import argparse
import asyncio
import hashlib
import html
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from string import Template
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from PIL import Image, ImageChops
from playwright.async_api import Browser, Locator, Page, Response, async_playwright
from playwright.async_api import TimeoutError as PlaywrightTimeout
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crawler.browser import find_browser, launch_options
from crawler.proxy import Proxy, Target
from crawler.recorder import VIEWPORT, Recorder, Wanted
from evidence.wacz import write_wacz
from fixtures.demo import Demo, Listing, World, build_world, serve
from touchstone.errors import ConfigurationError, NotRecorded
from touchstone.recording import Exchange, Recording

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".replay"
PLAYER = "replaywebpage-2.5.3"
PLAYER_SHA256 = "b7d35c39c4da9b7121c5a393911d8675d4cc6f19513c380191e16b086bea812c"
HOST = "127.0.0.1"  # a browser allows service workers on loopback without TLS
SEED = 7
ALTERED = "altered"  # the archive that must not pass
USER_AGENT = "Touchstone replay"
LANGUAGE = "ko-KR"
CONTENT_SECONDS = 40.0  # until the page is there; the player starts a service worker and reads the index first
STILL_SECONDS = 0.5  # between two readings; when they agree, nothing more is coming
MOST_READINGS = 40
MOST_DIFFERING = 0.0005  # of a picture's pixels: round corners differ by a shade; another price is twice as much
NOTHING = ("", "0")  # what an original must not show, or a replay that shows nothing would agree with it
LONGEST = 44  # characters of a value in the table

_SIGHT = """(root, wanted) => {
    const page = root.ownerDocument;
    const text = selector => page.querySelector(selector)?.innerText.trim() ?? "";
    return {
        heading: text(wanted.heading), price: text(wanted.price), particulars: text(wanted.particulars),
        page_title: page.title, text: page.body.innerText, height: page.documentElement.scrollHeight,
        photos: [...page.images].map(image => ({
            name: image.src.split("/").pop(), width: image.naturalWidth, height: image.naturalHeight,
            pending: !image.complete,
        })),
    };
}"""


class Selectors(NamedTuple):
    """Where a marketplace's listing page shows what is compared; Plaza's are all drawn by its script."""

    heading: str
    price: str
    particulars: str


SELECTORS = {
    "namu": Selectors(".item-title", ".item-price__now", ".item-spec"),
    "plaza": Selectors(".pz-title", ".pz-price", ".pz-specs"),
}


class Photo(msgspec.Struct, frozen=True):
    """An image of a page: its file's name and natural size, 0 when it did not load."""

    name: str
    width: int
    height: int
    pending: bool


class Sight(msgspec.Struct, frozen=True):
    """What a visitor sees of a listing page."""

    heading: str
    price: str
    particulars: str
    page_title: str
    text: str
    height: int
    photos: tuple[Photo, ...]

    def loaded(self) -> list[str]:
        """The photos that are there, each with its natural size, in the page's order."""
        return [f"{photo.name} {photo.width}×{photo.height}" for photo in self.photos if photo.width]


class Original(NamedTuple):
    """A listing as it was while its server ran."""

    marketplace: str
    recording: Recording
    sight: Sight


class Seen(NamedTuple):
    """A replayed page, with its pictures as PNG.

    ``failures``: answers that the archive did not have; ``refused`` and ``reached``: what the browser wanted from
    other servers than the replay server, each as host and port.
    """

    sight: Sight
    view: bytes
    full_page: bytes
    failures: list[str]
    refused: list[str]
    reached: list[str]


class Check(NamedTuple):
    """One comparison, as the table shows it."""

    page: str
    name: str
    expected: str
    found: str
    passed: bool


class Missing(Exception):
    """Something that this machine lacks."""


def player() -> Path:
    """The folder with ReplayWeb.page as it was built, fetched with npm when it is not there yet."""
    package = CACHE / f"{PLAYER}.tgz"
    if not package.is_file():
        _fetch(package)
    if hashlib.sha256(package.read_bytes()).hexdigest() != PLAYER_SHA256:
        raise Missing(f"{package} is not the package that was expected, and is not used. Delete it and try again.")
    with tarfile.open(package) as archive:
        archive.extractall(CACHE / PLAYER, filter="data")
    return CACHE / PLAYER / "package"


def _fetch(package: Path) -> None:
    """Have npm fetch the package as it is; installing it would fail on what the desktop application needs."""
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("npm is not there. Install it with: apt-get install npm (Debian), or from https://nodejs.org")
    package.parent.mkdir(exist_ok=True)
    name = "@".join(PLAYER.rsplit("-", 1))
    command = [npm, "pack", name, "--pack-destination", str(package.parent), "--loglevel=error"]
    done = subprocess.run(command, cwd=package.parent, capture_output=True, text=True, check=False)
    if done.returncode or not package.is_file():
        raise Missing(f"npm could not fetch {name}; is the network there?\n{done.stderr.strip()[-500:]}")


def chosen(world: World) -> dict[str, Listing]:
    """A listing of each marketplace: with several photos, and Namu's in Korean and with photos that a script loads."""
    return {
        name: next(
            listing
            for listing in world.listings
            if listing.marketplace == name
            and listing.available
            and len(listing.images) > 1
            and (name != "namu" or (listing.lazy and any("가" <= letter <= "힣" for letter in listing.title)))
        )
        for name in SELECTORS
    }


async def originals(executable: str, demo: Demo) -> list[Original]:
    """Record the listings and note what they show, each in a browser of its own."""
    addresses = {name: demo.url(name) + listing.path for name, listing in chosen(demo.world).items()}
    targets = frozenset(Target(HOST, urlsplit(address).port or 80) for address in addresses.values())
    recorder = Recorder(executable, user_agent=USER_AGENT, language=LANGUAGE, open_targets=targets)
    try:
        recordings = {
            name: await recorder.record(Wanted(address, wait_for=SELECTORS[name].heading))
            for name, address in addresses.items()
        }
    finally:
        await recorder.close()
    async with browser(executable) as eyes:
        return [
            Original(name, recordings[name], await sight_of_original(eyes, address, SELECTORS[name]))
            for name, address in addresses.items()
        ]


@asynccontextmanager
async def browser(executable: str, proxy: str | None = None) -> AsyncIterator[Browser]:
    """A browser that shows pictures; with ``proxy``, which everything must pass."""
    options = launch_options(executable, images=True)
    if proxy:
        options["proxy"] = {"server": proxy, "bypass": "<-loopback>"}
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(**options)
        try:
            yield started
        finally:
            await started.close()


async def new_page(eyes: Browser) -> Page:
    """A tab of its own context, so without a cache, which looks at pages as the recorder does."""
    width, height = VIEWPORT
    context = await eyes.new_context(
        user_agent=USER_AGENT, locale=LANGUAGE, timezone_id="UTC", viewport={"width": width, "height": height}
    )
    return await context.new_page()


async def sight_of_original(eyes: Browser, address: str, selectors: Selectors) -> Sight:
    """What the marketplace's own page shows."""
    page = await new_page(eyes)
    await page.goto(address)
    return await whole_sight(page, page.locator("html"), selectors)


async def whole_sight(page: Page, root: Locator, selectors: Selectors) -> Sight:
    """What a page shows once all of it is in view: a window as tall as the page needs no scrolling."""
    sight = await still_sight(page, root, selectors)
    await page.set_viewport_size({"width": VIEWPORT[0], "height": max(VIEWPORT[1], sight.height)})
    return await still_sight(page, root, selectors)


async def still_sight(page: Page, root: Locator, selectors: Selectors) -> Sight:
    """What a page shows once nothing about it changes."""
    await root.locator(selectors.heading).wait_for(timeout=CONTENT_SECONDS * 1000)
    sight: Sight | None = None
    for _ in range(MOST_READINGS):
        before = sight
        sight = msgspec.convert(await root.evaluate(_SIGHT, selectors._asdict()), Sight)
        if sight == before and not any(photo.pending for photo in sight.photos):
            return sight
        await page.wait_for_timeout(STILL_SECONDS * 1000)
    assert sight is not None  # there were readings
    return sight  # which still changes; the comparisons say what is missing


def altered(original: Original) -> Original:
    """Plaza's recording, made to say something else and without its first photo: what every comparison must notice."""
    recording = original.recording
    lost = next(exchange.url for exchange in recording.exchanges if exchange.kind == "image")
    kept = (exchange for exchange in recording.exchanges if exchange.url != lost)
    return original._replace(recording=msgspec.structs.replace(recording, exchanges=tuple(map(_retold, kept))))


def _retold(exchange: Exchange) -> Exchange:
    if "/api/listing/" not in exchange.url:
        return exchange
    told = json.loads(exchange.body)
    told["title"] += " (altered)"
    told["price"]["display"] = "$0.01"
    told["specs"][0]["value"] = "altered"
    return msgspec.structs.replace(exchange, body=json.dumps(told).encode())


@asynccontextmanager
async def replay_server(
    player_folder: Path, out: Path, archives: Mapping[str, Original]
) -> AsyncIterator[tuple[int, list[str]]]:
    """Serve the player, and for each archive a page that embeds it; gives the port, and what was not found there."""
    template = Template((Path(__file__).with_suffix(".html")).read_text(encoding="utf-8"))
    unknown: list[str] = []

    async def embedding(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        url = html.escape(archives[name].recording.circumstances.page_url)
        text = template.substitute(source=f"{name}.wacz", url=url)
        return web.Response(text=text, content_type="text/html")

    async def archive(request: web.Request) -> web.StreamResponse:
        path = out / f"{request.match_info['name']}.wacz"  # the player asks for ranges of it
        return web.FileResponse(path, headers={"Content-Type": "application/wacz"})

    async def nothing(request: web.Request) -> web.StreamResponse:
        unknown.append(request.path)
        raise web.HTTPNotFound

    app, names = web.Application(), "|".join(archives)
    app.router.add_get(f"/{{name:{names}}}.html", embedding)
    app.router.add_get(f"/{{name:{names}}}.wacz", archive)
    for path in ("/ui.js", "/replay/ui.js", "/replay/sw.js"):
        app.router.add_get(path, _file(player_folder / path.rsplit("/", 1)[1]))
    app.router.add_route("*", "/{rest:.*}", nothing)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        yield runner.addresses[0][1], unknown
    finally:
        await runner.cleanup()


def _file(path: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path, headers={"Content-Type": "text/javascript"})

    return answer


async def replayed(executable: str, name: str, marketplace: str, port: int, failed: Path) -> Seen:
    """Open one archive in a new browser whose only way out leads to the replay server.

    ``failed``: where a picture goes of what was there instead of the page.
    """

    async def resolve(host: str, wanted: int) -> list[str]:
        if (host, wanted) == (HOST, port):
            return [HOST]
        raise OSError("nothing but the replay server may be reached")

    proxy = Proxy(frozenset({Target(HOST, port)}), resolve=resolve)
    try:
        async with browser(executable, await proxy.start()) as eyes:
            page, failures = await new_page(eyes), list[str]()
            page.on("response", lambda answer: failures.extend(failure(answer)))
            await page.goto(f"http://{HOST}:{port}/{name}.html")
            root = page.frame_locator("replay-web-page iframe").frame_locator("wr-coll-replay iframe").locator("html")
            try:
                await still_sight(page, root, SELECTORS[marketplace])
            except PlaywrightTimeout:
                await page.screenshot(path=failed)
                raise
            view = await page.screenshot(animations="disabled")
            sight = await whole_sight(page, root, SELECTORS[marketplace])
            full_page = await page.screenshot(animations="disabled")
    finally:
        await proxy.close()
    reached = [f"{target.host}:{target.port}" for target in proxy.addresses if target != Target(HOST, port)]
    return Seen(sight, view, full_page, failures, list(proxy.refused), reached)


def failure(answer: Response) -> Iterator[str]:
    """The archived address of an answer that says that it is not there; the player's own answers have none."""
    _, replayed_from, address = answer.url.partition("_/")
    if answer.status >= 400 and replayed_from:
        yield address


async def stopped(address: str) -> str:
    """What a connection to an address's server ends in."""
    parts = urlsplit(address)
    try:
        _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except ConnectionRefusedError:
        return "refused"
    writer.close()
    return "connected"


def comparisons(name: str, original: Original, seen: Seen) -> Iterator[Check]:
    """What a replayed page shows, held against what the original showed."""
    before, after = original.sight, seen.sight
    for what, expected, found in (
        ("heading", before.heading, after.heading),
        ("title", before.page_title, after.page_title),
        ("price", before.price, after.price),
        ("particulars", before.particulars, after.particulars),
        ("all text", f"{len(before.text)} letters: {before.text}", f"{len(after.text)} letters: {after.text}"),
        ("photos", _listed(before.loaded()), _listed(after.loaded())),
    ):
        yield Check(name, what, expected, found, expected not in NOTHING and expected == found)
    yield Check(name, "lacking in the archive", _listed([]), _listed(seen.failures), not seen.failures)
    for what, there, here in (
        ("view", original.recording.view, seen.view),
        ("full page", original.recording.full_page, seen.full_page),
    ):
        share = differing(there, here)
        yield Check(name, what, f"≤ {MOST_DIFFERING:.2%} of pixels differ", f"{share:.3%}", share <= MOST_DIFFERING)


def _listed(values: Sequence[str]) -> str:
    return ": ".join((str(len(values)), ", ".join(values))) if values else "0"


def differing(there: bytes, here: bytes) -> float:
    """The share of pixels in which two pictures differ; all of them where their sizes do."""
    first, second = picture(there), picture(here)
    if first.size != second.size:
        return 1.0
    changed = changes(first, second)
    return sum(changed.histogram()[1:]) / (changed.width * changed.height)


def changes(first: Image.Image, second: Image.Image) -> Image.Image:
    """Where two pictures of one size differ: 255 there, 0 elsewhere."""
    bands = ImageChops.difference(first, second).split()
    most = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    return most.point(lambda value: 255 if value else 0)


def picture(png: bytes) -> Image.Image:
    """A PNG, decoded."""
    return Image.open(io.BytesIO(png)).convert("RGB")


def side_by_side(there: bytes, here: bytes) -> Image.Image:
    """The original, the replay, and in black where they differ."""
    first, second = picture(there), picture(here)
    size = (max(first.width, second.width), max(first.height, second.height))
    panels = [Image.new("RGB", size, "white") for _ in range(2)]
    for panel, shown in zip(panels, (first, second), strict=True):
        panel.paste(shown)
    panels.append(ImageChops.invert(changes(*panels)).convert("RGB"))
    gap = 24
    sheet = Image.new("RGB", (3 * size[0] + 2 * gap, size[1]), "steelblue")
    for place, panel in enumerate(panels):
        sheet.paste(panel, (place * (size[0] + gap), 0))
    return sheet


def keep(out: Path, name: str, original: Original, seen: Seen) -> None:
    """Write the pictures of a page before and after, and both beside one another."""
    pairs = {"view": (original.recording.view, seen.view), "full": (original.recording.full_page, seen.full_page)}
    for what, (there, here) in pairs.items():
        (out / f"{name}-{what}-original.png").write_bytes(there)
        (out / f"{name}-{what}-replay.png").write_bytes(here)
        side_by_side(there, here).save(out / f"{name}-{what}-side-by-side.png")


def by_script(original: Original) -> Check:
    """Whether replaying scripts is put to the test: what they bring must not be in the document that was sent."""
    facts = original.recording.circumstances
    sent = next(one.body for one in original.recording.exchanges if one.url == facts.page_url).decode()
    photo = original.sight.loaded()[0].split()[0]
    what, needle = {
        "namu": ("photo before scripts", f' src="/img/{photo}"'),
        "plaza": ("price before scripts", original.sight.price),
    }[original.marketplace]
    found = "there" if needle in sent else "not there"
    return Check(original.marketplace, what, "not there", found, found == "not there")


async def without_server(original: Original) -> Check:
    """Whether the marketplace is gone."""
    found = await stopped(original.recording.circumstances.page_url)
    return Check(original.marketplace, "a connection to its server", "refused", found, found == "refused")


def alone(name: str, original: Original, seen: Seen) -> Iterator[Check]:
    """Whether the replay came from nowhere else, and did not even ask its old server."""
    server = urlsplit(original.recording.circumstances.page_url).netloc
    asked = seen.refused.count(server)
    yield Check(name, "requests to its old server", "0", str(asked), asked == 0)
    others = f"{len(seen.reached)}, {len(seen.refused)} refused"
    yield Check(name, "requests answered elsewhere", "0", others, not seen.reached)


async def suite(executable: str, player_folder: Path, out: Path) -> list[Check]:
    """Everything from recording to the comparisons."""
    print("Recording a listing of each demo marketplace …", file=sys.stderr)
    async with await serve(await asyncio.to_thread(build_world, SEED)) as demo:
        recorded = await originals(executable, demo)
    checks = [await without_server(one) for one in recorded] + [by_script(one) for one in recorded]
    archives = {one.marketplace: one for one in recorded}
    archives[ALTERED] = altered(archives["plaza"])
    for name, one in archives.items():
        (out / f"{name}.wacz").write_bytes(write_wacz(one.recording, title=one.sight.page_title).body)
    async with replay_server(player_folder, out, archives) as (port, unknown):
        for name, one in archives.items():
            print(f"Replaying {name}.wacz …", file=sys.stderr)
            checks += await outcome(executable, name, one, port, out)
    return [*checks, Check("replay server", "requests past the archive", _listed([]), _listed(unknown), not unknown)]


async def outcome(executable: str, name: str, original: Original, port: int, out: Path) -> list[Check]:
    """What the replay of one archive comes to; of the altered one, whether each comparison notices."""
    try:
        seen = await replayed(executable, name, original.marketplace, port, out / f"{name}-failed.png")
    except PlaywrightTimeout:
        return [Check(name, "replay", "the page", f"nothing within {CONTENT_SECONDS:g} s", False)]
    keep(out, name, original, seen)
    print(f"  The browser was refused: {', '.join(sorted({*seen.refused})) or 'nothing'}", file=sys.stderr)
    compared = list(comparisons(name, original, seen))
    if name == ALTERED:
        return [noticed(check) for check in compared]
    return [*compared, *alone(name, original, seen)]


def noticed(check: Check) -> Check:
    """A comparison with the altered archive, which is as it should be when it fails."""
    found = "not noticed" if check.passed else "noticed"
    return check._replace(expected="noticed", found=found, passed=not check.passed)


def table(checks: Sequence[Check]) -> Table:
    """The checks, a line each."""
    made = Table("page", "check", "expected", "found", "", box=None, padding=(0, 2, 0, 0))
    for check in checks:
        texts = (check.page, check.name, *excerpts(check.expected, check.found))
        made.add_row(*map(Text, texts), Text("ok" if check.passed else "FAILED"))
    return made


def excerpts(expected: str, found: str) -> tuple[str, str]:
    """Two texts shortened for the table, to where they begin to differ."""
    pairs = enumerate(zip(expected, found, strict=False))
    same = next((place for place, (one, other) in pairs if one != other), min(len(expected), len(found)))
    start = 0 if expected == found or same < LONGEST else same - 10
    return _short(expected, start), _short(found, start)


def _short(text: str, start: int) -> str:
    line = " ".join(text[start:].split())
    cut = set_cell_size(line, LONGEST - 1) + "…" if cell_len(line) > LONGEST else line
    return f"{'…' if start else ''}{cut}"


def main() -> int:
    """Run the suite and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.replay", description="Replays archived pages, offline.")
    parser.add_argument("--out", type=Path, default=CACHE / "out", help="where archives and pictures go")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        checks = asyncio.run(suite(find_browser(), player(), out))
    except (ConfigurationError, Missing, NotRecorded) as error:
        print(*filter(None, (str(error), getattr(error, "hint", None))), sep="\n", file=sys.stderr)
        return 2
    Console(width=150, highlight=False).print(table(checks))
    failed = sum(not check.passed for check in checks)
    took = f"{time.monotonic() - began:.0f} s"
    print(f"\n{len(checks) - failed} of {len(checks)} passed in {took}; pictures are in {os.path.relpath(out)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
