"""Rules that call a price too low, each learnt from a brand's ordinary offers: simple peers, and the detector's.

A rule is two functions: ``fit(offers)`` learns a band, ``is_low(offer, band)`` judges one offer by it. Most compare the
share of the list price that is asked; some the price itself, which is all there is where the product is not known.
"""

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.price_bands import Floor, floor_of
from operations.backgrounds import LOW_END
from touchstone.background import PriceBand
from touchstone.money import Money

Logs = npt.NDArray[np.float64]

HALF = 0.5  # "below half price" is the usual first rule of a brand's own checks
MINIMUM_SLACK, PERCENTILE_SLACK = 0.8, 0.9
DEVIATIONS = 3.0
FENCES = 3.0  # Tukey's outer fence ("far out"), Exploratory Data Analysis, 1977
MODIFIED_Z, TO_MAD, TO_MEAN = 3.5, 1.4826, 1.253314  # Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993

# How far below a brand's mean log price its cheapest fiftieth is, measured on the Korean brands of eight offers and more.
WITHIN_LOW, WITHIN_QUANTILE, WITHIN_PSEUDO = -0.82, 0.02, 5.0

CUTS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LISTED = Money(minor=10**6, currency="USD")  # shares are what counts; a million steps are fine enough


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, and what the goods are listed at."""

    name: str
    price: float
    list_price: float


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt: the least that is still ordinary, as a logarithm of what the rule measures."""

    least: float


class Rule(Protocol):
    """What every row of the table is."""

    @property
    def name(self) -> str:
        """How the row is called."""
        ...

    def fit(self, offers: Sequence[Offer]) -> Band:
        """Learn from offers thought ordinary."""
        ...

    def is_low(self, offer: Offer, band: Band) -> bool:
        """Whether the offer is called too low."""
        ...


def share(offer: Offer) -> float:
    """Logarithm of the share of the list price that is asked."""
    return math.log(offer.price / offer.list_price)


def plain(offer: Offer) -> float:
    """Logarithm of the price alone."""
    return math.log(offer.price)


class Bounded(msgspec.Struct, frozen=True):
    """Low is what measures less than a bound, itself computed from the measures of what was learnt."""

    name: str
    measure: Callable[[Offer], float]
    bound: Callable[[Logs], float]

    def fit(self, offers: Sequence[Offer]) -> Band:
        """The bound over all measures."""
        return Band(least=self.bound(np.array([self.measure(offer) for offer in offers])))

    def is_low(self, offer: Offer, band: Band) -> bool:
        """Strictly below the bound."""
        return self.measure(offer) < band.least


class Detector(msgspec.Struct, frozen=True):
    """The strength that the ``price`` detector gives; what is learnt stands for authorized offers of the brand.

    ``taught`` is false for a brand of which no authorized offer is known.
    """

    name: str
    cut: float
    taught: bool

    def fit(self, offers: Sequence[Offer]) -> Band:
        """The edge, for a list price of any size."""
        if not self.taught or not offers:
            return Band(least=math.log(floor_of(_LISTED, None).edge))
        shares = sorted(math.exp(share(offer)) for offer in offers)
        band = PriceBand(brand_share=shares[int(LOW_END * len(shares))], brand_offers=len(offers))
        return Band(least=math.log(floor_of(_LISTED, band).edge))

    def is_low(self, offer: Offer, band: Band) -> bool:
        """A strength of ``cut`` and more; any at all where ``cut`` is 0."""
        asked = Money(minor=round(offer.price / offer.list_price * _LISTED.minor), currency=_LISTED.currency)
        strength = Floor(math.exp(band.least)).strength(asked, _LISTED)
        return strength >= self.cut if self.cut else strength > 0


def _deviations(logs: Logs) -> float:
    return float(logs.mean() - DEVIATIONS * logs.std(ddof=1)) if len(logs) > 1 else float(logs.mean())


def _fence(logs: Logs) -> float:
    low, high = np.quantile(logs, (0.25, 0.75))
    return float(low - FENCES * (high - low))


def _modified_z(logs: Logs) -> float:
    """Median less 3.5 scaled deviations; their mean stands in where more than half of the values are the same."""
    middle = float(np.median(logs))
    apart = np.abs(logs - middle)
    spread = TO_MAD * float(np.median(apart)) or TO_MEAN * float(apart.mean())
    return middle - MODIFIED_Z * spread


def _within(logs: Logs) -> float:
    """The brand's own low quantile of the price, drawn to what is usual below a brand's mean."""
    own, usual = float(np.quantile(logs, WITHIN_QUANTILE)), float(logs.mean()) + WITHIN_LOW
    return (len(logs) * own + WITHIN_PSEUDO * usual) / (len(logs) + WITHIN_PSEUDO)


def _from(cut: float) -> str:
    return f"strength {cut}" if cut else "any strength"


PEERS: tuple[Rule, ...] = (
    Bounded("below half of the list price", share, lambda logs: math.log(HALF)),
    Bounded("share: minimum × 0.8", share, lambda logs: float(logs.min() + math.log(MINIMUM_SLACK))),
    Bounded(
        "share: 1st percentile × 0.9", share, lambda logs: float(np.quantile(logs, 0.01) + math.log(PERCENTILE_SLACK))
    ),
    Bounded("share: mean - 3 sd of logs", share, _deviations),
    Bounded("share: Tukey, 3 IQR of logs", share, _fence),
    Bounded("share: MAD 3.5 of logs", share, _modified_z),
    Bounded("price: minimum × 0.8", plain, lambda logs: float(logs.min() + math.log(MINIMUM_SLACK))),
    Bounded(
        "price: 1st percentile × 0.9", plain, lambda logs: float(np.quantile(logs, 0.01) + math.log(PERCENTILE_SLACK))
    ),
    Bounded("price: mean - 3 sd of logs", plain, _deviations),
    Bounded("price: quantile drawn to usual × 0.8", plain, lambda logs: float(_within(logs) + math.log(MINIMUM_SLACK))),
)
DETECTOR: tuple[Rule, ...] = tuple(
    Detector(f"price detector{', taught' if taught else ''}, {_from(cut)}", cut, taught)
    for taught in (False, True)
    for cut in CUTS
)
