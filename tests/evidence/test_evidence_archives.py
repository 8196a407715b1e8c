"""Archives: what a browser saw as WARC and WACZ that the tools of others read, check and find whole."""

import base64
import gzip
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from warcio.archiveiterator import ArchiveIterator

from evidence.redaction import personal_data, without, without_cookies
from evidence.wacz import write_wacz
from evidence.warc import write_warc
from tests.evidence.recording_samples import HTML, URL, a_recording, an_exchange
from touchstone.recording import Recording

WACZ = Path(sys.executable).with_name("wacz")
EVIL = "x\r\nWARC-Type: evil\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
NASTY = a_recording(
    an_exchange(),
    an_exchange(
        "http://shop.example/상품/2?이름=값", method="POST", request_body="품목=1".encode(), reason="", address="203.0.113.9",
        request_headers=(("X-이름", "값 1"), ("X-Evil", EVIL)),
        headers=(
            ("Content-Type", "application/json; charset=한글"), ("Content-Encoding", "br"), ("Transfer-Encoding", "chunked"),
            ("Content-Length", "3"), ("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/"), ("X-이름", "값; 2"),
            ("X-Latin", "caf\xe9"), ("X-Evil", EVIL), ("X-Half", "\ud800"), ("", "nameless"),
        ),
        body='{"가격": 1}'.encode(),
    ),
    an_exchange("http://shop.example/evil", reason=EVIL, method=EVIL, headers=((EVIL, EVIL),), body=b""),
    an_exchange(f"http://shop.example/{EVIL}", status=404, reason="없음"),
    an_exchange("http://shop.example/moved", status=302, reason="Found", headers=(("Location", "/here"),), body=b""),
    an_exchange("http://shop.example/gone.png", headers=(("Content-Type", "image/png"),), body=b"", without_body="evicted"),
)  # fmt: skip


class Record(NamedTuple):
    """A record as warcio reads it."""

    kind: str
    url: str
    headers: dict[str, str]
    first: str
    http: list[tuple[str, str]]
    payload: bytes


def read(warc: bytes) -> list[Record]:
    """Read a WARC as `warcio check` does: a digest that does not match raises."""
    found = []
    for record in ArchiveIterator(io.BytesIO(warc), check_digests="raise"):
        head = record.http_headers
        found.append(
            Record(
                record.rec_type, record.rec_headers.get_header("WARC-Target-URI"), dict(record.rec_headers.headers),
                f"{head.protocol} {head.statusline}" if head else "", list(head.headers) if head else [],
                record.content_stream().read(),
            )
        )  # fmt: skip
        assert record.digest_checker.passed is not False
    return found


def written(recording: Recording) -> list[Record]:
    """The records of a recording."""
    file = io.BytesIO()
    write_warc(recording, file)
    return read(file.getvalue())


def base32(body: bytes) -> str:
    """A digest as WARC has it."""
    return "sha256:" + base64.b32encode(hashlib.sha256(body).digest()).decode()


def responses(records: list[Record]) -> list[Record]:
    """The answers among records."""
    return [record for record in records if record.kind == "response"]


# WARC


@pytest.mark.parametrize("recording", [a_recording(), NASTY], ids=["plain", "nasty"])
def test_every_exchange_is_an_answer_and_its_request(recording: Recording) -> None:
    """Each is there, in order, bound to one another; pictures, document and text follow as resources of the page."""
    records = written(recording)
    count = len(recording.exchanges)
    assert [one.kind for one in records] == ["warcinfo", *["response", "request"] * count, *["resource"] * 4]
    for answer, request in zip(records[1:-4:2], records[2:-4:2], strict=True):
        assert request.headers["WARC-Concurrent-To"] == answer.headers["WARC-Record-ID"]
        assert request.url == answer.url
    assert [one.url for one in records[-4:]] == [
        f"urn:{name}:{URL}" for name in ("view", "fullPage", "document", "text")
    ]
    assert [one.payload for one in records[-4:]] == [
        recording.view, recording.full_page, recording.document.encode(), recording.text.encode(),
    ]  # fmt: skip
    assert {one.headers["WARC-Date"] for one in records[1:]} == {"2026-03-04T05:06:07Z"}
    assert len({one.headers["WARC-Record-ID"] for one in records}) == len(records)


