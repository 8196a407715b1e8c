"""Which product of a catalog a listing is, by invented products."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.pairs.candidates import Index, lookup_text
from detectors.pairs.comparison import Rarity, compare
from detectors.pairs.forest import Forest, probability, rivalry, threshold_without_labels
from detectors.pairs.matcher import PairMatcher
from detectors.pairs.records import Record, normalise, parts_of, prepare
from detectors.pairs.standing import Standing, views

CATALOG = (
    Record(title="Velhane 55 inch LED television VX-5510B black", brand="Velhane", model="VX-5510B", price=499.0),
    Record(title="Velhane 55 inch LED television VX-5520B black", brand="Velhane", model="VX-5520B", price=649.0),
    Record(title="Orrinda 55 inch LED television ORT-881 black", brand="Orrinda", model="ORT-881", price=489.0),
    Record(title="Velhane soundbar SB-210 with wireless subwoofer", brand="Velhane", model="SB-210", price=199.0),
    Record(title="Orrinda digital camera 12 megapixel DC-77 silver", brand="Orrinda", model="DC-77", price=159.0),
    Record(title="Tessaly Office Suite 2007 standard", brand="Tessaly", price=299.0),
    Record(title="Tessaly Office Suite 2007 professional upgrade", brand="Tessaly", price=199.0),
    Record(title="Quillon flash drive 8 gb QF-8", brand="Quillon", model="QF-8", price=19.0),
    Record(title="Quillon flash drive 16 gb QF-16", brand="Quillon", model="QF-16", price=29.0),
    Record(title="Marrowby espresso machine EM-3300", brand="Marrowby", model="EM-3300", price=349.0),
)
RARITY = Rarity(prepare(record).everything for record in CATALOG)
AWKWARD = ("벨하네 양말 3개", "9" * 400 + " gb", "0 pack", "1.5.5 in", "²³ ½ ٣ gb", "VX-5510B 8gb 2007 pro black 9.99")
SYMMETRIC = (
    "title_cover_low", "title_cover_high", "title_dice", "title_met", "whole_cover_low", "whole_missed_low", "ratio",
    "token_sort", "partial", "length_ratio", "same_first", "code_all_met", "code_all_conflict", "code_all_near",
    "code_all_lone_both", "model_equal", "model_near", "measures_all_agree", "measures_all_conflict", "pack_ratio",
    "numbers_jaccard", "versions", "colour", "edition", "brand_either", "brand_both", "price_ratio",
)  # fmt: skip


def between(left: str | Record, right: str | Record) -> dict[str, float]:
    """What a comparison says of two records, or of two titles."""
    one, two = (Record(title=side) if isinstance(side, str) else side for side in (left, right))
    return compare(prepare(one), prepare(two), RARITY)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Crème  BRÛLÉE", "creme brulee"), ("ＶＥＬ １２", "vel 12"), ("2 .5 inch", "2.5 inch"),
        ("1,250 pages", "1250 pages"), ("3.0 l", "3 l"),
        ("Suite v. 4", "suite 4"), ("version 11", "11"), ("벨하네 양말", "벨하네 양말"), ("", ""),
    ],
    ids=["accents", "fullwidth", "broken decimal", "thousands", "trailing zero", "v.", "version", "Hangul", "empty"],
)  # fmt: skip
def test_spellings_of_one_text_have_one_form(written: str, meant: str) -> None:
    """Case, accents, width, decimals, thousands and versions do not tell two texts apart."""
    assert normalise(written) == meant


@pytest.mark.parametrize(
    ("one", "two"),
    [("8 gb", "8000 mb"), ("8gb", "8 gigabytes"), ("2 ft", '24"'), ("1.5 kg", "1500 g"), ("5400rpm", "5400 rpm"),
     ("1 year", "365 days")],
    ids=str,
)  # fmt: skip
def test_measures_are_brought_to_one_unit(one: str, two: str) -> None:
    """The same amount in two units is one word and one value, and no model number."""
    first, second = parts_of(one), parts_of(two)
    assert first.measures == second.measures and first.words == second.words
    assert not first.codes and not second.codes


@pytest.mark.parametrize("written", ["kp-36ip", "kp36ip", "KP.36IP", "(kp/36ip)"], ids=str)
def test_punctuation_is_no_part_of_a_model_number(written: str) -> None:
    """However it is broken up, a model number is one."""
    assert parts_of(normalise(written)).codes == {"kp36ip"}


@pytest.mark.parametrize("written", ["6-outlet", "b0012abcde", "2007", "television", "xl2"], ids=str)
def test_what_is_no_model_number(written: str) -> None:
    """Counts, a shop's own article numbers, years, words and sizes are none."""
    assert not parts_of(written).codes


def test_model_numbers_agree_or_conflict() -> None:
    """One that meets is agreement, however broken up; two that do not are a conflict."""
    same, other = between("Velhane VX-5510B", "velhane tv vx5510b"), between("Velhane VX-5510B", "Velhane VX-5520B")
    assert same["code_all_met"] > 0 and same["code_all_conflict"] == 0 and same["code_all_near"] == 1
    assert other["code_all_met"] == 0 and other["code_all_conflict"] == 1 and 0 < other["code_all_near"] < 1


