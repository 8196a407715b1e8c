"""Sweeps on a clock: what is swept when, what became of each time that was due, and how it went."""

from datetime import datetime
from enum import StrEnum

import msgspec

from touchstone.configuration import ScheduledSweep


class ScheduleSource(StrEnum):
    """Where a schedule is written: in touchstone.toml, or only in the store (``touchstone schedule add``)."""

    FILE = "file"
    STORE = "store"


class ScheduleState(StrEnum):
    """``removed`` ones stay as rows, for what was done in their name."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVED = "removed"


class Result(StrEnum):
    """How a scheduled sweep went, as far as somebody must act on it.

    ``blocked``: the marketplace refuses us; ``down``: it does not answer, or with errors; ``degraded``: it answers,
    but its pages no longer say what they are read for; ``failed``: anything else that yielded nothing.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    DEGRADED = "degraded"
    BLOCKED = "blocked"
    DOWN = "down"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


GOOD = (Result.COMPLETE, Result.PARTIAL)  # what counts as a success: listings were seen, as they should be


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule as it is stored. ``anchor`` is what intervals are counted from, ``next_at`` the next time it is due.

    ``failures`` counts those in a row; after one, nothing is started before ``not_before``. ``result`` is that of the
    last sweep, ``note`` what there is to say of it.
    """

    id: int
    sweep: ScheduledSweep
    source: ScheduleSource
    state: ScheduleState
    anchor: datetime
    next_at: datetime
    failures: int = 0
    not_before: datetime | None = None
    result: Result | None = None
    result_at: datetime | None = None
    success_at: datetime | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """What people call it by."""
        return self.sweep.name


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """A time that a schedule was due, and what came of it: a sweep, or ``skipped`` with the reason.

    ``missed``: how many earlier times it stands for, which nobody was there to serve.
    """

    schedule: int
    due_at: datetime
    at: datetime
    sweep: int | None = None
    missed: int = 0
    skipped: str = ""
