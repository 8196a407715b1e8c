"""``touchstone.toml``: where the store is, who we say we are, and what the scheduler sweeps."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from touchstone.catalog import Slug
from touchstone.decoding import read_toml
from touchstone.errors import ConfigurationError

FILE_NAME = "touchstone.toml"

Positive = Annotated[int, msgspec.Meta(ge=1)]


class MarketplaceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one installation changes about a marketplace: its address, its pace, leave for loopback addresses."""

    base_url: str | None = None
    requests_per_second: Annotated[float, msgspec.Meta(gt=0)] | None = None
    allow_loopback: bool = False


class ScheduledSweep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sweep on a clock: ``cron`` (five fields, UTC) or ``every`` ("30m", "6h", "1d"), one of the two."""

    brand: Slug
    marketplace: str
    queries: tuple[str, ...] = ()
    cron: str | None = None
    every: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,4}[smhd]$")] | None = None
    max_listings: Positive | None = None

    @property
    def name(self) -> str:
        """What logs and locks call it."""
        return f"{self.marketplace}-{self.brand}"


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
        return self.folder / self.settings.store

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
    for sweep in settings.sweep:
        if (sweep.cron is None) == (sweep.every is None):
            raise ConfigurationError(
                f"{path}: sweep {sweep.name} needs a clock",
                hint='Give either cron = "0 6 * * *" or every = "6h", not both.',
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

# Sweeps for `touchstone scheduler run`: one table each, cron (UTC) or every.
# [[sweep]]
# brand = "velhanne"
# marketplace = "namu"
# every = "6h"
# queries = ["velhanne", "벨하네"]  # the brand's names when left out
# max_listings = 500
"""
