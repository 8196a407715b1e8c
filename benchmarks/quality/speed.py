"""Titles per second of one core as the catalog grows a hundredfold, beside rapidfuzz over the same names.

The names are seeded words that can be pronounced, so that they share beginnings and endings as real names do.
"""

import time
from random import Random

from rapidfuzz import fuzz, process

from detectors.mentions import MentionIndex
from touchstone.catalog import Brand

SIZES = (1_000, 10_000, 100_000)
FLAT = 0.5  # the least that may be left of the speed at the fewest names
TITLES = 1_000
PEER_TITLES = {1_000: 100, 10_000: 20, 100_000: 3}
CONSONANTS = ("b", "c", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "st", "ch", "tr")
ENDS = ("", "", "n", "r", "s", "x", "lle", "ck")


def invented(count: int, rng: Random) -> list[str]:
    """So many different words of two to four syllables, one in ten of two words."""
    words: dict[str, None] = {}
    while len(words) < count:
        word = _word(rng)
        words[f"{word} {_word(rng)}" if rng.random() < 0.1 else word] = None
    return list(words)


def _word(rng: Random) -> str:
    syllables = (rng.choice(CONSONANTS) + rng.choice("aeiou") for _ in range(rng.choice((2, 3, 3, 4))))
    return "".join(syllables) + rng.choice(ENDS)


def print_speed(titles: list[str], seed: int) -> dict[int, float]:
    """The table, and titles per second by number of names."""
    rng = Random(seed)
    sample = rng.sample(titles, min(TITLES, len(titles)))
    names = invented(SIZES[-1], rng)
    speeds = {}
    print(
        f"\n{'names':>8}{'titles/s':>10}{'build s':>9}{'titles hit':>12}{'extractOne titles/s':>21}   (CPU of one core)"
    )
    for size in SIZES:
        brands = tuple(Brand(id=f"b{at}", name=name) for at, name in enumerate(names[:size]))
        begun = time.process_time()
        index = MentionIndex(brands)
        built = time.process_time()
        hit = sum(bool(index.find(title)) for title in sample)
        ended = time.process_time()
        speeds[size] = len(sample) / (ended - built)
        for title in sample[: PEER_TITLES[size]]:
            process.extractOne(title, names[:size], scorer=fuzz.partial_ratio, score_cutoff=90)
        peer = PEER_TITLES[size] / (time.process_time() - ended)
        print(f"{size:8}{speeds[size]:10.0f}{built - begun:9.2f}{hit / len(sample):12.1%}{peer:21.1f}")
    return speeds


def is_flat(speeds: dict[int, float]) -> bool:
    """Whether enough of the speed is left at the most names; says so."""
    left = speeds[SIZES[-1]] / speeds[SIZES[0]]
    print(f"left at {SIZES[-1]:,} names: {left:.2f} of the speed; floor {FLAT}{'  MISSED' if left < FLAT else ''}")
    return left >= FLAT
