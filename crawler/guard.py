"""Nothing is fetched that does not belong to the marketplace, whatever a page, a redirect or a retry asks for."""

from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import IgnoreRequest

from crawler.addresses import is_inward
from crawler.marketplace import Marketplace


class OutOfBounds(IgnoreRequest):
    """An address that is not fetched by our own decision; no try later would change it."""


class DomainGuard:
    """Downloader middleware next to the network: it sees each request, redirected, retried, for an image or a page."""

    def __init__(self, marketplace: Marketplace, *, allow_loopback: bool) -> None:
        self._marketplace = marketplace
        self._allow_loopback = allow_loopback

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        """Scrapy's way to build a middleware."""
        return cls(
            crawler.settings["TOUCHSTONE_MARKETPLACE"], allow_loopback=crawler.settings.getbool("TOUCHSTONE_LOOPBACK")
        )

    def process_request(self, request: Request) -> None:
        """Let the request pass or raise ``OutOfBounds``."""
        if not self._marketplace.may_fetch(request.url):
            raise OutOfBounds(f"{urlsplit(request.url).hostname} does not belong to {self._marketplace.name}")
        if not self._allow_loopback and is_inward(request.url):
            raise OutOfBounds(f"{urlsplit(request.url).hostname} is on this machine or network; allow_loopback is off")
