"""Price against the genuine product's price."""

from typing import Self

from detectors.base import Examples, offered
from detectors.offers import Offers, UnitOffer
from detectors.price_bands import floor_of
from detectors.samples import SHELL, catalog, listing
from touchstone.catalog import Catalog
from touchstone.listing import Condition, Listing
from touchstone.verdicts import Finding, Match

CONVERTED = 0.9  # of a list price that was converted: rates move by a tenth between a catalog's day and a listing's
FAR_ABOVE = 2.5  # times the list price: a slip of the keyboard, or a price that is not meant to be paid


class PriceDetector:
    """Is the price far below what the genuine product costs, or below the least it may be advertised at?

    The unit price (packs divided, "2개입") is held against the catalog's list price; where the catalog has none in the
    currency, against one converted by dated rates. Where suspicion begins follows from what authorized sellers ask for
    the product and for its brand; while nobody's prices are known, at 44 % of the list price, and it is complete at 16 %.
    It abstains where the product is not sure, the goods are second-hand or hired out, or only a part of the price is
    asked. Far too high a price is shown, and weighs nothing.
    """

    name = "price"
    version = 2
    kinds = ("price_below_reference", "price_below_minimum", "price_above_reference")

    def __init__(self, offers: Offers) -> None:
        self._offers = offers

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Index products by key."""
        return cls(Offers(catalog))

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """One finding for each of the bounds that the unit price is beyond."""
        found: list[Finding] = []
        for match in offered(matches):
            offer = self._offers.of(listing, match)
            if offer is not None:
                found += self._compare(listing, match, offer)
        return tuple(found)

    def _compare(self, listing: Listing, match: Match, offer: UnitOffer) -> list[Finding]:
        unit, known = offer.unit, offer.list_price
        data: dict[str, str | int | float] = {
            "unit_price": unit.minor, "reference": known.minor, "currency": unit.currency, "pack": offer.pack.quantity,
        }  # fmt: skip
        each = f" each ({offer.pack.quantity} in the pack)" if offer.pack.quantity > 1 else ""
        genuine = f"the genuine price {known}" + (f" (at rates of {offer.rates_of})" if offer.rates_of else "")
        floor = floor_of(known, listing.background.prices.get(match.product or ""))
        strength = floor.strength(unit, known.scaled(CONVERTED) if offer.rates_of else known)
        share = unit.minor / known.minor if known.minor else 1.0
        found = []
        if strength > 0:
            reason = f"{unit}{each} is {share:.0%} of {genuine}" + (f"; {floor.told}" if floor.told else "")
            found.append(self._finding("price_below_reference", match.brand, strength, reason, data))
        if share > FAR_ABOVE:
            reason = f"{unit}{each} is {share:.1f} times {genuine}"
            found.append(self._finding("price_above_reference", match.brand, 1.0, reason, data))
        if offer.least is not None and unit.minor < offer.least.minor:
            reason = f"{unit}{each} is below the minimum advertised price {offer.least}"
            data = {**data, "minimum": offer.least.minor}
            found.append(self._finding("price_below_minimum", match.brand, 1.0, reason, data))
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


DETECTOR = PriceDetector
