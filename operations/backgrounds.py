"""What the store knows beyond a listing, gathered for the detectors."""

from collections import defaultdict
from datetime import timedelta

import msgspec

from detectors.history import DOUBTED, SURE_DECISIONS, dismissed_share, has_own_photos, record_of
from operations import clock
from storage.store import Store
from touchstone.background import Background, PriceBand
from touchstone.listing import Listing
from touchstone.verdicts import Match

SEASON = timedelta(days=90)  # older prices were of another season
LOW_END = 0.1  # of a brand's prices, as `detectors.price_bands` has it; it stands firm where a few listed sellers are not honest


class Backgrounds:
    """Sellers' records are read as they stand, the bands of prices as they stood when first asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._bands: dict[tuple[str, str], PriceBand] | None = None
        self._brands: dict[tuple[str, str], PriceBand] = {}

    def refresh(self) -> None:
        """Have the bands of prices made anew when they are next asked for."""
        self._bands = None

    def of(self, listing: Listing, matches: tuple[Match, ...], own_photos: frozenset[str]) -> Background:
        """The background of a listing that is about what ``matches`` say; an empty one where it is about nothing."""
        if not matches:
            return Background()
        screenings = self._store.screenings
        return Background(
            seller=record_of(screenings.tallies_of_others(listing)),
            prices=self._prices(listing, matches),
            photos=screenings.other_sellers_of(sorted(own_photos), listing),
        )

    def _prices(self, listing: Listing, matches: tuple[Match, ...]) -> dict[str, PriceBand]:
        price = listing.offer.price
        found = {}
        for match in matches:
            if price is not None and match.product is not None:
                band = self._band(match.brand, match.product, price.currency)
                if band is not None:
                    found[match.product] = band
        return found

    def _band(self, brand: str, product: str, currency: str) -> PriceBand | None:
        if self._bands is None:
            self._bands = self._all_bands()
        return self._bands.get((product, currency)) or self._brands.get((brand, currency))

    def _all_bands(self) -> dict[tuple[str, str], PriceBand]:
        """One pass over the authorized offers of the season."""
        lowest: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        shares: dict[tuple[str, str], list[float]] = defaultdict(list)
        for brand, product, currency, minor, share in self._store.screenings.authorized_prices(clock.now() - SEASON):
            lowest[brand, product, currency].append(minor)
            shares[brand, currency].append(share)
        self._brands = {
            key: PriceBand(brand_share=sorted(values)[int(LOW_END * len(values))], brand_offers=len(values))
            for key, values in shares.items()
        }
        return {
            (product, currency): msgspec.structs.replace(
                self._brands[brand, currency], lowest=_lowest(values), sellers=len(values)
            )
            for (brand, product, currency), values in lowest.items()
        }


def _lowest(values: list[int]) -> int:
    """The low end of what is asked: the lower quartile, and of three offers or more never the lowest, which may be a slip."""
    place = max(len(values) // 4, 1 if len(values) > 2 else 0)
    return sorted(values)[place]


def gist(background: Background) -> object:
    """What of a background can change a verdict, coarse enough that one more listing of a large seller does not.

    A listing is looked at again when its gist changed, not whenever a count did.
    """
    record = background.seller
    return (
        round(record.signed / (record.listings + DOUBTED), 1),
        min(record.confirmed, SURE_DECISIONS),
        round(dismissed_share(record), 1),
        min(record.brands, 5),
        has_own_photos(record),
        frozenset(background.photos),
        frozenset((product, _band_gist(band)) for product, band in background.prices.items()),
    )


def _band_gist(band: PriceBand) -> tuple[object, ...]:
    lowest = float(f"{band.lowest:.2g}") if band.lowest else None
    share = round(band.brand_share, 1) if band.brand_share is not None else None
    return lowest, min(band.sellers, 6), share, min(band.brand_offers, 24) // 8
