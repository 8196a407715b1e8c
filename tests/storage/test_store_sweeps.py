"""Sweeps as rows: opened, closed, and mended when their process is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from store_samples import BRAND, ENVIRONMENT, MARKETPLACE, NOON, prepare

from operations.sweep import close_dead_sweeps
from storage.check import check
from storage.store import Store
from touchstone.errors import StoreError
from touchstone.sweeps import Sweep, SweepReport, SweepRequest, SweepStatus, Trigger

REQUEST = SweepRequest(
    marketplace=MARKETPLACE, brand=BRAND, queries=("벨하네",), urls=("https://namu.example/item/1",), max_listings=5,
    trigger=Trigger.REPORT,
)  # fmt: skip
REPORT = SweepReport(
    status=SweepStatus.PARTIAL, listings=3, pages={"listing": 3, "blocked": 1}, images=2, browser_pages=1,
    problems=("a captcha",),
)  # fmt: skip

OPEN_A_SWEEP = """
import sys
from pathlib import Path
from filelock import FileLock
from storage.store import Store
from store_samples import MARKETPLACE, NOON
from touchstone.sweeps import SweepRequest
with Store.open(Path(sys.argv[1])) as store:
    with store.transaction():
        sweep_id = store.sweeps.open(SweepRequest(marketplace=MARKETPLACE), NOON)
        (store.folder / "locks").mkdir(exist_ok=True)
        lock = FileLock(store.folder / "locks" / f"sweep-{sweep_id}.lock")
        lock.acquire()
    print(sweep_id, flush=True)
    if sys.argv[2] == "stay":
        sys.stdin.read()
"""


def sweeping(folder: Path, what: str) -> subprocess.Popen[str]:
    """A process that opens a sweep in the store and then stays or ends without closing it."""
    return subprocess.Popen(
        [sys.executable, "-c", OPEN_A_SWEEP, str(folder), what], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=ENVIRONMENT,
    )  # fmt: skip


def opened_by(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_a_sweep_is_a_row_before_it_has_a_report(store: Store) -> None:
    """An open sweep runs, in this process, and comes back with everything that was asked for."""
    prepare(store)
    with store.transaction():
        sweep_id = store.sweeps.open(REQUEST, NOON)
    assert next(store.sweeps.all()) == Sweep(id=sweep_id, request=REQUEST, status=SweepStatus.RUNNING, started_at=NOON)
    assert (sweep_id, MARKETPLACE, BRAND, os.getpid()) in store.sweeps.running()


def test_a_closed_sweep_holds_its_report(store: Store, sweep_id: int) -> None:
    """How it ended is stored, and it runs no longer."""
    with store.transaction():
        store.sweeps.close(sweep_id, REPORT, NOON + timedelta(hours=1))
    (sweep,) = store.sweeps.all()
    assert (sweep.status, sweep.report, sweep.ended_at) == (SweepStatus.PARTIAL, REPORT, NOON + timedelta(hours=1))
    assert store.sweeps.running() == []


def test_sweeps_are_listed_newest_first(store: Store, sweep_id: int) -> None:
    """The sweep that was opened last is the first of the list."""
    with store.transaction():
        later = store.sweeps.open(REQUEST, NOON)
    assert [sweep.id for sweep in store.sweeps.all()] == [later, sweep_id]


def test_a_sweep_of_an_unknown_marketplace_is_refused(store: Store) -> None:
    """A sweep names a marketplace that the store knows."""
    with pytest.raises(StoreError, match="FOREIGN KEY"), store.transaction():
        store.sweeps.open(REQUEST, NOON)
    assert list(store.sweeps.all()) == []


def test_a_marketplace_can_move(store: Store) -> None:
    """Knowing a marketplace again notes its new title and address."""
    prepare(store)
    with store.transaction():
        store.sweeps.know_marketplace(MARKETPLACE, title="Namu 2", base_url="https://new.example")
    rows = store.db.conn.execute("SELECT * FROM marketplaces").fetchall()
    assert rows == [(MARKETPLACE, "Namu 2", "https://new.example")]


def test_dead_sweeps_are_closed_and_live_ones_are_not(tmp_path: Path) -> None:
    """A sweep whose process is gone is closed as interrupted, and logged; one whose process lives runs on."""
    with Store.open(tmp_path) as store:
        prepare(store)
        with store.transaction():
            store.sweeps.close(1, REPORT, NOON)
        with sweeping(store.folder, "leave") as gone:
            dead = opened_by(gone)
        with sweeping(store.folder, "stay") as killed:
            shot = opened_by(killed)
            killed.kill()
        with sweeping(store.folder, "stay") as staying:
            alive = opened_by(staying)
            assert close_dead_sweeps(store) == [dead, shot]
            assert close_dead_sweeps(store) == []
            found = {sweep.id: sweep for sweep in store.sweeps.all()}
            staying.communicate("")
        assert {number: sweep.status for number, sweep in found.items()} == {
            1: SweepStatus.PARTIAL, dead: SweepStatus.INTERRUPTED, shot: SweepStatus.INTERRUPTED,
            alive: SweepStatus.RUNNING,
        }  # fmt: skip
        report = found[shot].report
        assert report is not None
        assert report.problems == (f"its process was killed; go on with: touchstone sweep resume {shot}",)
        assert found[shot].ended_at is not None
        assert [(e.action, e.subject) for e in store.audit.entries()] == [
            ("sweep.close", f"sweep/{dead}"),
            ("sweep.close", f"sweep/{shot}"),
        ]
        assert close_dead_sweeps(store) == [alive]
        assert check(store).faults == ()


def test_a_sweep_of_an_earlier_life_of_this_number_is_dead(store: Store, sweep_id: int) -> None:
    """A process that looks for dead sweeps before it opens its own takes those under its number for dead."""
    assert close_dead_sweeps(store) == [sweep_id]
    assert [sweep.status for sweep in store.sweeps.all()] == [SweepStatus.INTERRUPTED]
