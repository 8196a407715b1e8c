"""What two product records have in common and what keeps them apart, as named numbers.

Nothing here reads a file, a clock or a label: the only context is `Rarity`, how rare each word is among the records at
hand. The numbers mean nothing alone; ``weights.json`` says what they add up to.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec
from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

from detectors.pairs.evidence import codes, money, quantities, vocabulary
from detectors.pairs.records import Prepared, is_number

# Words shorter than this are never looked for inside another word, nor compared by spelling: "in" is within everything.
_LEAST_SOFT = 4
# What a word counts for that the other side has but for its spelling: cut short ("speaker", "speakers"), nearly alike
# (its Jaro-Winkler similarity, from this on), abbreviated ("plyr"). They are steps of trust, set by hand: the trees
# weigh what comes of them.
_CUT_SHORT, _NEARLY, _ABBREVIATED = 0.9, 0.9, 0.7
_SHORTEST_ABBREVIATION = 3
_LEAST_ABBREVIATED = 5  # letters of a word that shops shorten
_MOST_LEFT_OUT = 2.5  # times as long as its abbreviation is a word at most


class Rarity:
    """How much a word tells: its inverse document frequency among the records at hand, a unique word weighing 1.

    Scaling by the logarithm of the size makes weights of 1,000 and of 100,000 products comparable, which a model moved
    between them needs.
    """

    def __init__(self, documents: Iterable[Iterable[str]]) -> None:
        counts: Counter[str] = Counter()
        size = 0
        for document in documents:
            counts.update(document)
            size += 1
        most = math.log(1.0 + size)
        self._weights = {word: math.log((1.0 + size) / count) / most for word, count in counts.items()}

    def __getitem__(self, word: str) -> float:
        """The weight of a word, from 0 (in every record) to 1 (in one record, or never seen)."""
        return self._weights.get(word, 1.0)


class Side(msgspec.Struct, frozen=True):
    """How much of one record's words the other has: weights of what met and what did not, and which words those are."""

    met: float
    missed: float
    unmatched: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the weight that met, 0 to 1; 0 for a record without words."""
        total = self.met + self.missed
        return self.met / total if total else 0.0


def cover(words: Iterable[str], other: Prepared, rarity: Rarity, *, whole: bool) -> Side:
    """Each word looked for in the other title (or ``whole`` record): as it is, in the compact text, or alike."""
    other_words = other.everything if whole else other.word_set
    initials = other.all_initials if whole else other.initials
    met, missed = 0.0, 0.0
    unmatched: list[str] = []
    for word in words:
        weight = rarity[word]
        if word in other_words or (len(word) >= _LEAST_SOFT and word in other.compact):
            met += weight
        elif (likeness := _softly(word, initials)) > 0.0:
            met += weight * likeness
            missed += weight * (1.0 - likeness)
        else:
            missed += weight
            unmatched.append(word)
    return Side(met, missed, tuple(unmatched))


def _softly(word: str, initials: Mapping[str, tuple[str, ...]]) -> float:
    """Likeness of the nearest spelling, or 0 when none is near. Digits must agree: 3000 is not nearly 4000."""
    if len(word) < _LEAST_SOFT or not word.isalpha():
        return 0.0
    best = 0.0
    others = initials.get(word[0], ())
    for other in others:
        if word.startswith(other) or other.startswith(word):
            best = max(best, _CUT_SHORT)
        else:
            best = max(best, JaroWinkler.similarity(word, other, score_cutoff=_NEARLY))
    if best == 0.0 and len(word) >= _LEAST_ABBREVIATED:
        best = _ABBREVIATED if any(_abbreviates(other, word) for other in others) else 0.0
    return best


def _abbreviates(short: str, word: str) -> bool:
    """Whether ``short`` is ``word`` with letters left out, and vowels first of all: "plyr" for "player"."""
    if not (_SHORTEST_ABBREVIATION <= len(short) < len(word) <= len(short) * _MOST_LEFT_OUT and short.isalpha()):
        return False
    letters = iter(word)
    return all(letter in letters for letter in short) and not any(vowel in short[1:] for vowel in "aeiou")


def compare(left: Prepared, right: Prepared, rarity: Rarity) -> dict[str, float]:
    """All that two records have in common or not, by name, always the same names in the same order, all finite.

    ``left`` is the listing, ``right`` the product. Missing evidence is -1, never 0: "no price" must not look like
    "equal prices".
    """
    left_title = cover(left.words, right, rarity, whole=False)
    right_title = cover(right.words, left, rarity, whole=False)
    left_whole = cover(left_title.unmatched, right, rarity, whole=True)
    right_whole = cover(right_title.unmatched, left, rarity, whole=True)
    return {
        **_overlap(left_title, right_title, left_whole, right_whole),
        **_unmatched("title_left", left_title.unmatched, rarity),
        **_unmatched("title_right", right_title.unmatched, rarity),
        **_unmatched("whole_left", left_whole.unmatched, rarity),
        **_unmatched("whole_right", right_whole.unmatched, rarity),
        **_spelling(left, right),
        **codes(left, right, rarity),
        **quantities(left, right),
        **vocabulary(left, right, rarity),
        **money(left, right),
    }


def _overlap(left: Side, right: Side, left_whole: Side, right_whole: Side) -> dict[str, float]:
    """Words in common, weighted by rarity. Low and high order the sides, so that they read the same both ways."""
    low, high = sorted((left.share, right.share))
    left_total, right_total = left.met + left.missed, right.met + right.missed
    total = left_total + right_total
    missed_low, missed_high = sorted((left_whole.missed, right_whole.missed))
    whole_left = 1.0 - left_whole.missed / left_total if left_total else 0.0
    whole_right = 1.0 - right_whole.missed / right_total if right_total else 0.0
    return {
        "title_cover_left": left.share,
        "title_cover_right": right.share,
        "title_cover_low": low,
        "title_cover_high": high,
        "title_dice": (left.met + right.met) / total if total else 0.0,
        "title_met": (left.met + right.met) / 2.0,
        "whole_cover_left": whole_left,
        "whole_cover_right": whole_right,
        "whole_cover_low": min(whole_left, whole_right),
        "whole_missed_low": missed_low,
        "whole_missed_high": missed_high,
        "title_missed_left": left.missed,
        "title_missed_right": right.missed,
    }


def _unmatched(name: str, words: tuple[str, ...], rarity: Rarity) -> dict[str, float]:
    """What stayed unmatched: how many words, the rarest, and sums over words, numbers and mixtures of both."""
    letters = numbers = mixed = most = 0.0
    for word in words:
        weight = rarity[word]
        most = max(most, weight)
        if word.isalpha():
            letters += weight
        elif is_number(word):
            numbers += weight
        else:
            mixed += weight
    return {
        f"{name}_rarest": most,
        f"{name}_count": float(len(words)),
        f"{name}_letters": letters,
        f"{name}_numbers": numbers,
        f"{name}_mixed": mixed,
    }


def _spelling(left: Prepared, right: Prepared) -> dict[str, float]:
    """Similarity of the titles as strings, 0 to 1."""
    short, long = sorted((left.compact_title, right.compact_title), key=len)
    return {
        "ratio": fuzz.ratio(left.compact_title, right.compact_title) / 100.0,
        "token_sort": fuzz.ratio(left.sorted_title, right.sorted_title) / 100.0,
        "token_set": fuzz.token_set_ratio(left.title, right.title) / 100.0,
        "partial": fuzz.partial_ratio(short, long) / 100.0,
        "jaro_winkler": JaroWinkler.similarity(left.title, right.title),
        "length_ratio": len(short) / len(long) if long else 0.0,
        "same_first": float(bool(left.words and right.words) and left.words[0] == right.words[0]),
        "words_left": float(len(left.words)),
        "words_right": float(len(right.words)),
    }
