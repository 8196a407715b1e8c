"""Telling people, by a real webhook and a real mail server on loopback: nothing is lost, nothing is told twice."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from operations import clock
from operations.alerts import FIRST_RETRY, LONGEST_RETRY, MOST_TRIES, channels, deliver
from operations.alerts import test as try_out
from operations.digest import digest_if_due, digest_of
from operations.keeping import keep_listing
from storage.store import Store
from tests.conftest import Hands
from tests.storage.store_samples import BRAND, OTHER_BRAND, a_flag, a_listing, a_look, prepare
from touchstone.alerts import Alert, AlertKind
from touchstone.configuration import AlertSettings, Configuration, MailSettings, ScheduledSweep, Settings, load
from touchstone.errors import ConfigurationError, NotTold
from touchstone.schedules import Result, ScheduleSource, ScheduleState
from touchstone.standing import Change, StandingEvent

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DOWN = Alert(
    kind=AlertKind.MARKETPLACE_DOWN, subject="namu-velhanne", brand=BRAND, marketplace="namu", at=NOON,
    message="나무마켓 does not answer", hint="Nothing to do if it comes back.",
)  # fmt: skip


class Hook(ThreadingHTTPServer):
    """A webhook that keeps what it is told, and answers as it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.bodies: list[bytes] = []
        self.headers: list[Any] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?key=a"

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]


class _Hook(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.headers.append(self.headers)
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.status)
        if 300 <= self.server.status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.bodies.append(b'{"followed": true}')
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name for it
        """Say nothing."""


