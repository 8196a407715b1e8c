"""Price against the genuine product's price."""

import math
from typing import Self

from detectors.base import Examples, offered
from detectors.quantity import final_price, pack_of
from detectors.samples import SHELL, catalog, listing
from touchstone.catalog import BrandReference, Catalog
from touchstone.listing import Condition, Listing
from touchstone.money import Money
from touchstone.verdicts import Finding, Match

# Shares of the reference price at which suspicion begins and is complete. A sale at three quarters is daily business;
# in two shops the same product is below half price in 3 to 10 % of cases; a fifth is what replicas are sold for.
BEGINS = 0.75
COMPLETE = 0.22


class PriceDetector:
    """Is the price far below what the genuine product costs, or below the least it may be advertised at?

    The unit price (packs divided, "2개입") is held against the catalog's list price in the same currency; nothing is
    converted. Strength grows on a logarithmic scale from 75 % of the reference price to 22 %. It abstains where the
    product is not sure, the goods are second-hand or hired out, or the catalog has no price in the currency.
    """

    name = "price"
    version = 1
    kinds = ("price_below_reference", "price_below_minimum")

    def __init__(self, references: dict[str, BrandReference]) -> None:
        self._references = references

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Index products by key."""
        return cls({reference.key: reference for reference in catalog.references})

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """One finding for each of the two bounds that the unit price is below."""
        return tuple(finding for match in offered(matches) for finding in self._compare(listing, match))

    def _compare(self, listing: Listing, match: Match) -> list[Finding]:
        reference = self._references.get(match.product or "")
        price = listing.offer.price
        if reference is None or price is None or price.minor == 0 or not _sold_as_new(listing):
            return []
        pack = pack_of(listing.title, listed=reference.pack_quantity, known_titles=reference.all_titles)
        if pack.other_size:
            return []
        known = reference.price_in(price.currency)
        if known is None:
            return []
        final = final_price(listing.title, price)
        price = final if final is not None and final.minor < price.minor else price
        unit = price.scaled(reference.pack_quantity / pack.quantity)
        data: dict[str, str | int | float] = {
            "unit_price": unit.minor,
            "reference": known.list_price.minor,
            "currency": unit.currency,
            "pack": pack.quantity,
        }
        found = []
        strength = price_strength(unit, known.list_price)
        each = f" each ({pack.quantity} in the pack)" if pack.quantity > 1 else ""
        if strength > 0:
            share = unit.minor / known.list_price.minor
            reason = f"{unit}{each} is {share:.0%} of the genuine price {known.list_price}"
            found.append(self._finding("price_below_reference", match.brand, strength, reason, data))
        least = known.minimum_advertised
        single = pack.quantity == reference.pack_quantity and not pack.one_of_pack
        if least is not None and single and unit.minor < least.minor:
            reason = f"{unit}{each} is below the minimum advertised price {least}"
            found.append(
                self._finding("price_below_minimum", match.brand, 1.0, reason, {**data, "minimum": least.minor})
            )
        return found

    def _finding(
        self, kind: str, brand: str, strength: float, reason: str, data: dict[str, str | int | float]
    ) -> Finding:
        return Finding(
            detector=self.name, version=self.version, kind=kind, brand=brand, strength=round(strength, 6), reason=reason,
            data=data,
        )  # fmt: skip

    @classmethod
    def examples(cls) -> Examples:
        """A jacket at a fifth of its price; the same at full price, second-hand, and three in a pack."""
        return Examples(
            catalog=catalog(),
            finds=(listing(price=58_000), listing(title=f"{SHELL} 3개입", price=180_000)),
            passes=(
                listing(price=289_000),
                listing(title=f"[중고] {SHELL}", price=90_000, condition=Condition.USED),
                listing(title=f"{SHELL} 3개입", price=860_000),
                listing(title="캠핑 머그컵", price=5_000),
            ),
        )


def price_strength(unit: Money, reference: Money) -> float:
    """0 at ``BEGINS`` of the reference price and above, 1 at ``COMPLETE`` and below, logarithmic between."""
    share = unit.minor / reference.minor if reference.minor else 1.0
    if share >= BEGINS:
        return 0.0
    return min(1.0, math.log(BEGINS / max(share, 1e-9)) / math.log(BEGINS / COMPLETE))


def _sold_as_new(listing: Listing) -> bool:
    from detectors.condition import condition_of

    return condition_of(listing) is Condition.NEW


DETECTOR = PriceDetector
