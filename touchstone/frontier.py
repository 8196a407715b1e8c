"""What a sweep has yet to fetch, and what became of what it fetched: plain values that any worker may take on."""

from enum import StrEnum
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

from touchstone.listing import Listing, PageStatus


class PageKind(StrEnum):
    """What a page is asked for as."""

    SEARCH = "search"
    LISTING = "listing"
    SELLER = "seller"


class Validators(msgspec.Struct, frozen=True, kw_only=True):
    """What a server gave to ask later whether a page has changed: its ETag and Last-Modified headers as sent.

    ``recipe`` stands for the rules that the page was read by: once they change, the page must be read again.
    """

    recipe: str
    etag: str | None = None
    last_modified: str | None = None


class Way(StrEnum):
    """How a listing's page is fetched: over HTTP, by a browser, or both, to learn whether HTTP is enough."""

    HTTP = "http"
    BROWSER = "browser"
    BOTH = "both"


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A page to fetch. ``query`` and ``number`` (of the page of results) are set for searches.

    ``id`` is its row in the frontier, 0 before it has one; ``attempts`` counts the tries that came to nothing,
    ``way`` is how earlier visits to such pages say that it is best fetched, and ``validators`` are what the server
    gave with the page when it was last read.
    """

    kind: PageKind
    url: str
    query: str = ""
    number: int = 0
    id: int = 0
    attempts: int = 0
    validators: Validators | None = None
    way: Way = Way.HTTP


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a visit came to.

    - ``rendered``: what was read is a browser's document; ``drawn``: a browser looked, whatever was read
    - ``listings``, ``body``: what was read from which bytes
    - ``found``: visits to the listings that a page of results links to; ``following``: to its next page, which is
      asked for only if something was found that this sweep had not (``unseen``: that the store had not)
    - ``unchanged``: the server says that the page is as it was at the last visit
    - ``hold``: the server asks to be spared for so many seconds
    - ``images``: how many were fetched anew; ``problems``: one line for each thing that was lacking
    """

    status: PageStatus
    http: int | None = None
    rendered: bool = False
    drawn: bool = False
    listings: tuple[Listing, ...] = ()
    body: bytes = b""
    found: tuple[Visit, ...] = ()
    following: Visit | None = None
    unseen: bool = False
    unchanged: bool = False
    hold: float | None = None
    validators: Validators | None = None
    images: int = 0
    problems: tuple[str, ...] = ()


class Lease(NamedTuple):
    """Visits taken on; when there are none, the seconds until one is due, or ``None`` when none is open at all."""

    visits: list[Visit]
    wait: float | None


class VisitState(StrEnum):
    """``ready`` (perhaps later), ``leased`` by a worker, ``done``, or ``dead``: given up, with the reason."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A page that was given up, and why."""

    kind: PageKind
    url: str
    status: PageStatus
    attempts: int
    note: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a sweep has come: visits by state, pages by status, everything that was lacking, with counts, and what most
    of the pages were that could not be had."""

    states: dict[str, int] = {}
    pages: dict[str, int] = {}
    images: int = 0
    browser_pages: int = 0
    problems: tuple[str, ...] = ()
    trouble: PageStatus | None = None

    @property
    def open(self) -> int:
        """Visits that are yet to be made."""
        return self.states.get(VisitState.READY, 0) + self.states.get(VisitState.LEASED, 0)


def page_kind(url: str) -> str:
    """The kind of page that an address leads to: its path and query with what varies from page to page taken out.

    ``/item/4711?ref=a1`` is ``/item/#?ref``; short words as values stay, since they often choose a template:
    ``/view?no=7&type=live`` is ``/view?no&type=live``.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "?"
    path = "/".join("#" if _varies(segment) else segment for segment in parts.path.split("/"))
    pairs = sorted(parse_qsl(parts.query))[:MOST_PARAMETERS]
    query = "&".join(name if _varies(value) or name in SEARCH_WORDS else f"{name}={value}" for name, value in pairs)
    return f"{path}?{query}"[:LONGEST_KIND] if query else path[:LONGEST_KIND]


def _varies(text: str) -> bool:
    return (not text.isalpha() and bool(text)) or len(text) > LONGEST_WORD


MOST_PARAMETERS = 12
LONGEST_KIND = 200  # characters
LONGEST_WORD = 16  # of a path or a value; longer ones name a listing
SEARCH_WORDS = ("q", "query", "keyword", "kwd", "search", "ref", "from", "src")
