"""Spellings in the other script: what is offered for well-known and invented names, and what is never offered."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.alias_candidates import HANGUL, LATIN, LONGEST_NAME, MOST, AliasCandidate, candidates, lacking, script_of
from detectors.lexicon import common_words
from detectors.loanwords import letters_of, listed, put_together, taken_apart
from detectors.text import code_key, fold
from touchstone.catalog import Brand

IN_HANGUL = {
    "adidas": "아디다스", "Nintendo": "닌텐도", "Omega": "오메가", "Tiffany": "티파니", "Philips": "필립스",
    "Nike": "나이키", "Burberry": "버버리", "Balenciaga": "발렌시아가", "Starbucks": "스타벅스", "Toyota": "토요타",
    "Rolex": "롤렉스", "Volvo": "볼보", "Stella": "스텔라", "Milano": "밀라노", "Gelato": "젤라토", "Lavazza": "라바짜",
    "Cartier": "까르띠에", "Zeiss": "자이스", "Miele": "밀레", "New Balance": "뉴발란스", "North Face": "노스페이스",
    "Canada Goose": "캐나다구스", "Kate Spade": "케이트스페이드", "Tom Ford": "톰포드", "Jo Malone": "조말론",
    "Miu Miu": "미우미우", "Kiehl's": "키엘", "Chianti": "키안티", "Vans": "반스", "Chanel": "샤넬",
    "Velhanne": "벨하네", "Brimdal": "브림달", "Lumisk": "루미스크", "Marnisk": "마르니스크", "Ondrassa": "온드라사",
    "Kessovar": "케소바르", "Tarnwick": "타른윅", "Ampredo": "암프레도", "Orvanto": "오르반토", "Damisto": "다미스토",
    "LG": "엘지", "KT": "케이티", "MLB": "엠엘비", "BMW": "비엠더블유", "H&M": "에이치앤엠", "3M": "쓰리엠", "K2": "케이투",
}  # fmt: skip
IN_LATIN = {
    "나이키": "Nike", "커버낫": "Covernat", "무신사": "Musinsa", "라네즈": "Laneige", "설화수": "Sulhwasoo",
    "쿠쿠": "Cuckoo", "토니모리": "Tonimori", "한샘": "Hansaem", "오뚜기": "Ottugi", "현대": "Hyeondae",
    "삼성": "Samsung", "신라": "Silla", "널디": "Neoldi", "엠씨엠": "MCM", "엘지": "LG",
}  # fmt: skip


def offered(*names: str) -> tuple[AliasCandidate, ...]:
    """The candidates for a brand of these names."""
    return candidates(Brand(id="brand", name=names[0], aliases=names[1:]))


@pytest.mark.parametrize(("name", "spelling"), (IN_HANGUL | IN_LATIN).items(), ids=[*IN_HANGUL, *IN_LATIN])
def test_the_spelling_in_use_is_offered(name: str, spelling: str) -> None:
    """Well-known and invented names have their spelling in the other script among the five."""
    assert spelling in [candidate.spelling for candidate in offered(name)]


@pytest.mark.parametrize("name", ["", " ", "🎉", "耐克", "Найк", "ナイキ", "Nike 나이키", "-&-·", "a" * 25, "ㄱㄴㄷ"])
def test_nothing_is_offered_for_what_is_no_name_of_one_script(name: str) -> None:
    """Emoji, other scripts, mixed scripts, signs and endless words have no candidates."""
    assert offered(name) == ()


@pytest.mark.parametrize("name", ["a" * 10_000, "a " * 5_000, "가" * 10_000, "&" * 10_000, "é̂" * 5_000, "ﷺ" * 10_000])
def test_a_hostile_name_costs_nothing(name: str) -> None:
    """Ten thousand characters are no name: nothing is read, nothing is offered."""
    assert offered(name) == ()
    assert script_of(name) is None


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCXYZ'& -éüñ0123456789", max_size=20))
@settings(max_examples=60)
def test_hangul_candidates_are_hangul(name: str) -> None:
    """Whatever the Latin name: at most five different candidates, of whole syllables alone, the same each time."""
    found = offered(name)
    assert found == offered(name)
    assert len(found) <= MOST
    assert [candidate.rank for candidate in found] == list(range(1, len(found) + 1))
    assert len({candidate.spelling for candidate in found}) == len(found)
    assert all(re.fullmatch("[가-힣]+", candidate.spelling) for candidate in found)
    assert all(candidate.script == HANGUL and candidate.how for candidate in found)


@given(st.text(alphabet=st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=6))
@settings(max_examples=60)
def test_latin_candidates_are_latin(name: str) -> None:
    """Whatever the Hangul name: at most five different candidates, of plain letters alone."""
    found = offered(name)
    assert 0 < len(found) <= MOST
    assert len({code_key(candidate.spelling) for candidate in found}) == len(found)
    assert all(re.fullmatch("[A-Z][A-Za-z]*", candidate.spelling) for candidate in found)
    assert all(candidate.script == LATIN for candidate in found)


@given(st.text(max_size=LONGEST_NAME + 5))
@settings(max_examples=60)
def test_any_text_may_be_a_name(name: str) -> None:
    """No name breaks it."""
    assert len(offered(name)) <= 2 * MOST


def test_listed_names_are_not_offered() -> None:
    """What the catalog lists is left out, and another takes its place."""
    plain, listed_too = offered("Velhanne"), offered("Velhanne", "벨하네")
    in_hangul = [candidate.spelling for candidate in listed_too if candidate.script == HANGUL]
    assert plain[0].spelling == "벨하네"
    assert "벨하네" not in in_hangul
    assert len(in_hangul) == len(plain)


def test_a_brand_lacks_the_script_that_none_of_its_names_has() -> None:
    """Only a brand with names in one script alone lacks the other."""
    assert lacking(Brand(id="a", name="Velhanne")) == HANGUL
    assert lacking(Brand(id="a", name="설화수")) == LATIN
    assert lacking(Brand(id="a", name="Velhanne", aliases=("벨하네",))) is None
    assert lacking(Brand(id="a", name="耐克")) is None


@pytest.mark.parametrize("name", ["Zara", "Samsung", "엘지", "Apple"])
def test_ordinary_words_are_marked_and_last(name: str) -> None:
    """A candidate that is a word of the language is marked, and stands behind those that are not."""
    found = offered(name)
    assert [one.ordinary for one in found] == [fold(one.spelling).text in common_words() for one in found]
    assert any(one.ordinary for one in found)
    assert [one.ordinary for one in found] == sorted(one.ordinary for one in found)


def test_the_same_word_is_written_the_same() -> None:
    """A name that repeats a word repeats its spelling."""
    for candidate in offered("Miu Miu"):
        half = len(candidate.spelling) // 2
        assert candidate.spelling[:half] == candidate.spelling[half:]


@given(st.text(alphabet=st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)))
def test_syllables_are_taken_apart_and_put_together(text: str) -> None:
    """Taking Hangul apart loses nothing."""
    assert put_together(taken_apart(text)) == text


def test_ways_are_written_as_they_look() -> None:
    """A way's hyphen makes the consonant behind it a final one; the ㅇ of a syllable that begins with a vowel is no letter."""
    assert put_together("ᄋ" + letters_of("ㅔ-ㄱ스")) == "엑스"
    assert letters_of("_") == ""
    assert listed()["nike"] == ("나이키",)
