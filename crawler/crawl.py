"""Running the spider: settings, start, and what the crawl amounted to."""

import logging
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings as ScrapySettings

from crawler.addresses import CheckedResolver
from crawler.browser import find_browser
from crawler.marketplace import Marketplace, Rendering
from crawler.spider import LARGEST_PAGE_BYTES, MarketplaceSpider
from touchstone import VERSION
from touchstone.configuration import MarketplaceSettings, Settings
from touchstone.ports import Sink
from touchstone.sweeps import SweepRequest

PAGE_TIMEOUT_SECONDS = 30.0
PROJECT_PAGE = "https://touchstone-watch.invalid/"  # stands in where no contact is configured; `doctor` complains


def user_agent(contact: str | None) -> str:
    """Who we say we are, to every server, with a way to reach us."""
    return f"Touchstone/{VERSION} (brand protection crawler; +{contact or PROJECT_PAGE})"


class Job(NamedTuple):
    """One sweep to run: what to look for, where, for whom, and what this installation allows."""

    request: SweepRequest
    marketplace: Marketplace
    sink: Sink
    allowed: MarketplaceSettings


class Ending(NamedTuple):
    """How a crawl ended: ``finished`` when its frontier was worked off, else why not."""

    finished: bool
    reason: str


def crawl(jobs: Sequence[Job], settings: Settings) -> list[Ending]:
    """Run sweeps side by side in this process until their frontiers are worked off; says, in the same order, how they ended.

    Blocks; Ctrl-C and SIGTERM end them after what is in flight. A process can crawl once: Twisted's reactor does not
    start again. Raises ``ConfigurationError`` when a browser is needed and there is none; a failing store ends the
    crawl and is raised as it was.
    """
    from scrapy import signals

    if any(_needs_browser(job.marketplace) for job in jobs):
        find_browser(settings.browser)  # says how to install one before anything is fetched
    opened = [job.marketplace.home[0] for job in jobs if job.allowed.allow_loopback]
    process = new_process(opened)
    reasons: dict[int, str] = {}
    crawlers = []
    for number, job in enumerate(jobs):
        crawler = Crawler(MarketplaceSpider, ScrapySettings(scrapy_settings(job.marketplace, settings, job.allowed)))

        def closed(spider: Any, reason: str, number: int = number) -> None:
            reasons[number] = reason

        crawler.signals.connect(closed, signal=signals.spider_closed, weak=False)
        process.crawl(crawler, marketplace=job.marketplace, request=job.request, sink=job.sink)
        crawlers.append(crawler)
    process.start()
    return [_ending(crawler, reasons.get(number, "shutdown")) for number, crawler in enumerate(crawlers)]


def new_process(opened: Sequence[str]) -> AsyncCrawlerProcess:
    """A quiet process to crawl in; the hosts in ``opened`` may lead inward."""
    resolver = CheckedResolver.opening(opened)
    process = AsyncCrawlerProcess(
        {"LOG_INSTALL_ROOT_HANDLER": False, "LOG_ENABLED": False, "TWISTED_DNS_RESOLVER": resolver}
    )
    _quiet_logs()
    return process


def _ending(crawler: Crawler, reason: str) -> Ending:
    spider = crawler.spider
    if not isinstance(spider, MarketplaceSpider):
        return Ending(finished=False, reason="the crawl did not start; see the log")
    if spider.failure is not None:
        raise spider.failure
    return Ending(finished=reason == "finished", reason="" if reason in ("finished", "shutdown") else reason)


def scrapy_settings(marketplace: Marketplace, settings: Settings, allowed: MarketplaceSettings) -> dict[str, Any]:
    """Scrapy's settings for a marketplace: what is kept to, what is bounded, what is switched off."""
    pace = marketplace.politeness
    return {
        "TOUCHSTONE_MARKETPLACE": marketplace,
        "TOUCHSTONE_LOOPBACK": allowed.allow_loopback,
        "TOUCHSTONE_BROWSER": settings.browser,
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https"), "crawler.handler.Handler")
        | dict.fromkeys(("data", "file", "ftp", "s3")),
        "USER_AGENT": user_agent(settings.contact),
        "ROBOTSTXT_OBEY": pace.obey_robots,
        "ROBOTSTXT_USER_AGENT": "Touchstone",
        "SCHEDULER": "crawler.frontier.LeasingScheduler",
        "RETRY_ENABLED": False,  # a retried request keeps no wait that a server asks for; the frontier does
        "AUTOTHROTTLE_ENABLED": True,  # slower than the pace where the server is; the pace itself is in the store
        "AUTOTHROTTLE_START_DELAY": 0,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": pace.concurrency,
        "CONCURRENT_ITEMS": 1,  # a callback hands over no items; Scrapy starts as many tasks for each answer
        "CONCURRENT_REQUESTS": pace.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": pace.concurrency,
        "DOWNLOAD_MAXSIZE": LARGEST_PAGE_BYTES,
        "DOWNLOAD_TIMEOUT": PAGE_TIMEOUT_SECONDS,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "REDIRECT_MAX_TIMES": 5,
        "HTTPERROR_ALLOW_ALL": True,  # an error page is something that was seen: the spider says what it is
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            **({"crawler.politeness.Robots": 100} if pace.obey_robots else {}),
            "crawler.guard.DomainGuard": 990,  # after redirects, before the network
            "crawler.politeness.Pace": 995,
        },
        # Scrapy's own off-site check trusts retried requests; the guard above checks each one.
        "SPIDER_MIDDLEWARES": {"scrapy.spidermiddlewares.referer.RefererMiddleware": None},
        "REMOTE_CONTROL_ENABLED": False,  # runs Python that it is sent
        "TELNETCONSOLE_ENABLED": False,
        "HTTPPROXY_ENABLED": False,  # a proxy would resolve names itself, unchecked
        "COOKIES_ENABLED": False,
        "LOG_ENABLED": False,
    }


def _needs_browser(marketplace: Marketplace) -> bool:
    seller = marketplace.seller.rendering if marketplace.seller else Rendering.HTTP
    return any(r is not Rendering.HTTP for r in (marketplace.search.rendering, marketplace.listing.rendering, seller))


def _quiet_logs() -> None:
    """Scrapy and its company log to standard error by default; a person watches a progress bar there."""
    for name in ("scrapy", "twisted", "asyncio", "py.warnings", "marketplace"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="scrapy")
