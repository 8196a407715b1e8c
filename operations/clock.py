"""The time, in one place, so that whoever needs another can hand in their own."""

from datetime import UTC, datetime


def now() -> datetime:
    """This moment in UTC."""
    return datetime.now(UTC)
