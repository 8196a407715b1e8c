"""How often each price rule calls an honest offer suspicious, and how many replicas it catches.

Reads ``titles/ko.csv`` and ``entity-matching/`` of the folder that ``TOUCHSTONE_BENCH_DATA`` names. A rule learns from one
half of a brand's offers, drawn by a hash, and judges the other; several draws are added up ("split"). "one out" judges
each offer by all others of its brand. Of a published pair set, the price in one shop is held against the price of the
same product in the other. All these offers are honest as far as anybody knows: every one called low is a false alarm.

Replicas are simulated, as nobody publishes their prices: what is judged, at a share of its list price drawn evenly on a
logarithmic scale between 8 % and 45 % ("replicas") or 45 % and 75 % ("dear ones"). "soiled" is the share of the former
that is caught when one in twenty of the offers learnt from is itself such a replica. At the end, honest titles that are
read as packs, as other sizes or as stating a final price are counted; ``--examples`` prints them for reading.
"""

import argparse
import csv
import hashlib
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks.data import data_folder
from benchmarks.quality.matching_sets import ABT, GOOGLE, WALMART, Sets
from benchmarks.quality.price_rules import DETECTOR, PEERS, Offer, Rule
from detectors.quantity import final_price, pack_of
from touchstone.money import Money

SPLITS = 5
RANGES = ((2, 7), (8, None), (20, None))  # offers of a brand: a rule that needs many is no use to most brands
REPLICA, DEAR = (0.08, 0.45), (0.45, 0.75)
SOILED = 0.05

Groups = Mapping[str, tuple[Offer, ...]]


