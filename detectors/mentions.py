"""Where a title names a brand, how it is written, and in which role."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from detectors.text import IGNORABLE, LEET, Token, code_key, fold, fold_character, is_hangul, jamo, sound, tokens, words
from touchstone.catalog import Brand
from touchstone.verdicts import Role

LONGEST_JOIN = 14  # tokens put together in search of a name that was taken apart: "V.e.l.h.a.n.n.e"
TRAILING_MASK = re.compile(r"\w{2}[*○●◯⚪×]$")
MASK = re.compile(rf"\w[*○●◯⚪#×_]\w|{TRAILING_MASK.pattern}")  # signs that stand for a letter everyone can guess
SHORTEST_BLOTTED = 3  # letters or syllables; of two, one alone would be left
SHORTEST_FUZZY = 5  # letters; shorter names have too many honest neighbours at one edit


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
    brand: str
    name: str
    ordinary: bool


class MentionIndex:
    """Finds mentions of any of the catalog's brands. Time grows with the title, not with the number of names."""

    def __init__(self, brands: tuple[Brand, ...]) -> None:
        self.brands = {brand.id: brand for brand in brands}
        self._exact: dict[str, _Name] = {}
        self._leet: dict[str, _Name] = {}
        self._sound: dict[str, _Name] = {}
        self._near: dict[str, _Name] = {}
        self._blotted: dict[str, _Name] = {}
        self._longest = 0
        self._honest: dict[str, set[str]] = {}
        for brand in brands:
            for name in brand.names:
                self._add(brand, name)

    def _add(self, brand: Brand, name: str) -> None:
        key = code_key(name)
        if not key or not any(map(str.isalnum, name)):
            return  # signs alone: nothing that a title could be searched for
        entry = _Name(brand.id, name, brand.ordinary_word)
        self._longest = max(self._longest, len(jamo(key)))
        self._exact.setdefault(key, entry)
        self._honest.setdefault(brand.id, set()).update({_spelling(name), _spelling(name).replace(" ", "")})
        if len(key) >= SHORTEST_BLOTTED:
            for variant in set(_shortened(key)) - {key}:
                self._blotted.setdefault(variant, entry)
        if is_hangul(key[0]):
            self._sound.setdefault(sound(key), entry)
            if len(jamo(key)) >= SHORTEST_FUZZY:
                for variant in _shortened(jamo(key)):
                    self._near.setdefault(variant, entry)
        else:
            self._leet.setdefault(key.translate(LEET), entry)
            if len(key) >= SHORTEST_FUZZY and not brand.ordinary_word:
                for variant in _shortened(key):
                    self._near.setdefault(variant, entry)

    def find(self, title: str) -> list[Mention]:
        """Every mention, left to right, none overlapping; of two at one place the longer."""
        found, parts, position = [], tokens(title), 0
        while position < len(parts):
            hit = self._at(title, parts, position)
            if hit is None:
                position += 1
                continue
            name, start, end = hit
            how = (
                "" if _spelling(title[start:end]) in self._honest[name.brand] else describe(title[start:end], name.name)
            )
            role = role_of(title, start, end)
            found.append(Mention(brand=name.brand, name=name.name, start=start, end=end, role=role, how=how))
            while position < len(parts) and parts[position].start < end:
                position += 1
        return found

    def _at(self, title: str, parts: list[Token], position: int) -> tuple[_Name, int, int] | None:
        """The longest name that begins with the token at ``position``."""
        best: tuple[_Name, int, int] | None = None
        joined = ""
        for token in parts[position : position + LONGEST_JOIN]:
            joined += token.text
            if len(jamo(joined)) > self._longest + 4:
                break
            alone = token is parts[position]
            start = parts[position].start
            if name := self._masked(title[start : token.end + 1], joined):
                best = (name, start, token.end + bool(TRAILING_MASK.search(title[start : token.end + 1])))
            name = self._whole(joined, alone=alone)
            if name is not None and (alone or _may_join(title[start : token.end], name, joined)):
                best = (name, start, token.end)
        return best or self._glued(title, parts[position])

    def _whole(self, joined: str, *, alone: bool) -> _Name | None:
        if name := self._exact.get(joined):
            return name
        if (name := self._leet.get(joined.translate(LEET))) and not name.ordinary:
            return name
        if (name := self._leet.get(joined.translate(LEET))) and any(char.isdigit() for char in joined):
            return name
        hangul = any(map(is_hangul, joined))
        if (
            hangul
            and (name := self._sound.get(sound(joined)))
            and (not name.ordinary or jamo(joined) == jamo(code_key(name.name)))
        ):
            return name
        if not alone:
            return None
        letters = jamo(joined)
        if len(letters) < SHORTEST_FUZZY:
            return None
        return next(filter(None, map(self._near.get, _shortened(letters))), None)

    def _masked(self, span: str, joined: str) -> _Name | None:
        """A name with a letter blotted out: Vel*anne, Vel○anne."""
        if not MASK.search(span):
            return None
        return self._blotted.get(joined)

    def _glued(self, title: str, token: Token) -> tuple[_Name, int, int] | None:
        """A Hangul name with a particle or a noun grown onto it: 벨하네용, 벨하네자켓."""
        if not token.is_hangul:
            return None
        for length in range(len(token.text) - 1, 1, -1):
            name = self._exact.get(token.text[:length])
            if name is not None and not name.ordinary:
                return name, token.start, _end_of(title, token, length)
        return None


