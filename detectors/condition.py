"""The state of the goods, as field and title declare it together."""

import re
from typing import Self

from detectors.base import Examples, offered
from detectors.samples import SHELL, catalog, listing
from detectors.text import fold
from touchstone.catalog import Catalog
from touchstone.listing import Condition, Listing
from touchstone.verdicts import Finding, Match

_USED = re.compile(r"중고|\bused\b|pre-?owned|second[- ]?hand|\bworn\b|구제|착용감|실착|민트급|사용감")
MOST_USED_PIECES = 5  # identical second-hand things that one seller may have; pairs and sets included
_NEW = re.compile(r"새\s*상품|새\s*제품|미개봉|미사용\s*신품|brand[- ]new|unopened|factory[- ]sealed")
_REFURBISHED = re.compile(r"리퍼|refurb|renewed|전시\s*상품|전시품|open[- ]box")
_HIRED = re.compile(r"대여|렌탈|렌트|\brental\b|\brent\b|\bhire\b|per day|/day")


class ConditionDetector:
    """Is it second-hand, refurbished or for hire? Then its price and its seller mean something else.

    A private person may sell a genuine thing again, at whatever price (exhaustion, first sale). It speaks against both
    suspicions and never for one.
    """

    name = "condition"
    version = 1
    kinds = ("second_hand", "refurbished", "for_hire", "used_contradicted")

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Needs nothing of the catalog."""
        return cls()

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """At most one finding for each brand that is sold."""
        if against := contradiction(listing):
            reason = f"declared as used, {against}"
            return tuple(self._finding("used_contradicted", match.brand, reason) for match in offered(matches))
        state = condition_of(listing)
        kind = (
            "for_hire"
            if is_hired(listing)
            else {Condition.USED: "second_hand", Condition.REFURBISHED: "refurbished"}.get(state)
        )
        if kind is None:
            return ()
        reason = {"second_hand": "sold second-hand", "refurbished": "sold refurbished", "for_hire": "offered for hire"}[
            kind
        ]
        return tuple(self._finding(kind, match.brand, reason) for match in offered(matches))

    def _finding(self, kind: str, brand: str, reason: str) -> Finding:
        return Finding(detector=self.name, version=self.version, kind=kind, brand=brand, strength=1.0, reason=reason)

    @classmethod
    def examples(cls) -> Examples:
        """Second-hand by field and by title; new."""
        return Examples(
            catalog=catalog(),
            finds=(
                listing(title=f"{SHELL} 중고 S급"),
                listing(condition=Condition.USED),
                listing(title=f"{SHELL} 대여"),
            ),
            passes=(listing(), listing(title="중고 냉장고", brand=None)),
        )


def condition_of(listing: Listing) -> Condition:
    """What a price may be held against: the condition in the field, unless the title owns up to less; what nobody declares is sold as new."""
    title = fold(listing.title).text
    if is_hired(listing):
        return Condition.USED
    if contradiction(listing):
        return Condition.NEW
    if _USED.search(title) or listing.offer.condition is Condition.USED:
        return Condition.USED
    if _REFURBISHED.search(title) or listing.offer.condition is Condition.REFURBISHED:
        return Condition.REFURBISHED
    return Condition.NEW


def contradiction(listing: Listing) -> str | None:
    """What speaks against goods that are declared as used in the field alone: many pieces in stock, or a description
    that calls them new. ``None`` where nothing does.
    """
    used = listing.offer.condition is Condition.USED and not _USED.search(fold(listing.title).text)
    if not used or is_hired(listing):
        return None
    stock = listing.offer.stock
    if stock is not None and stock > MOST_USED_PIECES:
        return f"with {stock} pieces in stock"
    seller = listing.offer.seller
    if seller and seller.private:
        return None  # an unwanted gift is sold as used and unopened
    hit = _NEW.search(fold(listing.description or "").text)
    return f"while its description says {hit[0]!r}" if hit else None


def is_hired(listing: Listing) -> bool:
    """Whether the goods are lent, not sold: the price is then a fee."""
    return bool(_HIRED.search(fold(listing.title).text))


DETECTOR = ConditionDetector
