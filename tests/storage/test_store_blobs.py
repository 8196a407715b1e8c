"""Blobs: bytes under their own hash, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import sha256_of

from storage.blobs import PARTIAL_SUFFIX, BlobStore
from storage.check import check
from storage.store import Store
from touchstone.errors import StoreError, VerificationFailed


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    """An empty blob store whose folder is not there yet."""
    return BlobStore(tmp_path / "blobs")


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> BlobStore:
    """One blob store for all examples."""
    return BlobStore(tmp_path_factory.mktemp("blobs"))


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=2_000))
def test_what_is_put_is_got(lasting: BlobStore, body: bytes) -> None:
    """Any bytes come back under the hash that anyone can compute."""
    name = lasting.put(body)
    assert name == sha256_of(body)
    assert lasting.get(name) == body
    assert name in set(lasting.names())


def test_each_blob_lies_in_the_folder_of_its_first_two_letters(blobs: BlobStore) -> None:
    """``aa/<sha256>``: what is on disk can be found and verified without Touchstone."""
    name = blobs.put(b"page")
    assert [path.relative_to(blobs.folder) for path in blobs.folder.rglob("*") if path.is_file()] == [
        Path(name[:2]) / name
    ]
    assert blobs.path(name).read_bytes() == b"page"


def test_the_same_content_is_kept_once(blobs: BlobStore) -> None:
    """Putting the same bytes again writes nothing; the file counts as young again, since a row is about to name it."""
    name = blobs.put(b"page")
    os.utime(blobs.path(name), (1, 1))
    before = blobs.path(name).stat()
    assert blobs.put(b"page") == name
    after = blobs.path(name).stat()
    assert after.st_ino == before.st_ino
    assert before.st_mtime == 1 < after.st_mtime
    assert list(blobs.names()) == [name]


@pytest.mark.parametrize("body", [b"pagE", b"", b"page and more"], ids=["one-letter", "emptied", "longer"])
def test_changed_bytes_are_never_given_out(blobs: BlobStore, body: bytes) -> None:
    """Bytes that are not those that were put raise, naming the blob and the way back."""
    name = blobs.put(b"page")
    blobs.path(name).write_bytes(body)
    with pytest.raises(VerificationFailed, match=f"blob {name} holds other bytes") as caught:
        blobs.get(name)
    assert caught.value.exit_code == 4
    assert caught.value.hint == "Restore it from a backup."


def test_a_missing_blob_is_named(blobs: BlobStore) -> None:
    """A blob that is not there raises, naming the blob and the folder."""
    with pytest.raises(VerificationFailed, match=f"blob {'0' * 64} is not in") as caught:
        blobs.get("0" * 64)
    assert str(blobs.folder) in caught.value.message
    assert caught.value.hint


def test_an_empty_store_of_blobs_has_no_names(blobs: BlobStore) -> None:
    """Before the first blob there is nothing, and asking is no error."""
    assert list(blobs.names()) == []
    assert list(blobs.partials()) == []


def test_half_written_blobs_are_noted_and_harmless(store: Store) -> None:
    """What a killed writer leaves behind is a note of ``check``, no name, and in nobody's way."""
    name = sha256_of(b"page")
    partial = store.blobs.path(name).with_name(f"{name}.0badcafe{PARTIAL_SUFFIX}")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"pa")
    assert list(store.blobs.names()) == []
    assert list(store.blobs.partials()) == [partial]
    assert store.blobs.get(store.blobs.put(b"page")) == b"page"
    report = check(store)
    assert report.faults == ()
    assert report.notes == (
        "1 blobs that no row names and 1 half-written ones, left by killed processes; harmless",
    )  # fmt: skip


def test_a_blob_and_its_folders_are_synced_before_put_returns(
    blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To survive a power cut, the file, its folder and the folder of a new folder must have been synced."""
    synced: list[Path] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink())
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    name = blobs.put(b"page")
    (written,) = [place for place, path in enumerate(synced) if path.name.endswith(PARTIAL_SUFFIX)]
    assert blobs.path(name).parent in synced[written + 1 :]
    assert blobs.folder in synced, f"the entry of {name[:2]}/ in {blobs.folder.name}/ was never synced"


def test_a_file_in_place_of_the_blob_folder_is_a_store_error(blobs: BlobStore) -> None:
    """Whatever keeps the folder from being made comes out as a StoreError with a hint."""
    blobs.folder.write_text("no folder")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        blobs.put(b"page")
    assert caught.value.hint == "Check the folder's owner and rights."


def test_a_folder_without_rights_is_a_store_error(without_rights: Path) -> None:
    """Who may not write blobs is told where, and what to look at."""
    with pytest.raises(StoreError, match="cannot be written") as caught:
        BlobStore(without_rights / "blobs").put(b"page")
    assert str(without_rights / "blobs") in caught.value.message
    assert caught.value.hint == "Check the folder's owner and rights."
