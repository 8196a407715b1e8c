"""What the storage tests run as processes of their own: ``store_process.py VERB FOLDER …``.

It imports everything once and forks from then on, before any store is open, so that a kill costs no import.
"""

from __future__ import annotations

import os
import select
import sqlite3
import sys
import time
from itertools import count
from pathlib import Path

from store_samples import a_capture, a_flag, a_listing, a_look, prepare

from operations.judge import judge
from operations.keeping import keep_listing
from storage.store import DATABASE, Store
from touchstone.errors import TouchstoneError
from touchstone.verdicts import Decision, Label


def say(line: str) -> None:
    """One unbuffered write: what was said is in the pipe even if the next instruction never comes."""
    os.write(1, f"{line}\n".encode())


def hold(folder: Path) -> None:
    """Hold the write lock until stdin is closed."""
    connection = sqlite3.connect(folder / DATABASE, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    say("held")
    sys.stdin.read()
    connection.execute("ROLLBACK")


def open_together(folder: Path, rounds: int, processes: int) -> None:
    """Open ``rounds`` new stores, each in several processes at the same moment; says what came of each opening."""
    for number in range(rounds):
        start = time.monotonic() + 0.02  # long enough for all to be forked and waiting
        children = []
        for _ in range(processes):
            child = os.fork()
            if child == 0:
                while time.monotonic() < start:
                    pass
                try:
                    Store.open(folder / str(number)).close()
                    say("opened")
                except TouchstoneError as error:
                    say(f"{type(error).__name__}: {error.message}")
                except BaseException as error:  # noqa: BLE001 -- whatever it is, the test must see it
                    say(f"{error!r}")
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)


def write_until_killed(folder: Path, tag: str, *, durable: bool) -> None:
    """Keep flagged listings with their pages, and judge their flags; each is acknowledged after it is stored."""
    with Store.open(folder, durable=durable) as store:
        if not list(store.db.conn.execute("SELECT 1 FROM brands")):
            prepare(store)
            say("prepared")
        (sweep_id,) = store.db.conn.execute("SELECT min(id) FROM sweeps").fetchone()
        say("writing")
        for number in count():
            name = f"{tag}-{number}"
            body = f"<html>{name}</html>".encode() * (1 + number % 400)
            sha256 = store.blobs.put(body)
            say(f"blob {sha256}")
            flags = a_flag(), a_flag(Label.PRICE_POLICY, 0.6)
            raised = keep_listing(
                store, sweep_id, a_look(a_listing(name, price=1_000 + number), *flags), a_capture(sha256)
            )
            say(f"listing {name} {1_000 + number} {sha256}")
            if number % 3 == 0:
                judge(store, raised[0][0], Decision.CONFIRM, actor="kim", note=name)
                say(f"judgement {raised[0][0]} {name}")
            if number % 5 == 4:  # seen again, at another price
                seen_again = a_listing(f"{tag}-0", price=5_000_000 + number, minutes=number)
                keep_listing(store, sweep_id, a_look(seen_again, *flags), None)
                say(f"observation {tag}-0 {5_000_000 + number}")


def serve() -> None:
    """For each line ``FOLDER TAG FULL|NORMAL`` fork a writer, say its number, and say when it is dead."""
    for line in sys.stdin:
        folder, tag, synchronous = line.split()
        child = os.fork()
        if child == 0:
            try:
                write_until_killed(Path(folder), tag, durable=synchronous == "FULL")
            except BaseException as error:  # noqa: BLE001 -- whatever it is, the test must see it
                say(f"failed {error!r}")
            select.select([], [], [])  # the kill is still to come
        say(f"child {child}")
        os.waitpid(child, 0)
        say("dead")


def main() -> None:
    """Do what the command line asks."""
    verb, *rest = sys.argv[1:]
    if verb == "hold":
        hold(Path(rest[0]))
    elif verb == "open-together":
        open_together(Path(rest[0]), int(rest[1]), int(rest[2]))
    elif verb == "serve":
        serve()
    else:
        raise SystemExit(f"unknown: {verb}")


if __name__ == "__main__":
    main()
