"""Storing what one look at a listing gave: all of it in one transaction."""

import msgspec

from operations import clock
from operations.screener import Look
from storage.screenings import Screened
from storage.store import Store
from touchstone.sweeps import Capture
from touchstone.verdicts import Flag

SCREENER = "detectors"  # who the audit log names for what no person decided


def keep_listing(store: Store, sweep_id: int, look: Look, capture: Capture | None) -> list[tuple[int, Flag]]:
    """Store a listing as it was seen with its findings, flags and page; returns the flags that are new."""
    with store.transaction():
        row = store.listings.observe(look.listing, sweep_id)
        if capture is not None:
            store.listings.keep_capture(row, sweep_id, capture)
        return keep_screening(store, row, look)


def keep_screening(store: Store, row: int, look: Look) -> list[tuple[int, Flag]]:
    """Replace the findings of a stored listing and bring its flags up to date; belongs inside a transaction."""
    screening = look.screening
    store.listings.keep_findings(row, screening.findings, clock.now())
    screened = Screened(
        state=store.screenings.state(look.state), matches=screening.matches, unit_prices=screening.unit_prices,
        tallies=look.tallies, photos=look.photos,
    )  # fmt: skip
    store.screenings.keep(row, look.listing, screened)
    return keep_flags(store, row, look.listing.key, screening.flags)


def keep_flags(store: Store, row: int, key: str, flags: tuple[Flag, ...]) -> list[tuple[int, Flag]]:
    """Bring a stored listing's flags up to date; belongs inside a transaction."""
    at = clock.now()
    raised = store.flags.keep(row, flags, at)
    for flag_id, flag in raised:
        store.audit.append(
            at=at, actor=SCREENER, action="flag.raise", subject=f"flag/{flag_id}",
            detail={"listing": key, "flag": msgspec.to_builtins(flag)},
        )  # fmt: skip
    return raised
