"""``touchstone.toml``: where the store is, who we say we are, and what the scheduler sweeps."""

from pathlib import Path
from typing import Annotated

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


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One installation. Paths are relative to the folder of ``touchstone.toml``."""

    store: str = "touchstone-store"
    contact: str | None = None
    browser: str | None = None
    marketplace_folders: tuple[str, ...] = ("marketplaces",)
    marketplaces: dict[str, MarketplaceSettings] = {}
    sweep: tuple[ScheduledSweep, ...] = ()


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

# Sweeps for `touchstone scheduler run`: one table each, cron (UTC) or every.
# [[sweep]]
# brand = "velhanne"
# marketplace = "namu"
# every = "6h"
# queries = ["velhanne", "벨하네"]  # the brand's names when left out
# max_listings = 500
"""
