"""How well the product of a listing is told, beside simple peers and published figures.

Reads ``entity-matching/`` of the folder that ``TOUCHSTONE_BENCH_DATA`` names: Abt-Buy, Amazon-Google and
Walmart-Amazon, the last also with values in wrong columns ("dirty"). Models are trained on ``train.csv`` alone and
judged on ``--part``. Tables: ``own`` (trained on the set's own labels) with ``peers`` (string similarities, their
threshold chosen on train), ``generic`` (no label of the set was seen), ``few`` (100 to 1,000 labels were),
``candidates`` (is the product among ten), ``speed``; all of them when none is asked for. ``export`` writes the weights
that ship.
"""

import argparse
import sys
from collections.abc import Callable

import numpy as np
from rapidfuzz import fuzz, utils

from benchmarks.data import data_folder
from benchmarks.quality.matching_search import print_candidates, print_speed
from benchmarks.quality.matching_sets import ABT, DIRTY, GOOGLE, OTHERS, SETS, WALMART, Sets
from benchmarks.quality.matching_training import (
    SEEDS,
    Untrainable,
    best_threshold,
    export,
    f1,
    generic_scores,
    raw,
    trained_on_few,
    trained_on_own,
)
from detectors.pairs.forest import WEIGHTS, Forest, log_odds, threshold_without_labels
from detectors.pairs.matcher import SAME

FLOORS = {ABT: 0.92, GOOGLE: 0.76, WALMART: 0.88, DIRTY: 0.86}
FLOORS_GENERIC = {ABT: 0.80, GOOGLE: 0.65, WALMART: 0.65, DIRTY: 0.62}
# F1 on the test parts. Magellan, DeepMatcher: Mudgal et al., "Deep Learning for Entity Matching", SIGMOD 2018. Ditto:
# Li et al., "Deep Entity Matching with Pre-Trained Language Models", VLDB 2021. GPT-4 without labels: Peeters, Steiner
# and Bizer, "Entity Matching using Large Language Models", EDBT 2025. None gives GPT-4 for the dirty set.
PUBLISHED = {
    "Magellan": (0.436, 0.491, 0.719, 0.374),
    "DeepMatcher": (0.628, 0.693, 0.676, 0.538),
    "Ditto": (0.893, 0.756, 0.868, 0.857),
    "GPT-4": (0.958, 0.764, 0.897, None),
}
SCORERS = (fuzz.ratio, fuzz.token_sort_ratio, fuzz.token_set_ratio, fuzz.partial_ratio, fuzz.WRatio)
# Figures to reach with so many labels, for Abt-Buy, Amazon-Google and Walmart-Amazon.
KNOWN_FEW = {100: (0.87, 0.66, 0.82), 300: (0.89, 0.65, 0.85), 1000: (0.91, 0.68, 0.87)}
DRAWS = 3
FIRST_DRAW = 20  # seed; how labels are used was chosen on draws 0 to 12
SEEDS_GENERIC = (*SEEDS, 2)


def print_own(sets: Sets) -> bool:
    """The table of models trained on a set's own labels; whether a floor is missed."""
    scores = {}
    for name in SETS:
        pairs = sets.pairs(name)
        told, labels = trained_on_own(pairs), pairs.labels
        out_of_fold, bound = best_threshold(labels[pairs.known], told[pairs.known])
        scores[name] = out_of_fold, f1(labels[pairs.judged], told[pairs.judged] >= bound)
    print(f"\n{'F1, own labels':33}{''.join(f'{name:>17}' for name in SETS)}")
    _row("this, out of fold on train", [scores[name][0] for name in SETS])
    _row(f"this, on {sets.part}", [scores[name][1] for name in SETS])
    _row("floor", list(FLOORS.values()))
    return _missed({name: judged for name, (_, judged) in scores.items()}, FLOORS)


def print_peers(sets: Sets) -> bool:
    """String similarities of titles in this run, and what others published."""
    print(f"\n{'F1, peers':33}{''.join(f'{name:>17}' for name in SETS)}")
    for scorer in SCORERS:
        _row(f"rapidfuzz {scorer.__name__}", [_by_scorer(sets, name, scorer) for name in SETS])
    for name, figures in PUBLISHED.items():
        _row(f"{name} (published, on test)", list(figures))
    return False


def _by_scorer(sets: Sets, name: str, scorer: Callable[..., float]) -> float:
    left, right = ([utils.default_process(record.title) for record in table] for table in sets.records(name))
    scores, labels = [], []
    for part in ("train", sets.part):
        pairs = sets.labelled(name, part)
        scores.append(np.array([scorer(left[row], right[product]) for row, product, _ in pairs]))
        labels.append(np.array([label for *_, label in pairs]))
    _, bound = best_threshold(labels[0], scores[0])
    return f1(labels[1], scores[1] >= bound)


