"""Rows (a) and (c): bare Scrapy, and stock scrapy-playwright. Given addresses are fetched and nothing is read from them.

Both run at Scrapy's defaults but for the concurrency and what costs time and is off in Touchstone too: the log, the
telnet console, cookies. (c) has scrapy-playwright's defaults: a new tab for each page, every sub-resource loaded.
"""

import argparse
import json
from collections.abc import AsyncIterator
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.http import Request, Response

from benchmarks.crawl.pages import RENDERED

PLAYWRIGHT = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
PHOTO_BYTES = 5_000  # a photo is larger
PAGE_BYTES = 30_000  # a listing's page is larger


class Fetcher(scrapy.Spider):
    """Fetches and counts what came whole."""

    name = "fetcher"

    def __init__(self, base: str, count: int, *, photos: bool, rendered: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.base = base
        self.count = count
        self.photos = photos
        self.rendered = rendered
        self.got = {"pages": 0, "photos": 0}

    async def start(self) -> AsyncIterator[Request]:
        """Every listing page, and its photo beside it where photos are asked for."""
        meta = {"playwright": True} if self.rendered else {}
        for number in range(1, self.count + 1):
            yield Request(f"{self.base}/item/{number}", callback=self.page, meta=meta)
            if self.photos:
                yield Request(f"{self.base}/img/{number}.jpg", callback=self.photo)

    def page(self, response: Response) -> None:
        """Count a page; a rendered one only with what its script made."""
        whole = response.status == 200 and len(response.body) > PAGE_BYTES
        self.got["pages"] += whole and (not self.rendered or RENDERED.encode() in response.body)

    def photo(self, response: Response) -> None:
        """Count a photo."""
        self.got["photos"] += response.status == 200 and len(response.body) > PHOTO_BYTES


def main() -> None:
    """Crawl and print the counts as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("count", type=int)
    parser.add_argument("concurrency", type=int)
    parser.add_argument("--photos", action="store_true")
    parser.add_argument("--rendered", action="store_true")
    given = parser.parse_args()
    settings: dict[str, Any] = {
        "LOG_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "COOKIES_ENABLED": False,
        "CONCURRENT_REQUESTS": given.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": given.concurrency,
        "DOWNLOAD_DELAY": 0,
    }
    if given.rendered:
        from benchmarks.crawl.browsers import launch_options

        settings |= {
            "DOWNLOAD_HANDLERS": {"http": PLAYWRIGHT, "https": PLAYWRIGHT},
            "PLAYWRIGHT_LAUNCH_OPTIONS": launch_options(),
        }
    process = AsyncCrawlerProcess({"LOG_INSTALL_ROOT_HANDLER": False, "LOG_ENABLED": False})
    crawler = Crawler(Fetcher, settings)
    process.crawl(crawler, base=given.base, count=given.count, photos=given.photos, rendered=given.rendered)
    process.start()
    assert isinstance(crawler.spider, Fetcher)  # it ran
    print(json.dumps(crawler.spider.got))


if __name__ == "__main__":
    main()
