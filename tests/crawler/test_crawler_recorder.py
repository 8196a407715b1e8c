"""Recording pages: everything that a browser was given is kept, and no page takes more than it may."""

import asyncio
import datetime
import gzip
import io
import ipaddress
import os
import signal
import socket
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import brotli
import psutil
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from PIL import Image

from crawler.browser import find_browser
from crawler.proxy import Target
from crawler.recorder import Bounds, Recorder, Wanted
from fixtures.serving import served
from touchstone.errors import NotRecorded
from touchstone.recording import Exchange, Recording

LOOPBACK = "127.0.0.1"
ROOMY = Bounds(seconds=40)
Page = str | Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """A shop whose pages can be set, and what it was asked for: method, path and cookies."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.closing = False
        self.app = web.Application()
        self.app.router.add_route("*", "/{path:.*}", self._answer)

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [path for _, path, _ in self.asked]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path, dict(request.cookies)))
        page = self.pages.get(request.path)
        if page is None:
            raise web.HTTPNotFound
        return web.Response(text=page, content_type="text/html") if isinstance(page, str) else await page(request)

    async def never(self, request: web.Request) -> web.StreamResponse:
        """No answer, as long as the site is there."""
        while not self.closing:
            await asyncio.sleep(0.05)
        return web.Response()

    async def pour(self, request: web.Request) -> web.StreamResponse:
        """An answer of 8 MB whose length is not told beforehand."""
        going = web.StreamResponse(headers={"Content-Type": "text/html"})
        await going.prepare(request)
        for _ in range(1000):
            if self.closing or request.transport is None:
                break
            await going.write(b"<p>" + b"x " * 4000)
        return going


class Studio:
    """A recorder with a loop of its own, a shop that it may go to, and another on the same machine that it may not."""

    def __init__(self, site: Site, url: str, inner: Site, inward: str) -> None:
        self.site, self.url, self.inner, self.inward = site, url, inner, inward
        self.loop = asyncio.new_event_loop()
        self.closed = free_port()
        ports = (urlsplit(url).port or 0, self.closed)
        self.recorder = Recorder(
            find_browser(), user_agent="Touchstone/0 tests", language="en",
            open_targets=frozenset(Target(host, port) for host in (LOOPBACK, "localhost") for port in ports),
        )  # fmt: skip

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something on the recorder's loop."""
        return self.loop.run_until_complete(work)

    def record(self, page: Page, *, bounds: Bounds = ROOMY, **wanted: Any) -> Recording:
        """Record a page of the shop."""
        self.site.pages["/page"] = page
        return self.visit(f"{self.url}/page", bounds=bounds, **wanted)

    def visit(self, url: str, *, bounds: Bounds = ROOMY, **wanted: Any) -> Recording:
        """Record an address."""
        self.recorder._bounds = bounds
        recording = self.call(self.recorder.record(Wanted(url, **wanted)))
        assert isinstance(recording, Recording)
        return recording

    def refused(self, page: Page, *, bounds: Bounds = ROOMY) -> str:
        """Why a page was not recorded."""
        with pytest.raises(NotRecorded) as caught:
            self.record(page, bounds=bounds)
        return caught.value.message


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def _studio() -> Iterator[Studio]:
    with ExitStack() as stack:
        site, inner = Site(), Site()
        studio = Studio(site, stack.enter_context(served(site.app)), inner, stack.enter_context(served(inner.app)))
        try:
            yield studio
        finally:
            studio.call(studio.recorder.close())
            studio.call(studio.loop.shutdown_default_executor())
            studio.loop.close()
            site.closing = inner.closing = True


@pytest.fixture
def studio(_studio: Studio) -> Studio:
    """The studio with an empty shop."""
    for site in (_studio.site, _studio.inner):
        site.pages.clear()
        site.asked.clear()
    return _studio


def of(recording: Recording, path: str) -> Exchange:
    """The last exchange of a path."""
    return [one for one in recording.exchanges if urlsplit(one.url).path == path][-1]


