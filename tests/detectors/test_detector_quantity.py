"""How many pieces a title offers, and the lower price that it advertises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.quantity import MOST_PIECES, final_price, pack_of
from touchstone.money import Money

PACKS = {
    # Korean
    "벨하네 양말": 1, "양말 3개입": 3, "양말 3개": 3, "양말 (3개)": 3, "양말 3개 세트": 3, "양말 3개묶음": 3, "양말 5팩": 5,
    "수건 10매입": 10, "치약 24입": 24, "양말 1+1": 2, "양말 2+1": 3, "양말 1 + 1": 2, "양말 x3": 3, "양말 x 2": 2, "양말 ２개입": 2,
    "양말 1개": 1, "12개월 무이자 자켓": 1, "5개국어 번역기": 1, "자켓 리뷰 999개": 1, "500개 한정 자켓": 1, "2인용 텐트": 1, "3단 우산": 1,
    "24인치 캐리어": 1, "아이폰 15 자켓": 1,
    # English
    "Socks 3-pack": 3, "Socks 3 pack": 3, "Socks 3-Pack": 3, "Socks, pack of 4": 4, "Set of 2 mugs": 2, "Lot of 12 mugs": 12,
    "Bundle of 6": 6, "Box of 24": 24, "Socks 6pcs": 6, "Socks 6 pieces": 6, "2 x mugs": 2, "Mug x2": 2, "Mug": 1, "Mug 350ml": 1,
    "Poster 30 x 40 cm": 1, "Poster 30x40": 1, "Jacket 2025": 1, "Model VL-2210": 1, "1.5L bottle": 1, "4K screen": 1, "100% cotton": 1,
    "300 pieces": 1, "0 pieces": 1,
    # numbers of models and editions, and what other goods have
    "B255DP148P 데님": 1, "25P 센스 로고 후디": 1, "8P 밴딩 카고팬츠": 1, "스니커즈 -X86": 1, "셋업 2P": 1, "2P 세트 양말": 2, "2PACK_양말": 2,
    "PCIe x4 card": 1, "Tyre 29 x 2.40": 1, "Sabertooth X99": 1, "1210-24P switch": 1, "Sony BL20P": 1, "Fenix 5X Plus": 1,
    "Hero 4/3+ 3": 1, "Camera, 3 Packs of Film": 1, "물티슈 100매입 10팩": 10,
}  # fmt: skip


@pytest.mark.parametrize(("title", "quantity"), PACKS.items(), ids=PACKS.keys())
def test_a_title_offers_pieces(title: str, quantity: int) -> None:
    """Packs are counted; sizes, years, models and reviews are not."""
    assert pack_of(title).quantity == quantity


@pytest.mark.parametrize(
    ("title", "quantity"), [("양말", 3), ("양말 3개입", 3), ("Socks 3-Pack x 2", 6), ("Socks 6 pcs", 6), ("양말 3개입 x 2", 6)], ids=str
)  # fmt: skip
def test_a_product_that_is_a_pack(title: str, quantity: int) -> None:
    """Where the catalog lists three in a pack, silence means three, and two packs six."""
    pack = pack_of(title, listed=3)
    assert pack.quantity == quantity and not pack.one_of_pack


@pytest.mark.parametrize("title", ["[2PACK] 베이직 티셔츠", "베이직 티셔츠", "베이직 티셔츠 2팩"], ids=str)
def test_a_pack_that_only_the_catalogs_title_names(title: str) -> None:
    """What the catalog sells as one piece is one, though its title names the pack; two of them are two."""
    assert pack_of(title, known_titles=("[2PACK] 베이직 티셔츠",)).quantity == 1
    assert pack_of(f"{title} 3개", known_titles=("[2PACK] 베이직 티셔츠",)).quantity == 3


@pytest.mark.parametrize("title", ["양말 낱개", "양말 1개", "Socks single", "Socks 1 piece", "양말 단품"], ids=str)
def test_one_piece_of_a_pack(title: str) -> None:
    """A pack opened and sold by the piece is one piece, and said to be that."""
    pack = pack_of(title, listed=3)
    assert pack.quantity == 1 and pack.one_of_pack


@pytest.mark.parametrize(
    "title",
    [
        "미니 크림",
        "크림 샘플",
        "크림 리필",
        "공병",
        "travel size cream",
        "Tester",
        "Refill",
        "spare strap",
        "left only",
    ],
    ids=str,
)
def test_another_size(title: str) -> None:
    """Samples, refills and parts are another thing than the product."""
    assert pack_of(title).other_size


@pytest.mark.parametrize(
    "title",
    [
        "벨하네 자켓",
        "Velhanne Fjell Shell Jacket",
        "양말 3개입",
        "Terminal jacket",
        "미니멀 자켓",
        "iPad mini",
        "리필드 백",
        "Part# 4",
    ],
    ids=str,
)
def test_the_same_size(title: str) -> None:
    """Ordinary titles are of the product itself."""
    assert not pack_of(title).other_size


@given(st.text(), st.integers(1, 12))
def test_there_is_always_a_sound_number(title: str, listed: int) -> None:
    """No title gives less than one piece, more than the most times the pack, or an error."""
    assert 1 <= pack_of(title, listed=listed).quantity <= MOST_PIECES * listed


@pytest.mark.parametrize(
    ("title", "price", "final"),
    [
        ("자켓 쿠폰가 50,000원", Money(60_000, "KRW"), Money(50_000, "KRW")),
        ("자켓 최종가 9900원", Money(60_000, "KRW"), Money(9_900, "KRW")),
        ("자켓 쿠폰 적용가: 9,900원", Money(60_000, "KRW"), Money(9_900, "KRW")),
        ("자켓 할인가 5,000 원", Money(60_000, "KRW"), Money(5_000, "KRW")),
        ("자켓 쿠폰가 ５,０００원", Money(60_000, "KRW"), Money(5_000, "KRW")),
        ("자켓 12,000원(최종)", Money(60_000, "KRW"), Money(12_000, "KRW")),
        ("Jacket $59.99 after coupon", Money(9_000, "USD"), Money(5_999, "USD")),
        ("Jacket $59 with code SAVE", Money(9_000, "USD"), Money(5_900, "USD")),
        ("Jacket $1,059.00 after discount", Money(200_000, "USD"), Money(105_900, "USD")),
        ("자켓", Money(60_000, "KRW"), None),
        ("자켓 50,000원", Money(60_000, "KRW"), None),
        ("Jacket $59", Money(9_000, "USD"), None),
        ("자켓 쿠폰가 50,000원", Money(9_000, "USD"), None),
        ("Jacket $59 after coupon", Money(60_000, "KRW"), None),
        ("자켓 쿠폰가 원", Money(60_000, "KRW"), None),
        ("자켓 할인가 3만원", Money(60_000, "KRW"), Money(30_000, "KRW")),
        ("자켓 특가 3만 5천원", Money(60_000, "KRW"), Money(35_000, "KRW")),
        ("자켓 쿠폰 적용시 5,000원 할인", Money(60_000, "KRW"), None),
        ("자켓 특가 50,000원 이상 구매시", Money(60_000, "KRW"), None),
        ("자켓 특가 1,000원 적립", Money(60_000, "KRW"), None),
        ("자켓 10,000원 쿠폰 증정", Money(60_000, "KRW"), None),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else repr(value),
)  # fmt: skip
def test_a_title_advertises_a_price(title: str, price: Money, final: Money | None) -> None:
    """What is left after a coupon, in the listing's own currency, and nothing where the title says nothing of it."""
    assert final_price(title, price) == final


@pytest.mark.parametrize(
    "title", ["쿠폰가 99999999999999999999원", "$99999999999999999999 after coupon"], ids=["won", "dollars"]
)
def test_an_absurd_advertised_price_is_no_crash(title: str) -> None:
    """A title is hostile text: a number that is no price must not keep the listing from being screened."""
    assert final_price(title, Money(9_000, "USD" if "$" in title else "KRW")) is None
