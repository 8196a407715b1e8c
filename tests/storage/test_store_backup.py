"""A backup is whole, made while the store is in use, and works in the store's place."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_samples import BRAND, NOON, a_capture, a_flag, a_listing, a_look, prepare

from operations.judge import judge
from operations.keeping import keep_listing
from storage.backup import back_up
from storage.check import check
from storage.store import DATABASE, Store
from touchstone.catalog import BrandReference, Catalog, ReferenceImage
from touchstone.errors import StoreError, UserError
from touchstone.verdicts import Decision


def see(store: Store, sweep_id: int, name: str) -> None:
    """Keep a flagged listing with a page of its own."""
    keep_listing(
        store, sweep_id, a_look(a_listing(name), a_flag()), a_capture(store.blobs.put(f"page of {name}".encode()))
    )


@pytest.fixture
def full(store: Store, sweep_id: int) -> Store:
    """A store with some listings, a judgement and a reference photo."""
    for number in range(5):
        see(store, sweep_id, f"L{number}")
    judge(store, 1, Decision.CONFIRM, actor="kim")
    photo = store.blobs.put(b"photo")
    with store.transaction():
        store.images.keep(photo, size=5, fingerprint=None, unreadable=None, at=NOON)
        images = (ReferenceImage(sha256=photo, source="front.jpg"),)
        store.catalog.upsert(
            Catalog(references=(BrandReference(brand=BRAND, sku="VT-1", title="Tote", images=images),))
        )
    return store


class Writer:
    """Another thread that keeps writing listings and their pages until it is told to end."""

    def __init__(self, folder: Path) -> None:
        self.written = 0
        self.failed: BaseException | None = None
        self._folder = folder
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        try:
            with Store.open(self._folder, durable=False) as store:
                while not self._ended.is_set():
                    see(store, 1, f"W{self.written}")
                    self.written += 1
        except BaseException as error:  # noqa: BLE001 -- told to the test
            self.failed = error

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


@pytest.fixture
def writer(full: Store) -> Iterator[Writer]:
    """Somebody who writes while the test runs."""
    with Writer(full.folder) as made:
        yield made


def test_a_copy_made_while_others_write_is_sound(full: Store, writer: Writer, tmp_path: Path) -> None:
    """Whatever is written meanwhile, each copy is the store at one moment, with every page that it names."""
    counts = []
    for number in range(4):
        before = writer.written
        folder = tmp_path / "copies" / str(number)
        back_up(full, folder)
        with Store.open(folder, create=False) as copy:
            report = check(copy)
        assert report.faults == ()
        assert report.notes == ()
        assert before <= report.counts["listings"] - 5 <= writer.written + 1
        counts.append(report.counts["listings"])
    assert writer.failed is None
    assert writer.written > 0
    assert counts == sorted(counts)


def test_what_is_committed_is_in_the_copy(full: Store, tmp_path: Path) -> None:
    """Listings, flags, decisions and the log are those of the store."""
    assert back_up(full, tmp_path / "copy") == 6
    with Store.open(tmp_path / "copy", create=False) as copy:
        assert check(copy) == check(full)
        assert copy.audit.head() == full.audit.head()
        assert copy.flags.judgements(1) == full.flags.judgements(1)


def test_an_orphan_is_not_copied(full: Store, tmp_path: Path) -> None:
    """Bytes that no row names are no part of the store."""
    orphan = full.blobs.put(b"nobody's")
    back_up(full, tmp_path / "copy")
    with Store.open(tmp_path / "copy", create=False) as copy:
        assert orphan not in set(copy.blobs.names())


def test_a_second_backup_copies_only_what_is_new(full: Store, sweep_id: int, tmp_path: Path) -> None:
    """Bytes that the folder has are left as they are; the database is that of now."""
    folder = tmp_path / "copy"
    back_up(full, folder)
    stood = {path: path.stat().st_mtime_ns for path in folder.glob("blobs/*/*")}
    assert back_up(full, folder) == 0
    see(full, sweep_id, "new")
    assert back_up(full, folder) == 1
    assert {path: path.stat().st_mtime_ns for path in stood} == stood
    with Store.open(folder, create=False) as copy:
        assert check(copy) == check(full)


def test_progress_counts_the_blobs(full: Store, tmp_path: Path) -> None:
    """``copied`` hears of each blob, new or not."""
    heard: list[int] = []
    back_up(full, tmp_path / "copy", copied=heard.append)
    back_up(full, tmp_path / "copy", copied=heard.append)
    assert heard == [1, 2, 3, 4, 5, 6] * 2


@pytest.mark.parametrize("within", [".", "backup", "blobs/aa", "../store", "../link"])
def test_the_store_itself_is_no_place_for_a_backup(full: Store, within: str) -> None:
    """Its own folder, one inside, or another way to it is refused with what to do, and nothing is written there."""
    (full.folder.parent / "link").symlink_to(full.folder)
    files = sorted(full.folder.rglob("*"))
    with pytest.raises(UserError, match="is within the store itself") as caught:
        back_up(full, full.folder / within)
    assert caught.value.hint
    assert sorted(full.folder.rglob("*")) == files


def test_a_folder_with_other_things_is_refused(full: Store, tmp_path: Path) -> None:
    """A slip of the fingers does not strew the store's files among somebody's photos."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(b"a photo")
    with pytest.raises(UserError, match="holds other things"):
        back_up(full, tmp_path / "photos")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["1.jpg"]


