"""Telling people: alerts go out by webhook and e-mail, are tried again until they have, and stay in the store and the log."""

import http.client
import json
import os
import smtplib
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import structlog

from operations import clock
from storage.store import Store
from touchstone import VERSION
from touchstone.alerts import Alert, AlertKind
from touchstone.configuration import AlertSettings, Configuration, MailSettings
from touchstone.errors import NotTold

log = structlog.get_logger("touchstone.alerts")

SECONDS = 10.0  # that a webhook or a mail server gets
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=6)
MOST_TRIES = 40  # a good week
ENVIRONMENT = "env:"  # how a setting begins that names an environment variable

Channel = Callable[[Alert], None]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A webhook that leads elsewhere is a mistake: the message would be sent on without its body."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


def channels(configuration: Configuration) -> dict[str, Channel]:
    """The ways out that are configured, by name. One that cannot be used raises ``NotTold`` when it is, as a server might."""
    settings, found = configuration.settings.alerts, {}
    if settings.webhook is not None:
        webhook = settings.webhook
        found["webhook"] = lambda alert: post(_secret(webhook, "[alerts] webhook"), alert)
    if settings.mail is not None:
        mail = settings.mail
        found["mail"] = lambda alert: send(mail, settings, alert)
    return found


def _secret(value: str, where: str) -> str:
    if not value.startswith(ENVIRONMENT):
        return value
    name = value.removeprefix(ENVIRONMENT)
    found = os.environ.get(name)
    if not found:
        raise NotTold(f"{where} names the environment variable {name}, which is not set", hint="Set it.")
    return found


def lacking(configuration: Configuration) -> list[str]:
    """What is wrong with the channels that can be known before anything is sent: secrets that the environment does not have."""
    settings = configuration.settings.alerts
    values = {"[alerts] webhook": settings.webhook, "[alerts.mail] password": settings.mail and settings.mail.password}
    faults = []
    for where, value in values.items():
        try:
            _secret(value or "", where)
        except NotTold as error:
            faults.append(error.message)
    return faults


def headline(alert: Alert) -> str:
    """An alert in one line."""
    over = "over: " if alert.over else ""
    return " ".join(f"[Touchstone] {over}{alert.kind}: {alert.message}".split())


def body_of(alert: Alert) -> str:
    """An alert as a text: what happened, and what to do."""
    lines = [alert.text or alert.message]
    if alert.hint:
        lines += ["", alert.hint]
    about = [
        f"{name}: {value}" for name, value in (("brand", alert.brand), ("marketplace", alert.marketplace)) if value
    ]
    return "\n".join([*lines, "", *about, f"about: {alert.subject}"])


def _whole(alert: Alert) -> str:
    """Headline and text; the text's first line only where the headline does not end with it."""
    first, *rest = body_of(alert).splitlines()
    line = headline(alert)
    return "\n".join([line, *rest] if line.endswith(first) else [line, first, *rest])


def post(address: str, alert: Alert) -> None:
    """Post an alert as JSON: ``text`` for chats that show just that, and its parts. Raises ``NotTold``."""
    if not address.startswith(("http://", "https://")):
        raise NotTold("[alerts] webhook is no http(s) address", hint='Such as "https://hooks.example/…"')
    content = {
        "text": _whole(alert) if alert.text else headline(alert), "kind": alert.kind,
        "over": alert.over, "subject": alert.subject, "message": alert.message, "hint": alert.hint,
        "brand": alert.brand, "marketplace": alert.marketplace, "at": alert.at and alert.at.isoformat(),
        "body": alert.text,
    }  # fmt: skip
    request = urllib.request.Request(  # noqa: S310 -- http(s) only, checked above
        address, data=json.dumps(content, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json", "User-Agent": f"Touchstone/{VERSION}"},
    )  # fmt: skip
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            answer.read(1)
    except urllib.error.HTTPError as error:
        error.close()
        raise NotTold(f"the webhook answered HTTP {error.code}", hint="See [alerts] webhook.") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise NotTold(f"the webhook was not reached: {reason}", hint="See [alerts] webhook.") from None


def send(mail: MailSettings, settings: AlertSettings, alert: Alert) -> None:
    """Hand an alert to the mail server; a brand's own readers get its digest. Raises ``NotTold``."""
    readers = settings.brands.get(alert.brand or "", ()) if alert.kind is AlertKind.DIGEST else ()
    to = tuple(dict.fromkeys((*settings.to, *readers)))
    if not to and not settings.brands:
        raise NotTold("[alerts.mail] names nobody to write to", hint='Set [alerts] to = ["you@example.com"]')
    if not to:
        return
    password = _secret(mail.password, "[alerts.mail] password") if mail.password else None
    message = EmailMessage()
    message["Subject"] = headline(alert)[:200]
    message["From"], message["To"] = mail.sender, ", ".join(to)
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="touchstone-watch.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body_of(alert))
    kind = smtplib.SMTP_SSL if mail.security == "tls" else smtplib.SMTP
    try:
        with kind(mail.host, mail.port, timeout=SECONDS) as server:
            if mail.security == "starttls":
                server.starttls()
            if mail.user and password:
                server.login(mail.user, password)
            server.send_message(message)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        raise NotTold(f"{mail.host} did not take the message: {error}", hint="See [alerts.mail].") from None


def deliver(configuration: Configuration, store: Store) -> None:
    """Send what is to be sent over each channel that it has not gone out by; what fails is tried again, ever more seldom."""
    waiting = store.alerts.unsent(clock.now())
    if not waiting:
        return
    ways = channels(configuration)
    for alert, tries in waiting:
        sent = dict(alert.sent)
        if not tries:
            level = log.info if alert.over or alert.kind in (AlertKind.DIGEST, AlertKind.TEST) else log.warning
            level(
                "alert", kind=alert.kind, over=alert.over, subject=alert.subject, message=alert.message, hint=alert.hint
            )
        faults = []
        for name, tell in ways.items():
            if name in sent:
                continue
            try:
                tell(alert)
                sent[name] = clock.now().isoformat()
            except NotTold as error:
                faults.append(error.message)
        wait = min(FIRST_RETRY * 2 ** min(tries, 20), LONGEST_RETRY)
        done = not faults or tries + 1 >= MOST_TRIES
        if faults:
            log.error("alert.not_told", kind=alert.kind, subject=alert.subject, reasons=faults, given_up=done)
        with store.transaction():
            store.alerts.keep_sent(
                alert.id, sent, done=done, fault="; ".join(faults), next_try=None if done else clock.now() + wait
            )


def test(configuration: Configuration) -> dict[str, str]:
    """Send a message over each channel now; says for each what came of it."""
    alert = Alert(
        kind=AlertKind.TEST, subject="test", message="this is a test: alerts reach you / 시험 알림입니다",
        hint="Nothing to do.", at=clock.now(),
    )  # fmt: skip
    came = {}
    for name, tell in channels(configuration).items():
        try:
            tell(alert)
            came[name] = "sent"
        except NotTold as error:
            came[name] = error.message
    return came
