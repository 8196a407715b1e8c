"""The one spider: search pages, listing pages, seller pages and images of any marketplace that is described."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import scrapy
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Request, Response, TextResponse

from crawler.encoding import decoded
from crawler.extraction import Extraction, extract, extract_seller
from crawler.guard import OutOfBounds
from crawler.marketplace import Marketplace, Rendering, fill
from crawler.marketplace import Request as Described
from crawler.page import PageView
from crawler.politeness import RobotsUnreadable, TurnRefused, retry_after
from crawler.status import control_address, search_status_of, status_of
from crawler.tabs import VISIT_SECONDS, Plan
from touchstone.errors import ConfigurationError, StoreError
from touchstone.frontier import Outcome, PageKind, Validators, Visit, Way
from touchstone.images import ListingImage
from touchstone.listing import TROUBLE, Listing, PageStatus, Seller
from touchstone.pace import PATIENCE_SECONDS
from touchstone.ports import Sink
from touchstone.sweeps import SweepRequest

LARGEST_IMAGE_BYTES = 20 * 1024 * 1024  # beyond any listing photo; larger bodies are cut off by the downloader
SEEN = (PageStatus.LISTING, PageStatus.SOLD_OUT)
COME_BACK = (429, 503)  # refusals that ask for patience; others ask to be left alone
MOST_SCROLLED = 10_000  # listings of a page that is scrolled, where no limit was asked for
LARGEST_PAGE_BYTES = 8 * 1024 * 1024  # unpacked; the largest honest pages have two
ATTEMPTS = 3  # at a page, before it goes on the dead-letter list
BACK_OFF_GAPS = 4.0  # the first wait before another try, in gaps between requests; three times longer each time


class MarketplaceSpider(scrapy.Spider):
    """Does all the I/O of a sweep and hands what it saw to a sink. It decides nothing about a listing.

    ``stir`` is set by the scheduler and tells it that there is more to fetch.
    """

    name = "marketplace"

    def __init__(self, marketplace: Marketplace, request: SweepRequest, sink: Sink, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.marketplace = marketplace
        self.request = request
        self.sink = sink
        self.failure: BaseException | None = None
        self.ending: str | None = None
        self.stir: Callable[[], None] = lambda: None
        self.crawl_delay = 0.0  # seconds, set by robots.txt
        self._recipe = hashlib.sha256(msgspec.json.encode(marketplace.listing)).hexdigest()[:16]
        self._controls: dict[bool, asyncio.Future[PageView | None]] = {}
        self._image_tasks: dict[str, asyncio.Future[ListingImage]] = {}
        self._seller_tasks: dict[str, asyncio.Future[Seller]] = {}

    async def start(self) -> AsyncIterator[Request]:
        """Nothing: the visits to begin with are in the frontier already."""
        return
        yield  # makes it a generator

    def request_for(self, visit: Visit) -> Request:
        """The request that makes a visit."""
        if visit.kind is PageKind.SEARCH:
            return self._search(visit)
        rendering = self.marketplace.listing.rendering
        by_browser = rendering is Rendering.BROWSER or (rendering is Rendering.AUTO and visit.way is Way.BROWSER)
        return self._listing(visit, rendered=by_browser)

    def _search(self, visit: Visit) -> Request:
        search = self.marketplace.search
        most = (self.request.max_listings or MOST_SCROLLED) if search.scroll or search.load_more else 0
        plan = Plan(search.wait_for, most, search.load_more)
        rendered = search.rendering is Rendering.BROWSER
        return self._build(visit, search.request, self.parse_search, plan if rendered else None)

    def _listing(self, visit: Visit, *, rendered: bool) -> Request:
        listing = self.marketplace.listing
        plan = Plan(listing.wait_for, fields=None if listing.wait_for else _Filling(self.marketplace, self.sink.now))
        request = self._build(visit, listing.request, self.parse_listing, plan if rendered else None)
        known = visit.validators
        if known and known.recipe == self._recipe and not rendered and visit.way is Way.HTTP:
            for name, value in (("If-None-Match", known.etag), ("If-Modified-Since", known.last_modified)):
                if value:
                    request.headers[name] = value
        return request

    def _build(self, visit: Visit, described: Described, callback: Callable[..., Any], plan: Plan | None) -> Request:
        meta: dict[str, Any] = {"visit": visit, **({"browser": plan} if plan else {})}
        body = fill(described.body, query=visit.query, page=str(visit.number)) if described.body else None
        return Request(
            visit.url, method=described.method, headers=described.headers, body=body, meta=meta, callback=callback,
            errback=self.failed, dont_filter=True,
        )  # fmt: skip

    async def parse_search(self, response: Response) -> None:
        """Note the listings of a page of results, and its next page."""
        visit: Visit = response.meta["visit"]
        await self._guarded(visit, self._read_search(visit, response))

    async def _read_search(self, visit: Visit, response: Response) -> None:
        page, search = _view(response), self.marketplace.search
        links = page.links(search.links) if not search.link else self._templated(page)
        status = search_status_of(response.status, page, self.marketplace, len(links))
        first = visit.number == search.first_page
        if status is PageStatus.EMPTY and not first:
            status = PageStatus.SEARCH
        outcome = Outcome(status=status, http=response.status, rendered=_rendered(response))
        self._count(response, status)
        if status in TROUBLE:
            what = f"search for {visit.query!r}, page {visit.number}: {status} (HTTP {response.status})"
            await self._trouble(visit, outcome, what, response)
            return
        found = tuple(
            Visit(kind=PageKind.LISTING, url=link) for link in dict.fromkeys(links) if self.marketplace.may_fetch(link)
        )
        outcome = msgspec.structs.replace(
            outcome, found=found, following=self._following(visit, page), unseen=search.newest_first
        )
        if await self.sink.settle(visit, outcome):
            self.stir()

    def _following(self, visit: Visit, page: PageView) -> Visit | None:
        """The next page of results, if there may be one."""
        search = self.marketplace.search
        number = visit.number + search.page_step
        if number > search.first_page + (search.max_pages - 1) * search.page_step:
            return None
        url = self.marketplace.search_url(visit.query, number)
        if search.next:
            links = page.links(search.next)
            if not links or not self.marketplace.may_fetch(links[0]):
                return None
            url = links[0]
        elif "{page}" not in search.url + (search.request.body or ""):
            return None
        return Visit(kind=PageKind.SEARCH, url=url, query=visit.query, number=number)

    def _templated(self, page: PageView) -> list[str]:
        search = self.marketplace.search
        values = page.all(search.links)[0]
        return [fill(search.link or "", base_url=self.marketplace.base_url, value=str(value)) for value in values]

    async def parse_listing(self, response: Response) -> list[Request]:
        """Hand over what a listing page shows; ask a browser for it where HTTP alone does not yield it."""
        visit: Visit = response.meta["visit"]
        again = await self._guarded(visit, self._read_listing(visit, response))
        return [again] if again else []

    async def _read_listing(self, visit: Visit, response: Response) -> Request | None:
        rendered = _rendered(response)
        if response.status == 304:
            self._count(response, PageStatus.LISTING)
            await self.sink.settle(visit, Outcome(status=PageStatus.LISTING, http=304, unchanged=True))
            return None
        page, extraction = self._read(response)
        status = status_of(response.status, page, self.marketplace, extraction, asked=visit.url)
        if status is PageStatus.EMPTY or (status in SEEN and _is_guess(extraction)):
            control = await self._control(visit, rendered=rendered)
            status = status_of(response.status, page, self.marketplace, extraction, asked=visit.url, control=control)
        first: _Look | None = response.meta.get("first")
        if self._wants_browser(visit, status, rendered=rendered):
            again = self._listing(visit, rendered=True)
            again.meta["first"] = _Look(response, extraction, status)
            return again
        if first is not None:
            response, extraction, status = await self._better(visit, first, _Look(response, extraction, status))
            rendered = _rendered(response)
        self._count(response, status)
        outcome = Outcome(status=status, http=response.status, rendered=rendered, drawn=first is not None)
        if status in TROUBLE:
            lacking = f", lacking {', '.join(extraction.missing)}" if status is PageStatus.EMPTY else ""
            await self._trouble(visit, outcome, f"listing pages: {status} (HTTP {response.status}){lacking}", response)
        elif status in SEEN:
            await self._hand_over(visit, outcome, extraction, response)
        else:
            await self.sink.settle(visit, outcome)
        return None

    def _read(self, response: Response) -> tuple[PageView, Extraction]:
        """A listing's page and what it shows; one that was read when the browser took it is not read again."""
        page, plan = _view(response), response.meta.get("browser")
        seen = plan.fields.last if isinstance(plan, Plan) and isinstance(plan.fields, _Filling) else None
        if seen is not None and (seen[0].url, seen[0].text) == (page.url, page.text):
            return seen
        return page, extract(page, self.marketplace, self.sink.now())

    def _wants_browser(self, visit: Visit, status: PageStatus, *, rendered: bool) -> bool:
        """Whether a browser is to look as well: at a page that HTTP leaves empty, or to learn which way is enough."""
        if rendered or self.marketplace.listing.rendering is not Rendering.AUTO:
            return False
        return status is PageStatus.EMPTY or (status in SEEN and visit.way is Way.BOTH)

    async def _better(self, visit: Visit, plain: "_Look", drawn: "_Look") -> "_Look":
        """Of two looks at a page the one that gave more; learned from only when both ways could have given it."""
        if drawn.status not in SEEN:
            return plain if plain.status in SEEN else drawn  # a block or an error of the browser teaches nothing
        more = not drawn.fields <= plain.fields
        await self.sink.learn(visit.url, browser_more=more)
        return drawn if more else plain

    async def _hand_over(self, visit: Visit, outcome: Outcome, extraction: Extraction, response: Response) -> None:
        notes = _Notes()
        listings = [await self._completed(listing, notes) for listing in extraction.listings]
        await self.sink.settle(
            visit,
            msgspec.structs.replace(
                outcome,
                listings=tuple(listings),
                body=response.body,
                validators=None if outcome.rendered else self._validators(response),
                images=notes.images,
                problems=tuple(dict.fromkeys(notes.problems)),
            ),
        )

    async def _control(self, visit: Visit, *, rendered: bool) -> PageView | None:
        """What the marketplace answers for a listing that does not exist; asked for once in a sweep, where it helps."""
        if rendered not in self._controls:
            self._controls[rendered] = asyncio.ensure_future(self._fetch_control(visit, rendered=rendered))
        return await self._controls[rendered]

    async def _fetch_control(self, visit: Visit, *, rendered: bool) -> PageView | None:
        url = control_address(visit.url, str(random.randrange(10**15, 10**16)))
        if url is None:
            return None
        like = self._listing(msgspec.structs.replace(visit, url=url, validators=None), rendered=rendered)
        response = await self._download(like)
        return _view(response) if response is not None and response.status == 200 else None

    def _validators(self, response: Response) -> Validators | None:
        etag, modified = (response.headers.get(name, b"") or b"" for name in ("ETag", "Last-Modified"))
        if not etag and not modified:
            return None
        return Validators(
            recipe=self._recipe, etag=etag.decode("latin-1") or None, last_modified=modified.decode("latin-1") or None
        )

    async def _completed(self, listing: Listing, notes: "_Notes") -> Listing:
        """The listing with its images fetched and its seller's page read, each once in a sweep."""
        images = await asyncio.gather(*(self._image(image.url, notes) for image in listing.images))
        offer = listing.offer
        if offer.seller and self.marketplace.seller:
            offer = msgspec.structs.replace(offer, seller=await self._seller(offer.seller, notes))
        return msgspec.structs.replace(listing, images=tuple(images), offer=offer)

    async def _image(self, url: str, notes: "_Notes") -> ListingImage:
        if url not in self._image_tasks:
            self._image_tasks[url] = asyncio.ensure_future(self._fetch_image(url, notes))
        return await self._image_tasks[url]

    async def _fetch_image(self, url: str, notes: "_Notes") -> ListingImage:
        known = await self.sink.known_image(url)
        if known is not None:
            return known
        response = await self._download(Request(url, meta={"download_maxsize": LARGEST_IMAGE_BYTES}))
        if response is None or response.status != 200 or not response.body:
            notes.problems.append("images that could not be fetched")
            await self.sink.not_had(url)
            return ListingImage(url=url)
        notes.images += 1
        return await self.sink.image(url, response.body)

    async def _seller(self, seller: Seller, notes: "_Notes") -> Seller:
        if seller.seller_id not in self._seller_tasks:
            self._seller_tasks[seller.seller_id] = asyncio.ensure_future(self._fetch_seller(seller, notes))
        return await self._seller_tasks[seller.seller_id]

    async def _fetch_seller(self, seller: Seller, notes: "_Notes") -> Seller:
        described = self.marketplace.seller
        assert described is not None  # asked for only where the marketplace describes one
        url = seller.url or fill(described.url, base_url=self.marketplace.base_url, seller_id=seller.seller_id)
        known = await self.sink.known_seller(seller, url)
        if known is not None:
            return known
        rendered = described.rendering is Rendering.BROWSER
        meta = {"browser": Plan(described.wait_for)} if rendered else {}
        response = await self._download(Request(url, meta=meta))
        if response is None or response.status != 200:
            notes.problems.append("seller pages that could not be read")
            await self.sink.not_had(url)
            return seller
        self._count(response, PageStatus.SELLER)
        seller = extract_seller(_view(response), described, seller)
        outcome = Outcome(status=PageStatus.SELLER, http=response.status, rendered=rendered)
        await self.sink.seller(seller, Visit(kind=PageKind.SELLER, url=url), outcome)
        return seller

    async def _download(self, request: Request) -> Response | None:
        """Fetch through all of Scrapy's middlewares (robots, guard, pace); ``None`` where it cannot be had.

        A failure is tried again here: nothing else would.
        """
        engine = self.crawler.engine
        assert engine is not None  # set while it crawls
        for attempt in range(ATTEMPTS if self.marketplace.may_fetch(request.url) else 0):
            try:
                response = await engine.download_async(request.copy())
            except ConfigurationError:
                raise
            except IgnoreRequest as error:
                if isinstance(error, TurnRefused):
                    raise
                return None
            except Exception as error:  # noqa: BLE001 -- Twisted's and Playwright's share no root; all mean: not had
                self.logger.info("%s was not had: %r", request.url, error)
            else:
                if response.status < 500 and response.status != 429:
                    return response
                wait = retry_after(response.headers.get("Retry-After"), datetime.now(UTC)) or 0.0
                await asyncio.sleep(min(wait, PATIENCE_SECONDS))
            await asyncio.sleep(self._back_off(attempt))
        return None

    async def _guarded(self, visit: Visit, work: Any) -> Any:
        """Do a visit's work so that whatever happens, the visit is accounted for."""
        try:
            return await work
        except (StoreError, ConfigurationError) as error:
            self.fail(error)
        except TurnRefused as refusal:
            await self._refused(visit, refusal)
        except Exception as error:  # a fault of ours, met on a hostile page: the page waits for it, the sweep goes on
            self.logger.exception("%s could not be worked through", visit.url)
            outcome = Outcome(status=PageStatus.ERROR)
            what = f"a fault of ours, please report it: {type(error).__name__}: {str(error)[:160]}"
            await self._trouble(visit, outcome, what, None)
        return None

    async def failed(self, failure: Any) -> None:
        """Account for a page that could not be had at all."""
        visit: Visit = failure.request.meta["visit"]
        error = failure.value
        if isinstance(error, TurnRefused):
            await self._refused(visit, error)
        elif isinstance(error, ConfigurationError):
            self.fail(error)
        elif isinstance(error, OutOfBounds):
            what = f"pages that may not be fetched: {failure.getErrorMessage()}"
            await self.sink.settle(visit, Outcome(status=PageStatus.FORBIDDEN, problems=(what,)))
        else:
            rendered = bool(failure.request.meta.get("browser"))
            self.sink.page(visit.url, PageStatus.ERROR, rendered=rendered)
            outcome = Outcome(status=PageStatus.ERROR, rendered=rendered)
            if isinstance(error, (IgnoreRequest, DownloadCancelledError)) and not isinstance(error, RobotsUnreadable):
                await self.sink.give_up(visit, msgspec.structs.replace(outcome, problems=(_said(error),)))
            else:
                await self._trouble(visit, outcome, _said(error), None)

    async def _trouble(self, visit: Visit, outcome: Outcome, what: str, response: Response | None) -> None:
        """Have a page visited again if that may help, else give it up, saying why."""
        outcome = msgspec.structs.replace(outcome, problems=(what,))
        asked = retry_after(response.headers.get("Retry-After"), datetime.now(UTC)) if response is not None else None
        passing = outcome.status is PageStatus.ERROR or outcome.http in COME_BACK
        try:
            if passing and visit.attempts + 1 < ATTEMPTS:
                outcome = msgspec.structs.replace(outcome, hold=asked)
                await self.sink.put_back(visit, outcome, after=max(asked or 0.0, self._back_off(visit.attempts)))
                self.stir()
            else:
                await self.sink.give_up(visit, outcome)
        except StoreError as error:
            self.fail(error)

    def _back_off(self, attempt: int) -> float:
        """Seconds before the next try, jittered so that what failed together does not return together."""
        gap = self.marketplace.politeness.gap(self.crawl_delay)
        return BACK_OFF_GAPS * gap * 3.0**attempt * random.uniform(0.5, 1.5)

    async def _refused(self, visit: Visit, refusal: TurnRefused) -> None:
        """The marketplace is to be left in peace: keep the visit for later and end."""
        await self.sink.put_back(visit, Outcome(status=PageStatus.FORBIDDEN), after=0, failed=False)
        self.stop(str(refusal))

    def fail(self, error: BaseException) -> None:
        """End the sweep for want of a store or a browser: what cannot be stored or seen must not be crawled on."""
        self.failure = self.failure or error
        self.stop("installation_failed")

    def stop(self, reason: str) -> None:
        """End the sweep, once, after what is under way."""
        if self.ending is None:
            self.ending = reason
            engine = self.crawler.engine
            assert engine is not None  # set while it crawls
            asyncio.ensure_future(engine.close_spider_async(reason=reason))  # noqa: RUF006 -- the engine waits for it

    def _count(self, response: Response, status: PageStatus) -> None:
        self.sink.page(response.url, status, rendered=_rendered(response))


