"""What became of a listing since it was flagged: whether it is still up, and what changed."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Standing(StrEnum):
    """Whether buyers can see a listing; only what its own page said counts, and never a block or an error."""

    UP = "up"
    SOLD_OUT = "sold_out"
    GONE = "gone"


class Change(StrEnum):
    """What a later sweep saw that an earlier one had not; ``relisted_as``: what is gone is offered anew as another listing."""

    REMOVED = "removed"
    RELISTED = "relisted"
    RELISTED_AS = "relisted_as"
    SOLD_OUT = "sold_out"
    RESTOCKED = "restocked"
    CHANGED = "changed"


class StandingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a listing, and the sweep that saw it."""

    listing_row: int
    sweep: int
    at: datetime
    change: Change
    detail: str = ""


class ListingStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Where a listing stands since when; ``checks`` counts the looks in a row that found nothing new."""

    listing_row: int
    standing: Standing
    since: datetime
    checked_at: datetime
    checks: int = 0
    next_at: datetime | None = None
