"""What would have to be different: each answer undoes the flag, and no less would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from detectors.counterfactuals import counterfactuals
from detectors.samples import SHELL, catalog, listing
from detectors.screening import Screen
from touchstone.catalog import AuthorizedSeller, Brand, Catalog
from touchstone.listing import Condition, Listing, Seller
from touchstone.money import Money
from touchstone.verdicts import Flag, Label

CATALOG = msgspec.structs.replace(
    catalog(), brands=(*catalog().brands, Brand(id="kiterra", name="Kiterra", aliases=("키테라",)))
)
STRANGER = Seller(marketplace="namu", seller_id="nm-9", name="새 가게")

FLAGGED: dict[str, Listing] = {
    "cheap-from-nobody": listing(price=40_000, seller=None, description="카톡 문의 주세요"),
    "cheap-from-a-stranger": listing(price=40_000, seller=STRANGER),
    "cheap-two-in-a-pack": listing(title=f"{SHELL} 2개입", price=70_000, seller=STRANGER),
    "cheap-three-in-a-pack": listing(title=f"{SHELL} 3개입", price=100_001, seller=STRANGER),
    "cheap-with-hint": listing(price=110_000, seller=STRANGER, description="카톡 문의 주세요"),
    "cheap-with-coupon": listing(title=f"{SHELL} 쿠폰가 30,000원", seller=STRANGER),
    "stranger": listing(seller=STRANGER),
    "below-minimum": listing(price=240_000),
    "below-minimum-stranger": listing(price=240_000, seller=STRANGER),
    "replica-words": listing(description="미러급 퀄리티", seller=STRANGER, price=120_000),
    "wrong-number": listing(gtins=("2001234567890",), mpn="VL-2201", seller=STRANGER, price=120_000),
    "like": listing(title="벨하네 스타일 바람막이", brand=None),
    "two-brands": listing(title="Velhanne Kiterra windbreaker", brand=None),
    "keyword-of-another-maker": listing(title="Kiterra jacket Velhanne", brand="Kiterra"),
}


def _offer(seen: Listing, **changes: Any) -> Listing:
    return msgspec.structs.replace(seen, offer=msgspec.structs.replace(seen.offer, **changes))


CHANGES: dict[str, Callable[[Listing], Listing]] = {
    "second-hand": lambda seen: _offer(seen, condition=Condition.USED),
    "description": lambda seen: msgspec.structs.replace(seen, description=None),
    "photos": lambda seen: msgspec.structs.replace(seen, images=()),
    "GTIN": lambda seen: msgspec.structs.replace(seen, gtins=(), mpn=None),
}


def _stands(known: Catalog, seen: Listing, flag: Flag) -> bool:
    return any(
        (other.label, other.brand) == (flag.label, flag.brand) for other in Screen.build(known).screen(seen).flags
    )


def _with_seller(seen: Listing, brand: str) -> Catalog:
    assert seen.offer.seller
    entry = AuthorizedSeller(brand=brand, marketplace=seen.marketplace, seller_id=seen.offer.seller.seller_id)
    return msgspec.structs.replace(CATALOG, authorized=(*CATALOG.authorized, entry))


CASES = [
    pytest.param(seen, flag, id=f"{name}-{flag.label}-{flag.brand}")
    for name, seen in FLAGGED.items()
    for flag in Screen.build(CATALOG).screen(seen).flags
]


def _least_price(seen: Listing, flag: Flag) -> Money | None:
    """The price in the answer, read back: the only amount that is written as the answer writes it."""
    said = next((a.change for a in counterfactuals(CATALOG, seen, flag) if a.change.startswith("the price were")), None)
    if said is None:
        return None
    digits = "".join(char for char in said if char.isdigit())
    least = Money(int(digits), "KRW")
    assert str(least) in said
    return least


def test_the_listings_are_flagged() -> None:
    """Enough flags of every label for what follows to mean something."""
    assert {flag.label for _, flag in (case.values for case in CASES)} == set(Label)


@pytest.mark.parametrize(("seen", "flag"), CASES)
def test_each_change_undoes_the_flag(seen: Listing, flag: Flag) -> None:
    """Applied to the listing and screened with the whole catalog, the flag no longer stands."""
    for answer in counterfactuals(CATALOG, seen, flag):
        if answer.change.startswith("the price were"):
            continue
        if "seller were authorized" in answer.change:
            assert not _stands(_with_seller(seen, flag.brand), seen, flag), answer.change
            continue
        change = next(change for words, change in CHANGES.items() if words in answer.change)
        assert not _stands(CATALOG, change(seen), flag), answer.change


@pytest.mark.parametrize(("seen", "flag"), CASES)
def test_no_change_is_left_out(seen: Listing, flag: Flag) -> None:
    """What would undo the flag is among the answers."""
    said = [answer.change for answer in counterfactuals(CATALOG, seen, flag)]
    for words, change in CHANGES.items():
        assert any(words in answer for answer in said) is not _stands(CATALOG, change(seen), flag), words
    if seen.offer.seller:
        undone = not _stands(_with_seller(seen, flag.brand), seen, flag)
        assert any("seller were authorized" in answer for answer in said) is undone


@pytest.mark.parametrize(("seen", "flag"), CASES)
def test_the_price_is_the_least_that_undoes_it(seen: Listing, flag: Flag) -> None:
    """At that price the flag does not stand; at one won less it does."""
    least = _least_price(seen, flag)
    if least is not None:
        assert not _stands(CATALOG, _offer(seen, price=least), flag)
        assert _stands(CATALOG, _offer(seen, price=Money(least.minor - 1, "KRW")), flag)


@pytest.mark.parametrize("name", ["cheap-from-a-stranger", "cheap-two-in-a-pack", "below-minimum"])
def test_a_flag_for_price_alone_has_a_price_that_undoes_it(name: str) -> None:
    """Where nothing but the price speaks for a flag, some price undoes it."""
    flags = [
        flag
        for flag in Screen.build(CATALOG).screen(FLAGGED[name]).flags
        if flag.label is not Label.UNAUTHORIZED_SELLER
    ]
    assert flags
    assert all(_least_price(FLAGGED[name], flag) for flag in flags)


def test_a_price_alone_is_no_verdict() -> None:
    """Where nothing is known of the seller, the lowest price by itself raises no flag."""
    assert Screen.build(CATALOG).screen(listing(price=10_000, seller=None)).flags == ()


def test_a_coupon_in_the_title_is_not_undone_by_the_price() -> None:
    """The title's lower price is what is judged: a higher price in the field would change nothing."""
    seen = FLAGGED["cheap-with-coupon"]
    for flag in Screen.build(CATALOG).screen(seen).flags:
        assert _least_price(seen, flag) is None
