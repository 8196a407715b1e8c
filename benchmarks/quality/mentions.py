"""How many hidden names are found, how many titles are accused wrongly, and how fast, beside two simple peers.

Reads ``brands/brands.json``, ``titles/`` and, for more English titles, ``entity-matching/`` of the folder that
``TOUCHSTONE_BENCH_DATA`` names. For each kind of evasion every fitting name of the brands is written that way and put
into a clean title; it is found when a mention of its brand covers at least half of what was put in. A false hit is a
clean title in which any brand is found: among them are names written apart or wrongly by honest shops, so
``--examples false`` is for reading. ``--examples KIND`` prints what was missed of one kind.
"""

import argparse
import sys
from collections import Counter, defaultdict
from random import Random

from rapidfuzz import fuzz, process

from benchmarks.data import data_folder
from benchmarks.quality.carriers import Titles, Trial, fold, read_brands, read_titles, size_of, trials
from benchmarks.quality.evasions import LATIN
from benchmarks.quality.hangul import HANGUL
from benchmarks.quality.speed import is_flat, print_speed
from detectors.mentions import Mention, MentionIndex
from touchstone.catalog import Brand

RECALL, FALSE_HITS, EACH = 0.965, 0.006, 0.88
FUZZY, FUZZY_TRIALS, FUZZY_TITLES = 90, 40, 300
KINDS = (*LATIN, *HANGUL)


def covers(start: int, end: int, trial: Trial) -> bool:
    """Whether a span covers at least half of what was put in."""
    return 2 * (min(end, trial.end) - max(start, trial.start)) >= trial.end - trial.start


def found(index: MentionIndex, trial: Trial) -> bool:
    """Whether the index finds the brand where it is."""
    return any(m.brand == trial.brand and covers(m.start, m.end, trial) for m in index.find(trial.title))


def found_by_substring(brand: Brand, trial: Trial) -> bool:
    """Whether any name of the brand, in small letters, is in the small title where it was put."""
    title = trial.title.lower()
    places = ((title.find(name.lower(), trial.start), len(name)) for name in brand.names)
    return any(at >= 0 and covers(at, at + length, trial) for at, length in places)


def found_by_ratio(brand: Brand, trial: Trial) -> bool:
    """Whether rapidfuzz aligns any name of the brand with the place; other brands that fit better do not count."""
    for name in brand.names:
        aligned = fuzz.partial_ratio_alignment(name.lower(), trial.title.lower(), score_cutoff=FUZZY)
        if aligned and covers(aligned.dest_start, aligned.dest_end, trial):
            return True
    return False


def print_recall(index: MentionIndex, brands: tuple[Brand, ...], titles: Titles, seed: int, examples: str) -> bool:
    """The table of kinds; whether a floor is missed."""
    by_id = {brand.id: brand for brand in brands}
    rates: list[tuple[int, int]] = []
    sizes: dict[tuple[str, int], list[bool]] = defaultdict(list)
    print(f"{'kind':34}{'trials':>7}{'recall':>8}{'floor':>7}{'substring':>11}{'ratio≥' + str(FUZZY):>10}")
    for kind in sorted(KINDS, key=lambda kind: not kind.floor):
        tried = trials(kind, brands, titles, seed)
        if not tried:
            continue
        hits = [found(index, trial) for trial in tried]
        if kind.floor:
            rates.append((sum(hits), len(hits)))
            for trial, hit in zip(tried, hits, strict=True):
                sizes[kind.script, min(size_of(trial.alias), 10)].append(hit)
        recall = sum(hits) / len(hits)
        floor = f"{EACH:7.2f}" if kind.floor else f"{'-':>7}"
        end = "  MISSED" if kind.floor and recall < EACH else ""
        print(f"{_padded(kind.name, 34)}{len(hits):7}{recall:8.3f}{floor}{_peers(tried, by_id, seed)}{end}")
        if examples == kind.name:
            _print_missed(index, [trial for trial, hit in zip(tried, hits, strict=True) if not hit])
    return _print_sums(rates, sizes)


def _peers(tried: list[Trial], by_id: dict[str, Brand], seed: int) -> str:
    """Recall of the substring, and of rapidfuzz on a sample."""
    plain = sum(found_by_substring(by_id[trial.brand], trial) for trial in tried) / len(tried)
    sample = Random(seed).sample(tried, min(FUZZY_TRIALS, len(tried)))
    ratio = sum(found_by_ratio(by_id[trial.brand], trial) for trial in sample) / len(sample)
    return f"{plain:11.3f}{ratio:10.3f}"


def _padded(text: str, width: int) -> str:
    """Padded to columns of a terminal, in which a syllable takes two."""
    return text + " " * (width - len(text) - sum("가" <= letter <= "힣" for letter in text))


def _print_missed(index: MentionIndex, missed: list[Trial]) -> None:
    for trial in missed:
        told = ", ".join(f"{m.brand} {trial.title[m.start : m.end]!r}" for m in index.find(trial.title)) or "nothing"
        print(f"    {trial.alias!r} as {trial.written!r} in {trial.title!r}: {told}")


