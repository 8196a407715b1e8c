"""The ways in which a reader may read a title: streams of letters in which a name is looked for, each mapped back.

A title and the names of the catalog go through the same view, so whatever a view makes of a letter, it makes of both.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

from detectors.text import Fold, fold, is_hangul, jamo

# Digits and signs that are read as Latin letters. "1" is read as i and as l, so all three become one letter.
_SHAPES = {
    "0": "o", "1": "i", "l": "i", "|": "i", "!": "i", "¡": "i", "3": "e", "4": "a", "@": "a", "5": "s", "$": "s", "7": "t",
    "+": "t", "8": "b", "9": "g", "2": "z", "€": "e", "¢": "c", "£": "i", "¥": "y", "ł": "i",
    "ㅣ": "i", "ㅇ": "o", "ㄷ": "c", "ㄴ": "i", "ㅌ": "e", "ㅜ": "t", "ㅅ": "a",
}  # fmt: skip
_PAIRS = {
    "|<": "k",
    "|-|": "h",
    "|v|": "m",
    "|)": "d",
    "rn": "m",
    "vv": "w",
    "cl": "d",
}  # what two signs together look like
_PAIR = re.compile("|".join(map(re.escape, sorted(_PAIRS, key=len, reverse=True))))
# Spellings that are spoken alike in English.
_SPOKEN = {
    "ph": "f", "ck": "k", "qu": "k", "ee": "i", "oo": "u", "x": "ks", "c": "k", "q": "k", "y": "i", "z": "s", "w": "v",
}  # fmt: skip
_SOUND = re.compile("|".join(sorted(_SPOKEN, key=len, reverse=True)))
# Hangul letters that are confused with one another, by ear or by eye; compound ones are taken apart first.
_CONFUSED = str.maketrans("ㅐㅒㅖㄲㅋㄸㅌㅃㅍㅆㅉㅊㅑㅕㅓㅛㅠㅜㅡ", "ㅔㅔㅔㄱㄱㄷㄷㅂㅂㅅㅈㅈㅏㅗㅗㅗㅗㅗㅗ")
_COMPOUND = {
    "ㅘ": "ㅗㅏ", "ㅙ": "ㅗㅔ", "ㅚ": "ㅗㅔ", "ㅝ": "ㅗㅗ", "ㅞ": "ㅗㅔ", "ㅟ": "ㅣ", "ㅢ": "ㅣ",
    "ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ", "ㄽ": "ㄹㅅ", "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ", "ㅀ": "ㄹㅎ", "ㅄ": "ㅂㅅ",
}  # fmt: skip
# Digits as they are read aloud in Korean.
_SYLLABLES = {
    "0": "공",
    "1": "일",
    "2": "이",
    "3": "삼",
    "4": "사",
    "5": "오",
    "6": "육",
    "7": "칠",
    "8": "팔",
    "9": "구",
}
_OTHER_SYLLABLES = {"0": "영", "2": "투"}
# Latin letters and signs that look like Hangul letters.
_JAMO_SHAPES = {
    "l": "ㅣ",
    "i": "ㅣ",
    "1": "ㅣ",
    "|": "ㅣ",
    "o": "ㅇ",
    "0": "ㅇ",
    "e": "ㅌ",
    "c": "ㄷ",
    "t": "ㅜ",
    "r": "ㅏ",
    "a": "ㅅ",
    "□": "ㅁ",
}
_CAPITAL_L = "ㄴ"


class Stream(NamedTuple):
    """Letters, and for each the first and the last character of the folded title that it stands for."""

    text: str
    first: list[int]
    last: list[int]


Piece = tuple[str, int, int]
View = Callable[[str, Fold], Stream]


def plain(title: str, folded: Fold) -> Stream:
    """Letters and digits as they read, everything between them left out."""
    at = [index for index, char in enumerate(folded.text) if char.isalnum()]
    return Stream("".join(folded.text[index] for index in at), at, at)


def shapes(title: str, folded: Fold) -> Stream:
    """Latin letters by their look: digits and signs that look like one, two signs that do together, no letter twice."""
    text = folded.text
    everything = list(range(len(text)))
    pieces = _rewritten(Stream(text, everything, everything), _PAIR, _PAIRS)
    seen = []
    for char, first, last in pieces:
        if not char.isalnum() and not _is_beside(text, first, may_be_letter):
            continue
        if "ㄱ" <= char <= "ㆎ" and not _is_beside(text, first, _is_latin):
            seen.append((char, first, last))
        elif char in _SHAPES or char.isalnum():
            seen.append((_SHAPES.get(char, char), first, last))
    return _stream(_without_repeats(seen))


def sounds(title: str, folded: Fold) -> Stream:
    """Latin letters by their sound."""
    return _stream(_without_repeats(_rewritten(plain(title, folded), _SOUND, _SPOKEN)))


def spoken_hangul(title: str, folded: Fold) -> Stream:
    """Hangul letter by letter, confusable letters made one, digits between syllables read aloud."""
    return _hangul(folded, _SYLLABLES)


def spoken_hangul_otherwise(title: str, folded: Fold) -> Stream:
    """The same with the other readings of 0 and 2."""
    return _hangul(folded, {**_SYLLABLES, **_OTHER_SYLLABLES})


def drawn_hangul(title: str, folded: Fold) -> Stream:
    """Hangul letter by letter, Latin letters and signs beside it read as the letters that they look like."""
    pieces = []
    for at, char in enumerate(folded.text):
        if is_hangul(char):
            pieces += _letters(char, at)
        elif char in _JAMO_SHAPES:
            original = title[folded.starts[at]]
            shape = _CAPITAL_L if original == "L" else _JAMO_SHAPES[char]
            pieces += _letters(shape, at)
    return _stream(pieces)


def _hangul(folded: Fold, digits: dict[str, str]) -> Stream:
    pieces: list[Piece] = []
    text = folded.text
    for at, char in enumerate(text):
        if "가" <= char <= "힣" and char == text[at - 1 : at]:
            pieces = [
                (letter, first, at if last == at - 1 else last) for letter, first, last in pieces
            ]  # written twice
        elif is_hangul(char):
            pieces += _letters(char, at)
        elif char in digits and _is_beside(text, at, is_hangul):
            pieces += _letters(digits[char], at)
    return _stream(pieces)


@lru_cache(maxsize=16_384)
def _spelt(char: str) -> str:
    """A syllable's letters, confusable ones made one."""
    letters = "".join(_COMPOUND.get(letter, letter) for letter in jamo(char))
    return letters.translate(_CONFUSED)


