"""Money: exact, half up, in ISO 4217's minor units, and refused where it is no money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.money import LARGEST_MINOR, Money, minor_digits

DIGITS = {"KRW": 0, "JPY": 0, "USD": 2, "EUR": 2, "KWD": 3, "BHD": 3}


@pytest.mark.parametrize(("currency", "digits"), DIGITS.items(), ids=str)
def test_each_currency_has_iso_4217s_digits(currency: str, digits: int) -> None:
    """Won and yen have no minor unit, dollars have cents, dinars have fils."""
    assert minor_digits(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("129000", "KRW", 129_000),
        (129_000, "KRW", 129_000),
        (Decimal(129000), "KRW", 129_000),
        ("129000.00", "KRW", 129_000),
        ("19.99", "USD", 1_999),
        ("1.2", "USD", 120),
        ("1.234", "KWD", 1_234),
        ("0", "KRW", 0),
        ("-0", "USD", 0),
        ("1e3", "USD", 100_000),
        (" 7 ", "KRW", 7),
    ],
    ids=str,
)
def test_an_amount_becomes_minor_units(amount: Decimal | str | int, currency: str, minor: int) -> None:
    """Texts, integers and decimals count the same."""
    assert Money.of(amount, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("0.5", "KRW", 1),
        ("1.5", "KRW", 2),
        ("2.5", "KRW", 3),
        ("2.4999", "KRW", 2),
        ("0.005", "USD", 1),
        ("0.015", "USD", 2),
        ("0.025", "USD", 3),
        ("0.0249", "USD", 2),
        ("0.0005", "KWD", 1),
        ("1.0025", "KWD", 1_003),
    ],
    ids=str,
)
def test_halves_go_up(amount: str, currency: str, minor: int) -> None:
    """A half of the minor unit is rounded up, never to even."""
    assert Money.of(amount, currency).minor == minor


@pytest.mark.parametrize("amount", ["-1", "-0.01", "NaN", "sNaN", "Infinity", "-Infinity"], ids=str)
def test_what_is_no_finite_amount_is_refused(amount: str) -> None:
    """Negative, infinite and undefined amounts are named and refused."""
    with pytest.raises(ValueError, match="is not an amount of money; it must be zero or more") as caught:
        Money.of(amount, "KRW")
    assert repr(amount) in str(caught.value)


@pytest.mark.parametrize(
    "amount",
    ["", "129,000", "₩129", "12 900", "12.900.00", "free"],
    ids=["empty", "comma", "sign", "space", "points", "word"],
)
def test_what_is_no_number_is_refused_with_an_example(amount: str) -> None:
    """A text that is no plain decimal is refused; the message shows how to write it."""
    with pytest.raises(ValueError, match=r"write digits with a point, such as 129\.00"):
        Money.of(amount, "KRW")


@pytest.mark.parametrize(
    "currency", ["XYZ", "krw", "", "₩", "WON", "USDT"], ids=["unknown", "small", "empty", "sign", "word", "coin"]
)
def test_an_unknown_currency_is_refused_with_examples(currency: str) -> None:
    """A code that ISO 4217 does not list is named, with some that it does."""
    with pytest.raises(ValueError, match="is not an ISO 4217 currency code; write KRW, USD, EUR") as caught:
        Money.of("1", currency)
    assert repr(currency) in str(caught.value)


@pytest.mark.parametrize(
    "amount",
    [str(LARGEST_MINOR + 1), "1e17", "1e27", "1e28", "1e30", "9" * 40, "1e400"],
    ids=["by-one", "1e17", "1e27", "1e28", "1e30", "forty-digits", "1e400"],
)
def test_an_amount_beyond_any_price_is_refused(amount: str) -> None:
    """However large the number is, the refusal is a ValueError that says so."""
    with pytest.raises(ValueError, match="is larger than any price"):
        Money.of(amount, "KRW")


def test_the_largest_amount_is_accepted() -> None:
    """The limit itself is money still."""
    assert Money.of(LARGEST_MINOR, "KRW").minor == LARGEST_MINOR


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(129_000, "KRW"), "₩129,000"),
        (Money(0, "KRW"), "₩0"),
        (Money(129_900, "USD"), "$1,299.00"),
        (Money(5, "USD"), "$0.05"),
        (Money(999, "EUR"), "€9.99"),
        (Money(1_234, "KWD"), "KWD1.234"),
    ],
    ids=["won", "no-won", "dollars", "cents", "euro", "fils"],
)
def test_money_is_shown_as_people_write_it(money: Money, shown: str) -> None:
    """The sign and the grouping are those of the currency's readers."""
    assert str(money).replace("\N{NO-BREAK SPACE}", "") == shown  # CLDR versions differ in the space after a code


@pytest.mark.parametrize(
    ("minor", "factor", "scaled"),
    [(129_000, 0.1, 12_900), (100, 0.005, 1), (3, 0.5, 2), (1_000, 1 / 3, 333), (7, 0, 0), (10, 1.15, 12)],
    ids=["tenth", "half-up-to-one", "half", "third", "nothing", "no-binary-dust"],
)
def test_scaling_rounds_half_up(minor: int, factor: float, scaled: int) -> None:
    """A scaled amount is whole minor units again; the factor is taken as it is written."""
    assert Money(minor, "KRW").scaled(factor) == Money(scaled, "KRW")


def test_money_is_a_value() -> None:
    """Equal amounts are equal and hash alike; another currency is other money; nothing can be changed."""
    assert {Money(1, "KRW"), Money(1, "KRW"), Money(1, "USD")} == {Money(1, "KRW"), Money(1, "USD")}
    with pytest.raises(AttributeError):
        Money(1, "KRW").minor = 2  # type: ignore[misc]  # what must not work


@given(st.integers(0, LARGEST_MINOR), st.sampled_from(sorted(DIGITS)))
def test_amount_and_minor_units_are_two_forms_of_one_thing(minor: int, currency: str) -> None:
    """Money built from an amount's own decimal is the same money, up to the largest."""
    money = Money(minor, currency)
    assert Money.of(money.amount, currency) == money
    assert Money.of(str(money.amount), currency) == money
    assert money.amount * 10 ** DIGITS[currency] == minor


@given(st.decimals(0, 10**9, places=6), st.sampled_from(sorted(DIGITS)))
def test_rounding_moves_no_amount_by_more_than_half_a_unit(amount: Decimal, currency: str) -> None:
    """The nearest minor unit is at most half a unit away."""
    unit = Decimal(1).scaleb(-DIGITS[currency])
    assert -unit / 2 < Money.of(amount, currency).amount - amount <= unit / 2


@given(st.text(max_size=12), st.sampled_from(["KRW", "USD"]))
def test_any_text_is_money_or_a_value_error(text: str, currency: str) -> None:
    """No text from a page or a file gets another exception out of money."""
    try:
        minor = Money.of(text, currency).minor
    except ValueError as error:
        said = str(error)
    else:
        said, text = repr(minor), str(minor)
        assert 0 <= minor <= LARGEST_MINOR
    assert text in said or repr(text) in said
