#!/usr/bin/env python3
"""Verifies an evidence bundle without the program that made it: Python's standard library and ``openssl``, nothing else.

    python verify_bundle.py BUNDLE --key KEY.pem --tsa-root ROOT.pem

``BUNDLE`` is the folder or the ZIP file. Keys and roots come from you, never from the bundle: get the key from the signer and the
root from the time-stamping authority. Exit code 0: it holds; 4: it does not, and each line says where; 2: it was not asked right.
"""

from __future__ import annotations

import argparse
import base64
import csv
import datetime
import hashlib
import io
import json
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

CHUNK = 1 << 20
LARGEST_FILE = 4 << 30  # bytes of one file in a bundle
LARGEST_TEXT = 256 << 20  # bytes of one manifest, table or JSON document
LARGEST_WACZ = 1 << 30
LARGEST_RECORD = 256 << 20
MOST_FILES = 200_000
SLACK = datetime.timedelta(minutes=5)  # between the clock of whoever captured and that of an authority
SHA256 = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,6}")
EXHIBIT = re.compile(r"data/capture/(\d{4,6})/")
TAGMANIFEST, MANIFEST, ATTESTED = "tagmanifest-sha256.txt", "manifest-sha256.txt", "attest/manifest-sha256.txt"
TAG_FILES = ("bag-info.txt", "bagit.txt", MANIFEST)
RESOURCES = {
    "urn:view:": ("view.png", "view.png"), "urn:fullPage:": ("full-page.png", "full-page.png"),
    "urn:document:": ("document.html", "dom.html.txt"), "urn:text:": ("text.txt", "text.txt"),
}  # fmt: skip
WARC = "archive/data.warc.gz"
GENESIS = "0" * 64


class Fault(NamedTuple):
    """One thing that does not hold: in which file, what was expected there, what was found."""

    file: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.file}: expected {self.expected}; found {self.found}"


class Trust(NamedTuple):
    """What the caller trusts: the signer's public key, the authorities' roots, and perhaps a head of the audit log, as noted earlier."""

    key: Path
    tsa_root: Path | None = None
    cms_root: Path | None = None
    head: tuple[int, str] | None = None


class Result(NamedTuple):
    """What came of it. ``notes`` are no faults: what was not checked, and what the bundle itself says it lacks."""

    faults: tuple[Fault, ...]
    notes: tuple[str, ...]
    checked: tuple[str, ...]


class Refused(Exception):
    """A container or file that is not read any further; holds the fault."""

    def __init__(self, file: str, expected: str, found: str) -> None:
        super().__init__(file)
        self.fault = Fault(file, expected, found)


def verify(bundle: Path, trust: Trust) -> Result:
    """Check everything; a fault in one part does not keep the others from being checked."""
    checking = _Checking(trust)
    try:
        with _opened(bundle) as files:
            checking.all(files)
    except Refused as refused:
        checking.faults.append(refused.fault)
    return Result(tuple(dict.fromkeys(checking.faults)), tuple(checking.notes), tuple(checking.checked))


# --- the container -------------------------------------------------------------------------------------------------------


class Files:
    """The files of a bundle by name, wherever they are."""

    def __init__(self, names: dict[str, int], opener: Callable[[str], IO[bytes]], close: Callable[[], None]) -> None:
        self.sizes = names
        self._opener, self._close = opener, close

    def __enter__(self) -> Files:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def open(self, name: str) -> IO[bytes]:
        """A file, to be read from front to back."""
        return self._opener(name)

    def read(self, name: str, most: int = LARGEST_TEXT) -> bytes:
        """A whole file of moderate size."""
        if name not in self.sizes:
            raise Refused(name, "a file", "nothing")
        if self.sizes[name] > most:
            raise Refused(name, f"at most {most} bytes", f"{self.sizes[name]} bytes")
        with self.open(name) as file:
            return file.read()

    def sha256(self, name: str) -> str:
        """The digest of a file, in hex."""
        digest = hashlib.sha256()
        with self.open(name) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


def _opened(bundle: Path) -> Files:
    if bundle.is_dir():
        return _folder(bundle)
    if bundle.is_file():
        return _zip(bundle)
    raise Refused(str(bundle), "a folder or a ZIP file", "nothing" if not bundle.exists() else "something else")


def _folder(root: Path) -> Files:
    sizes: dict[str, int] = {}
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(folder) / name
            shown, mode = path.relative_to(root).as_posix(), path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise Refused(shown, "a plain file or folder", "a link or a device")
            if stat.S_ISREG(mode):
                _named(shown)
                sizes[shown] = path.lstat().st_size
            elif not any(path.iterdir()):
                raise Refused(shown, "a folder with files", "an empty one")
        if len(sizes) > MOST_FILES:
            raise Refused(str(root), f"at most {MOST_FILES} files", "more")
    return Files(sizes, lambda name: (root / name).open("rb"), lambda: None)


