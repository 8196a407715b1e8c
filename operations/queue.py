"""The queue: sweeps that wait for a process, whoever asked for them."""

from typing import TYPE_CHECKING

from operations import clock
from operations.session import actor
from storage.store import Store
from touchstone.sweeps import Place

if TYPE_CHECKING:
    from operations.sweep import Errand

ASKED_FOR = 1000  # priority of what an analyst waits for: ahead of whatever a schedule may have
RUN_NOW = 500  # of a schedule that somebody does not want to wait for
REVISIT = 40  # below most schedules: what is new matters more than what is known


def enqueue(store: Store, errand: "Errand", place: Place) -> int:
    """Put a sweep into the queue and return its number; belongs inside a transaction, or is one."""
    at, market = clock.now(), errand.marketplace
    with store.transaction():
        store.sweeps.know_marketplace(market.name, title=market.title, base_url=market.base_url)
        sweep_id = store.sweeps.enqueue(errand.request, at, place)
        store.audit.append(
            at=at, actor=actor(), action="sweep.queue", subject=f"sweep/{sweep_id}", detail=errand.request
        )
    return sweep_id
