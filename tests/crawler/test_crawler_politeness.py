"""What servers ask for with their headers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.politeness import retry_after

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (b"120", 120.0),
        (b" 0 ", 0.0),
        (b"Wed, 25 Nov 2026 12:00:30 GMT", 30.0),
        (b"Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        (b"Wednesday, 25-Nov-26 12:01:00 GMT", 60.0),
        (b"Wed Nov 25 12:01:00 2026", 60.0),
        (b"999999999999999999999", 999999999.0),
        (None, None),
        (b"", None),
        (b"soon", None),
        (b"-5", None),
        (b"1.5", None),
        ("\u0661\u0662".encode(), None),
        (b"\xff\xfe", None),
    ],
)
def test_retry_after(header: bytes | None, seconds: float | None) -> None:
    """Seconds and dates are read; anything else asks for nothing."""
    assert retry_after(header, NOW) == seconds
