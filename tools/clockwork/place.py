"""An installation to try things in: a folder, demo marketplaces served from this process, and its processes."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from fixtures.demo import Demo, Faults, build_world, serve, write_catalog
from storage.store import Store
from tools.clockwork.simulated import FastClock

ROOT = Path(__file__).resolve().parents[2]
MARK = "TOUCHSTONE_CLOCKWORK"  # in the environment of every process that is begun here


class Place:
    """One installation. ``sites``: the demo marketplaces by number, each with faults of its own."""

    def __init__(self, folder: Path, *, sites: int = 1, seed: int = 7) -> None:
        self.folder, self.mark = folder, f"{os.getpid()}-{time.time():.0f}"
        self.store_folder = folder / "store"
        self.clock: FastClock | None = None
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._serve, daemon=True).start()
        self.world = build_world(seed)
        self.faults = [Faults() for _ in range(sites)]
        self.demos: list[Demo] = [self._call(serve(self.world, faults=faults)) for faults in self.faults]
        self.catalog = write_catalog(self.world, folder / "catalog")

    def _serve(self) -> None:
        """Run the servers, before all others on this machine where that is allowed: what they see late they would date late."""
        with contextlib.suppress(AttributeError, PermissionError):
            os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
        self._loop.run_forever()

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def close(self) -> None:
        """Stop serving."""
        for demo in self.demos:
            self._call(demo.close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def configure(self, text: str, name: str = "touchstone.toml") -> None:
        """Write the settings."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def start(self, *arguments: str, log: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a command by the place's clock, if it has one."""
        module = ["tools.clockwork.simulated", str(self.clock)] if self.clock else ["cli"]
        out = log.open("ab") if log else subprocess.DEVNULL
        try:
            return subprocess.Popen(
                [sys.executable, "-m", *module, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, env={**os.environ, "PYTHONPATH": str(ROOT), MARK: self.mark, "COLUMNS": "160", "NO_COLOR": "1"},
            )  # fmt: skip
        finally:
            if log:
                out.close()  # type: ignore[union-attr] -- a file then

    def run(self, *arguments: str) -> str:
        """Run a command to its end and return what it printed."""
        log = self.folder / "last.txt"
        log.unlink(missing_ok=True)
        self.start(*arguments, log=log).wait(600)
        return log.read_text(encoding="utf-8")

    def store(self) -> Store:
        """The store, to look inside."""
        return Store.open(self.store_folder, create=False)

    def processes(self) -> Iterator[psutil.Process]:
        """Every process that was begun here, and theirs."""
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    yield process
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue

    def sweeps(self) -> list[psutil.Process]:
        """The processes that run sweeps."""
        found = []
        for process in self.processes():
            try:
                words = process.cmdline()
            except psutil.NoSuchProcess:
                continue
            if "--parent" in words:
                found.append(process)
        return found


def wait_for(what: Callable[[], bool], seconds: float) -> float | None:
    """The seconds until something is so; ``None`` when it is not within that time."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > seconds:
            return None
        time.sleep(0.1)
    return time.monotonic() - began


def end(process: subprocess.Popen[bytes], seconds: float = 90) -> int:
    """Ask a process to end and wait until it has."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait(seconds)
