"""schema.org items of any syntax, brought to one shape: plain keys, one Product, its offers in a list."""

from collections.abc import Iterator
from typing import Any

PRODUCTS = {"Product", "ProductGroup", "IndividualProduct", "ProductModel", "SomeProducts", "Vehicle", "Book"}
DEEPEST = 12  # levels of nesting that are looked into; honest pages need four


def product_in(items: list[Any]) -> dict[str, Any] | None:
    """The main Product among ``items``: the first with an offer, else the first.

    Pages list related goods as Products as well; the page's own comes first and carries the offer.
    """
    products = [item for item in _walk(items, 0) if PRODUCTS & set(_types(item))]
    return next((item for item in products if offers_of(item)), products[0] if products else None)


def offers_of(product: dict[str, Any]) -> list[dict[str, Any]]:
    """Every single offer of a product: lists and ``AggregateOffer.offers`` opened; an aggregate alone stands for itself."""
    found: list[dict[str, Any]] = []
    for offer in _dicts(product.get("offers")):
        inner = _dicts(offer.get("offers"))
        found.extend(
            [{**{k: v for k, v in offer.items() if k == "priceCurrency"}, **each} for each in inner] or [offer]
        )
    if not found:
        for variant in _dicts(product.get("hasVariant")):
            found.extend(_dicts(variant.get("offers")))
    return found


def first_offer(product: dict[str, Any]) -> dict[str, Any]:
    """The first offer, an empty one where there is none."""
    return next(iter(offers_of(product)), {})


def _walk(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Every item, outer before inner, except what hangs below a Product: its related goods are not the page's."""
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, depth + 1)
    elif isinstance(value, dict):
        value = _plain(value)
        yield value
        if not PRODUCTS & set(_types(value)):
            for item in value.values():
                yield from _walk(item, depth + 1)


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
    return [str(kind).rsplit("/", 1)[-1] for kind in (kinds if isinstance(kinds, list) else [kinds])]


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [_plain(item) for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


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
        name = key.rsplit("/", 1)[-1].rsplit("#", 1)[-1]
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
