"""How a brand's name may be written in the other script, for the brand to choose from.

Nothing here is ever taken for a name by itself: a wrong alias would accuse honest listings, and only the brand knows
how shops write it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain

import msgspec

from detectors.lexicon import common_words, usual_words
from detectors.loanwords import LONGEST, Spelling, listed, put_together, to_hangul
from detectors.romanization import latin_spellings
from detectors.text import code_key, fold, is_hangul
from touchstone.catalog import Brand

MOST = 5  # candidates for a script: more than a person reads
LONGEST_NAME = 60  # characters of a name that is looked at
MOST_WORDS = 6
WIDE = 40  # readings of a word that are weighed
ATTESTED = (
    2.0  # by how much a word that is in use is likelier to be the spelling; chosen on other names than the held-out
)
UNLISTED = 2.0  # by how much any other spelling of a word whose Hangul is known is less likely
INITIALS = 1.0  # cost of reading a short word of capitals letter by letter, though it can be read as a word
MOST_INITIALS = 6
HANGUL, LATIN = "Hangul", "Latin"
READ, SPELT = "as loanwords are read", "letter by letter"
_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "에이 비 씨 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 알 에스 티 유 브이 더블유 엑스 와이 제트 "  # noqa: SIM905 -- easier to read
        "제로 원 투 쓰리 포 파이브 식스 세븐 에잇 나인".split(),
        strict=True,
    )
)
_CAPITALS = {name: letter.upper() for letter, name in _LETTERS.items() if letter.isalpha()} | {"시": "C"}
_INITIAL = re.compile("|".join(sorted(_CAPITALS, key=len, reverse=True)))
_VOWEL = re.compile("[aeiouy]")
# Runs of letters or digits; an apostrophe joins ("Kiehl's"), and "&" is a word.
_WORDS = re.compile(r"&|[^\W\d_]+(?:['’][^\W\d_]+)*|\d+")


class AliasCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A spelling that a brand's name may have in the other script; ``rank`` 1 is the likeliest.

    ``ordinary`` marks a word that everybody uses: as an alias it would be found in honest titles.
    """

    spelling: str
    script: str
    how: str
    rank: int
    ordinary: bool = False


def candidates(brand: Brand) -> tuple[AliasCandidate, ...]:
    """The likeliest spellings of a brand's first Latin name in Hangul and of its first Hangul name in Latin letters.

    At most five for a script, without those that are listed; ordinary words stand last.
    """
    known = {code_key(name[:LONGEST_NAME]) for name in brand.names}
    found: list[AliasCandidate] = []
    for script in (HANGUL, LATIN):
        source = next((name for name in brand.names if script_of(name) not in (None, script)), None)
        if source is None:
            continue
        spellings = [(text, how) for text, how in _spellings(source, script) if code_key(text) not in known][:MOST]
        told = sorted(spellings, key=lambda spelling: fold(spelling[0]).text in common_words())
        found += [
            AliasCandidate(spelling=text, script=script, how=how, rank=rank, ordinary=fold(text).text in common_words())
            for rank, (text, how) in enumerate(told, 1)
        ]
    return tuple(found)


def lacking(brand: Brand) -> str | None:
    """The script in which a brand has no name, while it has one in the other."""
    have = {script_of(name) for name in brand.names}
    if have & {HANGUL, LATIN} in ({HANGUL}, {LATIN}):
        return LATIN if HANGUL in have else HANGUL
    return None


def script_of(name: str) -> str | None:
    """The script of a name that is short enough to be one, if it is wholly in one of the two."""
    if len(name) > LONGEST_NAME:
        return None
    letters = [char for char in unicodedata.normalize("NFC", name) if char.isalpha()]
    if letters and all("가" <= char <= "힣" for char in letters):
        return HANGUL
    return LATIN if letters and all("LATIN" in unicodedata.name(char, "") for char in letters) else None


@lru_cache(maxsize=256)
def _spellings(name: str, script: str) -> tuple[tuple[str, str], ...]:
    """More spellings of a name than are offered, the likeliest first, and how each was made."""
    words = _WORDS.findall(name)
    if not 0 < len(words) <= MOST_WORDS or any(len(word) > LONGEST for word in words):
        return ()
    if script == HANGUL:
        return tuple(dict(_in_hangul(words)).items())
    hangul = "".join(char for char in fold(name).text if is_hangul(char))
    initials = [(told, SPELT)] if (told := _initials(hangul)) else []
    read = ((text.capitalize(), how) for text, how in latin_spellings(hangul, 2 * MOST))
    return tuple(dict(_first_kept(chain(initials, read))).items())


def _initials(hangul: str) -> str:
    """The capitals whose names a Hangul name is made of, at least two: 엠씨엠 → MCM."""
    found = ""
    while hangul:
        hit = _INITIAL.match(hangul)
        if not hit:
            return ""
        found, hangul = found + _CAPITALS[hit[0]], hangul[hit.end() :]
    return found if len(found) > 1 else ""


def _first_kept(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for text, how in pairs:
        if text and code_key(text) not in seen:
            seen.add(code_key(text))
            yield text, how


def _in_hangul(words: list[str]) -> Iterator[tuple[str, str]]:
    """A Latin name word by word; the same word is written the same each time."""
    likeliest: list[tuple[tuple[str, ...], float, str]] = [((), 0.0, READ)]
    chosen: dict[str, int] = {}
    for at, word in enumerate(words):
        first = chosen.setdefault(word.casefold(), at)
        further: list[tuple[tuple[str, ...], float, str]] = []
        for texts, cost, how in likeliest:
            if first != at:
                further.append(((*texts, texts[first]), cost, how))
                continue
            for spelling, made in _word(word):
                further.append(((*texts, spelling.text), cost + spelling.cost, made if made == SPELT else how))
        likeliest = sorted(further, key=lambda one: (one[1], one[0]))[: 3 * MOST]
    yield from _first_kept(("".join(texts), how) for texts, _, how in likeliest)


def _word(word: str) -> list[tuple[Spelling, str]]:
    """The likeliest ways to write one word or number, and how each was made."""
    letters = "".join(char for char in fold(word.replace("&", "and")).text if char in _LETTERS)
    spelt = Spelling("".join(_LETTERS[char] for char in letters), 0.0)
    if letters.isdigit() or (letters and not _VOWEL.search(letters) and len(letters) <= MOST_INITIALS):
        return [(spelt, SPELT)] + ([(Spelling("이", 1.0), SPELT)] if letters == "2" else [])
    found = [(spelling, READ) for spelling in _read(letters)]
    if word.isupper() and 1 < len(letters) <= 3:
        found.append((spelt._replace(cost=INITIALS), SPELT))
    return sorted(found, key=lambda one: one[0].cost)[: 3 * MOST]


def _is_usual_hangul(text: str) -> bool:
    """Whether all syllables are among the 2,350 of KS X 1001, which are those that words use: 볠 is not."""
    return len(text.encode("euc_kr")) == 2 * len(text)  # others take eight bytes for a syllable


def _read(letters: str) -> list[Spelling]:
    """A word as loanwords are read: known ones first, then those that are in use."""
    known = listed().get(letters, ())
    texts = [Spelling(put_together(one.text), one.cost) for one in to_hangul().read(letters, WIDE)]
    weighed = [
        Spelling(text, cost - ATTESTED * (len(text) > 1 and text in usual_words()) + UNLISTED * bool(known))
        for text, cost in texts
        if text not in known and _is_usual_hangul(text)
    ]
    return sorted([*(Spelling(text, 0.1 * at) for at, text in enumerate(known)), *weighed], key=lambda one: one.cost)
