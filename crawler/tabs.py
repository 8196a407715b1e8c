"""The browser of a crawl: tabs that are used again, cleaned between visits, and mended when something dies."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from crawler.browser import WAIT_MILLISECONDS, scroll_to_end
from crawler.chromium import Chromium, close_context, is_lost
from crawler.proxy import Target

VISITS = 25  # of one tab; a new renderer then, so that nothing that a page left in memory grows
VISIT_SECONDS = 60.0  # for everything about a page; a script that hangs ends with its tab
LOOKS = (0.15, 0.15, 0.3, 0.5, 1.0, 2.0, 3.0, 4.0)  # seconds between looks at a page that is still filling in
BLOCKED = tuple(
    f"*.{kind}{end}"
    for kind in "png jpg jpeg gif webp avif svg ico woff woff2 ttf mp4 webm mp3".split()  # noqa: SIM905 -- easier to read
    for end in ("", "?*")
)


Fields = Callable[[str, str], frozenset[str] | None]  # of an address and its document so far


class Plan(NamedTuple):
    """How a page is rendered: what it must show, and whether it is scrolled to its end, pressing ``load_more``.

    ``fields`` names the fields that the document shows so far, ``None`` while one that is required is lacking: the page
    is taken once two looks in a row agree. Without it and without ``wait_for`` it is taken once it has loaded.
    """

    wait_for: str | None = None
    scroll: int = 0
    load_more: str | None = None
    fields: Fields | None = None


class Page(NamedTuple):
    """What a visit gave: the last answer to the navigation, and the document as it stood."""

    url: str
    status: int
    headers: dict[str, str]
    html: str


class _Tab:
    def __init__(self, context: Any, page: Any, devtools: Any) -> None:
        self.context, self.page, self.devtools = context, page, devtools
        self.visits = 0


class Browser:
    """One Chromium, started with the first visit."""

    def __init__(self, executable: str, *, user_agent: str, language: str, open_targets: frozenset[Target]) -> None:
        self.chromium = Chromium(executable, open_targets)
        self._options = {
            "user_agent": user_agent, "locale": language, "service_workers": "block", "accept_downloads": False,
            "ignore_https_errors": False,
        }  # fmt: skip
        self._browser: Any = None
        self._idle: list[_Tab] = []

    async def visit(self, url: str, plan: Plan, *, timeout: float) -> Page:
        """Render a page. Raises Playwright's errors; after one that shows a dead browser the next visit starts anew."""
        tab = await self._tab()
        try:
            async with asyncio.timeout(VISIT_SECONDS):
                page = await self._render(tab, url, plan, timeout)
                await self._clean(tab)
        except BaseException as error:
            await close_context(tab.context)
            if is_lost(error):
                self._idle = []
                await self.chromium.drop()
            raise
        tab.visits += 1
        if tab.visits >= VISITS:
            await close_context(tab.context)
        else:
            self._idle.append(tab)
        return page

    async def close(self) -> None:
        """End the browser, its driver and the proxy."""
        self._idle = []
        await self.chromium.close()

    async def _tab(self) -> _Tab:
        browser = await self.chromium.started()
        if browser is not self._browser:
            self._browser, self._idle = browser, []  # the tabs of one that has died are gone with it
        if self._idle:
            return self._idle.pop()
        context = await browser.new_context(**self._options)
        page = await context.new_page()
        devtools = await context.new_cdp_session(page)
        await devtools.send("Network.enable")
        await devtools.send("Network.setBlockedURLs", {"urls": list(BLOCKED)})
        return _Tab(context, page, devtools)

    async def _render(self, tab: _Tab, url: str, plan: Plan, timeout: float) -> Page:
        answers: list[Any] = []
        main = tab.page.main_frame

        def answered(response: Any) -> None:
            if response.request.is_navigation_request() and response.frame is main:
                answers.append(response)

        tab.page.on("response", answered)
        try:
            await tab.page.goto(url, wait_until="domcontentloaded", timeout=timeout * 1000)
            html = await self._settled(tab.page, plan)
        finally:
            tab.page.remove_listener("response", answered)
        last = answers[-1] if answers else None
        headers = dict(last.headers) if last else {}
        return Page(tab.page.url, last.status if last else 200, headers, html)

    async def _settled(self, page: Any, plan: Plan) -> str:
        """The document once it shows what is needed, or as it stands when the wait is over."""
        from playwright.async_api import TimeoutError as PlaywrightTimeout

        if plan.wait_for:
            with contextlib.suppress(PlaywrightTimeout):  # extraction says what the page lacks
                await page.wait_for_selector(plan.wait_for, state="attached", timeout=WAIT_MILLISECONDS)
            if plan.scroll:
                await scroll_to_end(page, plan.wait_for, plan.scroll, plan.load_more)
        elif plan.fields is None:
            with contextlib.suppress(PlaywrightTimeout):
                await page.wait_for_load_state("load", timeout=WAIT_MILLISECONDS)
        html = str(await page.content())
        if plan.fields is None:
            return html
        fields = plan.fields(page.url, html)
        for pause in LOOKS:
            await asyncio.sleep(pause)
            before, earlier = fields, html
            html = str(await page.content())
            fields = before if html == earlier else plan.fields(page.url, html)
            if fields is not None and fields == before:
                break
        return html

    async def _clean(self, tab: _Tab) -> None:
        """Leave nothing of a visit to the next: cookies, storage of every frame's origin, scripts, the tab's name."""
        origins = {_origin(frame.url) for frame in tab.page.frames} - {""}
        await tab.page.goto("about:blank")
        await tab.page.evaluate("window.name = ''")
        for origin in origins:
            await tab.devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
            storage = {"storageId": {"securityOrigin": origin, "isLocalStorage": False}}
            with contextlib.suppress(Exception):  # an origin whose frame is gone has no session storage any more
                await tab.devtools.send("DOMStorage.clear", storage)
        await tab.context.clear_cookies()
        for other in tab.context.pages:
            if other is not tab.page:
                await other.close()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else ""
