"""What detection says of every listing of a store: each label's probability, below the thresholds as well."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from detectors.screening import Screen
from detectors.verdict import Weights, weights
from storage.store import Store
from touchstone.listing import Listing
from touchstone.verdicts import Label, Screening


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One listing: the probability of each label that has one, the labels raised, and what they rest on."""

    key: str
    seller: str
    about: bool
    chances: dict[Label, float]
    raised: frozenset[Label]
    reasons: str
    title: str


def open_weights() -> Weights:
    """The weights that ship, with thresholds that everything passes."""
    table = weights()
    parts = {label.value: msgspec.structs.replace(table.of(label), threshold=0.0) for label in Label}
    return msgspec.structs.replace(table, **parts)


def outcomes(folder: Path, processes: int) -> list[Outcome]:
    """Every listing of the store in that folder, by key."""
    if processes < 2:
        found = _part(folder, 0, 1)
    else:
        with ProcessPoolExecutor(processes) as pool:
            parts = [pool.submit(_part, folder, part, processes) for part in range(processes)]
            found = [one for part in parts for one in part.result()]
    return sorted(found, key=lambda one: one.key)


def _part(folder: Path, part: int, parts: int) -> list[Outcome]:
    with Store.open(folder / "store", durable=False, create=False) as store:
        screen = Screen.build(store.catalog.load(), table=open_weights())
        raised: dict[int, set[Label]] = {}
        for flag in store.flags.ranked():
            raised.setdefault(flag.listing_row, set()).add(flag.flag.label)
        return [
            _outcome(listing, screen.screen(listing), frozenset(raised.get(row, ())))
            for row, listing in store.listings.all()
            if row % parts == part
        ]


def _outcome(listing: Listing, screening: Screening, raised: frozenset[Label]) -> Outcome:
    chances: dict[Label, float] = {}
    reasons = "; ".join(f"{match.role} {match.product or match.brand}" for match in screening.matches)
    for flag in screening.flags:
        if flag.label is Label.COUNTERFEIT and Label.COUNTERFEIT not in chances:
            reasons += ": " + ", ".join(f"{reason.kind} {reason.points:+.1f}" for reason in flag.reasons)
        chances[flag.label] = max(flag.probability, chances.get(flag.label, 0.0))
    seller = listing.offer.seller
    return Outcome(
        key=listing.key,
        seller=f"{listing.marketplace}/{seller.seller_id if seller else ''}",
        about=bool(screening.matches),
        chances=chances,
        raised=raised,
        reasons=reasons,
        title=listing.title,
    )


def disagreements(found: list[Outcome]) -> int:
    """How many stored flags the probabilities contradict: none, unless something was stored that is stale."""
    table = weights()
    return sum(
        (one.chances.get(label, 0.0) >= table.of(label).threshold) != (label in one.raised)
        for one in found
        for label in Label
    )
