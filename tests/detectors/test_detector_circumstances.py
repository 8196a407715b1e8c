"""Numbers, variants, photos, spelling, condition, stock and wording, at the edges of what they speak of."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Detector
from detectors.condition import ConditionDetector, condition_of
from detectors.evasion import EvasionDetector
from detectors.identifiers import IdentifierDetector
from detectors.image_index import SAME_BITS, ImageIndex
from detectors.matching import Matcher
from detectors.samples import GTIN, PHOTO, SHELL, catalog, listing
from detectors.stock import StockDetector
from detectors.tampering import TamperingDetector
from detectors.variants import VariantDetector
from detectors.wording import WordingDetector
from touchstone.catalog import BrandReference, Catalog
from touchstone.images import Fingerprint, ListingImage
from touchstone.listing import Condition, Listing
from touchstone.verdicts import Finding

OTHER = BrandReference(
    brand="velhanne", sku="VL-9000", title="Velhanne Skog Wool Hat", mpn="VL9000", gtins=("4006381333931",)
)
BASE = catalog()
CATALOG = msgspec.structs.replace(BASE, references=(*BASE.references, OTHER))
MATCHER = Matcher(CATALOG)


def _found(detector: type[Detector], offered: Listing, known: Catalog = CATALOG) -> tuple[Finding, ...]:
    return detector.build(known).examine(offered, Matcher(known).match(offered))


def _kinds(detector: type[Detector], offered: Listing) -> list[str]:
    return sorted(finding.kind for finding in _found(detector, offered))


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, []), ({"gtins": (GTIN,)}, []), ({"gtins": ("0" + GTIN,)}, []), ({"gtins": ("2001-2345-67893",)}, []),
        ({"gtins": ("2001234567894",)}, ["gtin_invalid"]), ({"gtins": ("12345",)}, ["gtin_invalid"]),
        ({"gtins": ("none",)}, ["gtin_invalid"]), ({"gtins": OTHER.gtins}, ["gtin_of_other_product"]),
        ({"gtins": ("96385074",)}, ["gtin_not_the_brands"]),
        ({"mpn": "VL-2210"}, []), ({"mpn": "vl 2210"}, []), ({"mpn": "ＶＬ２２１０"}, []), ({"mpn": "VL9000"}, []), ({"mpn": ""}, []),
        ({"mpn": "VL-2211"}, ["model_unknown"]), ({"mpn": "VL2201"}, ["model_unknown"]), ({"mpn": "SHOP-000123"}, []), ({"mpn": "free"}, []),
    ],
    ids=lambda value: repr(value),
)  # fmt: skip
def test_numbers(changes: dict[str, Any], kinds: list[str]) -> None:
    """Wrong, another's and nearly right numbers are said; right, missing and a shop's own are not."""
    assert _kinds(IdentifierDetector, listing(**changes)) == kinds


def test_numbers_of_unknown_products_are_not_compared() -> None:
    """Where the product is not sure, a valid number of whatever else says nothing."""
    assert _kinds(IdentifierDetector, listing(title="벨하네 캠핑 머그컵", gtins=("96385074",), mpn="VL2211")) == []


@pytest.mark.parametrize(
    ("options", "invented"),
    [
        ({"색상": ("Navy", "Sky")}, False), ({"색상": ("NAVY", "ｎａｖｙ")}, False), ({"Colour": ("Purple", "Navy")}, True),
        ({"색상": ("Purple",)}, False), ({"색상": ("군청",)}, False), ({"사이즈": ("M", "L")}, False), ({"Size": ("m",)}, False),
        ({"SIZE": ("XS",)}, True), ({"색상": ("선택하세요", "Navy")}, False), ({"Size": ("Select size", "M")}, False),
        ({"배송": ("Purple",)}, False), ({}, False),
    ],
    ids=repr,
)  # fmt: skip
def test_variants(options: dict[str, tuple[str, ...]], invented: bool) -> None:
    """Sizes and colours that were never made; case, placeholders, other options and another language are nothing."""
    assert bool(_found(VariantDetector, listing(options=options))) is invented


def test_variants_of_a_silent_catalog_are_not_compared() -> None:
    """A product without listed colours and sizes comes in any."""
    bare = tuple(msgspec.structs.replace(reference, colours=(), sizes=()) for reference in CATALOG.references)
    known = msgspec.structs.replace(CATALOG, references=bare)
    assert _found(VariantDetector, listing(options={"색상": ("Navy", "Purple"), "사이즈": ("9XL",)}), known) == ()


def _flipped(hexadecimal: str, count: int) -> str:
    return f"{int(hexadecimal, 16) ^ ((1 << count) - 1):064x}"


def _shown(**views: str) -> Listing:
    # Without a say, each view is far from everything: every other bit of the reference turned.
    far = {"whole": "5a" * 32, "trimmed": "5a" * 32, "mirrored": "5a" * 32}
    fingerprint = Fingerprint(version=PHOTO.version, width=800, height=800, **{**far, **views})
    return listing(images=(ListingImage(url="http://namu.example/1.jpg", sha256="1" * 64, fingerprint=fingerprint),))


@pytest.mark.parametrize(
    ("views", "kinds"),
    [
        ({"mirrored": PHOTO.whole}, ["photo_mirrored"]), ({"trimmed": PHOTO.trimmed}, ["photo_framed"]),
        ({"mirrored": _flipped(PHOTO.whole, 8)}, ["photo_mirrored"]), ({"whole": PHOTO.whole}, []),
        ({"whole": PHOTO.whole, "mirrored": PHOTO.whole}, []), ({"whole": _flipped(PHOTO.whole, 6), "trimmed": PHOTO.trimmed}, []), ({}, []),
        ({"mirrored": _flipped(PHOTO.whole, 90)}, []),
    ],
    ids=["mirrored", "framed", "mirrored-re-encoded", "as-it-is", "symmetric", "frame-too-thin-to-tell", "unrelated", "far"],
)  # fmt: skip
def test_photos(views: dict[str, str], kinds: list[str]) -> None:
    """Only what fits clearly better once it is turned or trimmed was altered; a plain copy never."""
    assert _kinds(TamperingDetector, _shown(**views)) == kinds


@given(st.integers(0, 128), st.integers(0, 128))
def test_likeness_falls_with_distance(one: int, other: int) -> None:
    """Within 0..1, 1 for a copy, never rising with the number of bits that differ."""
    index = ImageIndex(CATALOG)

    def likeness(count: int) -> float:
        hits = index.search(_shown(whole=_flipped(PHOTO.whole, count)).images)
        return hits[0].likeness if hits else 0.0

    low, high = sorted((one, other))
    assert 0 <= likeness(high) <= likeness(low) <= 1
    assert likeness(low) == 1 or low > SAME_BITS


def test_fingerprints_of_another_recipe_are_not_compared() -> None:
    """A hash made in another way says nothing, even when its bits are equal."""
    old = msgspec.structs.replace(PHOTO, version=PHOTO.version + 1)
    assert ImageIndex(CATALOG).search((ListingImage(url="u", fingerprint=old),)) == []
    assert ImageIndex(Catalog()).search((ListingImage(url="u", fingerprint=PHOTO),)) == []


@pytest.mark.parametrize(
    ("title", "kinds"),
    [
        (SHELL, []), ("Velhanne jacket", []), ("VELHANNE 벨하네 jacket", []), ("Vеlhanne jacket", ["brand_spelling_hidden"]),
        ("Velhane jacket", ["brand_misspelt"]), ("Velhane V3lhanne jacket", ["brand_spelling_hidden"]),
        ("V3lhanne Velhane jacket", ["brand_spelling_hidden"]), ("Velhanne V.e.l.h.a.n.n.e jacket", ["brand_spelling_hidden"]),
    ],
    ids=ascii,
)  # fmt: skip
def test_spelling(title: str, kinds: list[str]) -> None:
    """One finding for a brand: the most telling of its disguises, quoted as it stands in the title."""
    found = _found(EvasionDetector, listing(title=title))
    assert [finding.kind for finding in found] == kinds
    for finding in found:
        assert repr(title[int(finding.data["start"]) : int(finding.data["end"])]) in finding.reason


@pytest.mark.parametrize(
    ("title", "field", "state"),
    [
        (SHELL, "new", "new"), (SHELL, "unknown", "new"), (SHELL, "used", "used"), (SHELL, "refurbished", "refurbished"),
        (f"{SHELL} 중고", "new", "used"), ("Used Velhanne jacket", "unknown", "used"), ("Velhanne jacket pre-owned", "new", "used"),
        ("Velhanne unused jacket", "new", "new"), (f"{SHELL} 리퍼", "new", "refurbished"), ("Velhanne jacket, refurbished", "new", "refurbished"),
        (f"{SHELL} 렌탈", "new", "used"), ("Velhanne focused light", "new", "new"), ("Velhanne jacket, current model", "new", "new"),
    ],
    ids=repr,
)  # fmt: skip
def test_condition(title: str, field: str, state: str) -> None:
    """A title that owns up to less than the field is believed; words that only contain one are not."""
    assert condition_of(listing(title=title, condition=Condition(field))) is Condition(state)


def _with_stock(stock: int | None, **changes: Any) -> Listing:
    offered = listing(**changes)
    return msgspec.structs.replace(offered, offer=msgspec.structs.replace(offered.offer, stock=stock))


@pytest.mark.parametrize(
    ("stock", "title", "kinds"),
    [(None, SHELL, ["second_hand"]), (1, SHELL, ["second_hand"]), (500, SHELL, ["used_contradicted"]), (500, f"{SHELL} 대여", ["for_hire"])],
    ids=["unknown", "one", "five-hundred", "hire"],
)  # fmt: skip
def test_used_goods_in_quantity_are_not_used(stock: int | None, title: str, kinds: list[str]) -> None:
    """Nobody has hundreds of identical second-hand pieces; their price counts as that of new ones."""
    offered = _with_stock(stock, title=title, condition=Condition.USED)
    assert _kinds(ConditionDetector, offered) == kinds


@pytest.mark.parametrize(("stock", "said"), [(None, False), (0, False), (999, False), (100_000, True)], ids=str)
def test_stock(stock: int | None, said: bool) -> None:
    """The 999 that stands for plenty is nothing; a hundred thousand pieces is."""
    assert bool(_found(StockDetector, _with_stock(stock))) is said


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"title": f"{SHELL} 미러급"}, ["replica_wording"]), ({"title": f"{SHELL} ｍｉｒｒｏｒ ｃｏｐｙ"}, ["replica_wording"]),
        ({"title": f"{SHELL} m\u200birror copy"}, ["replica_wording"]), ({"description": "1:1 quality, mаster copy"}, ["replica_wording"]),
        ({"description": "레플리카 아닙니다. 안심하세요."}, []), ({"description": "가품 판매 시 200% 보상"}, []),
        ({"description": "We never sell replicas."}, []), ({"description": "No fakes. Whatsapp me"}, ["off_platform_contact"]),
        ({"description": "We sell no fakes. Best replica on the market!"}, ["replica_wording"]),
        ({"description": "미러급 카톡 문의"}, ["off_platform_contact", "replica_wording"]), ({"description": ""}, []), ({"description": None}, []),
        ({"title": f"{SHELL} 중고 S급"}, []), ({"title": "미러 선글라스 레플리카", "brand": None}, []),
    ],
    ids=ascii,
)  # fmt: skip
def test_wording(changes: dict[str, Any], kinds: list[str]) -> None:
    """Disguised letters are read, a denial frees its own sentence only, and goods of nobody's brand are let be."""
    assert _kinds(WordingDetector, listing(**changes)) == kinds


@given(st.text(max_size=200))
def test_no_description_is_refused(text: str) -> None:
    """Whatever a seller writes, wording gives each kind at most once and no error."""
    kinds = _kinds(WordingDetector, listing(description=text))
    assert len(kinds) == len(set(kinds))
