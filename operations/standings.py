"""What became of flagged listings: kept when a sweep has ended, from what it saw of each one's own page."""

from datetime import datetime, timedelta

import msgspec

from storage.standings import Sighting
from storage.store import Store
from touchstone.standing import Change, ListingStanding, Standing, StandingEvent
from touchstone.sweeps import Sweep, SweepStatus, Trigger

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# The time until the next look, after so many looks that found nothing new. Removals come within hours or days of a
# notice; whoever is left alone for a month is looked at once a month.
WHILE_UP = (6 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 28 * DAY)
WHILE_GONE = (DAY, 3 * DAY, 7 * DAY, 14 * DAY, 28 * DAY)  # for a relisting; after the last it is left alone
PUT_OFF = 6 * HOUR  # after a sweep that could not look
CONCLUSIVE = (SweepStatus.COMPLETE, SweepStatus.PARTIAL)  # others' pages may not have been what they seemed

_CHANGES = {
    (Standing.UP, Standing.GONE): Change.REMOVED,
    (Standing.SOLD_OUT, Standing.GONE): Change.REMOVED,
    (Standing.GONE, Standing.UP): Change.RELISTED,
    (Standing.GONE, Standing.SOLD_OUT): Change.RELISTED,
    (Standing.UP, Standing.SOLD_OUT): Change.SOLD_OUT,
    (Standing.SOLD_OUT, Standing.UP): Change.RESTOCKED,
}


def keep_standings(store: Store, sweep_id: int, at: datetime) -> None:
    """Note what a sweep that has just been closed saw of watched listings; belongs inside its transaction.

    A sweep that was degraded, failed or interrupted says nothing of any listing: those it was to look at are put off.
    """
    sweep = store.sweeps.one(sweep_id)
    assert sweep is not None  # it has just been closed
    if sweep.status in CONCLUSIVE:
        for sighting in store.standings.sightings(sweep_id, sweep.started_at):
            _keep(store, sweep, sighting, at)
    if sweep.request.trigger is Trigger.REVISIT and sweep.status is not SweepStatus.INTERRUPTED:
        put_off(store, sweep, at)


def _keep(store: Store, sweep: Sweep, sighting: Sighting, at: datetime) -> None:
    before = store.standings.of(sighting.listing_row)
    if before is None:
        if sighting.standing is Standing.GONE:  # it was up when it was flagged
            before = ListingStanding(listing_row=sighting.listing_row, standing=Standing.UP, since=at, checked_at=at)
        else:
            first = ListingStanding(
                listing_row=sighting.listing_row, standing=sighting.standing, since=at, checked_at=at,
                next_at=at + WHILE_UP[0],
            )  # fmt: skip
            store.standings.keep(first)
            if sighting.new:
                _note_predecessors(store, sweep, sighting.listing_row, at)
            return
    change = _CHANGES.get((before.standing, sighting.standing))
    detail = "" if change or sighting.standing is Standing.GONE else _difference(store, sighting.listing_row, sweep.id)
    due = (
        before.next_at is not None and at >= before.next_at
    )  # a look in between, by whatever sweep, slows nothing down
    checks = 0 if change or detail else before.checks + due
    store.standings.keep(
        msgspec.structs.replace(
            before, standing=sighting.standing, since=at if change else before.since, checked_at=at, checks=checks,
            next_at=_next(sighting.standing, checks, at),
        )
    )  # fmt: skip
    if change or detail:
        store.standings.note(
            StandingEvent(
                listing_row=sighting.listing_row, sweep=sweep.id, at=at, change=change or Change.CHANGED, detail=detail
            )
        )
    if change is Change.REMOVED:
        store.standings.remember_photos(sighting.listing_row, _photos(store, sighting.listing_row))
    elif change is Change.RELISTED:
        store.standings.forget_photos(sighting.listing_row)


def _next(standing: Standing, checks: int, at: datetime) -> datetime | None:
    if standing is Standing.GONE:
        return at + WHILE_GONE[checks] if checks < len(WHILE_GONE) else None
    return at + WHILE_UP[min(checks, len(WHILE_UP) - 1)]


def _difference(store: Store, row: int, sweep_id: int) -> str:
    """What a listing's page says otherwise than at the sighting before this sweep, in words; empty without any."""
    now = before = None
    for seen in store.listings.newest_prices(row):
        if seen.sweep == sweep_id:
            now = now or seen
        elif before is None and _conclusive(store, seen.sweep):
            before = seen
        if now and before:
            break
    if now is None or before is None:
        return ""
    return "; ".join(
        f"{name}: {_said(was)} → {_said(is_)}"
        for name, was, is_ in (
            ("title", before.title, now.title), ("price", before.price, now.price), ("seller", before.seller_id, now.seller_id),
        )
        if was != is_
    )  # fmt: skip


def _conclusive(store: Store, sweep_id: int) -> bool:
    sweep = store.sweeps.one(sweep_id)
    return sweep is not None and sweep.status in CONCLUSIVE


def _said(value: object) -> str:
    return "none" if value is None else str(value)


def _photos(store: Store, row: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(image.sha256 for image in store.listings.one(row).images if image.sha256))


def _note_predecessors(store: Store, sweep: Sweep, row: int, at: datetime) -> None:
    key = store.listings.one(row).key
    for before, why in store.standings.predecessors(row, _photos(store, row)):
        store.standings.note(
            StandingEvent(listing_row=before, sweep=sweep.id, at=at, change=Change.RELISTED_AS, detail=f"{key}: {why}")
        )


def put_off(store: Store, sweep: Sweep, at: datetime) -> None:
    """Leave for later what a revisit was to look at and did not see: it would else be asked for without end."""
    store.standings.put_off(sweep.request.marketplace, sweep.request.urls, now=at, until=at + PUT_OFF)
