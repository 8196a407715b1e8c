"""Rows (f1) and (f2): Crawlee for Python. Runs in the peers' own environment, which has nothing of Touchstone's.

Crawlee's defaults hold, but for a fixed concurrency (its own scaling up would only slow it down), the log, which is
off, and its queue, which is kept in memory: on disk, its default, it is slower. ``--rendered`` is its adaptive crawler,
which asks for what a page's script made, as row (e) does; it fetches pages both ways until it has learned which way does.
"""

import argparse
import asyncio
import json
from datetime import timedelta
from typing import Any

from crawlee import ConcurrencySettings, Request  # type: ignore[import-not-found, unused-ignore]
from crawlee.storage_clients import MemoryStorageClient  # type: ignore[import-not-found, unused-ignore]

WAIT = timedelta(seconds=5)


async def fetch(urls: list[str], common: dict[str, Any]) -> int:
    """Fetch and parse over HTTP; returns how many pages have a heading."""
    from crawlee.crawlers import ParselCrawler  # type: ignore[import-not-found, unused-ignore]

    got = set()

    async def handle(context: Any) -> None:
        if context.selector.css("h1::text").get():
            got.add(context.request.url)

    crawler = ParselCrawler(request_handler=handle, **common)
    await crawler.run([Request.from_url(url) for url in urls])
    return len(got)


async def render(urls: list[str], common: dict[str, Any], launch: dict[str, Any], wanted: str) -> int:
    """Fetch as the crawler sees fit; returns how many pages showed ``wanted``, a selector."""
    from crawlee.crawlers import AdaptivePlaywrightCrawler  # type: ignore[import-not-found, unused-ignore]

    got = set()

    async def handle(context: Any) -> None:
        if await context.query_selector_one(wanted, WAIT) is not None:
            got.add(context.request.url)
            await context.push_data({"url": context.request.url, "rendered": True})

    crawler = AdaptivePlaywrightCrawler.with_parsel_static_parser(
        playwright_crawler_specific_kwargs={"browser_launch_options": launch}, request_handler=handle, **common
    )
    await crawler.run([Request.from_url(url) for url in urls])
    return len(got)


def main() -> None:
    """Crawl and print the counts as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("count", type=int)
    parser.add_argument("concurrency", type=int)
    parser.add_argument("--rendered", metavar="SELECTOR")
    parser.add_argument("--launch", type=json.loads, default={}, help="arguments for the browser's launch, as JSON")
    given = parser.parse_args()
    many = given.concurrency
    common = {
        "concurrency_settings": ConcurrencySettings(min_concurrency=many, desired_concurrency=many, max_concurrency=many),
        "storage_client": MemoryStorageClient(),
        "configure_logging": False,
    }  # fmt: skip
    urls = [f"{given.base}/item/{number}" for number in range(1, given.count + 1)]
    work = render(urls, common, given.launch, given.rendered) if given.rendered else fetch(urls, common)
    print(json.dumps({"pages": asyncio.run(work)}))


if __name__ == "__main__":
    main()
