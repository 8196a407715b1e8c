"""A Chromium behind the filtering proxy: started with the first use, started anew when it has died."""

import asyncio
import contextlib
import logging
import os
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from crawler.browser import launch_options, watch_memory
from crawler.proxy import Proxy, Target
from touchstone.errors import ConfigurationError

log = logging.getLogger("touchstone.browser")

STARTS = 3  # tries; a machine that is short of memory for a moment is not one without a browser
PAUSE_SECONDS = 1.0  # between them
NO_SANDBOX = "sandboxing failed"  # Playwright's words for a system that allows no user namespaces
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
        """The browser, running. Raises ``ConfigurationError`` where it cannot be started: no marketplace is to blame for that."""
        async with self._starting:
            for tried in range(1, STARTS + 1):
                if self._browser is not None and self._browser.is_connected():
                    break
                await self.drop()
                try:
                    await self._start()
                except Exception as error:
                    if tried == STARTS:
                        raise _not_started(str(self._options["executable_path"]), error) from error
                    await asyncio.sleep(PAUSE_SECONDS)
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
        proxy = {"server": self._proxy_address, "bypass": "<-loopback>"}
        try:
            self._browser = await chromium.launch(proxy=proxy, **self._options)
        except Exception as error:
            if NO_SANDBOX not in str(error):
                raise
            log.warning("the browser runs without its sandbox: this system allows it no user namespaces")
            self._options["chromium_sandbox"] = False
            self._browser = await chromium.launch(proxy=proxy, **self._options)
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


class Trial(NamedTuple):
    """What came of starting a browser: its version, and whether pages are kept in its sandbox."""

    version: str
    sandboxed: bool


async def try_out(executable: str) -> Trial:
    """Start a browser and end it. Raises ``ConfigurationError`` where it cannot be started."""
    chromium = Chromium(executable, frozenset())
    try:
        version = str((await chromium.started()).version)
        return Trial(version, bool(chromium._options["chromium_sandbox"]))
    finally:
        await chromium.close()


def _not_started(executable: str, error: Exception) -> ConfigurationError:
    words = next(iter(str(error).splitlines()), type(error).__name__)
    return ConfigurationError(
        f"the browser {executable} cannot be started: {words[:200]}",
        hint="It says why on standard error. A library that is lacking: apt-get install libatomic1; else reinstall it.",
    )


async def close_context(context: Any) -> None:
    """Close a browser context that may be broken."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(context.close(), 5)


def is_lost(error: BaseException) -> bool:
    """Whether an error of Playwright's shows a browser that has died."""
    text = str(error).lower()
    return any(word in text for word in LOST)
