"""``touchstone.toml``: where the store is, who we say we are, and what the scheduler sweeps."""

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from touchstone.catalog import Slug
from touchstone.decoding import read_toml
from touchstone.errors import ConfigurationError

FILE_NAME = "touchstone.toml"

INTERVAL = r"^[1-9][0-9]{0,4}[smhd]$"
Positive = Annotated[int, msgspec.Meta(ge=1)]


class MarketplaceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one installation changes about a marketplace: its address, its pace, leave for loopback addresses."""

    base_url: str | None = None
    requests_per_second: Annotated[float, msgspec.Meta(gt=0)] | None = None
    allow_loopback: bool = False


class ScheduledSweep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sweep on a clock: ``cron`` (five fields) in ``zone``, or ``every`` ("30m", "6h", "1d"), one of the two.

    ``priority``: of two that wait, the one with more is begun first; an hour of waiting counts as one.
    """

    brand: Slug
    marketplace: str
    called: Slug | None = msgspec.field(name="name", default=None)
    queries: tuple[str, ...] = ()
    cron: str | None = None
    every: Annotated[str, msgspec.Meta(pattern=INTERVAL)] | None = None
    zone: str = "UTC"
    max_listings: Positive | None = None
    priority: Annotated[int, msgspec.Meta(ge=0, le=99)] = 50

    @property
    def name(self) -> str:
        """What people and logs call it."""
        return self.called or f"{self.marketplace}-{self.brand}"


class SchedulerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the scheduler works: sweeps at once, what a sweep gets to end, and when somebody is told of failures.

    ``listen``: address and port of ``/metrics`` and ``/healthz``. ``revisits``: whether flagged listings are looked at again.
    """

    at_once: Positive = 2
    grace_seconds: Annotated[float, msgspec.Meta(ge=1, le=600)] = 30.0
    alert_after: Positive = 3
    listen: Annotated[str, msgspec.Meta(pattern=r"^[^:\s]+:[0-9]{1,5}$")] | None = None
    revisits: bool = True
    revisits_per_sweep: Positive = 200


class MailSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The SMTP server that alerts are handed to. ``password`` may be ``env:NAME``."""

    host: str
    sender: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: str | None = None


class AlertSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told, and how. ``webhook`` may be ``env:NAME``; ``brands`` adds readers of one brand's digest.

    ``digest``: the time of day (UTC) of the daily digest, or ``off``.
    """

    webhook: str | None = None
    mail: MailSettings | None = None
    to: tuple[str, ...] = ()
    digest: Annotated[str, msgspec.Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|off)$")] = "07:00"
    brands: dict[Slug, tuple[str, ...]] = {}


class RetentionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After how many days what is not evidence expires; 0 keeps it for good.

    ``pages``: raw pages; ``observations``: what was seen of listings that nobody suspects; ``photos``: theirs;
    ``visits``: what each sweep fetched.
    """

    pages: Annotated[int, msgspec.Meta(ge=0)] = 180
    observations: Annotated[int, msgspec.Meta(ge=0)] = 730
    photos: Annotated[int, msgspec.Meta(ge=0)] = 365
    visits: Annotated[int, msgspec.Meta(ge=0)] = 30


class CaptureSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How flagged listings are captured: in which sweeps, how many, and what one visit may take.

    ``least_probability``: flags below it are not captured by sweeps. ``redact``: what is taken out before anything is kept.
    """

    in_sweeps: bool = True
    per_sweep: Positive = 200
    least_probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    seconds: Annotated[float, msgspec.Meta(ge=5, le=240)] = 90.0
    megabytes: Positive = 64
    requests: Positive = 800
    redact: tuple[Literal["cookies", "personal"], ...] = ()


class TimestampSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The RFC 3161 authority that attests when a capture existed: its address, and a PEM file with its certificates."""

    url: str
    root: str


class EvidenceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What bundles are signed with. Both are PEM files; ``certificate`` (with its key) adds a CMS signature."""

    signing_key: str = "evidence-key.pem"
    certificate: str | None = None
    certificate_key: str | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One installation. Paths are relative to the folder of ``touchstone.toml``."""

    store: str = "touchstone-store"
    contact: str | None = None
    browser: str | None = None
    marketplace_folders: tuple[str, ...] = ("marketplaces",)
    marketplaces: dict[str, MarketplaceSettings] = {}
    sweep: tuple[ScheduledSweep, ...] = ()
    scheduler: SchedulerSettings = msgspec.field(default_factory=SchedulerSettings)
    alerts: AlertSettings = msgspec.field(default_factory=AlertSettings)
    retention: RetentionSettings = msgspec.field(default_factory=RetentionSettings)
    capture: CaptureSettings = msgspec.field(default_factory=CaptureSettings)
    timestamp: TimestampSettings | None = None
    evidence: EvidenceSettings = msgspec.field(default_factory=EvidenceSettings)


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """Settings and the folder that they hold for."""

    folder: Path
    settings: Settings = msgspec.field(default_factory=Settings)

    @property
    def store_folder(self) -> Path:
        """Where the store lives; everything Touchstone writes is below it."""
        return Path(os.path.normpath(self.folder / self.settings.store))

    @property
    def marketplace_folders(self) -> tuple[Path, ...]:
        """Where marketplaces are described, beside those that ship with Touchstone."""
        return tuple(self.folder / name for name in self.settings.marketplace_folders)

    def marketplace(self, name: str) -> MarketplaceSettings:
        """What this installation changes about a marketplace; nothing by default."""
        return self.settings.marketplaces.get(name, MarketplaceSettings())