def picture() -> bytes:
    """A small PNG."""
    held = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 30, 30)).save(held, "PNG")
    return held.getvalue()


def answering(body: bytes | str = b"", status: int = 200, **headers: str) -> Page:
    """A page that answers with this."""

    async def answer(request: web.Request) -> web.StreamResponse:
        made = body if isinstance(body, bytes) else body.encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=made, status=status, headers={"Content-Type": "text/html; charset=utf-8", **named})

    return answer


def leading(to: str, status: int) -> Page:
    """A page that leads elsewhere."""
    return answering(status=status, Location=to)


def scripted(script: str, body: str = "<h1>goods</h1>") -> str:
    """A page with a script."""
    return f"<!doctype html><title>Goods</title>{body}<script>{script}</script>"


# What is kept


def test_a_recording_has_the_page_its_pictures_and_its_circumstances(studio: Studio) -> None:
    """What scripts rendered is in the document and the text; times are in order and in UTC; the server's address is there."""
    recording = studio.record(scripted("setTimeout(() => document.body.append('가격 39,000원'), 300)"))
    facts = recording.circumstances
    assert recording.title == "Goods"
    assert "가격 39,000원" in recording.text and "가격 39,000원" in recording.document
    assert (facts.asked, facts.page_url, facts.final_url) == (f"{studio.url}/page",) * 3
    assert (facts.status, facts.server_address, facts.certificates) == (200, LOOPBACK, ())
    assert facts.started_at <= facts.page_at <= facts.ended_at
    assert facts.page_at.utcoffset() == datetime.timedelta(0)
    assert facts.browser.startswith("Chromium ")
    assert (facts.bounds, facts.lost, facts.missing_images, facts.redactions) == ((), (), (), ())
    assert of(recording, "/page").address == LOOPBACK
    assert dict(of(recording, "/page").request_headers)["User-Agent"] == "Touchstone/0 tests"
    assert Image.open(io.BytesIO(recording.view)).size == (1440, 900)


def test_encoded_answers_are_kept_decoded(studio: Studio) -> None:
    """Bodies are what the browser read, while the headers still say how they were sent."""
    studio.site.pages["/br"] = answering(brotli.compress("브로틀리".encode()), Content_Encoding="br")
    page = gzip.compress(scripted("fetch('/br').then(r => r.text()).then(t => document.body.append(t))").encode())
    recording = studio.record(answering(page, Content_Encoding="gzip"))
    assert "브로틀리" in recording.text
    assert of(recording, "/br").body == "브로틀리".encode()
    assert of(recording, "/page").body == gzip.decompress(page)
    assert ("Content-Encoding", "br") in of(recording, "/br").headers
    assert ("Content-Encoding", "gzip") in of(recording, "/page").headers


def test_each_step_of_a_redirect_is_an_exchange(studio: Studio) -> None:
    """302, 301, page: three exchanges, of which the last is the page."""
    studio.site.pages["/moved"] = leading("/here", 301)
    studio.site.pages["/here"] = "<h1>here</h1>"
    recording = studio.record(leading("/moved", 302))
    steps = [one for one in recording.exchanges if urlsplit(one.url).path != "/robots.txt"]
    assert [(urlsplit(one.url).path, one.status, one.kind == "page") for one in steps] == [
        ("/page", 302, False), ("/moved", 301, False), ("/here", 200, True),
    ]  # fmt: skip
    assert dict(steps[0].headers)["Location"] == "/moved"
    facts = recording.circumstances
    assert (facts.asked, facts.page_url, facts.status) == (f"{studio.url}/page", f"{studio.url}/here", 200)


