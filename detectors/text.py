"""Titles as detectors compare them: folded character by character, so that every hit points back to the original."""

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from confusable_homoglyphs import confusables

IGNORABLE = ("Cf", "Mn", "Me")  # categories of what is not seen, and of accents
INVISIBLE = "\u115f\u1160\u3164\uffa0"  # Hangul fillers: letters by category, and nothing to the eye
MOST_CHARACTERS = 16_384  # distinct ones kept in mind; titles use some thousands, a hostile one may use all of Unicode
LONGEST_REMEMBERED = 300  # characters of a text whose folding is kept: several detectors read each title
_HANGUL_SYLLABLES = range(0xAC00, 0xD7A4)
_LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_TAILS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

# Forms of one Latin letter that neither compatibility nor the confusables table takes back to it: small capitals,
# letters in circles, squares and parentheses, of flags, with strokes and hooks.
_LATIN_NAME = re.compile(
    r"(?:LATIN (?:SMALL|CAPITAL) LETTER (?:SMALL CAPITAL |SCRIPT |TURNED )?|LATIN LETTER SMALL CAPITAL |REGIONAL INDICATOR SYMBOL LETTER "
    r"|PARENTHESIZED LATIN (?:SMALL|CAPITAL) LETTER |(?:NEGATIVE )?(?:CIRCLED|SQUARED) LATIN (?:SMALL|CAPITAL) LETTER )"
    r"([A-Z])(?: WITH .*)?$"
)
# Letters that stand in for a Latin one by their shape from afar, which the table, made for fonts, does not have.
_MORE_LOOKS = dict(zip("ηωшщьъияэпгцб", "nwwwbbnrenrub", strict=True))


class Token(NamedTuple):
    """A run of letters and digits of one script: its folded text and its span in the original."""

    text: str
    start: int
    end: int

    @property
    def is_hangul(self) -> bool:
        """Whether it is written in Hangul."""
        return is_hangul(self.text[0])


class Fold(NamedTuple):
    """Folded text and, for each of its characters, where in the original it came from: start and end."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


@functools.lru_cache(maxsize=MOST_CHARACTERS)
def fold_character(char: str) -> str:
    """One character as it reads: compatibility forms, look-alikes of Latin letters, accents and case taken away.

    Look-alikes are those of Unicode's confusables table (UTS #39). Invisible characters fold to nothing. Hangul stays,
    its half-width and conjoining letters as the letters that stand alone.
    """
    if char.isascii():
        return char.lower()
    if "ㄱ" <= char <= "ㆎ" and char not in INVISIBLE:
        return char
    if unicodedata.category(char) in IGNORABLE or char in INVISIBLE:
        return ""
    if hit := _LATIN_NAME.match(unicodedata.name(char, "")):
        return hit[1].lower()
    folded = ""
    for part in unicodedata.normalize("NFKC", char):
        if unicodedata.category(part) in IGNORABLE:
            continue
        if is_hangul(part) or part.isascii():
            folded += _compatible(part).lower()
            continue
        bare = "".join(c for c in unicodedata.normalize("NFD", part) if not unicodedata.combining(c)) or part
        folded += (
            bare.lower()
            if bare.isascii()
            else _latin_look(bare) or "".join(_latin_look(c) or c for c in bare.casefold())
        )
    return folded


def _latin_look(char: str) -> str | None:
    """The Latin letter or digit that ``char`` looks like, small; ``None`` where it looks like none."""
    if char.lower() in _MORE_LOOKS:
        return _MORE_LOOKS[char.lower()]
    for form in (char, char.lower(), char.upper()):
        for twin in confusables.confusables_data.get(form, ()):
            if len(twin["c"]) == 1 and twin["c"].isascii() and twin["c"].isalnum():
                return str(twin["c"]).lower()
    return None


def fold(text: str) -> Fold:
    """The text as it reads, and where each of its characters came from."""
    return _fold_once(text) if len(text) <= LONGEST_REMEMBERED else _fold(text)


def _fold(text: str) -> Fold:
    if not any(map(_joins_before, text)):
        folded = "".join(parts := list(map(fold_character, text)))
        if len(folded) == len(text) and "" not in parts:
            return Fold(folded, range(len(text)), range(1, len(text) + 1))
    triples = [
        (char, start, end)
        for start, end in _clusters(text)
        for composed in unicodedata.normalize("NFC", text[start:end])
        for char in fold_character(composed)
    ]
    return Fold("".join(t[0] for t in triples), tuple(t[1] for t in triples), tuple(t[2] for t in triples))


_fold_once = functools.lru_cache(maxsize=4096)(_fold)


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """The spans of a text that are one letter to a reader: Hangul in parts is one syllable, an accent is no letter."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not _joins_before(text[index]):
            yield start, index
            start = index


@functools.lru_cache(maxsize=MOST_CHARACTERS)
def _joins_before(char: str) -> bool:
    """Whether a character joins the one before it: a vowel or tail of conjoining Hangul, a combining mark."""
    return "\u1160" <= char <= "\u11ff" or unicodedata.category(char) in ("Mn", "Me")


def tokens(text: str) -> list[Token]:
    """The words of a text in folded form. A change of script ends a word: "Velhanne자켓" gives two."""
    folded = fold(text)
    return [
        Token(hit[0], folded.starts[hit.start()], folded.ends[hit.end() - 1])
        for hit in re.finditer(r"[가-힣ㄱ-ㆎᄀ-ᇿ]+|[^\W_가-힣ㄱ-ㆎᄀ-ᇿ]+", folded.text)
    ]


def words(text: str) -> list[str]:
    """The folded words of a text alone."""
    return [token.text for token in tokens(text)]


def is_hangul(char: str) -> bool:
    """Whether a character is a Hangul syllable or letter."""
    return ord(char) in _HANGUL_SYLLABLES or "ㄱ" <= char <= "ㆎ" or "\u1100" <= char <= "\u11ff"


def jamo(text: str) -> str:
    """Hangul as a stream of letters, the same for 나이키, ㄴㅏㅇㅣㅋㅣ and either Unicode form; the rest stays."""
    stream = []
    for char in text:
        index = ord(char) - _HANGUL_SYLLABLES.start
        if 0 <= index < len(_HANGUL_SYLLABLES):
            stream += [_LEADS[index // 588], _VOWELS[index % 588 // 28], _TAILS[index % 28]]
        else:
            stream.append(unicodedata.normalize("NFKC", char) if "\u1100" <= char <= "\u11ff" else char)
    return "".join(_compatible(char) for char in "".join(stream))


def _compatible(char: str) -> str:
    """A conjoining letter as the letter that stands alone."""
    if not "\u1100" <= char <= "\u11ff":
        return char
    code = ord(char)
    if 0x1100 <= code <= 0x1112:
        return _LEADS[code - 0x1100]
    if 0x1161 <= code <= 0x1175:
        return _VOWELS[code - 0x1161]
    return _TAILS[code - 0x11A7] if 0x11A8 <= code <= 0x11C2 else char


def code_key(text: str) -> str:
    """A model number or other code without case, spaces and punctuation: ``VL-2210/BK`` → ``vl2210bk``."""
    return "".join(char for char in fold(text).text if char.isalnum())