def load(path: Path | None = None) -> Configuration:
    """Read the configuration at ``path``, or the nearest ``touchstone.toml`` in this folder and those above it.

    Without any, the embedded defaults hold for this folder. Raises ``ConfigurationError``.
    """
    if path is None:
        here = Path.cwd()
        path = next((folder / FILE_NAME for folder in (here, *here.parents) if (folder / FILE_NAME).is_file()), None)
        if path is None:
            return Configuration(folder=here)
    settings = read_toml(path, Settings)
    names = [sweep.name for sweep in settings.sweep]
    for sweep in settings.sweep:
        if (sweep.cron is None) == (sweep.every is None):
            raise ConfigurationError(
                f"{path}: sweep {sweep.name} needs a clock",
                hint='Give either cron = "0 6 * * *" or every = "6h", not both.',
            )
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"{path}: two sweeps are called {name}", hint='Give each a name of its own: name = "…"'
            )
    return Configuration(folder=path.resolve().parent, settings=settings)


TEMPLATE = """\
# Touchstone's settings. Every line that begins with # shows the default; take the # away to change it.

# The folder of the store: database, images, captured pages, locks. Delete it and everything is forgotten.
# store = "touchstone-store"

# How a marketplace's operator can reach you. It is part of the user agent, as good manners ask.
# contact = "brand-protection@example.com"

# A browser to use instead of the one that is found.
# browser = "/usr/bin/chromium"

# Folders with marketplaces of your own, one TOML file each (docs/add-a-marketplace.md).
# marketplace_folders = ["marketplaces"]

# What this installation changes about a marketplace.
# [marketplaces.namu]
# base_url = "http://127.0.0.1:8801"
# requests_per_second = 2.0
# allow_loopback = false          # true only for shops on this machine, in demos and tests

# Flagged listings are captured while they are up: recorded by a browser, with pictures, as evidence (docs/evidence.md).
# [capture]
# in_sweeps = true
# per_sweep = 200                 # the likeliest first
# least_probability = 0.0
# seconds = 90.0                  # of one visit
# megabytes = 64
# requests = 800
# redact = []                     # "cookies", "personal"; each redaction is recorded

# Who attests when a capture existed: an authority that answers RFC 3161 requests.
# [timestamp]
# url = "https://tsa.example/tsr"
# root = "tsa.pem"                # its root certificate, and its intermediate ones

# What evidence bundles are signed with; `touchstone evidence key` makes the key.
# [evidence]
# signing_key = "evidence-key.pem"
# certificate = "signer.pem"      # adds a CMS signature by a certificate of yours
# certificate_key = "signer-key.pem"

# Sweeps for `touchstone scheduler run`: one table each, cron or every (docs/operations.md).
# [[sweep]]
# brand = "velhanne"
# marketplace = "namu"
# every = "6h"                    # or cron = "30 6 * * *"
# zone = "UTC"                    # that cron is read in, such as "Asia/Seoul"
# name = "namu-velhanne"
# queries = ["velhanne", "벨하네"]  # the brand's names when left out
# max_listings = 500
# priority = 50

# How the scheduler works.
# [scheduler]
# at_once = 2                     # sweeps side by side
# grace_seconds = 30.0            # that a sweep gets to end
# alert_after = 3                 # failures in a row
# listen = "127.0.0.1:9464"       # /metrics and /healthz; nowhere by default
# revisits = true                 # look again at flagged listings, whether they are still up
# revisits_per_sweep = 200

# Who is told when a marketplace is down, blocks or changes, and reads the daily digest of each brand.
# [alerts]
# webhook = "env:TOUCHSTONE_WEBHOOK"
# to = ["brand-protection@example.com"]
# digest = "07:00"                # UTC, or "off"
# [alerts.brands]
# velhanne = ["velhanne-team@example.com"]
# [alerts.mail]
# host = "smtp.example.com"
# port = 587
# security = "starttls"           # or "tls", "none"
# sender = "touchstone@example.com"
# user = "touchstone"
# password = "env:TOUCHSTONE_SMTP_PASSWORD"

# After how many days what is no evidence expires; 0 keeps it for good.
# [retention]
# pages = 180
# observations = 730
# photos = 365
# visits = 30
"""
