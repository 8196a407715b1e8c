"""Proposing a marketplace's description from example pages: declared data first, then selectors that fit all of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from crawler.marketplace import Marketplace, Source
from crawler.page import PageView
from crawler.prices import parse_price
from crawler.visible import Element, text_of
from touchstone.frontier import page_kind

WANTED = ("title", "price", "list_price", "brand", "gtin", "sku", "availability", "images", "seller_name")
STABLE = re.compile(r"^[A-Za-z][A-Za-z_-]{1,30}$")  # a class or id that a person chose; generated ones hold digits
MOST_CANDIDATES = 400  # selectors tried for one field


class Proposed(NamedTuple):
    """A field's source, on how many of the pages it gives a value, and whether it was found from an example."""

    source: str
    filled: int
    induced: bool


class Proposal(NamedTuple):
    """What to write into the TOML: the field sources, and how listings are found on a page of results."""

    fields: dict[str, Proposed]
    id_pattern: str | None
    links: str | None
    links_found: int


def propose(
    pages: Sequence[PageView], results: PageView | None, marketplace: Marketplace, expected: Mapping[str, str]
) -> Proposal:
    """Propose sources for the listing pages; ``expected`` holds values that the first of them shows.

    A default source is kept where it agrees with what is expected. Where it does not, or gives nothing, an element of
    the first page that shows the value is looked for, and a selector for it that gives a value on the other pages.
    """
    fields: dict[str, Proposed] = {}
    for name in WANTED:
        found = _declared(pages, marketplace, name, expected.get(name))
        if found is None and name in expected:
            found = _induced(pages, marketplace, name, expected[name])
        if found is not None:
            fields[name] = found
    urls = [page.url for page in pages]
    links, count = _links(results, urls) if results is not None else (None, 0)
    return Proposal(fields, _id_pattern(urls), links, count)


def _declared(pages: Sequence[PageView], marketplace: Marketplace, name: str, expected: str | None) -> Proposed | None:
    """The default source that fills the field on most pages and agrees with the example, if any."""
    best: Proposed | None = None
    for source in getattr(marketplace.listing.fields, name):
        values = [next(iter(page.values(source)), None) for page in pages]
        if expected is not None and not agrees(name, values[0], expected, marketplace):
            continue
        filled = sum(value is not None for value in values)
        if filled and (best is None or filled > best.filled):
            best = Proposed(_written(source), filled, induced=False)
    return best


def _induced(pages: Sequence[PageView], marketplace: Marketplace, name: str, expected: str) -> Proposed | None:
    candidates = [
        selector
        for node in pages[0].selector.root.iter()
        if isinstance(node.tag, str) and agrees(name, text_of(node)[:400], expected, marketplace)
        for selector in _selectors(node)
    ]
    best: Proposed | None = None
    for selector in list(dict.fromkeys(candidates))[:MOST_CANDIDATES]:
        source = Source(css=selector)
        values = [page.values(source) for page in pages]
        if not values[0] or not agrees(name, values[0][0], expected, marketplace):
            continue
        filled = sum(1 for found in values if found and (name != "price" or _price(found[0], marketplace)))
        alone = sum(len(found) for found in values) == filled
        if best is None or (filled, alone, -len(selector)) > (best.filled, True, -len(best.source)):
            best = Proposed(_written(source), filled, induced=True)
    return best


def _selectors(node: Element) -> Iterator[str]:
    """Selectors for an element by what a person chose to call it, the plainest first; then within its ancestors."""
    own = list(_names(node))
    yield from own
    parent, depth = node.getparent(), 0
    while parent is not None and depth < 4:
        for outer in _names(parent):
            for inner in (*own, str(node.tag)):
                yield " ".join((outer, inner))
        parent, depth = parent.getparent(), depth + 1


def _names(node: Element) -> Iterator[str]:
    if STABLE.match(node.get("id", "")):
        yield f"#{node.get('id')}"
    if STABLE.match(node.get("itemprop", "")):
        yield f"[itemprop={node.get('itemprop')}]"
    for word in node.get("class", "").split():
        if STABLE.match(word):
            yield ".".join((str(node.tag), word))
    if node.tag in ("h1", "h2"):
        yield str(node.tag)


def agrees(name: str, value: object, expected: str, marketplace: Marketplace) -> bool:
    """Whether a value is what somebody expects of a field: prices by amount, texts without regard to case and spaces."""
    if value is None:
        return False
    if name in ("price", "list_price"):
        wanted = _price(expected, marketplace)
        return wanted is not None and _price(value, marketplace) == wanted
    return " ".join(str(value).split()).casefold() == " ".join(expected.split()).casefold()


def _price(value: object, marketplace: Marketplace) -> object:
    text = value if isinstance(value, (int, float)) else str(value)
    return parse_price(text, currency=None, default_currency=marketplace.currency)


def _id_pattern(urls: Sequence[str]) -> str | None:
    """A pattern for the part of the address that differs between listings, if that is one run of letters and digits."""
    tails = [url.split("://", 1)[-1].partition("/")[2] for url in urls]
    runs = [re.findall(r"[A-Za-z0-9]*\d[A-Za-z0-9]*", tail) for tail in tails]
    if not runs or not all(runs):
        return None
    last = [found[-1] for found in runs]
    before = [tail[: tail.rindex(run)] for tail, run in zip(tails, last, strict=True)]
    lead = re.search(r"[/?&=][A-Za-z_-]*[=/]?$", "/" + before[0])
    shape = r"\d+" if all(run.isdigit() for run in last) else r"\w+"
    return re.escape(lead[0] if lead else "/").replace(r"\-", "-") + f"({shape})"


def _links(results: PageView, urls: Sequence[str]) -> tuple[str | None, int]:
    """A selector for the links of a page of results that lead to pages of the listings' kind, and their number."""
    kinds = {page_kind(url).split("?")[0] for url in urls}
    hosts = {urlsplit(url).netloc for url in urls}
    anchors = []
    for node in results.selector.css("a[href]"):
        url = urljoin(results.url, node.attrib["href"])
        if urlsplit(url).netloc in hosts and page_kind(url).split("?")[0] in kinds:
            anchors.append(node.root)
    if not anchors:
        return None, 0
    lead = re.match(r"(.*?/)[^/]*\d", urlsplit(urls[0]).path)
    part = lead[1] if lead and len(lead[1]) > 1 else None
    named = [name for name in _names(anchors[0]) if all(name in list(_names(anchor)) for anchor in anchors)]
    selector = named[0] if named else f"a[href*='{part}']" if part else "a"
    found = {urljoin(results.url, str(link)) for link in results.values(Source(css=f"{selector}::attr(href)"))}
    return f"{selector}::attr(href)", len(found)


def _written(source: Source) -> str:
    """A source as TOML."""
    path = source.path
    quoted = f"'{path}'" if '"' in path or "\\" in path else f'"{path}"'
    return f"{{ {source.kind} = {quoted} }}"
