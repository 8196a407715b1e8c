"""Trade item numbers: one form to compare, and a check digit to trust."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.identifiers import canonical_gtin, valid_gtin


def with_check_digit(body: str) -> str:
    """A number with the check digit that GS1 gives it: weights 3, 1, 3 … from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return f"{body}{-total % 10}"


BODIES = st.sampled_from([7, 11, 12, 13]).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("8801234567893", "08801234567893"),
        ("880-1234 567893", "08801234567893"),
        (" 036000291452\n", "00036000291452"),
        ("96385074", "00000096385074"),
        ("18801234567890", "18801234567890"),
        ("880123456789", "00880123456789"),
    ],
    ids=["gtin-13", "spaces-and-hyphens", "gtin-12", "gtin-8", "gtin-14", "twelve"],
)
def test_a_gtin_has_fourteen_digits(text: str, canonical: str) -> None:
    """Eight, twelve, thirteen and fourteen digits are written with leading zeros; separators are dropped."""
    assert canonical_gtin(text) == canonical


def test_the_same_item_in_two_lengths_compares_equal() -> None:
    """A UPC and the EAN-13 made of it are one number."""
    assert canonical_gtin("036000291452") == canonical_gtin("0036000291452") == canonical_gtin("00036000291452")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("123456789", "123456789"),
        ("VT-1", "VT1"),
        ("", ""),
        ("  ", ""),
        ("880123456789X", "880123456789X"),
        ("1" * 15, "1" * 15),
    ],
    ids=["nine", "letters", "empty", "blank", "thirteen-with-letter", "fifteen"],
)
def test_what_is_no_gtin_comes_back_stripped(text: str, kept: str) -> None:
    """No zeros are put before what has another length or holds letters."""
    assert canonical_gtin(text) == kept


@given(st.text(max_size=20))
def test_the_canonical_form_is_its_own(text: str) -> None:
    """Making it canonical again changes nothing."""
    assert canonical_gtin(canonical_gtin(text)) == canonical_gtin(text)


@pytest.mark.parametrize(
    "text",
    ["8801234567893", "８８０１２３４５６７８９３", "٨٨٠١٢٣٤٥٦٧٨٩٣"],
    ids=["ascii", "fullwidth", "arabic"],
)
def test_a_valid_number_can_be_compared(text: str) -> None:
    """Whatever digits a seller types: a number that is called valid has fourteen ASCII digits in its canonical form."""
    assert not valid_gtin(text) or re.fullmatch("[0-9]{14}", canonical_gtin(text))


@given(BODIES)
def test_only_the_right_check_digit_is_valid(body: str) -> None:
    """Of the ten last digits that a number can have, exactly one makes it valid, in every length."""
    right = with_check_digit(body)
    assert [digit for digit in "0123456789" if valid_gtin(body + digit)] == [right[-1]]
    assert valid_gtin(canonical_gtin(right))


@given(BODIES, st.data())
def test_a_mistyped_digit_is_found(body: str, data: st.DataObject) -> None:
    """One wrong digit anywhere makes a number invalid."""
    right = with_check_digit(body)
    place = data.draw(st.integers(0, len(right) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != right[place]]))
    assert not valid_gtin(right[:place] + wrong + right[place + 1 :])


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("8801234567893", True), ("880-1234567-893", True), ("8801234567894", False), ("96385074", True), ("123456789", False),
        ("", False), ("VT-1", False), ("880123456789X", False),
    ],
    ids=["right", "hyphens", "wrong-digit", "gtin-8", "nine-digits", "empty", "letters", "letter-at-the-end"],
)  # fmt: skip
def test_validity_asks_for_length_and_check_digit(text: str, valid: bool) -> None:
    """Separators do not matter; length, digits and check digit do."""
    assert valid_gtin(text) is valid
