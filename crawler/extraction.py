"""A page in, the listings on it out; pure, so that a saved page gives the same listing for ever."""

import re
from collections.abc import Callable
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urljoin

import msgspec
from w3lib.html import remove_tags

from crawler.marketplace import Marketplace, SellerPage, Source, fill
from crawler.page import PageView, texts
from crawler.prices import currency_code, is_range, parse_price
from crawler.schema_org import offers_of
from touchstone.images import ListingImage
from touchstone.listing import Availability, Condition, Listing, Offer, Seller
from touchstone.money import Money

T = TypeVar("T")

MOST_IMAGES = 12  # of one listing; galleries beyond it repeat, and a hostile page could list thousands
MOST_ATTRIBUTES = 60
SURE_WEIGHT = 6.0  # of a visible price that is believed over a declared one that is shown nowhere
LEAST_DECLARED = str(Source(schema="offers.lowPrice"))  # the ends of a range, as schema.org's AggregateOffer has them
MOST_DECLARED = Source(schema="offers.highPrice")
LONGEST_BRAND = 80  # characters
_NO_NAME = re.compile(
    r"^[$#{%]|[|{}<>]|^(?:null|none|undefined|unknown|n/?a|generic|unbranded|no brand|-+)$", re.IGNORECASE
)
LONGEST_TITLE = 500  # characters; marketplaces allow 100 to 200

_CONDITIONS = (
    (Condition.REFURBISHED, re.compile(r"refurb|리퍼", re.IGNORECASE)),
    (Condition.USED, re.compile(r"used|pre-?owned|second.?hand|중고", re.IGNORECASE)),
    (Condition.NEW, re.compile(r"new|새\s*상품|새\s*제품|신품|미개봉", re.IGNORECASE)),
)
_AVAILABILITIES = (
    (
        Availability.SOLD_OUT,
        re.compile(r"out.?of.?stock|sold.?out|discontinued|unavailable|품절|일시\s*품절|매진", re.IGNORECASE),
    ),
    (Availability.PREORDER, re.compile(r"pre.?order|back.?order|예약", re.IGNORECASE)),
    (
        Availability.IN_STOCK,
        re.compile(
            r"in.?stock|available|limited|online.?only|구매\s*가능|판매\s*중|바로\s*구매|장바구니|add to (?:cart|basket)|buy now",
            re.IGNORECASE,
        ),
    ),
)


class Extraction(NamedTuple):
    """What a page gave: its listings (none when a required field is lacking) and the required fields it lacks."""

    listings: tuple[Listing, ...]
    missing: tuple[str, ...]

    @property
    def filled(self) -> frozenset[str] | None:
        """The fields of the first listing, as the others differ in seller and price only; ``None`` without one."""
        return self.listings[0].filled if self.listings else None


class _Reader:
    """Reads fields of one page and remembers where each came from."""

    def __init__(self, page: PageView, marketplace: Marketplace) -> None:
        self.page = page
        self.marketplace = marketplace
        self.fields = marketplace.listing.fields
        self.provenance: dict[str, str] = {}
        self.conflicts: dict[str, str] = {}

    def value(self, name: str) -> Any:
        found = self.page.first(getattr(self.fields, name))
        if found is None:
            return None
        self.provenance[name] = found[1]
        return found[0]

    def text(self, name: str) -> str | None:
        value = self.value(name)
        return remove_tags(str(value)).strip() or None if value is not None else None

    def asked(self, currency: str | None) -> Money | None:
        """The price asked. Where the page declares one that it shows nowhere, and clearly shows another, that one.

        Either way the difference is a conflict: a page that tells machines another price than people may be cloaked.
        """
        declared = self.price("price", currency)
        source = self.provenance.get("price", "")
        if declared is None or not source.startswith(("schema:", "meta:")) or not self._may_compare():
            return declared
        if _digits_of(declared) & self.page.scene.amounts:
            return declared  # it is written on the page
        seen = self.page.visible_prices
        if seen.asked is None or seen.weight < SURE_WEIGHT:
            return declared
        visible = self._money(seen.asked, currency)
        if visible is None or visible == declared or _digits_of(declared) & seen.shown:
            return declared
        self.conflicts["price"] = f"{source} says {declared}, the page shows {visible}"
        self.provenance["price"] = "visible:price"
        return visible

    def is_least_of_several(self, price: Money | None, currency: str | None) -> bool:
        """Whether the price that was read is only where the prices of several options begin."""
        source = self.provenance.get("price", "")
        if price is None or not source:
            return False
        if source == LEAST_DECLARED:
            highest = (self._money(value, currency) for value in self.page.values(MOST_DECLARED))
            return any(high is not None and high.minor > price.minor for high in highest)
        if source == "visible:price":
            return is_range(self.page.visible_prices.asked or "", self.marketplace.currency)
        values = [value for one in self.fields.price if str(one) == source for value in self.page.values(one)]
        return bool(values) and is_range(str(values[0]), self.marketplace.currency)

    def _may_compare(self) -> bool:
        return any(source.visible == "price" for source in self.fields.price)

    def price(self, name: str, currency: str | None) -> Money | None:
        """The first source whose value can be read as a price: an empty ``content`` must not hide a visible price."""
        return self._first_that(name, lambda value: self._money(value, currency))

    def availability(self, price: Money | None) -> Availability:
        """As the sources say; goods with a price and without any word about it are taken to be there."""
        said = self._first_that("availability", lambda value: _first_of(_AVAILABILITIES, str(value), None))
        if said is not None:
            return Availability(said)
        if price is None:
            return Availability.UNKNOWN
        self.provenance["availability"] = "inferred:price"
        return Availability.IN_STOCK

    def brand(self) -> str | None:
        """The first source whose value can be a name: templates leave their variables and page titles in it."""
        return self._first_that("brand", _name)

    def _first_that(self, name: str, read: Callable[[Any], T | None]) -> T | None:
        """What ``read`` makes of the first value of a field that it can make something of, in the order of sources."""
        for source in getattr(self.fields, name):
            for value in self.page.values(source):
                found = read(value)
                if found is not None:
                    self.provenance[name] = str(source)
                    return found
        return None

    def _money(self, value: Any, currency: str | None) -> Money | None:
        default = self.marketplace.currency
        if self.marketplace.listing.minor_units and isinstance(value, int):
            return Money(value, (currency or default).upper())
        return parse_price(value, currency=currency, default_currency=default)


