"""What findings, labels and the like are called: nothing without words in both languages, and no words without a thing."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from detectors.base import discover
from detectors.verdict import weights
from detectors.wording import lexicon
from evidence.notices import forms
from evidence.wording import Language, wording
from touchstone.catalog import RightKind
from touchstone.listing import Availability, Condition
from touchstone.verdicts import Decision, FlagStatus, Label, Role

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES: tuple[Language, ...] = ("en", "ko")
ENUMS: dict[str, type[StrEnum]] = {
    "labels": Label, "statuses": FlagStatus, "decisions": Decision, "conditions": Condition,
    "availability": Availability, "right_kinds": RightKind, "roles": Role,
}  # fmt: skip
HANGUL = re.compile("[가-힣]")
each_language = pytest.mark.parametrize("language", LANGUAGES)


def _written_kinds() -> Iterator[str]:
    """Every kind that stands as a literal in the source of a detector, wherever it is declared."""
    for path in sorted((ROOT / "detectors").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            named = [keyword.value for keyword in node.keywords if keyword.arg == "kind" and function == "Finding"]
            placed = node.args[:1] if function == "_finding" else []
            for value in (*named, *placed):
                yield from (part.value for part in ast.walk(value) if _is_kind(part))  # type: ignore[attr-defined]


def _is_kind(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and "_" in node.value


DECLARED = {kind for detector in discover() for kind in detector.kinds}
WEIGHED = {kind for label in Label for part in (weights().of(label),) for kind in (*part.weights, *part.needs)}
KINDS = DECLARED | WEIGHED | {entry.kind for entry in lexicon()} | set(_written_kinds())


def test_kinds_are_found() -> None:
    """The walk through the sources sees what detectors declare, shadow findings among it."""
    assert set(_written_kinds()) >= {"sources_disagree", "photo_of_other_seller", "seller_unknown", "brand_misspelt"}
    assert KINDS == DECLARED


@each_language
def test_every_finding_has_a_wording(language: Language) -> None:
    """Whatever kind of finding a detector can give has words, and no words are left over."""
    assert set(wording(language)["findings"]) == KINDS


@each_language
@pytest.mark.parametrize("table", ENUMS)
def test_every_value_has_a_wording(language: Language, table: str) -> None:
    """Each label, status, decision, condition, availability, kind of right and role has words, and nothing else has."""
    assert set(wording(language)[table]) == {member.value for member in ENUMS[table]}


@each_language
def test_no_table_is_left_over(language: Language) -> None:
    """Both files hold the same tables, and none that nobody asks for."""
    assert set(wording(language)) == {"findings", *ENUMS}


@each_language
def test_wordings_are_clauses(language: Language) -> None:
    """They are short, on one line, without a full stop, and no two findings are called the same."""
    phrases = [phrase for table in wording(language).values() for phrase in table.values()]
    assert all(phrase == phrase.strip() and 0 < len(phrase) <= 90 and "\n" not in phrase for phrase in phrases)
    assert not [phrase for phrase in phrases if phrase.endswith(".")]
    findings = list(wording(language)["findings"].values())
    assert len(findings) == len(set(findings))


def test_korean_is_korean() -> None:
    """Every Korean wording holds Hangul, and no English one does."""
    for language in LANGUAGES:
        for table in wording(language).values():
            assert all(bool(HANGUL.search(phrase)) == (language == "ko") for phrase in table.values())


def test_notices_know_every_kind() -> None:
    """Each kind of finding is either told to platforms or left unsaid on purpose, never both."""
    telling = forms().telling
    assert telling.told | telling.unsaid == KINDS
    assert not telling.told & telling.unsaid


@each_language
def test_files_are_toml_in_order(language: Language) -> None:
    """The files parse, and both list the findings in the same order, so that they can be read side by side."""
    texts = {one: (ROOT / "evidence" / f"wording.{one}.toml").read_text(encoding="utf-8") for one in LANGUAGES}
    orders = [[*tomllib.loads(text)["findings"]] for text in texts.values()]
    assert orders[0] == orders[1]
    assert tomllib.loads(texts[language]) == wording(language)