def _named(name: str) -> None:
    if not NAME.fullmatch(name):
        raise Refused(ascii(name), "a name of letters, digits, dots, hyphens and underscores", "another")


def _zip(path: Path) -> Files:
    """A ZIP file of which every byte is accounted for: stored entries one after the other, then their directory."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise Refused(path.name, "a ZIP file", f"none: {error}") from None
    try:
        return _zip_files(path, archive)
    except BaseException:
        archive.close()
        raise


def _zip_files(path: Path, archive: zipfile.ZipFile) -> Files:
    entries: dict[str, zipfile.ZipInfo] = {}
    top = ""
    if len(archive.filelist) > MOST_FILES:
        raise Refused(path.name, f"at most {MOST_FILES} entries", str(len(archive.filelist)))
    for entry in archive.filelist:
        folder, _, name = entry.filename.partition("/")
        top = top or folder
        if folder != top:
            raise Refused(ascii(entry.filename), f"an entry below {top!a}", "one beside it")
        _named(name)
        if name in entries:
            raise Refused(name, "one entry of this name", "two")
        _plain(entry, name)
        entries[name] = entry
    if len({name.lower() for name in entries}) != len(entries):
        raise Refused(path.name, "names that differ in more than small and capital letters", "two that do not")
    _accounted(path, archive)

    def opener(name: str) -> IO[bytes]:
        return _Checked(archive.open(entries[name]), name)  # type: ignore[return-value]  # reads, which is all that is asked

    return Files({name: entry.file_size for name, entry in entries.items()}, opener, archive.close)


def _plain(entry: zipfile.ZipInfo, name: str) -> None:
    """Refuse what a bundle's writer never writes, before anything is unpacked."""
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
        raise Refused(name, "a stored entry", "a compressed one: a few bytes could unpack to any number")
    if entry.flag_bits or entry.comment or entry.is_dir():
        raise Refused(name, "a plain entry", "one that is encrypted, commented or a folder")
    if entry.external_attr != 0o644 << 16 or entry.internal_attr or entry.create_system != 3:
        raise Refused(name, "a plain file", "a link, or one with other attributes")
    if entry.file_size > LARGEST_FILE:
        raise Refused(name, f"at most {LARGEST_FILE} bytes", f"{entry.file_size} bytes")


def _accounted(path: Path, archive: zipfile.ZipFile) -> None:
    """Every byte of the file is an entry's, or the directory's; nothing hides between them, and both say the same."""
    position, times = 0, {entry.date_time for entry in archive.filelist}
    if len(times) > 1:
        raise Refused(path.name, "one time for all entries", f"{len(times)}")
    with path.open("rb") as file:
        for entry in archive.filelist:
            head = _local_header(entry)
            file.seek(position)
            if entry.header_offset != position or file.read(len(head)) != head:
                raise Refused(entry.filename, "an entry's head as the directory describes it", "another")
            position += len(head) + entry.file_size
        if archive.start_dir != position:
            raise Refused(path.name, f"the directory at byte {position}", f"at {archive.start_dir}")
        file.seek(position)
        directory = b"".join(map(_directory_entry, archive.filelist))
        if file.read(len(directory)) != directory:
            raise Refused(path.name, "a directory as its entries demand", "another")
        tail, count, size = file.read(CHUNK), len(archive.filelist), len(directory)
        short = struct.pack(
            "<4s4H2LH", b"PK\5\6", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), size, min(position, 0xFFFFFFFF), 0
        )
        long = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, position)
        long += struct.pack("<4sLQL", b"PK\6\7", 0, position + size, 1)
        if tail not in (short, long + short):
            raise Refused(path.name, "the end of the directory and no more", "something else")


def _when(entry: zipfile.ZipInfo) -> tuple[int, int]:
    year, month, day, hour, minute, second = entry.date_time
    return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day


def _local_header(entry: zipfile.ZipInfo) -> bytes:
    """What stands before an entry's bytes when it is written in one go with 64-bit sizes."""
    name, (time, day) = entry.filename.encode(), _when(entry)
    extra = struct.pack("<HHQQ", 1, 16, entry.file_size, entry.compress_size)
    sizes = (0xFFFFFFFF, 0xFFFFFFFF)
    return (
        struct.pack("<4s5H3L2H", b"PK\3\4", 45, 0, 0, time, day, entry.CRC, *sizes, len(name), len(extra))
        + name
        + extra
    )