def extract(page: PageView, marketplace: Marketplace, seen_at: datetime) -> Extraction:
    """Read the listings of a page: one, or one for each named seller where several compete on it."""
    reader = _Reader(page, marketplace)
    currency = currency_code(reader.text("currency") or "", marketplace.currency)
    price = reader.asked(currency)
    offer = Offer(
        price=price,
        least_of_several=reader.is_least_of_several(price, currency),
        list_price=_higher(reader.price("list_price", currency), price),
        condition=_first_of(_CONDITIONS, reader.text("condition"), Condition.UNKNOWN),
        availability=reader.availability(price),
        stock=_count(reader.value("stock")),
        seller=_seller(reader),
    )
    title = reader.text("title")
    values = {"title": title, "price": offer.price, "images": reader.page.all(reader.fields.images)[0]}
    for name in marketplace.listing.required:
        if name not in values:
            values[name] = reader.value(name)
    missing = tuple(name for name in marketplace.listing.required if not values[name])
    sold_out_without_price = offer.availability is Availability.SOLD_OUT and missing == ("price",)
    if title is None or (missing and not sold_out_without_price):
        return Extraction((), missing or ("title",))
    listing = _listing(reader, marketplace, title, offer, seen_at)
    return Extraction(_per_seller(listing, page, marketplace), ())


def _digits_of(money: Money) -> set[str]:
    """The digits that an amount is shown by, with its cents and, where these are zero, without."""
    amount = money.amount
    return {
        re.sub(r"\D", "", f"{amount}"),
        str(int(amount)) if amount == int(amount) else "",
        f"{amount:f}".replace(".", ""),
    }


def listing_id(page: PageView, marketplace: Marketplace) -> str:
    """The marketplace's own number of a page's listing, else its address without scheme."""
    found = page.first(marketplace.listing.fields.id)
    return str(found[0]) if found else re.sub(r"^https?://", "", page.url)


def _listing(reader: _Reader, marketplace: Marketplace, title: str, offer: Offer, seen_at: datetime) -> Listing:
    page, fields = reader.page, reader.fields
    identity = listing_id(page, marketplace)
    template = marketplace.listing.public_url
    urls, reader.provenance["images"] = page.all(fields.images)
    images = dict.fromkeys(urljoin(page.url, str(url)) for url in urls if not str(url).startswith("data:"))
    category = " > ".join(map(str, page.all(fields.category)[0]))
    return Listing(
        marketplace=marketplace.name,
        listing_id=identity,
        url=fill(template, base_url=marketplace.base_url, id=identity) if template else page.url,
        title=title[:LONGEST_TITLE],
        seen_at=seen_at,
        offer=offer,
        brand=reader.brand(),
        gtins=tuple(dict.fromkeys(map(str, page.all(fields.gtin)[0]))),
        mpn=reader.text("mpn"),
        sku=reader.text("sku"),
        category=category or None,
        description=reader.text("description"),
        attributes=_attributes(page, marketplace),
        options=_options(page, marketplace),
        images=tuple(ListingImage(url=url) for url in list(images)[:MOST_IMAGES]),
        conflicts=reader.conflicts,
        provenance={name: source for name, source in reader.provenance.items() if source},
    )


def _name(value: Any) -> str | None:
    name = remove_tags(str(value)).strip()
    return name if name and len(name) <= LONGEST_BRAND and not _NO_NAME.search(name) else None


