"""The real names and titles that the benchmark of mentions is made of, and the titles with a name put in.

A brand belongs to the half ``tune`` or ``held`` by a hash of its name, so the halves stay the same when brands are
added. A title is clean when no name of any brand of the file, folded (small letters, no accents), is a substring of
it; a Korean title first loses its own brand.
"""

import csv
import json
import re
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from benchmarks.quality.evasions import Kind
from touchstone.catalog import Brand

TRIALS = 300  # wanted for each kind: names are taken again, in other titles, where there are fewer
ROUNDS = 8
ENGLISH = 8500  # clean English titles: the shop titles, filled up from the tables of product matching
MATCHING = ("walmart-amazon/tableB.csv", "amazon-google/tableB.csv", "abt-buy/tableB.csv")


class Titles(NamedTuple):
    """Clean titles by where they are from, and English ones in which a name stands only inside a longer word."""

    clean: dict[str, list[str]]
    within: list[str]


class Trial(NamedTuple):
    """A title with a name put in at ``start``:``end``."""

    kind: str
    brand: str
    alias: str
    title: str
    start: int
    end: int

    @property
    def written(self) -> str:
        """The name as it was put in."""
        return self.title[self.start : self.end]


def fold(text: str) -> str:
    """Small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(letter for letter in decomposed if not unicodedata.combining(letter)))


def read_brands(path: Path, part: str) -> tuple[Brand, ...]:
    """The brands of a half, or ``all``."""
    brands = []
    for key, names in json.loads(path.read_text(encoding="utf-8")).items():
        half = "held" if zlib.crc32(key.encode()) % 2 else "tune"
        if part in (half, "all"):
            slug = re.sub(r"[^a-z0-9]+", "-", key).strip("-")
            brands.append(Brand(id=slug, name=names[0], aliases=tuple(names[1:])))
    return tuple(brands)


def read_titles(folder: Path, brands: tuple[Brand, ...], rng: Random) -> Titles:
    """The clean titles of the folder with regard to the brands, shuffled."""
    names = sorted({fold(name) for brand in brands for name in brand.names}, key=len)
    any_name = re.compile("|".join(map(re.escape, names)))
    whole_name = re.compile(rf"(?<![^\W\d_])(?:{any_name.pattern})(?![^\W\d_])")
    latin = re.compile(r"[\x20-\x7e]+")
    with (folder / "titles" / "ko.csv").open(encoding="utf-8", newline="") as rows:
        korean = [" ".join(row["title"].replace(row["brand"], " ").split()) for row in csv.DictReader(rows)]
    english = (folder / "titles" / "en.txt").read_text(encoding="utf-8").splitlines()
    sources = {"ko": korean, "en": english, "en, matching tables": list(_matching(folder / "entity-matching"))}
    clean = {}
    for source, titles in sources.items():
        unique = sorted({title for title in titles if title and not any_name.search(fold(title))})
        clean[source] = rng.sample(unique, len(unique))
    del clean["en, matching tables"][max(0, ENGLISH - len(clean["en"])) :]
    return Titles(clean, sorted({t for t in english if latin.fullmatch(t) and _only_within(t, any_name, whole_name)}))


def _only_within(title: str, any_name: re.Pattern[str], whole_name: re.Pattern[str]) -> bool:
    folded = fold(title)
    return bool(any_name.search(folded)) and not whole_name.search(folded)


def _matching(folder: Path) -> Iterator[str]:
    for name in MATCHING:
        if (folder / name).is_file():
            with (folder / name).open(encoding="utf-8", newline="") as rows:
                yield from (row.get("title") or row.get("name") or "" for row in csv.DictReader(rows))


def script_of(name: str) -> str:
    """``latin``, ``hangul`` or ``other``, by the letters of the name, accents aside."""
    letters = [letter for letter in fold(name) if letter.isalpha()]
    if all(letter.isascii() for letter in letters):
        return "latin"
    return "hangul" if all("가" <= letter <= "힣" for letter in letters) else "other"


def size_of(name: str) -> int:
    """Letters and digits of a name."""
    return sum(letter.isalnum() for letter in name)


def trials(kind: Kind, brands: tuple[Brand, ...], titles: Titles, seed: int) -> list[Trial]:
    """The trials of one kind: every fitting name, again in other titles until there are enough."""
    fitting = [(brand.id, name) for brand in brands for name in brand.names if _fits(kind, name)]
    made: list[Trial] = []
    for turn in range(ROUNDS):
        if len(made) >= TRIALS:
            break
        for brand, name in fitting:
            rng = Random(f"{seed} {kind.name} {name} {turn}")
            source = titles.clean[rng.choice(("ko", "en"))]
            trial = _trial(kind, brand, name, rng.choice(source), rng)
            made += [trial] if trial else []
    return made


def _fits(kind: Kind, name: str) -> bool:
    return script_of(name) == kind.script and kind.least <= size_of(name) <= kind.most


def _trial(kind: Kind, brand: str, name: str, carrier: str, rng: Random) -> Trial | None:
    """One title, or None where the edit finds no place in the name or the title no word to be glued to."""
    case = rng.choice((str, str.lower, str.upper)) if kind.script == "latin" else str
    cased = case(name)
    spellings = (kind.edit(cased, rng) for _ in range(8))
    control = kind.name.removeprefix("한글 ") == "plain" or kind.glue
    written = next((text for text in spellings if text and (control or text != cased)), None)
    return _placed(kind, brand, name, written, carrier.split(), rng) if written else None


def _placed(kind: Kind, brand: str, name: str, written: str, words: list[str], rng: Random) -> Trial | None:
    places = sorted({0, len(words) // 2, len(words)})
    if kind.glue == "both":
        before, after = rng.choice(("New", "Best", "My", "Real")), rng.choice(("Shoes", "Bag", "Shop", "Style"))
        at = rng.choice(places)
    else:
        before = after = ""
        places = [at for at in range(len(words) + 1) if _can_glue(kind, words, at)] if kind.glue else places
        if not places:
            return None
        at = rng.choice(places)
    left = " ".join(words[:at]) + (" " if at and kind.glue != "previous" else "") + before
    right = after + (" " if at < len(words) and kind.glue != "next" else "") + " ".join(words[at:])
    return Trial(kind.name, brand, name, left + written + right, len(left), len(left) + len(written))


def _can_glue(kind: Kind, words: list[str], at: int) -> bool:
    """Whether a word of letters stands on the side to which the name is to be glued."""
    beside = words[at : at + 1] if kind.glue == "next" else words[at - 1 : at] if at else []
    return any(word.isalpha() and len(word) > 1 for word in beside)