def _end_of(title: str, token: Token, length: int) -> int:
    """The index in the original after the first ``length`` folded characters of a token."""
    return token.start + fold(title[token.start : token.end]).ends[length - 1]


def _may_join(span: str, name: _Name, joined: str) -> bool:
    """Whether tokens may be read together as ``name``.

    A name of several words is; letters taken apart by punctuation are; two ordinary words side by side are not, since
    any sentence holds some ("novel hanneman").
    """
    if " " in name.name or "-" in name.name or MASK.search(span):
        return True
    pieces = [piece for piece in re.split(r"[\W_]+", span) if piece]
    if not re.search(r"\s", span.strip()):
        return not name.ordinary or max(map(len, pieces)) <= 2
    if max(map(len, pieces)) == 1 and len(pieces) > 2:
        return True  # "메 도 우": nobody writes a word so by accident
    return not name.ordinary and max(map(len, pieces)) <= max(2, len(joined) - 3)


def _shortened(word: str) -> Iterator[str]:
    """The word and the word with each one letter left out: two words within one edit of each other share one of these."""
    yield word
    for index in range(len(word)):
        yield word[:index] + word[index + 1 :]


def _spelling(text: str) -> str:
    """What counts as the same honest spelling: case, spaces, hyphens, apostrophes and Unicode's two Hangul forms do not matter."""
    return re.sub(r"[\s\-·'’&.]+", " ", unicodedata.normalize("NFC", text)).strip().casefold()


def describe(span: str, name: str) -> str:
    """In words, how ``span`` hides ``name``."""
    hows = []
    for char in dict.fromkeys(span):
        folded = fold_character(char)
        if char.isascii():
            continue
        label = unicodedata.name(char, "unnamed character")
        if unicodedata.category(char) in IGNORABLE or folded == "":
            hows.append(f"invisible {label.lower()}")
        elif "FULLWIDTH" in label or (folded.isascii() and "MATHEMATICAL" in label) or "CIRCLED" in label:
            hows.append(f"{label.split(' LETTER')[0].split()[0].lower()} letters")
        elif folded.isascii() and folded.isalnum():
            hows.append(f"{label.split()[0].capitalize()} {char} for {folded}")
    if re.search(r"\w[\s._\-*·/|~,]+\w", span) and not re.search(r"[\s\-·]", name):
        hows.append("letters taken apart")
    if MASK.search(span):
        return "a letter blotted out"
    if any(char.isdigit() for char in span) and not any(char.isdigit() for char in name):
        hows.append("digits for letters")
    if re.search(r"[ㄱ-ㆎ]", span):
        hows.append("Hangul letters taken apart")
    return ", ".join(dict.fromkeys(hows)) or f"misspelt for {name}"


