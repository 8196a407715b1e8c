"""What a marketplace's servers are spared: robots.txt and its Crawl-delay, Retry-After, and a pace shared by all sweeps."""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.guard import OutOfBounds
from touchstone.pace import Limits

ROBOT = "Touchstone"  # the name that robots.txt may address us by
LATE_SHARE, LATE_SECONDS = (
    0.1,
    0.05,
)  # of the gap, and at least: a request that leaves later than that after its start has another
MOST_STARTS = 5  # that one request is given, on a machine that is too busy to keep any
LONGEST_CRAWL_DELAY = 60.0  # seconds; a longer one would make a sweep last for days, and is cut to this


class TurnRefused(IgnoreRequest):
    """No request may be made now: the circuit is open, the daily budget is spent, or the server named a later time."""


class RobotsUnreadable(IgnoreRequest):
    """robots.txt could not be had because of a fault of the server: until it can, nothing may be fetched (RFC 9309)."""


def retry_after(header: bytes | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks to wait, given as seconds or as an HTTP date (RFC 9110, 10.2.3).

    Never negative; ``None`` without a header, or with one that says neither.
    """
    text = (header or b"").decode("latin-1").strip()
    if text.isdecimal() and text.isascii():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds())


class Robots(RobotsTxtMiddleware):
    """Scrapy's robots.txt, with the two rules that it lacks: a server's fault forbids, and Crawl-delay is kept."""

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        self._faults: dict[str, Exception] = {}
        crawler.signals.connect(self._parsed, signal=signals.robots_parsed)

    def _parsed(self, robotparser: Any, request: Request) -> None:
        delay = robotparser.crawl_delay(ROBOT)
        if delay:
            spider: Any = self.crawler.spider
            spider.crawl_delay = max(spider.crawl_delay, min(float(delay), LONGEST_CRAWL_DELAY))

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status == 429:
            raise OSError(f"HTTP {response.status}")
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        if isinstance(exc, TurnRefused) or not isinstance(exc, IgnoreRequest):
            self._faults[netloc] = exc
        super()._robots_error(exc, netloc)

    def process_request_2(self, rp: Any, request: Request) -> None:
        """Let the request pass or raise ``OutOfBounds``, ``RobotsUnreadable`` or ``TurnRefused``."""
        netloc = urlsplit(request.url).netloc
        if rp is None and netloc in self._faults:
            self._parsers.pop(netloc, None)  # the next request asks again
            fault = self._faults[netloc]
            if isinstance(fault, TurnRefused):
                raise fault
            raise RobotsUnreadable(f"robots.txt of {netloc} cannot be had: {str(fault).splitlines()[0][:160]}")
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest as error:
            raise OutOfBounds(str(error)) from error


class Pace:
    """Downloader middleware next to the network: each request, of whatever kind, waits here for its turn."""

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        """Scrapy's way to build a middleware."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Return when the request may start; raises ``TurnRefused`` when it may not be made at all for now."""
        spider = self._crawler.spider
        politeness = spider.marketplace.politeness
        limits = Limits(
            gap=politeness.gap(spider.crawl_delay),
            concurrency=politeness.concurrency,
            daily=politeness.requests_per_day,
        )
        turn = await spider.sink.turn(limits)
        if turn.refusal:
            raise TurnRefused(turn.refusal)
        request.meta["turn"] = turn.slot
        await asyncio.sleep(turn.wait)
        for _ in range(MOST_STARTS):
            started = await spider.sink.start(limits)
            if time.time() - started <= max(LATE_SECONDS, LATE_SHARE * limits.gap):
                return  # else the next one, counted from that start, would come close upon its heels

    def process_response(self, request: Request, response: Response) -> Response:
        """Give the turn back."""
        self._ended(request)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Give the turn back."""
        self._ended(request)

    def _ended(self, request: Request) -> None:
        slot = request.meta.pop("turn", None)
        if slot is not None:
            self._crawler.spider.sink.give_back(slot)