def test_an_answer_without_a_body_is_kept(studio: Studio) -> None:
    """204 is an exchange with an empty body, which is no shortcoming; its reason is filled in where none was sent."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=204, reason="")

    studio.site.pages["/empty"] = answer
    recording = studio.record(scripted("fetch('/empty')"))
    found = of(recording, "/empty")
    assert (found.status, found.reason, found.body, found.without_body) == (204, "No Content", b"", None)
    assert recording.circumstances.lost == ()


def test_an_answer_that_was_still_good_is_kept_as_it_was_read(studio: Studio) -> None:
    """Where the server said 304, the browser read what it had, and so the exchange has a body."""

    async def answer(request: web.Request) -> web.StreamResponse:
        known = request.headers.get("If-None-Match") == '"x"'
        headers = {"ETag": '"x"', "Cache-Control": "max-age=0"}
        return web.Response(status=304, headers=headers) if known else web.Response(text="same", headers=headers)

    studio.site.pages["/same"] = answer
    twice = "(async () => { for (const cache of ['default', 'no-cache']) document.body.append(await (await fetch('/same', {cache})).text()) })()"
    recording = studio.record(scripted(twice))
    assert "samesame" in recording.text
    assert [one.body for one in recording.exchanges if one.url.endswith("/same")] == [b"same", b"same"]


def test_a_body_that_the_browser_did_not_keep_is_said_to_be_lost(studio: Studio) -> None:
    """An answer too large for the browser's memory of answers stands with its headers, and among what was lost."""
    studio.site.pages["/large"] = answering(b"x" * 25_000_000, Content_Type="text/plain")
    recording = studio.record(scripted("fetch('/large').then(r => r.text())"))
    assert of(recording, "/large").body == b"" and of(recording, "/large").without_body
    assert [urlsplit(one.url).path for one in recording.circumstances.lost] == ["/large"]


def test_repeated_headers_stay_apart(studio: Studio) -> None:
    """Two cookies are two headers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        answered = web.Response(text="<h1>goods</h1>", content_type="text/html")
        answered.headers.add("Set-Cookie", "a=1; Path=/")
        answered.headers.add("Set-Cookie", "b=2; Path=/")
        return answered

    headers = of(studio.record(answer), "/page").headers
    assert [value for name, value in headers if name.lower() == "set-cookie"] == ["a=1; Path=/", "b=2; Path=/"]


def test_what_scripts_post_is_kept(studio: Studio) -> None:
    """A request's method and body are in its exchange."""
    studio.site.pages["/api"] = answering(b'{"price": 39000}', Content_Type="application/json")
    recording = studio.record(scripted("fetch('/api', {method: 'POST', body: '품목=1'})"))
    found = of(recording, "/api")
    assert (found.method, found.request_body, found.body) == ("POST", "품목=1".encode(), b'{"price": 39000}')


def test_lazy_pictures_are_fetched(studio: Studio) -> None:
    """Those far below, whether the browser or a script of the page waits for them to be seen."""
    for name in ("lazy", "watched"):
        studio.site.pages[f"/{name}.png"] = answering(picture(), Content_Type="image/png")
    recording = studio.record(
        scripted(
            "new IntersectionObserver(seen => seen.forEach(one => {"
            " if (one.isIntersecting) one.target.src = '/watched.png' })).observe(document.querySelector('#late'))",
            "<h1>goods</h1><div style='height:3000px'></div><img loading=lazy src=/lazy.png>"
            "<div style='height:3000px'></div><img id=late width=8 height=8>",
        )
    )
    assert {urlsplit(one.url).path for one in recording.exchanges} >= {"/lazy.png", "/watched.png"}
    assert recording.circumstances.missing_images == ()
    assert Image.open(io.BytesIO(recording.full_page)).height > 6000


def test_missing_pictures_are_named(studio: Studio) -> None:
    """A picture that is not there is missing; one whose server hangs up is lost as well."""

    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    studio.site.pages["/cut.png"] = hang_up
    recording = studio.record("<h1>goods</h1><img src=/none.png><img src=/cut.png>")
    facts = recording.circumstances
    assert {urlsplit(url).path for url in facts.missing_images} == {"/none.png", "/cut.png"}
    assert [(urlsplit(one.url).path, one.kind) for one in facts.lost] == [("/cut.png", "image")]
    assert facts.lost[0].reason
    assert of(recording, "/none.png").status == 404


