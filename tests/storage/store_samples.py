"""Values that the storage tests store, and a store that is ready for them; shared with the processes they start."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlite_utils.db import Database

from operations.screener import Look
from storage.store import Store
from touchstone.catalog import Brand, Catalog
from touchstone.listing import Availability, Listing, Offer, Seller
from touchstone.money import Money
from touchstone.sweeps import Capture, SweepRequest
from touchstone.verdicts import Finding, Flag, Label, Screening, Weighed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BRAND = "velhanne"
OTHER_BRAND = "hanok"
MARKETPLACE = "namu"


def prepare(store: Store) -> int:
    """Give a store two brands, a marketplace and an open sweep; returns the sweep's number."""
    with store.transaction():
        store.catalog.upsert(Catalog(brands=(Brand(id=BRAND, name="Velhanne"), Brand(id=OTHER_BRAND, name="Hanok"))))
        store.sweeps.know_marketplace(MARKETPLACE, title="Namu", base_url="https://namu.example")
        return store.sweeps.open(SweepRequest(marketplace=MARKETPLACE, brand=BRAND), NOON)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Undone(Exception):
    """Leaves a transaction without keeping it."""


@contextlib.contextmanager
def taken_back(store: Store) -> Iterator[Database]:
    """A transaction whose writes are seen inside the block and are gone after it."""
    with contextlib.suppress(Undone), store.transaction() as db:
        yield db
        raise Undone


def a_listing(name: str = "L1", *, price: int = 49_000, minutes: int = 0, seller: str | None = "s1") -> Listing:
    """An offer of a bag, seen ``minutes`` after noon."""
    return Listing(
        marketplace=MARKETPLACE,
        listing_id=name,
        url=f"https://namu.example/item/{name}",
        title=f"벨하네 가죽 토트백 {name}",
        seen_at=NOON + timedelta(minutes=minutes),
        offer=Offer(
            price=Money(price, "KRW"),
            availability=Availability.IN_STOCK,
            seller=Seller(marketplace=MARKETPLACE, seller_id=seller, name="명품나라") if seller else None,
        ),
    )


def a_flag(label: Label = Label.COUNTERFEIT, probability: float = 0.9, brand: str = BRAND) -> Flag:
    """A suspicion with one reason."""
    reason = Weighed(kind="price.low", reason="costs a tenth of the genuine one", strength=1.0, weight=3.0, points=3.0)
    return Flag(label=label, brand=brand, probability=probability, bias=-1.0, reasons=(reason,))


def a_screening(*flags: Flag) -> Screening:
    """One look at a listing that gave these flags and one finding."""
    finding = Finding(
        detector="price", version=1, kind="price.low", brand=BRAND, strength=1.0, reason="cheap", data={"ratio": 0.1}
    )
    return Screening(findings=(finding,), flags=flags)


def a_capture(sha256: str, *, minutes: int = 0) -> Capture:
    """A page that was kept under ``sha256``."""
    url = "https://namu.example/item/L1"
    return Capture(url=url, at=NOON + timedelta(minutes=minutes), kind="page", sha256=sha256)


def sha256_of(body: bytes) -> str:
    """The name of a blob."""
    return hashlib.sha256(body).hexdigest()


def observations_of(store: Store, listing_id: str) -> list[tuple[int | None, str]]:
    """Price and time of each observation of a listing, oldest first."""
    return list(
        store.db.conn.execute(
            "SELECT price_minor, at FROM observations JOIN listings ON listings.id = observations.listing"
            " WHERE listing_id = ? ORDER BY observations.id",
            [listing_id],
        )
    )


def tampered(store: Store, *statements: str) -> None:
    """Change rows behind the store's back: no foreign keys, no triggers; the triggers are put back afterwards."""
    conn = store.db.conn
    triggers = list(conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    conn.execute("PRAGMA foreign_keys = OFF")
    for name, _ in triggers:
        conn.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        conn.execute(statement)
    for _, sql in triggers:
        conn.execute(sql)
    conn.commit()
    conn.execute("PRAGMA foreign_keys = ON")


ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("store_process.py")
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(SCRIPT.parent)])}


def a_look(listing: Listing, *flags: Flag) -> Look:
    """One look at a listing that gave these flags and one finding."""
    return Look(listing=listing, screening=a_screening(*flags))
