"""Units, colours, editions and numerals as shops write them, read from ``units.toml`` and ``words.toml``."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

HERE = Path(__file__).parent


def _units() -> dict[str, tuple[str, float]]:
    tables = msgspec.convert(
        tomllib.loads((HERE / "units.toml").read_text(encoding="utf-8")), dict[str, dict[str, float]]
    )
    return {spelling: (unit, factor) for unit, table in tables.items() for spelling, factor in table.items()}


def _words() -> dict[str, dict[str, str]]:
    tables = msgspec.convert(
        tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8")), dict[str, dict[str, list[str]]]
    )
    return {name: {word: meant for meant, words in table.items() for word in words} for name, table in tables.items()}


# Each spelling to its unit and the factor that brings a value to it.
UNITS: Mapping[str, tuple[str, float]] = _units()
_WORDS = _words()
COLOURS: Mapping[str, str] = _WORDS["colours"]
EDITIONS: Mapping[str, str] = _WORDS["editions"]
NUMERALS: Mapping[str, str] = _WORDS["numerals"]
