"""Notices to platforms, as tables: which listing, upon which right, what is claimed, and which exhibit proves what was seen.

One file is one notice: its listings share what the platform's form asks for once, and are no more than it takes at once.
Nothing is claimed that was not found, and the statement of good faith is the signer's own. What no table can say for sure
stands in its last column, ``to_check``. The forms themselves are described in ``notices.toml``.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from evidence.cells import plain, write_csv
from evidence.wording import Language, wording
from touchstone.catalog import Right, RightKind
from touchstone.decoding import nearest
from touchstone.errors import UnknownName
from touchstone.exhibit import Accusation, Exhibit, Matter
from touchstone.verdicts import Decision, FlagStatus, Label, Weighed

HERE = Path(__file__).parent
GENERIC = "generic"
INTERNATIONAL = "international"  # a registration that holds where it designates, which the catalog does not say
ELLIPSIS = "…"


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where something about a form is published; ``year`` is 0 where the page has no date."""

    says: str
    url: str
    year: int


class Platform(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A platform's form; see the head of ``notices.toml``."""

    name: str
    language: Language
    agree: tuple[str, ...]
    domains: dict[str, str]
    items: dict[str, str]
    violations: dict[Label, dict[RightKind, str]]
    columns: dict[str, str]
    sources: tuple[Source, ...]
    most_rows: int | None = None
    most_characters: int | None = None

    def domain_of(self, host: str) -> str | None:
        """The platform's domain that ``host`` is or belongs to, if it is one of the platform's."""
        return next((domain for domain in self.domains if host == domain or host.endswith(f".{domain}")), None)

    def numbers_in(self, url: str) -> dict[str, str]:
        """The platform's own numbers that an address holds, by field."""
        hits = {field: re.search(pattern, url) for field, pattern in self.items.items()}
        return {field: next(group for group in hit.groups() if group) for field, hit in hits.items() if hit}


class Telling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which kinds of findings a notice tells, and which it leaves unsaid."""

    told: frozenset[str]
    unsaid: frozenset[str]


class Forms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``notices.toml``."""

    not_included: dict[Label, str]
    telling: Telling
    texts: dict[Language, dict[str, str]]
    offices: dict[str, str]
    unions: dict[str, tuple[str, ...]]
    platforms: dict[str, Platform]


class Notices(msgspec.Struct, frozen=True, kw_only=True):
    """The tables by file name, and a line for each accusation that is in none of them."""

    files: dict[str, bytes]
    left_out: tuple[str, ...]


class _Claim(msgspec.Struct, frozen=True):
    """One accusation of one exhibit, on the platform that it goes to, upon the right that it rests on."""

    exhibit: Exhibit
    accusation: Accusation
    platform: Platform
    site: str
    rights: tuple[Right, ...]  # the one that the notice rests on first, if there is any

    @property
    def right(self) -> Right | None:
        return next(iter(self.rights), None)

    @property
    def country(self) -> str:
        return self.platform.domains.get(self.site, "")

    def says(self, text: str, **values: str) -> str:
        return forms().texts[self.platform.language][text].format(**values)


@cache
def forms() -> Forms:
    """What ships with this version."""
    return msgspec.convert(tomllib.loads((HERE / "notices.toml").read_text(encoding="utf-8")), Forms)


def platform_of(url: str) -> str:
    """The platform that an address belongs to, ``generic`` where it is none of those that are known."""
    host = _host(url)
    return next((key for key, platform in forms().platforms.items() if platform.domain_of(host)), GENERIC)


def notices(exhibits: Sequence[Exhibit], matter: Matter, *, platform: str | None = None) -> Notices:
    """The tables for the accusations of some exhibits, for one platform or for each listing's own.

    Left out, with a line each, is what no form takes, what a person dismissed, and what the matter is not about. Raises
    ``UnknownName`` for a platform that is not described.
    """
    if platform is not None and platform not in forms().platforms:
        raise UnknownName(f"there is no form for {platform!r}; {nearest(platform, sorted(forms().platforms))}")
    claims: dict[str, list[_Claim]] = defaultdict(list)
    left_out: list[str] = []
    for exhibit in exhibits:
        key = platform or platform_of(exhibit.listing.url)
        for accusation in exhibit.accusations:
            why = _why_not(exhibit, accusation, matter)
            if why is None:
                claims[key].append(_claim(exhibit, accusation, forms().platforms[key]))
            else:
                flag = f"flag {accusation.id} ({accusation.flag.label})"
                left_out.append(f"exhibit {exhibit.number}, {flag}: not included, because {why}")
        if not exhibit.accusations:
            left_out.append(f"exhibit {exhibit.number}: not included, because no flag is about it")
    files = {name: table for key in forms().platforms for name, table in _files(key, claims[key], matter)}
    return Notices(files=files, left_out=tuple(left_out))


def _why_not(exhibit: Exhibit, accusation: Accusation, matter: Matter) -> str | None:
    """Why an accusation belongs in no notice, if it does not."""
    decided = accusation.judgements[-1].decision if accusation.judgements else None
    if matter.flags and accusation.id not in matter.flags:
        return "the case file does not name the flag"
    if accusation.flag.brand != exhibit.brand.id:
        return f"it is about another brand ({accusation.flag.brand})"
    if decided is Decision.DISMISS or accusation.status is FlagStatus.DISMISSED:
        return "a person dismissed it"
    if accusation.status is FlagStatus.WITHDRAWN and decided is not Decision.CONFIRM:
        return "it was withdrawn when the listing was looked at again"
    return forms().not_included.get(accusation.flag.label)


def _claim(exhibit: Exhibit, accusation: Accusation, platform: Platform) -> _Claim:
    host = _host(exhibit.listing.url)
    site = platform.domain_of(host) or host
    kinds = tuple(platform.violations[accusation.flag.label])
    rights = _rights(exhibit, kinds, platform.domains.get(site, ""))
    return _Claim(exhibit, accusation, platform, site, rights)


def _rights(exhibit: Exhibit, kinds: tuple[RightKind, ...], country: str) -> tuple[Right, ...]:
    """The rights that a claim can rest on, the fittest first: by kind as the form lists them, then those that hold there."""
    day = _captured(exhibit).date()
    fit = [right for right in exhibit.rights if right.kind in kinds and _in_force(right, day)]
    return tuple(sorted(fit, key=lambda right: (kinds.index(right.kind), _distance(right, country))))


def _in_force(right: Right, day: date) -> bool:
    """Whether a right held on a day, as far as the catalog says."""
    begun = right.registered is None or right.registered <= day
    return begun and (right.expires is None or day <= right.expires)


def _territory(right: Right) -> str:
    """The country or union whose register a right is in; the office's own name where it is not a known one."""
    return forms().offices.get(right.office.upper(), right.office)


def _distance(right: Right, country: str) -> int:
    """0 where a right holds in ``country`` (or none is asked for), 1 where it may, 2 where it does not."""
    territory = _territory(right)
    if not country or territory == country or country in forms().unions.get(territory, ()):
        return 0
    return 1 if territory == INTERNATIONAL else 2


def _files(key: str, claims: Sequence[_Claim], matter: Matter) -> Iterator[tuple[str, bytes]]:
    """The platform's notices: claims that agree in what the form asks for once, in as many parts as its limit makes."""
    if not claims:
        return
    platform = claims[0].platform
    together: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for claim in claims:
        row = _row(claim, matter)
        together[tuple(row[field] for field in platform.agree)].append(row)
    parts = [part for rows in together.values() for part in _parts(rows, platform.most_rows)]
    for number, part in enumerate(parts, 1):
        name = f"{key}.csv" if len(parts) == 1 else f"{key}-{number}.csv"
        yield name, _table(platform, part)


def _table(platform: Platform, rows: Sequence[dict[str, str]]) -> bytes:
    return write_csv(([row[field] for field in platform.columns.values()] for row in rows), [*platform.columns])


def _parts(rows: list[dict[str, str]], most: int | None) -> Iterator[list[dict[str, str]]]:
    """Rows in their order, no more than ``most`` at a time."""
    step = most or len(rows)
    return (rows[start : start + step] for start in range(0, len(rows), step))


def _row(claim: _Claim, matter: Matter) -> dict[str, str]:
    """Every field that a column can ask for."""
    exhibit, accusation = claim.exhibit, claim.accusation
    confirmed = bool(accusation.judgements) and accusation.judgements[-1].decision is Decision.CONFIRM
    return {
        **_listing_fields(claim),
        **_right_fields(claim),
        **_complainant_fields(claim, matter),
        "violation": _violation(claim),
        "description": within(_sentences(claim), claim.platform.most_characters),
        "matter": matter.reference,
        "exhibit": exhibit.name,
        "captured_at": _captured(exhibit).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00"),
        "wacz": exhibit.capture.wacz,
        "statement": matter.statement or "",
        "reviewed": claim.says("yes" if confirmed else "no"),
        "to_check": "; ".join(_to_check(claim, matter)),
    }


def _listing_fields(claim: _Claim) -> dict[str, str]:
    listing, seller = claim.exhibit.listing, claim.exhibit.listing.offer.seller
    numbers = claim.platform.numbers_in(listing.url)
    return {
        "marketplace": listing.marketplace,
        "site": claim.site,
        "url": listing.url,
        "item": numbers.get("item", listing.listing_id),
        "variant": numbers.get("variant", ""),
        "title": listing.title,
        "brand": claim.exhibit.brand.name,
        "price": str(listing.offer.price) if listing.offer.price else "",
        "seller": (seller.name or seller.seller_id) if seller else "",
        "seller_id": seller.seller_id if seller else "",
        "seller_url": (seller.url or "") if seller else "",
    }


def _right_fields(claim: _Claim) -> dict[str, str]:
    right = claim.right
    return {
        "right_kind": _kind(claim, right) if right else "",
        "number": right.number if right else "",
        "office": right.office if right else "",
        "jurisdiction": _territory(right) if right else "",
        "mark": (right.mark or "") if right else "",
        "classes": ", ".join(right.classes) if right else "",
        "registered": right.registered.isoformat() if right and right.registered else "",
        "expires": right.expires.isoformat() if right and right.expires else "",
        "owner": right.owner if right else "",
        "poa": (right.poa or "") if right else "",
        "other_rights": "; ".join(f"{_kind(claim, other)} {other.office} {other.number}" for other in claim.rights[1:]),
    }


def _complainant_fields(claim: _Claim, matter: Matter) -> dict[str, str]:
    who = matter.complainant
    return {
        "complainant": who.name if who else "",
        "company": (who.company or "") if who else "",
        "email": (who.email or "") if who else "",
        "telephone": (who.telephone or "") if who else "",
        "address": (who.address or "") if who else "",
        "capacity": claim.says("agent" if who.agent else "owner") if who else "",
    }


def _violation(claim: _Claim) -> str:
    """The platform's words for the claim; upon a trademark where the signer has yet to name the right."""
    words = claim.platform.violations[claim.accusation.flag.label]
    return words[claim.right.kind if claim.right else RightKind.TRADEMARK]


def _to_check(claim: _Claim, matter: Matter) -> Iterator[str]:
    """What the signer has to mend or to make sure of before the notice goes out."""
    right, who = claim.right, matter.complainant
    if who is None:
        yield claim.says("no_complainant")
    if right is None:
        yield claim.says("no_right")
    elif _distance(right, claim.country):
        yield claim.says("not_here", country=claim.country)
    if who and who.agent and right and not right.poa:
        yield claim.says("no_poa")
    if claim.platform.items and "item" not in claim.platform.numbers_in(claim.exhibit.listing.url):
        yield claim.says("no_item")


def _sentences(claim: _Claim) -> Iterator[str]:
    """What is seen on the page and what it was compared with, and no opinion about it."""
    listing, genuine, flag = claim.exhibit.listing, claim.exhibit.reference, claim.accusation.flag
    yield claim.says("title", value=listing.title)
    if listing.offer.price:
        yield claim.says("price", value=str(listing.offer.price))
    if seller := listing.offer.seller:
        yield claim.says("seller", value=seller.name or seller.seller_id)
    if genuine:
        yield claim.says("compared", title=genuine.title, sku=genuine.sku)
    if flag.reference:
        yield claim.says("genuine_price", value=str(flag.reference))
    for reason in flag.reasons:
        if reason.points > 0 and reason.kind in forms().telling.told:
            yield claim.says("found", value=_told(reason, claim.platform.language))


def _told(reason: Weighed, language: Language) -> str:
    """A finding in words that the seller may read, too: what follows a semicolon is the brand's own knowledge."""
    if language == "en":
        return reason.reason.split("; ", 1)[0].rstrip(".")
    return wording(language)["findings"][reason.kind]


def within(sentences: Iterator[str], most: int | None) -> str:
    """As many whole sentences, from the first on, as ``most`` characters hold; of a first that is too long, its beginning."""
    kept = ""
    for sentence in map(plain, sentences):
        longer = f"{kept} {sentence}" if kept else sentence
        if most is not None and len(longer) > most:
            return kept or sentence[: most - len(ELLIPSIS)] + ELLIPSIS
        kept = longer
    return kept


def _kind(claim: _Claim, right: Right) -> str:
    return wording(claim.platform.language)["right_kinds"][right.kind]


def _captured(exhibit: Exhibit) -> datetime:
    """When the page was answered, in UTC."""
    return exhibit.capture.circumstances.page_at.astimezone(UTC)


def _host(url: str) -> str:
    """The host of an address in small letters, empty where there is none to be read."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
