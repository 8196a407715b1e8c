"""The whole look: resemblance alone is never suspicious, and the same listing gives the same answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.matching import Matcher
from detectors.samples import GTIN, PHOTO, SHELL, catalog, listing
from detectors.screening import Screen
from touchstone.catalog import Brand, Catalog
from touchstone.images import ListingImage
from touchstone.listing import Condition, Listing, Offer, Seller
from touchstone.money import Money
from touchstone.verdicts import Label, Role, Screening

CATALOG = msgspec.structs.replace(
    catalog(),
    brands=(*catalog().brands, Brand(id="harbor", name="Harbor", ordinary_word=True, context=("backpack", "trail")), Brand(id="kiterra", name="Kiterra")),
)  # fmt: skip
SCREEN = Screen.build(CATALOG)
MATCHER = Matcher(CATALOG)
STRANGER = Seller(marketplace="namu", seller_id="nm-9", name="새 가게")
PHOTOS = (ListingImage(url="http://namu.example/1.jpg", sha256="0" * 64, fingerprint=PHOTO),)
PERFECT: dict[str, Any] = {
    "images": PHOTOS,
    "gtins": (GTIN,),
    "mpn": "VL-2210",
    "options": {"색상": ("Navy",), "사이즈": ("M",)},
}


@pytest.mark.parametrize("title", [SHELL, "Velhanne Fjell Shell Jacket", f"[정품] {SHELL} 네이비"], ids=str)
@pytest.mark.parametrize("price", [289_000, 260_000, 320_000], ids=str)
def test_resemblance_alone_raises_nothing(title: str, price: int) -> None:
    """The right title, photo, brand, numbers and price from an authorized seller: a match, and no flag at all."""
    seen = SCREEN.screen(listing(title=title, price=price, **PERFECT))
    assert seen.matches[0].product == "velhanne/VL-2210"
    assert seen.flags == ()


def test_resemblance_alone_is_no_counterfeit_from_a_stranger() -> None:
    """The better it resembles, the less it says: at full price from anyone, nothing speaks of a copy."""
    plain, perfect = SCREEN.screen(listing(seller=STRANGER)), SCREEN.screen(listing(seller=STRANGER, **PERFECT))
    assert {flag.label for flag in (*plain.flags, *perfect.flags)} <= {Label.UNAUTHORIZED_SELLER}


def test_resemblance_adds_no_finding() -> None:
    """A listing that resembles more has the same findings as one that resembles less."""
    assert SCREEN.screen(listing(**PERFECT)).findings == SCREEN.screen(listing()).findings


@pytest.mark.parametrize("brand", [None, "", "기타", "자체제작", "Kuppel"], ids=repr)
def test_a_photo_alone_names_no_product(brand: str | None) -> None:
    """Siblings and stock photos look alike: without a name or a number a photo is nobody's."""
    assert SCREEN.screen(listing(title="방수 바람막이", brand=brand, images=PHOTOS, seller=STRANGER)) == Screening()


def test_a_photo_with_the_brand_names_no_product() -> None:
    """Brand and photo together are a match with the brand, and not yet with one of its products."""
    match = MATCHER.match(listing(title="벨하네 신상", images=PHOTOS))[0]
    assert match.brand == "velhanne" and match.product is None