def print_generic(sets: Sets) -> bool:
    """Models that saw no label of the set, for batches and for one listing as shipped; whether a floor is missed."""
    print(f"\n{'F1, no label of the set seen':33}{''.join(f'{name:>17}' for name in SETS)}")
    missed = False
    for form, title, seeds in (("batch", "batch", SEEDS_GENERIC), ("alone", "one listing", (0,))):
        rows: dict[str, dict[str, float]] = {"own line": {}, "fixed line": {}, "best line there is": {}, "line": {}}
        everything = {}
        for name in SETS:
            pairs = sets.pairs(name)
            scores = generic_scores(sets, name, OTHERS[name], form, seeds)
            bound = threshold_without_labels(pairs.rows, scores)
            labels, judged = pairs.labels[pairs.judged], scores[pairs.judged]
            rows["own line"][name] = f1(labels, judged >= bound)
            rows["fixed line"][name] = f1(labels, judged >= log_odds(SAME))
            rows["best line there is"][name] = best_threshold(labels, judged)[0]
            rows["line"][name] = 1 / (1 + np.exp(-bound))
            everything[name] = f1(pairs.labels, scores[: len(pairs.labels)] >= bound)
        _row(f"{title}, line without labels", list(rows["own line"].values()))
        _row("  on train and part together", list(everything.values()))
        _row("  where the line is", list(rows["line"].values()))
        _row(f"{title}, line at {SAME}", list(rows["fixed line"].values()))
        _row(f"{title}, best line there is", list(rows["best line there is"].values()))
        missed |= _missed(rows["own line" if form == "batch" else "fixed line"], FLOORS_GENERIC)
    _row("floor", list(FLOORS_GENERIC.values()))
    return missed


def print_few(sets: Sets) -> bool:
    """Few labels of a set beside the generic model of others: the mean of draws, and the worst of them."""
    print(f"\n{'F1, few labels':18}{'labels':>7}{'generic':>9}{'with them':>11}{'known':>7}{'worst gain':>12}")
    hurt = False
    for at, name in enumerate(SETS):
        pairs, others = sets.pairs(name), [sets.pairs(other) for other in OTHERS[name]]
        base = generic_scores(sets, name, OTHERS[name], "batch")
        free = threshold_without_labels(pairs.rows, base)
        for count, known_few in KNOWN_FEW.items():
            results = []
            for draw in range(DRAWS):
                known = np.random.default_rng(FIRST_DRAW + draw).permutation(pairs.train)[:count]
                scores, bound = trained_on_few(pairs, known, base, others, draw)
                unseen = np.setdiff1d(np.arange(len(pairs.labels)), known)
                results.append([
                    f1(pairs.labels[where], told[where] >= line)
                    for where in (pairs.judged, unseen) for told, line in ((base, free), (scores, bound))
                ])  # fmt: skip
            plain, with_labels, plain_unseen, unseen_f1 = np.array(results).T
            gain = float((unseen_f1 - plain_unseen).min())
            hurt |= gain < 0.0
            floor = f"{known_few[at]:7.2f}" if at < len(known_few) else f"{'-':>7}"
            print(
                f"{name:18}{count:7}{plain.mean():9.3f}{with_labels.mean():11.3f}{floor}{gain:+12.3f}"
                f"{'  HURT' if gain < 0.0 else ''}", flush=True,
            )  # fmt: skip
    return hurt


def print_export(sets: Sets) -> bool:
    """Write the weights that ship, and see that numpy follows them as LightGBM does."""
    booster, columns = export(sets, WEIGHTS), sets.pairs(WALMART).columns["alone"]
    gap = float(np.abs(Forest.read().logits(columns) - raw(booster, columns)).max())
    print(f"\n{WEIGHTS.name}: {WEIGHTS.stat().st_size / 1000:.0f} kB, {gap:.5f} off LightGBM's log-odds at most")
    return gap > 0.01  # the sum of two hundred leaves, each written with six digits


TABLES: dict[str, Callable[[Sets], bool]] = {
    "own": print_own,
    "peers": print_peers,
    "generic": print_generic,
    "few": print_few,
    "candidates": print_candidates,
    "speed": print_speed,
}


def _row(name: str, figures: list[float | None] | list[float]) -> None:
    print(
        f"{name:33}{''.join(f'{figure:17.3f}' if figure is not None else '-'.rjust(17) for figure in figures)}",
        flush=True,
    )


def _missed(figures: dict[str, float], floors: dict[str, float]) -> bool:
    short = [name for name, figure in figures.items() if figure < floors[name]]
    if short:
        print(f"MISSED: {', '.join(short)}")
    return bool(short)


def main() -> int:
    """Print the tables; exit code 1 when a floor is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"{', '.join(TABLES)} or export")
    parser.add_argument("--part", choices=("valid", "test"), default="valid", help="which pairs to judge on")
    given = parser.parse_args()
    if unknown := set(given.tables) - {*TABLES, "export"}:
        print(f"No such table: {', '.join(sorted(unknown))}. There are: {', '.join(TABLES)}, export.")
        return 2
    data = data_folder("entity-matching/")
    if data is None:
        return 0
    sets = Sets(data, given.part)
    if lacking := sets.lacking():
        print(f"Skipped: not there: {', '.join(lacking)}.")
        return 0
    try:
        missed = [print_export(sets) if name == "export" else TABLES[name](sets) for name in given.tables or TABLES]
    except Untrainable as error:
        print(error)
        return 2
    return int(any(missed))


if __name__ == "__main__":
    sys.exit(main())