_FOR_BEFORE = re.compile(
    r"(?:\bfor|\bfits?|compatible\s+with|works\s+with|suitable\s+for|made\s+for|replacement\s+for|designed\s+for|spare\s+\w+\s+for)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
# "휴대용", "여성용" say what a thing is for, not what it fits.
_PURPOSE = r"휴대|여행|여성|남성|남녀공|가정|업소|아동|유아|캠핑|등산|선물|다용도|다|사무|학생|실내|실외|차량|겨울|여름|데일리|운동|공|겸|사|내|애|이|비|혼|전|신"
_FOR_AFTER = re.compile(
    rf"^[^,|/()\[\]]{{0,40}}?(?:호환|(?<!{')(?<!'.join(_PURPOSE.split('|'))})용(?=\s|$|[가-힣]{{0,2}}\s?(?:케이스|필름|스트랩|필터|커버|충전|파우치|밴드|이어팁|거치))|전용|compatible\b)",
    re.IGNORECASE,
)
_FOR_ANYWHERE = re.compile(r"호환|\bcompatible\b|사제|비정품", re.IGNORECASE)
_LIKE_BEFORE = re.compile(
    r"(?:\blike|similar\s+to|inspired\s+by|dupe\s+(?:of|for)|alternative\s+to|in\s+the\s+style\s+of)\s+(?:the\s+|a\s+)?$",
    re.IGNORECASE,
)
_LIKE_AFTER = re.compile(
    r"^\W{0,2}(?:style|styled|inspired|look|type|dupe|alternative|스타일|st\b|느낌|풍|감성|타입|맛|st\.)", re.IGNORECASE
)
_VERSUS_BEFORE = re.compile(
    r"(?:\bvs\.?|\bversus|why\s+(?:pay|pick|buy|choose)(?:\s+for)?|instead\s+of|tired\s+of|forget|better\s+than|cheaper\s+than|compared\s+(?:to|with)|rivals?|beats|not)\s+(?:the\s+|a\s+)?$",
    re.IGNORECASE,
)
_VERSUS_AFTER = re.compile(
    r"^\W{0,2}(?:vs\.?\b|versus\b|보다|대비|대신|못지\s*않|(?:이|가|도)?\s*부럽지|버금|저리\s*가라|비교|급\s*성능)",
    re.IGNORECASE,
)
_STUFFING_BEFORE = re.compile(r"(?:#\s*|\btags?\s*:?\s*|키워드\s*:?\s*|(?:^|\W)not\s+)$", re.IGNORECASE)


def role_of(title: str, start: int, end: int) -> Role:
    """What the title says with a brand's name at ``start:end``: the goods are it, for it, like it, or compared with it."""
    before, after = title[:start].rstrip("[(\"'“ ") + " ", title[end:]
    if _VERSUS_BEFORE.search(before) or _VERSUS_AFTER.search(after):
        return Role.VERSUS
    if _LIKE_BEFORE.search(before) or _LIKE_AFTER.search(after):
        return Role.LIKE
    if _FOR_BEFORE.search(before) or _FOR_AFTER.search(after) or _FOR_ANYWHERE.search(title):
        return Role.FOR
    if _STUFFING_BEFORE.search(title[:start]):
        return Role.STUFFING
    return Role.IS


def context_words(brand: Brand, title: str) -> int:
    """How many of the words that show that an ordinary word means the brand a title holds."""
    here = set(words(title))
    return sum(set(words(context)) <= here for context in brand.context)
