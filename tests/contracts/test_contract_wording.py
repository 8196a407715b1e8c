"""What every entry of the lexicon promises by its own examples."""

from __future__ import annotations

from typing import Any

import pytest

from detectors.text import fold
from detectors.wording import Entry, WordingDetector, lexicon


def _examples(side: str) -> list[Any]:
    return [
        pytest.param(entry, text, id=f"{number}-{text}")
        for number, entry in enumerate(lexicon())
        for text in getattr(entry, side)
    ]


each_entry = pytest.mark.parametrize("entry", lexicon(), ids=lambda entry: entry.meaning[:40])


@each_entry
def test_an_entry_explains_itself(entry: Entry) -> None:
    """It says what it means, where that is from, and gives examples for both sides."""
    assert entry.meaning.strip() and entry.source.strip()
    assert entry.hits and entry.misses


@each_entry
def test_an_entry_gives_a_declared_kind(entry: Entry) -> None:
    """Its kind is one of the detector's, its strength within 0..1."""
    assert entry.kind in WordingDetector.kinds
    assert 0 < entry.strength <= 1


@pytest.mark.parametrize(("entry", "text"), _examples("hits"))
def test_a_hit_is_found(entry: Entry, text: str) -> None:
    """What the entry says it finds, it finds, and it quotes words that are there."""
    words = entry.find(fold(text).text)
    assert words
    assert words in fold(text).text


@pytest.mark.parametrize(("entry", "text"), _examples("misses"))
def test_a_miss_is_passed_by(entry: Entry, text: str) -> None:
    """What only looks like it is left alone."""
    assert entry.find(fold(text).text) is None


@pytest.mark.parametrize("kind", WordingDetector.kinds)
def test_every_kind_has_an_entry(kind: str) -> None:
    """A declared kind that no entry gives would never be found."""
    assert any(entry.kind == kind for entry in lexicon())
