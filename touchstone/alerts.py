"""What somebody must be told."""

from datetime import datetime
from enum import StrEnum

import msgspec


class AlertKind(StrEnum):
    """Why somebody is told. docs/operations.md says of each what it means and what to do."""

    MARKETPLACE_DOWN = "marketplace-down"
    MARKETPLACE_BLOCKING = "marketplace-blocking"
    PARSER_ROTTING = "parser-rotting"
    SWEEPS_FAILING = "sweeps-failing"
    SCHEDULE_UNUSABLE = "schedule-unusable"
    BUDGET_SPENT = "budget-spent"
    TIMES_MISSED = "times-missed"
    DISK_LOW = "disk-low"
    DIGEST = "digest"
    TEST = "test"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell: what it is about (``subject``), what happened and what to do.

    ``resolved_at``: since when it is over; as long as it is not, the same is not told again. ``text`` is the whole
    message where it is longer than a line.
    """

    kind: AlertKind
    subject: str
    message: str
    hint: str = ""
    brand: str | None = None
    marketplace: str | None = None
    text: str = ""
    id: int = 0
    at: datetime | None = None
    resolved_at: datetime | None = None
    over: bool = False
    sent: dict[str, str] = {}
    fault: str = ""