def _directory_entry(entry: zipfile.ZipInfo) -> bytes:
    name, (time, day) = entry.filename.encode(), _when(entry)
    large = [size for size in (entry.file_size, entry.compress_size) if size > 0x7FFFFFFF]
    extra, offset, version = b"", entry.header_offset, 45
    wide = [entry.file_size, entry.compress_size] if large else []
    if offset > 0x7FFFFFFF:
        wide.append(offset)
        offset = 0xFFFFFFFF
    if wide:
        extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide)
    sizes = (0xFFFFFFFF, 0xFFFFFFFF) if large else (entry.compress_size, entry.file_size)
    return (
        struct.pack(
            "<4s4B4H3L5H2L", b"PK\1\2", version, 3, version, 0, 0, 0, time, day, entry.CRC, *sizes, len(name), len(extra),
            0, 0, 0, entry.external_attr, offset,
        )
        + name
        + extra
    )  # fmt: skip


class _Checked:
    """An entry whose check sum does not hold is a fault, not a crash."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name = file, name

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes."""
        try:
            return self._file.read(size)
        except (zipfile.BadZipFile, EOFError, OSError, zlib.error) as error:
            raise Refused(self._name, "the bytes that its check sum was made of", str(error)) from None

    def __enter__(self) -> _Checked:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


# --- manifests, signatures, timestamps -----------------------------------------------------------------------------------


