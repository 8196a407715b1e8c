"""Scrapy's scheduler over the sweep's frontier: a request is a visit that was taken on, and is kept until acknowledged."""

import asyncio
import heapq
import itertools
from collections import deque
from typing import Any, Self

from scrapy.core.scheduler import BaseScheduler
from scrapy.http import Request
from scrapy.utils.defer import deferred_from_coro
from twisted.internet.defer import Deferred

from crawler.spider import MarketplaceSpider
from touchstone.errors import StoreError
from touchstone.frontier import Visit
from touchstone.pace import PATIENCE_SECONDS


class LeasingScheduler(BaseScheduler):
    """Takes visits on in small lots and hands them to the engine.

    What the spider finds never comes here: it is stored with the page that it was found on, and taken on from there.
    Only requests that belong to a visit under way come back by ``enqueue_request``: redirects, or a second look by
    browser. A killed process therefore loses nothing but the tries under way.
    """

    def __init__(self, lot: int) -> None:
        self._lot = lot
        self._taken: deque[Visit] = deque()
        self._again: list[tuple[int, int, Request]] = []
        self._order = itertools.count()
        self._leasing = False
        self._look_at = 0.0  # the loop's time before which there is nothing to take on
        self._drained = False

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        """Scrapy's way to build a component."""
        return cls(lot=2 * crawler.settings.getint("CONCURRENT_REQUESTS"))

    def open(self, spider: Any) -> None:
        """Remember whose visits these are."""
        assert isinstance(spider, MarketplaceSpider)
        self._spider = spider
        spider.stir = self.stir

    def close(self, reason: str) -> Deferred[None]:
        """Free the visits that were taken on and not made."""
        return deferred_from_coro(self._spider.sink.release())

    def has_pending_requests(self) -> bool:
        """Whether there is, or may be, anything left to fetch."""
        return bool(self._again or self._taken or self._leasing or not self._drained)

    def enqueue_request(self, request: Request) -> bool:
        """Take a further request of a visit that is under way."""
        heapq.heappush(self._again, (-request.priority, next(self._order), request))
        return True

    def next_request(self) -> Request | None:
        """The next request, if one is at hand; else see what can be taken on."""
        if self._again:
            return heapq.heappop(self._again)[2]
        if len(self._taken) <= self._lot // 4:
            self._take_on()
        return self._spider.request_for(self._taken.popleft()) if self._taken else None

    def stir(self) -> None:
        """Something was added to the frontier."""
        self._drained, self._look_at = False, 0.0
        self._wake()

    def _take_on(self) -> None:
        loop = asyncio.get_running_loop()
        if self._leasing or self._drained or loop.time() < self._look_at:
            return
        self._leasing = True
        asyncio.ensure_future(self._lease(loop))  # noqa: RUF006 -- it reports to this object

    async def _lease(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            visits, wait = await self._spider.sink.lease(self._lot)
        except StoreError as error:
            self._spider.fail(error)
            self._drained = True
            return
        finally:
            self._leasing = False
        self._taken.extend(visits)
        if not visits:
            if wait is None or wait > PATIENCE_SECONDS:
                self._drained = True
            else:
                self._look_at = loop.time() + wait
                loop.call_later(wait + 0.001, self._wake)
        self._wake()

    def _wake(self) -> None:
        engine: Any = self._spider.crawler.engine
        slot = engine and engine._slot  # the engine looks by itself every 5 s only, and has no public way to be asked
        if slot is not None and slot.closing is None:
            slot.nextcall.schedule()
