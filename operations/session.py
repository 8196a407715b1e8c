"""What every verb needs: the configuration, the store and who acts."""

import errno
import getpass
import os
from pathlib import Path

from filelock import FileLock, Timeout

from storage.blobs import disk_error
from storage.store import Store
from touchstone.configuration import Configuration

LOCKS = "locks"  # the folder within the store's
SCHEDULER_LOCK, SCHEDULER_HOLDER = "scheduler.lock", "scheduler.holder"


def open_store(configuration: Configuration, *, durable: bool = True, create: bool = False) -> Store:
    """Open this installation's store. Raises ``UserError`` when there is none and ``create`` is false."""
    return Store.open(configuration.store_folder, durable=durable, create=create)


def actor() -> str:
    """Who the audit log names: the account at the keyboard."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in containers
        return "unknown"


def lock_folder(configuration: Configuration) -> Path:
    """Where the locks of running sweeps and of the scheduler are."""
    folder = configuration.store_folder / LOCKS
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, folder) from None
    if not os.access(folder, os.W_OK):
        raise disk_error(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), folder)
    return folder


def scheduler_holder(configuration: Configuration) -> str | None:
    """Who runs the scheduler of this installation, in words; ``None`` when nobody does."""
    folder = lock_folder(configuration)
    if not is_held(folder / SCHEDULER_LOCK):
        return None
    holder = folder / SCHEDULER_HOLDER
    return holder.read_text() if holder.exists() else "another process"


def is_held(lock: Path) -> bool:
    """Whether a process holds a lock; holds it itself for a moment to see."""
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
