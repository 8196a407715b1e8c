"""Ways to write a brand's Hangul name so that a reader still reads it and a plain search does not.

``least`` counts syllables: 2 where nothing is lost, 3 where one sound changes or is masked, 4 where a whole syllable is
lost or moved (of three syllables two are left, and those are another word).
"""

import unicodedata
from random import Random

from benchmarks.quality.evasions import EMOJI, INVISIBLE, Edit, Kind, after_each, as_it_is, between, inside

FIRST = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
MIDDLE = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
LAST = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
PLAIN_LAST = "ㄱㄴㄷㄹㅁㅂㅅㅇ"
TENSE = ("ㄱㄲㅋ", "ㄷㄸㅌ", "ㅂㅃㅍ", "ㅈㅉㅊ", "ㅅㅆ")
VOWELS = ("ㅐㅔ", "ㅗㅜ", "ㅓㅗ", "ㅏㅑ", "ㅓㅕ", "ㅚㅙㅞ", "ㅒㅖㅔ", "ㅡㅜ", "ㅟㅢㅣ", "ㅛㅗ", "ㅠㅜ")
NUMBERS = {"영": "0", "공": "0", "일": "1", "이": "2", "투": "2", "삼": "3", "사": "4", "오": "5", "육": "6", "칠": "7"}
NUMBERS |= {"팔": "8", "구": "9", "텐": "10"}
LATIN_JAMO = {"ㅣ": "lI1|", "ㅇ": "oO0", "ㄴ": "L", "ㅌ": "E", "ㄷ": "C", "ㅜ": "T", "ㅏ": "r", "ㅅ": "A", "ㅁ": "□"}
SHAPES = ("대머", "귀커", "비네", "파과", "며띠", "팔괄", "피끠", "티더")
KEYS = dict(zip(FIRST, "rRseEfaqQtTdwWczxvg", strict=True))
KEYS |= dict(zip("ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅛㅜㅠㅡㅣ", "koiOjpuPhynbml", strict=True))
KEYS |= {"ㅘ": "hk", "ㅙ": "ho", "ㅚ": "hl", "ㅝ": "nj", "ㅞ": "np", "ㅟ": "nl", "ㅢ": "ml"}


