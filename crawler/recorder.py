"""Recording a page: one visit by a browser in a context of its own, with every answer, pictures and circumstances kept."""

import asyncio
import base64
import contextlib
import http
import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from protego import Protego

from crawler.chromium import Chromium, close_context, is_lost
from crawler.politeness import ROBOT
from crawler.proxy import Target
from touchstone import VERSION
from touchstone.errors import ConfigurationError, NotRecorded
from touchstone.recording import Circumstances, Exchange, Headers, Lost, Recording, Robots

VIEWPORT = (1440, 900)  # CSS pixels; what most desktop visitors have
TALLEST = 16_000  # CSS pixels of the full-page picture; Chromium draws no more than 16,384
LOAD_SECONDS = 30.0
IDLE_SECONDS = 8.0  # without a request, or it is enough; pages that poll are never idle
SCROLL_STEPS = 40  # of a viewport each: 36,000 pixels, beyond which a page goes on for ever
STEP_MILLISECONDS = 120  # until what scrolling brought into view has been asked for
BODY_SECONDS = 10.0  # for the bodies still under way at the end
MOST_LEADS = 5  # times that a page's scripts may lead elsewhere while it is being read
ROBOTS_SECONDS = 15.0
NOT_FETCHED = "not fetched"  # how the reason begins that the proxy gave, in the server's place
LONGEST_ROBOTS = 512_000  # bytes of robots.txt that are read (RFC 9309, 2.5)
PAGE = "page"  # the kind of an answer that the tab's own document was made from
EMPTY = (204, 205, 304)  # statuses whose answers have no body (RFC 9110)

_MISSING = """
    [...document.images].filter(image => image.complete && !image.naturalWidth && (image.currentSrc || image.src))
        .map(image => (image.currentSrc || image.src).slice(0, 2000)).slice(0, 200)
"""
_TEXT = "document.body?.innerText ?? ''"
_COVER = r"""
    words => {
        const covers = words.map(word => [  // whatever their case, which styles may change
            new RegExp(word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi"), "█".repeat([...word].length),
        ]);
        const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const covered = covers.reduce((text, [word, cover]) => text.replace(word, cover), node.data);
            if (covered !== node.data) node.data = covered;
        }
    }
"""
# A picture waits until nothing loads, and is told so by the next layout: one is made.
_HALT = """
    () => {
        window.stop();
        const mark = document.documentElement.appendChild(document.createElement("i"));
        void mark.offsetTop;
        mark.remove();
    }
"""
_BORN = "performance.timeOrigin"  # another for each document
_TALL = "Math.max(document.documentElement.scrollHeight, document.body ? document.body.scrollHeight : 0)"


class Bounds(NamedTuple):
    """What one visit may take: seconds in all, bytes of answers, requests."""

    seconds: float = 90.0
    received_bytes: int = 64 * 1024 * 1024
    requests: int = 800


DEFAULT_BOUNDS = Bounds()


class Wanted(NamedTuple):
    """A page to be recorded. ``wait_for``: the selector that must be there; ``obey_robots``: whether robots.txt binds.

    ``hidden``: what of the page's text is covered before pictures are taken.
    """

    url: str
    wait_for: str | None = None
    obey_robots: bool = True
    hidden: Callable[[str], tuple[str, ...]] | None = None


