"""A WACZ 1.1.1: one ZIP file with a WARC, an index of it, its page, and a digest of each."""

import hashlib
import io
import json
import zipfile
from datetime import datetime
from typing import IO, NamedTuple

from cdxj_indexer.main import CDXJIndexer

from evidence.warc import warc_date, write_warc
from touchstone.archive import Answer
from touchstone.recording import Recording

VERSION = "1.1.1"
WARC = "archive/data.warc.gz"
MOST_TEXT = 200_000  # characters of a page's text in its list of pages; the WARC has all of it


class Wacz(NamedTuple):
    """A written archive: its bytes, and the answers that its WARC keeps."""

    body: bytes
    kept: list[Answer]


def write_wacz(recording: Recording, *, title: str) -> Wacz:
    """Write a recording as WACZ; ``title`` names the archive."""
    warc = io.BytesIO()
    kept = write_warc(recording, warc)
    facts = recording.circumstances
    lines, compressed = _index(warc)
    page = {
        "id": "page", "url": facts.page_url, "ts": warc_date(facts.page_at), "title": recording.title[:500],
        "text": recording.text[:MOST_TEXT],
    }  # fmt: skip
    header = {"format": "json-pages-1.0", "id": "pages", "title": "All Pages", "hasText": True}
    files = {
        WARC: warc.getvalue(),
        "indexes/index.cdx.gz": compressed,
        "indexes/index.idx": lines,
        "pages/pages.jsonl": "".join(f"{_json(line)}\n" for line in (header, page)).encode(),
    }
    package = {
        "profile": "data-package", "wacz_version": VERSION, "software": facts.tool, "title": title,
        "created": warc_date(facts.ended_at), "mainPageUrl": facts.page_url, "mainPageDate": warc_date(facts.page_at),
        "resources": [
            {"name": path.rsplit("/", 1)[1], "path": path, "hash": _hash(body), "bytes": len(body)}
            for path, body in files.items()
        ],
    }  # fmt: skip
    files["datapackage.json"] = json.dumps(package, ensure_ascii=False, indent=2).encode()
    seal = {"path": "datapackage.json", "hash": _hash(files["datapackage.json"])}
    files["datapackage-digest.json"] = json.dumps(seal, indent=2).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, body in files.items():
            _add(archive, path, body, facts.ended_at)
    return Wacz(out.getvalue(), kept)


def _index(warc: IO[bytes]) -> tuple[bytes, bytes]:
    """The index in the form of a ZIP-numbered cluster: its list of blocks, and the blocks."""
    warc.seek(0)
    lines, blocks = io.StringIO(), io.BytesIO()
    CDXJIndexer(
        output=lines, inputs=[warc], filename=WARC.rsplit("/", 1)[1], sort=True, compress=blocks,
        data_out_name="index.cdx.gz", post_append=True, digest_records=True,
    ).process_all()  # fmt: skip
    return lines.getvalue().encode(), blocks.getvalue()


def _add(archive: zipfile.ZipFile, path: str, body: bytes, at: datetime) -> None:
    """Stored, not deflated: a reader must find records by their offset."""
    entry = zipfile.ZipInfo(path, date_time=at.timetuple()[:6])
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, body, compress_type=zipfile.ZIP_STORED)


def _hash(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