class PostOffice(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is handed: who wrote, to whom, and the message; or refuses it."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Counter)
        self.letters: list[tuple[str, list[str], bytes]] = []
        self.refuses = False

    @property
    def messages(self) -> list[EmailMessage]:
        made = [email.message_from_bytes(body, policy=email.policy.default) for _, _, body in self.letters]
        return [one for one in made if isinstance(one, EmailMessage)]


class _Counter(socketserver.StreamRequestHandler):
    server: PostOffice

    def handle(self) -> None:
        sender, to = "", []
        self._say("220 office")
        while line := self.rfile.readline().decode("ascii").strip():
            verb = line.upper()
            if verb.startswith("MAIL FROM:"):
                sender, to = line[10:].split()[0].strip("<>"), []
                self._say("250 ok")
            elif verb.startswith("RCPT TO:"):
                to.append(line[8:].strip("<>"))
                self._say("550 no" if self.server.refuses else "250 ok")
            elif verb == "DATA":
                self._say("354 go on")
                lines = []
                while (part := self.rfile.readline()) != b".\r\n":
                    lines.append(part.removeprefix(b"."))
                self.server.letters.append((sender, to, b"".join(lines)))
                self._say("250 ok")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 office")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextlib.contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A webhook on loopback."""
    made = Hook()
    with serving(made):
        yield made


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A mail server on loopback."""
    made = PostOffice()
    with serving(made):
        yield made


@pytest.fixture
def store(tmp_path: Path, hands: Hands) -> Iterator[Store]:
    """A store with two brands and a marketplace."""
    with Store.open(tmp_path / "store") as opened:
        prepare(opened)
        yield opened


def configured(
    hook: Hook | str | None = None, office: PostOffice | int | None = None, *, to: tuple[str, ...] = ("us@example.com",),
    brands: dict[str, tuple[str, ...]] | None = None, password: str | None = None, digest: str = "07:00",
) -> Configuration:  # fmt: skip
    """An installation that tells by these ways."""
    port = office.server_address[1] if isinstance(office, PostOffice) else office
    mail = None
    if port is not None:
        mail = MailSettings(
            host="127.0.0.1", port=port, security="none", sender="touchstone@example.com", password=password
        )
    webhook = hook.url if isinstance(hook, Hook) else hook
    alerts = AlertSettings(webhook=webhook, mail=mail, to=to, brands=brands or {}, digest=digest)
    return Configuration(folder=Path("unused"), settings=Settings(alerts=alerts))


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def tell(store: Store, alert: Alert = DOWN) -> None:
    with store.transaction():
        assert store.alerts.tell(alert, clock.now())


def kept(store: Store) -> Alert:
    """The only alert."""
    (found,) = store.alerts.all()
    return found


def tries(store: Store) -> int:
    """How often the only alert was tried."""
    ((count,),) = store.db.conn.execute("SELECT tries FROM alerts")
    return int(count)


# What is told


def test_a_webhook_gets_the_parts_and_a_line_to_show(store: Store, hook: Hook) -> None:
    """``text`` is the alert in one line, for chats that show just that; everything else is there by name."""
    tell(store)
    deliver(configured(hook), store)
    assert hook.told == [
        {
            "text": "[Touchstone] marketplace-down: 나무마켓 does not answer", "kind": "marketplace-down", "over": False,
            "subject": "namu-velhanne", "message": "나무마켓 does not answer", "hint": "Nothing to do if it comes back.",
            "brand": "velhanne", "marketplace": "namu", "at": NOON.isoformat(), "body": "",
        }
    ]  # fmt: skip
    assert "나무마켓".encode() in hook.bodies[0]
    assert hook.headers[0]["Content-Type"] == "application/json"
    assert hook.headers[0]["User-Agent"].startswith("Touchstone/")
    assert kept(store).sent == {"webhook": NOON.isoformat()}


def test_a_long_message_is_in_the_line_as_well(store: Store, hook: Hook) -> None:
    """A digest is shown whole by a chat that shows ``text`` alone."""
    tell(store, msgspec.structs.replace(DOWN, text="첫 줄\n둘째 줄"))
    deliver(configured(hook), store)
    (told,) = hook.told
    assert told["body"] == "첫 줄\n둘째 줄"
    assert "첫 줄\n둘째 줄" in told["text"]


def test_a_mail_says_what_happened_and_what_to_do(store: Store, office: PostOffice) -> None:
    """Korean arrives whole in subject and text; mail programs see that a machine wrote it."""
    tell(store)
    deliver(configured(office=office), store)
    ((sender, to, _),) = office.letters
    (message,) = office.messages
    assert (sender, to) == ("touchstone@example.com", ["us@example.com"])
    assert message["Subject"] == "[Touchstone] marketplace-down: 나무마켓 does not answer"
    assert (message["From"], message["To"]) == ("touchstone@example.com", "us@example.com")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"]
    assert message["Date"]
    text = message.get_content()
    for line in ("나무마켓 does not answer", DOWN.hint, "brand: velhanne", "marketplace: namu", "about: namu-velhanne"):
        assert line in text.splitlines()


def test_what_is_over_says_so(store: Store, hook: Hook, office: PostOffice) -> None:
    """The end of a trouble is told like its beginning, and after it."""
    tell(store)
    with store.transaction():
        store.alerts.resolve(DOWN.kind, DOWN.subject, NOON, "it answers again")
    deliver(configured(hook, office), store)
    assert [told["over"] for told in hook.told] == [False, True]
    assert office.messages[1]["Subject"] == "[Touchstone] over: marketplace-down: it answers again"


def test_the_same_trouble_is_told_once(store: Store, hook: Hook) -> None:
    """As long as it is not over, it is no news; afterwards it is."""
    tell(store)
    with store.transaction():
        assert not store.alerts.tell(DOWN, NOON)
        store.alerts.resolve(DOWN.kind, DOWN.subject, NOON, "over")
        assert not store.alerts.resolve(DOWN.kind, DOWN.subject, NOON, "over")
        assert store.alerts.tell(DOWN, NOON)
    deliver(configured(hook), store)
    deliver(configured(hook), store)
    assert [told["over"] for told in hook.told] == [False, True, False]


LINE_ENDS = {
    "newline": "\n", "both": "\r\n", "return": "\r", "vertical-tab": "\v", "form-feed": "\f", "next-line": "\x85",
    "separator": "\x1e", "line-separator": "\u2028", "paragraph-separator": "\u2029", "null": "\0",
}  # fmt: skip


@pytest.mark.parametrize("end", LINE_ENDS.values(), ids=LINE_ENDS.keys())
def test_nobody_writes_headers_through_a_message(store: Store, hook: Hook, office: PostOffice, end: str) -> None:
    """Whatever ends a line in a message ends no header: the mail goes out, to nobody else, and so does the next."""
    tell(store, msgspec.structs.replace(DOWN, message=f"down{end}Bcc: thief@example.com{end}{end}spam"))
    tell(store, msgspec.structs.replace(DOWN, subject="the next"))
    deliver(configured(hook, office), store)
    assert len(hook.told) == 2
    message, _ = office.messages
    assert [to for _, to, _ in office.letters] == [["us@example.com"]] * 2
    assert message["Bcc"] is None
    assert message["Subject"].startswith("[Touchstone] marketplace-down: down")
    assert message["Subject"].endswith("spam")


def test_a_long_message_makes_no_long_subject(store: Store, office: PostOffice) -> None:
    """The subject is cut, the text is whole."""
    tell(store, msgspec.structs.replace(DOWN, message="가" * 5000))
    deliver(configured(office=office), store)
    (message,) = office.messages
    assert len(message["Subject"]) <= 200
    assert "가" * 5000 in message.get_content()


# What is not taken


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 500, 503])
def test_a_webhook_that_does_not_take_it_is_not_told(store: Store, hook: Hook, status: int) -> None:
    """A refusal is kept with its number and tried again; a redirect is followed nowhere."""
    hook.status = status
    tell(store)
    deliver(configured(hook), store)
    assert len(hook.bodies) == 1
    assert (kept(store).sent, kept(store).fault) == ({}, f"the webhook answered HTTP {status}")


def test_a_closed_port_is_not_told(store: Store) -> None:
    """Neither a webhook nor a mail server that does not listen loses an alert; each is named."""
    tell(store)
    deliver(configured(f"http://127.0.0.1:{closed_port()}/", closed_port()), store)
    found = kept(store)
    assert found.sent == {}
    assert "the webhook was not reached" in found.fault
    assert "127.0.0.1 did not take the message" in found.fault


class _Chatter(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(65536)
        self.request.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def test_a_server_that_speaks_otherwise_is_not_told(store: Store, office: PostOffice) -> None:
    """A port where something else answers is a webhook that was not reached; the mail goes out nevertheless, once."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Chatter) as server, serving(server):
        here = configured(f"http://127.0.0.1:{server.server_address[1]}/", office)
        tell(store)
        deliver(here, store)
    assert len(office.letters) == 1
    assert set(kept(store).sent) == {"mail"}
    assert "the webhook was not reached" in kept(store).fault


@pytest.mark.parametrize(
    ("webhook", "host"),
    [
        pytest.param("http://127.0.0.1:port/", "127.0.0.1", id="webhook-port"),
        pytest.param("http://127.0.0.1:1/a b", "127.0.0.1", id="webhook-space"),
        pytest.param("http://", "127.0.0.1", id="webhook-nowhere"),
        pytest.param(None, "mail..example", id="mail-host"),
    ],
)
def test_an_address_that_is_none_is_not_told(
    store: Store, hook: Hook, office: PostOffice, webhook: str | None, host: str
) -> None:
    """A slip in one address is told as such, and the other way is used, once."""
    here = configured(webhook or hook, office)
    mail = msgspec.structs.replace(here.settings.alerts.mail, host=host)
    alerts = msgspec.structs.replace(here.settings.alerts, mail=mail)
    here = msgspec.structs.replace(here, settings=msgspec.structs.replace(here.settings, alerts=alerts))
    tell(store)
    for _ in range(2):
        deliver(here, store)
    assert len(hook.bodies) + len(office.letters) == 1
    assert tries(store) == 1
    assert kept(store).fault


def test_each_way_is_used_once(store: Store, hook: Hook, office: PostOffice, hands: Hands) -> None:
    """Who has been told is not told again because somebody else could not be."""
    office.refuses = True
    tell(store)
    deliver(configured(hook, office), store)
    assert (len(hook.told), office.letters) == (1, [])
    assert set(kept(store).sent) == {"webhook"}
    assert "did not take the message" in kept(store).fault
    office.refuses = False
    hands.now += FIRST_RETRY
    deliver(configured(hook, office), store)
    deliver(configured(hook, office), store)
    assert (len(hook.told), len(office.letters)) == (1, 1)
    assert set(kept(store).sent) == {"webhook", "mail"}
    assert kept(store).fault == ""


def test_it_is_tried_again_ever_more_seldom(store: Store, hands: Hands) -> None:
    """After a minute, then after twice the time before, up to some hours, and in the end no more."""
    here = configured(f"http://127.0.0.1:{closed_port()}/")
    tell(store)
    deliver(here, store)
    waits = []
    while store.db.conn.execute("SELECT 1 FROM alerts WHERE done = 0").fetchone():
        ((next_try,),) = store.db.conn.execute("SELECT next_try FROM alerts")
        wait, before = datetime.fromisoformat(next_try) - hands.now, tries(store)
        hands.now += wait - timedelta(seconds=1)
        deliver(here, store)
        assert tries(store) == before
        hands.now += timedelta(seconds=1)
        deliver(here, store)
        assert tries(store) == before + 1
        waits.append(wait)
    assert waits[:5] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY, 8 * FIRST_RETRY, 16 * FIRST_RETRY]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_RETRY
    assert tries(store) == MOST_TRIES
    assert hands.now - NOON > 7 * DAY
    assert kept(store).fault


