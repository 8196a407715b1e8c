"""What findings, labels and the like are called, in English and in Korean."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

HERE = Path(__file__).parent

Language = Literal["en", "ko"]


@cache
def wording(language: Language) -> dict[str, dict[str, str]]:
    """What findings, labels and the like are called in a language: ``wording.en.toml``, ``wording.ko.toml``."""
    text = (HERE / f"wording.{language}.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, dict[str, str]])
