"""Where a title names a brand, how it is written, and in which role."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import ahocorasick_rs
import msgspec

from detectors.lexicon import common_words, is_compound, is_word
from detectors.roles import role_of
from detectors.spelling import describe, honest_spellings, spelling
from detectors.text import Fold, code_key, fold, is_hangul, jamo
from detectors.typos import Slips
from detectors.views import (
    Stream,
    View,
    drawn_hangul,
    may_be_letter,
    plain,
    seen_as,
    shapes,
    sounds,
    spoken_hangul,
    spoken_hangul_otherwise,
)
from touchstone.catalog import Brand
from touchstone.verdicts import Role

SHORTEST_SHAPED = 4  # letters of a name that is looked for by its look; three digits and letters are a model number
SHORTEST_SOUNDED = 5
SHORTEST_GLUED = 4  # letters of a name that is believed to be glued to a word
SHORTEST_SPACED = 5  # letters of a name with one space in it
SHORTEST_INSIDE = 5  # letters of a name with words glued on both sides
SURE_INSIDE = 8  # letters of a name that no other word holds by chance
SURE_SYLLABLES = 3  # of a Hangul name that no other word begins with by chance
LEAST_REST = 3  # letters of a word that a name is glued to
MOST_REMEMBERED = 256  # titles; several detectors ask for the mentions in one, one after the other
LATIN_VIEWS: tuple[View, ...] = (shapes, sounds)
HANGUL_VIEWS: tuple[View, ...] = (spoken_hangul, spoken_hangul_otherwise, drawn_hangul)


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A brand's name in a title: the exact span of the original, how it was written and in which role.

    ``how`` is empty for an honest spelling, else says what was done, such as "Cyrillic о for o".
    """

    brand: str
    name: str
    start: int
    end: int
    role: Role
    how: str = ""


class _Name(NamedTuple):
    """A name of a brand: its folded letters, its folded words, whether its letters are Hangul."""

    brand: str
    name: str
    ordinary: bool
    key: str
    words: tuple[str, ...]
    hangul: bool


class _Place(NamedTuple):
    """Where a view found a name: in the title, and in its folded text from the first to the last character."""

    start: int
    end: int
    first: int
    last: int


class _Lookup:
    """One view's automaton over all names."""

    def __init__(self, view: View, names: list[_Name], numbers: list[int]) -> None:
        self.view = view
        by_key: dict[str, list[int]] = {}
        for number in numbers:
            if key := seen_as(view, names[number].name):
                by_key.setdefault(key, []).append(number)
        self._numbers = list(by_key.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(by_key), store_patterns=False) if by_key else None

    def find(self, title: str, folded: Fold) -> Iterator[tuple[int, _Place]]:
        """Every name in the view's stream, by number, and where."""
        if self._automaton is None:
            return
        stream = self.view(title, folded)
        for key, start, end in self._automaton.find_matches_as_indexes(stream.text, overlapping=True):
            first, last = stream.first[start], stream.last[end - 1]
            if _is_whole(stream, start, end):
                for number in self._numbers[key]:
                    yield number, _Place(folded.starts[first], folded.ends[last], first, last)


