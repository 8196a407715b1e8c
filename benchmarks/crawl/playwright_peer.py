"""Rows (d) and (d2): Playwright's own interface and nothing else. A few tabs of one context go from page to page and are read.

For (d), which (e) is held against, Chromium itself leaves images out (``imagesEnabled=false``), the cheapest way there is.
"""

import argparse
import asyncio
import json
from collections.abc import Iterator
from typing import Any

from playwright.async_api import BrowserContext, async_playwright

from benchmarks.crawl.browsers import launch_options
from benchmarks.crawl.pages import RENDERED

NO_IMAGES = "--blink-settings=imagesEnabled=false"


async def crawl(base: str, count: int, tabs: int, options: dict[str, Any]) -> int:
    """Render every listing page; returns how many show what their script made."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)
        context = await browser.new_context()
        numbers = iter(range(1, count + 1))
        got = await asyncio.gather(*(_tab(context, base, numbers) for _ in range(tabs)))
        await browser.close()
    return sum(got)


async def _tab(context: BrowserContext, base: str, numbers: Iterator[int]) -> int:
    page, got = await context.new_page(), 0
    for number in numbers:  # shared by the tabs: each takes the next
        await page.goto(f"{base}/item/{number}")
        got += RENDERED in await page.content()
    return got


def main() -> None:
    """Crawl and print the counts as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("count", type=int)
    parser.add_argument("tabs", type=int)
    parser.add_argument("--no-images", action="store_true")
    given = parser.parse_args()
    options = launch_options()
    if given.no_images:
        options["args"] = [*options["args"], NO_IMAGES]
    print(json.dumps({"pages": asyncio.run(crawl(given.base, given.count, given.tabs, options))}))


if __name__ == "__main__":
    main()
