"""A sweep while it runs: one line for each marketplace on standard error."""

import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.common import messages
from operations.sink import Watcher
from operations.sweep import close_dead_sweeps
from storage.store import Store
from touchstone.listing import Listing, PageStatus
from touchstone.sweeps import Sweep, SweepStatus
from touchstone.verdicts import Flag

FOLLOW_SECONDS = 0.5


class SweepProgress:
    """The lines. The total is known only where a sweep was told to stop after so many listings."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn(
                "{task.fields[pages]} pages · {task.completed:.0f} listings · [bold]{task.fields[flags]}[/] flags"
            ),
            TimeElapsedColumn(),
            console=messages(),
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def watcher(self, sweep: Sweep) -> Watcher:
        """A line for one more sweep."""
        return _Line(self._progress, sweep)


class _Line(Watcher):
    def __init__(self, progress: Progress, sweep: Sweep) -> None:
        self._progress = progress
        self._pages = self._flags = 0
        total = sweep.request.max_listings
        self._task = progress.add_task(sweep.request.marketplace, total=total, pages=0, flags=0)

    def page(self, url: str, status: PageStatus, *, rendered: bool) -> None:
        """Count it."""
        self._pages += 1
        self._progress.update(self._task, pages=self._pages)

    def listing(self, listing: Listing, raised: list[tuple[int, Flag]]) -> None:
        """Count it and what it raised."""
        self._flags += len(raised)
        self._progress.update(self._task, advance=1, flags=self._flags)


def follow(store: Store, number: int, *, scheduled: bool) -> Sweep:
    """Show how a sweep that another process runs gets on, from what is stored of it; returns it when it has ended."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=messages()) as progress:
        task = progress.add_task(f"sweep {number}", said="")
        while True:
            close_dead_sweeps(store)
            found = store.sweeps.one(number)
            assert found is not None  # sweeps are never deleted
            if found.status not in (SweepStatus.QUEUED, SweepStatus.RUNNING):
                return found
            progress.update(task, said=_said(store, found, scheduled=scheduled))
            time.sleep(FOLLOW_SECONDS)


def _said(store: Store, sweep: Sweep, *, scheduled: bool) -> str:
    place = sweep.request.marketplace
    if sweep.status is SweepStatus.QUEUED:
        ahead = [one.id for one in store.sweeps.waiting(datetime.now(UTC))]
        where = f", {ahead.index(sweep.id)} ahead of it" if sweep.id in ahead else ""
        return (
            f"{place}: waits{where}"
            if scheduled
            else f"{place}: waits, and no scheduler runs: touchstone scheduler run"
        )
    now = store.frontier.progress(sweep.id)
    done = sum(now.pages.values())
    flags = sum(1 for _ in store.flags.ranked(sweep=sweep.id))
    return f"{place}: {done} pages, {now.open} to go, {flags} flags"
