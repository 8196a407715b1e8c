"""schema.org items of any syntax, brought to one shape: plain keys, one Product, its offer in plain fields."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from w3lib.html import remove_tags

PRODUCTS = {"Product", "ProductGroup", "IndividualProduct", "ProductModel", "SomeProducts", "Vehicle", "Book"}
LISTS = {"ItemList", "OfferCatalog", "SearchResultsPage", "CollectionPage"}  # what hangs below is not the page's own
DEEPEST = 12  # levels of nesting that are looked into; honest pages need four
LIST_PRICES = ("strikethrough", "listprice", "srp", "msrp", "regularprice")  # priceType values that are not asked

_COMMENT = re.compile(r"^\s*(?://\s*)?(?:<!--|<!\[CDATA\[)|(?://\s*)?(?:-->|\]\]>)\s*$")
_TRAILING_COMMA = re.compile(r",\s*([}\]])")


def loads(text: str) -> Any:
    """JSON, or ``None``: a marketplace's JSON is hostile, and may be broken or endlessly nested."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def repaired(text: str) -> Any:
    """JSON with the commonest faults of templates mended: comment or CDATA marks around it, a trailing comma."""
    bare = _COMMENT.sub("", _COMMENT.sub("", text))
    found = loads(bare)
    return found if found is not None else loads(_TRAILING_COMMA.sub(r"\1", bare))


def main_product(items: list[Any], url: str, headings: tuple[str, ...]) -> dict[str, Any] | None:
    """The Product that a page is about, or ``None`` when its Products are all somebody else's.

    Pages carry related and sponsored goods as Products as well. The page's own bears the page's address or its
    heading; one that bears another address or none of the headings is passed over.
    """
    resolved = _resolved(items)
    products = [_one_variant(item, url) for item in _walk(resolved, 0) if PRODUCTS & set(_types(item))]
    ranked = [(_belongs(product, url, headings), product) for product in products]
    own = [(rank, product) for rank, product in ranked if rank > 0]
    return max(own, key=lambda pair: pair[0])[1] if own else None


def _belongs(product: dict[str, Any], url: str, headings: tuple[str, ...]) -> int:
    """How surely a Product is the page's own: 0 for not at all."""
    addresses = [product.get("url"), product.get("@id"), *(offer.get("url") for offer in offers_of(product))]
    paths = {_path(urljoin(url, address)) for address in addresses if isinstance(address, str) and address}
    name = _key(product.get("name"))
    agrees = bool(name) and any(name in heading or heading in name for heading in map(_key, headings) if heading)
    here = _path(url) in paths
    has_offer = bool(offers_of(product))
    if not headings:
        return 1 + 2 * here + has_offer
    if not agrees and not here:
        return 0
    return 1 + 4 * here + 2 * agrees + has_offer


def offers_of(product: dict[str, Any]) -> list[dict[str, Any]]:
    """Every single offer of a product: lists and ``AggregateOffer.offers`` opened; an aggregate alone stands for itself."""
    found: list[dict[str, Any]] = []
    for offer in _dicts(product.get("offers")):
        inner = _dicts(offer.get("offers"))
        shared = {key: value for key, value in offer.items() if key == "priceCurrency"}
        found.extend([{**shared, **each} for each in inner] or [offer])
    if not found:
        for variant in _dicts(product.get("hasVariant")):
            found.extend(_dicts(variant.get("offers")))
    return [_priced(offer) for offer in found]


def first_offer(product: dict[str, Any]) -> dict[str, Any]:
    """The first offer that can be had, else the first; an empty one where there is none."""
    offers = offers_of(product)
    there = (offer for offer in offers if "instock" in str(offer.get("availability", "")).lower())
    return next(there, None) or next(iter(offers), {})


def images_of(product: dict[str, Any]) -> list[str]:
    """The addresses of a product's images, whether given as texts, as ImageObjects or both."""
    given = product.get("image")
    found = []
    for image in given if isinstance(given, list) else [given]:
        address = image
        if isinstance(image, dict):
            plain = _plain(image)
            address = plain.get("contentUrl") or plain.get("url")
        if isinstance(address, str) and address:
            found.append(address)
    return found


def _priced(offer: dict[str, Any]) -> dict[str, Any]:
    """An offer with ``price``, ``priceCurrency`` and ``listPrice`` taken out of its price specifications."""
    specifications = _dicts(offer.get("priceSpecification"))
    struck = [
        s for s in specifications if any(kind in _key(s.get("priceType")).replace(" ", "") for kind in LIST_PRICES)
    ]
    asked = [specification for specification in specifications if specification not in struck]
    priced = dict(offer)
    for name, sources in (("price", asked or specifications), ("priceCurrency", specifications)):
        if priced.get(name) in (None, ""):
            priced[name] = next((s[name] for s in sources if s.get(name) not in (None, "")), None)
    if struck and asked:
        priced["listPrice"] = struck[0].get("price")
    return {key: value for key, value in priced.items() if value is not None}