class Recorder:
    """A browser for recordings, started with the first. ``language`` is what pages are asked for in."""

    def __init__(
        self, executable: str, *, user_agent: str, language: str, open_targets: frozenset[Target],
        bounds: Bounds = DEFAULT_BOUNDS,
    ) -> None:  # fmt: skip
        self._chromium = Chromium(executable, open_targets, images=True)
        self._user_agent = user_agent
        self._language = language
        self._bounds = bounds
        self._rules: dict[str, tuple[Robots, Protego | None, tuple[Exchange, ...]]] = {}

    async def record(self, wanted: Wanted) -> Recording:
        """Visit a page and keep everything. Raises ``NotRecorded`` when there is nothing that could be kept."""
        context = None
        try:
            browser = await self._chromium.started()
            self._chromium.proxy.allowance = self._bounds.received_bytes
            self._chromium.proxy.turns = self._bounds.requests + 1  # and robots.txt
            self._chromium.proxy.addresses.clear()
            context = await browser.new_context(
                user_agent=self._user_agent, locale=self._language, timezone_id="UTC", service_workers="block",
                accept_downloads=False, viewport={"width": VIEWPORT[0], "height": VIEWPORT[1]},
            )  # fmt: skip
            async with asyncio.timeout(self._bounds.seconds):
                robots, asked_before = await self._robots(context, wanted)
                return await _Visit(self._chromium, context, self._bounds, wanted, robots, asked_before).made(
                    browser.version, self._user_agent, self._language
                )
        except (NotRecorded, ConfigurationError):
            raise
        except TimeoutError:
            reason = f"the page was not recorded within {self._bounds.seconds:g} s"
            raise NotRecorded(reason, hint="Try again, or give it more time: [capture] seconds", refused=True) from None
        except Exception as error:
            if is_lost(error):
                await self._chromium.drop()
            words = next(iter(str(error).splitlines()), type(error).__name__)
            raise NotRecorded(
                f"the browser could not record the page: {words[:200]}", hint="Try again.", refused=True
            ) from error
        finally:
            if context is not None:
                await close_context(context)

    async def close(self) -> None:
        """End the browser."""
        await self._chromium.close()

    async def _robots(self, context: Any, wanted: Wanted) -> tuple[Robots, tuple[Exchange, ...]]:
        """What robots.txt says, asked for once by each recorder; raises ``NotRecorded`` where it forbids the page."""
        if not wanted.obey_robots:
            return Robots(decision="not asked", why="this marketplace is described with obey_robots = false"), ()
        parts = urlsplit(wanted.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._rules:
            self._rules[origin] = await self._fetched_rules(context, f"{origin}/robots.txt")
        said, rules, exchanges = self._rules[origin]
        if said.decision == "unreadable":
            del self._rules[origin]
            raise NotRecorded(f"robots.txt cannot be had: {said.why}", hint="Try again later.", refused=True)
        if rules is not None and not rules.can_fetch(wanted.url, ROBOT):
            raise NotRecorded(f"robots.txt at {said.url} forbids {parts.path}", hint="It is not captured.")
        return said, exchanges

    async def _fetched_rules(self, context: Any, url: str) -> tuple[Robots, Protego | None, tuple[Exchange, ...]]:
        """RFC 9309: what is not there allows everything; what a server fails to give forbids."""
        log = _Log(context, self._chromium, most=10)
        page = log.tab = await context.new_page()
        try:
            answer = await page.goto(url, timeout=ROBOTS_SECONDS * 1000)
            status, body = (answer.status, await answer.body()) if answer else (0, b"")
            exchanges = await log.exchanges()
        except Exception as error:  # noqa: BLE001 -- Playwright's errors share no root with its time-outs; all mean: not had
            why = next(iter(str(error).splitlines()), type(error).__name__)
            status, body, exchanges = await log.status(), b"", ()
            if status < 400:  # an error's status tells enough: one without a body fails, too
                return Robots(decision="unreadable", why=why[:200], url=url), None, ()
        finally:
            log.stop()
            with contextlib.suppress(Exception):
                await page.close()
        if log.broken.startswith(NOT_FETCHED):  # it was the proxy that answered
            return Robots(decision="unreadable", why=log.broken, url=url), None, ()
        if status >= 500 or status == 429:
            return Robots(decision="unreadable", why=f"HTTP {status}", url=url), None, ()
        if status >= 400:
            return Robots(decision="allowed", why=f"there is none (HTTP {status})", url=url), None, exchanges
        rules = Protego.parse(body[:LONGEST_ROBOTS].decode("utf-8", "replace"))
        return Robots(decision="allowed", why=f"no rule for {ROBOT} forbids it", url=url), rules, exchanges


class _Log:
    """What passes in a context: requests in their order, bodies taken as soon as each has come."""

    def __init__(self, context: Any, chromium: Chromium, *, most: int) -> None:
        self.requests: list[Any] = []
        self.lost: list[Lost] = []
        self.full = False  # more requests were made than are kept
        self.tab: Any = None  # whose own document is the page
        self.broken = ""  # why that was not had
        self._context, self._chromium, self._most = context, chromium, most
        self._taking: dict[Any, asyncio.Task[Exchange | None]] = {}
        self._heard = (("request", self._asked), ("requestfinished", self._came), ("requestfailed", self._failed))
        for event, handler in self._heard:
            context.on(event, handler)

    def stop(self) -> None:
        """Hear no more."""
        for event, handler in self._heard:
            self._context.remove_listener(event, handler)

    def _asked(self, request: Any) -> None:
        if len(self.requests) >= self._most:
            self.full = True
        elif urlsplit(request.url).scheme in ("http", "https"):
            self.requests.append(request)

    def _came(self, request: Any) -> None:
        if request in self.requests:
            self._taking[request] = asyncio.ensure_future(self._taken(request))

    def _failed(self, request: Any) -> None:
        if request in self.requests:
            reason = str(request.failure or "no reason given")
            self._lost(request, reason)
            if "ERR_ABORTED" not in reason and self._kind(request) == PAGE:  # those leave the tab as it is
                self.broken = reason

    def _lost(self, request: Any, reason: str) -> None:
        self.lost.append(Lost(url=request.url[:2000], kind=request.resource_type, reason=reason))

    async def status(self) -> int:
        """That of the last answer, even of one that the browser could not use; 0 without one."""
        answer = await self.requests[-1].response() if self.requests else None
        return int(answer.status) if answer else 0

    async def exchanges(self) -> tuple[Exchange, ...]:
        """Everything that has been answered, in the order in which it was asked for."""
        if self._taking:
            await asyncio.wait(self._taking.values(), timeout=BODY_SECONDS)
        done = (self._taking.get(request) for request in self.requests)
        return tuple(found for task in done if task and task.done() and (found := task.result()))

    async def _taken(self, request: Any) -> Exchange | None:
        try:
            answer = await request.response()
            if answer is None:
                return None
            body, why = await self._body(answer)
            if answer.headers.get("touchstone-proxy") == self._chromium.proxy.mark:  # ours, not the server's
                said = body[:200].decode(errors="replace")
                said = f"{NOT_FETCHED}: {said}"
                self._lost(request, said)
                self.broken = said if self._kind(request) == PAGE else self.broken
                return None
            if why:
                self._lost(request, f"its body was not had: {why}")
            began = request.timing.get("startTime") or 0
            return Exchange(
                url=request.url, method=request.method, kind=self._kind(request),
                at=datetime.fromtimestamp(began / 1000, UTC) if began > 0 else datetime.now(UTC),
                request_headers=_headers(await request.headers_array()), request_body=request.post_data_buffer,
                status=answer.status, reason=answer.status_text or _reason(answer.status),
                headers=_headers(await answer.headers_array()), body=body, without_body=why,
                address=self._chromium.reached(request.url),
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 -- a tab or an answer that went away; said, not hidden
            why = next(iter(str(error).splitlines()), type(error).__name__)
            self._lost(request, f"not kept: {why[:200]}")
            return None

    def _kind(self, request: Any) -> str:
        with contextlib.suppress(Exception):  # a pop-up that is not there yet has no frame
            own = request.is_navigation_request() and request.frame == self.tab.main_frame
            return PAGE if own and request.redirected_to is None else str(request.resource_type)
        return str(request.resource_type)

    @staticmethod
    async def _body(answer: Any) -> tuple[bytes, str | None]:
        if 300 <= answer.status < 400 or answer.status in EMPTY:
            return b"", None  # the browser keeps no body of a redirect, and raises for what can have none
        try:
            body = bytes(await answer.body())
        except Exception as error:  # noqa: BLE001 -- evicted from the browser's memory, or aborted by the page
            return b"", next(iter(str(error).splitlines()), type(error).__name__)[:200]
        if not body and answer.request.method != "HEAD" and answer.headers.get("content-length", "0").strip(" 0"):
            return b"", "the browser kept none of it"  # such as an image that is none
        return body, None


class _Visit:
    """One page being recorded."""

    def __init__(
        self, chromium: Chromium, context: Any, bounds: Bounds, wanted: Wanted, robots: Robots,
        asked_before: tuple[Exchange, ...],
    ) -> None:  # fmt: skip
        self._chromium, self._context, self._bounds, self._wanted = chromium, context, bounds, wanted
        self._robots, self._asked_before = robots, asked_before
        self._notes: list[str] = []

    async def made(self, version: str, user_agent: str, locale: str) -> Recording:
        """The recording."""
        started = datetime.now(UTC)
        log = _Log(self._context, self._chromium, most=self._bounds.requests)
        page = log.tab = await self._context.new_page()
        devtools = await self._context.new_cdp_session(page)
        await devtools.send("Network.enable", {"maxTotalBufferSize": self._bounds.received_bytes})
        watching = asyncio.ensure_future(self._hold_bounds(log, page, devtools))
        try:
            await self._open(page, log)
            await self._settle(page)
            if self._notes:
                await _halt(page)
            born = await page.evaluate(_BORN)
            if self._wanted.hidden is not None:
                await page.evaluate(_COVER, list(self._wanted.hidden(str(await page.evaluate(_TEXT)))))
            await page.evaluate("window.scrollTo(0, 0)")  # else what sticks to the window is in the middle of the page
            full_page = await self._picture(page, whole=True)
            view = await self._picture(page, whole=False)
            document, text = _sound(await page.content()), _sound(await page.evaluate(_TEXT))
            title, missing = _sound(await page.title()), tuple(map(_sound, await page.evaluate(_MISSING)))
            certificates = await _certificates(devtools, page.url)
            exchanges = await log.exchanges()
            if await page.evaluate(_BORN) != born:
                raise NotRecorded("the page led elsewhere while it was recorded", hint="Try again.")
        finally:
            watching.cancel()
            log.stop()
        self._refuse_broken(log)
        main = next((one for one in reversed(exchanges) if one.kind == PAGE), None)
        if main is None:
            raise NotRecorded(f"the answer of {page.url[:200]} itself was not had", hint="Try again.")
        if self._chromium.proxy.allowance is not None and self._chromium.proxy.allowance < 0:
            self._notes.append(f"stopped after {self._bounds.received_bytes} bytes")
        received = sum(len(exchange.body) for exchange in exchanges)
        circumstances = Circumstances(
            asked=self._wanted.url, final_url=page.url, page_url=main.url, status=main.status, started_at=started, page_at=main.at,
            ended_at=datetime.now(UTC), tool=f"Touchstone {VERSION}", browser=f"Chromium {version}",
            user_agent=user_agent, locale=locale, time_zone="UTC", viewport=VIEWPORT, server_address=main.address,
            certificates=certificates, robots=self._robots, requests=len(log.requests), received_bytes=received,
            lost=tuple(log.lost), missing_images=missing, bounds=tuple(self._notes),
        )  # fmt: skip
        return Recording(
            circumstances=circumstances, exchanges=(*self._asked_before, *exchanges), title=title, document=document,
            text=text, view=view, full_page=full_page,
        )  # fmt: skip

    async def _hold_bounds(self, log: _Log, page: Any, devtools: Any) -> None:
        """Let the page ask for nothing more once it has asked for too much."""
        while not log.full:
            await asyncio.sleep(0.1)
        self._notes.append(f"stopped after {self._bounds.requests} requests")
        with contextlib.suppress(Exception):  # the page may be closed by now
            await devtools.send("Network.setBlockedURLs", {"urls": ["*"]})
            await _halt(page)

    async def _open(self, page: Any, log: _Log) -> None:
        """Go there and wait until the document is read; its end is not told where a script led to what is no page."""
        await page.goto(self._wanted.url, wait_until="commit", timeout=LOAD_SECONDS * 1000)
        until = asyncio.get_running_loop().time() + LOAD_SECONDS
        while await _evaluated(page, "document.readyState") == "loading":
            self._refuse_broken(log)
            if asyncio.get_running_loop().time() > until:
                raise NotRecorded(
                    f"the page was still loading after {LOAD_SECONDS:g} s", hint="Try again.", refused=True
                )
            await asyncio.sleep(0.05)

    def _refuse_broken(self, log: _Log) -> None:
        """Raise ``NotRecorded`` where the document itself, or what a script led to in its place, was not had whole."""
        if log.broken and (self._chromium.proxy.allowance or 0) < 0:
            raise NotRecorded(f"the page sends more than {self._bounds.received_bytes} bytes")
        if log.broken:
            raise NotRecorded(f"the page itself was not had: {log.broken}", hint="Try again.", refused=True)

    async def _settle(self, page: Any) -> None:
        """Wait for what must be there, bring everything into view once, and wait until nothing is under way."""
        from playwright.async_api import TimeoutError as PlaywrightTimeout

        if self._wanted.wait_for:
            with contextlib.suppress(PlaywrightTimeout):  # whether the listing is there is judged by what was recorded
                await page.wait_for_selector(self._wanted.wait_for, state="attached", timeout=LOAD_SECONDS * 500)
        for step in range(1, SCROLL_STEPS + 1):
            await _evaluated(page, "y => window.scrollTo(0, y)", step * VIEWPORT[1])
            await page.wait_for_timeout(STEP_MILLISECONDS)
            if step * VIEWPORT[1] >= int(await _evaluated(page, _TALL)):
                break
        else:
            self._notes.append(
                f"the page goes on below {SCROLL_STEPS * VIEWPORT[1]} pixels; it was not scrolled further"
            )
        try:
            await page.wait_for_load_state("networkidle", timeout=IDLE_SECONDS * 1000)
        except PlaywrightTimeout:
            self._notes.append(f"requests were still under way after {IDLE_SECONDS:g} s")

    async def _picture(self, page: Any, *, whole: bool) -> bytes:
        if not whole:
            return bytes(await page.screenshot(animations="disabled", timeout=LOAD_SECONDS * 1000))
        height = int(await page.evaluate(_TALL))
        if height > TALLEST:
            self._notes.append(f"the page is {height} pixels tall; its picture shows the first {TALLEST}")
        clip = {"x": 0, "y": 0, "width": VIEWPORT[0], "height": max(1, min(height, TALLEST))}
        return bytes(
            await page.screenshot(full_page=True, clip=clip, animations="disabled", timeout=LOAD_SECONDS * 1000)
        )


async def _halt(page: Any) -> None:
    """Let nothing more load, once the document itself is whole."""
    while await _evaluated(page, "document.readyState") == "loading":
        await asyncio.sleep(0.05)
    await page.evaluate(_HALT)


async def _evaluated(page: Any, script: str, given: Any = None) -> Any:
    """What a script gives; asked again where the page leads elsewhere meanwhile, which it may do a few times."""
    from playwright.async_api import Error as PlaywrightError

    for left in range(MOST_LEADS, -1, -1):
        try:
            return await page.evaluate(script, given)
        except PlaywrightError as error:
            if not left or "Execution context was destroyed" not in str(error):
                raise
    raise AssertionError  # the last turn returns or raises


def _sound(text: Any) -> str:
    """A text of a page's scripts as Unicode: half a surrogate pair, which JavaScript allows, becomes a question mark."""
    return str(text).encode("utf-8", "replace").decode()


def _headers(found: list[dict[str, str]]) -> Headers:
    """Headers as they were sent, repeated ones apart, without HTTP/2's pseudo-headers and line ends within values."""
    return tuple(_values(found))


def _values(found: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    for header in found:
        name = header["name"]
        if name.startswith(":"):
            continue
        for value in header["value"].split("\n"):  # Chromium puts repeated headers into one, a line each
            yield name, value.replace("\r", " ").strip()


def _reason(status: int) -> str:
    """The usual words for a status, which HTTP/2 no longer sends."""
    with contextlib.suppress(ValueError):
        return http.HTTPStatus(status).phrase
    return "Unknown"


async def _certificates(devtools: Any, url: str) -> tuple[str, ...]:
    """The certificates that the server showed, as PEM; none without TLS."""
    if urlsplit(url).scheme != "https":
        return ()
    parts = urlsplit(url)
    answer = await devtools.send("Network.getCertificate", {"origin": f"{parts.scheme}://{parts.netloc}"})
    chain = (x509.load_der_x509_certificate(base64.b64decode(der)) for der in answer.get("tableNames", ()))
    return tuple(one.public_bytes(Encoding.PEM).decode() for one in itertools.islice(chain, 10))
