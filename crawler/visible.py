"""Prices that only people were meant to read: found beside the page's main heading, as people find them."""

import re
from collections.abc import Iterator

from lxml import etree
from parsel import Selector

Element = etree._Element  # lxml names its public element class so

# Class and id words, whole or as part of one, that shops give to the amount asked, and to amounts that are not asked.
PRICE = re.compile(r"price|amount|prc|가격|금액", re.IGNORECASE)
STRUCK = re.compile(
    r"was|old|list|original|regular|before|compare|strike|retail|msrp|rrp|previous|crossed|정가|소비자", re.IGNORECASE
)
NOT_ASKED = re.compile(
    r"instal|month|save|saving|discount|shipping|delivery|unit|coupon|point|mileage|rating|review|deposit|할부|배송|적립",
    re.IGNORECASE,
)
STRUCK_TAGS = ("del", "s", "strike")
# Containers of other goods on the page.
ELSEWHERE = re.compile(
    r"card|related|recent|recommend|carousel|sponsor|similar|also|upsell|cross|tile|grid|slider|cart|추천|연관",
    re.IGNORECASE,
)
LONGEST_PRICE = 80  # characters of an element that shows a price and nothing else
FARTHEST = 8  # ancestors of the heading that are searched: farther up is the whole page


def visible_prices(page: Selector, heading: str | None) -> tuple[str | None, str | None]:
    """The price asked and the struck-out one beside the main heading, as the page writes them.

    ``heading`` is the title that was read, to tell the product's heading from a logo's. The nearest container of the
    heading that holds a price decides; cards of other goods are passed over.
    """
    start = _heading(page, heading)
    container = start.getparent() if start is not None else None
    for _ in range(FARTHEST):
        if container is None:
            return None, None
        asked, struck = _prices_in(container)
        if asked:
            return asked, struck
        container = container.getparent()
    return None, None


def headings(page: Selector) -> tuple[str, ...]:
    """The texts that say what the page is about: its h1 headings, or else its title for previews."""
    found = [" ".join(node.xpath("string()").get("").split()) for node in page.css("h1")]
    found += page.xpath("//meta[@property='og:title']/@content").getall()
    return tuple(text for text in found if text)


def _heading(page: Selector, title: str | None) -> Element | None:
    nodes: list[Element] = [node.root for node in page.css("h1, h2")]
    wanted = _folded(title or "")
    for node in nodes:
        text = _folded(_text(node))
        if text and wanted and (text in wanted or wanted in text):
            return node
    return next((node for node in nodes if node.tag == "h1"), None)


def _prices_in(container: Element) -> tuple[str | None, str | None]:
    asked: str | None = None
    struck: str | None = None
    for node in _price_nodes(container):
        own = _without_struck(node)
        inner = next((text for child in node.iter(*STRUCK_TAGS) if re.search(r"\d", text := _text(child))), None)
        if _is_struck(node, container):
            struck = struck or _text(node)
            continue
        if re.search(r"\d", own):
            asked = asked or own
        struck = struck or inner
    return asked, struck


def _price_nodes(container: Element) -> Iterator[Element]:
    """The outermost elements that are marked as prices, short enough to be one, and not in a card of other goods."""
    for node in container.iter(etree.Element):
        marked = node.tag in STRUCK_TAGS or PRICE.search(_marks(node)) or node.get("itemprop") == "price"
        if not marked or len(_text(node)) > LONGEST_PRICE or not re.search(r"\d", _text(node)):
            continue
        above = list(_up_to(node, container))
        if any(PRICE.search(_marks(parent)) and len(_text(parent)) <= LONGEST_PRICE for parent in above):
            continue  # its parent is the price, of which this is a piece
        if NOT_ASKED.search(_marks(node)) or any(_is_elsewhere(parent) for parent in above):
            continue
        yield node


def _is_struck(node: Element, container: Element) -> bool:
    """Whether a price is shown as not asked any more: by its tag, by its class, or by the word before it."""
    if any(part.tag in STRUCK_TAGS for part in (node, *_up_to(node, container))):
        return True
    marks = " ".join(word for word in _marks(node).split() if word.lower() not in ("price", "prices"))
    return bool(STRUCK.search(marks)) or bool(re.match(r"\s*(?:was|rrp|msrp|list|정가)\b", _text(node), re.IGNORECASE))


def _is_elsewhere(node: Element) -> bool:
    return (
        node.tag in ("aside", "footer", "nav")
        or (node.tag == "a" and bool(node.get("href")))
        or bool(ELSEWHERE.search(_marks(node)))
    )


def _up_to(node: Element, container: Element) -> Iterator[Element]:
    parent = node.getparent()
    while parent is not None and parent is not container:
        yield parent
        parent = parent.getparent()


def _without_struck(node: Element) -> str:
    """The text of a node less what is struck out or otherwise not asked inside it."""
    parts = [node.text or ""]
    for child in node:
        if isinstance(child.tag, str) and child.tag not in STRUCK_TAGS and not _not_asked(child):
            parts.append(_without_struck(child))
        parts.append(child.tail or "")
    return " ".join(" ".join(parts).split())


def _not_asked(node: Element) -> bool:
    marks = " ".join(word for word in _marks(node).split() if word.lower() not in ("price", "prices"))
    return bool(STRUCK.search(marks) or NOT_ASKED.search(marks))


def _marks(node: Element) -> str:
    return f"{node.get('class', '')} {node.get('id', '')}"


def _text(node: Element) -> str:
    return " ".join("".join(map(str, node.itertext())).split())


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().casefold()
