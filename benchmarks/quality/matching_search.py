"""Whether the product of a listing is among its candidates, and how many listings a core gets through."""

import time
from random import Random

import numpy as np

from benchmarks.quality.matching_sets import ABT, GOOGLE, SETS, WALMART, Sets
from detectors.pairs.candidates import Index, lookup_text
from detectors.pairs.matcher import KEPT, PairMatcher
from detectors.pairs.records import Record, prepare

COMPARED = (1, KEPT, 5, 10)
AMONG = (1, 3, 5, 10)
FLOOR_RECALL, FLOOR_SPEED = 0.98, 1_500
SIZES = (1_000, 10_000, 100_000)
LISTINGS = 1_000
SEED = 5


def print_candidates(sets: Sets) -> bool:
    """Recall of the search among the first few, over the true pairs of train and part; whether the floor is missed."""
    print(
        f"\n{'recall of candidates among':30}{''.join(f'{count:>8}' for count in AMONG)}   floor at 10: {FLOOR_RECALL}"
    )
    missed = False
    for name in SETS:
        left, right = ([lookup_text(prepare(record)) for record in table] for table in sets.records(name))
        true = [
            (row, product)
            for part in ("train", sets.part)
            for row, product, label in sets.labelled(name, part)
            if label
        ]
        for title, most in ((name, None), ("  without a cut", len(right))):
            found = Index(right, most=most).top(left, AMONG[-1]).rows
            recall = [float(np.mean([product in found[row][:count] for row, product in true])) for count in AMONG]
            short = most is None and recall[-1] < FLOOR_RECALL
            missed |= short
            print(
                f"{title:30}{''.join(f'{figure:8.3f}' for figure in recall)}{'  MISSED' if short else ''}", flush=True
            )
    return missed


def print_speed(sets: Sets) -> bool:
    """Listings for each second of CPU as the catalog grows; whether the floor is missed at the largest."""
    rng = Random(SEED)
    tables = [sets.records(name) for name in (ABT, GOOGLE, WALMART)]
    listings = [Record(title=record.title) for left, _ in tables for record in left]
    listings = rng.sample(listings, min(LISTINGS, len(listings)))
    real = [record for _, right in tables for record in right]
    print("\nlistings for each second of CPU")
    print(
        f"{'products':>10}{'s to build':>12}{'search':>12}{''.join(f'{kept} compared'.rjust(12) for kept in COMPARED)}"
    )
    speeds: list[float] = []
    for size in SIZES:
        catalog = _grown(real, size, rng)
        start = time.process_time()
        matcher = PairMatcher(catalog)
        built = time.process_time() - start
        prepared = [prepare(listing) for listing in listings]
        start = time.process_time()
        matcher.candidates(prepared)
        search = len(listings) / (time.process_time() - start)
        speeds = []
        for kept in COMPARED:
            start = time.process_time()
            matcher.match(listings, kept=kept)
            speeds.append(len(listings) / (time.process_time() - start))
        print(f"{size:10,}{built:12.1f}{search:12,.0f}{''.join(f'{speed:12,.0f}' for speed in speeds)}", flush=True)
    missed = speeds[COMPARED.index(KEPT)] < FLOOR_SPEED
    print(f"floor at {SIZES[-1]:,} products, {KEPT} compared: {FLOOR_SPEED:,}{'  MISSED' if missed else ''}")
    return missed


def _grown(real: list[Record], size: int, rng: Random) -> list[Record]:
    """Real products, and siblings of them once they run out: other digits, and one word in five from elsewhere."""
    catalog = rng.sample(real, min(size, len(real)))
    while len(catalog) < size:
        record, other = rng.choice(real), rng.choice(real)
        digits = str.maketrans("0123456789", "".join(rng.sample("0123456789", 10)))
        words, spare = record.title.translate(digits).split(), other.title.split() or [""]
        for _ in range(max(1, len(words) // 5) if words else 0):
            words[rng.randrange(len(words))] = rng.choice(spare)
        catalog.append(
            Record(
                title=" ".join(words), brand=record.brand, model=record.model.translate(digits),
                category=record.category, description=record.description.translate(digits), price=record.price,
            )
        )  # fmt: skip
    return catalog