def test_half_a_character_becomes_a_question_mark(studio: Studio) -> None:
    """Lone surrogates, which scripts may write anywhere, are no Unicode."""
    recording = studio.record(scripted("document.title = 'a\\ud800b'; document.body.append('x\\udfffy')"))
    assert recording.title == "a?b"
    assert "x?y" in recording.text and "x?y" in recording.document
    recording.document.encode()


def test_the_address_bar_may_lie(studio: Studio) -> None:
    """What a script writes there is noted; the page is of the address that was fetched."""
    facts = studio.record(scripted("history.pushState({}, '', '/item/12345')")).circumstances
    assert (facts.final_url, facts.page_url) == (f"{studio.url}/item/12345", f"{studio.url}/page")


def test_cookies_do_not_outlast_a_visit(studio: Studio) -> None:
    """Those of one visit are not sent in the next."""
    recording = studio.record(answering(scripted("fetch('/same-visit')"), Set_Cookie="mark=1; Path=/"))
    studio.record("<h1>goods</h1>")
    kept = [(path, cookies) for _, path, cookies in studio.site.asked if cookies]
    assert kept == [("/same-visit", {"mark": "1"})]
    assert dict(of(recording, "/same-visit").request_headers)["Cookie"] == "mark=1"


def test_what_is_to_be_hidden_is_covered_in_the_document(studio: Studio) -> None:
    """``hidden`` is given the page's text; what it names is not in the document or text that is kept."""
    seen: list[str] = []

    def hidden(text: str) -> tuple[str, ...]:
        seen.append(text)
        return ("02-123-4567",)

    recording = studio.record("<h1>전화 02-123-4567</h1><p>goods</p>", hidden=hidden)
    assert "02-123-4567" in seen[0]
    assert "02-123-4567" not in recording.text + recording.document
    assert "전화 ███████████" in recording.text


# Pages that mean harm


