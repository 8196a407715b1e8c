"""A marketplace, described in one TOML file instead of programmed."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

import jmespath
import msgspec
from cssselect import SelectorError
from parsel import Selector

from touchstone.configuration import MarketplaceSettings
from touchstone.decoding import nearest, read_toml
from touchstone.errors import ConfigurationError, UnknownName
from touchstone.money import minor_digits

BUILT_IN = Path(__file__).parent / "marketplaces"
DEFAULT_FIELDS = Path(__file__).parent / "fields.toml"

USUAL_PORTS = (None, 80, 443)

Positive = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Rendering(StrEnum):
    """How a kind of page is fetched. ``auto``: over HTTP, and by a browser when required fields are lacking."""

    HTTP = "http"
    BROWSER = "browser"
    AUTO = "auto"


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place where a field may be found: exactly one of the first nine keys.

    - ``schema``: JMESPath on the page's schema.org Product (JSON-LD, microdata or RDFa; ``offers`` is the
      first offer and ``images`` the addresses of its images)
    - ``meta``: content of a ``<meta>`` with this name or property
    - ``state``: JMESPath on the JSON inside the ``<script>`` that ``script`` selects
    - ``json``: JMESPath on the page, when the page is JSON
    - ``css``, ``xpath``: selectors; end with ``::text`` or ``::attr(href)``; without either, the element's text
    - ``regex``: group 1, searched in the page's source
    - ``url``: group 1, searched in the page's address
    - ``visible``: what a visitor sees without knowing the shop: the price, the struck-out price, the article number,
      the brand, or whether it can be bought

    ``pick`` is a regular expression whose group 1 is taken out of each value; ``join`` puts several values together.
    """

    schema: str | None = None
    meta: str | None = None
    state: str | None = None
    json: str | None = None
    css: str | None = None
    xpath: str | None = None
    regex: str | None = None
    url: str | None = None
    visible: (
        Literal["title", "price", "list_price", "photos", "sku", "address_id", "brand_label", "brand", "availability"]
        | None
    ) = None
    script: str | None = None
    pick: str | None = None
    join: str | None = None

    @property
    def kind(self) -> str:
        """Which of the nine it is."""
        return next(kind for kind in SOURCE_KINDS if getattr(self, kind) is not None)

    @property
    def path(self) -> str:
        """The expression."""
        return str(getattr(self, self.kind))

    def __str__(self) -> str:
        return f"{self.kind}:{self.path}"


SOURCE_KINDS = ("schema", "meta", "state", "json", "css", "xpath", "regex", "url", "visible")

Sources = tuple[Source, ...]


class Fields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where each field of a listing is, best source first. A field left out is looked for where shops usually have it."""

    id: Sources = ()
    title: Sources = ()
    price: Sources = ()
    currency: Sources = ()
    list_price: Sources = ()
    brand: Sources = ()
    gtin: Sources = ()
    mpn: Sources = ()
    sku: Sources = ()
    category: Sources = ()
    description: Sources = ()
    condition: Sources = ()
    availability: Sources = ()
    stock: Sources = ()
    images: Sources = ()
    seller_id: Sources = ()
    seller_name: Sources = ()
    seller_url: Sources = ()


class SellerFields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a seller's page says who they are. ``private``: what is there only for private persons."""

    name: Sources = ()
    business_number: Sources = ()
    country: Sources = ()
    private: Sources = ()
    since: Sources = ()
    rating: Sources = ()
    rating_count: Sources = ()


