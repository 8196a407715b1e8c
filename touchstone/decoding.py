"""Reading what people and machines hand us: every problem found at once, each with its place and its mend."""

import difflib
import json
import re
import tomllib
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from touchstone.errors import ConfigurationError

T = TypeVar("T")

MISSING = "is missing"
NEAREST_KEY_LIKENESS = 0.6  # difflib's own default: below it a suggestion is noise


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a value: where (``sweep[0].brand``), what, and what to do about it."""

    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"; {self.mend}" if self.mend else "")


def problems_in(value: Any, shape: Any, where: str = "") -> Iterator[Problem]:
    """Yield everything about ``value`` that keeps it from being a ``shape``; nothing when it converts."""
    found = list(_problems_inside(value, shape, where))
    yield from found
    if not found:
        try:
            msgspec.convert(value, shape)
        except msgspec.ValidationError as error:
            yield Problem(where, re.sub(r" - at `\$(.*)`$", r" (at \1)", str(error)).replace("`", ""), "")


def _problems_inside(value: Any, shape: Any, where: str) -> Iterator[Problem]:
    """The problems of the parts of a table, an array or a dictionary of tables; none of anything else."""
    if isinstance(shape, types.UnionType):
        parts = [part for part in get_args(shape) if part is not type(None)]
        if value is not None and len(parts) == 1:
            yield from _problems_inside(value, parts[0], where)
    elif isinstance(shape, type) and issubclass(shape, msgspec.Struct) and isinstance(value, Mapping):
        yield from _problems_in_table(value, shape, where)
    elif get_origin(shape) in (tuple, list) and isinstance(value, Sequence) and not isinstance(value, str):
        inner = get_args(shape)[0]
        if isinstance(inner, type) and not issubclass(inner, msgspec.Struct):
            return  # plain values: msgspec says which of them does not fit
        for index, item in enumerate(value):
            yield from problems_in(item, inner, f"{where}[{index}]")
    elif get_origin(shape) is dict and isinstance(value, Mapping):
        for key, item in value.items():
            yield from problems_in(item, get_args(shape)[1], f"{where}.{key}" if where else str(key))


def _problems_in_table(table: Mapping[str, Any], struct: type[msgspec.Struct], where: str) -> Iterator[Problem]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for key, value in table.items():
        place = f"{where}.{key}" if where else str(key)
        if key in fields:
            yield from problems_in(value, fields[key].type, place)
        else:
            yield Problem(place, "is not a known key", nearest(str(key), fields))
    for key, field in fields.items():
        if field.required and key not in table:
            yield Problem(f"{where}.{key}" if where else key, MISSING, "add it")


def nearest(name: str, known: Mapping[str, Any] | Sequence[str]) -> str:
    """Advice for a misspelt name: the nearest known one, or all of them."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=NEAREST_KEY_LIKENESS)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(sorted(names))}" if names else "there are none yet"


def read_toml(path: Path, shape: type[T]) -> T:
    """Read a TOML file as a ``shape``.

    Raises ``ConfigurationError`` that names the file and, for each problem, the line, the key and the nearest key
    that exists.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"{path} is not there", hint="Write one with: touchstone init") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}", hint="Save it as UTF-8 text.") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not TOML: {error}", hint="Mend that line and try again.") from None
    problems = list(problems_in(table, shape))
    if problems:
        lines = "\n".join(f"  line {_line_of(text, problem)}: {problem}" for problem in problems)
        raise ConfigurationError(f"{path} cannot be used:\n{lines}", hint="Mend these keys and try again.")
    return convert(table, shape, str(path))


def convert(value: Any, shape: type[T], where: str) -> T:
    """Convert plain data to a ``shape``; raises ``ConfigurationError`` naming ``where`` when it does not fit."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{where}: {error}", hint="Mend it and try again.") from None


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON for people and programs: sorted keys, Hangul as it is, so that equal values give equal text."""
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, sort_keys=True, indent=indent)


def _line_of(text: str, problem: Problem) -> str:
    """The line of the last key of a problem's place, by search: TOML readers keep no positions.

    What is missing has no line; that of the table which lacks it is given instead.
    """
    parts = problem.where.split(".")
    if problem.what == MISSING and len(parts) > 1:
        name, _, index = parts[-2].partition("[")
        headers = _lines(text, rf"^\s*\[+\s*(?:[^\]\n]*\.)?{re.escape(name)}\s*\]+")
        number = int(index.rstrip("]")) if index.rstrip("]").isdigit() else 0
        return str(headers[number]) if number < len(headers) else "?"
    if problem.what == MISSING:
        return "?"
    key = re.escape(parts[-1].split("[")[0])
    hits = _lines(text, rf"""^\s*(?:\[+[^\]\n]*)?["']?{key}["']?\s*[\].=]""")
    return " or ".join(map(str, hits)) or "?"


def _lines(text: str, pattern: str) -> list[int]:
    compiled = re.compile(pattern)
    return [number for number, line in enumerate(text.splitlines(), 1) if compiled.match(line)]
