"""Money as the trade counts it: whole minor units and a currency code, never a float."""

import functools
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Self

import msgspec

LARGEST_MINOR = 2**53  # amounts above it are no longer exact in JSON readers, and no listing costs so much


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount in the smallest unit of its currency.

    ``minor`` counts won, cents or fils according to ISO 4217; ``currency`` is the three-letter code in capitals.
    """

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | str | int, currency: str) -> Self:
        """Build money from a decimal amount, half up to the currency's minor unit.

        Raises ``ValueError`` for a currency that ISO 4217 does not have and for an amount that is no finite,
        non-negative number.
        """
        try:
            value = Decimal(amount)
        except InvalidOperation:
            raise ValueError(f"{amount!r} is not an amount; write digits with a point, such as 129.00") from None
        if not value.is_finite() or value < 0:
            raise ValueError(f"{amount!r} is not an amount of money; it must be zero or more")
        if value > LARGEST_MINOR:  # before it is scaled: that may be beyond what decimals can hold
            raise ValueError(f"{amount!r} is larger than any price")
        minor = (value * 10 ** minor_digits(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        if minor > LARGEST_MINOR:
            raise ValueError(f"{amount!r} is larger than any price")
        return cls(int(minor), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in whole units of the currency."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def scaled(self, factor: float) -> "Money":
        """This amount times ``factor``, half up; for bounds and unit prices."""
        minor = (Decimal(self.minor) * Decimal(repr(factor))).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return Money(int(minor), self.currency)

    def __str__(self) -> str:
        from babel.numbers import format_currency  # 20 ms: paid only where money is shown to a person

        locale = "ko_KR" if self.currency == "KRW" else "en"
        return str(format_currency(self.amount, self.currency, locale=locale))


@functools.cache
def minor_digits(currency: str) -> int:
    """How many decimal digits ISO 4217 gives ``currency``: 0 for KRW, 2 for USD, 3 for KWD.

    Raises ``ValueError`` for a code that ISO 4217 does not list.
    """
    from iso4217 import Currency  # reads its table on import: paid at the first price

    try:
        digits = Currency(currency).exponent
    except ValueError:
        raise ValueError(f"{currency!r} is not an ISO 4217 currency code; write KRW, USD, EUR …") from None
    return int(digits or 0)
