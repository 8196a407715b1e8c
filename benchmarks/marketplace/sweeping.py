"""A world through the real path: catalog imported, every listing looked at and kept, everything screened again.

`keep` and `screen_again` are all that knows how that path is called.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import msgspec

from benchmarks.marketplace.courses import course, days_before
from benchmarks.marketplace.pictures import draw
from benchmarks.marketplace.shelf import BASES, Shelf
from fixtures.demo import TODAY
from fixtures.demo.catalog import write_catalog
from fixtures.demo.model import ImageSpec, Truth, World
from operations import clock
from operations.import_catalog import import_catalog
from operations.keeping import keep_listing
from operations.rescreen import RescreenReport, rescreen
from operations.screener import Screener
from storage.store import Store
from touchstone.images import ListingImage
from touchstone.listing import Listing
from touchstone.money import Money
from touchstone.sweeps import SweepReport, SweepRequest, SweepStatus

ACTOR = "benchmark"
TITLES = {"namu": "Namu Market", "plaza": "Plaza"}


class Visited(NamedTuple):
    """A listing as the last sweep sees it, and what it cost when earlier ones saw it."""

    listing: Listing
    earlier: tuple[tuple[datetime, Money], ...]


def keep(store: Store, screener: Screener, sweep: int, listing: Listing) -> None:
    """Look at a listing and keep what that gave, as a sweep does."""
    keep_listing(store, sweep, screener.look(listing), None)


def screen_again(store: Store, today: date = TODAY) -> RescreenReport:
    """Screen everything again, as a brand does after a sweep; an hour after it."""
    with _clock(datetime.combine(today, time(13), UTC)):
        return rescreen(store, actor=ACTOR)


def fill(world: World, folder: Path, processes: int, pictures: float = 1.0) -> dict[str, tuple[ListingImage, ...]]:
    """Make a store with the world's catalog and pictures; returns the images of each listing by its key.

    A share of ``pictures`` can be had; the others are as if their addresses had not answered.
    """
    catalog = write_catalog(world, folder / "catalog")
    with Store.open(folder / "store", durable=False) as store:
        import_catalog(store, [catalog], actor=ACTOR)
        fetched = _keep_pictures(store, world, processes, pictures)
        with store.transaction():
            for name in BASES:
                store.sweeps.know_marketplace(name, title=TITLES[name], base_url=BASES[name])
    return fetched


def _keep_pictures(store: Store, world: World, processes: int, pictures: float) -> dict[str, tuple[ListingImage, ...]]:
    shelf, at = Shelf(world), datetime.combine(world.today, time(11), UTC)
    bare: dict[ImageSpec, ListingImage] = {}
    missing = ListingImage(url="")
    for drawn in draw((spec for spec in world.pictures.values() if _lot(spec) < pictures), processes):
        sha256 = hashlib.sha256(drawn.body).hexdigest()
        store.blobs.put(drawn.body)
        with store.transaction():
            store.images.keep(sha256, size=len(drawn.body), fingerprint=drawn.fingerprint, unreadable=None, at=at)
        bare[drawn.spec] = ListingImage(url="", sha256=sha256, fingerprint=drawn.fingerprint)
    return {
        f"{made.marketplace}/{made.id}": tuple(
            msgspec.structs.replace(bare.get(world.pictures[key], missing), url=shelf.image_url(made, key))
            for key in made.images
        )
        for made in world.listings
    }


def _lot(spec: ImageSpec) -> float:
    """A number from 0 to 1 for each picture, the same for ever."""
    return zlib.crc32(repr(spec).encode()) / 2**32


def visits(world: World, images: dict[str, tuple[ListingImage, ...]]) -> Iterator[tuple[Visited, Truth]]:
    """Every listing with its earlier prices and the truth about it."""
    shelf = Shelf(world)
    for made, truth in zip(world.listings, world.truths, strict=True):
        listing = shelf.listing(made, images[f"{made.marketplace}/{made.id}"])
        earlier = tuple(
            (datetime.combine(day, time(12), UTC), Money.of(price, made.currency))
            for day, price in course(made, truth, world.seed, world.today)
        )
        yield Visited(listing, earlier), truth


def sweep_all(world: World, visited: Iterable[Visited], folder: Path, processes: int) -> RescreenReport:
    """Sweep both marketplaces into the store that was filled, each in a process of its own, and screen again."""
    at = datetime.combine(world.today, time(12), UTC)
    by_market: dict[str, list[Visited]] = {name: [] for name in BASES}
    for one in visited:
        by_market[one.listing.marketplace].append(one)
    if processes < 2:
        for name, some in by_market.items():
            _sweep(folder, name, some, at)
    else:
        with ProcessPoolExecutor(len(by_market)) as pool:
            for done in [pool.submit(_sweep, folder, name, some, at) for name, some in by_market.items()]:
                done.result()
    with Store.open(folder / "store", durable=False) as store:
        return screen_again(store, world.today)


def _sweep(folder: Path, marketplace: str, visited: list[Visited], at: datetime) -> None:
    """One marketplace: its earlier days as observations alone, then today's sweep in full."""
    with Store.open(folder / "store", durable=False) as store, _clock(at):
        for day in days_before(at.date()):
            moment = datetime.combine(day, time(12), UTC)
            sweep = _open(store, marketplace, moment)
            for one in visited:
                if (price := dict(one.earlier).get(moment)) is not None:
                    _observe(store, sweep, one.listing, moment, price)
            _close(store, sweep, moment)
        screener, sweep = Screener(store, store.catalog.load()), _open(store, marketplace, at)
        for one in visited:
            keep(store, screener, sweep, one.listing)
        _close(store, sweep, at)


def _observe(store: Store, sweep: int, listing: Listing, at: datetime, price: Money) -> None:
    """Note what a listing cost on an earlier day."""
    asked = listing.offer.list_price
    offer = msgspec.structs.replace(
        listing.offer, price=price, list_price=asked if asked and asked.minor > price.minor else None
    )
    with store.transaction():
        store.listings.observe(msgspec.structs.replace(listing, seen_at=at, offer=offer), sweep)


def _open(store: Store, marketplace: str, at: datetime) -> int:
    with store.transaction():
        return store.sweeps.open(SweepRequest(marketplace=marketplace), at)


def _close(store: Store, sweep: int, at: datetime) -> None:
    with store.transaction():
        store.sweeps.close(sweep, SweepReport(status=SweepStatus.COMPLETE), at)


def _clock(at: datetime) -> AbstractContextManager[object]:
    """The world's own time: what is recent must not depend on the day on which the benchmark runs."""
    return mock.patch.object(clock, "now", return_value=at)
