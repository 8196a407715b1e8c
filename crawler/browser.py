"""The browser: which one, how it is started, and how a page is waited for."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from touchstone.errors import ConfigurationError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
MAC_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
WAIT_MILLISECONDS = 10_000  # for what a page must show; a slower page is counted as empty, not waited for
SETTLE_MILLISECONDS = 400  # between two looks at a page that is scrolled; two frames and a quick answer of its server
STALLS = 4  # scrolls without anything new before a list is believed to have ended; one stall loses most of a slow list
MOST_SCROLLS = 200
MOST_SCRIPT_MEGABYTES = 512  # of a page's objects; large web applications hold a third of it
MOST_PROCESS_BYTES = 1024 * 1024 * 1024  # of a renderer, with what scripts hold outside that heap
WATCH_SECONDS = 0.25
NOWHERE = "http://127.0.0.1:9/"  # for addresses that Chromium asks on its own: accounts, updates
UNWANTED = (  # what of Chromium costs memory, or asks servers of Google's for hints, models, receivers, languages, the time
    "RenderDocument", "SpareRendererForSitePerProcess", "OptimizationHints", "OptimizationGuideModelDownloading",
    "MediaRouter", "Translate", "NetworkTimeServiceQuerying",
)  # fmt: skip


def find_browser(configured: str | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """The path of a Chromium: the configured one, ``TOUCHSTONE_BROWSER``, an installed one, Playwright's own.

    Raises ``ConfigurationError`` with the command that installs one.
    """
    named = configured or environment.get("TOUCHSTONE_BROWSER")
    if named:
        if shutil.which(named):
            return str(shutil.which(named))
        raise ConfigurationError(f"the browser {named} is not there", hint="Mend `browser` in touchstone.toml.")
    for name in NAMES:
        if path := shutil.which(name, path=environment.get("PATH")):
            return path
    for path in MAC_APPLICATIONS:
        if sys.platform == "darwin" and Path(path).exists():
            return path
    if path := _playwrights_own():
        return path
    raise ConfigurationError(
        "there is no Chromium or Chrome on this machine",
        hint="Install one with: apt-get install chromium fonts-noto-cjk (Debian, as root),\nor: playwright install chromium",
    )


def _playwrights_own() -> str | None:
    from playwright._impl._driver import compute_driver_executable  # noqa: F401 -- fails early without a driver
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def launch_options(executable: str, *, images: bool = False) -> dict[str, Any]:
    """How Chromium is started: without its own calls to the outside, and in its sandbox, which it does not have as root.

    ``images``: whether pictures are loaded and drawn.
    """
    quiet = [
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
        f"--gaia-url={NOWHERE}", f"--component-updater=url-source={NOWHERE}", f"--disable-features={','.join(UNWANTED)}",
    ]  # fmt: skip
    lean = [] if images else ["--blink-settings=imagesEnabled=false"]
    bounded = [f"--js-flags=--max-old-space-size={MOST_SCRIPT_MEGABYTES}"]
    return {
        "executable_path": executable,
        "headless": True,
        "chromium_sandbox": not (hasattr(os, "geteuid") and os.geteuid() == 0),  # Playwright leaves it out unless asked
        "args": [*quiet, *lean, *bounded, "--disable-quic"],
    }


async def scroll_to_end(page: Any, selector: str, enough: int, load_more: str | None = None) -> None:
    """Scroll until ``selector`` stops growing in number, or matches ``enough``.

    ``load_more``: the button that brings more. It is pressed by script, so that no banner over it is in the way.
    """
    stalls, seen = 0, 0
    for _ in range(MOST_SCROLLS):
        if seen >= enough or stalls >= STALLS:
            return
        await page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        if load_more:
            await page.evaluate("button => document.querySelector(button)?.click()", load_more)
        await page.wait_for_timeout(SETTLE_MILLISECONDS)
        count = await page.locator(selector).count()
        stalls, seen = (stalls + 1, seen) if count <= seen else (0, count)


async def watch_memory() -> None:
    """End every renderer below this process that takes more than ``MOST_PROCESS_BYTES``; its page fails, and it alone."""
    here = psutil.Process()
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        for process in here.children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                if process.memory_info().rss > MOST_PROCESS_BYTES and _renders(process):
                    process.kill()


def _renders(process: psutil.Process) -> bool:
    return any(word in ("--type=renderer", "--type=zygote") for word in process.cmdline())
