"""The time, in one place, so that a simulation can hand in its own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _wall() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _wall
_rate = 1.0


def now() -> datetime:
    """This moment in UTC."""
    return _source()


def seconds_until(moment: datetime) -> float:
    """The real seconds until the clock shows ``moment``; 0 when it has passed."""
    return max(0.0, (moment - now()).total_seconds() / _rate)


def real_seconds(length: timedelta) -> float:
    """The real seconds that the clock takes for so long."""
    return length.total_seconds() / _rate


def use(source: Callable[[], datetime], rate: float) -> None:
    """Have this process live by another clock, which runs ``rate`` times as fast. For simulations alone."""
    global _source, _rate
    _source, _rate = source, rate
