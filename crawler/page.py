"""A fetched page, parsed once, and read through sources."""

import html
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urljoin

import jmespath
from extruct.jsonld import JsonLdExtractor
from extruct.w3cmicrodata import MicrodataExtractor
from lxml import etree
from lxml.html import HTMLParser
from parsel import Selector
from parsel.selector import create_root_node

from crawler.clues import clue
from crawler.marketplace import Source, Sources
from crawler.schema_org import first_offer, images_of, loads, main_product, rdfa_items, repaired
from crawler.visible import (
    Element,
    Prices,
    Scene,
    covering,
    headings,
    photo_address,
    text_of,
    title_heading,
    visible_blocks,
    visible_photos,
    visible_prices,
)

# Without any of these in its source, a page strikes no price out.
STRUCK_WORDS = ("line-through", "정가", "소비자가", "定価", "原價", "原价")
STRUCK_MARKS = (  # each begins with a letter that stands for itself, which is what makes a search of a whole page quick
    re.compile(r"<(?:del|s|strike|DEL|S|STRIKE)[\s>]"),
    re.compile(r">\s*(?:[Ww]as|WAS|RRP|MSRP|UVP|List|statt)\b"),
    re.compile(
        r"=[\"'](?:(?<=class=[\"'])|(?<=id=[\"']))[^\"'>]*"
        r"(?:[Ww]as|[Oo]ld|[Ll]ist-?[Pp]|[Oo]rig|[Rr]egular|[Bb]efore|[Cc]ompare|[Rr]etail|rrp|msrp|[Pp]rev|[Ss]tri|[Cc]ross)"
    ),
)
PHOTOS = "::attr(src)"  # of what is selected by the way to a photo; a lazy one has its address elsewhere
MOST_TEXT = 200_000  # characters of a JSON document that are searched for words
LONGEST_VALUE = 20_000  # characters; a longer "field" is a page's text caught by a careless selector