def _one_variant(product: dict[str, Any], url: str) -> dict[str, Any]:
    """A group of variants reduced to the one whose address the page has, where one has it."""
    variants = _dicts(product.get("hasVariant"))
    for variant in variants:
        addresses = [variant.get("url"), *(offer.get("url") for offer in offers_of(variant))]
        if any(isinstance(address, str) and urljoin(url, address) == url for address in addresses):
            return {**product, "offers": variant.get("offers"), "hasVariant": [variant]}
    return product


def _resolved(items: list[Any]) -> list[Any]:
    """The items with references by ``@id`` put in place, as ``@graph`` uses them."""
    by_id: dict[str, dict[str, Any]] = {}
    for item in _every(items, 0):
        if isinstance(item.get("@id"), str) and len(item) > 1:
            by_id.setdefault(item["@id"], item)
    return [_with_references(item, by_id, 0) for item in items] if by_id else items


def _every(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        yield value
    for inner in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        yield from _every(inner, depth + 1)


def _with_references(value: Any, by_id: dict[str, dict[str, Any]], depth: int) -> Any:
    if depth > DEEPEST:
        return value
    if isinstance(value, list):
        return [_with_references(item, by_id, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) <= {"@id", "@type"} and value.get("@id") in by_id:
        value = by_id[value["@id"]]
    return {key: _with_references(item, by_id, depth + 1) for key, item in value.items()}


def _walk(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Every item, outer before inner, except below a Product or a list: those are other pages' goods."""
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, depth + 1)
    elif isinstance(value, dict):
        item = _plain(value)
        kinds = set(_types(item))
        yield item
        if not kinds & PRODUCTS and not kinds & LISTS:
            for inner in item.values():
                yield from _walk(inner, depth + 1)


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    """Microdata's ``{"type": …, "properties": {…}}`` as JSON-LD has it, all the way down."""
    if "properties" not in item:
        return item
    plain: dict[str, Any] = {"@type": item.get("type", "")}
    for key, value in item["properties"].items():
        values = [_plain(v) if isinstance(v, dict) else v for v in (value if isinstance(value, list) else [value])]
        plain[key] = values if len(values) > 1 else values[0]
    return plain


def _types(item: dict[str, Any]) -> list[str]:
    kinds = item.get("@type", "")
    return [re.split(r"[/#:]", str(kind))[-1] for kind in (kinds if isinstance(kinds, list) else [kinds])]


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [_plain(item) for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _key(text: Any) -> str:
    """A text for comparison: no tags, entities, punctuation or case."""
    if not isinstance(text, str):
        return ""
    return " ".join(re.sub(r"[\W_]+", " ", remove_tags(html.unescape(text))).split()).casefold()


def _path(url: str) -> str:
    try:
        return urlsplit(url).path.rstrip("/")
    except ValueError:
        return ""


def rdfa_items(text: str, url: str) -> list[Any]:
    """RDFa items in the same shape. extruct gives them expanded: full addresses as keys, values in lists, and
    references by ``@id`` between items, which are put in place here.
    """
    from extruct.rdfa import RDFaExtractor  # loads rdflib: 300 ms, and few pages have RDFa

    try:
        nodes = RDFaExtractor().extract(text, base_url=url)
    except Exception:  # noqa: BLE001 -- rdflib raises errors of many kinds on hostile markup; the page has other sources
        return []
    by_id = {node["@id"]: node for node in nodes if "@id" in node}
    return [_compact(node, by_id, 0) for node in nodes]


def _compact(node: dict[str, Any], by_id: dict[str, Any], depth: int) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, values in node.items():
        name = re.split(r"[/#]", key)[-1]
        if not isinstance(values, list):
            plain[name] = values
            continue
        compacted = [_compact_value(value, by_id, depth) for value in values]
        plain[name] = compacted if len(compacted) > 1 else next(iter(compacted), None)
    return plain


def _compact_value(value: Any, by_id: dict[str, Any], depth: int) -> Any:
    if not isinstance(value, dict):
        return value
    if "@value" in value:
        return value["@value"]
    target = by_id.get(value.get("@id", ""))
    if target is not None and depth < DEEPEST:
        return _compact(target, by_id, depth + 1)
    return value.get("@id", value)