class _Checking:
    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self.faults: list[Fault] = []
        self.notes: list[str] = []
        self.checked: list[str] = []
        self._digests: dict[str, str] = {}

    def all(self, files: Files) -> None:
        """Each part by itself, then each against the others."""
        self._files = files
        for name, part in (
            ("manifests", self._manifests), ("signature", self._signature), ("captures", self._captures),
            ("images", self._images), ("timestamps", self._timestamps), ("custody", self._custody),
            ("records", self._records),
        ):  # fmt: skip
            before = len(self.faults)
            try:
                part()
            except Refused as refused:
                self.faults.append(refused.fault)
            except Exception as error:  # noqa: BLE001 -- whatever hostile data makes fail is a fault of the bundle, no crash
                self.faults.append(Fault(name, "well-formed data", f"{type(error).__name__}: {str(error)[:160]}"))
            if len(self.faults) == before and (name != "timestamps" or self._trust.tsa_root is not None):
                self.checked.append(name)

    def _fault(self, file: str, expected: str, found: str) -> None:
        self.faults.append(Fault(file, expected, found))

    def _json(self, name: str) -> Any:
        try:
            return json.loads(self._files.read(name).decode("utf-8"))
        except ValueError as error:
            raise Refused(name, "JSON in UTF-8", str(error)[:120]) from None

    def _manifests(self) -> None:
        """BagIt (RFC 8493), both ways: nothing missing, nothing extra, nothing changed; and nothing beside it."""
        files = self._files
        payload = _manifest(files, MANIFEST)
        tags = _manifest(files, TAGMANIFEST)
        if sorted(tags) != sorted(TAG_FILES):
            self._fault(TAGMANIFEST, f"digests of {', '.join(TAG_FILES)}", ", ".join(sorted(tags)) or "none")
        if files.read("bagit.txt") != b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n":
            self._fault("bagit.txt", "BagIt-Version 1.0 in UTF-8", "something else")
        for name, expected in {**payload, **tags}.items():
            if name not in files.sizes:
                self._fault(name, f"a file with SHA-256 {expected}", "nothing")
                continue
            found = files.sha256(name)
            self._digests[name] = found
            if found != expected:
                self._fault(name, f"SHA-256 {expected}", found)
        for name in sorted(files.sizes):
            known = name in payload if name.startswith("data/") else name in (*TAG_FILES, TAGMANIFEST)
            if not known and not name.startswith("attest/"):
                self._fault(name, "no file that the manifest does not name", "one")
        inside = [name for name in payload if not name.startswith("data/")]
        if inside:
            self._fault(MANIFEST, "names below data/", inside[0])
        self._oxum(payload)

    def _oxum(self, payload: dict[str, str]) -> None:
        size = sum(self._files.sizes.get(name, 0) for name in payload)
        told = re.findall(
            r"^Payload-Oxum: (\S+)$", self._files.read("bag-info.txt").decode("utf-8", "replace"), re.MULTILINE
        )
        if told != [f"{size}.{len(payload)}"]:
            self._fault("bag-info.txt", f"Payload-Oxum: {size}.{len(payload)}", str(told))

    def _signature(self) -> None:
        """The signer's key signed the tag manifest, and a list of everything that attests to it."""
        files, trust = self._files, self._trust
        signed = files.read(TAGMANIFEST)
        for name in (TAGMANIFEST, ATTESTED):
            signature = f"attest/{name.removeprefix('attest/')}.sig"
            if name not in files.sizes or signature not in files.sizes:
                self._fault(signature if name in files.sizes else name, "a signed file and its signature", "nothing")
            elif not _signed(files.read(name), files.read(signature, CHUNK), trust.key):
                self._fault(signature, f"a signature of {name} by the key in {trust.key.name}", "none that holds")
        attested = _manifest(files, ATTESTED)
        beside = {name for name in files.sizes if name.startswith("attest/")} - {ATTESTED, f"{ATTESTED}.sig"}
        for name in sorted(beside | set(attested)):
            found = files.sha256(name) if name in files.sizes else "nothing"
            if attested.get(name) != found:
                self._fault(name, attested.get(name) or "no file that the signer did not list", found)
        self._cms(signed)
        token = f"attest/{TAGMANIFEST}.tsr"
        if token not in files.sizes:
            self.notes.append("the bundle has no timestamp of its own; its signer says so")
        elif trust.tsa_root is not None:
            self._stamp(token, signed)

    def _cms(self, signed: bytes) -> None:
        name = f"attest/{TAGMANIFEST}.p7s"
        if name not in self._files.sizes:
            return
        if self._trust.cms_root is None:
            self.notes.append(f"{name} was not checked: no --cms-root")
            return
        with _temporary(signed=signed, p7s=self._files.read(name, CHUNK)) as paths:
            done = _openssl(
                "cms", "-verify", "-binary", "-inform", "DER", "-in", paths["p7s"], "-content", paths["signed"],
                "-CAfile", str(self._trust.cms_root), "-purpose", "any", "-out", os.devnull,
            )  # fmt: skip
        if done.returncode:
            self._fault(name, f"a CMS signature that leads to {self._trust.cms_root.name}", _last(done.stderr))

    def _timestamps(self) -> None:
        """Each capture's digests stand in a list, and an authority attested when the list existed."""
        lists: dict[str, tuple[str, datetime.datetime | None]] = {}
        stamped = sorted(name for name in self._files.sizes if re.fullmatch(r"data/capture/digests-\d{8}\.txt", name))
        for name in stamped:
            body, token = self._files.read(name), name.replace(".txt", ".tsr")
            time = None
            if token in self._files.sizes and self._trust.tsa_root is not None:
                time = self._stamp(token, body)
            elif token not in self._files.sizes:
                self.notes.append(f"{name} is not timestamped; the bundle says so")
            for line in body.decode("ascii").splitlines():
                lists[line.split("  ", 1)[0]] = (name, time)
        for exhibit in self._exhibits():
            for file in ("listing.wacz", "capture.json"):
                name = f"data/capture/{exhibit}/{file}"
                if not stamped:
                    self.notes.append(f"{name} has no timestamp of its own")
                elif self._digest(name) not in lists:
                    self._fault(name, "its digest in one of the capture lists", self._digest(name))
                else:
                    self._in_time(name, exhibit, lists[self._digest(name)][1])
        if self._trust.tsa_root is None:
            self.notes.append("timestamps were not checked: no --tsa-root")

    def _in_time(self, name: str, exhibit: str, stamped: datetime.datetime | None) -> None:
        """A page that was captured after its timestamp was not captured then."""
        captured = _time(self._json(f"data/capture/{exhibit}/capture.json")["circumstances"]["ended_at"])
        if stamped is not None and captured > stamped + SLACK:
            self._fault(
                name, f"a capture before its timestamp of {stamped:%Y-%m-%d %H:%M:%S}", f"{captured:%Y-%m-%d %H:%M:%S}"
            )

    def _stamp(self, name: str, message: bytes) -> datetime.datetime | None:
        """Verify a token at the time that it attests, since certificates expire; returns that time."""
        assert self._trust.tsa_root is not None  # asked for only with one
        with _temporary(message=message, token=self._files.read(name, CHUNK)) as paths:
            told = _openssl("ts", "-reply", "-in", paths["token"], "-text")
            found = re.search(r"^Time stamp: (.+?)(?:\.\d+)? (\d{4}) GMT$", told.stdout, re.MULTILINE)
            if told.returncode or not found:
                self._fault(name, "a response of a time-stamping authority", _last(told.stderr))
                return None
            time = datetime.datetime.strptime(f"{found[1]} {found[2]}", "%b %d %H:%M:%S %Y").replace(
                tzinfo=datetime.UTC
            )
            done = _openssl(
                "ts", "-verify", "-in", paths["token"], "-data", paths["message"], "-CAfile", str(self._trust.tsa_root),
                "-attime", str(int(time.timestamp())),
            )  # fmt: skip
        if done.returncode or "Verification: OK" not in done.stdout:
            self._fault(
                name, f"a timestamp that leads to {self._trust.tsa_root.name} and covers its file", _last(done.stderr)
            )
            return None
        return time

    # --- captures ---------------------------------------------------------------------------------------------------------

    def _exhibits(self) -> list[str]:
        return sorted({hit[1] for name in self._files.sizes if (hit := EXHIBIT.match(name))})

    def _digest(self, name: str) -> str:
        if name not in self._digests:
            if name not in self._files.sizes:
                raise Refused(name, "a file", "nothing")
            self._digests[name] = self._files.sha256(name)
        return self._digests[name]

    def _captures(self) -> None:
        self._kept: dict[str, dict[str, str]] = {}
        for exhibit in self._exhibits():
            try:
                self._capture(exhibit, f"data/capture/{exhibit}")
            except Refused as refused:
                self.faults.append(refused.fault)

    def _capture(self, exhibit: str, folder: str) -> None:
        """A capture's archive, record by record, against its index, its pages, its pictures and its own account of it."""
        record, wacz = self._json(f"{folder}/capture.json"), f"{folder}/listing.wacz"
        if record["outcome"] != "kept" or record["shortcomings"]:
            self._fault(f"{folder}/capture.json", "a capture that shows the listing", "one that does not")
        if self._digest(wacz) != record["wacz"]:
            self._fault(wacz, f"SHA-256 {record['wacz']}, as capture.json says", self._digest(wacz))
        with io.BytesIO(self._files.read(wacz, LARGEST_WACZ)) as held:
            parts = _wacz(held, wacz)
            for fault in _wacz_faults(parts, wacz):
                self.faults.append(fault)
        records = list(_records(parts[WARC], wacz))
        self.faults += _index_faults(parts, records, wacz)
        self.faults += _page_faults(parts, records, record, wacz)
        answers = [(one.id, one.uri, one.payload, one.status) for one in records if one.kind == "response"]
        told = [(one["record_id"], one["url"], one["sha256"], one["status"]) for one in record["answers"]]
        if answers != told:
            self._fault(wacz, f"the {len(told)} answers that capture.json lists", f"{len(answers)}, not all the same")
        self._kept[exhibit] = {one.id: one.payload for one in records if one.kind == "response"}
        resources = {one.uri: one.payload for one in records if one.kind == "resource"}
        for prefix, (called, file) in RESOURCES.items():
            payload = resources.pop(prefix + record["circumstances"]["page_url"], "nothing")
            for where, found in (
                (f"{folder}/{file}", self._digest(f"{folder}/{file}")),
                (f"{folder}/capture.json", record["files"][called]),
            ):
                if found != payload:
                    self._fault(where, f"{file} as the archive keeps it, SHA-256 {payload}", found)
        if resources:
            self._fault(wacz, "four resources", f"others: {', '.join(resources)[:120]}")

    def _images(self) -> None:
        """Images and the brand's photos are what their tables say, and the archive keeps the same bytes."""
        for folder in ("images", "reference"):
            listed = set()
            for row in self._table(f"data/{folder}/index.csv"):
                name = f"data/{row['file']}"
                listed.add(name)
                if self._digest(name) != row["sha256"] or row["sha256"] not in name:
                    self._fault(name, f"SHA-256 {row['sha256']}", self._digest(name))
                if str(self._files.sizes[name]) != row["bytes"]:
                    self._fault(name, f"{row['bytes']} bytes", str(self._files.sizes[name]))
                if folder == "images":
                    kept = self._kept.get(row["exhibit"], {}).get(row["warc_record_id"], "nothing")
                    if kept != row["sha256"]:
                        self._fault(name, f"the payload of {row['warc_record_id']} in exhibit {row['exhibit']}", kept)
            there = {name for name in self._files.sizes if name.startswith(f"data/{folder}/")}
            for name in sorted(there - listed - {f"data/{folder}/index.csv"}):
                self._fault(name, f"a line in data/{folder}/index.csv", "none")

    def _table(self, name: str) -> Iterator[dict[str, str]]:
        text = self._files.read(name).decode("utf-8-sig")
        yield from csv.DictReader(io.StringIO(text, newline=""), strict=True)

    # --- custody and records ----------------------------------------------------------------------------------------------

    def _custody(self) -> None:
        """The audit log's rows each hash to what they say, follow one another, and are all there."""
        name = "data/records/custody.jsonl"
        *rows, last = [json.loads(line) for line in self._files.read(name).decode("utf-8").splitlines()]
        before: dict[str, Any] = {"seq": 0, "hash": GENESIS}
        for row in rows:
            chained = [row[key] for key in ("seq", "at", "actor", "action", "subject", "detail", "previous")]
            expected = hashlib.sha256(
                json.dumps(chained, ensure_ascii=False, separators=(",", ":")).encode()
            ).hexdigest()
            if row["hash"] != expected:
                self._fault(f"{name} row {row['seq']}", f"hash {expected}", row["hash"])
            if row["seq"] <= before["seq"]:
                self._fault(f"{name} row {row['seq']}", f"a row after {before['seq']}", "one before it")
            if row["seq"] == before["seq"] + 1 and row["previous"] != before["hash"]:
                self._fault(f"{name} row {row['seq']}", f"previous {before['hash']}", row["previous"])
            before = row
        digest = hashlib.sha256("".join(row["hash"] for row in rows).encode()).hexdigest()
        if (last["rows"], last["digest"]) != (len(rows), digest):
            self._fault(name, f"{last['rows']} rows, digest {last['digest']}", f"{len(rows)}, {digest}")
        head = last["head"]
        if rows and (head["seq"] < before["seq"] or (head["seq"] == before["seq"] and head["hash"] != before["hash"])):
            self._fault(name, f"a head at or after row {before['seq']}", f"{head['seq']} {head['hash']}")
        self._noted_head(name, head, rows)
        self._entered(name, rows)

    def _noted_head(self, name: str, head: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        if self._trust.head is None:
            return
        seq, noted = self._trust.head
        known = {row["seq"]: row["hash"] for row in (*rows, head)} | {row["seq"] - 1: row["previous"] for row in rows}
        if seq > head["seq"] or known.get(seq, noted) != noted:
            self._fault(
                name, f"row {seq} with the hash that was noted", str(known.get(seq, f"a log of {head['seq']} rows"))
            )
        elif seq not in known:
            self.notes.append(
                f"row {seq} of the audit log is not in this bundle, so the noted head could not be compared"
            )

    def _entered(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Each capture was entered in the log with the digests that it has now."""
        kept = [json.loads(row["detail"]) for row in rows if row["action"] == "capture.kept"]
        entered = {(detail["wacz"], detail["record"]) for detail in kept}
        for exhibit in self._exhibits():
            folder = f"data/capture/{exhibit}"
            pair = (self._digest(f"{folder}/listing.wacz"), self._digest(f"{folder}/capture.json"))
            if pair not in entered:
                self._fault(name, f"the capture of {folder}, wacz {pair[0]}", "no entry with these digests")

    def _records(self) -> None:
        """The case names the exhibits that are there, and each one's records are about its own listing."""
        case = self._json("data/records/case.json")
        named = {one["number"]: one for one in case["exhibits"]}
        if sorted(named) != self._exhibits():
            self._fault("data/records/case.json", f"exhibits {', '.join(self._exhibits())}", ", ".join(sorted(named)))
        for number, one in named.items():
            captured = self._json(f"data/capture/{number}/capture.json")
            listing = self._json(f"data/records/{number}/listing.json")["listing"]
            key = f"{listing['marketplace']}/{listing['listing_id']}"
            if not key == one["listing"] == captured["listing"]:
                self._fault(f"data/records/{number}/listing.json", captured["listing"], f"{key}, {one['listing']}")
            if one["wacz"] != captured["wacz"]:
                self._fault("data/records/case.json", f"wacz {captured['wacz']} of {number}", str(one["wacz"]))
            for name in ("seller.json", "match.json", "prices.csv"):
                self._digest(f"data/records/{number}/{name}")
        for name in ("data/report.pdf", "data/report-ko.pdf"):
            if not self._files.read(name, LARGEST_FILE).startswith(b"%PDF-"):
                self._fault(name, "a PDF", "something else")


# --- WACZ and WARC -------------------------------------------------------------------------------------------------------


class Record(NamedTuple):
    """A WARC record: where it is, what it is of, the SHA-256 of its payload in hex, and of its compressed bytes."""

    offset: int
    length: int
    kind: str
    id: str
    uri: str
    date: str
    status: int
    payload: str
    digest: str
    raw: str


def _wacz(file: IO[bytes], name: str) -> dict[str, bytes]:
    """The parts of a WACZ."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = [entry.filename for entry in archive.filelist]
            if len(names) != len(set(names)) or any(
                entry.compress_type != zipfile.ZIP_STORED for entry in archive.filelist
            ):
                raise Refused(name, "stored entries, each once", "others")
            return {entry.filename: archive.read(entry) for entry in archive.filelist}
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, struct.error, zlib.error) as error:
        raise Refused(name, "a WACZ", f"none: {error}") from None


def _wacz_faults(parts: dict[str, bytes], name: str) -> Iterator[Fault]:
    """Every part is in the package's list with its digest and size, and the list has its own."""
    for needed in (
        WARC,
        "datapackage.json",
        "datapackage-digest.json",
        "pages/pages.jsonl",
        "indexes/index.cdx.gz",
        "indexes/index.idx",
    ):
        if needed not in parts:
            raise Refused(f"{name}!{needed}", "a part of the archive", "nothing")
    seal = json.loads(parts["datapackage-digest.json"])
    if seal != {"path": "datapackage.json", "hash": _hash(parts["datapackage.json"])}:
        yield Fault(f"{name}!datapackage-digest.json", _hash(parts["datapackage.json"]), str(seal.get("hash")))
    listed = {one["path"]: (one["hash"], one["bytes"]) for one in json.loads(parts["datapackage.json"])["resources"]}
    held = {path: (_hash(body), len(body)) for path, body in parts.items() if not path.startswith("datapackage")}
    for path in sorted(listed.keys() | held.keys()):
        if listed.get(path) != held.get(path):
            yield Fault(
                f"{name}!{path}", str(listed.get(path, "no part that is not listed")), str(held.get(path, "nothing"))
            )


def _hash(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _records(warc: bytes, name: str) -> Iterator[Record]:
    """The records of a gzipped WARC, a member each, to its very end; raises ``Refused`` at the first that does not hold."""
    offset, where = 0, f"{name}!{WARC}"
    while offset < len(warc):
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            block = unpacking.decompress(warc[offset:], LARGEST_RECORD)
        except zlib.error as error:
            raise Refused(where, f"a record at byte {offset}", str(error)) from None
        if not unpacking.eof:
            raise Refused(where, f"the whole of the record at byte {offset}", "a part of it, or too much")
        length = len(warc) - offset - len(unpacking.unused_data)
        yield _record(block, offset, warc[offset : offset + length], where)
        offset += length


def _record(block: bytes, offset: int, raw: bytes, where: str) -> Record:
    head, found, rest = block.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "replace").split("\r\n")
    fields = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:])}
    if lines[0] != "WARC/1.1" or not found or len(fields) != len(lines) - 1:
        raise Refused(where, f"a WARC/1.1 record at byte {offset}", lines[0][:40])
    content = rest[:-4]
    if rest[-4:] != b"\r\n\r\n" or str(len(content)) != fields.get("content-length"):
        raise Refused(where, f"{fields.get('content-length')} bytes in the record at byte {offset}", str(len(content)))
    payload, status = content, 0
    kind = fields.get("warc-type", "")
    if kind in ("response", "request"):
        http, _, payload = content.partition(b"\r\n\r\n")
        status = int(http.split(b" ", 2)[1]) if kind == "response" else 0
    for field, body in (("warc-block-digest", content), ("warc-payload-digest", payload)):
        expected = "sha256:" + base64.b32encode(hashlib.sha256(body).digest()).decode()
        if fields.get(field) != expected:
            raise Refused(where, f"{field} {fields.get(field)} in the record at byte {offset}", expected)
    return Record(
        offset, len(raw), kind, fields.get("warc-record-id", ""), fields.get("warc-target-uri", ""),
        fields.get("warc-date", ""), status, hashlib.sha256(payload).hexdigest(), fields["warc-payload-digest"],
        f"sha256:{hashlib.sha256(raw).hexdigest()}",
    )  # fmt: skip


