"""The lexicon against sentences written before it was looked at: the trade's, and honest ones that sound like them."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.samples import catalog, listing
from detectors.wording import DENIAL, SENTENCES, Entry, WordingDetector, lexicon
from touchstone.verdicts import Match, Role


class Row(msgspec.Struct, frozen=True):
    """A sentence, where it stands, the kind of finding it should give ("none": no finding), and why it does not."""

    text: str
    where: str
    expect: str
    note: str
    known_miss: str = ""


TABLE = (Path(__file__).parent / "wording.csv").read_text(encoding="utf-8")
ROWS = msgspec.convert(list(csv.DictReader(TABLE.splitlines())), list[Row])
ABOUT = (Match(brand="velhanne", role=Role.IS, confidence=1.0),)
DETECTOR = WordingDetector.build(catalog())


def kinds(row: Row) -> set[str]:
    """What the detector finds in a listing that says this and nothing else of note."""
    texts: dict[str, Any] = {row.where: row.text}
    return {finding.kind for finding in DETECTOR.examine(listing(**texts), ABOUT)}


def _cases() -> list[Any]:
    return [
        pytest.param(
            row,
            id=row.text[:40],
            marks=[pytest.mark.xfail(reason=row.known_miss, strict=True)] if row.known_miss else [],
        )
        for row in ROWS
    ]


@pytest.mark.parametrize("row", _cases())
def test_a_sentence_is_read_as_it_is_meant(row: Row) -> None:
    """A sentence of the trade gives a finding of its kind; an honest one gives none of any kind."""
    found = kinds(row)
    assert not found if row.expect == "none" else row.expect in found


@pytest.mark.parametrize("korean", [True, False], ids=["ko", "en"])
def test_enough_is_found_and_nothing_honest(korean: bool) -> None:
    """Seven in eight of the trade's sentences give some finding, and not one honest sentence does, in each language."""
    rows = [row for row in ROWS if bool(re.search("[ㄱ-ㅎ가-힣]", row.text)) is korean]
    trade = [row for row in rows if row.expect != "none"]
    honest = [row for row in rows if row.expect == "none"]
    assert len(trade) >= 95 and len(honest) >= 95
    assert sum(bool(kinds(row)) for row in trade) / len(trade) >= 0.875
    assert [row.text for row in honest if kinds(row)] == []


@pytest.mark.parametrize("kind", WordingDetector.kinds)
def test_enough_is_found_of_each_kind(kind: str) -> None:
    """Of each kind the better part is found as that kind; hints are the hardest, as others say the same."""
    rows = [row for row in ROWS if row.expect == kind]
    floor = {"replica_wording": 0.9, "hint_wording": 0.7, "off_platform_contact": 0.95}[kind]
    assert sum(kind in kinds(row) for row in rows) / len(rows) >= floor


def hostile(entry: Entry, size: int) -> list[str]:
    """Texts made to cost an entry the most: each start of its examples, then long runs of what may follow, and no end."""
    starts = {text.lower()[:cut] for text in entry.hits for cut in range(1, min(len(text), 24))}
    runs = [start + fill * size for start in starts for fill in (" ", start[-1])]
    return (
        runs
        + [(text.lower()[:-1] + " ") * (size // len(text)) for text in entry.hits]
        + ["가" * size, "a 1 " * (size // 4)]
    )


def _seconds(entry: Entry, texts: list[str]) -> float:
    """Processor time of the quickest of three readings of each whole text, by all that may read it."""
    patterns = [re.compile(pattern) for pattern in (entry.pattern, entry.unless) if pattern] + [DENIAL, SENTENCES]
    took = []
    for _ in range(3):
        begun = time.process_time()
        for text in texts:
            for pattern in patterns:
                pattern.search(text)
        took.append(time.process_time() - begun)
    return min(took)


@pytest.mark.parametrize("entry", lexicon(), ids=lambda entry: entry.meaning[:40])
def test_a_hostile_text_costs_no_more_than_its_length(entry: Entry) -> None:
    """Eight times the text takes about eight times as long; an expression that goes back and forth takes 64 times."""
    short, long = _seconds(entry, hostile(entry, 500)), _seconds(entry, hostile(entry, 4000))
    assert long / short < 24, f"{long / short:.0f} times for eight times the text"
