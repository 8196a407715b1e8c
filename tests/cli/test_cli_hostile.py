"""Sweeping a shop that means harm: whatever a page does is bounded and told, and costs the other pages nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import brotli  # type: ignore[import-untyped]
import pytest
from aiohttp import web

from tests.cli.hostile_shop import Page, Swept, drip, goods, photo, pour, send_round, squeezed, sweep

MOST_MEGABYTES = 288  # of the crawling process; a sweep of honest pages takes 170
MOST_BROWSER_MEGABYTES = (
    1800  # of one process of the browser, which is looked at four times a second; the page wants 4,000
)
MOST_SECONDS = 60  # of a sweep on a busy machine: three tries at 2.5 or 5 seconds, and the start of a browser
BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
FIRST = {f"/item/honest-{letter}": goods(number) for number, letter in enumerate("abcd", 1)}
LAST = {f"/item/honest-{letter}": goods(number) for number, letter in enumerate("efg", 5)}
HONEST = {**FIRST, **LAST}


def as_kind(body: str | bytes, kind: str, **headers: str) -> web.Response:
    """A page that says it is of some kind."""
    return web.Response(
        body=body.encode() if isinstance(body, str) else body, headers={"Content-Type": kind, **headers}
    )


def packed(body: bytes, encoding: str) -> web.Response:
    """A page that says how it is compressed."""
    return as_kind(body, "text/html", **{"Content-Encoding": encoding})


def scripted(number: int, code: str) -> str:
    """A listing with a script at its end."""
    return goods(number, end=f"<script>{code}</script>")


COVER = "style='position:fixed;inset:0;z-index:999'"
OVERLAYS = {
    "banner": f"<div class=cookie-banner {COVER}><h2>We value your privacy</h2><p>Accept, and save €5,00</p></div>",
    "headed": f"<div role=dialog aria-modal=true {COVER}><h1>We value your privacy</h1><p>Save €5,00</p></div>",
    "dialog": "<dialog open><h1>Your cookies, your choice</h1><p class=price>€5,00</p><button>Buy</button></dialog>",
    "priced": f"<div id=consent role=dialog {COVER}><h2>Cookies</h2><b class='price'>€3,99</b> a month</div>",
}
COVERED = {
    **{f"/item/{name}-above": goods(40 + n, top=cover) for n, (name, cover) in enumerate(OVERLAYS.items())},
    **{f"/item/{name}-below": goods(50 + n, end=cover) for n, (name, cover) in enumerate(OVERLAYS.items())},
}
UNREAD = ("/item/headed-below", "/item/priced-below")  # a browser waits eleven seconds for what it does not find there
SEEN_COVERED = {path: page for path, page in COVERED.items() if path not in UNREAD}
PRODUCT = (
    '{"@type":"Product","name":"Goods 27","image":"/photo/27.png","offers":{"price":"27.5","priceCurrency":"EUR"}}'
)
LAZY = {
    "/item/data-src": goods(20, picture=f"<img src='{BLANK}' data-src='/photo/20.png' loading=lazy>"),
    "/item/data-original": goods(21, picture="<img src='/blank.png' data-original='/photo/21.png'>"),
    "/item/noscript": goods(22, picture=f"<img src='{BLANK}'><noscript><img src='/photo/22.png'></noscript>"),
    "/item/srcset": goods(23, picture=f"<img src='{BLANK}' srcset='/photo/23.png 1x'>"),
    "/item/data-srcset": goods(24, picture="<img src='/blank.png' data-srcset='/photo/24.png 800w'>"),
    "/item/source": goods(25, picture=f"<picture><source srcset='/photo/25.png'><img src='{BLANK}'></picture>"),
    "/item/loading": goods(26, picture="<img loading=lazy src='/photo/26.png'>"),
    "/item/declared": goods(
        27,
        head=f"<script type='application/ld+json'>{PRODUCT}</script>",
        picture="<img src='/blank.png' data-src='/photo/28.png'>",
    ),
    "/item/shared": goods(
        29,
        head="<meta property='og:image' content='/photo/29.png'>",
        picture="<img src='/blank.png' data-src='/photo/30.png'>",
    ),
}
FILE = as_kind(b"x" * 1000, "application/octet-stream", **{"Content-Disposition": "attachment; filename=a.bin"})
SAVES = "let a = document.createElement('a'); a.href = '/file'; a.download = 'f'; document.body.append(a); a.click()"
ANNOYING = {
    "/item/dialogs": scripted(60, "alert('Goods for free'); confirm('Sure?'); prompt('Who?')"),
    "/item/stays": scripted(
        61, "onbeforeunload = event => { event.preventDefault(); return event.returnValue = 'stay' }"
    ),
    "/item/popups": scripted(62, "for (let i = 0; i < 3; i++) window.open('/popup?' + i)"),
    "/item/downloads": scripted(63, f"for (let i = 0; i < 5; i++) {{ {SAVES} }}"),
    "/item/prints": scripted(64, "print()"),
}
GREEDY = "let held = []; for (let i = 0; i < 40; i++) held.push(new Uint8Array(1e8).fill(1)); while (true) {}"


def http() -> Mapping[str, Page]:
    """What HTTP alone can do to a crawler, without being slow."""
    return {
        "/item/poured": pour,
        "/item/gzip": packed(squeezed(200), "gzip"),
        "/item/gzip-twice": packed(squeezed(400, times=2), "gzip, gzip"),
        "/item/brotli": packed(brotli.compress(bytes(200 * 2**20), quality=1), "br"),
        "/item/round": send_round,
        "/item/deep": goods(10, top="<div>" * 200_000),
        "/item/deep-below": goods(11, end="<div>" * 200_000),
        "/item/said-to-be-a-photo": as_kind(goods(12), "image/png"),
        "/item/is-a-photo": as_kind(photo(13), "text/html"),
        "/item/photo-as-page": goods(14),
        "/item/page-as-photo": goods(15),
    }


def readable() -> Mapping[str, Page]:
    """Honest pages that are not easy to read, and a huge one."""
    return {"/item/huge": goods(17) + "<p>" + "x y " * 13_000_000, **LAZY, **COVERED}


def browser() -> Mapping[str, Page]:
    """What a page can do to a browser."""
    hanging: dict[str, Page] = {
        "/item/file": FILE,
        "/item/hangs": scripted(70, "while (true) {}"),
        "/item/hangs-later": scripted(71, "setTimeout(() => { while (true) {} }, 50)"),
    }
    return {**hanging, **ANNOYING, **SEEN_COVERED}


SWEEPS: dict[str, tuple[Callable[[], Mapping[str, Page]], str]] = {
    "http": (http, "http"),
    "slow": (lambda: {"/item/slow": drip, "/item/slow-photo": goods(16)}, "http"),
    "readable": (readable, "http"),
    "browser": (browser, "browser"),
    "greedy": (lambda: {"/item/greedy": scripted(72, GREEDY)}, "browser"),
}


class Shop:
    """The sweeps, each made once and looked at by many tests."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self.factory = factory
        self.done: dict[str, tuple[Swept, list[str]]] = {}

    def sweep(self, name: str) -> Swept:
        """What a sweep over honest pages and such hostile ones came to."""
        return self.of(name)[0]

    def of(self, name: str) -> tuple[Swept, list[str]]:
        """The same, with the paths of all its listings."""
        if name not in self.done:
            make, rendering = SWEEPS[name]
            pages = {**FIRST, **make(), **LAST}
            more: dict[str, Page] = {f"/photo/{number}.png": photo(number) for number in range(100)}
            more |= {"/blank.png": photo(200), "/popup": "<h1>Buy this</h1>", "/file": FILE}
            more |= {
                "/photo/14.png": as_kind(photo(14), "text/html"),
                "/photo/15.png": goods(15),
                "/photo/16.png": drip,
            }
            swept = sweep(self.factory.mktemp(name), pages, rendering=rendering, more=more)
            self.done[name] = swept, list(pages)
        return self.done[name]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The sweeps of this file."""
    return Shop(tmp_path_factory)


@pytest.mark.parametrize("name", SWEEPS)
def test_a_hostile_page_costs_the_others_nothing(shop: Shop, name: str) -> None:
    """Every honest listing of the sweep is stored, with its title, its price and its photo looked at."""
    swept = shop.sweep(name)
    for number, path in enumerate(HONEST, 1):
        listing = swept.listings[path]
        assert (listing.title, str(listing.offer.price)) == (f"Goods {number}", f"€{number}.50")
        assert [image.url.rpartition("/")[2] for image in listing.images] == [f"{number}.png"]
        assert all(image.fingerprint for image in listing.images)


@pytest.mark.parametrize("name", SWEEPS)
def test_every_address_is_accounted_for(shop: Shop, name: str) -> None:
    """The report counts each page once; none is left open, none is blamed on the program."""
    swept, paths = shop.of(name)
    assert sum(swept.report.pages.values()) == len(paths) + 1, "and the page of results"
    assert swept.progress.open == 0
    assert swept.report.listings == len(swept.listings)
    assert not [line for line in swept.report.problems if "fault of ours" in line]
    assert "Traceback" not in swept.err


@pytest.mark.parametrize("name", SWEEPS)
def test_a_hostile_page_is_bounded(shop: Shop, name: str) -> None:
    """Neither the memory of the crawling process nor the time of the sweep grows with what a page sends or does."""
    swept = shop.sweep(name)
    assert swept.peak < MOST_MEGABYTES
    assert swept.seconds < MOST_SECONDS


@pytest.mark.parametrize(
    ("name", "words", "path"),
    [
        pytest.param("slow", "took longer than", "/item/slow", id="a byte a second"),
        pytest.param("readable", "larger than", "/item/huge", id="50 MB"),
        pytest.param("http", "lacking title", "/item/deep", id="nested 200,000 deep"),
        pytest.param("http", "lacking title", "/item/is-a-photo", id="a photo for a page"),
        pytest.param("browser", "Timeout", "/item/hangs", id="a script that hangs"),
        pytest.param("browser", "Page.goto", "/item/file", id="a download for a page"),
        pytest.param("greedy", "crashed|Timeout", "/item/greedy", id="a script that takes memory"),
        ("http", "exceeded DOWNLOAD_MAXSIZE", "/item/gzip"),
        ("http", "exceeded DOWNLOAD_MAXSIZE", "/item/gzip-twice"),
        ("http", "exceeded DOWNLOAD_MAXSIZE", "/item/brotli"),
        ("http", "redirections", "/item/round"),
        ("http", "more than 8 MB", "/item/poured"),
        ("browser", "TimeoutError: not done within", "/item/hangs-later"),
    ],
)
def test_what_is_not_had_is_named_with_the_reason(shop: Shop, name: str, words: str, path: str) -> None:
    """A page that could not be had or read is on the list of those given up, and the sweep is not complete."""
    swept = shop.sweep(name)
    letter = swept.dead[path]
    assert re.search(words, letter.note)
    assert letter.note.partition(": ")[2].strip(), f"no reason is given: {letter.note!r}"
    assert letter.status in ("error", "empty")
    assert swept.report.status == "partial"


@pytest.mark.parametrize("path", ["/item/round", "/item/gzip", "/item/slow"])
def test_a_hostile_page_is_asked_for_a_few_times_only(shop: Shop, path: str) -> None:
    """A redirect that never ends is followed five times, and no page is tried more than three times."""
    swept = shop.sweep("slow" if path == "/item/slow" else "http")
    assert 1 <= swept.asked.count(path) <= (6 if path == "/item/round" else 3)


def test_a_photo_that_never_ends_leaves_its_listing(shop: Shop) -> None:
    """The listing is stored without the photo, and the report says that photos are lacking."""
    swept = shop.sweep("slow")
    (image,) = swept.listings["/item/slow-photo"].images
    assert image.sha256 is None
    assert "images that could not be fetched" in swept.report.problems


@pytest.mark.parametrize("number", [12, 14, 15])
def test_a_wrong_content_type_costs_no_listing(shop: Shop, number: int) -> None:
    """A page said to be a photo is read, a photo said to be a page is looked at, and a page for a photo is none."""
    swept = shop.sweep("http")
    (listing,) = (one for one in swept.listings.values() if one.title == f"Goods {number}")
    (image,) = listing.images
    assert str(listing.offer.price) == f"€{number}.50"
    assert bool(image.fingerprint) == (number != 15)


def test_what_stands_before_the_depth_is_read(shop: Shop) -> None:
    """A listing above 200,000 nested elements is a listing."""
    assert shop.sweep("http").listings["/item/deep-below"].title == "Goods 11"


@pytest.mark.parametrize("path", ANNOYING)
def test_what_a_script_opens_is_not_in_the_way(shop: Shop, path: str) -> None:
    """Dialogs, popups, downloads, print and a page that will not be left: its listing is read like any other."""
    listing = shop.sweep("browser").listings[path]
    number = 60 + list(ANNOYING).index(path)
    assert (listing.title, str(listing.offer.price)) == (f"Goods {number}", f"€{number}.50")


def test_a_page_in_the_browser_is_bounded(shop: Shop) -> None:
    """No process of the browser takes much more memory than honest pages need."""
    assert shop.sweep("greedy").peak_browser < MOST_BROWSER_MEGABYTES


def test_honest_and_annoying_pages_need_little_of_the_browser(shop: Shop) -> None:
    """What the bound above is meant for: popups, dialogs and scripts that hang stay far below it."""
    assert shop.sweep("browser").peak_browser < MOST_BROWSER_MEGABYTES


PLACEHOLDER = "a selector for src takes the placeholder, and nothing looks at where the real address stands beside it"


@pytest.mark.parametrize("path", LAZY)
def test_lazy_photos_are_the_real_ones(shop: Shop, path: str) -> None:
    """Where a page shows a placeholder until a script runs, the listing has the photo and not the placeholder."""
    listing = shop.sweep("readable").listings[path]
    number = 20 + list(LAZY).index(path) + (path == "/item/shared")
    assert [image.url.partition("/photo/")[2] for image in listing.images] == [f"{number}.png"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        *(("readable", path) for path in COVERED),
        *(("browser", path) for path in SEEN_COVERED),
    ],
)
def test_an_overlay_is_not_the_listing(shop: Shop, name: str, path: str) -> None:
    """Under a consent dialog, over HTTP and by browser, the listing is read and the dialog is no title and no price."""
    listing = shop.sweep(name).listings[path]
    row = list(COVERED).index(path)
    number = 40 + row if row < len(OVERLAYS) else 50 + row - len(OVERLAYS)
    assert (listing.title, str(listing.offer.price)) == (f"Goods {number}", f"€{number}.50")
