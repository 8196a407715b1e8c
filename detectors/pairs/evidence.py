"""What decides between siblings: model numbers, measures, editions, colours, makers and prices of two records."""

import math
from collections.abc import Iterable, Mapping
from typing import Protocol

from rapidfuzz import fuzz

from detectors.pairs.records import Prepared

Measures = Mapping[str, frozenset[float]]

MISSING = -1.0  # of evidence that one side or both do not give
MISSING_LOGARITHM = -9.0  # of a ratio that may be -1 itself: no price is e^9 times another of the same goods
_ONE = frozenset((1.0,))
_LONGEST_TELLING = 8  # letters; longer model numbers do not tell more
_SHORTEST_WITHIN = 3  # letters of a name or number that is looked for inside a text without spaces
_SHORTEST_AFFIX = 4  # letters of a model number that another one may begin or end with
_AFFIX = 0.97  # likeness of "sl2870" and "sl2870us": mostly the same model in another country or colour; set by hand
# Shops round: 15.4 inch is sold as 15, but 16 gb is not 17, so within 3 % and 5 at least.
_ROUNDED, _LEAST_ROUNDED = 0.03, 5


class Weights(Protocol):
    """How much a word tells, 0 to 1 (see `detectors.pairs.comparison.Rarity`)."""

    def __getitem__(self, word: str) -> float:
        """The weight of a word."""


def codes(left: Prepared, right: Prepared, rarity: Weights) -> dict[str, float]:
    """Model numbers: whether one meets, how near the nearest is, and whether both sides have some and none meets."""
    return {
        **_codes("title", left, right, (left.title_codes, right.title_codes), rarity),
        **_codes("all", left, right, (left.codes, right.codes), rarity),
        "model_equal": float(left.model == right.model) if left.model and right.model else MISSING,
        "model_in_other": max(_within(left.model, right), _within(right.model, left)),
        "model_near": fuzz.ratio(left.model, right.model) / 100.0 if left.model and right.model else MISSING,
    }


def _codes(
    name: str, left: Prepared, right: Prepared, sides: tuple[frozenset[str], frozenset[str]], rarity: Weights
) -> dict[str, float]:
    mine, theirs = sides
    met_left = [code for code in mine if code in right.compact]
    met_right = [code for code in theirs if code in left.compact]
    meets = bool(met_left or met_right)
    met = max((rarity[code] * len(code) for code in (*met_left, *met_right)), default=0.0)
    lone_left = [code for code in mine if code not in right.compact and not _holds(code, met_right)]
    lone_right = [code for code in theirs if code not in left.compact and not _holds(code, met_left)]
    weight_left, weight_right = _telling(lone_left, rarity), _telling(lone_right, rarity)
    both = min(weight_left, weight_right)
    return {
        f"code_{name}_met": met,
        f"code_{name}_conflict": float(bool(mine and theirs) and not meets),
        f"code_{name}_near": 1.0 if meets else _nearest(mine, theirs),
        f"code_{name}_share_left": len(met_left) / len(mine) if mine else MISSING,
        f"code_{name}_share_right": len(met_right) / len(theirs) if theirs else MISSING,
        f"code_{name}_lone_left": weight_left,
        f"code_{name}_lone_right": weight_right,
        f"code_{name}_lone_both": both,
        f"code_{name}_lone_near": _nearest(lone_left, lone_right),
        f"code_{name}_balance": met - both,
    }


def _holds(code: str, met: Iterable[str]) -> bool:
    """Whether a code has a met one inside: "rol23390" is no lone code where "23390" met."""
    return any(found in code for found in met)


def _telling(lone: Iterable[str], rarity: Weights) -> float:
    return max((rarity[code] * min(len(code), _LONGEST_TELLING) for code in lone), default=0.0)


def _nearest(mine: Iterable[str], theirs: Iterable[str]) -> float:
    """Likeness of the two nearest model numbers, 0 to 1; one that begins or ends with the other is always near."""
    best = MISSING
    others = tuple(theirs)
    for code in mine:
        for other in others:
            likeness = fuzz.ratio(code, other) / 100.0
            short, long = (code, other) if len(code) < len(other) else (other, code)
            if len(short) >= _SHORTEST_AFFIX and (long.startswith(short) or long.endswith(short)):
                likeness = max(likeness, _AFFIX)
            best = max(best, likeness)
    return best


