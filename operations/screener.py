"""The whole look at one listing: its photos in detail, what is known beyond it, and what the detectors say of both."""

import hashlib
from collections.abc import Mapping

import msgspec

from detectors.base import discover
from detectors.matching import VERSION as MATCHING_VERSION
from detectors.screening import Screen
from detectors.verdict import Weights
from operations.backgrounds import Backgrounds
from operations.photos import Photos
from operations.weighing import weights_of
from storage.store import Store
from touchstone.background import Background
from touchstone.catalog import Catalog
from touchstone.decoding import to_json
from touchstone.listing import Listing
from touchstone.verdicts import Screening


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What a screening depends on besides the listing and its background, part by part, each as a digest.

    ``names``, ``products`` and ``terms`` (prices and authorized sellers) are keyed by brand. Two screenings in equal
    states give the same answer.
    """

    names: dict[str, str]
    products: dict[str, str]
    terms: dict[str, str]
    rates: str
    matching: int
    detectors: dict[str, int]
    weights: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a listing gave: the listing with what was learned of it, and what is to be kept.

    ``tallies`` is what it adds to its seller's record, ``photos`` are the content addresses of photos of the seller's own.
    """

    listing: Listing
    screening: Screening
    tallies: frozenset[str] = frozenset()
    photos: frozenset[str] = frozenset()
    state: State | None = None


class Screener:
    """Ready for one catalog, the weights that hold, and a store. Belongs to the store's thread."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        table = weights_of(store)
        self.table = table
        self._screen = Screen.build(catalog, table=table)
        self._photos = Photos(store, catalog, self._screen)
        self._backgrounds = Backgrounds(store)
        self.state = state_of(catalog, table)

    def names(self, listing: Listing, brands: frozenset[str]) -> bool:
        """Whether a listing is about one of ``brands``, by a look that takes no photo in detail."""
        return any(match.brand in brands for match in self._screen.matches(listing))

    def look(self, listing: Listing, bodies: Mapping[str, bytes] | None = None) -> Look:
        """Look at a listing; what is known beyond it is only asked for where it is about a brand.

        ``bodies`` holds, by content address, photos that are not in the store.
        """
        seen = self._photos.see(listing, bodies)
        matches = self._screen.matches(seen)
        own = self._own_photos(seen) if matches else frozenset()
        seen = msgspec.structs.replace(seen, background=self._backgrounds.of(seen, matches, own))
        screening = self._screen.screen(seen, matches)
        tallies = self._screen.tallies(seen, screening) if screening.matches else frozenset()
        return Look(listing=seen, screening=screening, tallies=tallies, photos=own, state=self.state)

    def refresh(self) -> None:
        """Read others' prices anew."""
        self._backgrounds.refresh()

    def background(self, listing: Listing) -> Background:
        """What is known now beyond a listing that was looked at before."""
        return self._backgrounds.of(listing, self._screen.matches(listing), self._own_photos(listing))

    def _own_photos(self, listing: Listing) -> frozenset[str]:
        return frozenset(self._photos.of_the_sellers_own(listing))


def state_of(catalog: Catalog, table: Weights) -> State:
    """The state that a catalog, these weights and the detectors of this version make."""
    names, products, terms = {}, {}, {}
    for brand in catalog.brands:
        part = catalog.only(brand.id)
        prices = [(reference.sku, reference.prices) for reference in part.references]
        bare = [msgspec.structs.replace(reference, prices=()) for reference in part.references]
        names[brand.id] = _digest(brand)
        products[brand.id] = _digest(bare)
        terms[brand.id] = _digest([prices, part.authorized])
    return State(
        names=names, products=products, terms=terms, rates=_digest(catalog.rates), matching=MATCHING_VERSION,
        detectors={detector.name: detector.version for detector in discover()}, weights=_digest(table),
    )  # fmt: skip


def _digest(value: object) -> str:
    return hashlib.sha256(to_json(value).encode()).hexdigest()[:16]