def _letters(char: str, at: int) -> list[Piece]:
    return [(letter, at, at) for letter in _spelt(char)]


def may_be_letter(char: str) -> bool:
    """Whether a character is a letter or digit, or may be read as one."""
    return char.isalnum() or char in _SHAPES


def _is_beside(text: str, at: int, fits: Callable[[str], bool]) -> bool:
    """Whether the character right before a place, or the one right behind it, is of some kind."""
    return any(map(fits, filter(None, (text[at - 1 : at], text[at + 1 : at + 2]))))


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _rewritten(stream: Stream, pattern: re.Pattern[str], table: dict[str, str]) -> list[Piece]:
    """The stream's letters, what a pattern finds among them replaced; the new letters stand for all of the old."""
    pieces: list[Piece] = []
    position = 0
    for hit in pattern.finditer(stream.text):
        pieces += zip(*(part[position : hit.start()] for part in stream), strict=True)
        first, last = stream.first[hit.start()], stream.last[hit.end() - 1]
        pieces += [(char, first, last) for char in table[hit[0]]]
        position = hit.end()
    return [*pieces, *zip(*(part[position:] for part in stream), strict=True)]


def _without_repeats(pieces: list[Piece]) -> list[Piece]:
    kept: list[Piece] = []
    for char, first, last in pieces:
        if kept and kept[-1][0] == char and kept[-1][2] + 1 == first:
            kept[-1] = (char, kept[-1][1], last)
        else:
            kept.append((char, first, last))
    return kept


def _stream(pieces: list[Piece]) -> Stream:
    return Stream("".join(p[0] for p in pieces), [p[1] for p in pieces], [p[2] for p in pieces])


@cache
def seen_as(view: View, name: str) -> str:
    """A name as a view shows it."""
    return view(name, fold(name)).text
