"""The queue: sweeps that wait for a process, whoever asked for them."""

from typing import TYPE_CHECKING

import msgspec

from operations import clock
from operations.session import actor
from operations.standings import put_off
from storage.store import Store
from touchstone.errors import UnknownName, UserError
from touchstone.sweeps import Place, Sweep, SweepReport, SweepStatus, Trigger

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


def ask_for(store: Store, errand: "Errand") -> int:
    """Queue a sweep that somebody waits for, ahead of all others, and return its number; that of the very same, if one waits."""
    with store.transaction():
        for sweep in store.sweeps.unfinished():
            if sweep.status is SweepStatus.QUEUED and sweep.request == errand.request:
                return sweep.id
        return enqueue(store, errand, Place(priority=ASKED_FOR))


def cancel(store: Store, number: int) -> Sweep:
    """Take a sweep out of the queue: it is not begun, or not gone on with. One that runs is ended by the scheduler, which looks.

    What it has found stays, and `sweep resume` goes on with it. Its schedule goes on as if it had not been. Raises
    ``UnknownName``, and ``UserError`` for a sweep that is over or never was in the queue.
    """
    with store.transaction():
        sweep = store.sweeps.one(number)
        if sweep is None:
            raise UnknownName(f"there is no sweep {number}", hint="See: touchstone sweeps")
        if sweep.place is None:
            raise UserError(f"sweep {number} is not of the queue", hint="Ctrl-C ends it where it was begun.")
        unfinished = sweep.status in (SweepStatus.QUEUED, SweepStatus.RUNNING, SweepStatus.INTERRUPTED)
        if sweep.place.concluded or not unfinished:
            state = "being ended" if sweep.status is SweepStatus.RUNNING else sweep.status
            raise UserError(f"sweep {number} is {state} already", hint="What waits and runs: touchstone sweeps")
        now = clock.now()
        store.sweeps.conclude(number)
        if sweep.status is SweepStatus.QUEUED:
            left = f"taken out of the queue; go on with: touchstone sweep resume {number}"
            report = sweep.report or SweepReport(status=SweepStatus.INTERRUPTED)
            store.sweeps.close(
                number, msgspec.structs.replace(report, status=SweepStatus.INTERRUPTED, problems=(left,)), now
            )
        if sweep.request.trigger is Trigger.REVISIT:
            put_off(store, sweep, now)
        store.audit.append(at=now, actor=actor(), action="sweep.cancel", subject=f"sweep/{number}")
        found = store.sweeps.one(number)
    assert found is not None  # sweeps are never deleted
    return found
