"""Make ``detectors/loanwords.txt``: names in both scripts, piece by piece, from which the ways of writing are counted.

From ``tools/loanwords.txt``, and from the names of countries, cities, languages and scripts in English and Korean of
the Common Locale Data Repository (Unicode licence), as the ``babel`` package has them. Which letters became which is
found by taking the likeliest way through ``detectors/loanwords.toml``, counting, and doing so again. A pair that has no
way, or an unlikely one, is a translation ("Islands", 제도) and is left out. Run by ``make loanwords``.
"""

import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel import Locale

from detectors.loanwords import Reader, Step, letters_of, taken_apart, ways
from detectors.text import fold

ROOT = Path(__file__).resolve().parents[1]
ROUNDS, TRUSTED_ROUNDS = 6, 2  # of counting; translations are told from the third on, when the counts mean something
UNLIKELY = 1.9  # cost of a letter, on average, from which on a pair is a translation
BY_HAND = 3  # times as much as a name of the repository, which writes foreign places more strictly than shops do
ENDINGS = {"territories": "", "languages": "어", "scripts": " 문자"}
Pair = tuple[str, str, int]


def pairs() -> list[Pair]:
    """Every pair of words with its weight."""
    text = (ROOT / "tools/loanwords.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    by_hand = [pair.split() for pair in re.split(r"[,\n]", "\n".join(lines)) if pair.strip()]
    return list(dict.fromkeys([*((word, hangul, BY_HAND) for word, hangul in by_hand), *sorted(set(repository()))]))


def repository() -> Iterator[Pair]:
    """The names of the Common Locale Data Repository, word by word where both have as many."""
    english, korean = Locale("en"), Locale("ko")
    for kind, ending in ENDINGS.items():
        names = getattr(english, kind)
        for key, name in getattr(korean, kind).items():
            if key in names:
                yield from by_word(names[key], name.removesuffix(ending))
    for zone, names in korean.time_zones.items():
        city = english.time_zones.get(zone, {}).get("city") or zone.rpartition("/")[2].replace("_", " ")
        if isinstance(names.get("city"), str):
            yield from by_word(city, names["city"])


def by_word(english: str, korean: str) -> Iterator[Pair]:
    """Words that may be one and the same."""
    english, korean = (re.sub(r"\s*\(.*\)", "", name) for name in (english, korean))
    if not re.fullmatch("[가-힣 ]+", korean):
        return
    words, syllables = re.split("[ -]", english), korean.split(" ")
    if len(words) != len(syllables):
        words, syllables = [english], [korean.replace(" ", "")]
    for word, hangul in zip(words, syllables, strict=True):
        letters = "".join(char for char in fold(word).text if char.isascii() and char.isalpha())
        if len(letters) > 2:
            yield letters, hangul, 1


def align(reader: Reader, word: str, hangul: str) -> tuple[float, tuple[Step, ...]] | None:
    """The likeliest steps from a word to its Hangul, and their cost."""
    goal = taken_apart(hangul)
    best: dict[tuple[int, int], tuple[float, tuple[Step, ...]]] = {(0, 0): (0.0, ())}
    for at in range(len(word)):
        for to in range(len(goal) + 1):
            if (at, to) not in best:
                continue
            cost, steps = best[at, to]
            for step, likely in reader.steps(word, at, goal[to - 1 : to]).items():
                if goal.startswith(step.way, to):
                    place, new = (at + len(step.piece), to + len(step.way)), cost - math.log(likely)
                    if place not in best or new < best[place][0]:
                        best[place] = (new, (*steps, step))
    return best.get((len(word), len(goal)))


def main() -> None:
    """Count, align, count again; write what came out."""
    every, reader = pairs(), Reader(ways())
    kept: dict[Pair, tuple[Step, ...]] = {}
    for turn in range(ROUNDS):
        kept = {}
        for word, hangul, weight in every:
            found = align(reader, word, hangul)
            if found and (weight == BY_HAND or turn < TRUSTED_ROUNDS or found[0] <= UNLIKELY * len(word)):
                kept[word, hangul, weight] = found[1]
        reader = Reader(ways())
        for (_, _, weight), steps in kept.items():
            reader.learn(steps, weight)
    lines = ["# Made by tools/loanwords.py: the pieces of a word, how each is written (as in loanwords.toml), weight."]
    for (_, _, weight), steps in kept.items():
        lines.append(f"{'.'.join(s.piece for s in steps)} {'.'.join(notation(s) for s in steps)} {weight}")
    (ROOT / "detectors/loanwords.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(kept)} of {len(every)} pairs")
    print("by hand, without a way:", ", ".join(p[0] for p in every if p[2] == BY_HAND and p not in kept))


def notation(step: Step) -> str:
    """A way as ``loanwords.toml`` writes it."""
    return next(way for way in _NOTATIONS[step.piece] if letters_of(way) == step.way)


def _notations() -> dict[str, list[str]]:
    tables = tomllib.loads((ROOT / "detectors/loanwords.toml").read_text(encoding="utf-8"))
    return {piece: cell.split() for table in tables.values() for piece, cell in table.items()}


_NOTATIONS = _notations()

if __name__ == "__main__":
    main()
