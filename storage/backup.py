"""A copy of the store, made while it is in use: the database as it is at one moment, then every blob that it names."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from storage.blobs import disk_error
from storage.check import referenced_blobs
from storage.store import DATABASE, Store, translated
from touchstone.errors import StoreError, UserError

STEP_PAGES = 4096  # of the database; between steps others may write


def back_up(store: Store, folder: Path, *, copied: Callable[[int], None] = lambda count: None) -> int:
    """Copy the store into ``folder``; returns the number of blobs that were not there yet.

    Blobs never change, so that a folder which holds an earlier copy takes only what is new. The copy is whole or not
    there: the database is moved into its place when every blob is. ``copied`` is called with the number of blobs so far.
    Raises ``UserError`` for the store's own folder or one with other things, ``StoreError`` when the disk refuses.
    """
    if folder.resolve() == store.folder.resolve() or store.folder.resolve() in folder.resolve().parents:
        raise UserError(f"{folder} is within the store itself", hint="Name a folder on another disk.")
    if folder.is_dir() and any(folder.iterdir()) and not any(folder.glob(f"{DATABASE}*")):
        raise UserError(f"{folder} holds other things", hint="Name a new folder, or one with an earlier copy.")
    partial, fresh = folder / f"{DATABASE}.partial", 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        with translated(partial):
            target = sqlite3.connect(partial)
            try:
                store.db.conn.backup(target, pages=STEP_PAGES)
            finally:
                target.close()
        with Store.open_copy(partial, store.folder) as copy:
            names = sorted(referenced_blobs(copy))
        for count, name in enumerate(names, 1):
            source = store.blobs.path(name)
            place = folder / "blobs" / source.relative_to(store.blobs.folder)
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                half = place.with_name(f"{name}.partial")
                shutil.copyfile(source, half)
                half.replace(place)
                fresh += 1
            copied(count)
        os.sync()
        for left in ("-wal", "-shm"):
            (folder / f"{DATABASE}{left}").unlink(missing_ok=True)
        partial.replace(folder / DATABASE)
    except FileNotFoundError as error:
        raise StoreError(
            f"{error.filename} went away while it was copied", hint="See: touchstone store check; then copy again."
        ) from None
    except OSError as error:
        raise disk_error(error, folder) from None
    return fresh