def test_a_folder_that_cannot_be_written_is_told_in_words(full: Store, tmp_path: Path) -> None:
    """A file in the folder's place is a StoreError that names it."""
    (tmp_path / "copy").write_text("not a folder")
    with pytest.raises(StoreError, match="copy cannot be written") as caught:
        back_up(full, tmp_path / "copy")
    assert caught.value.hint


@pytest.mark.parametrize("name", ["with space", "한글", "100%", "what?", "no. #1", "%41"])
def test_the_folder_may_have_any_name(full: Store, tmp_path: Path, name: str) -> None:
    """Letters that mean something in an address mean nothing in a folder's name."""
    assert back_up(full, tmp_path / name) == 6
    with Store.open(tmp_path / name, create=False) as copy:
        assert check(copy).faults == ()


def test_a_backup_that_fails_leaves_the_earlier_one(full: Store, sweep_id: int, tmp_path: Path) -> None:
    """A copy that does not come to its end does not take the place of the one before."""
    folder = tmp_path / "copy"
    back_up(full, folder)
    before = (folder / DATABASE).read_bytes()
    see(full, sweep_id, "new")

    def unplugged(count: int) -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(StoreError):
        back_up(full, folder, copied=unplugged)
    assert (folder / DATABASE).read_bytes() == before
    back_up(full, folder)
    with Store.open(folder, create=False) as copy:
        assert check(copy) == check(full)


def test_what_somebody_left_in_the_copy_does_not_get_into_the_next(full: Store, tmp_path: Path) -> None:
    """A copy that was opened, and whose process was killed, is replaced by the next as a whole."""
    folder = tmp_path / "copy"
    back_up(full, folder)
    kept = tmp_path / "kept"
    with Store.open(folder, create=False) as copy:
        see(copy, 1, "only in the copy")
        shutil.copytree(folder, kept)  # as a killed process leaves it: with what is not yet in the database file
    shutil.rmtree(folder)
    kept.rename(folder)
    see(full, 1, "only in the store")
    back_up(full, folder)
    with Store.open(folder, create=False) as copy:
        assert check(copy).faults == ()
        names = {listing.listing_id for _, listing in copy.listings.all()}
    assert "only in the store" in names
    assert "only in the copy" not in names


def test_a_copy_works_in_the_place_of_the_store(tmp_path: Path) -> None:
    """After the store is lost, the copy is put in its place, and work goes on."""
    folder = tmp_path / "store"
    with Store.open(folder) as store:
        sweep_id = prepare(store)
        see(store, sweep_id, "L1")
        back_up(store, tmp_path / "copy")
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "copy", folder)
    with Store.open(folder, create=False) as store:
        see(store, sweep_id, "L2")
        judge(store, 1, Decision.CONFIRM, actor="kim")
        assert [listing.listing_id for _, listing in store.listings.all()] == ["L1", "L2"]
        assert check(store).faults == ()
        assert back_up(store, tmp_path / "copy") == 1
