"""The parts of Touchstone's work on a page, each alone: CPU milliseconds per page of one process that does nothing else.

Works on the pages and photos that the rows crawl, fetched beforehand. ``decode`` is Pillow alone; ``fingerprint`` is
what fingerprinting adds to it, so that the parts can be added up. ``store`` keeps the photo's bytes and row and the
listing with its observation, findings and flags, and the page of a flagged one: two transactions, as a sweep makes them.
"""

import argparse
import gc
import hashlib
import io
import json
import time
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from PIL import Image

from benchmarks.crawl import workspace
from benchmarks.crawl.pages import BRAND_NAME
from crawler.extraction import extract
from crawler.marketplace import load
from crawler.page import PageView
from detectors.fingerprints import fingerprint
from detectors.photo_features import look
from detectors.photo_index import PhotoIndex
from detectors.screening import Screen
from operations.keeping import keep_listing
from operations.screener import Look
from storage.store import Store
from touchstone.images import ListingImage
from touchstone.listing import Listing
from touchstone.sweeps import Capture, SweepRequest
from touchstone.verdicts import Screening

PARTS = ("parse and extract", "decode", "fingerprint", "detect", "look in detail", "store")
T = TypeVar("T")
R = TypeVar("R")


def timed(work: Callable[[T], R], things: Sequence[T]) -> tuple[float, list[R]]:
    """CPU milliseconds per thing, user and system, and what came of each; the first is done once before, untimed."""
    work(things[0])
    gc.collect()
    begun = time.process_time()
    made = [work(thing) for thing in things]
    return (time.process_time() - begun) / len(things) * 1000, made


def parts(base: str, folder: Path, count: int) -> dict[str, float]:
    """CPU milliseconds per page of each part, over the listings 1 to ``count``, in a prepared workspace."""
    numbers = range(1, count + 1)
    bodies = [(f"{base}/item/{number}", _fetched(f"{base}/item/{number}")) for number in numbers]
    pictures = [_fetched(f"{base}/img/{number}.jpg") for number in numbers]
    marketplace = load(workspace.marketplace_file(folder))

    def read(page: tuple[str, bytes]) -> Listing:
        url, body = page
        return extract(PageView(url, body.decode()), marketplace, datetime.now(UTC)).listings[0]

    cost: dict[str, float] = {}
    cost["parse and extract"], listings = timed(read, bodies)
    cost["decode"], _ = timed(_decoded, pictures)
    whole, prints = timed(fingerprint, pictures)
    cost["fingerprint"] = whole - cost["decode"]
    seen = [
        msgspec.structs.replace(
            listing,
            images=(ListingImage(url=listing.images[0].url, sha256=hashlib.sha256(body).hexdigest(), fingerprint=print_),),
        )
        for listing, body, print_ in zip(listings, pictures, prints, strict=True)
    ]  # fmt: skip
    with Store.open(folder / "store", durable=False, create=False) as store:
        screen = Screen.build(store.catalog.load())
        cost["detect"], screenings = timed(screen.screen, seen)
        cost["look in detail"] = _looks(store, pictures, screenings)
        request = SweepRequest(marketplace=marketplace.name, queries=(BRAND_NAME,))
        with store.transaction():
            store.sweeps.know_marketplace(marketplace.name, title=marketplace.title, base_url=base)
            sweep = store.sweeps.open(request, datetime.now(UTC))
        cost["store"], _ = timed(
            lambda work: _kept(store, sweep, *work),
            list(zip(seen, screenings, pictures, (body for _, body in bodies), strict=True)),
        )
    return cost


def _looks(store: Store, pictures: Sequence[bytes], screenings: Sequence[Screening]) -> float:
    """Of the photos of listings that are about a brand, spread over all pages."""
    references = [image.sha256 for one in store.catalog.load().references for image in one.images]
    index = PhotoIndex([look(store.blobs.get(sha256)).reference for sha256 in references])
    asked = [picture for picture, screening in zip(pictures, screenings, strict=True) if screening.matches]
    cost, _ = timed(index.find, asked)
    return cost * len(asked) / len(pictures)


def _fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 -- the shop's own address
        return bytes(answer.read())


def _decoded(body: bytes) -> Image.Image:
    with Image.open(io.BytesIO(body)) as image:
        return image.convert("RGB")


def _kept(store: Store, sweep: int, listing: Listing, screening: Screening, picture: bytes, body: bytes) -> None:
    (image,) = listing.images
    sha256 = store.blobs.put(picture)
    with store.transaction():
        store.images.keep(sha256, size=len(picture), fingerprint=image.fingerprint, unreadable=None, at=listing.seen_at)
        store.images.seen_at(image.url, sha256, listing.seen_at)
    capture = None
    if screening.flags:
        capture = Capture(url=listing.url, at=listing.seen_at, kind="page", sha256=store.blobs.put(body))
    with store.transaction():
        keep_listing(store, sweep, Look(listing=listing, screening=screening), capture)


def main() -> None:
    """Measure and print the costs as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    given = parser.parse_args()
    print(json.dumps(parts(given.base, given.folder, given.count)))


if __name__ == "__main__":
    main()