def _count(value: Any) -> int | None:
    """The first whole number in a value: "남은 수량 1,200개" is 1200."""
    hit = re.search(r"\d[\d,]*", str(value)) if value is not None else None
    return int(hit[0].replace(",", "")[:12]) if hit else None


def _higher(list_price: Money | None, price: Money | None) -> Money | None:
    """A list price is one only when it is above the price in the same currency."""
    if list_price is None or price is None or list_price.currency != price.currency:
        return list_price
    return list_price if list_price.minor > price.minor else None


def _seller(reader: _Reader) -> Seller | None:
    identity, name, url = reader.text("seller_id"), reader.text("seller_name"), reader.text("seller_url")
    if identity is None and name is None:
        return None
    return Seller(
        marketplace=reader.marketplace.name,
        seller_id=identity or str(name),
        name=name,
        url=urljoin(reader.page.url, url) if url else None,
    )


def _per_seller(listing: Listing, page: PageView, marketplace: Marketplace) -> tuple[Listing, ...]:
    """The listing once for each seller who is named with a price of their own; itself where fewer than two are."""
    rivals: dict[str, Offer] = {}
    for raw in offers_of(page.raw_product) if page.raw_product else ():
        seller = raw.get("seller")
        name = seller.get("name") if isinstance(seller, dict) else seller
        price = raw.get("price")
        if not isinstance(name, str) or not isinstance(price, (str, int, float)):
            continue
        money = parse_price(price, currency=raw.get("priceCurrency"), default_currency=marketplace.currency)
        if money is not None:
            identity = str(seller.get("identifier") or name) if isinstance(seller, dict) else name
            rivals[identity] = msgspec.structs.replace(
                listing.offer,
                price=money,
                seller=Seller(marketplace=marketplace.name, seller_id=identity, name=name),
                availability=_first_of(_AVAILABILITIES, str(raw.get("availability", "")), Availability.UNKNOWN),
                condition=_first_of(_CONDITIONS, str(raw.get("itemCondition", "")), listing.offer.condition),
            )
    if len(rivals) < 2:
        return (listing,)
    return tuple(
        msgspec.structs.replace(listing, listing_id=f"{listing.listing_id}:{identity}", offer=offer)
        for identity, offer in rivals.items()
    )


def _attributes(page: PageView, marketplace: Marketplace) -> dict[str, str]:
    rows = marketplace.listing.attributes
    if rows is None:
        return {}
    found: dict[str, str] = {}
    for row in page.selector.css(rows.row)[:MOST_ATTRIBUTES]:
        name, value = next(texts(row.css(rows.name)), ""), next(texts(row.css(rows.value)), "")
        if name and value:
            found[name] = value[:LONGEST_TITLE]
    return found


def _options(page: PageView, marketplace: Marketplace) -> dict[str, tuple[str, ...]]:
    rows = marketplace.listing.options
    if rows is None:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for row in page.selector.css(rows.row)[:MOST_ATTRIBUTES]:
        name, values = next(texts(row.css(rows.name)), ""), islice(texts(row.css(rows.value)), MOST_ATTRIBUTES)
        if name and (kept := tuple(value[:LONGEST_TITLE] for value in values if value)):
            found[name] = kept
    return found


def extract_seller(page: PageView, description: SellerPage, seller: Seller) -> Seller:
    """What a seller's page adds to a seller; fields that the page lacks stay as they were."""
    fields = description.fields
    found: dict[str, Any] = {}
    for name in ("name", "business_number", "country"):
        if value := page.first(getattr(fields, name)):
            found[name] = str(value[0])
    if fields.private:
        found["private"] = page.first(fields.private) is not None
    if (since := page.first(fields.since)) and (day := _day(str(since[0]))):
        found["since"] = day
    if (rating := page.first(fields.rating)) and (hit := re.search(r"\d+(?:\.\d+)?", str(rating[0]))):
        found["rating"] = float(hit[0])
    if (count := page.first(fields.rating_count)) and (hit := re.search(r"\d[\d,]*", str(count[0]))):
        found["rating_count"] = int(hit[0].replace(",", ""))
    return msgspec.structs.replace(seller, url=page.url, **found)


def _day(text: str) -> date | None:
    """A date, or the first day of a year, as pages write them: 2024-05-01, 2024.5.1, 2024년 5월, 2024."""
    hit = re.search(r"((?:19|20)\d\d)(?:\D{1,3}(\d{1,2}))?(?:\D{1,3}(\d{1,2}))?", text)
    try:
        return date(int(hit[1]), int(hit[2] or 1), int(hit[3] or 1)) if hit else None
    except ValueError:
        return None


def _first_of(table: tuple[tuple[Any, re.Pattern[str]], ...], text: str | None, default: Any) -> Any:
    return next((value for value, pattern in table if text and pattern.search(text)), default)
