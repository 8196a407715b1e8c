"""Looking again at everything stored, without touching the network."""

from collections.abc import Callable

import msgspec

from detectors.screening import Screen
from operations import clock
from operations.keeping import keep_screening
from operations.photos import Photos
from storage.store import Store
from touchstone.verdicts import FlagStatus


class RescreenReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many listings were looked at, how many flags are new and how many are open now."""

    listings: int
    raised: int
    open_flags: int


def rescreen(store: Store, *, actor: str, progress: Callable[[int], None] = lambda count: None) -> RescreenReport:
    """Screen every stored listing with today's catalog and detectors, each in a transaction of its own.

    A flag that is no longer raised is withdrawn; what people decided stays.
    """
    catalog = store.catalog.load()
    photos = Photos(store, catalog, Screen.build(catalog))
    listings = raised = 0
    for row, listing in store.listings.all():
        seen, screening = photos.screen(listing)
        with store.transaction():
            if seen != listing:
                store.listings.replace(row, seen)
            raised += len(keep_screening(store, row, seen, screening))
        listings += 1
        progress(listings)
    report = RescreenReport(
        listings=listings, raised=raised, open_flags=sum(1 for _ in store.flags.ranked(status=FlagStatus.OPEN))
    )
    with store.transaction():
        store.audit.append(at=clock.now(), actor=actor, action="rescreen", subject="store", detail=report)
    return report
