"""What the scheduler does beside sweeps, and how often."""

import shutil
from collections.abc import Callable
from datetime import timedelta

from operations import clock, revisits
from operations.alerts import deliver
from operations.digest import digest_if_due
from operations.retention import vacuum_if_due
from storage.store import Store
from touchstone.alerts import Alert, AlertKind
from touchstone.configuration import Configuration

LEAST_FREE_BYTES = 2 * 1024**3  # some days of a busy installation's photos and captures

Chore = Callable[[Configuration, Store], None]


def plan_revisits(configuration: Configuration, store: Store) -> None:
    """Queue another look at the flagged listings that are due for one."""
    if configuration.settings.scheduler.revisits:
        revisits.plan(configuration, store)


def watch_disk(configuration: Configuration, store: Store) -> None:
    """Tell when the store's disk is nearly full: sweeps would fail, and captures be lost."""
    free, where, now = shutil.disk_usage(store.folder).free, str(configuration.store_folder), clock.now()
    with store.transaction():
        if free < LEAST_FREE_BYTES:
            message = f"{free / 1024**3:.1f} GB are free on the disk of {where}"
            hint = "Free some, or see what may expire: touchstone store vacuum --dry-run"
            store.alerts.tell(Alert(kind=AlertKind.DISK_LOW, subject=where, message=message, hint=hint), now)
        else:
            store.alerts.resolve(AlertKind.DISK_LOW, where, now, f"{free / 1024**3:.1f} GB are free again")


ALL: tuple[tuple[str, timedelta, Chore], ...] = (
    ("revisits", timedelta(minutes=5), plan_revisits),
    ("alerts", timedelta(seconds=15), deliver),
    ("digest", timedelta(minutes=1), digest_if_due),
    ("retention", timedelta(minutes=30), vacuum_if_due),
    ("disk", timedelta(minutes=5), watch_disk),
)
