"""Bytes by their content: images and pages, each under its SHA-256, written whole or not at all."""

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from touchstone.errors import StoreError, VerificationFailed

PARTIAL_SUFFIX = ".partial"


class BlobStore:
    """A folder ``aa/<sha256>``, two letters deep so that no folder grows beyond what file systems like."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, body: bytes) -> str:
        """Keep ``body`` and return its SHA-256 in hex. On return the bytes survive a power cut.

        Raises ``StoreError`` when the disk is full or refuses.
        """
        sha256 = hashlib.sha256(body).hexdigest()
        path = self.path(sha256)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.utime(path)  # young again: a row is about to name it, whatever named it before
            return sha256
        partial = path.with_name(f"{sha256}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
        try:
            if not path.parent.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                _sync_folder(self.folder)
            with partial.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(path)
            _sync_folder(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise disk_error(error, self.folder) from None
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes of a blob; raises ``VerificationFailed`` when they are gone or changed."""
        try:
            body = self.path(sha256).read_bytes()
        except FileNotFoundError:
            raise VerificationFailed(
                f"blob {sha256} is not in {self.folder}", hint="Restore it from a backup."
            ) from None
        if hashlib.sha256(body).hexdigest() != sha256:
            raise VerificationFailed(f"blob {sha256} holds other bytes", hint="Restore it from a backup.")
        return body

    def path(self, sha256: str) -> Path:
        """Where a blob is or would be."""
        return self.folder / sha256[:2] / sha256

    def names(self) -> Iterator[str]:
        """The SHA-256 of each blob on disk."""
        return (path.name for path in self.folder.glob("??/*") if not path.name.endswith(PARTIAL_SUFFIX))

    def partials(self) -> Iterator[Path]:
        """What writers left behind that were killed between writing and renaming; no row points at one."""
        return self.folder.glob(f"??/*{PARTIAL_SUFFIX}")


def disk_error(error: OSError, where: Path) -> StoreError:
    """A refusal of the disk, said so that somebody can act on it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(
            f"the disk of {where} is full",
            hint="Free some space and run the command again: what was acknowledged is stored.",
        )
    return StoreError(f"{where} cannot be written: {error.strerror}", hint="Check the folder's owner and rights.")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
