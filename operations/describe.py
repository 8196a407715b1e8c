"""Describing a marketplace from examples, and checking that a description still holds."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from crawler.encoding import decoded
from crawler.extraction import extract
from crawler.generic import generic_for
from crawler.marketplace import Marketplace, Rendering, Search, Source, find, load
from crawler.page import PageView
from crawler.proposal import WANTED, Proposal, agrees, propose
from crawler.tabs import Fields
from operations import clock
from touchstone.configuration import Configuration
from touchstone.errors import UserError
from touchstone.listing import Listing

NAME = re.compile(r"^[a-z][a-z0-9_-]{1,39}$")
LEAST_LINKS = 20  # of a page of results; an application's shell has fewer


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A marketplace that was described: where it was written, and what was found on its pages.

    ``filled``: for each field the number of pages that have it, of ``pages`` that could be had; ``faults``: one line
    for each page that could not; ``unmet``: one for each expectation that the first page does not bear out.
    """

    file: str
    toml: str
    pages: int
    filled: dict[str, int]
    links: int
    faults: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it was kept or as it is now, against what was read from it when the marketplace was described."""

    page: str
    live: bool
    fault: str = ""
    differs: dict[str, str] = {}
    filled: tuple[str, ...] = ()


def describe(
    configuration: Configuration, name: str, *, search: str, query: str, listings: Sequence[str],
    expected: Mapping[str, str], currency: str, browser: bool,
) -> Draft:  # fmt: skip
    """Fetch examples, keep them, propose a description and write it into the first folder of marketplaces.

    Raises ``UserError`` for a name that cannot be used, one that exists, addresses of several hosts, and when no
    listing page could be had.
    """
    from crawler.fetching import fetch

    folder = configuration.marketplace_folders[0]
    path = folder / f"{name}.toml"
    hosts = {urlsplit(url).netloc for url in listings}
    if not NAME.match(name):
        raise UserError(f"{name!r} cannot name a marketplace", hint="Small letters, digits, - and _; a letter first.")
    if path.exists():
        raise UserError(f"{path} exists", hint=f"Change it, or check it: touchstone marketplaces check {name}")
    if len(hosts) != 1 or "{query}" not in search:
        raise UserError(
            "give listings of one host, and a search address that says where the words go",
            hint='Such as --search "https://shop.example/search?q={query}&page={page}"',
        )
    allowed = configuration.marketplace(name)
    home = urlsplit(listings[0])
    base = f"{home.scheme}://{home.netloc}"
    place = msgspec.structs.replace(
        generic_for(currency),
        name=name,
        base_url=base,
        domains=(urlsplit(search).hostname or "",),
        search=Search(url=search, links=(Source(css="a::attr(href)"),)),
    )
    results = place.search_url(query, 1)
    fetched = fetch(
        place, [*listings, results], configuration.settings, allowed, rendered=browser, fields=_settled(place)
    )
    faults = tuple(f"{one.asked}: {one.fault or f'HTTP {one.status}'}" for one in fetched if one.status != 200)
    had = [(one, PageView(one.url, decoded(one.body, one.content_type))) for one in fetched if one.status == 200]
    found = [(one, view) for one, view in had if one.asked != results]
    if not found:
        inward = any("allow_loopback" in fault for fault in faults)
        opening = f"For shops on this machine set in touchstone.toml: [marketplaces.{name}] allow_loopback = true"
        raise UserError(
            "no listing page could be had:\n  " + "\n  ".join(faults),
            hint=opening if inward else "Try --browser, or another page.",
        )
    search_page = next((view for one, view in had if one.asked == results), None)
    proposal = propose([view for _, view in found], search_page, place, expected)
    toml = _toml(name, place, search, base, currency, proposal, browser=browser)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(toml, encoding="utf-8")
    described = load(path, allowed)
    filled: dict[str, int] = dict.fromkeys(WANTED, 0)
    pages = folder / f"{name}.pages"
    pages.mkdir(exist_ok=True)
    for number, (one, view) in enumerate(found, 1):
        values = _values(view, described)
        for field in values:
            filled[field] = filled.get(field, 0) + 1
        (pages / f"{number}.html").write_bytes(one.body)
        meta = {"url": one.asked, "content_type": one.content_type, "rendered": browser, "values": values}
        (pages / f"{number}.json").write_text(json.dumps(meta, ensure_ascii=False, indent=1), encoding="utf-8")
    first = _values(found[0][1], described)
    unmet = tuple(
        f"{field}: you expect {value!r}, found {first.get(field)!r}"
        for field, value in expected.items()
        if not agrees(field, first.get(field), value, place)
    )
    return Draft(
        file=str(path),
        toml=toml,
        pages=len(found),
        filled=filled,
        links=proposal.links_found,
        faults=faults,
        unmet=unmet,
    )


def check(configuration: Configuration, name: str, *, live: bool) -> list[Checked]:
    """Read the kept pages again, and with ``live`` fetch them anew, and say what differs from the first reading."""
    from crawler.fetching import fetch

    path = find(name, configuration.marketplace_folders)
    allowed = configuration.marketplace(name)
    place = load(path, allowed)
    kept = sorted(path.with_name(f"{name}.pages").glob("*.json"), key=lambda file: int(file.stem))
    if not kept:
        raise UserError(
            f"no pages of {name} are kept", hint=f"Describe it from examples: touchstone marketplaces new {name} --help"
        )
    done = []
    metas = [json.loads(file.read_text(encoding="utf-8")) for file in kept]
    for file, meta in zip(kept, metas, strict=True):
        text = decoded(file.with_suffix(".html").read_bytes(), meta["content_type"])
        done.append(_compared(meta, _values(PageView(meta["url"], text), place), live=False))
    if live:
        rendered = place.listing.rendering is Rendering.BROWSER
        urls = [meta["url"] for meta in metas]
        for meta, one in zip(
            metas,
            fetch(place, urls, configuration.settings, allowed, rendered=rendered, fields=_settled(place)),
            strict=True,
        ):
            if one.status != 200:
                fault = one.fault or f"HTTP {one.status}"
                done.append(Checked(page=meta["url"], live=True, fault=fault))
                continue
            values = _values(PageView(one.url, decoded(one.body, one.content_type)), place)
            done.append(_compared(meta, values, live=True))
    return done


def _settled(place: Marketplace) -> Fields:
    """What a page shows that a script may still be filling in: a listing's fields, or the number of its links."""

    def fields(url: str, html: str) -> frozenset[str] | None:
        view = PageView(url, html)
        listings = extract(view, place, clock.now()).listings
        if listings and listings[0].offer.price:
            return listings[0].filled
        links = len({str(link) for link in view.values(Source(css="a::attr(href)"))})
        return frozenset({str(links)}) if links >= LEAST_LINKS else None

    return fields


