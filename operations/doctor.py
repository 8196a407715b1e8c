"""Examining an installation: everything that a sweep will need, before it needs it."""

import contextlib
import importlib.util
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from storage.store import DATABASE, Store
from touchstone.configuration import Configuration
from touchstone.decoding import nearest
from touchstone.errors import TouchstoneError

ROOMS = ("touchstone", "crawler", "detectors", "storage", "operations", "cli", "scheduler")
LEAST_SQLITE = (3, 37, 0)  # STRICT tables
LEAST_FREE_BYTES = 1024**3  # a day of photos and pages of a busy brand


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at; ``mend`` says what to do about a fault or note."""

    name: str
    state: Literal["ok", "note", "fault"]
    what: str
    mend: str = ""


def examine(configuration: Configuration) -> list[Check]:
    """Look at everything; a check that raises is a fault, never a crash."""
    checks: list[Callable[[], Iterator[Check]]] = [
        _python, _sqlite, _rooms, lambda: _browser(configuration), _fonts, lambda: _contact(configuration), lambda: _marketplaces(configuration),
        lambda: _schedules(configuration), lambda: _alerts(configuration), lambda: _evidence(configuration), lambda: _store(configuration), lambda: _disk(configuration),
    ]  # fmt: skip
    found: list[Check] = []
    for check in checks:
        try:
            found += check()
        except TouchstoneError as error:
            found.append(Check(name="check", state="fault", what=error.message, mend=error.hint))
    return found


def _python() -> Iterator[Check]:
    yield Check(name="Python", state="ok", what=sys.version.split()[0])


def _sqlite() -> Iterator[Check]:
    state: Literal["ok", "fault"] = "ok" if sqlite3.sqlite_version_info >= LEAST_SQLITE else "fault"
    yield Check(
        name="SQLite", state=state, what=sqlite3.sqlite_version, mend="" if state == "ok" else "Needs 3.37 or newer."
    )


def _rooms() -> Iterator[Check]:
    """A foreign ``storage`` in site-packages would be imported in place of ours, and silently."""
    home = Path(__file__).resolve().parent.parent
    for room in ROOMS:
        spec = importlib.util.find_spec(room)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or home not in origin.parents:
            mend = f"Remove the other package, or run from {home}."
            yield Check(name=f"room {room}", state="fault", what=f"comes from {origin}", mend=mend)
            return
    yield Check(name="rooms", state="ok", what=f"{len(ROOMS)} from {home}")


def _browser(configuration: Configuration) -> Iterator[Check]:
    import asyncio

    from crawler.browser import find_browser
    from crawler.chromium import try_out

    try:
        path = find_browser(configuration.settings.browser)
        trial = asyncio.run(try_out(path))
    except TouchstoneError as error:
        yield Check(name="browser", state="fault", what=error.message, mend=error.hint)
        return
    if trial.sandboxed:
        yield Check(name="browser", state="ok", what=f"{path}, version {trial.version}")
    else:
        mend = (
            "Run as a user who is not root, where user namespaces are allowed: docs/operations.md#the-browsers-sandbox"
        )
        what = f"{path}, version {trial.version}, runs without its sandbox"
        yield Check(name="browser", state="note", what=what, mend=mend)


def _fonts() -> Iterator[Check]:
    lister = shutil.which("fc-list")
    if lister is None:
        yield Check(name="Korean font", state="note", what="cannot be looked up without fc-list")
        return
    import subprocess

    listed = subprocess.run([lister, ":lang=ko", "family"], capture_output=True, text=True, check=False).stdout
    families = sorted({line.split(",")[0].strip() for line in listed.splitlines() if line.strip()})
    if families:
        yield Check(name="Korean font", state="ok", what=families[0])
    else:
        yield Check(name="Korean font", state="note", what="none is installed", mend="apt-get install fonts-noto-cjk")


def _contact(configuration: Configuration) -> Iterator[Check]:
    contact = configuration.settings.contact
    if contact:
        yield Check(name="contact", state="ok", what=contact)
    else:
        mend = 'Set contact = "…" in touchstone.toml: it is part of the user agent.'
        yield Check(name="contact", state="note", what="marketplaces cannot reach you", mend=mend)


def _marketplaces(configuration: Configuration) -> Iterator[Check]:
    from crawler.marketplace import available, load

    described = available(configuration.marketplace_folders)
    for name, path in described.items():
        try:
            load(path, configuration.marketplace(name))
        except TouchstoneError as error:
            yield Check(name=f"marketplace {name}", state="fault", what=error.message, mend=error.hint)
    if not described:
        yield Check(name="marketplaces", state="note", what="none is described", mend="See docs/add-a-marketplace.md.")
    else:
        yield Check(name="marketplaces", state="ok", what=", ".join(described))


def _schedules(configuration: Configuration) -> Iterator[Check]:
    """What would keep the scheduler from starting, or a schedule from being swept."""
    from crawler.marketplace import available
    from operations import clock
    from operations.due_times import DueTimes
    from operations.schedules import errand_of

    for name in configuration.settings.marketplaces.keys() - available(configuration.marketplace_folders).keys():
        mend = nearest(name, list(available(configuration.marketplace_folders)))
        yield Check(name=f"[marketplaces.{name}]", state="fault", what="no marketplace is called so", mend=mend)
    sweeps, faults = configuration.settings.sweep, 0
    stored = (configuration.store_folder / DATABASE).exists()
    with Store.open(configuration.store_folder) if stored else contextlib.nullcontext() as store:
        for sweep in sweeps:
            try:
                DueTimes(sweep, clock.now())
                if store is not None:
                    errand_of(configuration, store, sweep)
            except TouchstoneError as error:
                faults += 1
                yield Check(name=f"schedule {sweep.name}", state="fault", what=error.message, mend=error.hint)
    if sweeps and not faults:
        yield Check(name="schedules", state="ok", what=f"{len(sweeps)} in touchstone.toml")


def _alerts(configuration: Configuration) -> Iterator[Check]:
    from operations import alerts

    for fault in alerts.lacking(configuration):
        yield Check(name="alerts", state="fault", what=fault, mend="Set it, then: touchstone alerts test")
    if not alerts.channels(configuration):
        yield Check(
            name="alerts", state="note", what="only in the log", mend="Set [alerts] to be told: docs/operations.md"
        )


def _evidence(configuration: Configuration) -> Iterator[Check]:
    from evidence.signing import load_key
    from operations.stamp import configured

    key = configuration.folder / configuration.settings.evidence.signing_key
    if key.exists():
        load_key(key)
        yield Check(name="signing key", state="ok", what=str(key))
    else:
        mend = "touchstone evidence key makes one."
        yield Check(name="signing key", state="note", what="there is none; bundles need it", mend=mend)
    by = configured(configuration)
    if by is None:
        mend = "Set [timestamp] in touchstone.toml, then: touchstone evidence tsa-test"
        yield Check(name="timestamps", state="note", what="nobody attests when captures existed", mend=mend)
    else:
        yield Check(name="timestamps", state="ok", what=by.url)


def _store(configuration: Configuration) -> Iterator[Check]:
    if not (configuration.store_folder / DATABASE).exists():
        mend = "touchstone catalog import FILE makes one."
        yield Check(name="store", state="note", what=f"there is none in {configuration.store_folder}", mend=mend)
        return
    with Store.open(configuration.store_folder) as store:
        listings = store.db.conn.execute("SELECT count(*) FROM listings").fetchone()[0]
        yield Check(name="store", state="ok", what=f"{configuration.store_folder}, {listings} listings")


def _disk(configuration: Configuration) -> Iterator[Check]:
    folder = configuration.store_folder
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    state: Literal["ok", "note"] = "ok" if free >= LEAST_FREE_BYTES else "note"
    yield Check(
        name="disk", state=state, what=f"{free / 1024**3:.1f} GiB free", mend="" if state == "ok" else "Make room."
    )