@pytest.mark.parametrize("recording", [a_recording(), NASTY], ids=["plain", "nasty"])
def test_digests_are_sha256_of_what_is_there(recording: Recording) -> None:
    """warcio agrees with each, and the payload's is that of the decoded body, as `capture.json` has it in hex."""
    file = io.BytesIO()
    kept = write_warc(recording, file)
    records = read(file.getvalue())
    for record in records:
        assert record.headers["WARC-Payload-Digest"] == base32(record.payload)
        assert record.headers["WARC-Block-Digest"].startswith("sha256:")
    for exchange, answer, record in zip(recording.exchanges, kept, responses(records), strict=True):
        assert record.payload == exchange.body
        assert answer.sha256 == hashlib.sha256(exchange.body).hexdigest()
        assert (answer.record_id, answer.url, answer.status) == (
            record.headers["WARC-Record-ID"], exchange.url, exchange.status,
        )  # fmt: skip


def test_headers_are_true_of_the_bytes_that_are_kept() -> None:
    """No record claims an encoding that its decoded body does not have; what was claimed is kept under another name."""
    headers = responses(written(NASTY))[1].http
    names = [name.lower() for name, _ in headers]
    assert "content-encoding" not in names and "transfer-encoding" not in names
    assert [value for name, value in headers if name == "Content-Length"] == [str(len('{"가격": 1}'.encode()))]
    said = dict(headers)
    assert said["X-Orig-Content-Encoding"] == "br"
    assert said["X-Orig-Transfer-Encoding"] == "chunked"
    assert said["X-Orig-Content-Length"] == "3"
    assert [value for name, value in headers if name == "Set-Cookie"] == ["a=1; Path=/", "b=2; Path=/"]


def test_no_server_writes_records_or_headers_of_ours() -> None:
    """Line ends in headers, reasons, methods and addresses are folded: nothing of a page's can begin a line."""
    file = io.BytesIO()
    write_warc(NASTY, file)
    assert b"\nWARC-Type: evil" not in gzip.decompress(file.getvalue())
    assert {record.kind for record in read(file.getvalue())} == {"warcinfo", "response", "request", "resource"}


def test_what_is_no_ascii_is_written_as_in_addresses() -> None:
    """Hangul in a header, its name, a reason or a request's line is percent-encoded; an empty reason is no fault."""
    records = written(NASTY)
    answer, request = records[3], records[4]
    assert answer.url == "http://shop.example/상품/2?이름=값"
    assert request.first == "POST /%EC%83%81%ED%92%88/2?%EC%9D%B4%EB%A6%84=%EA%B0%92 HTTP/1.1"
    assert request.payload == "품목=1".encode()
    assert ("X-%EC%9D%B4%EB%A6%84", "%EA%B0%92; 2") in answer.http
    assert ("X-Latin", "caf%C3%A9") in answer.http
    assert answer.first.startswith("HTTP/1.1 200")
    assert responses(records)[3].first == "HTTP/1.1 404 %EC%97%86%EC%9D%8C"


def test_what_was_not_had_is_marked() -> None:
    """A body that the browser could not give is marked as cut, so that it is not taken for an empty answer."""
    marks = [record.headers.get("WARC-Truncated") for record in responses(written(NASTY))]
    assert marks == [None] * 5 + ["unspecified"]
    addresses = [record.headers.get("WARC-IP-Address") for record in responses(written(NASTY))]
    assert addresses[:2] == [None, "203.0.113.9"]


# WACZ


class Package(NamedTuple):
    """A WACZ, unpacked."""

    files: dict[str, bytes]
    index: list[dict[str, Any]]
    pages: list[dict[str, Any]]


def packed(recording: Recording) -> tuple[bytes, Package]:
    """A recording's WACZ, and what is in it."""
    body = write_wacz(recording, title="shop/10001: 상품").body
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        files = {name: archive.read(name) for name in archive.namelist()}
    lines = gzip.decompress(files["indexes/index.cdx.gz"]).decode().splitlines()
    index = [json.loads(line.split(" ", 2)[2]) for line in lines]
    return body, Package(files, index, [json.loads(line) for line in files["pages/pages.jsonl"].splitlines()])


