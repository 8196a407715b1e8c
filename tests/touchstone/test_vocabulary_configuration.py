"""The configuration: found upward, complete by default, refused with reasons."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from touchstone.configuration import (
    FILE_NAME,
    TEMPLATE,
    Configuration,
    MarketplaceSettings,
    ScheduledSweep,
    Settings,
    load,
)
from touchstone.decoding import read_toml
from touchstone.errors import ConfigurationError


def write(folder: Path, text: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold_for_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing needs to be configured: the store is below the folder one stands in."""
    monkeypatch.chdir(tmp_path)
    found = load()
    assert found == Configuration(folder=tmp_path)
    assert found.settings == Settings()
    assert found.store_folder == tmp_path / "touchstone-store"
    assert found.marketplace_folders == (tmp_path / "marketplaces",)
    assert found.marketplace("namu") == MarketplaceSettings()
    assert found.marketplace("namu").allow_loopback is False


@pytest.mark.parametrize(
    ("stand", "expected"),
    [("", "."), ("a", "a"), ("a/b/c", "a"), ("other/deep", ".")],
    ids=["here", "nearest-here", "two-above", "the-outer-one"],
)
def test_the_nearest_file_upward_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stand: str, expected: str
) -> None:
    """The file of this folder, or of the nearest one above it, and its folder is what paths are relative to."""
    write(tmp_path, 'contact = "outer"')
    write(tmp_path / "a", 'contact = "a"\nstore = "kept"\nmarketplace_folders = ["mine", "ours"]')
    (tmp_path / stand).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path / stand)
    found = load()
    assert found.folder == (tmp_path / expected).resolve()
    assert found.settings.contact == ("a" if expected == "a" else "outer")
    if expected == "a":
        assert found.store_folder == tmp_path / "a" / "kept"
        assert found.marketplace_folders == (tmp_path / "a" / "mine", tmp_path / "a" / "ours")


def test_a_folder_of_that_name_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a file is a configuration."""
    write(tmp_path, 'contact = "outer"')
    (tmp_path / "a" / FILE_NAME).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a")
    assert load().settings.contact == "outer"


def test_a_file_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path wins over what is nearest; a relative one still gives a whole folder."""
    write(tmp_path, 'contact = "nearest"')
    write(tmp_path / "a", 'contact = "named"')
    monkeypatch.chdir(tmp_path)
    found = load(Path("a") / FILE_NAME)
    assert (found.folder, found.settings.contact) == ((tmp_path / "a").resolve(), "named")


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    """Naming a file that does not exist is an error, not the defaults."""
    with pytest.raises(ConfigurationError, match="is not there") as caught:
        load(tmp_path / "x.toml")
    assert "touchstone init" in caught.value.hint


SWEEP = '[[sweep]]\nbrand = "velhanne"\nmarketplace = "namu"\n'


@pytest.mark.parametrize(
    "clock", ["", 'cron = "0 6 * * *"\nevery = "6h"\n'], ids=["no-clock", "both-clocks"]
)  # fmt: skip
def test_a_sweep_has_one_clock(tmp_path: Path, clock: str) -> None:
    """Neither no clock nor two are accepted; the sweep and the file are named, and both forms are shown."""
    path = write(tmp_path, SWEEP + clock)
    with pytest.raises(ConfigurationError, match="sweep namu-velhanne needs a clock") as caught:
        load(path)
    assert str(path) in caught.value.message
    assert 'cron = "0 6 * * *"' in caught.value.hint
    assert 'every = "6h"' in caught.value.hint


@pytest.mark.parametrize("clock", ['cron = "0 6 * * *"', 'every = "6h"', 'every = "30m"', 'every = "1d"'])
def test_a_sweep_on_one_clock_is_read(tmp_path: Path, clock: str) -> None:
    """cron or every, with defaults for everything else."""
    (sweep,) = load(write(tmp_path, SWEEP + clock)).settings.sweep
    assert (sweep.name, sweep.queries, sweep.max_listings) == ("namu-velhanne", (), None)
    assert f'{"cron" if sweep.cron else "every"} = "{sweep.cron or sweep.every}"' == clock


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('stroe = "x"', "line 1: stroe: is not a known key; did you mean 'store'?"),
        (
            "[marketplaces.namu]\nrequests_per_second = 0",
            "line 2: marketplaces.namu.requests_per_second: Expected float > 0.0",
        ),
        (
            "[marketplaces.namu]\nbase_ulr = 'x'",
            "line 2: marketplaces.namu.base_ulr: is not a known key; did you mean 'base_url'?",
        ),
        (SWEEP + 'every = "0h"', "line 4: sweep[0].every: Expected str matching regex"),
        (SWEEP + 'every = "6h"\nmax_listings = 0', "line 5: sweep[0].max_listings: Expected int >= 1"),
        (
            '[[sweep]]\nbrand = "Vel Hanne"\nmarketplace = "namu"\nevery = "1d"',
            "line 2: sweep[0].brand: Expected str matching regex",
        ),
    ],
    ids=["key", "pace", "marketplace-key", "every", "max-listings", "slug"],
)
def test_a_bad_setting_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """What cannot be used is named with file, line and key."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert str(path) in caught.value.message
    assert said in caught.value.message


def test_what_an_installation_changes_about_a_marketplace(tmp_path: Path) -> None:
    """Changes hold for the marketplace they name and for no other."""
    found = load(write(tmp_path, '[marketplaces.namu]\nbase_url = "http://127.0.0.1:8801"\nallow_loopback = true'))
    assert found.marketplace("namu") == MarketplaceSettings(base_url="http://127.0.0.1:8801", allow_loopback=True)
    assert found.marketplace("other") == MarketplaceSettings()


def test_the_template_shows_the_defaults(tmp_path: Path) -> None:
    """The file that ``touchstone init`` writes changes nothing, and its commented settings are accepted as they stand."""
    assert load(write(tmp_path, TEMPLATE)).settings == Settings()
    shown = "\n".join(
        line.removeprefix("# ")
        for line in TEMPLATE.splitlines()
        if line.startswith(("# [", "# ")) and _is_setting(line)
    )
    settings = read_toml(write(tmp_path / "shown", shown), Settings)
    assert settings.store == Settings().store
    assert settings.marketplace_folders == Settings().marketplace_folders
    assert settings.marketplaces["namu"].requests_per_second == 2.0
    assert settings.sweep == (
        ScheduledSweep(
            brand="velhanne", marketplace="namu", called="namu-velhanne", every="6h", queries=("velhanne", "벨하네"),
            max_listings=500,
        ),
    )  # fmt: skip


def _is_setting(line: str) -> bool:
    try:
        return bool(tomllib.loads(line.removeprefix("# ")))
    except tomllib.TOMLDecodeError:
        return False
