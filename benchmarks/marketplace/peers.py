"""Two ways in which simpler tools tell counterfeits, on the same listings, each with its best settings on another seed.

`Thresholds`: alike enough in title, and in photo or at a low price, and not authorized. `Resemblance`: a weighted sum in
which being alike raises suspicion, as public tools do.
"""

from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process, utils

from benchmarks.marketplace.measures import Bools, Floats
from detectors.fingerprints import HASH_BITS
from touchstone.catalog import Catalog
from touchstone.listing import Listing

SCORERS = {"token_set": fuzz.token_set_ratio, "token_sort": fuzz.token_sort_ratio, "partial": fuzz.partial_ratio}
UNRELATED_BITS = 128.0  # by which photos of unrelated things differ
TITLES = np.arange(50, 99, 4) / 100
DISTANCES = (-1, 8, 16, 24, 32, 48, 64)
PRICES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
STEPS = np.arange(0, 1.01, 0.02)


class Features(NamedTuple):
    """What both look at. ``titles`` are the best similarities by scorer, ``price`` is a share of the list price."""

    titles: dict[str, Floats]
    distance: Floats
    price: Floats
    authorized: Bools


def features(listings: list[Listing], catalog: Catalog) -> Features:
    """Each listing against every reference."""
    rows = [(reference, title) for reference in catalog.references for title in reference.all_titles]
    wanted = [utils.default_process(title) for _, title in rows]
    offered = [utils.default_process(listing.title) for listing in listings]
    best: dict[str, Floats] = {}
    nearest = np.zeros(len(listings), np.int64)
    for name, scorer in SCORERS.items():
        alike = process.cdist(offered, wanted, scorer=scorer, dtype=np.uint8, workers=2)
        best[name] = alike.max(axis=1) / 100
        if name == "token_set":
            nearest = alike.argmax(axis=1)
    products = [rows[place][0] for place in nearest]
    permitted = {
        (entry.brand, entry.marketplace, entry.seller_id): entry
        for entry in catalog.authorized
        if listings and entry.covers(listings[0].seen_at.date())
    }
    price, authorized = np.full(len(listings), np.nan), np.zeros(len(listings), np.bool_)
    for place, (listing, reference) in enumerate(zip(listings, products, strict=True)):
        offer = listing.offer
        known = reference.price_in(offer.price.currency) if offer.price else None
        if offer.price and known and known.list_price.minor:
            price[place] = offer.price.minor / known.list_price.minor
        if offer.seller:
            key = (reference.brand, listing.marketplace, offer.seller.seller_id)
            authorized[place] = key in permitted
    return Features(best, _distances(listings, catalog), price, authorized)


def _distances(listings: list[Listing], catalog: Catalog) -> Floats:
    """Bits by which the nearest photo of each listing differs from the nearest reference photo."""
    known = [image.fingerprint.whole for r in catalog.references for image in r.images if image.fingerprint]
    matrix = np.frombuffer(bytes.fromhex("".join(known)), np.uint8).reshape(len(known), HASH_BITS // 8)
    seen: dict[str, int] = {}
    found = np.full(len(listings), float(HASH_BITS))
    for place, listing in enumerate(listings):
        for image in listing.images:
            if image.fingerprint is None:
                continue
            text = image.fingerprint.whole
            if text not in seen:
                query = np.frombuffer(bytes.fromhex(text), np.uint8)
                seen[text] = int(np.bitwise_count(matrix ^ query).sum(axis=1, dtype=np.int64).min())
            found[place] = min(found[place], seen[text])
    return found


class Peer(NamedTuple):
    """A peer's answer: what it raises, how it ranks, and the settings that it was found best with."""

    name: str
    settings: str
    raised: Bools
    scores: Floats


class Thresholds(NamedTuple):
    """Settings of the first peer; a distance of -1 and a price of 0 leave that condition out."""

    scorer: str = "token_set"
    title: float = 0.8
    distance: int = 16
    price: float = 0.5

    def run(self, seen: Features) -> Peer:
        """Tell counterfeits."""
        alike = seen.titles[self.scorer]
        suspect = (seen.distance <= self.distance) | (np.nan_to_num(seen.price, nan=9.0) < self.price)
        raised = (alike >= self.title) & suspect & ~seen.authorized
        settings = f"{self.scorer} ≥ {self.title:.2f}, pHash ≤ {self.distance}, price < {self.price:.0%}"
        return Peer("thresholds", settings, raised, (raised + alike) / 2)


class Resemblance(NamedTuple):
    """Settings of the second peer."""

    scorer: str = "token_set"
    weights: tuple[float, float, float] = (0.4, 0.3, 0.3)
    spares_authorized: bool = False
    threshold: float = 0.6

    def score(self, seen: Features) -> Floats:
        """The weighted sum: title, photo, discount."""
        photo = np.clip(1 - seen.distance / UNRELATED_BITS, 0, 1)
        discount = np.clip(1 - np.nan_to_num(seen.price, nan=1.0), 0, 1)
        parts = (seen.titles[self.scorer], photo, discount)
        total = sum((weight * part for weight, part in zip(self.weights, parts, strict=True)), np.zeros(len(photo)))
        return np.where(seen.authorized & self.spares_authorized, 0.0, total)

    def run(self, seen: Features) -> Peer:
        """Tell counterfeits."""
        scores = self.score(seen)
        spared = ", spares authorized" if self.spares_authorized else ""
        written = " + ".join(
            f"{weight:.1f} {part}" for weight, part in zip(self.weights, ("title", "photo", "discount"), strict=True)
        )
        settings = f"{self.scorer}: {written} ≥ {self.threshold:.2f}{spared}"
        return Peer("weighted sum", settings, scores >= self.threshold, scores)


def tune(seen: Features, true: Bools) -> tuple[Thresholds, Resemblance]:
    """The settings of each with the best F1 on these listings."""
    thresholds = max(
        (Thresholds(*setting) for setting in product(SCORERS, map(float, TITLES), DISTANCES, PRICES)),
        key=lambda setting: _f1(setting.run(seen).raised, true),
    )
    tenths = range(1, 9)  # resemblance must count for something: no weight is zero
    mixes = [(a / 10, b / 10, (10 - a - b) / 10) for a, b in product(tenths, tenths) if a + b < 10]
    sums = [Resemblance(scorer, mix, spares) for scorer, mix, spares in product(SCORERS, mixes, (False, True))]
    rated = [(*_best_step(one.score(seen), true), place) for place, one in enumerate(sums)]
    _, step, place = max(rated)
    return thresholds, sums[place]._replace(threshold=step)


def _best_step(scores: Floats, true: Bools) -> tuple[float, float]:
    return max((_f1(scores >= step, true), float(step)) for step in STEPS)


def _f1(raised: Bools, true: npt.NDArray[np.bool_]) -> float:
    whole = int(raised.sum() + true.sum())
    return 2 * int((raised & true).sum()) / whole if whole else 0.0
