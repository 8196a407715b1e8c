"""Folding: text as it reads, and each character's way back to the original."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detectors.text import code_key, fold, jamo, tokens, words
from detectors.views import seen_as, spoken_hangul

HANGUL = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=8)
COMPATIBILITY = {chr(0x1100 + i): c for i, c in enumerate("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")}
COMPATIBILITY |= {chr(0x1161 + i): c for i, c in enumerate("ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ")}
COMPATIBILITY |= {chr(0x11A8 + i): c for i, c in enumerate("ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")}


@given(st.text())
@example("ς")
@example("´")
@example("क़")
def test_folding_twice_is_folding_once(text: str) -> None:
    """What is folded reads as it reads."""
    once = fold(text).text
    assert fold(once).text == once


@given(st.text())
def test_every_folded_character_points_back(text: str) -> None:
    """One index for each character, never falling, each within the original."""
    folded = fold(text)
    assert len(folded.starts) == len(folded.text)
    assert list(folded.starts) == sorted(folded.starts)
    assert all(0 <= index < len(text) for index in folded.starts)


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_is_refused(text: str) -> None:
    """Surrogates, unassigned and private characters are text as well."""
    fold(text), jamo(text), seen_as(spoken_hangul, text), code_key(text)
    for token in tokens(text):
        assert token.text and 0 <= token.start < token.end <= len(text)
        assert isinstance(token.is_hangul, bool)


@given(st.text())
def test_words_do_not_overlap(text: str) -> None:
    """Tokens come left to right, and those of one script hold nothing of the other."""
    found = tokens(text)
    assert all(first.end <= second.start or first.start <= second.start for first, second in pairwise(found))
    assert [token.text for token in found] == words(text)


@given(HANGUL)
def test_both_unicode_forms_of_hangul_are_one_stream(text: str) -> None:
    """Composed, decomposed and taken apart into letters that stand alone: the same letters."""
    apart = "".join(COMPATIBILITY[char] for char in unicodedata.normalize("NFD", text))
    assert jamo(unicodedata.normalize("NFD", text)) == jamo(text) == jamo(apart)
    assert jamo(fold(unicodedata.normalize("NFD", text)).text) == jamo(fold(text).text)


@pytest.mark.parametrize(
    "written",
    [
        "VELHANNE", "Ｖｅｌｈａｎｎｅ", "ｖｅｌｈａｎｎｅ", "Vеlhаnnе", "Vel\u200bhanne", "Vel\u200dhan\u2060ne", "Vel\u00adhanne",
        "\ufeffVelhanne", "𝐕𝐞𝐥𝐡𝐚𝐧𝐧𝐞", "𝓥𝓮𝓵𝓱𝓪𝓷𝓷𝓮", "𝕍𝕖𝕝𝕙𝕒𝕟𝕟𝕖", "𝚅𝚎𝚕𝚑𝚊𝚗𝚗𝚎", "Ⓥⓔⓛⓗⓐⓝⓝⓔ", "Vélhànné", "Ve\u0301lhanne", "νelhanne", "Vel\u3164hanne",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_disguise_folds_to_plain_letters(written: str) -> None:
    """Full-width, Cyrillic, Greek, mathematical, circled, accented letters and invisible ones between them."""
    assert fold(written).text == "velhanne"


@pytest.mark.parametrize("plain", ["velhanne fjell 2210", "벨하네 피엘 쉘 자켓", "3-pack, 1+1 (new)"], ids=str)
def test_plain_text_stays(plain: str) -> None:
    """Small Latin letters, digits, signs and Hangul fold to themselves."""
    assert fold(plain).text == plain
    assert list(fold(plain).starts) == list(range(len(plain)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Velhanne자켓", ["velhanne", "자켓"]), ("벨하네-VL2210", ["벨하네", "vl2210"]), ("Vel_hanne", ["vel", "hanne"]),
        ("", []), ("★ ♥ !", []), ("ＡＢ cd", ["ab", "cd"]),
    ],
    ids=repr,
)  # fmt: skip
def test_a_change_of_script_ends_a_word(text: str, expected: list[str]) -> None:
    """Signs and scripts separate words."""
    assert words(text) == expected


@pytest.mark.parametrize(
    "code", ["VL-2210/BK", "vl2210bk", "VL 2210 BK", "ＶＬ－２２１０－ＢＫ", "vl.2210.bk"], ids=str
)
def test_a_code_has_one_key(code: str) -> None:
    """Case, spaces, punctuation and width do not make another model number."""
    assert code_key(code) == "vl2210bk"


@pytest.mark.parametrize(
    ("one", "other"), [("벨하네", "밸하네"), ("나이키", "나2키"), ("키테라", "기데라"), ("왜", "웨")], ids=str
)
def test_what_sounds_alike_is_alike(one: str, other: str) -> None:
    """Vowels and consonants that are confused, and digits read aloud."""
    assert seen_as(spoken_hangul, one) == seen_as(spoken_hangul, other)
