"""How foreign names are written in Hangul, and back: by what was counted in names that are written in both scripts.

A name is read from left to right in pieces of one to a few letters, each with one of the ways that it may be written
(``loanwords.toml``, after the loanword orthography). How likely a way is depends on the letters around it and on what
was written before it: *e* is silent behind *-ak-* and not behind *-n-*, a *p* ends a syllable only behind a short
vowel. Nobody wrote those contexts down as rules; they are counted in ``loanwords.txt`` (made by tools/loanwords.py),
the widest that was seen counting most, smoothed by the narrower ones (Witten and Bell, 1991).
"""

import math
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from heapq import nsmallest
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
LONGEST = 24  # letters of a word that is read; longer ones are no names
BEAM = 80  # readings that are followed at once
LEAST = 1e-4  # probability of a way that is followed
WIDEST = 4  # letters looked ahead
_NULL = "\u110b"  # the letter ㅇ where a syllable begins with a vowel
_VOWELS = "aeiouy"
_FOLLOWED = "aeiouy$"


class Step(NamedTuple):
    """A piece of a word and a way to write it."""

    piece: str
    way: str


class Spelling(NamedTuple):
    """A whole word as it may be written, and how unlikely that is: the negative logarithm of its probability."""

    text: str
    cost: float


def kind(letter: str) -> str:
    """What part of a syllable a letter is: vowel, tail, lead, or for anything else the letter itself."""
    if "\u1161" <= letter <= "\u1175":
        return "V"
    if "\u11a8" <= letter <= "\u11c2":
        return "T"
    return "L" if "\u1100" <= letter <= "\u1112" else letter


@cache
def letters_of(notation: str) -> str:
    """A way of ``loanwords.toml`` as conjoining letters, without the ㅇ that begins a syllable: "-ㄱ스" → ᆨ스."""
    letters: list[str] = []
    tail = False
    for char in notation.replace("_", ""):
        if char == "-":
            tail = True
            continue
        name = unicodedata.name(char).removeprefix("HANGUL LETTER ")
        if "SYLLABLE" in name:
            letters += unicodedata.normalize("NFD", char)
        elif "ㅏ" <= char <= "ㅣ":
            letters.append(unicodedata.lookup(f"HANGUL JUNGSEONG {name}"))
        else:
            letters.append(unicodedata.lookup(f"HANGUL {'JONGSEONG' if tail else 'CHOSEONG'} {name}"))
        tail = False
    return "".join(letters).replace(_NULL, "")


def taken_apart(hangul: str) -> str:
    """Hangul as conjoining letters, without the ㅇ that begins a syllable."""
    return unicodedata.normalize("NFD", hangul).replace(_NULL, "")


def put_together(letters: str) -> str:
    """The syllables of conjoining letters."""
    parts = []
    for at, letter in enumerate(letters):
        if kind(letter) == "V" and (at == 0 or kind(letters[at - 1]) != "L"):
            parts.append(_NULL)
        parts.append(letter)
    return unicodedata.normalize("NFC", "".join(parts))


def fits(written: str, way: str) -> bool:
    """Whether a way may go on what is written: a tail stands behind a vowel, two leads never meet."""
    before = kind(written[-1]) if written else ""
    for part in map(kind, way):
        if (part == "T" and before != "V") or (part == "L" and before == "L"):
            return False
        before = part
    return True


