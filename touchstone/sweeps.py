"""A sweep: one errand to one marketplace, a row before it is a process."""

from datetime import datetime
from enum import StrEnum

import msgspec

from touchstone.listing import PageStatus


class Trigger(StrEnum):
    """Who asked for a sweep."""

    ANALYST = "analyst"
    SCHEDULE = "schedule"
    REPORT = "report"
    REVISIT = "revisit"


class SweepStatus(StrEnum):
    """How a sweep stands. Only ``complete`` allows conclusions from what was not seen."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    PARTIAL = "partial"
    DEGRADED = "degraded"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class SweepRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for and where. ``queries`` are search words; ``urls`` are listing pages to visit as well."""

    marketplace: str
    brand: str | None = None
    queries: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    max_listings: int | None = None
    trigger: Trigger = Trigger.ANALYST


class SweepReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a crawl saw: counts of pages by status, listings handed over, flagged ones captured, and why it ended.

    ``filled`` is, for each field, the share of listings that have it; ``problems`` is one line for each thing that
    went wrong and makes the sweep less than complete; ``trouble`` is what most of the pages were that could not be had.
    """

    status: SweepStatus
    listings: int = 0
    pages: dict[str, int] = {}
    images: int = 0
    browser_pages: int = 0
    captures: int = 0
    filled: dict[str, float] = {}
    problems: tuple[str, ...] = ()
    trouble: PageStatus | None = None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep's place in the queue: which schedule's, for when it was due, and how urgent.

    ``not_before``: it is left waiting until then; ``starts`` counts the processes that were started for it;
    ``concluded``: nothing follows from it any more, since conclusions were drawn, or somebody took it out of the queue.
    """

    schedule: int | None = None
    due_at: datetime | None = None
    priority: int = 0
    not_before: datetime | None = None
    starts: int = 0
    concluded: bool = False


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """A stored sweep; while it is queued, ``started_at`` is since when it waits. Without ``place`` it never was queued."""

    id: int
    request: SweepRequest
    status: SweepStatus
    started_at: datetime
    ended_at: datetime | None = None
    report: SweepReport | None = None
    place: Place | None = None


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """A page kept as it was: which listing, when, under which address, and the content address of its bytes."""

    url: str
    at: datetime
    kind: str
    sha256: str
    rendered: bool = False