def _print_sums(rates: list[tuple[int, int]], sizes: dict[tuple[str, int], list[bool]]) -> bool:
    """Recall over all kinds with a floor, and by script and size of the name; whether a floor is missed."""
    pooled = sum(hits for hits, _ in rates) / sum(tried for _, tried in rates)
    mean = sum(hits / tried for hits, tried in rates) / len(rates)
    under = sum(hits / tried < EACH for hits, tried in rates)
    short = min(pooled, mean) < RECALL
    print(
        f"recall over {len(rates)} kinds: {pooled:.3f} of trials, {mean:.3f} the mean of kinds; floor {RECALL}"
        f"{'  MISSED' if short else ''}; kinds under {EACH}: {under}"
    )
    for script in ("latin", "hangul"):
        cells = (
            f"{size}{'+' if size == 10 else ''}: {sum(hits) / len(hits):.3f}"
            for (of, size), hits in sorted(sizes.items())
            if of == script
        )
        print(f"  by letters, {script}: {'  '.join(cells)}")
    return short or under > 0


def print_false_hits(index: MentionIndex, brands: tuple[Brand, ...], titles: Titles, examples: str) -> bool:
    """Shares of clean titles in which any brand is found; whether the floor is missed."""
    names = [name.lower() for brand in brands for name in brand.names]
    print(
        f"\n{'clean titles':30}{'titles':>8}{'any mention':>13}{'with a how':>12}{'floor':>8}{'ratio≥' + str(FUZZY):>10}"
    )
    english = [title for source, carriers in titles.clean.items() if source != "ko" for title in carriers]
    missed = False
    for source, carriers in {
        **titles.clean,
        "en together": english,
        "en, name inside a longer word": titles.within,
    }.items():
        told = [(title, mentions) for title in carriers if (mentions := index.find(title))]
        any_share = len(told) / max(1, len(carriers))
        how_share = sum(any(m.how for m in mentions) for _, mentions in told) / max(1, len(carriers))
        has_floor = source in ("ko", "en together")
        missed |= (short := has_floor and any_share > FALSE_HITS)
        figures = f"{len(carriers):8}{any_share:13.2%}{how_share:12.2%}{f'{FALSE_HITS:.1%}' if has_floor else '-':>8}"
        print(f"{source:30}{figures}{_ratio_hits(carriers, names):10.1%}{'  MISSED' if short else ''}")
        if source != "en together":
            _print_told(told, everything=examples == "false")
    return missed


def _ratio_hits(carriers: list[str], names: list[str]) -> float:
    """Share of a sample of titles in which rapidfuzz finds any name."""
    best = [
        process.extractOne(title.lower(), names, scorer=fuzz.partial_ratio, score_cutoff=FUZZY)
        for title in carriers[:FUZZY_TITLES]
    ]
    return sum(match is not None for match in best) / max(1, len(best))


def _print_told(told: list[tuple[str, list[Mention]]], *, everything: bool) -> None:
    """What was found in titles thought clean: all of it, or the commonest."""
    pairs = [(title, mention) for title, mentions in told for mention in mentions]
    if everything:
        for title, m in pairs:
            print(f"    {m.name!r} from {title[m.start : m.end]!r} [{m.role}; {m.how or 'plain'}] in {title!r}")
        return
    common = Counter((m.name, fold(title[m.start : m.end])) for title, m in pairs)
    print("    " + ", ".join(f"{name} from {text} ×{times}" for (name, text), times in common.most_common(6)))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("tune", "held", "all"), default="tune", help="which half of the brands")
    parser.add_argument("--brands", type=int, metavar="N", help="no more than N brands, drawn by the seed")
    parser.add_argument("--seed", type=int, default=7, metavar="N")
    parser.add_argument("--examples", default="", metavar="KIND", help="print what a kind missed, or 'false' for hits")
    parser.add_argument("--speed", choices=("yes", "no", "only"), default="yes", help="measure the speed as well")
    return parser.parse_args()


def main() -> int:
    """Print the tables; exit code 1 when a floor is missed."""
    given = arguments()
    folder = data_folder("brands/brands.json", "titles/ko.csv")
    if folder is None:
        return 0
    if given.examples not in {"", "false", *(kind.name for kind in KINDS)}:
        print(f"No such kind: {given.examples}. There are: false, {', '.join(kind.name for kind in KINDS)}.")
        return 2
    everything = read_brands(folder / "brands" / "brands.json", "all")
    titles = read_titles(folder, everything, Random(given.seed))
    brands = read_brands(folder / "brands" / "brands.json", given.part)
    if given.brands and given.brands < len(brands):
        brands = tuple(Random(given.seed).sample(brands, given.brands))
    index = MentionIndex(brands)
    print(
        f"part {given.part}, {len(brands)} brands, {sum(len(brand.names) for brand in brands)} names, seed {given.seed}"
    )
    missed = False
    if given.speed != "only":
        missed |= print_recall(index, brands, titles, given.seed, given.examples)
        missed |= print_false_hits(index, brands, titles, given.examples)
    if given.speed != "no":
        missed |= not is_flat(print_speed([*titles.clean["ko"], *titles.clean["en"]], given.seed))
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
