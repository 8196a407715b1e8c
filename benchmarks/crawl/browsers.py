"""How the peers' browser is started: the one that Touchstone finds, and flags that change nothing about a page."""

import os
from typing import Any

from crawler.browser import find_browser

# Chromium's own calls to the outside are off, since they would be work that is no row's; root gets no sandbox from it.
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")


def launch_options() -> dict[str, Any]:
    """Arguments for Playwright's ``launch``. Not ``crawler.browser.launch_options``: its tricks are Touchstone's own."""
    rootless = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": find_browser(), "headless": True, "args": [*QUIET, *rootless]}
