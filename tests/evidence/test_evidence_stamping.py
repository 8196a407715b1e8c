"""Timestamps: asked of a real authority on loopback, and believed only when they verify."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from rfc3161_client import decode_timestamp_response

from evidence.stamping import Authority, Stamp, authority, stamp, verify
from fixtures.serving import served
from fixtures.tsa import TimeStamping, make_authority, time_stamping
from touchstone.errors import ConfigurationError, NotStamped

MESSAGE = "목록 sha256".encode()
CLOSED = "http://127.0.0.1:9/tsr"


class Stamping:
    """An authority that works, another of the same name, and a timestamp of the first over ``MESSAGE``."""

    def __init__(self, tsa: TimeStamping, folder: Path) -> None:
        self.tsa, self.folder = tsa, folder
        self.by = authority(tsa.url, tsa.root)
        self.other_root = make_authority(folder / "other")
        self.given = stamp(MESSAGE, self.by)

    def roots(self, *files: Path) -> Authority:
        """The authority, believed on the strength of these files."""
        together = self.folder / "together.pem"
        together.write_bytes(b"".join(file.read_bytes() for file in files))
        return authority(self.tsa.url, together)


@pytest.fixture(scope="module")
def stamping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stamping]:
    """Made once."""
    folder = tmp_path_factory.mktemp("stamping")
    with time_stamping(folder / "tsa") as tsa:
        yield Stamping(tsa, folder)


@contextmanager
def answering(body: bytes, *, status: int = 200, kind: str = "application/timestamp-reply") -> Iterator[str]:
    """A server that answers everything with this."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, status=status, content_type=kind)

    app = web.Application()
    app.router.add_post("/tsr", answer)
    with served(app) as url:
        yield f"{url}/tsr"


def refused(work: Callable[[], object]) -> str:
    """Why there is no timestamp: one line, short enough to read, with a hint."""
    with pytest.raises(NotStamped) as caught:
        work()
    assert caught.value.hint
    assert len(caught.value.message) < 200 and "\n" not in caught.value.message
    return caught.value.message


def test_a_timestamp_is_given_and_verifies(stamping: Stamping) -> None:
    """It attests a time just now, in UTC, and OpenSSL agrees with the whole response."""
    given = stamp(MESSAGE, stamping.by)
    assert isinstance(given, Stamp)
    assert abs(datetime.now(UTC) - given.time) < timedelta(minutes=1)
    verify(decode_timestamp_response(given.token), MESSAGE, stamping.by.certificates)
    response, data = stamping.folder / "response.tsr", stamping.folder / "data"
    response.write_bytes(given.token)
    data.write_bytes(MESSAGE)
    command = ["openssl", "ts", "-verify", "-in", response, "-data", data, "-CAfile", stamping.tsa.root]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_only_a_digest_leaves_the_machine(stamping: Stamping) -> None:
    """The request has the message's SHA-256 and not the message."""
    asked: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(await request.read())
        return web.Response(body=b"")

    app = web.Application()
    app.router.add_post("/tsr", answer)
    with served(app) as url:
        refused(lambda: stamp(MESSAGE, Authority(f"{url}/tsr", stamping.by.certificates)))
    assert len(asked[0]) < 100
    assert MESSAGE not in asked[0]


def test_another_root_refuses(stamping: Stamping) -> None:
    """Neither another authority's root, nor the authority's own certificate without a root, is enough."""
    other = stamping.roots(stamping.other_root)
    reason = refused(lambda: stamp(MESSAGE, other))
    assert reason == "the timestamp does not hold: certificate signature failure"
    alone = stamping.roots(stamping.folder / "tsa/tsa.pem")
    assert "no certificate that signs itself" in refused(lambda: stamp(MESSAGE, alone))
    refused(lambda: stamp(MESSAGE, stamping.roots(stamping.folder / "tsa/tsa.pem", stamping.other_root)))


def test_several_roots_may_stand_in_the_file(stamping: Stamping) -> None:
    """One of the same name with another key, as after a renewal, or one given twice, does not stand in the way."""
    files = (stamping.other_root, stamping.tsa.root)
    for by in (stamping.roots(*files), stamping.roots(*reversed(files)), stamping.roots(*files, *files)):
        assert stamp(MESSAGE, by).token