def test_nothing_is_lost_while_the_way_is_barred(store: Store, hook: Hook, hands: Hands) -> None:
    """Alerts that come while nobody takes them are all told later, in their order."""
    hook.status = 503
    for number in range(5):
        tell(store, msgspec.structs.replace(DOWN, subject=f"s{number}"))
        deliver(configured(hook), store)
        hands.now += MINUTE
    hook.status, hook.bodies = 200, []
    hands.now += LONGEST_RETRY
    deliver(configured(hook), store)
    deliver(configured(hook), store)
    assert [told["subject"] for told in hook.told] == [f"s{number}" for number in range(5)]


def test_without_any_way_it_stays_in_the_store(store: Store, hook: Hook) -> None:
    """An installation that tells nobody keeps its alerts, and does not tell old ones once it can."""
    tell(store)
    deliver(configured(), store)
    deliver(configured(hook), store)
    assert hook.bodies == []
    assert (kept(store).sent, kept(store).fault, kept(store).resolved_at) == ({}, "", None)


# Settings


def test_secrets_may_be_in_the_environment(
    store: Store, hook: Hook, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``env:NAME`` is read when it is needed."""
    monkeypatch.setenv("TOUCHSTONE_WEBHOOK", hook.url)
    monkeypatch.setenv("TOUCHSTONE_SMTP_PASSWORD", "secret")
    tell(store)
    deliver(configured("env:TOUCHSTONE_WEBHOOK", office, password="env:TOUCHSTONE_SMTP_PASSWORD"), store)
    assert (len(hook.told), len(office.letters)) == (1, 1)


@pytest.mark.parametrize("value", [None, ""], ids=["not-set", "empty"])
def test_a_variable_that_is_missing_is_said_and_the_alert_is_kept(
    store: Store, hook: Hook, hands: Hands, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """The fault names setting and variable, and once it is set the alert goes out."""
    monkeypatch.delenv("TOUCHSTONE_WEBHOOK", raising=False)
    if value is not None:
        monkeypatch.setenv("TOUCHSTONE_WEBHOOK", value)
    here = configured("env:TOUCHSTONE_WEBHOOK")
    with pytest.raises(
        NotTold, match=r"\[alerts\] webhook names the environment variable TOUCHSTONE_WEBHOOK"
    ) as caught:
        channels(here)["webhook"](DOWN)
    assert caught.value.hint
    tell(store)
    deliver(here, store)
    assert "TOUCHSTONE_WEBHOOK" in kept(store).fault
    monkeypatch.setenv("TOUCHSTONE_WEBHOOK", hook.url)
    hands.now += FIRST_RETRY
    deliver(here, store)
    assert len(hook.told) == 1


def test_a_missing_password_does_not_silence_the_webhook(
    store: Store, hook: Hook, office: PostOffice, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who can be told is told, once; the mail follows when its password is there."""
    monkeypatch.delenv("TOUCHSTONE_SMTP_PASSWORD", raising=False)
    here = configured(hook, office, password="env:TOUCHSTONE_SMTP_PASSWORD")
    tell(store)
    deliver(here, store)
    assert (len(hook.told), office.letters) == (1, [])
    assert set(kept(store).sent) == {"webhook"}
    missing = "[alerts.mail] password names the environment variable TOUCHSTONE_SMTP_PASSWORD, which is not set"
    assert kept(store).fault == missing
    hands.now += FIRST_RETRY
    deliver(here, store)
    assert tries(store) == 2
    monkeypatch.setenv("TOUCHSTONE_SMTP_PASSWORD", "secret")
    hands.now += 2 * FIRST_RETRY
    deliver(here, store)
    assert (len(hook.told), len(office.letters)) == (1, 1)
    assert (set(kept(store).sent), kept(store).fault) == ({"webhook", "mail"}, "")


UNUSABLE = [
    pytest.param(lambda: configured("ftp://example.com"), "webhook", "webhook is no http", id="scheme"),
    pytest.param(lambda: configured("file:///etc/passwd"), "webhook", "webhook is no http", id="file"),
    pytest.param(lambda: configured(office=25, to=()), "mail", "names nobody to write to", id="nobody"),
    pytest.param(lambda: configured("env:TOUCHSTONE_NOT_SET"), "webhook", "TOUCHSTONE_NOT_SET", id="webhook-variable"),
    pytest.param(
        lambda: configured(office=25, password="env:TOUCHSTONE_NOT_SET"), "mail", "TOUCHSTONE_NOT_SET", id="password"
    ),
]


@pytest.mark.parametrize(("made", "way", "message"), UNUSABLE)
def test_ways_that_cannot_be_used_say_so_when_they_are(
    made: Callable[[], Configuration], way: str, message: str
) -> None:
    """The refusal names the table of touchstone.toml and says how to mend it."""
    tell_by = channels(made())[way]
    with pytest.raises(NotTold, match=message) as caught:
        tell_by(DOWN)
    assert "[alerts" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(("made", "way", "message"), UNUSABLE)
def test_a_way_that_cannot_be_used_costs_the_other_nothing(
    store: Store, hook: Hook, office: PostOffice, made: Callable[[], Configuration], way: str, message: str
) -> None:
    """An alert goes out by the way that works, the fault of the other one is kept, and both are said when tried out."""
    broken, whole = made().settings.alerts, configured(hook, office).settings.alerts
    if way == "webhook":
        mixed = msgspec.structs.replace(whole, webhook=broken.webhook)
    else:
        mixed = msgspec.structs.replace(broken, webhook=whole.webhook)
    here = Configuration(folder=Path("unused"), settings=Settings(alerts=mixed))
    tell(store)
    deliver(here, store)
    deliver(here, store)
    assert len(hook.told) + len(office.letters) == 1
    assert set(kept(store).sent) == {"webhook", "mail"} - {way}
    assert message in kept(store).fault
    came = try_out(here)
    assert list(came) == ["webhook", "mail"]
    assert message in came.pop(way)
    assert list(came.values()) == ["sent"]


def test_the_ways_can_be_tried_out(hook: Hook, office: PostOffice, hands: Hands) -> None:
    """A test message goes out over each way at once, and what came of it is said for each."""
    assert try_out(configured(hook, office)) == {"webhook": "sent", "mail": "sent"}
    hook.status = 500
    assert try_out(configured(hook, office))["webhook"] == "the webhook answered HTTP 500"
    assert hook.told[0]["kind"] == "test"
    assert "시험 알림입니다" in office.messages[0].get_content()


def test_not_told_says_what_to_look_at(hook: Hook) -> None:
    """The error of a way names its table in touchstone.toml."""
    hook.status = 500
    with pytest.raises(NotTold) as caught:
        channels(configured(hook))["webhook"](DOWN)
    assert caught.value.hint == "See [alerts] webhook."


# The digest


def flagged(store: Store, name: str, brand: str = BRAND, probability: float = 0.9) -> int:
    """A listing that is flagged now; returns its row."""
    keep_listing(store, 1, a_look(a_listing(name), a_flag(brand=brand, probability=probability)), None)
    (row,) = store.listings.rows_at(a_listing(name).url)
    return row


def note(store: Store, row: int, change: Change, detail: str = "") -> None:
    with store.transaction():
        store.standings.note(StandingEvent(listing_row=row, sweep=1, at=clock.now(), change=change, detail=detail))


def scheduled(store: Store, name: str, brand: str = BRAND) -> int:
    sweep = ScheduledSweep(brand=brand, marketplace="namu", every="1h", called=name)
    with store.transaction():
        return store.schedules.put(sweep, ScheduleSource.STORE, anchor=NOON, next_at=NOON)


def test_a_digest_sums_up_what_happened(store: Store, hands: Hands) -> None:
    """New flags, what became of flagged listings, what waits, and how the sweeps went; nothing of before or of others."""
    old = flagged(store, "old")
    note(store, old, Change.SOLD_OUT)
    hands.now += HOUR
    flagged(store, "new", probability=0.5)
    flagged(store, "newer", probability=0.75)
    flagged(store, "foreign", brand=OTHER_BRAND)
    note(store, old, Change.REMOVED)
    note(store, old, Change.RELISTED_AS, "namu/again: the same photo")
    note(store, old, Change.CHANGED, "price: 2 → 1")
    good, bad = scheduled(store, "good"), scheduled(store, "bad")
    scheduled(store, "never")
    scheduled(store, "foreign", brand=OTHER_BRAND)
    with store.transaction():
        store.schedules.conclude(good, result=Result.COMPLETE, at=NOON, failures=0, not_before=None, note="")
        store.schedules.conclude(bad, result=Result.DOWN, at=NOON, failures=3, not_before=NOON, note="HTTP 503")
        store.schedules.stand(scheduled(store, "paused"), ScheduleState.PAUSED, next_at=NOON)
    title = "벨하네 가죽 토트백"
    assert digest_of(store, BRAND, NOON + MINUTE).splitlines() == [
        "2 new flags, 1 listings removed, 1 relisted; 3 flags wait",
        "since 2026-03-01 12:01 UTC",
        "",
        "New, the likeliest first:",
        f"  flag 3  counterfeit  75 %  {title} newer  https://namu.example/item/newer",
        f"  flag 2  counterfeit  50 %  {title} new  https://namu.example/item/new",
        "",
        "What became of flagged listings:",
        f"  removed  {title} old  https://namu.example/item/old",
        f"  relisted as  {title} old  https://namu.example/item/old  (namu/again: the same photo)",
        f"  changed  {title} old  https://namu.example/item/old  (price: 2 → 1)",
        "",
        "Sweeps:",
        "  bad: down, last success never; failures in a row: 3; HTTP 503",
        "  good: complete, last success 2026-03-01 12:00",
        "  never: not yet run, last success never",
    ]


def test_a_long_digest_says_how_much_more_there_is(store: Store) -> None:
    """Ten new flags are listed, the rest are counted with how to see them."""
    for number in range(12):
        flagged(store, f"L{number}")
    text = digest_of(store, BRAND, NOON)
    assert text.count("  flag ") == 10
    assert f"and 2 more: touchstone flags --brand {BRAND}" in text


def test_a_quiet_brand_has_no_digest(store: Store, hands: Hands) -> None:
    """Where nothing happened and nobody sweeps, there is nothing to tell."""
    assert digest_of(store, BRAND, NOON) == ""
    scheduled(store, "hourly")
    assert digest_of(store, BRAND, NOON).startswith("0 new flags, 0 listings removed, 0 relisted; 0 flags wait")


def digests(store: Store) -> list[str | None]:
    """The brands that a digest was made for, oldest first."""
    return [alert.brand for alert in reversed(list(store.alerts.all())) if alert.kind is AlertKind.DIGEST]


def test_the_digest_comes_once_a_day(store: Store, hands: Hands) -> None:
    """From its time of day on; the first one waits for a day to tell of."""
    here = configured(digest="07:00")
    scheduled(store, "hourly")
    digest_if_due(here, store)
    assert digests(store) == []
    hands.now = NOON.replace(day=2, hour=6, minute=59)
    digest_if_due(here, store)
    assert digests(store) == []
    hands.now += MINUTE
    digest_if_due(here, store)
    digest_if_due(here, store)
    assert digests(store) == [BRAND]
    hands.now += DAY - MINUTE
    digest_if_due(here, store)
    assert digests(store) == [BRAND]
    hands.now += 3 * DAY
    digest_if_due(here, store)
    assert digests(store) == [BRAND, BRAND]


def test_each_flag_is_in_one_digest(store: Store, hands: Hands) -> None:
    """What happens between two digests is told by the second, even when nobody asked for days."""
    here = configured(digest="07:00")
    digest_if_due(here, store)
    hands.now += HOUR
    flagged(store, "first")
    hands.now += 3 * DAY
    digest_if_due(here, store)
    hands.now += HOUR
    flagged(store, "second")
    hands.now += DAY
    digest_if_due(here, store)
    later, earlier = (alert.text for alert in store.alerts.all())
    assert ("item/first" in earlier, "item/second" in earlier) == (True, False)
    assert ("item/first" in later, "item/second" in later) == (False, True)


def test_no_digest_when_it_is_off(store: Store, hands: Hands) -> None:
    """Whoever has it off gets none."""
    scheduled(store, "hourly")
    for _ in range(3):
        digest_if_due(configured(digest="off"), store)
        hands.now += DAY
    assert digests(store) == []


@pytest.mark.parametrize(
    ("written", "right"),
    [
        pytest.param('"00:00"', True, id="midnight"),
        pytest.param('"23:59"', True, id="late"),
        pytest.param('"off"', True, id="off"),
        pytest.param('"24:00"', False, id="no-hour"),
        pytest.param('"7:00"', False, id="one-digit"),
        pytest.param('"07:60"', False, id="no-minute"),
        pytest.param('"07:00 "', False, id="space"),
        pytest.param('"never"', False, id="word"),
        pytest.param('""', False, id="empty"),
        pytest.param("false", False, id="false"),
    ],
)
def test_the_digests_time_is_a_time_or_off(tmp_path: Path, written: str, right: bool) -> None:
    """Anything else is refused where it is written, with its line."""
    place = tmp_path / "touchstone.toml"
    place.write_text(f"[alerts]\ndigest = {written}\n", encoding="utf-8")
    if right:
        assert load(place).settings.alerts.digest == written.strip('"')
        return
    with pytest.raises(ConfigurationError, match="digest"):
        load(place)


def test_a_brands_digest_has_readers_of_its_own(store: Store, office: PostOffice, hook: Hook, hands: Hands) -> None:
    """Its readers get their brand's digest and nothing else; those who read everything get it, too."""
    here = configured(
        hook, office, brands={BRAND: ("team@example.com", "us@example.com"), OTHER_BRAND: ("others@example.com",)}
    )
    digest_if_due(here, store)
    scheduled(store, "hourly")
    hands.now += DAY
    flagged(store, "new")
    tell(store)
    digest_if_due(here, store)
    deliver(here, store)
    assert [to for _, to, _ in office.letters] == [["us@example.com"], ["us@example.com", "team@example.com"]]
    digest = office.messages[1]
    assert digest["Subject"] == (
        "[Touchstone] digest: Velhanne: 1 new flags, 0 listings removed, 0 relisted; 1 flags wait"
    )
    assert "벨하네 가죽 토트백 new  https://namu.example/item/new" in digest.get_content()
    assert "벨하네 가죽 토트백 new" in hook.told[1]["body"]


def test_a_digest_alone_needs_no_other_readers(store: Store, office: PostOffice, hands: Hands) -> None:
    """With readers of brands alone, alerts are written to nobody, and that is no fault."""
    here = configured(office=office, to=(), brands={BRAND: ("team@example.com",)})
    tell(store)
    deliver(here, store)
    assert (office.letters, kept(store).fault) == ([], "")