def _index_faults(parts: dict[str, bytes], records: list[Record], name: str) -> Iterator[Fault]:
    """The index leads to each answer and resource, and to nothing else."""
    where = f"{name}!indexes/index.cdx.gz"
    lines: list[str] = []
    for line in parts["indexes/index.idx"].decode("utf-8").splitlines():
        if line.startswith("!meta"):
            continue
        part = json.loads(line.split(" ", 2)[2])
        raw = parts["indexes/index.cdx.gz"][part["offset"] : part["offset"] + part["length"]]
        if _hash(raw) != part["digest"]:
            yield Fault(f"{name}!indexes/index.idx", part["digest"], _hash(raw))
        lines += _gunzipped(raw, where).decode("utf-8").splitlines()
    if len(lines) != len(_gunzipped(parts["indexes/index.cdx.gz"], where).decode("utf-8").splitlines()):
        yield Fault(f"{name}!indexes/index.idx", "all lines of the index", "a part of them")
    expected = {
        (one.offset, one.length, one.uri, one.date, one.digest, one.raw)
        for one in records
        if one.kind in ("response", "resource")
    }
    found = set()
    for line in lines:
        _, stamp, text = line.split(" ", 2)
        entry = json.loads(text)
        date = re.sub(r"(\d{4})(..)(..)(..)(..)(..)", r"\1-\2-\3T\4:\5:\6Z", stamp)
        found.add(
            (int(entry["offset"]), int(entry["length"]), entry["url"], date, entry["digest"], entry["recordDigest"])
        )
    for one in sorted(expected ^ found):
        yield Fault(
            where,
            "an entry for each record" if one in expected else "entries of records alone",
            f"{one[2]} at byte {one[0]}",
        )


