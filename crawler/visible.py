"""What only people were meant to read: the price asked, and where the page says what it is about.

Every short text that looks like an amount is a candidate. It is weighed by how it is marked (class and id words), by
what it is part of (struck out, an instalment, another product's card), by how near it stands to the main heading and
to the button that buys, and by how often the page repeats it. The heaviest one is what a person would name.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from lxml import etree
from parsel import Selector

Element = etree._Element  # lxml names its public element class so

# Class and id words, whole or as part of one, that shops give to the amount asked, and to amounts that are not asked.
PRICE = re.compile(r"price|amount|prc|prix|preis|precio|prezzo|cena|가격|금액|판매가", re.IGNORECASE)
ASKED = re.compile(
    r"our.?price|buy|sale|sell|final|current|now|special|actual|deal|main|product.?price|inside|live|offer|today|판매가",
    re.IGNORECASE,
)
STRUCK = re.compile(
    r"was|\bold|[-_]old|old[-_]?price|list|original|regular|before|compare|strike|retail|msrp|rrp|previous|crossed|through"
    r"|정가|소비자",
    re.IGNORECASE,
)
NOT_ASKED = re.compile(
    r"instal|month|save|saving|discount|shipping|delivery|unit|coupon|point|mileage|rating|review|deposit|per[-_]|tax"
    r"|swatch|estimate|bid.?step|할부|배송|적립",
    re.IGNORECASE,
)
STRUCK_TAGS = ("del", "s", "strike")
# Containers of other goods on the page.
ELSEWHERE = re.compile(
    r"card|related|recent|recommend|carousel|sponsor|similar|also|upsell|cross|tile|grid|slider|cart|bundle|compar|sims"
    r"|accessor|history|menu|추천|연관",
    re.IGNORECASE,
)
SIGN = re.compile(
    r"[$€£¥₩￦₽₹₺₫฿₴₪]|원|円|元|\b(?:USD|EUR|GBP|CHF|KRW|JPY|CNY|RMB|RUB|PLN|SEK|NOK|DKK|AUD|CAD|NZD|ARS|BRL|MXN|lei|RON|"
    r"kr|zł|Kč|руб|TL|Ft|лв)\b",
    re.IGNORECASE,
)
AMOUNT = re.compile(r"\d[\d.,'\s\u00a0\u202f]*")
PRICED = re.compile(
    rf"(?:{SIGN.pattern})\s*{AMOUNT.pattern}|{AMOUNT.pattern}[,.\-–]*[만천억万千萬k]?\s*(?:{SIGN.pattern})",
    re.IGNORECASE,
)
BUY = re.compile(
    r"add.{0,3}to.{0,3}(?:cart|basket|bag|trolley)|buy.?(?:it.?)?now|buybox|order now|place bid|in den warenkorb|kaufen|bestellen"
    r"|ajouter au panier|acheter|aggiungi al carrello|acquista|a[ñn]adir (?:al carrito|a la cesta)|comprar|in winkel(?:wagen|mand)"
    r"|lisa ostukorvi|dodaj (?:do koszyka|v ko[šs]arico)|adaug[ăa] [îi]n co[șs]|в корзину|купить|pirkt|grozā|do ko[šs][íi]ku"
    r"|장바구니|바로\s?구매|구매하기|カートに入れる|カートへ|[カか][ゴご]に入れる|購入|加入購物車|立即購買|放入購物車|我要買|加入购物车|立即购买",
    re.IGNORECASE,
)
MARKS = ("class", "id", "itemprop", "data-auto", "data-testid", "data-test", "data-qa", "data-role", "data-hook")
LARGE = re.compile(
    r"font(?:-size)?:[^;]*?(?:1[89]|[2-6]\d)(?:\.\d+)?px|font(?:-size)?:[^;]*?(?:x-large|[23](?:\.\d)?r?em)",
    re.IGNORECASE,
)
UNSEEN = frozenset(("script", "style", "template", "textarea", "select"))
FRAME = re.compile(
    r"(?:^|[\s_-])(?:header|footer|gnb|lnb|nav|menu|recommend\w*|related|similar|cookie|banner)(?:$|[\s_-])|추천",
    re.IGNORECASE,
)
SRCSET = re.compile(r"([^\s,]\S*[^\s,])(?:\s+([\d.]+)[wx])?\s*(?:,|$)")
HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
DEEPEST = 400  # levels of nesting; what is below is not seen by anybody
BUYING_LINK = re.compile(r"^\s*(?:#|javascript:|$)|cart|basket|buy|order|checkout|purchase|bag", re.IGNORECASE)
CART_LINK = re.compile(r"\s*(?:장바구니|カート|cart|basket|bag|warenkorb|panier)[\s()\d]*$", re.IGNORECASE)
BUTTONS = ("button", "input", "a")
SWITCHED_OFF = re.compile(r"disabled|soldout|sold-out")
SKIPPED = frozenset(("script", "style", "head", "noscript", "template", "option", "select", "textarea"))
LONGEST_PRICE = 80  # characters of an element that shows a price and nothing else
LONGEST_OWN = 60  # characters of the text in which an amount is looked for
MOST_ELEMENTS = 60_000  # of a page that are looked at; real pages have up to 15,000
LONGEST_PROSE = 120  # characters around an amount; more are a text that mentions it
MOST_LETTERS = 12  # beside an amount; more are a sentence
LEAST_WEIGHT = 2.5  # of an amount that is believed to be the price
REPEATED = 3  # amounts of one and the same make from which they are a list of other goods
NEAR = 400  # elements after the heading over which nearness fades


# What lies over a page until it is closed: a question about cookies, an offer to subscribe.
OVERLAYS = etree.XPath(
    "//dialog | //*[@role='dialog' or @role='alertdialog' or @aria-modal='true'] | //*[self::div or self::section or self::aside]"
    "[contains(@class, 'cookie') or contains(@id, 'cookie') or contains(@class, 'consent') or contains(@id, 'consent')]"
)
LARGEST_OVERLAY = 400  # elements; more are the page itself, named after what lies over it
# Where shops keep a photo's address until it comes into view, the usual ones first.
LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-zoom-image", "data-large_image", "data-image")
PHOTO = re.compile(r"gallery|zoom|product|photo|swiper|slide|goods|detail|main|item|hero|상품|대표", re.IGNORECASE)
NO_PHOTO = re.compile(
    r"logo|icon|sprite|banner|avatar|pixel|flag|badge|star|rating|blank|loading|spacer|\.svg", re.IGNORECASE
)
NEAR_PHOTO = 200  # elements around the heading in which a listing's photos stand


class Prices(NamedTuple):
    """The price asked and the struck-out one, as the page writes them.

    ``weight``: how much speaks for the one asked; ``shown``: the digits of every amount that may be a price.
    """

    asked: str | None
    struck: str | None
    weight: float = 0.0
    shown: frozenset[str] = frozenset()


class _Candidate(NamedTuple):
    node: Element
    text: str
    order: int
    struck: bool
    weight: float


class Scene:
    """The short texts of a page in document order, with where its heading and its button to buy stand.

    ``over`` are the elements of what lies over the page.
    """

    def __init__(self, page: Selector, title: str | None, over: frozenset[Element]) -> None:
        self.heading = main_heading(page, title, over)
        self.around = set(_ancestors(self.heading, 50)) if self.heading is not None else set()
        self.heading_at: int | None = None
        self.button_at: int | None = None
        self.dead_button = False  # one that would buy, were it not switched off
        self.texts: list[tuple[int, Element, str]] = []
        self.photos: list[tuple[int, Element]] = []
        for order, node in enumerate(page.root.iter(etree.Element)):
            if order > MOST_ELEMENTS:
                break
            if node is self.heading:
                self.heading_at = order
            tag = node.tag
            if over and node in over:
                continue
            if tag == "img":
                self.photos.append((order, node))
            if tag in BUTTONS:
                self._look_at_button(order, node)
            if tag in SKIPPED:
                continue
            own = _own_text(node)
            if not own and tag == "img":
                own = node.get("alt", "").strip()  # old shops draw their buttons
            if own and len(own) <= LONGEST_OWN:
                self.texts.append((order, node, own))

    def _look_at_button(self, order: int, node: Element) -> None:
        sought = self.button_at is None and (self.heading_at is not None or self.heading is None)
        off = node.get("disabled") is not None
        if not (sought or off) or not _says_buy(node):
            return
        self.dead_button = self.dead_button or off
        if sought and not off and not SWITCHED_OFF.search(node.get("class", "")):
            self.button_at = order

    @cached_property
    def amounts(self) -> frozenset[str]:
        """The digits of every amount in the short texts."""
        return frozenset(_digits(hit) for _, _, own in self.texts for hit in AMOUNT.findall(own))

    def is_elsewhere(self, node: Element) -> bool:
        """Whether an element belongs to other goods or to the page's frame; what holds the heading as well does not."""
        return any(_is_elsewhere(part) for part in _ancestors(node, 12) if part not in self.around)