def test_another_message_refuses(stamping: Stamping) -> None:
    """A timestamp holds for what was stamped alone."""
    response = decode_timestamp_response(stamping.given.token)
    verify(response, MESSAGE, stamping.by.certificates)
    assert "Mismatch between messages" in refused(lambda: verify(response, b"other", stamping.by.certificates))


def test_a_changed_response_refuses(stamping: Stamping) -> None:
    """A bit flipped in the attested time or in the signature is seen."""
    token = stamping.given.token
    at = token.index(b"20" + f"{stamping.given.time:%y%m%d}".encode())
    for place in (at + 3, len(token) - 5):
        changed = bytearray(token)
        changed[place] ^= 1
        reason = refused(
            lambda changed=changed: verify(decode_timestamp_response(bytes(changed)), MESSAGE, stamping.by.certificates)
        )
        assert "does not hold" in reason


def test_a_replayed_answer_refuses(stamping: Stamping) -> None:
    """An earlier answer over the very same message is not taken for a new one: its nonce is another."""
    with answering(stamping.given.token) as url:
        reason = refused(lambda: stamp(MESSAGE, Authority(url, stamping.by.certificates)))
    assert reason == f"{url} answered another request than ours"


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"<html>maintenance", 200, "did not answer with a timestamp"),
        (b"", 200, "did not answer with a timestamp"),
        (bytes(range(256)), 200, "did not answer with a timestamp"),
        (b"\x30\x82" * 200_000, 200, "did not answer with a timestamp"),
        (bytes.fromhex("30053003020100"), 200, "granted a timestamp, and sent none"),
        (bytes.fromhex("30053003020102"), 200, "refused: status 2"),
        (b"oops", 500, "answered HTTP 500"),
        (b"", 302, "answered HTTP 302"),
    ],
    ids=["html", "empty", "garbage", "huge", "no token", "rejected", "500", "302"],
)
def test_what_is_no_timestamp_says_so(stamping: Stamping, body: bytes, status: int, why: str) -> None:
    """Each kind of failing has its words, and the address that it came from."""
    with answering(body, status=status) as url:
        reason = refused(lambda: stamp(MESSAGE, Authority(url, stamping.by.certificates)))
    assert reason.startswith(f"{url} ") and why in reason


def test_an_authority_that_is_down_says_so(stamping: Stamping) -> None:
    """With what to try next."""
    with pytest.raises(NotStamped, match="cannot be reached") as caught:
        stamp(MESSAGE, Authority(CLOSED, stamping.by.certificates))
    assert caught.value.hint == "Check timestamp.url with: touchstone evidence tsa-test"


def test_an_authority_that_refuses_is_quoted(tmp_path: Path) -> None:
    """Its own words, such as of a digest that it does not take, are the reason."""
    root = make_authority(tmp_path)
    settings = tmp_path / "tsa.cnf"
    settings.write_text(settings.read_text().replace("digests = sha256", "digests = sha512"))
    with time_stamping(tmp_path) as tsa:
        reason = refused(lambda: stamp(MESSAGE, authority(tsa.url, root)))
    assert "refused: Message digest algorithm is not supported" in reason


@pytest.mark.parametrize(
    "url",
    ["tsa.example/tsr", "ftp://tsa.example", "http://", "http://[::1/tsr", "http://tsa:port/", "http://tsa.example/가"],
)
def test_an_address_that_is_none_is_a_mistake_of_the_settings(stamping: Stamping, url: str) -> None:
    """It is found before anything is asked."""
    with pytest.raises(ConfigurationError, match="is no address of a server") as caught:
        authority(url, stamping.tsa.root)
    assert caught.value.message.startswith("timestamp.url: ")


@pytest.mark.parametrize("name", ["nowhere.pem", "tsa-key.pem", "tsa.cnf", "."])
def test_a_file_without_certificates_is_a_mistake_of_the_settings(stamping: Stamping, name: str) -> None:
    """Whether it is missing, a key, something else or a folder; the message names it and says what belongs there."""
    with pytest.raises(ConfigurationError, match="holds no certificates") as caught:
        authority(stamping.tsa.url, stamping.folder / "tsa" / name)
    assert caught.value.message.startswith("timestamp.root: ")
    assert "root certificate" in (caught.value.hint or "")
