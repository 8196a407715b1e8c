"""``make score``: the demo marketplaces crawled, screened and held against the truth, for each of two seeds.

Seed 7 is one of the five that the weights were fitted on; seed 29 was never looked at. ``SEEDS=7,29`` chooses.
"""

import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.scoring import LabelScore, read_truth, score, shares
from fixtures.demo.tour import markets, prepare, touchstone
from storage.store import Store
from touchstone.verdicts import Label

FLOORS = {Label.COUNTERFEIT: (0.95, 0.90), Label.UNAUTHORIZED_SELLER: (0.98, 0.95)}  # precision, recall
SLACK = 0.03  # by which a seed that was never looked at may fall short of each floor
TUNED = {3, 5, 7, 13, 17}


def main() -> int:
    """Score each seed; exit code 1 when a floor is missed or traps are called counterfeit, beyond the slack of unseen seeds."""
    console = Console(width=100)
    seeds = [int(text) for text in os.environ.get("SEEDS", "7,29").split(",")]
    return max(_score_seed(seed, console) for seed in seeds)


def _score_seed(seed: int, console: Console) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _export(seed, folder)
        catalog = folder / "catalog" / "catalog.toml"
        brands = [part.split('"', 1)[0] for part in catalog.read_text(encoding="utf-8").split('[[brand]]\nid = "')[1:]]
        with markets(folder, seed=seed) as urls:
            prepare(folder, urls)
            code = touchstone(folder, "catalog", "import", str(catalog))
            code = code or touchstone(
                folder, "sweep", "--json", *(a for b in brands for a in ("--brand", b)), quiet=True
            )
        if code:
            console.print(f"seed {seed}: the sweep ended with exit code {code}")
            return 1
        return _print_scores(seed, folder, console)


def _export(seed: int, folder: Path) -> None:
    import subprocess

    command = [sys.executable, "-m", "fixtures.demo", "export", "--seed", str(seed), str(folder / "catalog")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _print_scores(seed: int, folder: Path, console: Console) -> int:
    truths = read_truth(folder / "catalog" / "truth.jsonl")
    raised: dict[str, set[Label]] = {}
    with Store.open(folder / "store", create=False) as store:
        stored = {listing.key for _, listing in store.listings.all()}
        for found in store.flags.ranked():
            raised.setdefault(found.listing.key, set()).add(found.flag.label)
    scores = score(raised, truths, truths)  # every listing of the world: what the crawl missed counts as missed
    kind = "weights were fitted on it" if seed in TUNED else "never looked at while tuning"
    console.print(
        f"\nseed {seed} ({kind}): {len(truths)} listings, {len(stored & set(truths))} of them found by the sweep"
    )
    table = Table("label", "precision", "recall", "right", "false", "missed", "floor", box=None)
    missed, slack = False, 0.0 if seed in TUNED else SLACK
    for one in scores:
        floor = FLOORS.get(one.label)
        missed |= floor is not None and not _meets(one, floor, slack)
        bound = f"≥ {floor[0]:.2f} and ≥ {floor[1]:.2f}" if floor else ""
        counts = (str(one.right), str(one.false), str(one.missed))
        table.add_row(one.label.value, f"{one.precision:.3f}", f"{one.recall:.3f}", *counts, bound)
    console.print(table)
    traps = shares(raised, truths, truths, by="traps")
    console.print(
        "traps called counterfeit: " + ", ".join(f"{name} {hit}/{all_}" for name, (all_, hit) in traps.items())
    )
    tells = shares(raised, truths, truths, by="tells")
    console.print(
        "counterfeits found by tell: " + ", ".join(f"{name} {hit}/{all_}" for name, (all_, hit) in tells.items())
    )
    called, all_traps = sum(hit for _, hit in traps.values()), sum(number for number, _ in traps.values())
    console.print(f"{called} of {all_traps} traps are called counterfeit")
    return int(missed or called > slack * all_traps)


def _meets(one: LabelScore, floor: tuple[float, float], slack: float) -> bool:
    return one.precision >= floor[0] - slack and one.recall >= floor[1] - slack


if __name__ == "__main__":
    sys.exit(main())
