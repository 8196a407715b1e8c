"""How often the spelling in use is among the candidates for a brand's name in the other script.

Reads ``brands/brands.json`` of the folder that ``TOUCHSTONE_BENCH_DATA`` names: the brands that have a Latin name and a
Hangul one. A candidate is right when it is the same without case, spaces and signs; it is near when one letter of
Hangul (one letter of Latin) is lost, added or another. The peers: each letter by one Hangul letter, and the official
romanization alone; no maintained library writes Latin names in Hangul.
"""

import argparse
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import koroman
from rapidfuzz.distance import Levenshtein

from benchmarks.data import data_folder
from benchmarks.quality.carriers import read_brands
from detectors.alias_candidates import HANGUL, LATIN, MOST, candidates, script_of
from detectors.lexicon import common_words, usual_words
from detectors.text import code_key, jamo
from touchstone.catalog import Brand

FLOOR = 0.5  # right among the five, Latin to Hangul, of brands on which nothing was tuned; the goal was 0.55
PLACES = (1, 3, 5)
_LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", "ㅏㅂㅋㄷㅔㅍㄱㅎㅣㅈㅋㄹㅁㄴㅗㅍㅋㄹㅅㅌㅜㅂㅜㅈㅣㅈ", strict=True))
_SILENT = {"ㅋ": "크", "ㄷ": "드", "ㅍ": "프", "ㄱ": "그", "ㅎ": "흐", "ㅈ": "즈", "ㅅ": "스", "ㅌ": "트", "ㅂ": "브"}
Peer = Callable[[str], Sequence[str]]


class Trial(NamedTuple):
    """A name, and how it is written in the other script."""

    name: str
    truths: tuple[str, ...]


def trials(brands: tuple[Brand, ...], script: str) -> list[Trial]:
    """The brands that have names in both scripts, asked for those of one."""
    found = []
    for brand in brands:
        truths = tuple(name for name in brand.names if script_of(name) == script)
        names = [name for name in brand.names if script_of(name) not in (None, script)]
        if truths and names:
            found.append(Trial(names[0], truths))
    return found


def offered(name: str) -> Sequence[str]:
    """The candidates, as they are offered."""
    return [candidate.spelling for candidate in candidates(Brand(id="brand", name=name))]


def letter_by_letter(name: str) -> Sequence[str]:
    """The peer for Hangul: one Hangul letter for each, a vowel where none follows."""
    letters = [_LETTERS[char] for char in code_key(name) if char in _LETTERS]
    text = ""
    for at, letter in enumerate(letters):
        vowel = letters[at + 1] if at + 1 < len(letters) and _is_vowel(letters[at + 1]) else ""
        if _is_vowel(letter):
            text += "" if at and not _is_vowel(letters[at - 1]) else _syllable("ㅇ", letter)
        elif vowel:
            text += _syllable(letter, vowel)
        elif letter in "ㄹㅁㄴ" and text:
            text = text[:-1] + unicodedata.normalize("NFC", text[-1] + {"ㄹ": "ᆯ", "ㅁ": "ᆷ", "ㄴ": "ᆫ"}[letter])[:1]
        else:
            text += _SILENT.get(letter, "르")
    return [text]


def _is_vowel(letter: str) -> bool:
    return "ㅏ" <= letter <= "ㅣ"


def _syllable(lead: str, vowel: str) -> str:
    first, second = (unicodedata.name(letter).removeprefix("HANGUL LETTER ") for letter in (lead, vowel))
    pair = unicodedata.lookup(f"HANGUL CHOSEONG {first}") + unicodedata.lookup(f"HANGUL JUNGSEONG {second}")
    return unicodedata.normalize("NFC", pair)


def official(name: str) -> Sequence[str]:
    """The peer for Latin letters: the Revised Romanization, as the library has it."""
    return [koroman.romanize(name)]


def place(trial: Trial, given: Sequence[str], most: int) -> int:
    """The place of the first candidate that is at most some letters from a truth; past all of them when none is."""
    for at, text in enumerate(given, 1):
        if any(Levenshtein.distance(jamo(code_key(text)), jamo(code_key(truth))) <= most for truth in trial.truths):
            return at
    return sys.maxsize


def shares(asked: list[Trial], peer: Peer) -> list[float]:
    """Shares of trials that are right, then near, among the first one, three and five."""
    given = [(trial, peer(trial.name)) for trial in asked]
    return [
        sum(place(trial, texts, slips) <= most for trial, texts in given) / max(1, len(asked))
        for slips in (0, 1)
        for most in PLACES
    ]


def print_direction(brands: tuple[Brand, ...], script: str, peer: Peer, *, examples: bool) -> float:
    """The table of one direction; the share that is right among all candidates."""
    asked = trials(brands, script)
    print(f"to {script}, {len(asked)} brands{'':8}{'right: 1':>12}{'3':>7}{'5':>7}{'near: 1':>10}{'3':>7}{'5':>7}")
    figures = shares(asked, offered)
    for label, row in (("candidates", figures), ("peer", shares(asked, peer))):
        cells = "".join(f"{share:{width}.3f}" for share, width in zip(row, (17, 7, 7, 10, 7, 7), strict=True))
        print(f"  {label:20}{cells}")
    if examples:
        for trial in asked:
            if place(trial, texts := offered(trial.name), 0) > MOST:
                print(f"    {trial.name} {'/'.join(trial.truths)}: {', '.join(texts)}")
    return figures[2]


def print_ordinary(brands: tuple[Brand, ...]) -> None:
    """How many candidates are words of the language, over all brands: what an alias taken unseen would accuse."""
    every = [one for brand in brands for one in candidates(Brand(id=brand.id, name=brand.name))]
    common = sum(one.ordinary for one in every)
    usual = sum(code_key(one.spelling) in usual_words() for one in every)
    truths = [name for brand in brands for name in brand.names if script_of(name) == HANGUL]
    right = sum(code_key(name) in common_words() for name in truths)
    print(
        f"ordinary words among {len(every)} candidates for {len(brands)} names: {common} ({common / len(every):.1%}) that"
        f" everybody uses, marked and last;\n  {usual} ({usual / len(every):.1%}) that most people know, brands among them;"
        f" {right} of {len(truths)} true spellings are marked, too"
    )


def main() -> int:
    """Print both directions; 1 when the floor is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--part", choices=("tune", "held", "all"), default="held", help="which half of the brands")
    options.add_argument("--examples", action="store_true", help="print what was missed")
    given = options.parse_args()
    folder = data_folder("brands/brands.json")
    if folder is None:
        return 0
    brands = read_brands(Path(folder) / "brands" / "brands.json", given.part)
    right = print_direction(brands, HANGUL, letter_by_letter, examples=given.examples)
    print_direction(brands, LATIN, official, examples=given.examples)
    print_ordinary(brands)
    print(f"floor, right among five in Hangul: {FLOOR}{'  MISSED' if right < FLOOR else ''}")
    return int(right < FLOOR)


if __name__ == "__main__":
    sys.exit(main())