class Rows(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of properties: a CSS selector for its rows, and within a row for the name and the value."""

    row: str
    name: str = "th"
    value: str = "td"


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Anything but a plain GET: for interfaces that answer in JSON. ``{query}`` and ``{page}`` in ``body`` are filled in."""

    method: Annotated[str, msgspec.Meta(pattern="^(GET|POST)$")] = "GET"
    body: str | None = None
    headers: dict[str, str] = {}


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How results are asked for and read. ``{query}`` and ``{page}`` in ``url`` are filled in.

    ``links`` finds the listings of a page; ``link`` turns what it found into an address where that is needed
    (``{value}``). ``scroll`` loads more by scrolling to the end, and by pressing the button that ``load_more`` selects; ``wait_for``
    is the selector to wait for.
    ``newest_first``: the url asks for the newest first, so that a page without a listing that is new to the store is
    the last one that is asked for.
    """

    url: str
    links: Sources
    link: str | None = None
    next: Sources = ()
    rendering: Rendering = Rendering.HTTP
    first_page: int = 1
    page_step: Positive = 1
    max_pages: Positive = 20
    scroll: bool = False
    load_more: str | None = None
    wait_for: str | None = None
    newest_first: bool = False
    request: Request = msgspec.field(default_factory=Request)


class ListingPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a listing's page is read. ``public_url`` (``{id}``) is what people open when ``url`` is an interface.

    ``revisit_hours``: a listing that was seen more recently is not fetched again when a search finds it.
    """

    fields: Fields = msgspec.field(default_factory=Fields)
    attributes: Rows | None = None
    options: Rows | None = None
    required: tuple[str, ...] = ("title", "price")
    rendering: Rendering = Rendering.AUTO
    wait_for: str | None = None
    public_url: str | None = None
    minor_units: bool = False
    revisit_hours: Annotated[float, msgspec.Meta(ge=0)] = 0
    request: Request = msgspec.field(default_factory=Request)


class SellerPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A seller's page: its address (``{seller_id}``) and where it says who they are."""

    url: str
    fields: SellerFields
    rendering: Rendering = Rendering.HTTP
    wait_for: str | None = None


class Markers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Texts on a page without a listing that say why there is none; small and capital letters are the same."""

    gone: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    login: tuple[str, ...] = ()
    sold_out: tuple[str, ...] = ()


class Politeness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the marketplace's servers are asked to bear, by all sweeps of this machine together."""

    requests_per_second: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    concurrency: Positive = 2
    requests_per_day: Positive | None = None
    obey_robots: bool = True

    def gap(self, crawl_delay: float) -> float:
        """Seconds between the starts of two requests, where robots.txt asks for ``crawl_delay``."""
        return max(1 / self.requests_per_second, crawl_delay)


class Assertions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must hold of a sweep, or it is degraded: the least number of listings and the share that has a field."""

    min_listings: int = 0
    fill: dict[str, Share] = {}


class Marketplace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One marketplace, or a software that many run: then ``base_url`` is left out here and set in touchstone.toml.

    ``domains`` are the hosts that may be fetched, that of ``base_url`` and their subdomains always."""

    title: str
    currency: str
    search: Search
    base_url: str = ""
    listing: ListingPage = msgspec.field(default_factory=ListingPage)
    seller: SellerPage | None = None
    domains: tuple[str, ...] = ()
    language: str = "en"
    markers: Markers = msgspec.field(default_factory=Markers)
    politeness: Politeness = msgspec.field(default_factory=Politeness)
    assertions: Assertions = msgspec.field(default_factory=Assertions)
    name: str = ""

    def may_fetch(self, url: str) -> bool:
        """Whether an address belongs to the marketplace; anything else on a page is hostile until shown otherwise.

        The host of ``base_url`` with its port, and each of ``domains`` with its subdomains on the usual ports.
        """
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:  # a port that is no number, a bracket that does not close
            return False
        if parts.scheme not in ("http", "https"):
            return False
        home = urlsplit(self.base_url)
        if host == home.hostname and port == home.port:
            return True
        if port not in USUAL_PORTS:
            return False
        allowed = (*self.domains, home.hostname) if home.port in USUAL_PORTS else self.domains
        return any(host == domain or host.endswith(f".{domain}") for domain in allowed)

    @property
    def home(self) -> tuple[str, int]:
        """Host and port of ``base_url``."""
        parts = urlsplit(self.base_url)
        return (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)

    def search_url(self, query: str, page: int) -> str:
        """The address of a page of results."""
        return fill(self.search.url, base_url=self.base_url, query=quote(query, safe=""), page=str(page))


def fill(template: str, **values: str) -> str:
    """Put values in place of ``{name}``; other braces stay, so that JSON bodies need no escapes."""
    return re.sub(r"\{(\w+)\}", lambda hit: values.get(hit[1], hit[0]), template)


def load(path: Path, settings: MarketplaceSettings | None = None) -> Marketplace:
    """Read a marketplace and what this installation changes about it.

    Raises ``ConfigurationError`` naming file, line, key and mend; selectors and JMESPaths are compiled here, so that
    a mistake shows before a page is fetched.
    """
    marketplace = read_toml(path, Marketplace)
    faults = [*_faults(marketplace)]
    if faults:
        text = "\n".join(f"  {fault}" for fault in faults)
        raise ConfigurationError(f"{path} cannot be used:\n{text}", hint="See docs/add-a-marketplace.md.")
    changes: dict[str, object] = {"name": path.stem}
    if settings and settings.base_url:
        changes["base_url"] = settings.base_url.rstrip("/")
    if settings and settings.requests_per_second:
        pace = msgspec.structs.replace(marketplace.politeness, requests_per_second=settings.requests_per_second)
        changes["politeness"] = pace
    fields = with_defaults(marketplace.listing.fields)
    changes["listing"] = msgspec.structs.replace(marketplace.listing, fields=fields)
    return msgspec.structs.replace(marketplace, **changes)


def find(name: str, folders: Iterable[Path]) -> Path:
    """The file that describes marketplace ``name``; raises ``UnknownName`` with the nearest."""
    known = available(folders)
    if name not in known:
        raise UnknownName(
            f"there is no marketplace {name!r}; {nearest(name, known)}", hint="See: touchstone marketplaces"
        )
    return known[name]


def available(folders: Iterable[Path]) -> dict[str, Path]:
    """Each marketplace that is described, by name; a user's own file stands before the one that ships."""
    return {path.stem: path for folder in (BUILT_IN, *folders) for path in sorted(folder.glob("*.toml"))}


def with_defaults(fields: Fields) -> Fields:
    """The fields, each that is left out looked for where shops usually have it."""
    defaults = read_toml(DEFAULT_FIELDS, Fields)
    own = {name: getattr(fields, name) for name in Fields.__struct_fields__ if getattr(fields, name)}
    return msgspec.structs.replace(defaults, **own)


def _faults(marketplace: Marketplace) -> Iterable[str]:
    try:
        minor_digits(marketplace.currency)
    except ValueError as error:
        yield f"currency: {error}"
    if "{query}" not in marketplace.search.url + (marketplace.search.request.body or ""):
        yield "search.url: has no {query}; say where the search words go"
    for name in marketplace.listing.required:
        if name not in Fields.__struct_fields__:
            yield f"listing.required: {name!r} is not a field; {nearest(name, Fields.__struct_fields__)}"
    for name in marketplace.assertions.fill:
        if name not in Fields.__struct_fields__:
            yield f"assertions.fill: {name!r} is not a field; {nearest(name, Fields.__struct_fields__)}"
    yield from _source_faults("search.links", marketplace.search.links)
    yield from _source_faults("search.next", marketplace.search.next)
    for name in Fields.__struct_fields__:
        yield from _source_faults(f"listing.fields.{name}", getattr(marketplace.listing.fields, name))
    if marketplace.seller:
        for name in SellerFields.__struct_fields__:
            yield from _source_faults(f"seller.fields.{name}", getattr(marketplace.seller.fields, name))


def _source_faults(where: str, sources: Sequence[Source]) -> Iterable[str]:
    blank = Selector(text="<html></html>")
    for number, source in enumerate(sources):
        given = [kind for kind in SOURCE_KINDS if getattr(source, kind) is not None]
        if len(given) != 1:
            yield f"{where}[{number}]: needs exactly one of {', '.join(SOURCE_KINDS)}; it has {given or 'none'}"
            continue
        try:
            if source.kind in ("schema", "state", "json"):
                jmespath.compile(source.path)
            elif source.kind == "css":
                blank.css(source.path)
            elif source.kind == "xpath":
                blank.xpath(source.path)
            elif source.kind in ("regex", "url"):
                _must_have_group(source.path)
            if source.pick:
                _must_have_group(source.pick)
        except (ValueError, SelectorError, re.error) as error:
            yield f"{where}[{number}]: {source} does not compile: {error}"
        if source.kind == "state" and not source.script:
            yield f'{where}[{number}]: state needs script = "CSS selector of the <script>"'


def _must_have_group(pattern: str) -> None:
    if re.compile(pattern).groups < 1:
        raise ValueError("it needs a group in parentheses around what to take")