class MentionIndex:
    """Finds mentions of any of the catalog's brands. Time grows with the title, not with the number of names."""

    def __init__(self, brands: tuple[Brand, ...]) -> None:
        self.brands = {brand.id: brand for brand in brands}
        self._found = lru_cache(maxsize=MOST_REMEMBERED)(self._find)
        self._names = [name for brand in brands for name in _names_of(brand)]
        self._honest: dict[str, set[str]] = {}
        self._slips = Slips()
        for name in self._names:
            self._honest.setdefault(name.brand, set()).update(honest_spellings(name.name))
            self._slips.add(name.key, len(name.words), ordinary=name.ordinary)
        latin = [number for number, name in enumerate(self._names) if not name.hangul]
        hangul = [number for number, name in enumerate(self._names) if name.hangul]
        self._plain = _Lookup(plain, self._names, list(range(len(self._names))))
        self._latin = [_Lookup(view, self._names, latin) for view in LATIN_VIEWS]
        self._hangul = [_Lookup(view, self._names, hangul) for view in HANGUL_VIEWS]

    def find(self, title: str) -> list[Mention]:
        """Every mention, left to right, none overlapping; of two at one place the longer, then the plainer."""
        return list(self._found(title))

    def _find(self, title: str) -> tuple[Mention, ...]:
        found: dict[tuple[int, int], int] = {}
        for start, end, number in self._hits(title):
            found.setdefault((start, end), number)
        taken: list[tuple[int, int, int]] = []
        for (start, end), number in sorted(found.items(), key=lambda hit: hit[0][0] - hit[0][1]):
            if all(end <= other[0] or start >= other[1] for other in taken):
                taken.append((start, end, number))
        return tuple(self._mention(title, *place) for place in sorted(taken))

    def _mention(self, title: str, start: int, end: int, number: int) -> Mention:
        name, written = self._names[number], title[start:end]
        how = "" if spelling(written) in self._honest[name.brand] else describe(written, name.name)
        role = role_of(title, start, end)
        return Mention(brand=name.brand, name=name.name, start=start, end=end, role=role, how=how)

    def _hits(self, title: str) -> Iterator[tuple[int, int, int]]:
        folded = fold(title)
        lookups = [self._plain]
        lookups += self._latin if re.search(r"[a-z0-9]", folded.text) else []
        lookups += self._hangul if any(map(is_hangul, folded.text)) else []
        for lookup in lookups:
            for number, place in lookup.find(title, folded):
                if _is_meant(title, folded.text, place, self._names[number], lookup.view):
                    yield place.start, place.end, number
        for number, start, end in self._slips.find(title):
            yield start, end, number


@lru_cache(maxsize=4)
def mention_index(brands: tuple[Brand, ...]) -> MentionIndex:
    """The index of some brands, made once for all detectors that look for their names."""
    return MentionIndex(brands)


def _names_of(brand: Brand) -> Iterator[_Name]:
    for name in brand.names:
        key = code_key(name)
        if key and any(map(str.isalnum, name)):  # of signs alone: nothing that a title could be searched for
            words = tuple(re.findall(r"[^\W_]+", fold(name).text))
            yield _Name(brand.id, name, brand.ordinary_word, key, words, is_hangul(key[0]))


def _is_whole(stream: Stream, start: int, end: int) -> bool:
    """Whether a hit begins and ends with whole characters: a syllable gives several letters."""
    head = start == 0 or stream.first[start - 1] != stream.first[start]
    return head and (end == len(stream.text) or stream.last[end] != stream.last[end - 1])


def _is_meant(title: str, text: str, place: _Place, name: _Name, view: View) -> bool:
    """Whether what a view shows as a name is one to a reader, and not letters of other words."""
    written = text[place.first : place.last + 1]
    exact = view is plain
    if not exact and not _may_be_hidden(title, written, place, name, view):
        return False
    pieces = re.findall(r"[^\W_]+", written) if exact or name.hangul else re.findall(r"[^\s.\-_·/~,']+", written)
    free = (_is_free(title, text, place, name, before=True), _is_free(title, text, place, name, before=False))
    if len(pieces) > 1 and tuple(pieces) != name.words:
        return all(free) and _may_be_apart(written, pieces, name)
    if all(free):
        return exact or name.hangul or not is_word(written)
    return not name.ordinary and _may_be_glued(text, place, name, free, exact=exact)


