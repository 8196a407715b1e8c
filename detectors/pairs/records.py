"""A product record as a shop writes it, and the same taken apart, so that each comparison is set arithmetic."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from math import inf

import msgspec

from detectors.pairs.vocabulary import COLOURS, EDITIONS, NUMERALS, UNITS

_UNIT_WORDS = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
# Nine digits at most: longer ones are no measures, and hundreds of them would be infinite.
_MEASURE = re.compile(rf"(?<![\w.])(\d{{1,9}}(?:\.\d{{1,9}})?)[ -]?({_UNIT_WORDS})(?![a-z0-9])")
# An Amazon article number names an offer in one shop, never the maker's model, so it can only seem to conflict.
_ASIN = re.compile(r"b0[0-9a-z]{8}")
# "6-outlet", "17-inch", "12-month": a number that counts a word is no model number.
_COUNTED = re.compile(r"\d{1,4}-[a-z]{3,}")
_SPACES = re.compile(r"\s+")
_BROKEN_DECIMAL = re.compile(r"(\d)\s+\.(\d)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ZERO_TAIL = re.compile(r"(\d)\.0+(?!\d)")
_VERSION = re.compile(r"\b(?:v|ver|version)\s?\.?\s?(\d)")
_WORD = re.compile(r"\d+\.\d+|[^\W_]+")
_NOT_ALNUM = re.compile(r"[\W_]+")
_PRICE_LIKE = re.compile(r"(?<![\w.])\d{1,5}\.\d{1,2}(?![\w.])")
# Marks a chunk that is a measure, so that "5400rpm" is never taken for a model number; no shop writes it in a word.
_MEASURED = "\N{SECTION SIGN}"
# Letters and digits of a model number; shorter ones are sizes ("xl2"), and none in the three sets of pairs is longer.
_SHORTEST_MODEL, _LONGEST_MODEL = 4, 24
_SHORTEST_FIELD = 3  # of a model number in a field of its own, where nothing else is expected
_SHORTEST_DIGITS = 5  # of a model number without letters; four digits are a year or an amount
_SHORTEST_SPELLED = 3  # letters of a word whose spelling is compared


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One product as a shop describes it; what the shop does not say is empty. Only the title is needed.

    ``price`` is in whatever currency both sides of a comparison share.
    """

    title: str
    brand: str = ""
    model: str = ""
    category: str = ""
    description: str = ""
    price: float | None = None


