"""An archive: a listing's page as a browser recorded it, whether it is evidence of the listing, and how its time is proven."""

from datetime import datetime
from enum import StrEnum

import msgspec

from touchstone.recording import Circumstances


class Outcome(StrEnum):
    """Whether a capture shows the listing. A failed one is kept as such, and never exported as the listing."""

    KEPT = "kept"
    FAILED = "failed"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer in the archive: the record that keeps it, and the SHA-256 of its payload, in hex."""

    url: str
    record_id: str
    sha256: str
    status: int
    mime: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the recorded page turned out to be (``PageStatus``), and what was read on it of the listing's terms."""

    page: str = ""
    title: str | None = None
    price: str | None = None
    seller: str | None = None
    availability: str | None = None


class CaptureRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``capture.json``: how the page was obtained, what it showed, and what keeps it.

    ``files`` holds the SHA-256, in hex, of what the archive keeps beside the answers: ``view.png``, ``full-page.png``,
    ``document.html``, ``text.txt``; ``wacz`` is that of the archive itself. ``shortcomings`` say why it is no evidence.
    """

    listing: str
    outcome: Outcome
    shortcomings: tuple[str, ...]
    circumstances: Circumstances
    shown: Shown
    wacz: str
    files: dict[str, str]
    answers: tuple[Answer, ...]


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """A capture as it is stored. ``wacz`` and ``record`` are content addresses; a page that could not be recorded has neither."""

    id: int
    listing_row: int
    at: datetime
    url: str
    outcome: Outcome
    reason: str
    wacz: str | None = None
    record: str | None = None


class DigestList(msgspec.Struct, frozen=True, kw_only=True):
    """A list of captures' digests that one timestamp covers; without ``token`` it is not timestamped yet.

    ``sha256`` is the list's content address, ``token`` that of the authority's whole response, ``time`` what it attests.
    """

    id: int
    at: datetime
    sha256: str
    token: str | None = None
    authority: str | None = None
    time: datetime | None = None