def test_a_page_that_polls_is_recorded(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is never idle; that is said, and not waited for."""
    monkeypatch.setattr("crawler.recorder.IDLE_SECONDS", 1.5)
    recording = studio.record(scripted("let n = 0; setInterval(() => fetch('/poll?' + n++), 100)"))
    assert recording.text == "goods"
    assert recording.circumstances.bounds == ("requests were still under way after 1.5 s",)


@pytest.mark.parametrize(
    "page",
    [
        "<style>@font-face { font-family: f; src: url(/never?1) } h1 { font-family: f }</style><h1>goods</h1>"
        "<img src=/never?2><iframe src=/never?3></iframe>",
        scripted("new Image().src = '/never'"),
    ],
    ids=["in view", "unseen"],
)
def test_what_never_comes_holds_nothing_up(studio: Studio, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A font, picture, frame or pixel without an answer is lost; the page is recorded soon, and does without."""
    monkeypatch.setattr("crawler.recorder.IDLE_SECONDS", 1.0)
    studio.site.pages["/never"] = studio.site.never
    facts = studio.record(page, bounds=Bounds(seconds=15)).circumstances
    assert {urlsplit(one.url).path for one in facts.lost} == {"/never"}
    assert facts.bounds == ("requests were still under way after 1 s",)


def test_a_page_of_a_million_pixels(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its picture ends at a height that can be drawn; both bounds are said."""
    monkeypatch.setattr("crawler.recorder.SCROLL_STEPS", 10)
    recording = studio.record("<h1>goods</h1><div style='height:1000000px'></div>")
    assert Image.open(io.BytesIO(recording.full_page)).size == (1440, 16_000)
    notes = " ".join(recording.circumstances.bounds)
    assert "its picture shows the first 16000" in notes and "it was not scrolled further" in notes


def test_a_page_that_asks_for_thousands_is_stopped(studio: Studio) -> None:
    """It is recorded with as many as it may have."""
    page = scripted("for (let n = 0; n < 1000; n++) new Image().src = '/n' + n")
    recording = studio.record(page, bounds=Bounds(seconds=30, requests=40))
    facts = recording.circumstances
    assert facts.requests == 40
    assert len(recording.exchanges) + len(facts.lost) <= 41, "with robots.txt"
    assert "stopped after 40 requests" in facts.bounds
    assert 403 not in {one.status for one in recording.exchanges}, "a refusal of ours is no answer of the server's"
    assert len(studio.site.asked) < 900
    assert recording.text == "goods"


def test_a_page_that_sends_too_much_is_stopped(studio: Studio) -> None:
    """What would exceed the bound is lost; the page is recorded."""
    studio.site.pages["/pour"] = studio.site.pour
    recording = studio.record(scripted("fetch('/pour')"), bounds=Bounds(seconds=30, received_bytes=1_000_000))
    assert "stopped after 1000000 bytes" in recording.circumstances.bounds
    assert [urlsplit(one.url).path for one in recording.circumstances.lost] == ["/pour"]
    assert recording.circumstances.received_bytes <= 1_000_000
    assert recording.text == "goods"


def test_half_a_document_is_none(studio: Studio) -> None:
    """One that is longer than it may be, or whose server hangs up in its midst, is not recorded."""

    async def hang_up(request: web.Request) -> web.StreamResponse:
        going = web.StreamResponse(headers={"Content-Type": "text/html"})
        await going.prepare(request)
        await going.write(b"<h1>goods</h1>")
        assert request.transport is not None
        request.transport.close()
        return going

    assert "the page itself was not had" in studio.refused(hang_up)
    reason = studio.refused(studio.site.pour, bounds=Bounds(seconds=30, received_bytes=1_000_000))
    assert "more than 1000000 bytes" in reason


@pytest.mark.parametrize("script", ["while (true) {}", "onload = () => { while (true) alert(1) }"])
def test_a_script_without_an_end_ends_with_the_time(studio: Studio, script: str) -> None:
    """The page is given up within its seconds, and the next one is recorded."""
    assert "not recorded within 2 s" in studio.refused(scripted(script), bounds=Bounds(seconds=2))
    assert studio.record("<h1>next</h1>").text == "next"


def test_dialogs_are_dismissed(studio: Studio) -> None:
    """Neither alerts nor questions nor the wish to stay hold a page up."""
    script = "for (let n = 0; n < 20; n++) { alert(n); confirm(n); prompt(n) } print(); onbeforeunload = () => 'stay'"
    assert studio.record(scripted(script)).text == "goods"


def test_popups_are_not_the_page(studio: Studio) -> None:
    """What a page opens beside itself is kept, and not taken for it."""
    studio.site.pages["/pop"] = "<title>Pop</title><h1>pop</h1>"
    recording = studio.record(scripted("open('/pop'); setTimeout(() => open('/pop?again'), 200)"))
    assert (recording.title, recording.text) == ("Goods", "goods")
    assert recording.circumstances.page_url == f"{studio.url}/page"
    assert of(recording, "/pop").kind == "document"


@pytest.mark.parametrize(
    ("lead", "nowhere"),
    [
        ("location = '/then'", "location = '/empty'"),
        ("location = '/then'", "location = 'shopapp://item/1'"),
        ("setTimeout(() => location = '/then', 200)", "location = '/file'"),
    ],
)
def test_a_page_that_leads_elsewhere_is_the_last_one(studio: Studio, lead: str, nowhere: str) -> None:
    """A script's redirect is followed; nothing, an app's address or a download leaves the page as it is."""
    studio.site.pages["/then"] = scripted(nowhere, "<h1>then</h1>")
    studio.site.pages["/empty"] = answering(status=204)
    studio.site.pages["/file"] = answering(b"x", Content_Disposition="attachment")
    recording = studio.record(scripted(lead))
    facts = recording.circumstances
    assert recording.text == "then"
    assert (facts.asked, facts.page_url, facts.status) == (f"{studio.url}/page", f"{studio.url}/then", 200)


def test_a_page_that_is_another_meanwhile_is_not_recorded(studio: Studio) -> None:
    """Pictures and document must be of one document; one that loads itself again between them is given up."""
    again = "let down = false; onscroll = () => { if (scrollY > 0) down = true; else if (down) location.reload() }"
    studio.refused(scripted(again, "<h1>goods</h1><div style='height: 3000px'></div>"))


def test_a_page_that_loads_itself_again_and_again_is_whole_or_not_recorded(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told to stop in the middle of a load, and what is kept then is no half of a document."""
    monkeypatch.setattr("crawler.recorder.IDLE_SECONDS", 1.0)
    studio.site.pages["/page"] = scripted("setTimeout(() => location.reload(), 30)", "<h1>goods</h1><p>the end</p>")
    try:
        recording = studio.visit(f"{studio.url}/page", bounds=Bounds(seconds=15))
    except NotRecorded:
        return
    assert "the end" in recording.text
    assert recording.circumstances.bounds


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (leading("/page?again", 302), "ERR_TOO_MANY_REDIRECTS"),
        (answering(b"x", Content_Disposition="attachment"), "Download is starting"),
    ],
    ids=["round", "download"],
)
def test_what_is_no_page_is_not_recorded(studio: Studio, page: Page, why: str) -> None:
    """A redirect without an end and a download say so."""
    assert why in studio.refused(page)


