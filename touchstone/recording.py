"""What a browser saw on one visit, as plain values: every answer, the pictures, the document, and the circumstances."""

from datetime import datetime

import msgspec

Headers = tuple[tuple[str, str], ...]


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One request and its answer.

    ``body`` is decoded, as the browser handed it on; ``without_body`` says why it could not be had, where it could not.
    ``address`` is the server's numeric address, ``kind`` what the browser wanted it for ("page", "image", …).
    """

    url: str
    method: str
    kind: str
    at: datetime
    request_headers: Headers
    status: int
    reason: str
    headers: Headers
    body: bytes = b""
    request_body: bytes | None = None
    address: str | None = None
    without_body: str | None = None


class Robots(msgspec.Struct, frozen=True, kw_only=True):
    """What robots.txt said of the address: ``decision`` is ``allowed``, ``disallowed`` or ``not asked``, ``why`` in words."""

    decision: str
    why: str
    url: str | None = None


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """A request that had no answer, and the browser's reason."""

    url: str
    kind: str
    reason: str


class Redaction(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken out before anything was kept: the rule, where, and how many times. Never what it was."""

    rule: str
    place: str
    count: int


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """How a page was obtained. Times are UTC; ``certificates`` are PEM, the server's own first.

    ``page_url`` is the address whose answer, at ``page_at``, the document was made from; ``final_url`` is what the address
    bar showed at the end, which scripts may change. ``bounds``: one line for each
    bound of time, bytes or requests that ended something early.
    """

    asked: str
    final_url: str
    page_url: str
    status: int
    started_at: datetime
    page_at: datetime
    ended_at: datetime
    tool: str
    browser: str
    user_agent: str
    locale: str
    time_zone: str
    viewport: tuple[int, int]
    server_address: str | None
    certificates: tuple[str, ...]
    robots: Robots
    requests: int
    received_bytes: int
    lost: tuple[Lost, ...] = ()
    missing_images: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()
    redactions: tuple[Redaction, ...] = ()


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One visit. ``view`` and ``full_page`` are PNG, ``document`` is the DOM as it stood, ``text`` what a visitor can read."""

    circumstances: Circumstances
    exchanges: tuple[Exchange, ...]
    title: str
    document: str
    text: str
    view: bytes
    full_page: bytes
