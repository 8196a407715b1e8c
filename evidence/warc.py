"""A recording as WARC 1.1: every request and answer, then pictures, document and text as resources."""

import base64
import hashlib
import io
import string
import uuid
from datetime import datetime
from typing import IO
from urllib.parse import quote

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from touchstone.archive import Answer
from touchstone.recording import Exchange, Headers, Recording

# Headers that are true of the bytes that were sent, and not of the decoded ones that a browser hands on.
OF_THE_WIRE = ("content-encoding", "transfer-encoding", "content-length")
VIEW, FULL_PAGE, DOCUMENT, TEXT = "urn:view:", "urn:fullPage:", "urn:document:", "urn:text:"


def warc_date(at: datetime) -> str:
    """A time as WARC writes it, to the second: finer ones are lost in a WACZ's index, and the page with them."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_warc(recording: Recording, file: IO[bytes]) -> list[Answer]:
    """Write a gzipped WARC, a member for each record; returns the answers that were kept, in order."""
    return _Writing(recording, file).all()


class _Writing:
    def __init__(self, recording: Recording, file: IO[bytes]) -> None:
        self._recording = recording
        self._writer = WARCWriter(file, gzip=True, warc_version="WARC/1.1")

    def all(self) -> list[Answer]:
        facts = self._recording.circumstances
        info = {
            "software": facts.tool, "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "http-header-user-agent": facts.user_agent, "robots": facts.robots.decision, "browser": facts.browser,
        }  # fmt: skip
        lines = "".join(f"{name}: {value}\r\n" for name, value in info.items()).encode()
        self._write("warcinfo", None, facts.started_at, lines, "application/warc-fields")
        kept = [self._exchange(exchange) for exchange in self._recording.exchanges]
        url, at = facts.page_url, facts.page_at
        for prefix, body, mime in (
            (VIEW, self._recording.view, "image/png"),
            (FULL_PAGE, self._recording.full_page, "image/png"),
            (DOCUMENT, self._recording.document.encode(), "text/html; charset=utf-8"),
            (TEXT, self._recording.text.encode(), "text/plain; charset=utf-8"),
        ):
            self._write("resource", prefix + url, at, body, mime)
        return kept

    def _exchange(self, exchange: Exchange) -> Answer:
        headers = _stored(exchange)
        answer = StatusAndHeaders(f"{exchange.status} {_line(exchange.reason)}", list(headers), protocol="HTTP/1.1")
        extra = {"WARC-IP-Address": exchange.address} if exchange.address else {}
        if exchange.without_body:
            extra["WARC-Truncated"] = "unspecified"
        record_id = self._write("response", exchange.url, exchange.at, exchange.body, http=answer, extra=extra)
        path = exchange.url.split("/", 3)
        target = "/" + (path[3] if len(path) > 3 else "")
        request = StatusAndHeaders(
            f"{_line(exchange.method)} {_line(target.split('#', 1)[0])} HTTP/1.1",
            [(_line(name), _line(value)) for name, value in exchange.request_headers], is_http_request=True,
        )  # fmt: skip
        body = exchange.request_body or b""
        concurrent = {"WARC-Concurrent-To": record_id}
        self._write("request", exchange.url, exchange.at, body, http=request, extra=concurrent)
        mime = next((value for name, value in headers if name.lower() == "content-type"), "")
        return Answer(
            record_id=record_id, url=exchange.url, sha256=hashlib.sha256(exchange.body).hexdigest(),
            status=exchange.status, mime=mime.split(";", 1)[0].strip().lower(),
        )  # fmt: skip

    def _write(
        self, kind: str, url: str | None, at: datetime, payload: bytes, mime: str | None = None, *,
        http: StatusAndHeaders | None = None, extra: dict[str, str] | None = None,
    ) -> str:  # fmt: skip
        """Write one record with digests of its block and payload in SHA-256; returns its id."""
        record_id, url = f"<urn:uuid:{uuid.uuid4()}>", "".join(url.split()) if url else None
        head = http.to_bytes() if http else b""
        fields = {
            "WARC-Record-ID": record_id, "WARC-Date": warc_date(at), **({"WARC-Target-URI": url} if url else {}),
            **(extra or {}), "WARC-Block-Digest": digest(head + payload), "WARC-Payload-Digest": digest(payload),
        }  # fmt: skip
        self._writer.write_record(self._record(kind, url, payload, mime, http, fields))
        return record_id

    def _record(
        self, kind: str, url: str | None, payload: bytes, mime: str | None, http: StatusAndHeaders | None,
        fields: dict[str, str],
    ) -> ArcWarcRecord:  # fmt: skip
        return self._writer.create_warc_record(
            url or "", kind, payload=io.BytesIO(payload), length=len(payload), warc_content_type=mime or "",
            http_headers=http, warc_headers_dict=fields,
        )  # fmt: skip


def digest(body: bytes) -> str:
    """A digest as WARC labels it: SHA-256 in base32, the form that the standard tools check."""
    return "sha256:" + base64.b32encode(hashlib.sha256(body).digest()).decode()


def _stored(exchange: Exchange) -> Headers:
    """The answer's headers, made true of the decoded bytes; what they were is kept under another name.

    A record that claims an encoding which its bytes no longer have cannot be replayed.
    """
    headers = []
    for name, value in exchange.headers:
        if name.lower() in OF_THE_WIRE:
            headers.append((f"X-Orig-{name}", _line(value)))
        else:
            headers.append((_line(name), _line(value)))
    return (*headers, ("Content-Length", str(len(exchange.body))))


def _line(text: str) -> str:
    """One line of ASCII, the rest as in addresses: no server may write headers of our records, or make them unwritable."""
    return quote(" ".join(text.split()), safe=string.printable, errors="replace")
