"""A Chromium behind the filtering proxy: started with the first use, started anew when it has died."""

import asyncio
import contextlib
import os
from typing import Any
from urllib.parse import urlsplit

from crawler.browser import launch_options, watch_memory
from crawler.proxy import Proxy, Target

LOST = ("connection closed", "driver", "browser has been closed", "target closed", "browser closed", "pipe")


class Chromium:
    """One browser and its only way out.

    ``TOUCHSTONE_BROWSER_CDP`` or ``TOUCHSTONE_BROWSER_WS`` name a browser elsewhere; it must do its own filtering.
    """

    def __init__(self, executable: str, open_targets: frozenset[Target], *, images: bool = False) -> None:
        self._options = launch_options(executable, images=images)
        self.proxy = Proxy(open_targets)
        self._proxy_address = ""
        self._playwright: Any = None
        self._browser: Any = None
        self._starting = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    async def started(self) -> Any:
        """The browser, running."""
        async with self._starting:
            if self._browser is None or not self._browser.is_connected():
                await self.drop()
                await self._start()
            return self._browser

    async def _start(self) -> None:
        from playwright.async_api import async_playwright

        self._playwright = await async_playwright().start()
        chromium = self._playwright.chromium
        if remote := os.environ.get("TOUCHSTONE_BROWSER_CDP"):
            self._browser = await chromium.connect_over_cdp(remote)
            return
        if remote := os.environ.get("TOUCHSTONE_BROWSER_WS"):
            self._browser = await chromium.connect(remote)
            return
        if not self._proxy_address:
            self._proxy_address = await self.proxy.start()
        self._browser = await chromium.launch(
            proxy={"server": self._proxy_address, "bypass": "<-loopback>"}, **self._options
        )
        self._watching = self._watching or asyncio.ensure_future(watch_memory())

    def reached(self, url: str) -> str | None:
        """The numeric address that an address's server was last reached at; ``None`` if it was not."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return self.proxy.addresses.get(Target((parts.hostname or "").lower(), port))

    async def drop(self) -> None:
        """Have the next use start a browser anew."""
        browser, playwright = self._browser, self._playwright
        self._browser = self._playwright = None
        for closing in (browser and browser.close, playwright and playwright.stop):
            if closing:
                with contextlib.suppress(Exception):  # a dead driver answers nothing; its processes are gone already
                    await asyncio.wait_for(closing(), 5)

    async def close(self) -> None:
        """End the browser, its driver and the proxy."""
        if self._watching is not None:
            self._watching.cancel()
        await self.drop()
        await self.proxy.close()


async def close_context(context: Any) -> None:
    """Close a browser context that may be broken."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(context.close(), 5)


def is_lost(error: BaseException) -> bool:
    """Whether an error of Playwright's shows a browser that has died."""
    text = str(error).lower()
    return any(word in text for word in LOST)
