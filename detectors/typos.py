"""Names that are one slip away: a letter lost, added, exchanged or swapped, a letter blotted out, a syllable lost."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import OSA

from detectors.lexicon import common_words, is_usual, is_word
from detectors.spelling import BLOTS
from detectors.text import Token, is_hangul, jamo, tokens, words

SHORTEST = 5  # letters of a name that is looked for with a slip; shorter names have too many honest neighbours
SHORTEST_BLOTTED = 3  # letters or syllables of a name one of which is blotted out
SHORTEST_HEADLESS = 7  # letters of a name whose first letter may be the wrong one: readers go by the first
SHORTEST_SYLLABLES = 3  # of a Hangul name with one letter wrong
SHORTEST_LOST = 4  # syllables of a Hangul name with one lost, or two swapped
SURE_WORD = 7  # letters of a word that only well-known words keep from being a slip
SURE_RUN = 8  # letters of words that are no other words by chance
MOST_WORDS = 4  # of a name


Slip = tuple[int, int, int]  # of a name, by number: where it starts and ends in the title


class _Known(NamedTuple):
    """A name's letters, of how many words it is, and whether it is a word of the language."""

    name: str
    size: int
    ordinary: bool


class Slips:
    """Finds slips in a time that does not grow with the names: two words within one edit share a word less a letter."""

    def __init__(self) -> None:
        self._letters: dict[str, list[int]] = {}
        self._syllables: dict[str, list[int]] = {}
        self._names: list[_Known] = []
        self._most_words = 1

    def add(self, name: str, size: int, *, ordinary: bool) -> None:
        """The next name, as letters and digits in folded form, and of how many words it is."""
        number = len(self._names)
        self._names.append(_Known(name, min(size, MOST_WORDS), ordinary))
        self._most_words = max(self._most_words, min(size, MOST_WORDS))
        if len(name) >= SHORTEST_BLOTTED:
            for less in _less_one(name):
                self._syllables.setdefault(less, []).append(number)
        spelt = jamo(name)
        if len(spelt) >= SHORTEST and not ordinary:
            for less in _less_one(spelt):
                self._letters.setdefault(less, []).append(number)

    def find(self, title: str) -> Iterator[Slip]:
        """Every slip, those of longer runs of words last."""
        parts = tokens(title)
        for at in range(len(parts)):
            for size in range(1, self._most_words + 1):
                run = parts[at : at + size]
                if len(run) == size and _may_be_wrong(run) and _is_run(title, run):
                    yield from self._near(run, size)
        if any(sign in title for sign in BLOTS):
            yield from self._blotted(title)

    def _near(self, run: list[Token], size: int) -> Iterator[Slip]:
        written = "".join(part.text for part in run)
        hangul = is_hangul(written[0])
        spelt = jamo(written)
        if len(spelt) < SHORTEST - 1:
            return
        for number in _numbers(self._letters, spelt):
            name, length, _ = self._names[number]
            if length != size or is_hangul(name[0]) != hangul:
                continue
            if hangul:
                fits = len(name) >= SHORTEST_SYLLABLES
            else:
                fits = name[0] == written[0] or (len(name) >= SHORTEST_HEADLESS and name[1:3] == written[1:3])
            if fits and OSA.distance(jamo(name), spelt, score_cutoff=1) <= 1:
                yield number, run[0].start, run[-1].end
        if hangul and len(written) >= SHORTEST_LOST - 1:
            for number in _numbers(self._syllables, written):
                name, _, ordinary = self._names[number]
                if not ordinary and len(name) >= SHORTEST_LOST and _lost_or_swapped(name, written):
                    yield number, run[0].start, run[-1].end

    def _blotted(self, title: str) -> Iterator[Slip]:
        """Names in which one sign stands for a letter: Vel*anne."""
        runs = [hit.span() for hit in re.finditer(r"\S+", title)]
        for at, (begin, stop) in enumerate(runs):
            if not any(sign in title[begin:stop] for sign in BLOTS):
                continue
            for size in range(1, self._most_words + 1):
                for first in range(max(0, at - size + 1), min(at, len(runs) - size) + 1):
                    start, end = runs[first][0], runs[first + size - 1][1]
                    yield from self._blotted_run(title, start, end)

    def _blotted_run(self, title: str, start: int, end: int) -> Iterator[Slip]:
        text = "".join("*" if char in BLOTS else char for char in title[start:end])
        if text.count("*") != 1:
            return
        before, after = ("".join(words(part)) for part in text.split("*"))
        for number in self._syllables.get(before + after, ()):
            name = self._names[number].name
            if len(name) == len(before + after) + 1 and name[: len(before)] + name[len(before) + 1 :] == before + after:
                yield number, start + _lead(text), end - _trail(text)


def _lead(text: str) -> int:
    return len(text) - len(re.sub(r"^[^\w*]+", "", text))


def _trail(text: str) -> int:
    return len(text) - len(re.sub(r"[^\w*]+$", "", text))


def _may_be_wrong(run: list[Token]) -> bool:
    """Whether a run of words may be a name with a slip: not if it is a word itself, or words that stand together anyway.

    The longer it is, the less chance there is that another word lies one letter away.
    """
    letters = sum(len(part.text) for part in run)
    if not all(part.text.isalpha() for part in run):
        return False
    if len(run) > 1:
        return letters >= SURE_RUN or not all(part.text in common_words() for part in run)
    return not (is_usual(run[0].text) if letters >= SURE_WORD else is_word(run[0].text))


def _is_run(title: str, run: list[Token]) -> bool:
    """Whether tokens stand one beside the other as the words of a name do."""
    gaps = (title[one.end : two.start] for one, two in pairwise(run))
    return all(len(gap) <= 2 and "," not in gap for gap in gaps)


def _less_one(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _numbers(index: dict[str, list[int]], word: str) -> list[int]:
    """The names that share a word less a letter, in the order of the catalog: of two as near, the first is told."""
    return sorted({number for less in _less_one(word) for number in index.get(less, ())})


def _lost_or_swapped(name: str, written: str) -> bool:
    if len(written) == len(name) - 1:
        return any(name[:at] + name[at + 1 :] == written for at in range(1, len(name)))
    return len(written) == len(name) and written[0] == name[0] and written != name and (
        sorted(written) == sorted(name) and OSA.distance(name, written, score_cutoff=1) <= 1
    )  # fmt: skip
