"""Recordings made by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from touchstone.recording import Circumstances, Exchange, Recording, Robots

URL = "http://shop.example/item/10001"
AT = datetime(2026, 3, 4, 5, 6, 7, 890_123, tzinfo=UTC)
HTML = ("Content-Type", "text/html; charset=utf-8")


def an_exchange(url: str = URL, **changes: Any) -> Exchange:
    """A page that was fetched."""
    made: dict[str, Any] = {
        "url": url, "method": "GET", "kind": "page", "at": AT, "request_headers": (("Host", "shop.example"),), "status": 200,
        "reason": "OK", "headers": (HTML,), "body": b"<h1>goods</h1>",
    }  # fmt: skip
    return Exchange(**{**made, **changes})


def a_recording(*exchanges: Exchange, facts: dict[str, Any] | None = None, **changes: Any) -> Recording:
    """A visit to a page with these exchanges, or with that of the page alone."""
    circumstances: dict[str, Any] = {
        "asked": URL, "final_url": URL, "page_url": URL, "status": 200, "started_at": AT - timedelta(seconds=1), "page_at": AT,
        "ended_at": AT + timedelta(seconds=9), "tool": "Touchstone 0.1.0", "browser": "Chromium 150", "user_agent": "tests",
        "locale": "ko", "time_zone": "UTC", "viewport": (1440, 900), "server_address": "203.0.113.5", "certificates": (),
        "robots": Robots(decision="allowed", why="no rule"), "requests": 1, "received_bytes": 14,
    }  # fmt: skip
    made: dict[str, Any] = {
        "circumstances": Circumstances(**{**circumstances, **(facts or {})}), "exchanges": exchanges or (an_exchange(),),
        "title": "상품 1", "document": "<h1>goods</h1><p>그려진 것</p>", "text": "goods\n그려진 것", "view": b"\x89PNG view",
        "full_page": b"\x89PNG whole",
    }  # fmt: skip
    return Recording(**{**made, **changes})
