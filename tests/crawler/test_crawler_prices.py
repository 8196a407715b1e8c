"""Prices as shops write them: a few forms through ``parse_price``, and a table of hundreds through ``read_price``."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.prices import parse_price, read_price

TABLE = Path(__file__).with_name("prices.csv")
PARTS = ("price", "currency", "list_price", "upper", "pieces", "unit_price", "coupon_price")

ROWS = [
    ("₩129,000", None, "KRW", "129000 KRW"),
    ("129,000원", None, "KRW", "129000 KRW"),
    ("129,000 원", None, "USD", "129000 KRW"),
    ("판매가 129,000원", None, "KRW", "129000 KRW"),
    ("12만 9천원", None, "KRW", "129000 KRW"),
    ("12만9,000원", None, "KRW", "129000 KRW"),
    ("5만원", None, "KRW", "50000 KRW"),
    ("₩1.2만", None, "KRW", "12000 KRW"),
    ("9천원", None, "KRW", "9000 KRW"),
    ("12,000원 ~ 15,000원", None, "KRW", "12000 KRW"),
    ("１２９，０００원", None, "KRW", "129000 KRW"),
    ("$129.00", None, "USD", "129.00 USD"),
    ("$1,299.00", None, "USD", "1299.00 USD"),
    ("US$ 19.99", None, "CAD", "19.99 USD"),
    ("$89.99", None, "CAD", "89.99 CAD"),
    ("1.299,00 €", None, "USD", "1299.00 EUR"),
    ("€12,50", None, "EUR", "12.50 EUR"),
    ("£10", None, "USD", "10.00 GBP"),
    ("12.50 - 19.00", "USD", "USD", "12.50 USD"),
    ("129.00", "USD", "KRW", "129.00 USD"),
    ("129000.00", "KRW", "USD", "129000 KRW"),
    ("1299", "usd", "USD", "1299.00 USD"),
    (1299.5, "USD", "USD", "1299.50 USD"),
    (129000, "KRW", "USD", "129000 KRW"),
    ("12.345", "KWD", "USD", "12.345 KWD"),
    ("¥12,800", "JPY", "JPY", "12800 JPY"),
    ("Now only $39.95!", None, "USD", "39.95 USD"),
]


@pytest.mark.parametrize(("text", "currency", "default", "expected"), ROWS, ids=[str(row[0]) for row in ROWS])
def test_a_price_is_read(text: str | float, currency: str | None, default: str, expected: str) -> None:
    """The amount and the currency that a person would read."""
    money = parse_price(text, currency=currency, default_currency=default)
    assert money is not None
    assert f"{money.amount} {money.currency}" == expected


@pytest.mark.parametrize(
    "text",
    ["", "   ", "문의", "Call for price", "₩", "x" * 500],
    ids=["empty", "blank", "ask", "call", "sign", "long"],
)
def test_what_is_no_price_is_none(text: str) -> None:
    """Text without an amount gives nothing, and never a guess."""
    assert parse_price(text, currency=None, default_currency="KRW") is None


def test_an_unknown_currency_gives_nothing() -> None:
    """A code that ISO 4217 does not have is not silently another."""
    assert parse_price("12", currency="WON", default_currency="KRW") is None


def _row(row: dict[str, str]) -> object:
    """A row as a test; what is known to be misread is marked so, and the mark fails once it is read."""
    misread = pytest.mark.xfail(strict=True, reason="known to be misread") if row["misread"] else ()
    return pytest.param(row, id=f"{row['text'][:40]}-{row['default']}", marks=misread)


@pytest.mark.parametrize(
    "row", [_row(row) for row in csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines(keepends=True))]
)
def test_table(row: dict[str, str]) -> None:
    """Each part of a text is read as a careful person reads it."""
    found = read_price(row["text"], row["default"])
    got = {part: getattr(found, part, None) for part in PARTS}
    wanted = {part: (row[part] if part == "currency" else Decimal(row[part])) if row[part] else None for part in PARTS}
    assert got == wanted


def test_most_of_the_table_is_read() -> None:
    """The marks above cannot grow without being noticed."""
    rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines(keepends=True)))
    assert len(rows) >= 300
    assert sum(1 for row in rows if row["misread"]) <= len(rows) * 0.1
