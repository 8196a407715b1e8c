"""Price: lower is never less suspicious, a pack is divided, and it abstains where it cannot compare."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.matching import Matcher
from detectors.price import PriceDetector
from detectors.price_bands import LEAST, MOST, floor_of
from detectors.samples import SHELL, catalog, listing
from detectors.screening import Screen
from touchstone.background import Background, PriceBand
from touchstone.catalog import Catalog
from touchstone.listing import Condition, Listing, Seller
from touchstone.money import Money
from touchstone.rates import ExchangeRate
from touchstone.verdicts import Finding, Label

CATALOG = catalog()
MATCHER = Matcher(CATALOG)
DETECTOR = PriceDetector.build(CATALOG)
SCREEN = Screen.build(CATALOG)
REFERENCE, MINIMUM = 289_000, 249_000
STRANGER = Seller(marketplace="namu", seller_id="nm-9", name="새 가게")
PRICES = st.integers(1, 2 * REFERENCE)


def _found(offered: Listing, kind: str) -> Finding | None:
    return next((f for f in DETECTOR.examine(offered, MATCHER.match(offered)) if f.kind == kind), None)


def _strength(offered: Listing) -> float:
    found = _found(offered, "price_below_reference")
    return found.strength if found else 0.0


def _chance(offered: Listing, label: Label) -> float:
    return max((flag.probability for flag in SCREEN.screen(offered).flags if flag.label is label), default=0.0)


@given(PRICES, PRICES)
def test_a_lower_price_never_lowers_the_strength(one: int, other: int) -> None:
    """The cheaper of two offers is at least as suspicious."""
    low, high = sorted((one, other))
    assert _strength(listing(price=low)) >= _strength(listing(price=high))


AMOUNTS = st.integers(1, 10**12)
BANDS = st.none() | st.builds(
    PriceBand, lowest=st.none() | AMOUNTS, sellers=st.integers(0, 100), brand_share=st.none() | st.floats(0.001, 10),
    brand_offers=st.integers(0, 1000),
)  # fmt: skip


@given(AMOUNTS, AMOUNTS, AMOUNTS, BANDS)
def test_strength_lies_within_bounds(one: int, other: int, reference: int, band: PriceBand | None) -> None:
    """For any amounts and whatever others ask: 0..1, and falling with the price."""
    known = Money(reference, "KRW")
    floor = floor_of(known, band)
    low, high = (floor.strength(Money(minor, "KRW"), known) for minor in sorted((one, other)))
    assert LEAST <= floor.edge <= MOST
    assert 0 <= high <= low <= 1


@given(st.integers(1, 10**6), st.integers(1, 10**6), BANDS, st.sampled_from((7, 1300, 10_000)))
def test_strength_does_not_know_the_currency(price: int, reference: int, band: PriceBand | None, rate: int) -> None:
    """Every amount times the same factor, as by another currency, gives the same strength."""
    once = floor_of(Money(reference, "KRW"), band).strength(Money(price, "KRW"), Money(reference, "KRW"))
    scaled = msgspec.structs.replace(band, lowest=band.lowest * rate) if band and band.lowest else band
    known = Money(reference * rate, "JPY")
    assert floor_of(known, scaled).strength(Money(price * rate, "JPY"), known) == pytest.approx(once, abs=1e-9)


def test_what_authorized_sellers_ask_moves_where_suspicion_begins() -> None:
    """A sale at the authorized sellers makes a low price less suspicious; steady prices make it more so."""
    known = Money(REFERENCE, "KRW")

    def begins(lowest: int, sellers: int) -> float:
        return floor_of(known, PriceBand(lowest=lowest, sellers=sellers)).edge

    assert begins(REFERENCE // 4, 6) < begins(REFERENCE // 4, 1) < floor_of(known, None).edge < begins(REFERENCE, 6)


def test_the_reason_names_what_authorized_sellers_ask() -> None:
    """Whoever reads it sees whose prices it rests on."""
    band = PriceBand(lowest=270_000, sellers=3)
    seen = msgspec.structs.replace(listing(price=58_000), background=Background(prices={"velhanne/VL-2210": band}))
    found = _found(seen, "price_below_reference")
    assert found and "authorized sellers mostly ask ₩270,000 and more" in found.reason


def test_a_price_in_another_currency_is_held_against_a_converted_one() -> None:
    """The rates' day is told, a slack is left for their movement, and the catalog's own rates go first."""
    cheap, fair = (_priced(Money.of(amount, "USD")) for amount in ("30", "150"))
    found = _found(cheap, "price_below_reference")
    assert found and "at rates of 2025-08-29" in found.reason
    assert _found(fair, "price_below_reference") is None
    weak_dollar = ExchangeRate(currency="USD", per_euro=11.7, as_of=date(2026, 11, 1))
    own = PriceDetector.build(msgspec.structs.replace(CATALOG, rates=(weak_dollar,)))
    assert any(one.kind == "price_below_reference" for one in own.examine(fair, MATCHER.match(fair)))


def test_a_price_far_above_is_shown_and_weighs_nothing() -> None:
    """A slip of the keyboard is worth a look, and no suspicion."""
    dear = listing(price=10 * REFERENCE, seller=STRANGER)
    assert _found(dear, "price_above_reference")
    assert _chance(dear, Label.COUNTERFEIT) == _chance(listing(seller=STRANGER), Label.COUNTERFEIT)


EXTRAS: dict[str, dict[str, Any]] = {
    "plain": {}, "wording": {"description": "미러급 퀄리티"}, "hidden": {"title": "V.e.l.h.a.n.n.e Fjell Shell Jacket"},
    "gtin": {"gtins": ("2001234567890",)}, "coupon": {"title": f"{SHELL} 쿠폰가 150,000원"}, "pack": {"title": f"{SHELL} 2개입"},
}  # fmt: skip


@pytest.mark.parametrize("extra", EXTRAS.values(), ids=EXTRAS.keys())
@pytest.mark.parametrize("seller", [STRANGER, None], ids=["stranger", "nobody"])
@given(one=PRICES, other=PRICES)
def test_a_lower_price_never_lowers_the_counterfeit_probability(
    extra: dict[str, Any], seller: Seller | None, one: int, other: int
) -> None:
    """The whole look at a listing keeps the law, whatever else there is."""
    low, high = sorted((one, other))
    cheap, dear = listing(price=low, seller=seller, **extra), listing(price=high, seller=seller, **extra)
    assert _chance(cheap, Label.COUNTERFEIT) >= _chance(dear, Label.COUNTERFEIT)


@given(st.integers(2, 30), PRICES)
def test_a_pack_at_its_price_is_as_one_piece(pieces: int, price: int) -> None:
    """N pieces at N times the price are as suspicious as one at its price."""
    packed = listing(title=f"{SHELL} {pieces}개입", price=pieces * price)
    assert _strength(packed) == pytest.approx(_strength(listing(price=price)), abs=1e-6)


def test_a_pack_at_the_price_of_one_is_suspicious() -> None:
    """Ten for the price of one is a tenth each, and the reason says so."""
    found = _found(listing(title=f"{SHELL} 10개입", price=REFERENCE), "price_below_reference")
    assert found and "10" in found.reason


def _priced(money: Money | None, title: str = SHELL) -> Listing:
    base = listing(title=title)
    return msgspec.structs.replace(base, offer=msgspec.structs.replace(base.offer, price=money))


ABSTAINS = {
    "full-price": listing(),
    "dearer": listing(price=2 * REFERENCE),
    "deposit": listing(title=f"{SHELL} 예약금", price=5_000),
    "instalment": listing(title="Velhanne Fjell Shell Jacket 9.90 per month", price=5_000),
    "used-field": listing(price=5_000, condition=Condition.USED),
    "used-title": listing(title=f"{SHELL} 중고", price=5_000),
    "refurbished": listing(price=5_000, condition=Condition.REFURBISHED),
    "hire": listing(title=f"{SHELL} 대여", price=5_000),
    "rental": listing(title="Velhanne Fjell Shell Jacket rental", price=5_000),
    "currency-without-a-rate": _priced(Money(100, "KWD")),
    "no-price": _priced(None),
    "cheapest-option": msgspec.structs.replace(
        listing(price=5_000), offer=msgspec.structs.replace(listing(price=5_000).offer, least_of_several=True)
    ),
    "zero": _priced(Money(0, "KRW")),
    "no-product": listing(title="벨하네 캠핑 머그컵", price=5_000),
    "accessory": listing(title="벨하네 피엘 쉘 자켓 호환 후드", price=5_000, brand=None),
    "like": listing(title="벨하네 스타일 피엘 쉘 자켓", price=5_000, brand=None),
    "sample": listing(title=f"{SHELL} 샘플", price=5_000),
    "other-brand": listing(title="캠핑 머그컵", brand=None, price=5_000),
}


@pytest.mark.parametrize("offered", ABSTAINS.values(), ids=ABSTAINS.keys())
def test_it_abstains(offered: Listing) -> None:
    """Where the price means something else or nothing is to be compared, it says nothing."""
    assert DETECTOR.examine(offered, MATCHER.match(offered)) == ()


def test_it_abstains_without_a_catalog_price() -> None:
    """A product whose price the brand does not give is not judged by price."""
    bare = tuple(msgspec.structs.replace(reference, prices=()) for reference in CATALOG.references)
    own = Catalog(brands=CATALOG.brands, references=bare, authorized=CATALOG.authorized)
    cheap = listing(price=5_000)
    assert PriceDetector.build(own).examine(cheap, Matcher(own).match(cheap)) == ()


@pytest.mark.parametrize(
    ("offered", "below"),
    [
        (listing(price=MINIMUM - 1), True), (listing(price=MINIMUM), False), (listing(price=MINIMUM + 1), False),
        (listing(title=f"{SHELL} 2개입", price=2 * MINIMUM - 2), False),
        (listing(title=f"{SHELL} 중고", price=MINIMUM - 1), False),
        (listing(price=MINIMUM - 1, condition=Condition.USED), False),
        (listing(price=MINIMUM - 1, condition=Condition.UNKNOWN), True),
        (listing(title=f"{SHELL} 쿠폰가 240,000원"), True),
        (listing(title=f"{SHELL} 쿠폰가 249,000원"), False),
    ],
    ids=["below", "at", "above", "pack", "used-title", "used-field", "undeclared", "coupon-below", "coupon-at"],
)  # fmt: skip
def test_the_minimum_advertised_price_holds_for_single_new_items(offered: Listing, below: bool) -> None:
    """Exactly below it, not at it; packs and second-hand goods have none."""
    assert (_found(offered, "price_below_minimum") is not None) is below


def test_an_advertised_coupon_price_counts_as_the_price() -> None:
    """What the title promises after a coupon is what is judged."""
    assert _strength(listing(title=f"{SHELL} 쿠폰가 58,000원")) == _strength(listing(price=58_000)) > 0


@pytest.mark.parametrize(
    "title", [f"{SHELL} 쿠폰가 99999999999999999999원", f"{SHELL} 쿠폰가 0원"], ids=["absurd", "zero"]
)
def test_a_hostile_coupon_does_not_stop_the_screening(title: str) -> None:
    """A number that is no price is left out: the listing is judged as without it."""
    assert _strength(listing(title=title)) == _strength(listing())
