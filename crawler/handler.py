"""Scrapy's download handler: pages that need a browser go to one, everything else over HTTP as usual."""

from typing import Any

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.http import HtmlResponse, Request, Response

from crawler.browser import find_browser
from crawler.proxy import Target
from crawler.tabs import Browser, Plan

DROPPED = ("content-encoding", "transfer-encoding", "content-length", "content-type")  # true of other bytes


class Handler(HTTP11DownloadHandler):
    """``request.meta["browser"]`` holds a ``Plan`` where a page is to be rendered."""

    lazy = False

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        self._browser: Browser | None = None
        self._touchstone = crawler.settings

    async def download_request(self, request: Request) -> Response:
        """The answer to a request, rendered or not."""
        plan = request.meta.get("browser")
        if not isinstance(plan, Plan):
            return await super().download_request(request)
        if self._browser is None:
            self._browser = self._new_browser()
        timeout = float(request.meta.get("download_timeout", self._touchstone.getfloat("DOWNLOAD_TIMEOUT")))
        page = await self._browser.visit(request.url, plan, timeout=timeout)
        headers: dict[str, str] = {name: value for name, value in page.headers.items() if name not in DROPPED}
        headers["content-type"] = "text/html; charset=utf-8"
        return HtmlResponse(
            page.url, status=page.status, headers=headers, body=page.html.encode(), encoding="utf-8", request=request
        )

    async def close(self) -> None:
        """End the browser, then the connections."""
        if self._browser is not None:
            await self._browser.close()
        await super().close()

    def _new_browser(self) -> Browser:
        settings = self._touchstone
        marketplace = settings["TOUCHSTONE_MARKETPLACE"]
        opened = frozenset({Target(*marketplace.home)}) if settings.getbool("TOUCHSTONE_LOOPBACK") else frozenset()
        return Browser(
            find_browser(settings["TOUCHSTONE_BROWSER"]),
            user_agent=settings["USER_AGENT"],
            language=marketplace.language,
            open_targets=opened,
        )
