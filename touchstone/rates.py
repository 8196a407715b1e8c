"""Exchange rates with a day: for holding a price against a list price in another currency, and for nothing else."""

from datetime import date

import msgspec

from touchstone.money import Money, minor_digits


class ExchangeRate(msgspec.Struct, frozen=True, kw_only=True):
    """How many units of ``currency`` one euro bought on a day."""

    currency: str
    per_euro: float
    as_of: date


ROUNDED_ON = date(2025, 8, 29)
# The European Central Bank's reference rates of that day, rounded to two or three figures: enough to tell a fifth of a
# price from four fifths of it. A catalog that names its own rates replaces them one by one.
_ROUNDED = {
    "EUR": 1.0, "USD": 1.17, "KRW": 1620.0, "JPY": 172.0, "GBP": 0.865, "CNY": 8.34, "HKD": 9.11, "SGD": 1.50, "THB": 37.8,
    "IDR": 19200.0, "MYR": 4.94, "PHP": 66.8, "INR": 103.0, "AUD": 1.79, "NZD": 1.98, "CAD": 1.60, "CHF": 0.936,
    "SEK": 11.1, "NOK": 11.7, "DKK": 7.46, "PLN": 4.26, "CZK": 24.5, "HUF": 397.0, "RON": 5.08, "TRY": 48.0,
    "ILS": 3.9, "BRL": 6.33, "MXN": 21.8, "ZAR": 20.7,
}  # fmt: skip
DEFAULTS = tuple(ExchangeRate(currency=code, per_euro=rate, as_of=ROUNDED_ON) for code, rate in _ROUNDED.items())


class Converted(msgspec.Struct, frozen=True):
    """An amount in another currency, and the older day of the two rates that were used."""

    money: Money
    as_of: date


def convert(money: Money, currency: str, rates: tuple[ExchangeRate, ...] = ()) -> Converted | None:
    """``money`` in ``currency``, by ``rates`` and, for what they lack, the defaults; ``None`` without a rate for both."""
    known = {rate.currency: rate for rate in (*DEFAULTS, *rates)}
    mine, wanted = known.get(money.currency), known.get(currency)
    if mine is None or wanted is None:
        return None
    scale = wanted.per_euro / mine.per_euro * 10.0 ** (minor_digits(currency) - minor_digits(money.currency))
    return Converted(Money(round(money.minor * scale), currency), min(mine.as_of, wanted.as_of))
