"""Reading TOML and plain data: every problem at once, each with its place and its mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.decoding import Problem, convert, nearest, problems_in, read_toml, to_json
from touchstone.errors import ConfigurationError


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule."""

    source: str
    weight: Annotated[int, msgspec.Meta(ge=1)] = 1


class Page(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page with rules, rules in rows, and a perhaps."""

    url: str
    rules: tuple[Rule, ...] = ()
    rows: tuple[tuple[Rule, ...], ...] = ()
    fallback: Rule | None = None


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    name: str
    pages: tuple[Page, ...] = ()
    fields: dict[str, Rule] = {}
    tags: tuple[str, ...] = ()


GOOD = {
    "name": "namu",
    "pages": [{"url": "/a", "rules": [{"source": "x", "weight": 2}], "rows": [[{"source": "y"}]], "fallback": {"source": "z"}}],
    "fields": {"price": {"source": "p"}},
    "tags": ["a"],
}  # fmt: skip


def problems(value: Any, shape: Any = Site) -> list[str]:
    return [str(problem) for problem in problems_in(value, shape)]


def test_what_converts_has_no_problem() -> None:
    """A value of the right shape yields nothing, however deep it is."""
    assert problems(GOOD) == []
    assert convert(GOOD, Site, "here").pages[0].rows[0][0].source == "y"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"name": "n", "naem": "m"}, ["naem: is not a known key; did you mean 'name'?"]),
        ({"name": "n", "qqq": 1}, ["qqq: is not a known key; known: fields, name, pages, tags"]),
        ({}, ["name: is missing; add it"]),
        ({"name": 5}, ["name: Expected str, got int"]),
        ({"name": "n", "tags": ["a", 5]}, ["tags: Expected str, got int (at [1])"]),
        ({"name": "n", "tags": "a"}, ["tags: Expected array, got str"]),
        ({"name": "n", "pages": [{"url": "/"}, {"ulr": "/"}]}, ["pages[1].ulr: is not a known key; did you mean 'url'?", "pages[1].url: is missing; add it"]),
        ({"name": "n", "pages": [{"url": "/", "rules": [{"source": "s"}, {"source": 1}]}]}, ["pages[0].rules[1].source: Expected str, got int"]),
        ({"name": "n", "pages": [{"url": "/", "rows": [[{"source": "s"}], [{"source": "s"}, {"sorce": "s"}]]}]}, ["pages[0].rows[1][1].sorce: is not a known key; did you mean 'source'?", "pages[0].rows[1][1].source: is missing; add it"]),
        ({"name": "n", "pages": [{"url": "/", "fallback": {"weight": 0}}]}, ["pages[0].fallback.weight: Expected int >= 1", "pages[0].fallback.source: is missing; add it"]),
        ({"name": "n", "fields": {"price": {"src": "x", "source": "x"}}}, ["fields.price.src: is not a known key; did you mean 'source'?"]),
        ({"name": "n", "pages": ["/a"]}, ["pages[0]: Expected object, got str"]),
        ({"name": 1, "tags": 2, "pages": [{}], "x": 0}, ["name: Expected str, got int", "tags: Expected array, got int", "pages[0].url: is missing; add it", "x: is not a known key; known: fields, name, pages, tags"]),
    ],
    ids=["nearest", "far", "missing", "type", "in-array", "no-array", "in-tables", "nested-tables", "arrays-in-arrays", "optional", "dictionary", "no-table", "all-at-once"],
)  # fmt: skip
def test_every_problem_has_its_place_and_mend(value: Any, expected: list[str]) -> None:
    """Unknown keys come with the nearest known one, missing ones and wrong types with their path; none hides another."""
    assert problems(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"name": "n", "pages": {"url": "/"}},
        {"name": "n", "pages": [{"url": "/", "fallback": [{"source": "s"}]}]},
        {"name": "n", "fields": {"price": [{"source": "s"}]}},
        {"name": "n", "pages": [{"url": "/", "rows": [{"source": "s"}]}]},
        {"name": "n", "fields": [1]},
        [GOOD],
        None,
    ],
    ids=["table-for-tables", "tables-for-table", "tables-in-dictionary", "flat-rows", "array-for-dictionary", "list", "nothing"],
)  # fmt: skip
def test_whatever_does_not_convert_has_a_problem(value: Any) -> None:
    """``[page]`` for ``[[page]]`` and the like are found with their place too: no problem means that it converts."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, Site)
    assert problems(value)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["source", "a"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["name", "url", "source", "weight", "rules", "rows", "fallback"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.parametrize("shape", [Rule, Page], ids=["rule", "page"])
@given(value=PLAIN)
def test_problems_and_conversion_agree(shape: type[msgspec.Struct], value: Any) -> None:
    """A value has problems exactly when it does not convert."""
    try:
        msgspec.convert(value, shape)
    except msgspec.ValidationError:
        assert problems(value, shape)
    else:
        assert problems(value, shape) == []


@pytest.mark.parametrize(
    ("name", "known", "advice"),
    [
        ("velhane", ["velhanne", "hanok"], "did you mean 'velhanne'?"),
        ("zzz", ["velhanne", "hanok"], "known: hanok, velhanne"),
        ("zzz", [], "there are none yet"),
        ("lable", {"label": 1, "brand": 2}, "did you mean 'label'?"),
    ],
    ids=["near", "far", "none", "mapping"],
)
def test_advice_for_a_misspelt_name(name: str, known: Any, advice: str) -> None:
    """The nearest known name, or all of them in order."""
    assert nearest(name, known) == advice


def test_a_problem_without_a_mend_ends_with_what_is_wrong() -> None:
    """No dangling semicolon."""
    assert str(Problem("a.b", "is odd", "")) == "a.b: is odd"


def written(folder: Path, text: str) -> Path:
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        read_toml(path, Site)
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 2
    return caught.value


TEXT = """\
# A site.
name = "나무"
tags = ["a", "b"]

[fields.price]
source = "p"

[[pages]]
url = "/a"

[[pages]]
url = "/b"
  [[pages.rules]]
  source = "r"
  weight = 3
"""


def test_a_good_file_is_read(tmp_path: Path) -> None:
    """TOML becomes frozen values; Hangul is read as UTF-8."""
    assert read_toml(written(tmp_path, TEXT), Site) == Site(
        name="나무", tags=("a", "b"), fields={"price": Rule(source="p")},
        pages=(Page(url="/a"), Page(url="/b", rules=(Rule(source="r", weight=3),))),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("good", "bad", "line"),
    [
        ('name = "나무"', "name = 5", "line 2: name: Expected str, got int"),
        ("tags =", "tag =", "line 3: tag: is not a known key; did you mean 'tags'?"),
        ("[fields.price]", "[feilds.price]", "line 5: feilds: is not a known key; did you mean 'fields'?"),
        (
            'source = "p"',
            'source = "p"\nwieght = 2',
            "line 7: fields.price.wieght: is not a known key; did you mean 'weight'?",
        ),
        ("weight = 3", "weight = 0", "line 15: pages[1].rules[0].weight: Expected int >= 1"),
        ("weight = 3", '"wight" = 3', "line 15: pages[1].rules[0].wight: is not a known key; did you mean 'weight'?"),
    ],
    ids=["type", "key", "table", "in-table", "in-nested-tables", "quoted"],
)
def test_a_problem_names_its_line(tmp_path: Path, good: str, bad: str, line: str) -> None:
    """The message gives the file, the line, the key and the nearest key that exists."""
    assert f"\n  {line}" in refusal(written(tmp_path, TEXT.replace(good, bad, 1))).message


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """One reading is enough to mend a file."""
    bad = TEXT.replace('"나무"', "5").replace("tags", "tagz").replace("weight = 3", "weight = 0")
    message = refusal(written(tmp_path, bad)).message
    assert [line.split(":")[1].strip() for line in message.splitlines()[1:]] == [
        "name",
        "tagz",
        "pages[1].rules[0].weight",
    ]


def test_a_missing_key_does_not_point_at_another_table(tmp_path: Path) -> None:
    """What one table lacks is not to be looked for on the line where another table has it."""
    (_, line) = refusal(written(tmp_path, TEXT.replace('url = "/b"\n', ""))).message.splitlines()
    assert "pages[1].url: is missing; add it" in line
    assert "line 9:" not in line, "line 9 is where pages[0] has its url"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'name = "n"\nname = "m"\n', "is not TOML: Cannot overwrite a value (at line 2, column 11)"),
        (b"name =\n", "is not TOML: Invalid value (at line 1, column 7)"),
        ('name = "나무"'.encode("euc-kr"), "cannot be read: 'utf-8' codec"),
    ],
    ids=["twice", "no-value", "euc-kr"],
)
def test_a_file_that_is_no_toml(tmp_path: Path, body: bytes, said: str) -> None:
    """Broken TOML names its line; text that is no UTF-8 is told to be saved as such."""
    path = tmp_path / "site.toml"
    path.write_bytes(body)
    assert said in refusal(path).message


def test_a_file_that_is_not_there_or_is_none(tmp_path: Path) -> None:
    """A missing file tells how to write one; a folder in its place cannot be read."""
    assert "touchstone init" in refusal(tmp_path / "nowhere.toml").hint
    assert "cannot be read" in refusal(tmp_path).message


def test_a_value_that_does_not_convert_names_its_place() -> None:
    """``convert`` says where the value came from."""
    with pytest.raises(ConfigurationError, match=r"^weights: Expected `str`, got `int` - at `\$\.name`"):
        convert({"name": 1}, Site, "weights")


def test_json_is_stable_and_readable() -> None:
    """Sorted keys and Hangul as it is; equal values give equal text."""
    assert to_json({"나": 1, "가": Rule(source="x")}) == '{"가": {"source": "x", "weight": 1}, "나": 1}'
    assert to_json({"b": 1, "a": [1]}, indent=1) == '{\n "a": [\n  1\n ],\n "b": 1\n}'


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5)))
def test_json_does_not_depend_on_order(value: dict[str, int | str]) -> None:
    """Two dictionaries that are equal are written alike, and read back equal."""
    turned = dict(reversed(value.items()))
    assert to_json(value) == to_json(turned)
    assert json.loads(to_json(value)) == value
