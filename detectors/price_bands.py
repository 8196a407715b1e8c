"""From which price on an offer of a product is unusually cheap, given what authorized sellers ask."""

import math
from typing import NamedTuple

from touchstone.background import PriceBand
from touchstone.money import Money

# The edge: the share of the list price that a tenth of honest offers are below. Over 1,525 Korean fashion brands it lies
# at .40 on average (benchmarks/quality/prices.py); a brand's own offers outweigh that soon.
EDGE = 0.40
PRIOR_OFFERS = 2.0  # authorized offers that weigh as much as what is known of others: one to three do equally well
LEAST, MOST = 0.15, 0.75  # between which the edge lies whatever was observed
BEGINS = 1.1  # times the edge: suspicion begins ...
COMPLETE = 0.4  # ... and is complete; half-way between, 1.3 % of honest offers are below, and four replicas of five


class Floor(NamedTuple):
    """Where prices become unusual, as a share of the list price; ``told`` says whose prices it rests on, if anybody's."""

    edge: float
    told: str = ""

    def strength(self, unit: Money, list_price: Money) -> float:
        """0 at ``BEGINS`` times the edge and above, 1 at ``COMPLETE`` times the edge and below, logarithmic between."""
        share = unit.minor / list_price.minor if list_price.minor else 1.0
        begins = BEGINS * self.edge
        if share >= begins:
            return 0.0
        return min(1.0, math.log(begins / max(share, 1e-9)) / math.log(BEGINS / COMPLETE))


def floor_of(list_price: Money, band: PriceBand | None) -> Floor:
    """The floor for a product: what authorized sellers ask for it, drawn to its brand's and then to everyone's where few do.

    Averages are of logarithms, since prices differ by factors.
    """
    edge, told = math.log(EDGE), ""
    if band is not None and band.brand_share and band.brand_offers:
        edge = _drawn(math.log(band.brand_share), band.brand_offers, edge)
    if band is not None and band.lowest and band.sellers and list_price.minor:
        edge = _drawn(math.log(band.lowest / list_price.minor), band.sellers, edge)
        told = f"authorized sellers mostly ask {Money(band.lowest, list_price.currency)} and more"
    return Floor(min(MOST, max(LEAST, math.exp(edge))), told)


def _drawn(seen: float, offers: int, known: float) -> float:
    """What was seen in so many offers, drawn to what was known before."""
    return known + (seen - known) * offers / (offers + PRIOR_OFFERS)
