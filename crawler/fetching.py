"""Fetching a few pages as a sweep would, without a sweep: robots.txt, bounds and pace are the same."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import scrapy
from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from scrapy.settings import Settings as ScrapySettings

from crawler.crawl import new_process, scrapy_settings
from crawler.marketplace import Marketplace
from crawler.tabs import Fields, Plan
from touchstone.configuration import MarketplaceSettings, Settings
from touchstone.pace import Limits, Turn


class Fetched(NamedTuple):
    """A page that was asked for: what came, or why nothing did."""

    asked: str
    url: str
    status: int
    content_type: str
    body: bytes
    fault: str = ""


class _OwnPace:
    """Turns for the few requests of one command."""

    async def turn(self, limits: Limits) -> Turn:
        await asyncio.sleep(limits.gap)
        return Turn(1, 0.0)

    async def start(self, limits: Limits) -> float:
        return time.time()

    def give_back(self, slot: int) -> None:
        """Nothing is held."""


class _Pages(scrapy.Spider):
    name = "pages"

    def __init__(
        self, marketplace: Marketplace, urls: Sequence[str], *, rendered: bool, fields: Fields, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.marketplace, self.urls, self.rendered, self.fields = marketplace, urls, rendered, fields
        self.sink = _OwnPace()
        self.crawl_delay = 0.0
        self.found: dict[str, Fetched] = {}

    async def start(self) -> AsyncIterator[Request]:
        for url in self.urls:
            meta = {"browser": Plan(fields=self.fields), "asked": url} if self.rendered else {"asked": url}
            yield Request(url, meta=meta, callback=self.keep, errback=self.failed, dont_filter=True)

    def keep(self, response: Response) -> None:
        asked = response.meta["asked"]
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1")
        self.found[asked] = Fetched(asked, response.url, response.status, kind, response.body)

    def failed(self, failure: Any) -> None:
        asked = failure.request.meta["asked"]
        why = f"{failure.type.__name__}: {(failure.getErrorMessage().splitlines() or [''])[0][:200]}"
        self.found[asked] = Fetched(asked, asked, 0, "", b"", why)


def fetch(
    marketplace: Marketplace,
    urls: Sequence[str],
    settings: Settings,
    allowed: MarketplaceSettings,
    *,
    rendered: bool,
    fields: Fields,
) -> list[Fetched]:
    """Fetch pages in the order given, each once. Blocks; a process can do this, or crawl, once.

    ``fields`` says what a page that is still filling in shows; it is taken once two looks agree.
    """
    opened = [marketplace.home[0]] if allowed.allow_loopback else []
    own = {"SCHEDULER": "scrapy.core.scheduler.Scheduler"}
    options = ScrapySettings(scrapy_settings(marketplace, settings, allowed) | own)
    process = new_process(opened)
    crawler = Crawler(_Pages, options)
    process.crawl(crawler, marketplace=marketplace, urls=tuple(dict.fromkeys(urls)), rendered=rendered, fields=fields)
    process.start()
    spider = crawler.spider
    found = spider.found if isinstance(spider, _Pages) else {}
    return [found.get(url, Fetched(url, url, 0, "", b"", "it was not fetched; see robots.txt")) for url in urls]