def visible_prices(scene: Scene) -> Prices:
    """The price asked and the struck-out one, as the page writes them."""
    found = [(order, node) for order, node, own in scene.texts if AMOUNT.search(own)]
    if not found:
        return Prices(None, None)
    candidates = _less_lists(list(_weighed(found, scene)))
    repeated = Counter(_digits(candidate.text) for candidate in candidates if not candidate.struck)
    asked = [candidate for candidate in candidates if not candidate.struck]
    best = max(
        asked,
        key=lambda c: (c.weight + 0.5 * min(repeated[_digits(c.text)] - 1, 2), -c.order),
        default=None,
    )
    if best is None or best.weight < LEAST_WEIGHT:
        return Prices(None, None)
    shown = frozenset(_digits(candidate.text) for candidate in candidates if candidate.weight > 0)
    inner = next((text for part in best.node.iter(*STRUCK_TAGS) if re.search(r"\d", text := text_of(part))), None)
    inner = inner or next(
        (
            text_of(part)
            for part in best.node.iterchildren(etree.Element)
            if _not_asked(part) and AMOUNT.search(text_of(part))
        ),
        None,
    )
    struck = [c for c in candidates if c.struck and abs(c.order - best.order) < NEAR // 4 and c.weight > -4]
    nearest = min(struck, key=lambda c: abs(c.order - best.order), default=None)
    return Prices(best.text, inner or (nearest.text if nearest else None), best.weight, shown)


def _weighed(found: list[tuple[int, Element]], scene: Scene) -> Iterator[_Candidate]:
    heading_at, button_at, around = scene.heading_at, scene.button_at, scene.around
    seen: set[Element] = set()
    for order, own_node in found:
        if not _may_be_price(own_node):
            continue
        node = _whole(own_node)
        if node in seen:
            continue
        seen.add(node)
        above = list(_ancestors(node, 12))
        marks = " ".join(marks_of(part) for part in (own_node, node, *above[:3]))
        struck = _is_struck(node, above) or _is_struck(own_node, [])
        text = text_of(node) if struck else _without_struck(node)
        beside = text_of(above[0]) if above else ""
        sign = bool(PRICED.search(text)) or (len(beside) <= LONGEST_PRICE and bool(PRICED.search(beside)))
        bare = bool(PRICE.search(marks)) and not re.search(r"[^\W\d_]", text)
        if not re.search(r"[1-9]", text) or not (sign or bare) or len(text) > LONGEST_PRICE:
            continue
        weight = 2.0 * sign + 2.0 * bool(PRICE.search(marks)) + 1.0 * bool(ASKED.search(marks))
        weight += 2.0 * (own_node.get("itemprop") == "price" or node.get("itemprop") == "price")
        weight -= 3.0 * bool(
            NOT_ASKED.search(marks_of(own_node) + " " + marks_of(node) + " " + marks_of(above[0] if above else None))
        )
        weight -= 5.0 * any(_is_elsewhere(part) for part in above if part not in around)
        weight -= 2.0 * (len(beside) > LONGEST_PROSE)
        weight += 1.0 * any(part.tag in STRUCK_TAGS for part in node.itersiblings(preceding=True))
        weight += 1.5 * bool(LARGE.search(node.get("style", "") + own_node.get("style", "")))
        weight -= 1.0 * bool(len(re.findall(r"[^\W\d_]", text)) > MOST_LETTERS)
        weight -= 2.0 * bool(re.search(r"[(/%]|[+−-]\s*\d+\s*%", text))
        for at, reach in ((heading_at, 3.0), (button_at, 1.5)):
            if at is not None:
                away = abs(order - at)
                weight += reach * max(0.0, 1 - away / NEAR) if order >= at or at is button_at else 0.0
        if heading_at is not None and order < heading_at:
            weight -= 1.0
        yield _Candidate(node, text, order, struck, weight)


def _may_be_price(node: Element) -> bool:
    """Whether anything near an amount speaks of money: a cheap look before a thorough one."""
    part: Element | None = node
    for _ in range(5):
        if part is None:
            return False
        if part.tag in STRUCK_TAGS or PRICE.search(marks_of(part)):
            return True
        text = "".join(map(str, part.itertext()))
        if len(text) > LONGEST_PRICE:
            return False
        if SIGN.search(text):
            return True
        part = part.getparent()
    return False


def _less_lists(candidates: list[_Candidate]) -> list[_Candidate]:
    """The candidates, less weight for each that is one of several of the same make with different amounts."""
    amounts: dict[tuple[str, ...], set[str]] = {}
    makes = []
    for candidate in candidates:
        above = list(_ancestors(candidate.node, 3))
        make = tuple(f"{part.tag!r} {part.get('class', '')}" for part in (candidate.node, *above))
        makes.append(make)
        amounts.setdefault(make, set()).add(_digits(candidate.text))
    return [
        candidate._replace(weight=candidate.weight - 3.0 * (len(amounts[make]) >= REPEATED))
        for candidate, make in zip(candidates, makes, strict=True)
    ]


def visible_blocks(root: Element, *, framed: bool = True) -> list[str]:
    """The pieces of text between tags, in document order, without scripts and styles and what is hidden.

    Not ``framed``: without the page's frame as well.
    """
    parts: list[str] = []
    _gather(root, parts, framed=framed, depth=0)
    return [folded for part in parts if (folded := " ".join(part.split()))]


def _gather(node: Element, parts: list[str], *, framed: bool, depth: int) -> None:
    if depth > DEEPEST or not isinstance(node.tag, str) or node.tag in UNSEEN:
        return
    if not framed and (node.tag in ("header", "nav", "footer", "aside") or FRAME.search(marks_of(node))):
        return
    if node.get("hidden") is not None or HIDDEN.search(node.get("style", "")):
        return
    if node.tag == "meta" and "refresh" in node.get("http-equiv", "").lower():
        parts.append(node.get("content", ""))
    if node.text:
        parts.append(node.text)
    for child in node:
        _gather(child, parts, framed=framed, depth=depth + 1)
        if child.tail:
            parts.append(child.tail)


def covering(page: Selector) -> frozenset[Element]:
    """Every element of what lies over the page; what is seen through it is the page."""
    over: set[Element] = set()
    for root in OVERLAYS(page.root):
        inside = list(islice(root.iter(etree.Element), LARGEST_OVERLAY + 1))
        if len(inside) <= LARGEST_OVERLAY:
            over.update(inside)
    return frozenset(over)


def photo_address(image: Element) -> str | None:
    """Where an ``img`` has its photo: a lazy one's own attribute, the largest of a set, else ``src``."""
    for name in LAZY:
        if address := image.get(name, "").strip():
            return address
    # The parser does not know that <source> is empty, and puts the image into it.
    picture = next((part for part in _ancestors(image, 4) if part.tag == "picture"), None)
    sources = [image, *(picture.iter("source") if picture is not None else ())]
    for source in sources:
        if largest := _largest(source.get("data-srcset") or source.get("srcset") or ""):
            return largest
    address = image.get("src", "").strip()
    return address if address and not address.startswith("data:") else None


def _largest(srcset: str) -> str | None:
    """The address in a ``srcset`` with the largest width or density."""
    found = [(float(size or 1), address) for address, size in SRCSET.findall(srcset) if not address.startswith("data:")]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def visible_photos(scene: Scene) -> list[str]:
    """The photos that a visitor takes for the listing's own: marked or named so, near the heading, not of other goods."""
    title = set(_folded(text_of(scene.heading)).split()) if scene.heading is not None else set()
    at, found = scene.heading_at or 0, []
    for order, image in scene.photos:
        address = photo_address(image)
        if address is None or abs(order - at) > NEAR_PHOTO or scene.is_elsewhere(image):
            continue
        marks = " ".join(marks_of(part) for part in (image, *_ancestors(image, 4)))
        named = bool(title & set(_folded(image.get("alt", "")).split()))
        if not NO_PHOTO.search(f"{address} {marks_of(image)}") and (named or PHOTO.search(marks)):
            found.append(address)
    return found


def main_heading(page: Selector, title: str | None, over: frozenset[Element]) -> Element | None:
    """The heading that names the product: the one that agrees best with the title, else the first h1."""
    nodes: list[Element] = [node.root for node in page.css("h1, h2") if node.root not in over]
    wanted = set(_folded(title or "").split())
    best: Element | None = None
    best_share = 0.0
    for node in nodes:
        words = set(_folded(text_of(node)).split())
        if words and wanted:
            share = len(words & wanted) / len(words | wanted) + 0.1 * (node.tag == "h1")
            if share > max(best_share, 0.2):
                best, best_share = node, share
    if best is None and wanted:  # a page without headings: whatever repeats the title
        for node in page.root.iter("div", "span", "p", "strong", "b", "h3", "td", "li"):
            words = set(_folded(_own_text(node)).split())
            if len(words) >= 2 and len(words & wanted) / len(words | wanted) > 0.6:
                best = node
                break
    first: Element | None = next((node for node in nodes if node.tag == "h1"), None)
    return best if best is not None else first


def headings(page: Selector) -> tuple[str, ...]:
    """The texts that say what the page is about: its h1 headings, or else its title for previews."""
    found = [" ".join(node.xpath("string()").get("").split()) for node in page.css("h1")]
    found += page.xpath("//meta[@property='og:title']/@content").getall()
    return tuple(text for text in found if text)


def title_heading(page: Selector, over: frozenset[Element]) -> str | None:
    """The h1 that the document's own title agrees with best; the only one where there is one."""
    texts = [text for node in page.css("h1") if node.root not in over and (text := text_of(node.root))]
    if len(texts) < 2:
        return texts[0] if texts else None
    titles = page.xpath("//title/text() | //meta[@property='og:title']/@content").getall()
    named = set(_folded(" ".join(titles[:4])).split())
    return max(texts, key=lambda text: len(named & set(_folded(text).split())) / (1 + len(_folded(text).split())))


def _whole(node: Element) -> Element:
    """The element that shows the whole amount: upwards while hardly any text is added, for a sign or cents apart."""
    for parent in _ancestors(node, 3):
        if node.tag in STRUCK_TAGS or any(True for _ in parent.iter(*STRUCK_TAGS)):
            break
        text = text_of(parent)
        if len(text) > 28 or parent.tag in ("td", "li", "tr", "body", "dd") or len(AMOUNT.findall(text)) > 3:
            break
        node = parent
    return node


def _is_struck(node: Element, above: list[Element]) -> bool:
    """Whether a price is shown as not asked any more: by its tag, by its class, or by the word before it."""
    if any(part.tag in STRUCK_TAGS or "line-through" in part.get("style", "") for part in (node, *above[:4])):
        return True
    for part in (node, *above[:1]):
        marks = " ".join(word for word in marks_of(part).split() if word.lower() not in ("price", "prices"))
        if STRUCK.search(marks) and not ASKED.search(marks):
            return True
    return bool(re.match(r"\s*(?:was|rrp|msrp|list|uvp|statt|정가|原價|原价)\b", text_of(node), re.IGNORECASE))


def _is_elsewhere(node: Element) -> bool:
    return (
        node.tag in ("aside", "footer", "nav", "header")
        or (node.tag == "a" and bool(node.get("href")))
        or bool(ELSEWHERE.search(marks_of(node)))
    )


def _says_buy(node: Element) -> bool:
    if node.tag == "a" and not BUYING_LINK.search(node.get("href", "#")):
        return False
    drawn = " ".join(image.get("alt", "") for image in node.iter("img"))
    words = " ".join(node.get(name, "") for name in ("value", "alt", "id", "name", "aria-label"))
    if node.tag == "a" and CART_LINK.match(text_of(node) + drawn):
        return False  # the way to one's cart
    return bool(BUY.search(f"{drawn} {words}") or BUY.search(text_of(node)[:60]))


def _ancestors(node: Element, most: int) -> Iterator[Element]:
    parent = node.getparent()
    while parent is not None and most > 0:
        yield parent
        parent, most = parent.getparent(), most - 1


def _without_struck(node: Element) -> str:
    """The text of a node less what is struck out or otherwise not asked inside it."""
    parts = [node.text or ""]
    for child in node:
        if isinstance(child.tag, str) and child.tag not in STRUCK_TAGS and not _not_asked(child):
            parts.append(_without_struck(child))
        parts.append(child.tail or "")
    return " ".join(" ".join(parts).split())


def _not_asked(node: Element) -> bool:
    marks = " ".join(word for word in marks_of(node).split() if word.lower() not in ("price", "prices"))
    return bool((STRUCK.search(marks) and not ASKED.search(marks)) or NOT_ASKED.search(marks))


def _own_text(node: Element) -> str:
    if not len(node):
        return " ".join(node.text.split()) if node.text else ""
    parts = [node.text or ""]
    parts += [child.tail for child in node if child.tail]
    return " ".join(" ".join(parts).split())


def marks_of(node: Element | None) -> str:
    """The words that a page's makers gave an element: its class, id and the like."""
    return " ".join(node.get(name, "") for name in MARKS) if node is not None else ""


def text_of(node: Element) -> str:
    """All text of an element, white space folded."""
    return " ".join("".join(map(str, node.itertext())).split())


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().casefold()
