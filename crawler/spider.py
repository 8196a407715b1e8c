"""The one spider: search pages, listing pages, seller pages and images of any marketplace that is described."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import scrapy
from scrapy.exceptions import CloseSpider, IgnoreRequest
from scrapy.http import Request, Response, TextResponse
from scrapy_playwright.page import PageMethod

from crawler import browser
from crawler.extraction import Extraction, extract, extract_seller
from crawler.marketplace import Marketplace, Rendering, fill
from crawler.marketplace import Request as Described
from crawler.page import PageView
from crawler.status import search_status_of, status_of
from touchstone.errors import StoreError
from touchstone.images import ListingImage
from touchstone.listing import Listing, PageStatus, Seller
from touchstone.ports import Sink
from touchstone.sweeps import SweepRequest

LARGEST_IMAGE_BYTES = 20 * 1024 * 1024  # beyond any listing photo; larger bodies are cut off by the downloader
SEEN = (PageStatus.LISTING, PageStatus.SOLD_OUT)
TROUBLE = (PageStatus.BLOCKED, PageStatus.LOGIN, PageStatus.ERROR, PageStatus.EMPTY)


class MarketplaceSpider(scrapy.Spider):
    """Does all the I/O of a sweep and hands what it saw to a sink. It decides nothing about a listing."""

    name = "marketplace"

    def __init__(self, marketplace: Marketplace, request: SweepRequest, sink: Sink, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.marketplace = marketplace
        self.request = request
        self.sink = sink
        self.pages: Counter[str] = Counter()
        self.filled: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        self.listings = self.images = self.browser_pages = 0
        self.failure: BaseException | None = None
        self._asked: set[str] = set()
        self._image_tasks: dict[str, asyncio.Future[ListingImage]] = {}
        self._seller_tasks: dict[str, asyncio.Future[Seller]] = {}

    async def start(self) -> AsyncIterator[Request]:
        """The listings that were named, then the first page of each search."""
        for url in self.request.urls:
            if ask := self._ask(url):
                yield ask
        for query in self.request.queries:
            yield self._search(query, self.marketplace.search.first_page)

    def _search(self, query: str, number: int) -> Request:
        search = self.marketplace.search
        steps: list[PageMethod] = []
        if search.wait_for:
            steps.append(PageMethod(browser.wait_for, search.wait_for))
        if search.scroll and search.wait_for:
            steps.append(PageMethod(browser.scroll_to_end, search.wait_for, self.request.max_listings or 10_000))
        return self._build(
            self.marketplace.search_url(query, number),
            search.request,
            rendered=search.rendering is Rendering.BROWSER,
            steps=steps,
            callback=self.parse_search,
            cb_kwargs={"query": query, "number": number},
            body_values={"query": query, "page": str(number)},
            priority=10 if number == search.first_page else 0,
        )

    def _build(
        self, url: str, described: Described, *, rendered: bool, steps: list[PageMethod] | None = None,
        body_values: dict[str, str] | None = None, **kwargs: Any,
    ) -> Request:  # fmt: skip
        meta = {"playwright": True, "playwright_page_methods": steps or []} if rendered else {}
        body = fill(described.body, **(body_values or {})) if described.body else None
        return Request(
            url, method=described.method, headers=described.headers, body=body, meta=meta, errback=self.failed, **kwargs
        )

    def _ask(self, url: str, *, rendered: bool | None = None) -> Request | None:
        """A request for a listing page, once each, until ``max_listings`` are asked for."""
        listing = self.marketplace.listing
        again = rendered is not None
        if not again:
            full = self.request.max_listings is not None and len(self._asked) >= self.request.max_listings
            if full or url in self._asked or not self.marketplace.may_fetch(url):
                return None
            self._asked.add(url)
        by_browser = listing.rendering is Rendering.BROWSER if rendered is None else rendered
        steps = [PageMethod(browser.wait_for, listing.wait_for)] if listing.wait_for else []
        return self._build(
            url, listing.request, rendered=by_browser, steps=steps, callback=self.parse_listing, dont_filter=again
        )

    async def parse_search(self, response: Response, query: str, number: int) -> AsyncIterator[Request]:
        """Ask for the listings of a page of results, and for the next page while there is something new."""
        page, search = _view(response), self.marketplace.search
        links = page.links(search.links) if not search.link else self._templated(page)
        status = search_status_of(response.status, page, self.marketplace, len(links))
        first = number == search.first_page
        self._count(response, PageStatus.SEARCH if status is PageStatus.EMPTY and not first else status)
        if status in TROUBLE and (first or status is not PageStatus.EMPTY):
            self._trouble(f"search for {query!r}, page {number}: {status} (HTTP {response.status})")
        new = [ask for link in links if (ask := self._ask(link))]
        for ask in new:
            yield ask
        if new and number < search.first_page + (search.max_pages - 1) * search.page_step:
            if search.next and (following := page.links(search.next)):
                yield self._build(
                    following[0], search.request, rendered=False, callback=self.parse_search,
                    cb_kwargs={"query": query, "number": number + search.page_step},
                )  # fmt: skip
            elif not search.next and "{page}" in search.url + (search.request.body or ""):
                yield self._search(query, number + search.page_step)

    def _templated(self, page: PageView) -> list[str]:
        search = self.marketplace.search
        values = page.all(search.links)[0]
        return [fill(search.link or "", base_url=self.marketplace.base_url, value=str(value)) for value in values]

    async def parse_listing(self, response: Response) -> AsyncIterator[Request]:
        """Hand over what a listing page shows; ask a browser for it where HTTP alone does not yield it."""
        page, rendered = _view(response), _rendered(response)
        extraction = extract(page, self.marketplace, datetime.now(UTC))
        status = status_of(response.status, page, self.marketplace, extraction)
        incomplete = status is PageStatus.EMPTY
        if incomplete and not rendered and self.marketplace.listing.rendering is Rendering.AUTO:
            again = self._ask(response.url, rendered=True)
            assert again is not None  # a second asking is never refused
            yield again
            return
        self._count(response, status)
        if status in TROUBLE:
            lacking = f", lacking {', '.join(extraction.missing)}" if incomplete else ""
            self._trouble(f"listing pages: {status} (HTTP {response.status}){lacking}")
            return
        if status in SEEN:
            await self._hand_over(extraction, response.body, rendered)

    async def _hand_over(self, extraction: Extraction, body: bytes, rendered: bool) -> None:
        try:
            for listing in extraction.listings:
                complete = await self._completed(listing)
                await self.sink.listing(complete, body, rendered=rendered)
                self.listings += 1
                self.filled.update(_filled(complete))
        except StoreError as error:  # what cannot be stored must not be crawled on: the sweep ends and says why
            self.failure = self.failure or error
            raise CloseSpider("store_failed") from error

    async def _completed(self, listing: Listing) -> Listing:
        """The listing with its images fetched and its seller's page read, each once in a sweep."""
        images = await asyncio.gather(*(self._image(image.url) for image in listing.images))
        offer = listing.offer
        if offer.seller and self.marketplace.seller:
            offer = msgspec.structs.replace(offer, seller=await self._seller(offer.seller))
        return msgspec.structs.replace(listing, images=tuple(images), offer=offer)

    async def _image(self, url: str) -> ListingImage:
        if url not in self._image_tasks:
            self._image_tasks[url] = asyncio.ensure_future(self._fetch_image(url))
        return await self._image_tasks[url]

    async def _fetch_image(self, url: str) -> ListingImage:
        known = await self.sink.known_image(url)
        if known is not None:
            return known
        response = await self._download(Request(url, meta={"download_maxsize": LARGEST_IMAGE_BYTES}))
        if response is None or response.status != 200 or not response.body:
            self.problems["images that could not be fetched"] += 1
            return ListingImage(url=url)
        self.images += 1
        return await self.sink.image(url, response.body)

    async def _seller(self, seller: Seller) -> Seller:
        if seller.seller_id not in self._seller_tasks:
            self._seller_tasks[seller.seller_id] = asyncio.ensure_future(self._fetch_seller(seller))
        return await self._seller_tasks[seller.seller_id]

    async def _fetch_seller(self, seller: Seller) -> Seller:
        described = self.marketplace.seller
        assert described is not None  # asked for only where the marketplace describes one
        url = seller.url or fill(described.url, base_url=self.marketplace.base_url, seller_id=seller.seller_id)
        rendered = described.rendering is Rendering.BROWSER
        steps = [PageMethod(browser.wait_for, described.wait_for)] if described.wait_for else []
        meta = {"playwright": True, "playwright_page_methods": steps} if rendered else {}
        response = await self._download(Request(url, meta=meta))
        if response is None or response.status != 200:
            self.problems["seller pages that could not be read"] += 1
            return seller
        self._count(response, PageStatus.SELLER)
        return extract_seller(_view(response), described, seller)

    async def _download(self, request: Request) -> Response | None:
        """Fetch through all of Scrapy's middlewares (robots, guard, retries, pace); ``None`` where it cannot be had."""
        if not self.marketplace.may_fetch(request.url):
            return None
        engine = self.crawler.engine
        assert engine is not None  # set while it crawls
        try:
            return await engine.download_async(request)
        except Exception as error:  # noqa: BLE001 -- Twisted, Playwright and IgnoreRequest share no root; all mean: not had
            self.logger.info("%s was not had: %r", request.url, error)
            return None

    def failed(self, failure: Any) -> None:
        """Count a page that could not be had at all."""
        url = failure.request.url
        if failure.check(IgnoreRequest):
            self.pages["forbidden"] += 1
            self.problems[f"pages that may not be fetched: {failure.getErrorMessage()}"] += 1
            return
        self.pages[PageStatus.ERROR] += 1
        self.sink.page(url, PageStatus.ERROR, rendered=bool(failure.request.meta.get("playwright")))
        self._trouble(f"{failure.type.__name__}: {failure.getErrorMessage().splitlines()[0][:160]}")

    def _count(self, response: Response, status: PageStatus) -> None:
        self.pages[status] += 1
        self.browser_pages += _rendered(response)
        self.sink.page(response.url, status, rendered=_rendered(response))

    def _trouble(self, what: str) -> None:
        self.problems[what] += 1


def _view(response: Response) -> PageView:
    return PageView(response.url, response.text if isinstance(response, TextResponse) else "")


def _rendered(response: Response) -> bool:
    return bool(response.meta.get("playwright"))


def _filled(listing: Listing) -> Iterator[str]:
    """The names of the fields that a listing has, for the assertions on fill rates."""
    offer = listing.offer
    values = {
        "title": listing.title, "price": offer.price, "currency": offer.price, "list_price": offer.list_price,
        "brand": listing.brand, "gtin": listing.gtins, "mpn": listing.mpn, "category": listing.category,
        "description": listing.description, "images": listing.images, "seller_id": offer.seller,
        "seller_name": offer.seller and offer.seller.name,
        "condition": offer.condition != "unknown", "availability": offer.availability != "unknown",
    }  # fmt: skip
    return (name for name, value in values.items() if value)
