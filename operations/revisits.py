"""Looking again at flagged listings: which are due, and the sweeps that visit them."""

import itertools
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from crawler.marketplace import available
from crawler.marketplace import load as load_marketplace
from operations import clock
from operations.queue import REVISIT, enqueue
from operations.standings import WHILE_UP
from operations.sweep import Errand
from operations.sweep import plan as plan_sweep
from storage.store import Store
from touchstone.catalog import Catalog
from touchstone.configuration import Configuration
from touchstone.errors import ConfigurationError
from touchstone.standing import ListingStanding, StandingEvent
from touchstone.sweeps import Place, Sweep, SweepRequest, Trigger

SIGNS_OF_LIFE = 3  # listings that were up lately, visited as well: if they are gone too, the site has changed


def due(configuration: Configuration, store: Store) -> list[Errand]:
    """One errand for each marketplace that has flagged listings to be looked at again, the riskiest first."""
    now, most = clock.now(), configuration.settings.scheduler.revisits_per_sweep
    errands = []
    for name, path in available(configuration.marketplace_folders).items():
        try:
            marketplace = load_marketplace(path, configuration.marketplace(name))
        except ConfigurationError:  # its schedules say so
            continue
        if not marketplace.base_url:
            continue
        known = store.standings.due(name, now=now, unseen_since=now - WHILE_UP[0])
        urls = list(itertools.islice(filter(marketplace.may_fetch, known), most))
        if not urls:
            continue
        request = SweepRequest(marketplace=name, urls=tuple(urls), trigger=Trigger.REVISIT)
        errands.append(_with_signs_of_life(store, Errand(request, marketplace)))
    return errands


def of_flags(configuration: Configuration, store: Store, flags: Iterable[int]) -> list[Errand]:
    """One errand for each marketplace that the flags' listings are on, whether or not they are due.

    Raises ``UnknownName`` for a flag, marketplace or address that is not known, as ``operations.sweep.plan`` does.
    """
    wanted: dict[str, dict[str, None]] = defaultdict(dict)
    for flag in flags:
        listing = store.flags.one(flag).listing
        wanted[listing.marketplace][listing.url] = None
    planned = [
        errand
        for name, urls in wanted.items()
        for errand in plan_sweep(
            configuration, Catalog(), marketplaces=(name,), urls=tuple(urls), trigger=Trigger.REVISIT
        )
    ]
    return [_with_signs_of_life(store, errand) for errand in planned]


def _with_signs_of_life(store: Store, errand: Errand) -> Errand:
    alive = filter(errand.marketplace.may_fetch, store.standings.lately_up(errand.marketplace.name, SIGNS_OF_LIFE))
    urls = tuple(dict.fromkeys((*errand.request.urls, *alive)))
    return Errand(msgspec.structs.replace(errand.request, urls=urls), errand.marketplace)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a revisit saw of a flag's listing; ``standing`` is none when its page did not tell, ``events`` is what is new."""

    flag: int
    standing: ListingStanding | None
    events: tuple[StandingEvent, ...]


def outcomes(store: Store, sweeps: Iterable[Sweep], flags: Iterable[int]) -> list[Seen]:
    """What sweeps that have ended saw of the flags' listings."""
    began = {sweep.id: sweep.started_at for sweep in sweeps}
    seen = []
    for flag in dict.fromkeys(flags):
        row = store.flags.one(flag).listing_row
        standing = store.standings.of(row)
        told = standing is not None and standing.checked_at >= min(began.values())
        events = tuple(event for event in store.standings.events(row) if event.sweep in began)
        seen.append(Seen(flag=flag, standing=standing if told else None, events=events))
    return seen


def plan(configuration: Configuration, store: Store) -> list[int]:
    """Queue what is due, one sweep for each marketplace that has none waiting or running; returns the sweeps' numbers."""
    errands = due(configuration, store)
    with store.transaction():
        busy = {
            sweep.request.marketplace for sweep in store.sweeps.unfinished() if sweep.request.trigger is Trigger.REVISIT
        }
        idle = [errand for errand in errands if errand.marketplace.name not in busy]
        return [enqueue(store, errand, Place(priority=REVISIT)) for errand in idle]