def test_service_workers_are_blocked(studio: Studio) -> None:
    """A script that would answer in the server's place is never fetched."""
    studio.site.pages["/worker.js"] = answering("onfetch = e => e.respondWith(new Response('forged'))")
    studio.record(scripted("navigator.serviceWorker.register('/worker.js').catch(() => 0)"))
    assert "/worker.js" not in studio.site.paths


def test_a_page_cannot_reach_inward(studio: Studio) -> None:
    """Pictures, frames and scripts' requests to this machine or its network are lost, and reach nothing."""
    inward = studio.inward
    recording = studio.record(
        scripted(
            f"fetch('{inward}/fetch', {{mode: 'no-cors'}}); open('{inward}/popup')",
            f"<h1>goods</h1><img src='http://169.254.169.254/meta'><img src='{inward}/image'><iframe src='{inward}/frame'></iframe>",
        )
    )
    assert studio.inner.asked == []
    lost = {urlsplit(one.url).path: one.reason for one in recording.circumstances.lost}
    assert lost.keys() == {"/meta", "/image", "/frame", "/fetch", "/popup"}
    assert all("not on the open internet" in reason for reason in lost.values())
    hosts = {urlsplit(one.url).netloc for one in recording.exchanges}
    assert hosts == {urlsplit(studio.url).netloc}, "a refusal of ours is no answer of theirs"


def test_a_redirect_inward_is_not_recorded(studio: Studio) -> None:
    """Nor is the refusal kept as though the server had answered so."""
    assert "not on the open internet" in studio.refused(leading(f"{studio.inward}/secret", 302))
    assert "not on the open internet" in studio.refused(scripted(f"location = '{studio.inward}/secret'"))
    assert studio.inner.asked == []


@pytest.mark.parametrize("obey", [True, False])
def test_a_server_that_is_not_there(studio: Studio, obey: bool) -> None:
    """A refused connection is no recording, whether or not robots.txt is asked for first."""
    with pytest.raises(NotRecorded):
        studio.visit(f"http://{LOOPBACK}:{studio.closed}/page", obey_robots=obey)


def test_a_killed_browser_is_replaced(studio: Studio) -> None:
    """The visit after it fails at most, and says so; then one succeeds."""
    studio.record("<h1>goods</h1>")
    browser = next(
        child for child in psutil.Process().children(recursive=True)
        if "--remote-debugging-pipe" in (line := child.cmdline()) and not any(word.startswith("--type=") for word in line)
    )  # fmt: skip
    os.kill(browser.pid, signal.SIGKILL)
    for _ in range(3):
        try:
            assert studio.record("<h1>goods</h1>").text == "goods"
            return
        except NotRecorded:
            continue
    raise AssertionError("the browser was not replaced")


# robots.txt


def test_without_robots_txt_everything_is_allowed(studio: Studio) -> None:
    """404 allows; the answer is kept with the page."""
    studio.recorder._rules.clear()
    recording = studio.record("<h1>goods</h1>")
    robots = recording.circumstances.robots
    assert (robots.decision, robots.url) == ("allowed", f"{studio.url}/robots.txt")
    assert "404" in robots.why
    assert of(recording, "/robots.txt").status == 404


