"""Many reports, printed side by side by a process for each core, and handed back in order."""

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Self

from evidence.report import LANGUAGES, Front, Pictured, render
from evidence.wording import Language

AHEAD = 3  # exhibits for each process that are printed or wait to be put: what bounds the memory
PRINTS = 100  # reports by one process, which is then replaced: the PDF engine keeps some memory of each


class Printing:
    """The processes, started with the first report. Use as a context; what is under way when it ends early is dropped."""

    def __init__(self) -> None:
        self._workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None
        self._under_way: deque[tuple[Language, str, Future[bytes]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def after(self, front: Front, pictured: Sequence[Pictured], name: str) -> Iterator[tuple[Language, str, bytes]]:
        """Have an exhibit printed in each language, and give reports that were asked for earlier, as far as they must be put now."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=PRINTS
            )
        for language in LANGUAGES:
            self._under_way.append((language, name, self._pool.submit(render, front, pictured, language)))
        while len(self._under_way) > self._workers * AHEAD * len(LANGUAGES):
            yield self._first()

    def rest(self) -> Iterator[tuple[Language, str, bytes]]:
        """The reports that are still under way."""
        while self._under_way:
            yield self._first()

    def _first(self) -> tuple[Language, str, bytes]:
        language, name, printed = self._under_way.popleft()
        return language, name, printed.result()
