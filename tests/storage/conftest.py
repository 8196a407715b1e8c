"""Stores, folders and file systems for the storage tests; everything here is real."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from store_samples import ENVIRONMENT, SCRIPT, prepare

from storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new store."""
    with Store.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def sweep_id(store: Store) -> int:
    """An open sweep in a store that has two brands and a marketplace."""
    return prepare(store)


@pytest.fixture
def locked() -> Callable[[Path], contextlib.AbstractContextManager[None]]:
    """Have another process hold the write lock of the store in a folder."""

    @contextlib.contextmanager
    def hold(folder: Path) -> Iterator[None]:
        with subprocess.Popen(
            [sys.executable, str(SCRIPT), "hold", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=ENVIRONMENT,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                assert process.stdout.readline() == b"held\n"
                yield
            finally:
                process.stdin.close()
                process.wait(timeout=10)

    return hold


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small-disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system needs the right to mount one: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def without_rights() -> Iterator[Path]:
    """A folder that may be read and not written, seen by a user who is not root."""
    folder = Path(tempfile.mkdtemp(prefix="touchstone-"))
    folder.chmod(0o755)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        else:
            folder.chmod(0o555)
        yield folder
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
        subprocess.run(["rm", "-rf", str(folder)], check=True)