def test_measures_agree_or_conflict() -> None:
    """Equal and rounded amounts agree, others conflict."""
    assert between("drive 8 gb", "drive 8000 mb")["measures_title_agree"] == 1
    assert between("notebook 15.4 inch", "notebook 15 inch")["measures_title_agree"] == 1
    assert between("drive 8 gb", "drive 16 gb")["measures_title_conflict"] == 1
    assert between("socks 3 pack", "socks")["pack_ratio"] == pytest.approx(1 / 3)


def test_editions_and_colours_conflict() -> None:
    """What the closed lists know differs by meaning, not by spelling."""
    assert between("Suite pro", "Suite professional")["edition"] == 1
    assert between("Suite pro", "Suite standard")["edition"] == 0
    assert between("case blk", "case black")["colour"] == 1
    assert between("case navy", "case red")["colour"] == 0


@pytest.mark.parametrize(
    "name", ["price_ratio", "model_equal", "model_near", "colour", "edition", "versions", "code_all_near"]
)  # fmt: skip
def test_missing_evidence_is_no_disagreement(name: str) -> None:
    """What one side does not say is -1, and neither equal nor different."""
    assert between("Velhane soundbar", CATALOG[0])[name] == -1
    assert between("", "")[name] == -1


@pytest.mark.parametrize("left", CATALOG[:6], ids=lambda record: record.title)
def test_a_pair_reads_the_same_both_ways(left: Record) -> None:
    """Which of two is called the listing changes nothing but what is said of each side."""
    for right in CATALOG:
        there, back = between(left, right), between(right, left)
        assert {name: there[name] for name in SYMMETRIC} == pytest.approx({name: back[name] for name in SYMMETRIC})


@given(
    st.lists(st.text(max_size=40) | st.sampled_from(AWKWARD), min_size=8, max_size=8),
    st.none() | st.floats(), st.none() | st.floats(),
)  # fmt: skip
def test_any_two_records_can_be_compared(texts: list[str], one: float | None, two: float | None) -> None:
    """Whatever is written, the same columns come out, all of them finite."""
    left, right = (
        Record(title=part[0], brand=part[1], model=part[2], description=part[3], price=price)
        for part, price in ((texts[:4], one), (texts[4:], two))
    )
    told = between(left, right)
    assert all(map(math.isfinite, told.values()))
    assert list(told) == list(between("", ""))


def test_the_index_finds_model_numbers_however_spelled() -> None:
    """A broken-up model number alone finds its product; what nothing is known of finds nothing."""
    index = Index([lookup_text(prepare(record)) for record in CATALOG])
    found = index.top([lookup_text(prepare(Record(title=title))) for title in ("EM 33-00", "QQQQ")], 3)
    assert found.rows[0, 0] == 9 and found.scores[0, 0] > 0
    assert (found.rows[1] == -1).all() and not found.scores[1].any()


def test_standing_knows_both_sides() -> None:
    """Each product is the best for itself, on the listing's side and on the product's."""
    texts = views([prepare(record) for record in CATALOG])
    each = np.arange(len(CATALOG))
    for view, mine in texts.items():
        columns = Standing(view, mine, mine).columns(each, each)
        assert columns[f"{view}_cosine"] == pytest.approx(1.0, abs=1e-5)
        assert not columns[f"{view}_rank_sum"].any() and (columns[f"{view}_product_margin"] > 0).all()


def test_a_line_is_found_without_labels() -> None:
    """The line lies above nearly all runners-up and below most winners."""
    listings = np.repeat(np.arange(200), 2)
    logits = np.where(np.arange(400) % 2, -2.0, 2.0) + np.linspace(-1, 1, 400)
    assert -2.5 < threshold_without_labels(listings, logits) < 2.0


def test_rivalry_tells_rank_and_margin() -> None:
    """The best candidate of a listing is first, by as much as the second is behind."""
    columns = rivalry(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([2.0, 0.5, 1.0]))
    assert columns["score_listing_rank"].tolist() == [0, 1, 0]
    assert columns["score_listing_margin"].tolist() == [1.5, -1.5, 9.0]
    assert columns["score_product_rank"].tolist() == [0, 1, 0]


def test_the_shipped_weights_are_of_the_shipped_columns() -> None:
    """The forest asks for columns that one listing has, and follows its trees to finite odds."""
    forest = Forest.read()
    assert set(between("", "")) < set(forest.names) and not any("_product_" in name for name in forest.names)
    shares = probability(forest.logits(np.zeros((3, len(forest.names)), np.float32)))
    assert ((shares > 0) & (shares < 1)).all()


@pytest.mark.parametrize(
    ("title", "product"),
    [
        ("VELHANE VX5510B 55in LED TV (Black)", 0), ("Velhane VX 5520B 55\" LED television", 1),
        ("Orrinda ORT881 55-inch television", 2), ("quillon 16gb flash drive qf16", 8),
        ("Marrowby EM3300 espresso machine", 9),
    ],
)  # fmt: skip
def test_the_same_product_is_above_its_siblings(title: str, product: int) -> None:
    """A sibling with another model number and the like of another brand come after the product itself."""
    (told,) = PairMatcher(CATALOG).match([Record(title=title)], kept=10)
    assert told[0].product == product
    assert all(one.probability < told[0].probability for one in told[1:])


def test_nothing_alike_is_nothing() -> None:
    """A listing that shares no word with the catalog is none of its products, and an empty catalog has none."""
    assert PairMatcher(CATALOG).match([Record(title="벨하네"), Record(title="")]) == [(), ()]
    assert PairMatcher([]).match([Record(title="Velhane VX-5510B")]) == [()]
    assert PairMatcher(CATALOG).match([]) == []
