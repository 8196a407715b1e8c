"""Prices as shops write them, in any locale, into ``Money``."""

import re
import unicodedata
from decimal import Decimal

from price_parser import Price

from touchstone.money import Money

# A won amount written with its units of ten thousand and thousand: "12만 9천원", "5만원", "1.2만".
_MYRIADS = re.compile(
    r"(?:(?P<man>\d[\d,]*(?:\.\d+)?)\s*만)\s*(?:(?P<thousands>\d+(?:\.\d+)?)\s*천|(?P<rest>\d[\d,]*))?"
)
_THOUSANDS = re.compile(r"(?<![\d만])(?P<thousands>\d+(?:\.\d+)?)\s*천\s*원")
_PLAIN = re.compile(r"\d+(?:\.\d{1,4})?")
_RANGE = re.compile(r"(?<=[\d원])\s*(?:~|–|—|-|to)\s*(?=[^\d]{0,4}\d)")

# Signs that name one currency wherever they stand. "$" names none: the marketplace's own currency decides.
_SIGNS = {
    "₩": "KRW",
    "원": "KRW",
    "€": "EUR",
    "£": "GBP",
    "US$": "USD",
    "円": "JPY",
    "₫": "VND",
    "฿": "THB",
    "₹": "INR",
}
LONGEST_PRICE_TEXT = 200  # a longer text is a paragraph in which some number would be taken for the price


def parse_price(text: str | int | float, *, currency: str | None, default_currency: str) -> Money | None:
    """Read a price. ``currency`` is the code that the page declares beside it, if any.

    A range gives its lower bound. Returns ``None`` where no amount can be read; never guesses a currency against a
    sign in the text or a code on the page.
    """
    if isinstance(text, (int, float)):
        return _money(Decimal(str(text)), currency or default_currency)
    text = unicodedata.normalize("NFKC", text).strip()
    if not text or len(text) > LONGEST_PRICE_TEXT:
        return None
    code = currency or next((code for sign, code in _SIGNS.items() if sign in text), default_currency)
    if _PLAIN.fullmatch(text):  # machine-written: a point is a decimal point, whatever the locale
        return _money(Decimal(text), code)
    low = _RANGE.split(text, maxsplit=1)[0]
    amount = _korean_amount(low) if code == "KRW" else None
    if amount is None:
        amount = Price.fromstring(low, currency_hint=code).amount
    return _money(amount, code) if amount is not None else None


def _korean_amount(text: str) -> Decimal | None:
    if hit := _MYRIADS.search(text):
        amount = _number(hit["man"]) * 10_000
        if hit["thousands"]:
            amount += _number(hit["thousands"]) * 1_000
        elif hit["rest"]:
            amount += _number(hit["rest"])
        return amount
    if hit := _THOUSANDS.search(text):
        return _number(hit["thousands"]) * 1_000
    return None


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _money(amount: Decimal, code: str) -> Money | None:
    try:
        return Money.of(amount, code.strip().upper())
    except ValueError:
        return None