@pytest.fixture
def ruled(studio: Studio) -> Iterator[Studio]:
    """The studio under another of its names, whose robots.txt it has not asked for."""
    origin = studio.url.replace(LOOPBACK, "localhost")
    studio.recorder._rules.clear()
    studio.url, before = origin, studio.url
    yield studio
    studio.url = before
    studio.recorder._rules.clear()


def test_robots_txt_is_obeyed(ruled: Studio) -> None:
    """What it forbids is not fetched, what it allows is, and it is asked for once."""
    ruled.site.pages["/robots.txt"] = "User-agent: Touchstone\nDisallow: /private\n"
    ruled.site.pages["/private"] = "<h1>private</h1>"
    with pytest.raises(NotRecorded, match="forbids /private"):
        ruled.visit(f"{ruled.url}/private")
    robots = ruled.record("<h1>goods</h1>").circumstances.robots
    assert (robots.decision, robots.why) == ("allowed", "no rule for Touchstone forbids it")
    assert "/private" not in ruled.site.paths
    assert ruled.site.paths.count("/robots.txt") == 1


def test_robots_txt_may_be_absent_without_a_word(ruled: Studio) -> None:
    """A 404 with nothing in it, which a browser shows as a failure, allows as well."""
    ruled.site.pages["/robots.txt"] = answering(status=404)
    robots = ruled.record("<h1>goods</h1>").circumstances.robots
    assert (robots.decision, robots.why) == ("allowed", "there is none (HTTP 404)")


def test_robots_txt_that_cannot_be_had_forbids(ruled: Studio) -> None:
    """A fault of the server forbids, until it is mended (RFC 9309)."""
    ruled.site.pages["/robots.txt"] = answering(status=503)
    with pytest.raises(NotRecorded, match="HTTP 503"):
        ruled.record("<h1>goods</h1>")
    assert "/page" not in ruled.site.paths
    ruled.site.pages["/robots.txt"] = "User-agent: *\nAllow: /\n"
    assert ruled.record("<h1>goods</h1>").text == "goods"


def test_robots_txt_is_not_asked_where_it_does_not_bind(ruled: Studio) -> None:
    """Then the decision says so."""
    ruled.site.pages["/robots.txt"] = "User-agent: *\nDisallow: /\n"
    recording = ruled.record("<h1>goods</h1>", obey_robots=False)
    assert recording.circumstances.robots.decision == "not asked"
    assert "/robots.txt" not in ruled.site.paths


# TLS


def test_certificates_of_the_server_are_kept(studio: Studio, tmp_path: Path) -> None:
    """The chain that a server showed is kept as PEM, its own certificate first."""
    key, context = certified(tmp_path)
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    async def body() -> tuple[Recording, str]:
        site = Site()
        site.pages["/page"] = "<h1>goods</h1>"
        runner = web.AppRunner(site.app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0, ssl_context=context).start()
        port = runner.addresses[0][1]
        recorder = Recorder(
            find_browser(), user_agent="t", language="en", open_targets=frozenset({Target(LOOPBACK, port)})
        )
        trusted = b64encode(sha256(spki).digest()).decode()
        recorder._chromium._options["args"].append(f"--ignore-certificate-errors-spki-list={trusted}")
        try:
            return await recorder.record(Wanted(f"https://{LOOPBACK}:{port}/page")), f"https://{LOOPBACK}:{port}"
        finally:
            await recorder.close()
            await runner.cleanup()

    recording, url = studio.call(body())
    assert recording.circumstances.page_url == f"{url}/page"
    assert recording.circumstances.certificates == ((tmp_path / "tls.crt").read_text(),)
    assert of(recording, "/page").address == LOOPBACK


def certified(folder: Path) -> tuple[ec.EllipticCurvePrivateKey, ssl.SSLContext]:
    """A certificate for loopback that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return key, context