@pytest.mark.parametrize("recording", [a_recording(), NASTY], ids=["plain", "nasty"])
def test_wacz_is_valid(recording: Recording, tmp_path: Path) -> None:
    """`wacz validate` of py-wacz finds nothing wrong."""
    (tmp_path / "capture.wacz").write_bytes(packed(recording)[0])
    command = [WACZ, "validate", "-f", tmp_path / "capture.wacz"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Validation succeeded" in done.stdout


def test_wacz_names_its_page() -> None:
    """The page's time is that of its record, to the second, or replay would not find it; title and text are there."""
    _, package = packed(a_recording())
    header, page = package.pages
    record = next(
        one for one in read(package.files["archive/data.warc.gz"]) if one.kind == "response" and one.url == URL
    )
    assert header["format"] == "json-pages-1.0"
    assert (page["url"], page["ts"]) == (record.url, record.headers["WARC-Date"])
    assert (page["title"], page["text"]) == ("상품 1", "goods\n그려진 것")
    about = json.loads(package.files["datapackage.json"])
    assert (about["mainPageUrl"], about["mainPageDate"], about["title"]) == (URL, page["ts"], "shop/10001: 상품")
    assert about["wacz_version"] == "1.1.1"
    assert {one["path"]: one["hash"] for one in about["resources"]} == {
        path: "sha256:" + hashlib.sha256(body).hexdigest() for path, body in package.files.items()
        if not path.startswith("datapackage")
    }  # fmt: skip


@pytest.mark.parametrize("recording", [a_recording(), NASTY], ids=["plain", "nasty"])
def test_index_points_at_each_record(recording: Recording) -> None:
    """Offset and length of each line cut one whole gzip member out of the WARC, and it is the record of that address."""
    _, package = packed(recording)
    warc = package.files["archive/data.warc.gz"]
    assert len(package.index) == len(recording.exchanges) + 4, "every answer and resource"
    for line in package.index:
        start, length = int(line["offset"]), int(line["length"])
        member = warc[start : start + length]
        assert gzip.decompress(member)[:10] == b"WARC/1.1\r\n"
        (record,) = read(member)
        assert record.url == line["url"]
        assert line["digest"] == record.headers["WARC-Payload-Digest"]


def test_index_points_at_its_own_blocks() -> None:
    """The list of blocks names the offset, length and digest of each block of the index."""
    files = packed(NASTY)[1].files
    meta, *blocks = files["indexes/index.idx"].decode().splitlines()
    assert json.loads(meta.split(" ", 2)[2])["filename"] == "index.cdx.gz"
    for block in (json.loads(line.split(" ", 2)[2]) for line in blocks):
        cut = files["indexes/index.cdx.gz"][block["offset"] : block["offset"] + block["length"]]
        assert gzip.decompress(cut)
        assert block["digest"] == "sha256:" + hashlib.sha256(cut).hexdigest()


def test_another_tool_keeps_our_page(tmp_path: Path) -> None:
    """py-wacz, given our WARC and our list of pages, makes a WACZ in which the page has its title and text."""
    files = packed(NASTY)[1].files
    (tmp_path / "data.warc.gz").write_bytes(files["archive/data.warc.gz"])
    (tmp_path / "pages.jsonl").write_bytes(files["pages/pages.jsonl"])
    command = [WACZ, "create", "-f", "data.warc.gz", "-p", "pages.jsonl", "-o", "theirs.wacz"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(tmp_path / "theirs.wacz") as archive:
        page = json.loads(archive.read("pages/pages.jsonl").splitlines()[1])
    assert (page["url"], page["title"], page["text"]) == (URL, "상품 1", "goods\n그려진 것")
    assert page["ts"] == "2026-03-04T05:06:07Z"


def test_a_title_and_a_text_without_bound_are_cut_in_the_list_of_pages() -> None:
    """The WARC has all of the text; the list of pages, which readers hold in memory, does not."""
    recording = a_recording(title="가" * 10_000, text="나" * 300_000)
    page = packed(recording)[1].pages[1]
    assert (len(page["title"]), len(page["text"])) == (500, 200_000)
    assert written(recording)[-1].payload == ("나" * 300_000).encode()


# Redaction


PERSONAL = "문의: Kim.Ji+shop@Shop.example 또는 010-1234-5678, +82 2-780-1234"
AMERICAN = "Call (415) 555-2671 or mail seller@example.com; item 4155552, $1,555.26"


def test_nothing_is_taken_out_unasked() -> None:
    """An archive of a page with mail addresses, numbers and cookies has them all, and records no redaction."""
    recording = a_recording(
        an_exchange(body=PERSONAL.encode(), headers=(HTML, ("Set-Cookie", "a=secret"))), text=PERSONAL
    )
    assert without((), recording) is recording
    assert recording.circumstances.redactions == ()
    assert PERSONAL.encode() in b"".join(record.payload for record in written(recording))


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        (PERSONAL, "ko", {"Kim.Ji+shop@Shop.example", "010-1234-5678", "+82 2-780-1234"}),
        (AMERICAN, "en-US", {"(415) 555-2671", "seller@example.com"}),
        ("가격 39,000원, 상품번호 1000012345, 2026-03-04, 100% @home", "ko", set()),
    ],
)
def test_mail_addresses_and_telephone_numbers_are_found(text: str, language: str, found: set[str]) -> None:
    """As they are written in Korea and the United States; prices, dates and numbers of goods are none."""
    assert set(personal_data(text, language)) == found