class Reader:
    """Counts how pieces of words are written, and reads new words by it."""

    def __init__(self, ways: Iterable[Step], fitting: Callable[[str, str], bool] = fits) -> None:
        self._ways: dict[str, list[Step]] = defaultdict(list)
        for step in ways:
            self._ways[step.piece[0]].append(step)
        self._counts: dict[str, Counter[Step]] = defaultdict(Counter)
        self._fitting = fitting

    def learn(self, steps: Iterable[Step], weight: float) -> None:
        """Count a word whose pieces and ways are known."""
        word, at, last = "".join(step.piece for step in steps), 0, ""
        for step in steps:
            for context in _contexts(word, at, last):
                self._counts[context][step] += weight  # type: ignore[assignment]  # weights need not be whole
            at, last = at + len(step.piece), step.way[-1:] or last

    def steps(self, word: str, at: int, last: str) -> dict[Step, float]:
        """The steps that a word allows at a place, with their probabilities."""
        every = self._ways.get(word[at], [])
        likely = {step: 1 / len(every) for step in every if word.startswith(step.piece, at)}
        for context in reversed(_contexts(word, at, last)):
            seen = self._counts.get(context)
            if seen:
                sum_of, kinds = seen.total(), len(seen)
                likely = {step: (seen[step] + kinds * p) / (sum_of + kinds) for step, p in likely.items()}
        return likely

    def read(self, word: str, most: int) -> list[Spelling]:
        """The likeliest ways to write a whole word, the likeliest first, as letters."""
        if not 0 < len(word) <= LONGEST:
            return []
        reached: list[dict[str, float]] = [{} for _ in range(len(word) + 1)]
        reached[0][""] = 0.0
        for at in range(len(word)):
            for written, cost in nsmallest(BEAM, reached[at].items(), key=lambda item: (item[1], item[0])):
                for step, likely in self.steps(word, at, written[-1:]).items():
                    if likely > LEAST and self._fitting(written, step.way):
                        text, new = written + step.way, cost - math.log(likely)
                        further = reached[at + len(step.piece)]
                        further[text] = min(new, further.get(text, math.inf))
        whole = [Spelling(text, cost) for text, cost in reached[-1].items() if text and kind(text[-1]) != "L"]
        return nsmallest(most, whole, key=lambda spelling: (spelling.cost, spelling.text))


def _contexts(word: str, at: int, last: str) -> tuple[str, ...]:
    """What stands around a place of a word, from the widest view to the barest."""
    ahead, behind = word[at : at + WIDEST].ljust(WIDEST, "$"), word[max(0, at - 2) : at].rjust(2, "^")
    part = kind(last) if last else "^"
    skeleton = ahead[0] + _class(ahead[1]) + (ahead[2] if ahead[2] in _FOLLOWED else "C") + _class(ahead[3])
    return (
        f"6{behind}{ahead}{part}", f"5{behind[1]}{ahead[:3]}{last}", f"4{ahead[:3]}{part}",
        f"3{behind[1]}{ahead[:2]}{part}", f"2{skeleton}{part}", f"1{ahead[:2]}{part}", f"0{ahead[0]}{part}", ahead[0],
    )  # fmt: skip


def _class(letter: str) -> str:
    return "V" if letter in _VOWELS else letter if letter == "$" else "C"


def ways() -> list[Step]:
    """Every way of ``loanwords.toml``."""
    tables = tomllib.loads((HERE / "loanwords.toml").read_text(encoding="utf-8"))
    found = {
        Step(piece, letters_of(way))
        for table in tables.values()
        for piece, cell in table.items()
        for way in cell.split()
    }
    return sorted(found)


def aligned() -> Iterator[tuple[list[Step], float]]:
    """The words of ``loanwords.txt``, piece by piece, and how much each counts."""
    for line in (HERE / "loanwords.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            pieces, notations, weight = line.split(" ")
            pairs = zip(pieces.split("."), notations.split("."), strict=True)
            yield [Step(piece, letters_of(way)) for piece, way in pairs], float(weight)


@cache
def to_hangul() -> Reader:
    """Reads Latin letters into Hangul letters."""
    reader = Reader(ways())
    for steps, weight in aligned():
        reader.learn(steps, weight)
    return reader


@cache
def to_latin() -> Reader:
    """Reads Hangul letters into Latin ones: the same pairs the other way round."""
    pairs = [(_turned(steps), weight) for steps, weight in aligned()]
    reader = Reader(sorted({step for steps, _ in pairs for step in steps}), lambda written, way: True)
    for steps, weight in pairs:
        reader.learn(steps, weight)
    return reader


def _turned(steps: list[Step]) -> list[Step]:
    """The steps from Hangul to Latin; a silent letter belongs to the one before it, or at the beginning behind it."""
    turned: list[Step] = []
    silent = ""
    for piece, way in steps:
        if way:
            turned.append(Step(way, silent + piece))
            silent = ""
        elif turned:
            turned[-1] = Step(turned[-1].piece, turned[-1].way + piece)
        else:
            silent += piece
    return turned


@cache
def listed() -> dict[str, tuple[str, ...]]:
    """Words whose Hangul is known, with all spellings in use."""
    known: dict[str, list[str]] = defaultdict(list)
    for steps, weight in aligned():
        if weight > 1:  # those that were written down by hand
            known["".join(step.piece for step in steps)].append(put_together("".join(step.way for step in steps)))
    return {word: tuple(spellings) for word, spellings in known.items()}