class Parts(msgspec.Struct, frozen=True):
    """A text taken apart: its words, its model numbers, and its measures by unit."""

    words: tuple[str, ...]
    codes: frozenset[str]
    measures: Mapping[str, frozenset[float]]


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A record taken apart once and compared many times.

    ``initials`` groups the words of letters by their first one, as spelling is compared within a group only; ``lookup``
    is title, brand and model without spaces, for candidates; ``words`` are those of the title, ``everything`` those of
    all fields; ``codes`` are model numbers without punctuation; ``measures`` maps a unit to its values; ``numbers`` are
    bare numbers; ``compact`` is the whole text without spaces or punctuation.
    """

    title: str
    sorted_title: str
    lookup: str
    words: tuple[str, ...]
    word_set: frozenset[str]
    everything: frozenset[str]
    initials: Mapping[str, tuple[str, ...]]
    all_initials: Mapping[str, tuple[str, ...]]
    compact: str
    compact_title: str
    codes: frozenset[str]
    title_codes: frozenset[str]
    model: str
    measures: Mapping[str, frozenset[float]]
    title_measures: Mapping[str, frozenset[float]]
    numbers: frozenset[str]
    title_numbers: frozenset[str]
    colours: frozenset[str]
    editions: frozenset[str]
    brand: str
    price: float | None
    prices: tuple[float, ...]


def normalise(text: str) -> str:
    """Every spelling of a text in one form: no case, accents, broken decimals, thousands commas or trailing zeros."""
    plain = text.lower() if text.isascii() else _without_accents(text)
    plain = _BROKEN_DECIMAL.sub(r"\1.\2", plain)
    plain = _THOUSANDS.sub("", plain)
    plain = _ZERO_TAIL.sub(r"\1", plain)
    plain = _VERSION.sub(r"\1", plain)
    return _SPACES.sub(" ", plain).strip()


def _without_accents(text: str) -> str:
    """Compatibility forms folded and combining marks dropped; Hangul is composed again, its letters being no marks."""
    decomposed = unicodedata.normalize("NFKD", text).lower()
    return unicodedata.normalize("NFC", "".join(letter for letter in decomposed if not unicodedata.combining(letter)))


def parts_of(text: str) -> Parts:
    """Normalised text taken apart. Each measure becomes one word, so that "8 gb", "8gb" and "8000 mb" are the same."""
    measures: dict[str, set[float]] = {}

    def glue(found: re.Match[str]) -> str:
        unit, factor = UNITS[found[2]]
        value = round(float(found[1]) * factor, 3)
        measures.setdefault(unit, set()).add(value)
        return f"{value:.10g}{unit}{_MEASURED} "

    glued = _MEASURE.sub(glue, text)
    codes = frozenset(code for chunk in glued.split() if _MEASURED not in chunk and (code := _code(chunk)))
    words = tuple(NUMERALS.get(word, word) for word in _WORD.findall(glued))
    return Parts(words, codes, {unit: frozenset(values) for unit, values in measures.items()})


def _code(chunk: str) -> str:
    """The chunk as a model number: letters with digits, or digits enough; empty when it is none."""
    code = _NOT_ALNUM.sub("", chunk)
    if not _SHORTEST_MODEL <= len(code) <= _LONGEST_MODEL or code.isalpha():
        return ""
    if code.isdigit():
        return code.lstrip("0") if len(code) >= _SHORTEST_DIGITS and "." not in chunk else ""
    return "" if _ASIN.fullmatch(code) or _COUNTED.fullmatch(chunk) else code


def prepare(record: Record) -> Prepared:
    """A record taken apart, in some 70 microseconds for a title of ten words."""
    title = normalise(record.title)
    rest = normalise(f"{record.brand} {record.model} {record.category} {record.description}")
    own, other = parts_of(title), parts_of(rest)
    words, all_words = own.words, (*own.words, *other.words)
    model = _model(record.model)
    own_model = frozenset((model,)) if len(model) >= _SHORTEST_FIELD else frozenset()
    compact_title = _NOT_ALNUM.sub("", title)
    brand_words = _WORD.findall(normalise(record.brand)) or words[:1]
    return Prepared(
        title=title,
        sorted_title=" ".join(sorted(words)),
        lookup=_NOT_ALNUM.sub("", normalise(f"{record.title} {record.brand} {record.model}")),
        words=tuple(dict.fromkeys(words)),
        word_set=frozenset(words),
        everything=frozenset(all_words),
        initials=_by_initial(words),
        all_initials=_by_initial(all_words),
        compact=f"{compact_title} {_NOT_ALNUM.sub('', rest)}",
        compact_title=compact_title,
        codes=own.codes | other.codes | own_model,
        title_codes=own.codes | own_model,
        model=model,
        measures=_union(own.measures, other.measures),
        title_measures=own.measures,
        numbers=frozenset(filter(is_number, all_words)),
        title_numbers=frozenset(filter(is_number, words)),
        colours=frozenset(COLOURS[word] for word in all_words if word in COLOURS),
        editions=frozenset(EDITIONS[word] for word in words if word in EDITIONS),
        brand=brand_words[0] if brand_words else "",
        price=_priced(record.price),
        prices=_prices(record),
    )  # fmt: skip


def _model(field: str) -> str:
    """A field for model numbers as one; shops put titles and colours there too ("high contrast matte white")."""
    model = _NOT_ALNUM.sub("", field.lower()).lstrip("0")
    is_text = model.isalpha() and " " in field.strip()
    return "" if is_text or len(model) > _LONGEST_MODEL or _ASIN.fullmatch(model) else model


def _priced(price: float | None) -> float | None:
    return price if price is not None and 0.0 < price < inf else None


def _prices(record: Record) -> tuple[float, ...]:
    """The price, or else every number of the title that is written as one."""
    price = _priced(record.price)
    return (price,) if price is not None else tuple(map(float, _PRICE_LIKE.findall(record.title.lower())))


def _union(one: Mapping[str, frozenset[float]], two: Mapping[str, frozenset[float]]) -> dict[str, frozenset[float]]:
    return {unit: one.get(unit, frozenset()) | two.get(unit, frozenset()) for unit in one.keys() | two.keys()}


def _by_initial(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for word in dict.fromkeys(words):
        if len(word) >= _SHORTEST_SPELLED:
            groups.setdefault(word[0], []).append(word)
    return {initial: tuple(group) for initial, group in groups.items()}


def is_number(word: str) -> bool:
    """Whether a word is a bare number, with or without decimals."""
    return word[0].isdigit() and word.replace(".", "", 1).isdigit()
