"""A sweep while it runs: one line for each marketplace on standard error."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.common import messages
from operations.sink import Watcher
from touchstone.listing import Listing, PageStatus
from touchstone.sweeps import Sweep
from touchstone.verdicts import Flag


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