def _within(code: str, other: Prepared) -> float:
    return float(code in other.compact) if len(code) >= _SHORTEST_WITHIN else MISSING


def quantities(left: Prepared, right: Prepared) -> dict[str, float]:
    """Measures and bare numbers: units on which both agree or differ, packs, versions, numbers without a partner."""
    mine, theirs = left.title_numbers, right.title_numbers
    union = len(mine | theirs)
    my_versions, their_versions = _versions(mine), _versions(theirs)
    packs = [max(side.title_measures.get("pack", _ONE) | _ONE) for side in (left, right)]
    return {
        **_measures("title", left.title_measures, right.title_measures),
        **_measures("all", left.measures, right.measures),
        "pack_ratio": min(packs) / max(packs),
        "numbers_jaccard": len(mine & theirs) / union if union else MISSING,
        "numbers_conflict": float(bool(mine and theirs) and not mine & theirs),
        "numbers_alone_left": float(len(mine - right.numbers)),
        "numbers_alone_right": float(len(theirs - left.numbers)),
        "versions": _agreement(my_versions, their_versions),
        "versions_one_side": float(bool(my_versions) != bool(their_versions)),
    }


def _measures(name: str, mine: Measures, theirs: Measures) -> dict[str, float]:
    shared = mine.keys() & theirs.keys()
    agree = sum(bool(mine[unit] & theirs[unit]) or _close(mine[unit], theirs[unit]) for unit in shared)
    return {
        f"measures_{name}_agree": float(agree),
        f"measures_{name}_conflict": float(len(shared) - agree),
        f"measures_{name}_alone": float(len(mine.keys() ^ theirs.keys())),
    }


def _close(left: frozenset[float], right: frozenset[float]) -> bool:
    return any(abs(a - b) <= _ROUNDED * max(a, b) and min(a, b) >= _LEAST_ROUNDED for a in left for b in right)


def _versions(numbers: frozenset[str]) -> frozenset[str]:
    """Numbers that can be a version or a year of software: below 100, or 19xx and 20xx; '06 is 2006."""
    long = {f"20{number}" if len(number) == 2 and number[0] == "0" else number for number in numbers}
    return frozenset(
        number for number in long
        if len(number.split(".")[0]) <= 2 or (len(number) == 4 and number[:2] in ("19", "20"))
    )  # fmt: skip


def _agreement(left: frozenset[str], right: frozenset[str]) -> float:
    """1 for equal sets, 0.5 for overlapping and 0 for disjoint ones."""
    if not left or not right:
        return MISSING
    return 1.0 if left == right else 0.5 if left & right else 0.0


def vocabulary(left: Prepared, right: Prepared, rarity: Weights) -> dict[str, float]:
    """Closed lists (colour, edition) and the maker: agreement, and what one side alone has."""
    makers = (_names(left.brand, right), _names(right.brand, left))
    return {
        "colour": _agreement(left.colours, right.colours),
        "colour_one_side": float(bool(left.colours) != bool(right.colours)),
        "edition": _agreement(left.editions, right.editions),
        "edition_alone_left": float(len(left.editions - right.editions)),
        "edition_alone_right": float(len(right.editions - left.editions)),
        "brand_either": max(makers),
        "brand_both": min(makers),
        "brand_rarity": rarity[left.brand] if left.brand == right.brand else MISSING,
    }


def _names(brand: str, other: Prepared) -> float:
    return float(brand in other.everything or (len(brand) >= _SHORTEST_WITHIN and brand in other.compact))


def money(left: Prepared, right: Prepared) -> dict[str, float]:
    """How far apart the prices are: smaller to larger, for the nearest two when a text names several."""
    ratios = [min(a, b) / max(a, b) for a in left.prices for b in right.prices if a > 0.0 and b > 0.0]
    signed = math.log(left.price) - math.log(right.price) if left.price and right.price else MISSING_LOGARITHM
    return {"price_ratio": max(ratios, default=MISSING), "price_log": signed}
