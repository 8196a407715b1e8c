"""Looking again at flagged listings: which are due, and the sweeps that visit them."""

import itertools

from crawler.marketplace import available
from crawler.marketplace import load as load_marketplace
from operations import clock
from operations.queue import REVISIT, enqueue
from operations.standings import WHILE_UP
from operations.sweep import Errand
from storage.store import Store
from touchstone.configuration import Configuration
from touchstone.errors import ConfigurationError
from touchstone.sweeps import Place, SweepRequest, Trigger

SIGNS_OF_LIFE = (
    3  # listings that were up lately, visited beside the others: if they are gone as well, the site has changed
)


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
        alive = filter(marketplace.may_fetch, store.standings.lately_up(name, SIGNS_OF_LIFE))
        request = SweepRequest(marketplace=name, urls=tuple(dict.fromkeys((*urls, *alive))), trigger=Trigger.REVISIT)
        errands.append(Errand(request, marketplace))
    return errands


def plan(configuration: Configuration, store: Store) -> list[int]:
    """Queue what is due, one sweep for each marketplace that has none waiting or running; returns the sweeps' numbers."""
    errands = due(configuration, store)
    with store.transaction():
        busy = {
            sweep.request.marketplace for sweep in store.sweeps.unfinished() if sweep.request.trigger is Trigger.REVISIT
        }
        idle = [errand for errand in errands if errand.marketplace.name not in busy]
        return [enqueue(store, errand, Place(priority=REVISIT)) for errand in idle]