def _compared(meta: dict[str, Any], values: dict[str, str], *, live: bool) -> Checked:
    before: dict[str, str] = meta["values"]
    differs = {
        name: f"{value} → {values.get(name, 'nothing')}" for name, value in before.items() if values.get(name) != value
    }
    return Checked(page=meta["url"], live=live, differs=differs, filled=tuple(values))


def _values(view: PageView, place: Marketplace) -> dict[str, str]:
    """The fields of the first listing of a page, as a person reads them."""
    listings = extract(view, place, clock.now()).listings
    return _shown(listings[0]) if listings else {}


def _shown(listing: Listing) -> dict[str, str]:
    offer = listing.offer
    values = {
        "title": listing.title, "price": offer.price, "list_price": offer.list_price, "brand": listing.brand,
        "gtin": ", ".join(listing.gtins), "sku": listing.sku,
        "availability": offer.availability if offer.availability != "unknown" else None,
        "images": str(len(listing.images) or ""), "seller_name": offer.seller and offer.seller.name,
    }  # fmt: skip
    return {name: str(value) for name, value in values.items() if value}


def _toml(
    name: str, place: Marketplace, search: str, base: str, currency: str, proposal: Proposal, *, browser: bool
) -> str:
    domain = urlsplit(search).hostname
    lines = [
        "# Proposed from example pages; a field that is not named here is looked for where shops usually have it.",
        f"title = {json.dumps(name.title())}",
        f"base_url = {json.dumps(base)}",
        f"currency = {json.dumps(currency)}",
    ]
    if domain and domain != urlsplit(base).hostname:
        lines.append(f"domains = [{json.dumps(domain)}]")
    lines += ["", "[search]", f"url = {json.dumps(search.replace(base, '{base_url}'))}"]
    if proposal.links:
        lines.append(f'links = [{{ css = "{proposal.links}" }}]')
    else:
        lines.append(
            'links = [{ css = "a::attr(href)" }]  # nothing better was found: no example is linked from the results'
        )
    if browser:
        waits = (proposal.links or "a").split("::")[0]
        lines += [f'rendering = "{Rendering.BROWSER}"', f'wait_for = "{waits}"', "scroll = true"]
    rendering = Rendering.BROWSER if browser else Rendering.AUTO
    lines += ["", "[listing]", f'rendering = "{rendering}"', "", "[listing.fields]"]
    if proposal.id_pattern:
        lines.append(f"id = [{{ url = '{proposal.id_pattern}' }}]")
    for field, found in proposal.fields.items():
        if found.induced:
            lines.append(f"{field} = [{found.source}]")
    return "\n".join(lines) + "\n"