@pytest.mark.parametrize(
    "title",
    ["벨하네 호환 자켓 커버", "벨하네 자켓용 후드", "Hood for Velhanne Fjell Shell Jacket", "Zip compatible with Velhanne jacket", "벨하네 전용 케이스"],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("price", [3_000, 289_000], ids=str)
def test_an_accessory_raises_nothing(title: str, price: int) -> None:
    """What fits the brand may be sold by anyone at any price."""
    seen = SCREEN.screen(listing(title=title, brand=None, price=price, seller=STRANGER))
    assert {match.role for match in seen.matches} <= {Role.FOR}
    assert seen.findings == () and seen.flags == ()


@pytest.mark.parametrize(
    "title", ["캠핑 머그컵", "novel hanneman helmet", "Harbor view print", "하버드 티셔츠", "", "   ", "★★★"], ids=repr
)
def test_a_listing_of_no_known_brand_is_empty(title: str) -> None:
    """No match, no finding, no flag, at whatever price and from whomever."""
    assert SCREEN.screen(listing(title=title, brand=None, price=1, seller=STRANGER)) == Screening()


def test_an_empty_catalog_sees_nothing() -> None:
    """Without brands there is nothing to say."""
    assert Screen.build(Catalog()).screen(listing()) == Screening()


@pytest.mark.parametrize(
    ("title", "brand", "meant"),
    [
        ("Harbor trail backpack", None, True),
        ("Harbor mug", "Harbor", True),
        ("H4rbor mug", None, True),
        ("Harbor mug", None, False),
    ],
    ids=repr,
)
def test_an_ordinary_word_needs_more(title: str, brand: str | None, meant: bool) -> None:
    """Two words of the brand's own, the brand field or a disguise shows that the brand is meant."""
    assert any(match.brand == "harbor" for match in MATCHER.match(listing(title=title, brand=brand))) is meant


LISTINGS = {
    "perfect": listing(**PERFECT), "cheap": listing(price=30_000, seller=STRANGER), "hidden": listing(title="V3lhanne 미러급", seller=STRANGER),
    "like": listing(title="벨하네 스타일 자켓", brand=None), "two-brands": listing(title="Velhanne Kiterra jacket", brand=None),
    "used": listing(title=f"{SHELL} 중고", seller=STRANGER),
}  # fmt: skip


@pytest.mark.parametrize("seen", LISTINGS.values(), ids=LISTINGS.keys())
def test_the_same_listing_gives_the_same_screening(seen: Listing) -> None:
    """Twice, by another screen, after other listings, and after a way through JSON."""
    first = SCREEN.screen(seen)
    for other in LISTINGS.values():
        SCREEN.screen(other)
    stored = msgspec.json.decode(msgspec.json.encode(seen), type=Listing)
    assert first == SCREEN.screen(seen) == Screen.build(CATALOG).screen(seen) == SCREEN.screen(stored)
    assert msgspec.json.decode(msgspec.json.encode(first), type=Screening) == first


@pytest.mark.parametrize("seen", LISTINGS.values(), ids=LISTINGS.keys())
def test_the_order_of_the_catalog_does_not_matter(seen: Listing) -> None:
    """Brands and products in another order give the same answer."""
    turned = Catalog(
        brands=CATALOG.brands[::-1], references=CATALOG.references[::-1], authorized=CATALOG.authorized[::-1]
    )
    assert Screen.build(turned).screen(seen) == SCREEN.screen(seen)


def test_used_goods_of_a_stranger_are_let_be() -> None:
    """A genuine thing may be sold again, at whatever price: second-hand alone raises nothing."""
    assert SCREEN.screen(LISTINGS["used"]).flags == ()


TEXT = st.text(max_size=30) | st.sampled_from(
    [SHELL, "Velhanne", "쿠폰가 99999999999999999999원", "2001234567893", "벨하네용", "①²٣", "Size", "색상"]
)


@given(
    st.builds(
        Listing,
        marketplace=st.just("namu"), listing_id=st.just("1"), url=st.just("http://namu.example/1"), seen_at=st.just(datetime(2026, 4, 1, tzinfo=UTC)),
        title=st.one_of(TEXT, TEXT.map(lambda text: f"{SHELL} {text}")), brand=st.none() | TEXT, gtins=st.lists(TEXT, max_size=2).map(tuple), mpn=st.none() | TEXT,
        description=st.none() | TEXT, options=st.dictionaries(TEXT, st.lists(TEXT, max_size=2).map(tuple), max_size=2),
        offer=st.builds(
            Offer,
            price=st.none() | st.builds(Money, st.integers(0, 2**53), st.sampled_from(["KRW", "USD"])),
            condition=st.sampled_from(Condition), stock=st.none() | st.integers(0, 10**9),
            seller=st.none() | st.builds(Seller, marketplace=st.just("namu"), seller_id=TEXT, name=st.none() | TEXT, private=st.none() | st.booleans()),
        ),
    )
)  # fmt: skip
def test_no_listing_stops_the_screening(seen: Listing) -> None:
    """Sellers write anything anywhere: there is always an answer, its numbers within 0..1."""
    answer = SCREEN.screen(seen)
    assert all(0 <= match.confidence <= 1 for match in answer.matches)
    assert all(0 <= finding.strength <= 1 for finding in answer.findings)
    assert all(0 <= flag.probability <= 1 for flag in answer.flags)