def _said(error: BaseException) -> str:
    """An error in one line: its own words, or what its kind means here."""
    words = next(iter(str(error).splitlines()), "")
    if not words and isinstance(error, DownloadCancelledError):
        words = f"more than {LARGEST_PAGE_BYTES // 2**20} MB"
    if not words and isinstance(error, TimeoutError):
        words = f"not done within {VISIT_SECONDS:g} s"
    return f"{type(error).__name__}: {words[:160]}"


class _Filling:
    """Reads a page that may still be filling in: a plan's ``fields``. ``last`` is what it read last."""

    def __init__(self, marketplace: Marketplace, now: Callable[[], datetime]) -> None:
        self._marketplace = marketplace
        self._now = now
        self.last: tuple[PageView, Extraction] | None = None

    def __call__(self, url: str, html: str) -> frozenset[str] | None:
        page = PageView(url, html)
        self.last = page, extract(page, self._marketplace, self._now())
        return self.last[1].filled


class _Look(NamedTuple):
    """One way of looking at a listing's page, and what it gave."""

    response: Response
    extraction: Extraction
    status: PageStatus

    @property
    def fields(self) -> frozenset[str]:
        """The fields that were obtained."""
        return self.extraction.filled or frozenset()


class _Notes:
    """What was fetched, and what could not be, for the sake of one visit."""

    def __init__(self) -> None:
        self.images = 0
        self.problems: list[str] = []


def _view(response: Response) -> PageView:
    if not isinstance(response, TextResponse):
        return PageView(response.url, "")
    declared = (response.headers.get("Content-Type") or b"").decode("latin-1")
    return PageView(response.url, decoded(response.body, declared))


def _is_guess(extraction: Extraction) -> bool:
    """Whether the price was found by looks alone, as it may be on a page of other goods."""
    listing = next(iter(extraction.listings), None)
    return listing is not None and listing.provenance.get("price", "visible").startswith("visible")


def _rendered(response: Response) -> bool:
    return bool(response.meta.get("browser"))