def _may_be_hidden(title: str, written: str, place: _Place, name: _Name, view: View) -> bool:
    """Whether a name may be written as a view must have it to see it."""
    letters = len(name.key)
    if view is drawn_hangul:
        return not name.ordinary and (letters >= SURE_SYLLABLES or bool(re.search("[ㄱ-ㅣ]", written)))
    if name.hangul:
        if jamo("".join(filter(str.isalnum, written))) == jamo(name.key):
            return True
        odd = any(map(str.isdigit, written)) or not (name.ordinary or is_word(written))
        return letters >= SURE_SYLLABLES and odd
    if view is sounds:
        return letters >= SHORTEST_SOUNDED and not name.ordinary
    digits = sum(char.isdigit() for char in title[place.start : place.end] if char.isascii())
    own = sum(char.isdigit() for char in name.key)
    if name.ordinary and not digits and title[place.start : place.end].isascii():
        return False
    if letters == SHORTEST_SHAPED and sum(map(may_be_letter, written)) < letters:
        return False  # "t01" is no Toll
    return letters >= SHORTEST_SHAPED and 2 * max(0, digits - own) <= letters


def _is_free(title: str, text: str, place: _Place, name: _Name, *, before: bool) -> bool:
    """Whether a name ends here: at a sign, a change of script, a number, or a capital letter inside a word."""
    at, beside = (place.first, place.first - 1) if before else (place.last, place.last + 1)
    if not 0 <= beside < len(text) or not text[beside].isalnum():
        return True
    one, other = text[at], text[beside]
    if is_hangul(one) != is_hangul(other):
        return True
    if len(name.key) < SHORTEST_GLUED or name.hangul:
        return False
    if one.isdigit() != other.isdigit():
        return True
    left, right = (place.start - 1, place.start) if before else (place.end - 1, place.end)
    return title[left : left + 1].islower() and title[right : right + 1].isupper()


def _may_be_apart(written: str, pieces: list[str], name: _Name) -> bool:
    """Whether pieces may be read together as a name: any two words hold some name between them ("novel hanneman")."""
    letters = len(name.key)
    if max(map(len, pieces)) == 1 and len(pieces) > 2:
        return True  # "메 도 우": nobody writes a word so by accident
    spaced = re.search(r"\s", written)
    if name.hangul and letters < SURE_SYLLABLES:
        return not spaced
    if name.ordinary:
        return not spaced and max(map(len, pieces)) <= 2
    if all(piece in common_words() for piece in pieces) and len(name.words) == 1:
        return False
    if not spaced:
        return letters >= SHORTEST_GLUED or name.hangul
    if len(name.words) > 1:
        return len(pieces) <= len(name.words) + 1
    return len(pieces) == 2 and (name.hangul or letters >= SHORTEST_SPACED)


def _may_be_glued(text: str, place: _Place, name: _Name, free: tuple[bool, bool], *, exact: bool) -> bool:
    """Whether a name that goes on as a longer word stands in it by intention."""
    first, last = place.first, place.last
    hangul = is_hangul(text[first])
    while first > 0 and text[first - 1].isalpha() and is_hangul(text[first - 1]) == hangul and not free[0]:
        first -= 1
    while last + 1 < len(text) and text[last + 1].isalpha() and is_hangul(text[last + 1]) == hangul and not free[1]:
        last += 1
    whole, before, after = text[first : last + 1], text[first : place.first], text[place.last + 1 : last + 1]
    if is_word(whole):
        return False
    if name.hangul:
        return _may_be_glued_hangul(name, before, after, exact=exact)
    letters = len(name.key)
    if letters < (SHORTEST_GLUED if exact else SHORTEST_INSIDE) or (before and after and letters < SHORTEST_INSIDE):
        return False
    return all(_is_rest(rest, sure=exact and letters >= SURE_INSIDE) for rest in (before, after) if rest)


def _is_rest(rest: str, *, sure: bool) -> bool:
    return len(rest) >= LEAST_REST and (sure or is_word(rest) or is_compound(rest, LEAST_REST))


def _may_be_glued_hangul(name: _Name, before: str, after: str, *, exact: bool) -> bool:
    syllables = len(name.key)
    if syllables < SURE_SYLLABLES:
        return exact and not before and is_word(after)
    if not exact:
        return not before and is_word(after)
    return not (before and after) or syllables > SURE_SYLLABLES or is_word(before) or is_word(after)