def _gunzipped(raw: bytes, where: str) -> bytes:
    out, rest = b"", raw
    while rest:
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            out += unpacking.decompress(rest, LARGEST_TEXT)
        except zlib.error as error:
            raise Refused(where, "a gzipped index", str(error)) from None
        if not unpacking.eof:
            raise Refused(where, "a whole gzipped index", "a part of one, or too much")
        rest = unpacking.unused_data
    return out


def _page_faults(parts: dict[str, bytes], records: list[Record], record: dict[str, Any], name: str) -> Iterator[Fault]:
    """The list of pages names the page that was captured, at the time of its record."""
    _, *pages = [json.loads(line) for line in parts["pages/pages.jsonl"].decode("utf-8").splitlines()]
    facts = record["circumstances"]
    named = [(page["url"], page["ts"]) for page in pages]
    wanted = (facts["page_url"], f"{_time(facts['page_at']):%Y-%m-%dT%H:%M:%SZ}")
    if named != [wanted]:
        yield Fault(f"{name}!pages/pages.jsonl", str(wanted), str(named)[:300])
    if wanted not in [(one.uri, one.date) for one in records if one.kind == "response"]:
        yield Fault(f"{name}!{WARC}", f"the page's record: {wanted}", "none")


# --- openssl, files, texts -----------------------------------------------------------------------------------------------