def test_personal_data_is_covered_wherever_it_stands() -> None:
    """In bodies, forms, headers, document, text and title, in whatever case; and each place is counted."""
    words = personal_data(PERSONAL, "ko")
    shouted = PERSONAL.upper()
    recording = without(
        words,
        a_recording(
            an_exchange(body=f"<p>{shouted}</p>".encode(), headers=(HTML, ("X-Seller", "kim.ji+shop@shop.example"))),
            an_exchange(f"{URL}/api", headers=(("Content-Type", "application/hal+json"),), body=PERSONAL.encode()),
            an_exchange(f"{URL}/bare", headers=(), body=PERSONAL.encode(), method="POST", request_body=b"tel=010-1234-5678"),
            an_exchange(f"{URL}/photo", headers=(("Content-Type", "image/jpeg"),), body=b"\xff\xd8 010-1234-5678"),
            an_exchange(f"{URL}/clean", body="<p>정품\xff".encode("latin-1", "replace")),
            title=PERSONAL, document=f"<p>{shouted}</p>", text=shouted,
        ),
    )  # fmt: skip
    page, api, bare, photo, clean = recording.exchanges
    kept = b"".join((page.body, api.body, bare.body, bare.request_body or b"")).decode()
    kept += recording.title + recording.document + recording.text + str(page.headers)
    assert not [word for word in words if word.lower() in kept.lower()]
    assert recording.text == f"문의: {'█' * 24} 또는 {'█' * 13}, {'█' * 14}"
    assert ("X-Seller", "redacted") in page.headers
    assert photo.body == b"\xff\xd8 010-1234-5678", "no text"
    assert clean == an_exchange(f"{URL}/clean", body=clean.body)
    counted = {one.place: one.count for one in recording.circumstances.redactions}
    assert counted == {"the page as it was drawn": 3, URL: 4, f"{URL}/api": 3, f"{URL}/bare": 4}
    assert {one.rule for one in recording.circumstances.redactions} == {"personal"}
    assert all(word not in str(recording.circumstances) for word in words), "what it was is not told"
    written(recording)


def test_cookies_lose_their_values_alone() -> None:
    """Names and attributes stay; each value is counted, and is nowhere in the archive."""
    recording = without_cookies(
        a_recording(
            an_exchange(
                request_headers=(("Cookie", "session=s3cret; theme=dark; flag"), ("Accept", "*/*")),
                headers=(HTML, ("set-cookie", "session=s3cret=; Path=/; HttpOnly"), ("Set-Cookie", "b=s3cret")),
            ),
            an_exchange(f"{URL}/clean"),
        )
    )
    page = recording.exchanges[0]
    assert page.request_headers == (("Cookie", "session=redacted; theme=redacted; flag=redacted"), ("Accept", "*/*"))
    assert page.headers == (HTML, ("set-cookie", "session=redacted; Path=/; HttpOnly"), ("Set-Cookie", "b=redacted"))
    assert [(one.rule, one.place, one.count) for one in recording.circumstances.redactions] == [("cookies", URL, 5)]
    assert b"s3cret" not in gzip.decompress(packed(recording)[1].files["archive/data.warc.gz"])


def test_redactions_add_up() -> None:
    """Both kinds are recorded when both are wished for."""
    exchange = an_exchange(body=b"call 010-1234-5678", headers=(HTML, ("Set-Cookie", "a=1")))
    recording = without_cookies(without(("010-1234-5678",), a_recording(exchange)))
    assert {one.rule for one in recording.circumstances.redactions} == {"cookies", "personal"}
