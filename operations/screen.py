"""Screening listings that somebody hands us, without a crawl: the same detectors before a listing goes live."""

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import TextIO

import msgspec

from operations import clock
from operations.screener import Screener
from storage.store import Store
from touchstone.decoding import problems_in
from touchstone.errors import BadListing
from touchstone.images import ListingImage
from touchstone.listing import Availability, Condition, Listing, Offer, Seller
from touchstone.money import Money
from touchstone.verdicts import Screening

HINT = "One JSON object on each line; docs/screening.md lists the keys."


class ListingLine(msgspec.Struct, frozen=True, kw_only=True):
    """A listing as people and other systems write it: flat, amounts as text."""

    title: str
    marketplace: str = "given"
    listing_id: str | None = None
    url: str = ""
    price: str | int | float | None = None
    currency: str | None = None
    brand: str | None = None
    gtins: tuple[str, ...] = ()
    mpn: str | None = None
    condition: Condition = Condition.UNKNOWN
    availability: Availability = Availability.UNKNOWN
    seller_id: str | None = None
    seller_name: str | None = None
    seller_private: bool | None = None
    description: str | None = None
    category: str | None = None
    options: dict[str, tuple[str, ...]] = {}
    images: tuple[str, ...] = ()


class ScreenedListing(msgspec.Struct, frozen=True, kw_only=True):
    """A listing that was handed in, and what one look at it gave."""

    listing: Listing
    screening: Screening


def screen(store: Store, lines: TextIO, *, name: str) -> Iterator[ScreenedListing]:
    """Screen each line. Images are paths of files beside the input, and are looked at like fetched ones.

    Raises ``BadListing`` naming line, key and mend; lines before it have been answered.
    """
    catalog = store.catalog.load()
    screener = Screener(store, catalog)
    for number, text in enumerate(lines, 1):
        if text.strip():
            bodies: dict[str, bytes] = {}
            look = screener.look(_read(text, f"{name} line {number}", number, bodies), bodies)
            yield ScreenedListing(listing=look.listing, screening=look.screening)


def _read(text: str, where: str, number: int, bodies: dict[str, bytes]) -> Listing:
    try:
        raw = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise BadListing(f"{where} is not JSON: {error}", hint=HINT) from None
    if not isinstance(raw, dict):
        raise BadListing(f"{where} is not a JSON object", hint=HINT)
    problems = list(problems_in(raw, ListingLine))
    if problems:
        raise BadListing("\n".join(f"{where}: {problem}" for problem in problems), hint=HINT)
    line = msgspec.convert(raw, ListingLine)
    if line.price is not None and line.currency is None:
        raise BadListing(f"{where}: price without currency", hint='Add it, such as "currency": "KRW".')
    try:
        price = Money.of(str(line.price), line.currency or "") if line.price is not None else None
    except ValueError as error:
        raise BadListing(f"{where}: price: {error}", hint=HINT) from None
    seller = None
    if line.seller_id or line.seller_name:
        seller = Seller(
            marketplace=line.marketplace, seller_id=line.seller_id or str(line.seller_name), name=line.seller_name,
            private=line.seller_private,
        )  # fmt: skip
    return Listing(
        marketplace=line.marketplace, listing_id=line.listing_id or f"line-{number}", url=line.url, title=line.title,
        seen_at=clock.now().astimezone(UTC), brand=line.brand, gtins=line.gtins, mpn=line.mpn,
        category=line.category, description=line.description, options=line.options,
        images=tuple(_image(path, where, bodies) for path in line.images),
        offer=Offer(price=price, condition=line.condition, availability=line.availability, seller=seller),
    )  # fmt: skip


def _image(path: str, where: str, bodies: dict[str, bytes]) -> ListingImage:
    import hashlib

    from detectors.fingerprints import fingerprint
    from touchstone.errors import UnreadableImage

    try:
        body = Path(path).read_bytes()
        sha256 = hashlib.sha256(body).hexdigest()
        bodies[sha256] = body
        return ListingImage(url=path, sha256=sha256, fingerprint=fingerprint(body))
    except OSError as error:
        raise BadListing(
            f"{where}: images: {path} cannot be read: {error.strerror}", hint="Give paths of files."
        ) from None
    except UnreadableImage as error:
        raise BadListing(f"{where}: images: {path}: {error.message}", hint="Give a JPEG, PNG or WebP.") from None