class PageView:
    """One page and everything that can be read from it. Parsed lazily and once, whatever the number of sources."""

    def __init__(self, url: str, text: str) -> None:
        self.url = url
        self.text = text
        self._clues: dict[str, str | None] = {}

    @cached_property
    def selector(self) -> Selector:
        """The parsed page; an empty one for JSON."""
        text = self.text if self.text.strip() and not self.is_json else "<html></html>"
        parser = HTMLParser if "itemscope" in text else etree.HTMLParser  # its elements are slow; microdata needs them
        return Selector(root=create_root_node(text, parser), type="html")

    @cached_property
    def is_json(self) -> bool:
        """Whether the page is a JSON document."""
        return self.text.lstrip()[:1] in ("{", "[")

    @cached_property
    def data(self) -> Any:
        """The page as JSON; ``None`` when it is none."""
        return loads(self.text) if self.is_json else None

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """The texts that say what the page is about."""
        return headings(self.selector)

    @cached_property
    def visible_text(self) -> str:
        """Everything a visitor can read, white space folded; the document itself where it is JSON."""
        return self.text[:MOST_TEXT] if self.is_json else " ".join(visible_blocks(self.selector.root))

    @cached_property
    def main_blocks(self) -> tuple[str, ...]:
        """The same in pieces, less the page's frame: header, navigation, footer, asides, and what scripts say aloud."""
        if self.is_json:
            found = (
                hit[1]
                for hit in re.finditer(
                    r'(?i)"(?:\w*(?:message|msg|error|reason|detail|code))"\s*:\s*"([^"]{2,300})"',
                    self.text,
                )
            )
            return tuple(found)
        alerts = re.findall(r"""\balert\(\s*(["'])(.{2,200}?)\1""", self.text[:MOST_TEXT])
        return (*(text for _, text in alerts), *visible_blocks(self.selector.root, framed=False))

    @cached_property
    def title_heading(self) -> str | None:
        """The heading that names what the page is about."""
        named = self.selector.xpath("//title/text()").get("")
        return self._shown_heading or next(iter(self.headings[::-1]), None) or named or None

    @cached_property
    def scene(self) -> Scene:
        """What a visitor sees, as far as it is needed to tell what the page offers."""
        name = self.product.get("name") if self.product else None
        return Scene(self.selector, name if isinstance(name, str) else self.title_heading, self._covering)

    @cached_property
    def _covering(self) -> frozenset[Element]:
        return covering(self.selector)

    @cached_property
    def _shown_heading(self) -> str | None:
        return title_heading(self.selector, self._covering)

    @cached_property
    def shows_sold_out(self) -> bool:
        """Whether a visitor sees that it cannot be bought."""
        return not self.is_json and self._clue("availability") == "SoldOut"

    @cached_property
    def visible_prices(self) -> Prices:
        """The price and the struck-out price that a visitor sees."""
        return visible_prices(self.scene)

    @cached_property
    def raw_product(self) -> dict[str, Any] | None:
        """The page's own schema.org Product as it stands; the first syntax that has one decides."""
        found = (main_product(items, self.url, self.headings) for items in self._schema_items())
        return next((product for product in found if product), None)

    @cached_property
    def product(self) -> dict[str, Any] | None:
        """The page's own schema.org Product, with ``offers`` reduced to its first offer and ``images`` to addresses."""
        product = self.raw_product
        return {**product, "offers": first_offer(product), "images": images_of(product)} if product else None

    def _schema_items(self) -> Iterator[list[Any]]:
        """The schema.org items of each syntax; the cheap and common ones first, and a syntax only where it occurs."""
        if "ld+json" in self.text:
            yield list(self._json_ld())
        if "itemscope" in self.text:
            yield list(MicrodataExtractor(nested=True).extract_items(self.selector.root, self.url))
        if "typeof=" in self.text:
            yield rdfa_items(self.text, self.url)

    def _json_ld(self) -> Iterator[Any]:
        """Each block apart, so that a broken one does not hide the others."""
        extractor = JsonLdExtractor()
        for script in self.selector.xpath("//script[starts-with(normalize-space(@type), 'application/ld+json')]"):
            try:
                items = extractor.extract_items(script.root)
            except (ValueError, RecursionError):
                items = []
            if not items and (mended := repaired(script.xpath("string()").get(""))) is not None:
                items = mended if isinstance(mended, list) else [mended]
            yield from items

    def values(self, source: Source) -> list[Any]:
        """Everything that a source finds, flat, in document order: texts and numbers."""
        found = [value for value in _flat(self._find(source)) if value not in ("", None)]
        if source.pick:
            hits = (re.search(source.pick, str(value)) for value in found)
            found = [hit[1] for hit in hits if hit]
        if source.join is not None and found:
            found = [source.join.join(map(str, found))]
        return found

    def first(self, sources: Sources) -> tuple[Any, str] | None:
        """The first value of the first source that has one, and the name of that source."""
        for source in sources:
            values = self.values(source)
            if values:
                return values[0], str(source)
        return None

    def all(self, sources: Sources) -> tuple[list[Any], str]:
        """All values of the first source that has any, and the name of that source."""
        for source in sources:
            values = self.values(source)
            if values:
                return values, str(source)
        return [], ""

    def links(self, sources: Sources) -> list[str]:
        """Like ``all``, as absolute addresses without repetition."""
        return list(dict.fromkeys(urljoin(self.url, str(value)) for value in self.all(sources)[0]))

    @cached_property
    def _strikes_out(self) -> bool:
        text = self.text
        return any(word in text for word in STRUCK_WORDS) or any(mark.search(text) for mark in STRUCK_MARKS)

    def _clue(self, name: str) -> str | None:
        """What a visitor is shown of a field, looked for once."""
        if name not in self._clues:
            self._clues[name] = clue(name, self.scene, self.url, self.text)
        return self._clues[name]

    def _find(self, source: Source) -> Any:
        match source.kind:
            case "schema":
                return jmespath.search(source.path, self.product) if self.product else None
            case "json":
                return jmespath.search(source.path, self.data) if self.data is not None else None
            case "state":
                scripts = (script.xpath("string()").get("") for script in self.selector.css(source.script or "script"))
                states = (loads(re.sub(r"^[^{\[]*|;\s*$", "", text)) for text in scripts)
                return next((jmespath.search(source.path, state) for state in states if state is not None), None)
            case "visible":
                if source.path == "list_price" and not self._strikes_out:
                    return None
                if source.path in ("price", "list_price"):
                    return self.visible_prices.asked if source.path == "price" else self.visible_prices.struck
                if source.path == "photos":
                    return visible_photos(self.scene) if not self.is_json else None
                if source.path == "title":
                    return self._shown_heading
                return self._clue(source.path)
            case "meta":
                path = "//meta[@property=$name or @name=$name or @itemprop=$name]/@content"
                return [value.strip() for value in self.selector.xpath(path, name=source.path).getall()]
            case "css" if source.path.endswith(PHOTOS):
                nodes = self.selector.css(source.path.removesuffix(PHOTOS))
                return [photo_address(node.root) if node.root.tag == "img" else node.root.get("src") for node in nodes]
            case "css":
                return list(texts(self.selector.css(source.path)))
            case "xpath":
                return list(texts(self.selector.xpath(source.path)))
            case "regex":
                return [hit[1] for hit in re.finditer(source.path, self.text)]
            case _:
                hit = re.search(source.path, self.url)
                return [hit[1]] if hit else None


def texts(selected: Any) -> Iterator[str]:
    """The text of what was selected, white space folded."""
    for part in selected:
        if isinstance(getattr(part.root, "tag", None), str):
            text = text_of(part.root)
        else:  # a text or an attribute; a comment has its text as well
            text = part.root if isinstance(part.root, str) else part.xpath("string()").get("")
        yield " ".join(text.split())[:LONGEST_VALUE]


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield " ".join(html.unescape(value).split())[:LONGEST_VALUE]  # templates escape inside JSON as well
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _flat(item)
