"""Storing what one look at a listing gave: all of it in one transaction."""

import msgspec

from operations import clock
from storage.store import Store
from touchstone.listing import Listing
from touchstone.sweeps import Capture
from touchstone.verdicts import Flag, Screening

SCREENER = "detectors"  # who the audit log names for what no person decided


def keep_listing(
    store: Store, sweep_id: int, listing: Listing, screening: Screening, capture: Capture | None
) -> list[tuple[int, Flag]]:
    """Store a listing as it was seen with its findings, flags and page; returns the flags that are new."""
    with store.transaction():
        row = store.listings.observe(listing, sweep_id)
        if capture is not None:
            store.listings.keep_capture(row, sweep_id, capture)
        return keep_screening(store, row, listing, screening)


def keep_screening(store: Store, row: int, listing: Listing, screening: Screening) -> list[tuple[int, Flag]]:
    """Replace the findings of a stored listing and bring its flags up to date; belongs inside a transaction."""
    at = clock.now()
    store.listings.keep_findings(row, screening.findings, at)
    raised = store.flags.keep(row, screening.flags, at)
    for flag_id, flag in raised:
        store.audit.append(
            at=at, actor=SCREENER, action="flag.raise", subject=f"flag/{flag_id}",
            detail={"listing": listing.key, "flag": msgspec.to_builtins(flag)},
        )  # fmt: skip
    return raised
