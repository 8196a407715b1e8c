"""``python -m benchmarks.marketplace.fitting``: the weights that ship, fitted to worlds whose truth is known.

Large worlds, in which one listing in eleven is a copy, and the small demo worlds, in which one in five is. A part of what
is flagged is decided first, truthfully, so that earlier decisions are findings of some listings, as they are in a store
that is in use. Prints each label's bias and weights for ``detectors/weights.toml``, and what they do on sellers
that were held out.
"""

import argparse
import tempfile
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.marketplace.sweeping import fill, screen_again, sweep_all, visits
from detectors.calibration import Case, fit, trial
from detectors.verdict import weights
from fixtures.demo import build_crowd, build_world
from operations.judge import judge
from storage.store import Store
from touchstone.verdicts import Decision, Label, Role

DECIDED = 0.15  # share of the suspicions of counterfeiting that somebody has looked into
TRUST = 3.0  # nats; thousands of cases may move a weight further than a user's dozens
LEAST_WEIGHT = 0.3  # what a weight must be worth to stand in the file
# Findings that may earn a weight beside those that have one. Others tell these worlds apart and would not tell real ones:
# there honest shops share wholesalers' photos and sell many brands.
MAY_EARN = frozenset(
    ("seller_signs_elsewhere", "seller_confirmed_before", "seller_dismissed_before", "seller_is_private")
)


def cases_of(seed: int, listings: int) -> dict[Label, list[Case]]:
    """A world's cases by label, those that were decided left out; without a number of listings, the demo world's."""
    world = build_crowd(seed, listings) if listings else build_world(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        visited = list(visits(world, fill(world, folder, 1)))
        sweep_all(world, [one for one, _ in visited], folder, 1)
        truths = {one.listing.key: frozenset(truth.labels) for one, truth in visited}
        with Store.open(folder / "store", durable=False) as store:
            decided = _decide(store, truths)
            screen_again(store)
            return _cases(store, truths, decided)


def _decide(store: Store, truths: dict[str, frozenset[str]]) -> set[str]:
    decided = set()
    for stored in list(store.flags.ranked(label=Label.COUNTERFEIT)):
        key = stored.listing.key
        if zlib.crc32(key.encode()) % 1_000 < 1_000 * DECIDED:
            right = Label.COUNTERFEIT.value in truths[key]
            judge(store, stored.id, Decision.CONFIRM if right else Decision.DISMISS, actor="truth")
            decided.add(key)
    return decided


def _cases(store: Store, truths: dict[str, frozenset[str]], decided: set[str]) -> dict[Label, list[Case]]:
    cases: dict[Label, list[Case]] = {label: [] for label in Label}
    for row, listing in store.listings.all():
        if listing.key in decided:
            continue
        findings, seller = store.screenings.findings(row), listing.offer.seller
        for match in store.screenings.matches(row):
            strengths = {finding.kind: finding.strength for finding in findings if finding.brand == match.brand}
            for label in Label:
                part = weights().of(label)
                fits = (label is Label.TITLE_POLICY) != (match.role is Role.IS) and match.role is not Role.FOR
                if fits and (not part.needs or not strengths.keys().isdisjoint(part.needs)):
                    group = seller.seller_id if seller else listing.key
                    telling = {kind: one for kind, one in strengths.items() if kind in part.weights.keys() | MAY_EARN}
                    cases[label].append(Case(telling, label.value in truths[listing.key], group))
    return cases


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 5, 13, 17])
    parser.add_argument("--listings", type=int, default=3_000)
    given = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        asked = [(seed, listings) for listings in (given.listings, 0) for seed in given.seeds]
        worlds = list(pool.map(cases_of, *zip(*asked, strict=True)))
    for label in Label:
        cases = [case for world in worlds for case in world[label]]
        part, tried = weights().of(label), trial(weights().of(label), cases, trust=TRUST)
        fitted = fit(part, cases, trust=TRUST)
        print(
            f"\n[{label}]  # {tried.right} of {tried.cases} cases; held out: loss {tried.loss_before:.4f} → {tried.loss_after:.4f},"
            f" calibration error {tried.error_before:.4f} → {tried.error_after:.4f}\nbias = {fitted.bias:.1f}"
        )
        for kind, weight in sorted(fitted.weights.items(), key=lambda pair: -abs(pair[1])):
            if abs(weight) >= LEAST_WEIGHT:
                print(f"{kind} = {weight:.1f}  # was {part.weights.get(kind, 0.0):.1f}")


if __name__ == "__main__":
    main()