class Judged(msgspec.Struct):
    """Counts over the offers that a rule judged."""

    offers: int = 0
    alarms: int = 0
    caught: int = 0
    caught_dear: int = 0
    caught_soiled: int = 0

    def share(self, count: int) -> float:
        """Of all judged."""
        return count / max(1, self.offers)


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One half of a group to learn from, clean and soiled; the other to judge, honest and as replicas."""

    learnt: list[Offer]
    soiled: list[Offer]
    honest: list[Offer]
    replicas: list[Offer]
    dear: list[Offer]


def drawn(*key: object) -> float:
    """A number from 0 to 1 that is the same in every process for the same key."""
    digest = hashlib.blake2b("|".join(map(str, key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def replica(offer: Offer, shares: tuple[float, float], seed: int) -> Offer:
    """The same goods at a share of the list price drawn evenly on a logarithmic scale."""
    low, high = (math.log(each) for each in shares)
    asked = math.exp(low + (high - low) * drawn("replica", seed, shares, offer.name))
    return Offer(name=offer.name, price=offer.list_price * asked, list_price=offer.list_price)


def soiled(offers: Iterable[Offer], seed: int) -> list[Offer]:
    """The offers, one in twenty of them a replica."""
    return [replica(offer, REPLICA, seed) if drawn("soiled", seed, offer.name) < SOILED else offer for offer in offers]


def trials(groups: Groups, seed: int) -> list[Trial]:
    """Each group halved several times over, by hashes."""
    drawn_halves = []
    for draw in range(SPLITS):
        for offers in groups.values():
            halves: tuple[list[Offer], list[Offer]] = ([], [])
            for offer in offers:
                halves[drawn("half", seed, draw, offer.name) < 0.5].append(offer)
            learnt, honest = halves
            if learnt and honest:
                drawn_halves.append(
                    Trial(
                        learnt=learnt,
                        soiled=soiled(learnt, seed),
                        honest=honest,
                        replicas=[replica(offer, REPLICA, seed) for offer in honest],
                        dear=[replica(offer, DEAR, seed) for offer in honest],
                    )
                )
    return drawn_halves


def judge(rule: Rule, halves: Iterable[Trial]) -> Judged:
    """What a rule says of the halves it did not learn from."""
    judged = Judged()
    for trial in halves:
        band, spoilt = rule.fit(trial.learnt), rule.fit(trial.soiled)
        judged.offers += len(trial.honest)
        judged.alarms += sum(rule.is_low(offer, band) for offer in trial.honest)
        judged.caught += sum(rule.is_low(offer, band) for offer in trial.replicas)
        judged.caught_dear += sum(rule.is_low(offer, band) for offer in trial.dear)
        judged.caught_soiled += sum(rule.is_low(offer, spoilt) for offer in trial.replicas)
    return judged


def one_out(rule: Rule, groups: Groups) -> float:
    """Share of the offers that all others of their group make look low."""
    alarms = total = 0
    for offers in groups.values():
        for place, offer in enumerate(offers):
            alarms += rule.is_low(offer, rule.fit((*offers[:place], *offers[place + 1 :])))
            total += 1
    return alarms / max(1, total)


def read_brands(path: Path) -> dict[str, tuple[Offer, ...]]:
    """The Korean offers by brand; a title that a brand offers twice is kept twice, under names of its own."""
    groups: dict[str, list[Offer]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for place, row in enumerate(csv.DictReader(file)):
            price, listed = float(row["price"]), float(row["list_price"])
            if price > 0 and listed > 0:
                name = f"{place} {row['title']}"
                groups[row["brand"]].append(Offer(name=name, price=price, list_price=listed))
    return {brand: tuple(offers) for brand, offers in groups.items()}


def read_pairs(folder: Path) -> dict[str, dict[str, tuple[Offer, ...]]]:
    """For each published set, what either shop asks for the products that both have, held against the other."""
    sets = Sets(folder, "valid")
    read: dict[str, dict[str, tuple[Offer, ...]]] = {}
    for name in (ABT, GOOGLE, WALMART):
        left, right = sets.records(name)
        same = [pair for part in ("train", "valid") for pair in sets.labelled(name, part) if pair[2] == 1]
        prices = [(f"{row} {product}", left[row].price, right[product].price) for row, product, _ in same]
        both = [(key, first, second) for key, first, second in prices if first and second]
        read[f"{name} →"] = {name: tuple(Offer(name=k, price=b, list_price=a) for k, a, b in both)}
        read[f"{name} ←"] = {name: tuple(Offer(name=k, price=a, list_price=b) for k, a, b in both)}
    return read


def of_size(groups: Groups, least: int, most: int | None) -> Groups:
    """The groups of so many offers."""
    return {brand: offers for brand, offers in groups.items() if least <= len(offers) <= (most or len(offers))}


def print_brands(rules: Sequence[Rule], brands: Groups, seed: int, *, leave_out: bool) -> None:
    """False alarms and replicas caught on the Korean brands, for brands of few offers and of many."""
    for least, most in RANGES:
        groups = of_size(brands, least, most)
        halves = trials(groups, seed)
        print(
            f"\nKorean offers of {len(groups)} brands with {least} {f'to {most}' if most else 'and more'}: {sum(map(len, groups.values()))} offers\n"
            f"{'':42}{'split':>8}{'one out':>9}{'replicas':>10}{'dear ones':>11}{'soiled':>8}"
        )
        for rule in rules:
            found = judge(rule, halves)
            alone = f"{one_out(rule, groups):9.2%}" if leave_out else f"{'-':>9}"
            print(
                f"{rule.name:42}{found.share(found.alarms):8.2%}{alone}{found.share(found.caught):10.1%}"
                f"{found.share(found.caught_dear):11.1%}{found.share(found.caught_soiled):8.1%}"
            )


def print_pairs(rules: Sequence[Rule], pairs: Mapping[str, Groups], seed: int) -> None:
    """False alarms where one shop's price is held against the other's."""
    sizes = {name: sum(map(len, groups.values())) for name, groups in pairs.items()}
    print("\nFalse alarms, the same product in two shops; an arrow to the right judges the second shop's price")
    print(f"{'':42}" + "".join(f"{name:>18}" for name in pairs))
    print(f"{'pairs with both prices':42}" + "".join(f"{size:18}" for size in sizes.values()))
    halves = [trials(groups, seed) for groups in pairs.values()]
    for rule in rules:
        if rule.name.startswith("price:"):
            continue  # a shop's goods have no usual price
        cells = (found.share(found.alarms) for found in (judge(rule, each) for each in halves))
        print(f"{rule.name:42}" + "".join(f"{cell:18.2%}" for cell in cells))


def print_titles(folder: Path, *, examples: bool) -> None:
    """How many honest titles are read as a pack, as another size, as stating a final price."""
    with (folder / "titles" / "ko.csv").open(encoding="utf-8", newline="") as file:
        korean = [(row["title"], Money(minor=int(row["price"]), currency="KRW")) for row in csv.DictReader(file)]
    english = (folder / "titles" / "en.txt").read_text(encoding="utf-8").splitlines()
    readings: dict[str, Callable[[str, Money], bool]] = {
        "pack": lambda title, price: pack_of(title).quantity != 1,
        "other size": lambda title, price: pack_of(title).other_size,
        "final price": lambda title, price: final_price(title, price) is not None,
    }
    print(f"\n{'titles read as':20}{'titles':>8}" + "".join(f"{reading:>14}" for reading in readings))
    for source, titles in {
        "ko": korean,
        "en": [(title, Money(minor=10_000, currency="USD")) for title in english],
    }.items():
        told = {name: [title for title, price in titles if reads(title, price)] for name, reads in readings.items()}
        print(f"{source:20}{len(titles):8}" + "".join(f"{len(hits):14}" for hits in told.values()))
        for name, hits in told.items() if examples else ():
            print("\n".join(f"    {name}: {title} [{pack_of(title).quantity}]" for title in hits))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7, metavar="N")
    parser.add_argument("--one-out", action="store_true", help="judge each offer by all others of its brand as well")
    parser.add_argument("--titles", action="store_true", help="only count the titles read as packs, sizes, prices")
    parser.add_argument("--examples", action="store_true", help="print those titles")
    return parser.parse_args()


def main() -> int:
    """Print the tables."""
    given = arguments()
    folder = data_folder("titles/ko.csv", "titles/en.txt", "entity-matching")
    if folder is None:
        return 0
    if not given.titles:
        rules = (*PEERS, *DETECTOR)
        print_brands(rules, read_brands(folder / "titles" / "ko.csv"), given.seed, leave_out=given.one_out)
        print_pairs(rules, read_pairs(folder), given.seed)
    print_titles(folder, examples=given.examples)
    return 0


if __name__ == "__main__":
    sys.exit(main())
