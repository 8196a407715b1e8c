"""What a listing asks for one piece of a product, made comparable with the brand's own price; or that it cannot be compared."""

from datetime import UTC, date
from typing import NamedTuple

from detectors.base import offered
from detectors.condition import condition_of
from detectors.quantity import Pack, final_price, is_part_payment, pack_of
from touchstone.background import UnitPrice
from touchstone.catalog import AuthorizedSeller, BrandReference, Catalog
from touchstone.listing import Condition, Listing, Seller
from touchstone.money import Money
from touchstone.rates import convert
from touchstone.verdicts import Match


class Authorizations:
    """Who may sell which brand where, by the marketplace's own seller number."""

    def __init__(self, authorized: tuple[AuthorizedSeller, ...]) -> None:
        self._lists: dict[tuple[str, str], dict[str, list[AuthorizedSeller]]] = {}
        for entry in authorized:
            sellers = self._lists.setdefault((entry.brand, entry.marketplace), {})
            sellers.setdefault(entry.seller_id, []).append(entry)

    def known(self, brand: str, marketplace: str) -> bool:
        """Whether the catalog says who may sell the brand there."""
        return (brand, marketplace) in self._lists

    def of(self, brand: str, seller: Seller) -> list[AuthorizedSeller]:
        """A seller's authorizations for a brand, those that have ended included."""
        return self._lists.get((brand, seller.marketplace), {}).get(seller.seller_id, [])

    def hold(self, brand: str, seller: Seller | None, day: date) -> bool:
        """Whether a seller may sell a brand on a day."""
        return seller is not None and any(entry.covers(day) for entry in self.of(brand, seller))


class UnitOffer(NamedTuple):
    """A price for one piece beside the genuine one. ``rates_of``: the day of the rates, where the latter was converted.

    ``least``: the minimum advertised price, where one holds.
    """

    unit: Money
    pack: Pack
    list_price: Money
    least: Money | None = None
    rates_of: date | None = None


class Offers:
    """Ready for one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._references = {reference.key: reference for reference in catalog.references}
        self._rates = catalog.rates
        self._authorizations = Authorizations(catalog.authorized)

    def of(self, listing: Listing, match: Match) -> UnitOffer | None:
        """The offer, or ``None`` where the product is not sure, the goods are not sold as new, what is asked is not the
        whole price or that of the cheapest option, the piece is another size, or the catalog has no price that can be compared.
        """
        reference, price = self._references.get(match.product or ""), listing.offer.price
        if reference is None or price is None or price.minor == 0 or condition_of(listing) is not Condition.NEW:
            return None
        pack = pack_of(listing.title, listed=reference.pack_quantity, known_titles=reference.all_titles)
        if pack.other_size or listing.offer.least_of_several or is_part_payment(listing.title):
            return None
        final = final_price(listing.title, price)
        price = final if final is not None and final.minor < price.minor else price
        return self._beside(reference, price.scaled(reference.pack_quantity / pack.quantity), pack)

    def _beside(self, reference: BrandReference, unit: Money, pack: Pack) -> UnitOffer | None:
        known = reference.price_in(unit.currency)
        if known is not None:
            single = pack.quantity == reference.pack_quantity and not pack.one_of_pack
            return UnitOffer(unit, pack, known.list_price, known.minimum_advertised if single else None)
        if not reference.prices:
            return None
        converted = convert(reference.prices[0].list_price, unit.currency, self._rates)
        return UnitOffer(unit, pack, converted.money, rates_of=converted.as_of) if converted else None

    def unit_prices(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[UnitPrice, ...]:
        """What the listing asks for one piece of each product, where that is sure and its currency is the catalog's."""
        found = []
        for match in offered(matches):
            offer = self.of(listing, match)
            if offer is None or offer.rates_of is not None or match.product is None or not offer.list_price.minor:
                continue
            day = listing.seen_at.astimezone(UTC).date()
            found.append(
                UnitPrice(
                    product=match.product, minor=offer.unit.minor, currency=offer.unit.currency,
                    share=round(offer.unit.minor / offer.list_price.minor, 4),
                    authorized=self._authorizations.hold(match.brand, listing.offer.seller, day),
                )
            )  # fmt: skip
        return tuple(found)
