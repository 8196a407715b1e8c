"""Titles as detectors compare them: folded character by character, so that every hit points back to the original."""

import functools
import re
import unicodedata
from typing import NamedTuple

from confusable_homoglyphs import confusables

_HANGUL_SYLLABLES = range(0xAC00, 0xD7A4)
_LEADS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_TAILS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

# Digits and signs that are read as Latin letters. "1" is read as i and as l, so both become one letter in the skeleton.
LEET = str.maketrans({"0": "o", "1": "i", "l": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g"})

# Hangul letters that sound so alike that a misspelling with them is still read as the same name.
_SOUNDS = str.maketrans(
    {
        "ㅐ": "ㅔ",
        "ㅒ": "ㅖ",
        "ㄲ": "ㄱ",
        "ㄸ": "ㄷ",
        "ㅃ": "ㅂ",
        "ㅆ": "ㅅ",
        "ㅉ": "ㅈ",
        "ㅋ": "ㄱ",
        "ㅌ": "ㄷ",
        "ㅍ": "ㅂ",
        "ㅊ": "ㅈ",
        "ㅙ": "ㅚ",
        "ㅞ": "ㅚ",
    }
)
# Digits read aloud in Korean: 나2키.
_DIGIT_SYLLABLES = dict(zip("0123456789", "공일이삼사오육칠팔구", strict=True))


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
    """Folded text and, for each of its characters, the index in the original that it came from."""

    text: str
    origin: tuple[int, ...]


@functools.cache
def fold_character(char: str) -> str:
    """One character as it reads: compatibility forms, look-alikes of Latin letters, accents and case taken away.

    Look-alikes are those of Unicode's confusables table (UTS #39). Invisible characters fold to nothing. Hangul stays.
    """
    if char.isascii():
        return char.lower()
    if unicodedata.category(char) in ("Cf", "Mn", "Me") or char in "\u115f\u1160\u3164\uffa0":
        return ""
    folded = ""
    for part in unicodedata.normalize("NFKC", char):
        if is_hangul(part) or part.isascii():
            folded += part.lower()
            continue
        base = unicodedata.normalize("NFD", part)
        if "HANGUL" not in unicodedata.name(part, ""):
            part = "".join(c for c in base if not unicodedata.combining(c)) or part
        folded += part.lower() if part.isascii() else _latin_look(part) or part.casefold()
    return folded


def _latin_look(char: str) -> str | None:
    """The Latin letter or digit that ``char`` looks like, small; ``None`` where it looks like none."""
    for form in (char, char.lower()):
        for twin in confusables.confusables_data.get(form, ()):
            if len(twin["c"]) == 1 and twin["c"].isascii() and twin["c"].isalnum():
                return str(twin["c"]).lower()
    return None


def fold(text: str) -> Fold:
    """The text as it reads, and where each of its characters came from."""
    pairs = [(char, index) for index, original in enumerate(text) for char in fold_character(original)]
    return Fold("".join(char for char, _ in pairs), tuple(index for _, index in pairs))


def tokens(text: str) -> list[Token]:
    """The words of a text in folded form. A change of script ends a word: "Velhanne자켓" gives two."""
    folded = fold(text)
    return [
        Token(hit[0], folded.origin[hit.start()], folded.origin[hit.end() - 1] + 1)
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


def sound(text: str) -> str:
    """How Hangul sounds, roughly: letters that are confused with one another become one; digits are read aloud."""
    spelt = "".join(_DIGIT_SYLLABLES.get(char, char) for char in text)
    return jamo(spelt).translate(_SOUNDS)


def code_key(text: str) -> str:
    """A model number or other code without case, spaces and punctuation: ``VL-2210/BK`` → ``vl2210bk``."""
    return "".join(char for char in fold(text).text if char.isalnum())
