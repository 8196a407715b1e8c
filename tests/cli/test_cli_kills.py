"""A sweep that is killed at any moment and resumed loses nothing and stores nothing twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from benchmarks.crawl import workspace
from benchmarks.crawl.shop import ROOT, running
from storage.check import check
from storage.store import Store
from touchstone.sweeps import SweepStatus

# `make kills` asks for 50 kills over 2,000 pages, with photos; the suite for a few.
KILLS = int(os.environ.get("TOUCHSTONE_KILLS", "4"))
PAGES = int(os.environ.get("TOUCHSTONE_KILL_PAGES", "160"))
LONGEST_LIFE_SECONDS = 2.4  # start included, so that some die before their first page and some amid a hundred


def test_killed_at_random_times_and_resumed(tmp_path: Path) -> None:
    """Each listing is stored exactly once, the pages fetched twice are few, and the store is sound."""
    chance = random.Random(20261125)
    folder = tmp_path / "installation"
    with running(photos_ready=PAGES) as shop:
        workspace.prepare(folder, shop.url, count=PAGES, concurrency=4, rendering="http", images=True)
        command, kills = workspace.sweep(folder), 0
        while kills < KILLS:
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(chance.uniform(0.8, LONGEST_LIFE_SECONDS))
                break  # it was faster than all its killers
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                kills += 1
            with Store.open(folder / "store") as store:
                opened = [found.id for found in store.sweeps.all()]
            if opened:
                command = workspace.touchstone(folder, "sweep", "resume", str(opened[0]), "--json")
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        served = shop.served()
    with Store.open(folder / "store") as store:
        seen = Counter(
            store.db.execute("SELECT listing_id FROM observations JOIN listings ON listings.id = listing").fetchall()
        )
        (swept,) = store.sweeps.all()
        report = check(store)
    assert len(seen) == PAGES, done.stderr
    assert set(seen.values()) == {1}
    assert swept.status is SweepStatus.COMPLETE
    assert swept.report
    assert swept.report.listings == PAGES
    assert report.faults == ()
    print(f"{kills} kills, {PAGES} listings, {served['item']} listing pages served, {served['photo']} photos")


def test_a_fault_in_a_page_is_a_dead_letter_and_not_a_hole(tmp_path: Path) -> None:
    """When the program itself fails on a page, the page is on the dead-letter list with the fault, and the rest is stored."""
    folder = tmp_path / "installation"
    with running(photos_ready=0) as shop:
        workspace.prepare(folder, shop.url, count=6, concurrency=2, rendering="http", images=False)
        spoiled = (
            "import crawler.spider as s\nreal = s.extract\n"
            "def extract(page, *rest):\n"
            "    if page.url.endswith('/3'): raise RuntimeError('spoiled')\n"
            "    return real(page, *rest)\n"
            "s.extract = extract\n"
            "import sys\nfrom cli.app import main\nsys.argv[0] = 'touchstone'\nmain()\n"
        )
        words = workspace.sweep(folder)[3:]
        command = [sys.executable, "-c", spoiled, *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    with Store.open(folder / "store") as store:
        (swept,) = store.sweeps.all()
        (letter,) = store.frontier.dead_letters(swept.id)
        assert swept.status is SweepStatus.PARTIAL
        assert swept.report
        assert swept.report.listings == 5
    assert "RuntimeError: spoiled" in letter.note
    assert letter.url.endswith("/3")
    shown = subprocess.run(
        workspace.touchstone(folder, "sweep", "show", str(swept.id)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert letter.url in shown.stdout
    assert "spoiled" in shown.stdout


def test_an_unknown_sweep_is_told(tmp_path: Path) -> None:
    """`sweep show` and `sweep resume` of a sweep that is not there say so and point on."""
    folder = tmp_path / "installation"
    workspace.prepare(folder, "http://127.0.0.1:9", count=1, concurrency=1, rendering="http", images=False)
    for verb in ("show", "resume"):
        command = workspace.touchstone(folder, "sweep", verb, "99")
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "there is no sweep 99" in done.stderr
        assert "touchstone sweeps" in done.stderr
