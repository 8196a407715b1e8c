"""Running the spider: settings, start, and what the crawl amounted to."""

import logging
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings as ScrapySettings

from crawler.browser import find_browser, launch_options
from crawler.marketplace import Marketplace, Rendering
from crawler.spider import LARGEST_IMAGE_BYTES, MarketplaceSpider
from touchstone import VERSION
from touchstone.configuration import MarketplaceSettings, Settings
from touchstone.ports import Sink
from touchstone.sweeps import SweepReport, SweepRequest, SweepStatus

LARGEST_PAGE_BYTES = LARGEST_IMAGE_BYTES
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


def crawl(jobs: Sequence[Job], settings: Settings) -> list[SweepReport]:
    """Run sweeps side by side to their end in this process and say, in the same order, what was seen.

    Blocks; Ctrl-C and SIGTERM end them after what is in flight. A process can crawl once: Twisted's reactor does not
    start again. Raises ``ConfigurationError`` when a browser is needed and there is none; a failing store ends the
    crawl and is raised as it was.
    """
    from scrapy import signals

    process = AsyncCrawlerProcess({"LOG_INSTALL_ROOT_HANDLER": False, "LOG_ENABLED": False})
    _quiet_logs()
    reasons: dict[int, str] = {}
    crawlers = []
    for number, job in enumerate(jobs):
        crawler = Crawler(MarketplaceSpider, ScrapySettings(_scrapy_settings(job, settings)))

        def closed(spider: Any, reason: str, number: int = number) -> None:
            reasons[number] = reason

        crawler.signals.connect(closed, signal=signals.spider_closed, weak=False)
        process.crawl(crawler, marketplace=job.marketplace, request=job.request, sink=job.sink)
        crawlers.append(crawler)
    process.start()
    return [_outcome(crawler, reasons.get(number, "shutdown")) for number, crawler in enumerate(crawlers)]


def _outcome(crawler: Crawler, reason: str) -> SweepReport:
    spider = crawler.spider
    if not isinstance(spider, MarketplaceSpider):
        return SweepReport(status=SweepStatus.FAILED, problems=("the crawl did not start; see the log",))
    if spider.failure is not None:
        raise spider.failure
    crashes = int((crawler.stats and crawler.stats.get_value("spider_exceptions/count", 0)) or 0)
    return report_of(spider, reason, crashes=crashes)


def report_of(spider: MarketplaceSpider, reason: str, *, crashes: int = 0) -> SweepReport:
    """What a finished spider amounts to: its counts, its problems and a status that claims no more than was seen."""
    problems = [f"{text} (×{count})" if count > 1 else text for text, count in spider.problems.most_common()]
    rot = list(_broken_assertions(spider))
    if crashes:
        problems.append(f"{crashes} pages could not be worked through because of a fault of ours; see the log")
    if reason != "finished":
        status = SweepStatus.INTERRUPTED
    elif not spider.listings and problems:
        status = SweepStatus.FAILED
    elif rot:
        status = SweepStatus.DEGRADED
    else:
        status = SweepStatus.PARTIAL if _lost_pages(spider) or crashes else SweepStatus.COMPLETE
    return SweepReport(
        status=status,
        listings=spider.listings,
        pages=dict(sorted(spider.pages.items())),
        images=spider.images,
        browser_pages=spider.browser_pages,
        problems=(*rot, *problems),
    )


def _lost_pages(spider: MarketplaceSpider) -> int:
    return sum(spider.pages[status] for status in ("blocked", "login", "error", "empty"))


def _broken_assertions(spider: MarketplaceSpider) -> list[str]:
    assertions = spider.marketplace.assertions
    broken = []
    limit = spider.request.max_listings
    least = assertions.min_listings if limit is None else min(assertions.min_listings, limit)
    if spider.request.queries and spider.listings < least:
        broken.append(f"only {spider.listings} listings; {spider.marketplace.name} promises at least {least}")
    for name, share in assertions.fill.items():
        if spider.listings and spider.filled[name] / spider.listings < share:
            sources = ", ".join(map(str, getattr(spider.marketplace.listing.fields, name)))
            broken.append(
                f"{name} is on {spider.filled[name]} of {spider.listings} listings, below the promised {share:.0%};"
                f" looked for at {sources}"
            )
    return broken


def _scrapy_settings(job: Job, settings: Settings) -> dict[str, Any]:
    marketplace, pace = job.marketplace, job.marketplace.politeness
    scrapy_settings: dict[str, Any] = {
        "TOUCHSTONE_MARKETPLACE": marketplace,
        "TOUCHSTONE_LOOPBACK": job.allowed.allow_loopback,
        "USER_AGENT": user_agent(settings.contact),
        "ROBOTSTXT_OBEY": pace.obey_robots,
        "ROBOTSTXT_USER_AGENT": "Touchstone",
        "DOWNLOAD_DELAY": 1 / pace.requests_per_second,
        "RANDOMIZE_DOWNLOAD_DELAY": False,  # it draws from 0.5 to 1.5 of the delay: half the gaps would break the rate
        "CONCURRENT_REQUESTS": pace.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": pace.concurrency,
        "DOWNLOAD_MAXSIZE": LARGEST_PAGE_BYTES,
        "DOWNLOAD_TIMEOUT": PAGE_TIMEOUT_SECONDS,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "REDIRECT_MAX_TIMES": 5,
        "HTTPERROR_ALLOW_ALL": True,  # an error page is something that was seen: the spider says what it is
        "DOWNLOADER_MIDDLEWARES": {"crawler.guard.DomainGuard": 990},  # after redirects and retries, before the network
        # Scrapy's own off-site check trusts retried requests; the guard above checks each one.
        "SPIDER_MIDDLEWARES": {"scrapy.spidermiddlewares.referer.RefererMiddleware": None},
        "REMOTE_CONTROL_ENABLED": False,  # runs Python that it is sent
        "TELNETCONSOLE_ENABLED": False,
        "COOKIES_ENABLED": False,
        "LOG_ENABLED": False,
    }
    if _needs_browser(marketplace):
        handler = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
        scrapy_settings |= {
            "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
            "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
            "PLAYWRIGHT_LAUNCH_OPTIONS": launch_options(find_browser(settings.browser)),
            "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": pace.concurrency,
            "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": PAGE_TIMEOUT_SECONDS * 1000,
            "PLAYWRIGHT_ABORT_REQUEST": "crawler.crawl.is_decoration",
        }
    return scrapy_settings


def is_decoration(request: Any) -> bool:
    """What a rendered page loads that no field is read from: images are fetched apart, once each."""
    return request.resource_type in ("image", "media", "font")


def _needs_browser(marketplace: Marketplace) -> bool:
    seller = marketplace.seller.rendering if marketplace.seller else Rendering.HTTP
    return any(r is not Rendering.HTTP for r in (marketplace.search.rendering, marketplace.listing.rendering, seller))


def _quiet_logs() -> None:
    """Scrapy and its company log to standard error by default; a person watches a progress bar there."""
    for name in ("scrapy", "twisted", "scrapy-playwright", "asyncio", "py.warnings", "marketplace"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="scrapy")
