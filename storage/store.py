"""The one door to the store: opening it, its transactions, and a part for each role."""

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout
from sqlite_utils.db import Database

from storage.alerts import AlertStore
from storage.archives import ArchiveStore
from storage.audit import AuditLog
from storage.blobs import BlobStore, disk_error
from storage.catalog import CatalogStore
from storage.fetching import FetchingStore
from storage.flags import FlagStore
from storage.frontier import FrontierStore
from storage.images import ImageStore
from storage.listings import ListingStore
from storage.migrations import migrations
from storage.pace import PaceStore
from storage.photos import PhotoStore
from storage.rendering import RenderingStore
from storage.schedules import ScheduleStore
from storage.screenings import ScreeningStore
from storage.standings import StandingStore
from storage.sweeps import SweepStore
from storage.weightings import WeightingStore
from touchstone.errors import StoreError, StoreLocked, UserError

DATABASE = "touchstone.sqlite3"
LEAST_FREE_BYTES = 128 * 1024  # with less, SQLite cannot make its shared memory, and calls that an I/O error
LOCK_WAIT_SECONDS = 10.0  # as long as a busy sweep ever holds the write lock on a slow disk, with room to spare


class Store:
    """Everything that Touchstone remembers, in one folder.

    Open it with ``Store.open``. ``durable`` asks for ``synchronous=FULL``: a decision survives a power cut; without
    it (``NORMAL``, for crawling) it survives a killed process.
    """

    def __init__(self, db: Database, folder: Path) -> None:
        self.db = db
        self.folder = folder
        self.blobs = BlobStore(folder / "blobs")
        self.audit = AuditLog(db)
        self.archives = ArchiveStore(db)
        self.images = ImageStore(db)
        self.photos = PhotoStore(db)
        self.catalog = CatalogStore(db)
        self.sweeps = SweepStore(db)
        self.listings = ListingStore(db)
        self.flags = FlagStore(db)
        self.frontier = FrontierStore(db)
        self.pace = PaceStore(db)
        self.rendering = RenderingStore(db)
        self.screenings = ScreeningStore(db)
        self.weightings = WeightingStore(db)
        self.schedules = ScheduleStore(db)
        self.standings = StandingStore(db)
        self.alerts = AlertStore(db)
        self.fetching = FetchingStore(db)

    @classmethod
    def open(cls, folder: Path, *, durable: bool = True, create: bool = True) -> Self:
        """Open the store in ``folder``, making it and bringing its tables up to date where needed.

        Raises ``UserError`` when there is none and ``create`` is false, ``StoreLocked`` when another process keeps
        it locked, ``StoreError`` when the file is no store.
        """
        path = folder / DATABASE
        if not create and not path.exists():
            raise UserError(
                f"there is no store in {folder}", hint="Import a catalog first: touchstone catalog import FILE"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error(error, folder) from None
        with translated(path):
            connection = sqlite3.connect(path, timeout=LOCK_WAIT_SECONDS, check_same_thread=False)
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("PRAGMA foreign_keys = ON")
            db = Database(connection, recursive_triggers=True)  # else INSERT OR REPLACE slips past insert-only triggers
            store = cls(db, folder)
            if not store._is_ready():
                store._make_ready()
        return store

    @classmethod
    def open_copy(cls, path: Path, folder: Path) -> Self:
        """Open a copy of a store's database for reading, with the blobs in ``folder``."""
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        return cls(Database(connection), folder)

    def _is_ready(self) -> bool:
        mode = self.db.conn.execute("PRAGMA journal_mode").fetchone()[0]
        return mode == "wal" and self.db["_sqlite_migrations"].exists() and not migrations.pending(self.db)

    def _make_ready(self) -> None:
        """Switch to WAL and bring the tables up to date; one process at a time, since SQLite does not wait for the switch."""
        try:
            with FileLock(self.folder / "making.lock", timeout=LOCK_WAIT_SECONDS):
                self.db.conn.execute("PRAGMA journal_mode = WAL")
                with self.transaction():
                    migrations.apply(self.db)
        except Timeout:
            raise StoreLocked(
                f"{self.folder} is being made by another process", hint="Wait until it has finished, then try again."
            ) from None
        except OSError as error:
            raise disk_error(error, self.folder) from None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Database]:
        """All of the block, or nothing; a block inside another belongs to the outer one.

        Takes the write lock at once: a deferred one can fail half-way.
        """
        if self.db.conn.in_transaction:
            yield self.db
            return
        with translated(self.folder / DATABASE):
            self.db.conn.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
            except BaseException:
                self.db.conn.rollback()
                raise
            self.db.conn.execute("COMMIT")

    def compact(self) -> bool:
        """Give the database's free pages back to the disk; not while somebody else uses it, and then says so by false."""
        try:
            self.db.conn.execute("VACUUM")
            self.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError:
            return False
        return True

    def close(self) -> None:
        """Close the database; the object is of no use afterwards."""
        self.db.conn.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Say SQLite's refusals in words that somebody can act on."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise StoreLocked(
                f"{path} is locked by another process",
                hint="Wait until the other sweep or command has finished, then try again.",
            ) from error
        if "readonly" in text or "unable to open" in text:
            raise disk_error(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), path) from error
        if "full" in text or ("disk I/O error" in text and shutil.disk_usage(path.parent).free < LEAST_FREE_BYTES):
            raise disk_error(OSError(errno.ENOSPC, ""), path) from error
        if "not a database" in text or "malformed" in text:
            raise StoreError(f"{path} is not a sound store: {text}", hint="Restore it from a backup.") from error
        raise StoreError(f"{path}: {text}", hint="Run: touchstone store check") from error
