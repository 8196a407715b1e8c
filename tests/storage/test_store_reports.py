"""What a sweep amounts to, judged by its marketplace's own history."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from store_samples import MARKETPLACE, NOON, a_listing

from crawler.generic import GENERIC
from operations.reports import report_of
from storage.store import Store
from touchstone.listing import Offer
from touchstone.sweeps import SweepReport, SweepRequest, SweepStatus

REQUEST = SweepRequest(marketplace=MARKETPLACE, queries=("q",))
PLACE = msgspec.structs.replace(GENERIC, name=MARKETPLACE)


def swept(store: Store, number: int, *, priced: int, of: int = 20) -> SweepReport:
    """A sweep that saw some listings, so many with a price; closed with its report."""
    with store.transaction():
        sweep_id = store.sweeps.open(REQUEST, NOON + timedelta(hours=number))
        for index in range(of):
            listing = a_listing(f"L{index}", minutes=60 * number)
            if index >= priced:
                listing = msgspec.structs.replace(listing, offer=Offer(seller=listing.offer.seller))
            store.listings.observe(listing, sweep_id)
    report = report_of(store, sweep_id, REQUEST, PLACE, finished=True)
    with store.transaction():
        store.sweeps.close(sweep_id, report, NOON)
    return report


@pytest.mark.usefixtures("sweep_id")
def test_a_field_that_vanishes_degrades_the_sweep(store: Store) -> None:
    """The alarm names the field, where it was looked for, and a listing that lacks it."""
    for number in range(3):
        assert swept(store, number, priced=20).status is SweepStatus.COMPLETE
    report = swept(store, 4, priced=3)
    assert report.status is SweepStatus.DEGRADED
    alarm = next(problem for problem in report.problems if problem.startswith("price is on 15%"))
    assert "usually on 100%" in alarm
    assert "schema:offers.price" in alarm
    assert "https://namu.example/item/L3" in alarm
    assert swept(store, 5, priced=15).status is SweepStatus.COMPLETE


@pytest.mark.usefixtures("sweep_id")
def test_without_a_history_nothing_is_usual(store: Store) -> None:
    """Two sweeps are no history."""
    for number in range(2):
        swept(store, number, priced=20)
    assert swept(store, 3, priced=0).status is SweepStatus.COMPLETE