def _parts(syllable: str) -> tuple[int, int, int] | None:
    code = ord(syllable) - 0xAC00
    return (code // 588, code // 28 % 21, code % 28) if 0 <= code < 11172 else None


def _build(first: int, middle: int, last: int) -> str:
    return chr(0xAC00 + first * 588 + middle * 28 + last)


def _jamo(syllable: str) -> str:
    """The syllable in compatibility jamo, as it is typed."""
    parts = _parts(syllable)
    return FIRST[parts[0]] + MIDDLE[parts[1]] + LAST[parts[2]] if parts else syllable


def _at(text: str, at: int, new: str) -> str:
    return text[:at] + new + text[at + 1 :]


def decomposed(text: str, rng: Random) -> str | None:
    """In NFD, as some systems save it."""
    return unicodedata.normalize("NFD", text)


def split(text: str, rng: Random) -> str | None:
    """``ㄴㅏㅇㅣㅋㅣ``."""
    return "".join(_jamo(syllable) for syllable in text)


def split_in_part(text: str, rng: Random) -> str | None:
    """``나ㅇㅣ키``: some syllables in jamo, or the final consonant alone pulled off."""
    chosen = rng.sample(range(len(text)), rng.randint(1, max(1, len(text) - 1)))
    return "".join(_jamo(syllable) if at in chosen else syllable for at, syllable in enumerate(text))


def halfwidth(text: str, rng: Random) -> str | None:
    """In halfwidth jamo."""
    names = (unicodedata.name(letter).rpartition(" ")[2] for letter in split(text, rng) or "")
    return "".join(unicodedata.lookup(f"HALFWIDTH HANGUL LETTER {name}") for name in names)


def digit(text: str, rng: Random) -> str | None:
    """``나2키``."""
    places = [at for at, syllable in enumerate(text) if syllable in NUMBERS]
    return _at(text, at := rng.choice(places), NUMBERS[text[at]]) if places else None


def circled(text: str, rng: Random) -> str | None:
    """``㉯이키``: the syllables that Unicode has in a circle."""
    shape = rng.choice((0x326E, 0x320E))
    table = {syllable: chr(shape + at) for at, syllable in enumerate("가나다라마바사아자차카타파하")}
    changed = "".join(table.get(syllable, syllable) for syllable in text)
    return changed if changed != text else None


def exchanged(groups: tuple[str, ...], which: int) -> Edit:
    """One first consonant (``which`` 0) or vowel (1) for another of its group."""
    letters = (FIRST, MIDDLE)[which]

    def edit(text: str, rng: Random) -> str | None:
        options = []
        for at, syllable in enumerate(text):
            parts = _parts(syllable)
            old = letters[parts[which]] if parts else ""
            others = {other for group in groups if old and old in group for other in group if other != old}
            options += [(at, other) for other in sorted(others)]
        if not options:
            return None
        at, other = rng.choice(options)
        first, middle, last = _parts(text[at]) or (0, 0, 0)
        new = letters.index(other)
        return _at(text, at, _build(first, new, last) if which else _build(new, middle, last))

    return edit


def wrong_jamo(text: str, rng: Random) -> str | None:
    """One jamo is any other, or a final consonant more or less."""
    at = rng.randrange(len(text))
    first, middle, last = _parts(text[at]) or (0, 0, 0)
    which = rng.randrange(3)
    if which == 0:
        first = rng.choice([other for other in range(19) if other != first])
    elif which == 1:
        middle = rng.choice([other for other in range(21) if other != middle])
    else:
        last = 0 if last else LAST.index(rng.choice(PLAIN_LAST))
    return _at(text, at, _build(first, middle, last))


def latin_jamo(text: str, rng: Random) -> str | None:
    """``Lrㅇl키``: one syllable in jamo, one or more of them Latin letters of the same shape."""
    at = rng.choice([at for at, syllable in enumerate(text) if set(_jamo(syllable)) & LATIN_JAMO.keys()] or [-1])
    if at < 0:
        return None
    jamo = _jamo(text[at])
    places = [place for place, letter in enumerate(jamo) if letter in LATIN_JAMO]
    for place in rng.sample(places, rng.randint(1, len(places))):
        jamo = _at(jamo, place, rng.choice(LATIN_JAMO[jamo[place]]))
    return _at(text, at, jamo)


def same_shape(text: str, rng: Random) -> str | None:
    """A syllable that looks alike from afar: 귀 for 커."""
    table = {pair[0]: pair[1] for pair in SHAPES} | {pair[1]: pair[0] for pair in SHAPES}
    places = [at for at, syllable in enumerate(text) if syllable in table]
    return _at(text, at := rng.choice(places), table[text[at]]) if places else None


def lengthened(text: str, rng: Random) -> str | None:
    """One syllable written twice."""
    return _at(text, at := rng.randrange(len(text)), text[at] * 2)


def masked(text: str, rng: Random) -> str | None:
    """One syllable, not the first, is a star."""
    return _at(text, rng.randrange(1, len(text)), "*")


def omitted(text: str, rng: Random) -> str | None:
    """One syllable left out, not the first."""
    return _at(text, rng.randrange(1, len(text)), "")


def swapped(text: str, rng: Random) -> str | None:
    """Two neighbours exchanged, the first left alone."""
    at = rng.randrange(1, len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def latin_keyboard(text: str, rng: Random) -> str | None:
    """``skdlzl``: typed with the keyboard left in Latin."""
    return "".join("".join(KEYS.get(jamo, "") for jamo in _jamo(syllable)) for syllable in text)


HANGUL = (
    Kind("한글 plain", "hangul", as_it_is, 2),
    Kind("한글 NFD", "hangul", decomposed, 2),
    Kind("한글 jamo split", "hangul", split, 2),
    Kind("한글 partial jamo split", "hangul", split_in_part, 2),
    Kind("한글 halfwidth jamo", "hangul", halfwidth, 2),
    Kind("한글 circled syllables", "hangul", circled, 2),
    Kind("한글 digit as syllable", "hangul", digit, 3),
    Kind("한글 tense or aspirated swap", "hangul", exchanged(TENSE, 0), 3),
    Kind("한글 vowel confusion", "hangul", exchanged(VOWELS, 1), 3),
    Kind("한글 one jamo wrong", "hangul", wrong_jamo, 3),
    Kind("한글 Latin letter for jamo", "hangul", latin_jamo, 2),
    Kind("한글 spaced", "hangul", between((" ",)), 3),
    Kind("한글 fullwidth space", "hangul", between(("\u3000",)), 3),
    Kind("한글 dots between", "hangul", between((".", "·", "•")), 2),
    Kind("한글 other marks between", "hangul", between(("-", "_", "/", "~", "*", "|")), 2),
    Kind("한글 one mark inside", "hangul", inside((".", "-", "_", "·", "~", "^")), 2),
    Kind("한글 emoji inside", "hangul", inside(tuple(EMOJI)), 2),
    Kind("한글 zero-width inside", "hangul", after_each(INVISIBLE, every=False), 2),
    Kind("한글 soft hyphen inside", "hangul", after_each("\u00ad", every=False), 2),
    Kind("한글 syllable doubled", "hangul", lengthened, 3),
    Kind("한글 masked with *", "hangul", masked, 3),
    Kind("한글 glued to the next word", "hangul", as_it_is, 3, "next"),
    Kind("한글 glued to the previous word", "hangul", as_it_is, 3, "previous"),
    Kind("한글 syllable omitted", "hangul", omitted, 4),
    Kind("한글 neighbours swapped", "hangul", swapped, 4),
    Kind("한글 same shape", "hangul", same_shape, 3, floor=False),
    Kind("한글 typed in Latin", "hangul", latin_keyboard, 3, floor=False),
    Kind("한글 short, one jamo swapped", "hangul", exchanged((*TENSE, *VOWELS), 0), 2, floor=False, most=2),
)