def _manifest(files: Files, name: str) -> dict[str, str]:
    """The digests of a manifest by file name; raises ``Refused`` for one that could be read in two ways."""
    found: dict[str, str] = {}
    for number, line in enumerate(files.read(name).decode("utf-8").split("\n")[:-1], 1):
        digest, gap, path = line[:64], line[64:66], line[66:]
        if not SHA256.fullmatch(digest) or gap != "  " or not NAME.fullmatch(path) or path in found:
            raise Refused(
                f"{name} line {number}", "a SHA-256, two spaces and a name, each name once", ascii(line)[:120]
            )
        found[path] = digest
    if not files.read(name).endswith(b"\n"):
        raise Refused(name, "lines that end", "one that does not, or none")
    return found


def _signed(message: bytes, signature: bytes, key: Path) -> bool:
    with _temporary(message=message, signature=signature) as paths:
        done = _openssl(
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            str(key),
            "-rawin",
            "-in",
            paths["message"],
            "-sigfile",
            paths["signature"],
        )
    return done.returncode == 0


class _temporary:  # noqa: N801 -- used like a function
    """Bytes as files for ``openssl``, in a folder that is gone afterwards."""

    def __init__(self, **bodies: bytes) -> None:
        self._bodies = bodies

    def __enter__(self) -> dict[str, str]:
        self._folder = tempfile.TemporaryDirectory()
        paths = {name: str(Path(self._folder.name) / name) for name in self._bodies}
        for name, body in self._bodies.items():
            Path(paths[name]).write_bytes(body)
        return paths

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _openssl(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = shutil.which("openssl")
    if command is None:
        raise Refused("openssl", "the openssl command on this machine", "none; install it and verify again")
    return subprocess.run([command, *arguments], capture_output=True, text=True, errors="replace", check=False)


def _last(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if "onfiguration" not in line]
    return lines[-1].rsplit(":", 3)[-1][:160] if lines else "nothing that openssl accepts"


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))  # noqa: FURB162 -- Python 3.9 reads no Z


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description="Verify an evidence bundle. Keys and roots come from you, never from the bundle."
    )
    parser.add_argument("bundle", type=Path, help="the folder that holds bagit.txt, or the ZIP file")
    parser.add_argument(
        "--key", type=Path, required=True, help="the signer's public key, PEM, obtained from the signer"
    )
    parser.add_argument("--tsa-root", type=Path, help="the time-stamping authority's root certificate, PEM")
    parser.add_argument("--cms-root", type=Path, help="the root of the CMS signer's certificate, PEM")
    parser.add_argument("--head", help="a row of the audit log that was noted earlier, as NUMBER:HASH")
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    asked = parser.parse_args(arguments)
    for path in (asked.key, asked.tsa_root, asked.cms_root):
        if path is not None and not path.is_file():
            parser.error(f"{path} is not there")
    try:
        head = (int(asked.head.split(":")[0]), asked.head.split(":")[1]) if asked.head else None
    except (ValueError, IndexError):
        parser.error("--head is written NUMBER:HASH")
    result = verify(asked.bundle, Trust(asked.key, asked.tsa_root, asked.cms_root, head))
    print_result(result, as_json=asked.json)
    return 4 if result.faults else 0


def print_result(result: Result, *, as_json: bool) -> None:
    """Say what came of it on standard output."""
    if as_json:
        told = {"holds": not result.faults, "faults": [fault._asdict() for fault in result.faults]}
        print(json.dumps({**told, "notes": result.notes, "checked": result.checked}, ensure_ascii=False, indent=2))
        return
    for fault in result.faults:
        print("FAULT", _printable(str(fault)))
    for note in result.notes:
        print("note ", _printable(note))
    print(
        f"{len(result.faults)} faults: the bundle does not hold"
        if result.faults
        else f"It holds: {', '.join(result.checked)}."
    )


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


if __name__ == "__main__":
    sys.exit(main())
