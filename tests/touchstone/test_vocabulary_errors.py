"""The errors: one tree, drawn where it is defined, split by who must act."""

from __future__ import annotations

import re

import pytest

from touchstone import errors
from touchstone.errors import CatalogError, StoreLocked, TouchstoneError, UserError

CLASSES = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, TouchstoneError)
]  # fmt: skip
EXIT_CODES = {
    "TouchstoneError": 1, "UserError": 2, "ConfigurationError": 2, "CatalogError": 2, "UnknownName": 2, "BadListing": 2,
    "StoreError": 1, "StoreLocked": 75, "VerificationFailed": 4,
    "NotRecorded": 1, "NotStamped": 1, "NotTold": 1, "UnreadableImage": 1,
}  # fmt: skip


def drawn() -> list[tuple[str, str, int | None]]:
    """The docstring's tree: each class with the one it hangs on and the exit code beside it."""
    path: list[str] = []
    rows = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^    ([ │├└─]*)([A-Z]\w+)(?:\s+exit (\d+))?", line)
        if found:
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            rows.append((found[2], path[depth - 1] if depth else "Exception", int(found[3]) if found[3] else None))
    return rows


def test_every_error_is_in_the_drawn_tree() -> None:
    """The docstring of errors.py shows each class, under its parent, and none that is not there."""
    assert {name: parent for name, parent, _ in drawn()} == {cls.__name__: cls.__bases__[0].__name__ for cls in CLASSES}
    assert len(drawn()) == len(CLASSES)


@pytest.mark.parametrize("error", CLASSES, ids=lambda cls: cls.__name__)
def test_exit_codes_say_who_must_act(error: type[TouchstoneError]) -> None:
    """Each error has its exit code, as drawn; one without its own inherits its parent's."""
    assert error.exit_code == EXIT_CODES[error.__name__]
    (shown,) = [code for name, _, code in drawn() if name == error.__name__]
    assert shown in (error.exit_code, None)


@pytest.mark.parametrize("error", CLASSES, ids=lambda cls: cls.__name__)
def test_each_error_says_what_it_is_for(error: type[TouchstoneError]) -> None:
    """Each class has a docstring of its own, and carries message and hint apart and together."""
    assert "__doc__" in vars(error)
    assert error.__doc__
    raised = error("this is wrong", hint="do that")
    assert (raised.message, raised.hint, str(raised)) == ("this is wrong", "do that", "this is wrong\ndo that")
    assert str(error("this is wrong")) == "this is wrong"
    assert isinstance(raised, TouchstoneError)


def test_a_catalog_error_lists_its_rows() -> None:
    """All bad rows come with the error."""
    assert CatalogError("2 problems", problems=("row 1", "row 2")).problems == ("row 1", "row 2")
    assert CatalogError("the file is not there").problems == ()


def test_a_locked_store_is_no_mistake_of_the_user() -> None:
    """75 is sysexits' EX_TEMPFAIL: a script may try again."""
    assert not issubclass(StoreLocked, UserError)
    assert StoreLocked.exit_code == 75
