"""What listings cost on earlier days: sales, coupons at weekends, and copies that cost the same every day."""

import random
from datetime import date, timedelta
from decimal import Decimal

from fixtures.demo.lots import chance, stream, tidy
from fixtures.demo.model import Listing, Truth

EARLIER = (54, 39, 24, 13, 3)  # days ago; among them a weekend, a brand week and the day of 11/11
BRAND_WEEK = (date(2026, 10, 12), date(2026, 10, 18))
ELEVENTH = (date(2026, 11, 9), date(2026, 11, 15))
SALE_TRAPS = ("season_sale", "clearance", "coupon_price")  # what is cheap today was dearer before


def days_before(today: date) -> tuple[date, ...]:
    """The earlier days on which the marketplaces were seen."""
    return tuple(today - timedelta(days=days) for days in EARLIER)


def course(listing: Listing, truth: Truth, seed: int, today: date) -> tuple[tuple[date, Decimal], ...]:
    """What the listing cost on each of the earlier days on which it was there; the same for ever."""
    rng = stream(seed, "course", listing.marketplace, listing.id)
    factors = _steady(rng) if "counterfeit" in truth.labels or listing.condition == "used" else _lively(rng, truth)
    days = [day for day in days_before(today) if day >= listing.posted]
    return tuple(
        (day, tidy(float(listing.price) * factors.on(day), listing.currency, rng) if factors.on(day) != 1 else listing.price)
        for day in days
    )  # fmt: skip


class _Factors:
    """By how much the price of a day differs from today's."""

    def __init__(self, before: float, weekend: float, brand_week: float, eleventh: float) -> None:
        self._before, self._weekend, self._brand_week, self._eleventh = before, weekend, brand_week, eleventh

    def on(self, day: date) -> float:
        """The factor of one day."""
        if BRAND_WEEK[0] <= day <= BRAND_WEEK[1]:
            return self._before * self._brand_week
        if ELEVENTH[0] <= day <= ELEVENTH[1]:
            return self._before * self._eleventh
        return self._before * (self._weekend if day.weekday() >= 5 else 1.0)


def _steady(rng: random.Random) -> _Factors:
    return _Factors(rng.choice((1.0, 1.0, 1.0, 1.02)), 1.0, 1.0, 1.0)


def _lively(rng: random.Random, truth: Truth) -> _Factors:
    before = rng.uniform(1.3, 1.8) if truth.trap in SALE_TRAPS else rng.choice((1.0, 1.0, rng.uniform(0.95, 1.06)))
    return _Factors(
        before,
        rng.uniform(0.92, 0.97) if chance(rng, 0.3) else 1.0,
        rng.uniform(0.82, 0.92) if chance(rng, 0.3) else 1.0,
        rng.uniform(0.78, 0.9) if chance(rng, 0.4) else 1.0,
    )
