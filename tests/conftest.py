"""What many tests share: the demo marketplaces on loopback, and an installation of Touchstone to use them."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from fixtures.demo import Demo, Fault, build_world, serve, write_catalog
from operations import clock
from storage.check import check
from storage.store import Store

hypothesis.settings.register_profile("touchstone", deadline=None)  # a busy machine must not fail a law
hypothesis.settings.load_profile("touchstone")

ROOT = Path(__file__).resolve().parents[1]
SEED = 7


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hands() -> Iterator[Hands]:
    """The clock that everything in this process lives by during a test."""
    made = Hands()
    clock.use(made, 1.0)
    yield made
    clock.use(lambda: datetime.now(UTC), 1.0)


class Markets:
    """The demo marketplaces, served from a thread of the test process so that a test can turn their faults on."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.world = build_world(SEED)
        self.demo: Demo = self.call(serve(self.world))

    def call(self, coroutine: Any) -> Any:
        """Run something on the servers' loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def calm(self) -> None:
        """No faults, and an empty list of visits."""
        self.demo.faults.namu = self.demo.faults.plaza = Fault.NONE
        self.demo.faults.gone.clear()
        self.demo.visits.clear()

    def visits(self, start: str) -> list[Any]:
        """The visits whose path begins with ``start``."""
        return [visit for visit in list(self.demo.visits) if visit.path.startswith(start)]

    def close(self) -> None:
        """Stop serving."""
        self.call(self.demo.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture(scope="session")
def _markets() -> Iterator[Markets]:
    markets = Markets()
    yield markets
    markets.close()


@pytest.fixture
def markets(_markets: Markets) -> Markets:
    """The demo marketplaces without faults."""
    _markets.calm()
    return _markets


@pytest.fixture(scope="session")
def catalog_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo world's reference catalog."""
    return write_catalog(build_world(SEED), tmp_path_factory.mktemp("catalog"))


class Installation:
    """A folder with touchstone.toml, used through the command line as a user would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def configure(self, markets: Markets, *, pace: float = 100, extra: str = "") -> None:
        """Write settings for the demo marketplaces."""
        adapters = ROOT / "fixtures/demo/marketplaces"
        tables = "".join(
            f'[marketplaces.{name}]\nbase_url = "{markets.demo.url(name)}"\nrequests_per_second = {pace}\nallow_loopback = true\n'
            for name in ("namu", "plaza")
        )
        captures = "" if "[capture]" in extra else "[capture]\nin_sweeps = false\n"
        text = f'store = "store"\ncontact = "tests@example.com"\nmarketplace_folders = ["{adapters}"]\n{tables}{captures}{extra}'
        (self.folder / "touchstone.toml").write_text(text, encoding="utf-8")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "NO_COLOR": "1"}
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments], cwd=self.folder, env=environment, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        with self.start(*arguments) as process:
            out, err = process.communicate(given, timeout=240)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with ``--json`` and read what it says."""
        done = self.run(*arguments, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def store(self) -> Store:
        """The store, to look inside."""
        return Store.open(self.folder / "store", create=False)

    def sound(self) -> bool:
        """Whether `store check` finds nothing wrong."""
        with self.store() as store:
            report = check(store)
        assert report.faults == ()
        return True


@pytest.fixture
def installation(tmp_path: Path, markets: Markets, catalog_file: Path) -> Installation:
    """A new installation with the demo catalog imported and both demo marketplaces described."""
    made = Installation(tmp_path)
    made.configure(markets)
    done = made.run("catalog", "import", str(catalog_file))
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def bare(tmp_path: Path) -> Installation:
    """A folder without anything."""
    return Installation(tmp_path)


@pytest.fixture
def make_installation(tmp_path: Path) -> Callable[[str], Installation]:
    """More folders, by name."""

    def make(name: str) -> Installation:
        folder = tmp_path / name
        folder.mkdir()
        return Installation(folder)

    return make
