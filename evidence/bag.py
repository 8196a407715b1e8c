"""A BagIt 1.0 bag, written once from front to back: into a folder, or straight into a ZIP file, in bounded memory.

bagit-python 1.9 is not used for writing: it declares version 0.97, and its tag manifest is one that ``sha256sum -c`` refuses.
"""

import contextlib
import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from touchstone.errors import UserError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,6}")


class Target(Protocol):
    """Where a bag's files go."""

    def put(self, path: str, body: bytes) -> None:
        """Write one file."""

    def close(self) -> None:
        """Make what was written last, under its final name."""

    def discard(self) -> None:
        """Leave nothing behind."""


class FolderTarget:
    """A new folder; it has its name once everything is in it."""

    def __init__(self, path: Path) -> None:
        self._path, self._partial = path, _partial(path)
        self._partial.mkdir(parents=True)

    def put(self, path: str, body: bytes) -> None:
        """Write one file."""
        file = self._partial / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as out:
            out.write(body)

    def close(self) -> None:
        """Give the folder its name."""
        os.sync()
        self._partial.rename(self._path)

    def discard(self) -> None:
        """Delete what was written."""
        shutil.rmtree(self._partial, ignore_errors=True)


class ZipTarget:
    """A new ZIP file, every entry below one folder of the bag's name; ``at`` is the time that entries bear.

    Entries are stored, not deflated: most of them are compressed already, and so each byte of the file is accounted for when it
    is verified. A deflated stream has bits that say nothing, and may unpack to any size.
    """

    def __init__(self, path: Path, at: datetime) -> None:
        self._path, self._partial, self._at = path, _partial(path), at
        path.parent.mkdir(parents=True, exist_ok=True)
        self._zip = zipfile.ZipFile(self._partial, "x", zipfile.ZIP_STORED)

    def put(self, path: str, body: bytes) -> None:
        """Write one entry."""
        entry = zipfile.ZipInfo(f"{self._path.stem}/{path}", date_time=self._at.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_STORED
        entry.external_attr = 0o644 << 16
        with self._zip.open(entry, "w", force_zip64=True) as out:
            out.write(body)

    def close(self) -> None:
        """Write the directory and give the file its name."""
        self._zip.close()
        with self._partial.open("rb") as written:
            os.fsync(written.fileno())
        self._partial.rename(self._path)

    def discard(self) -> None:
        """Delete what was written."""
        with contextlib.suppress(OSError, ValueError):
            self._zip.close()
        self._partial.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    """The name that something has while it is written; raises ``UserError`` where it would replace anything."""
    if path.exists():
        raise UserError(f"{path} is there already", hint="Name another with -o: evidence is never overwritten.")
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


class Bag:
    """The bag while it is written. Names are ASCII and generated; each is written once."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._manifest: dict[str, str] = {}
        self._attached: dict[str, str] = {}
        self._bytes = 0

    def put(self, path: str, body: bytes) -> str:
        """Add a payload file below ``data/``; returns its SHA-256 in hex."""
        name = f"data/{path}"
        if not NAME.fullmatch(path):
            raise ValueError(f"{path!r} is not a name for a file in a bag")
        if name in self._manifest:
            raise ValueError(f"{name} is in the bag already")
        self._manifest[name] = self._written(name, body)
        return self._manifest[name]

    def seal(self, information: Iterable[tuple[str, str]], *, bagged: datetime) -> bytes:
        """Write the tag files; returns the tag manifest, over which the bag is signed."""
        told = [*information, ("Bagging-Date", f"{bagged:%Y-%m-%d}"), ("Bag-Size", f"{self._bytes} bytes")]
        told.append(("Payload-Oxum", f"{self._bytes}.{len(self._manifest)}"))
        tags = {
            "bagit.txt": "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "bag-info.txt": "".join(f"{label}: {' '.join(value.split())}\n" for label, value in told),
            "manifest-sha256.txt": _lines(self._manifest),
        }
        digests = {name: self._written(name, text.encode(), payload=False) for name, text in tags.items()}
        sealed = _lines(digests).encode()
        self._written("tagmanifest-sha256.txt", sealed, payload=False)
        return sealed

    def attach(self, name: str, body: bytes) -> None:
        """Add a file that none of the bag's manifests names: what attests to them."""
        self._attached[f"attest/{name}"] = self._written(f"attest/{name}", body, payload=False)

    @property
    def attached(self) -> bytes:
        """What has been attached, as a manifest."""
        return _lines(self._attached).encode()

    def _written(self, name: str, body: bytes, *, payload: bool = True) -> str:
        self._target.put(name, body)
        self._bytes += len(body) if payload else 0
        return hashlib.sha256(body).hexdigest()


def _lines(digests: dict[str, str]) -> str:
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(digests.items()))
