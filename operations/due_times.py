"""When a schedule is due: cron lines in a time zone, or intervals from an anchor. All times that come out are UTC."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from touchstone.configuration import ScheduledSweep
from touchstone.errors import ConfigurationError

FIELDS = 5  # cronsim also reads six, with seconds
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
MOST_COUNTED = 1000  # missed times of a cron line; beyond it their number says nothing more


class DueTimes:
    """The due times of one schedule.

    Cron lines are kept as Debian's cron keeps them when the clocks change (cronsim): a time that the change skips is
    due when the clock has jumped, one that comes twice is due once, and ``*`` goes on with each real hour or minute.
    Raises ``ConfigurationError`` for a clock that cannot be read.
    """

    def __init__(self, sweep: ScheduledSweep, anchor: datetime) -> None:
        self._anchor = anchor
        self._cron = sweep.cron
        self._zone = _zone(sweep)
        self._every = timedelta(0)
        if (sweep.cron is None) == (sweep.every is None):
            raise ConfigurationError(
                f"sweep {sweep.name} needs a clock", hint="Give either --cron or --every, not both."
            )
        if sweep.every is not None:
            self._every = timedelta(**{UNITS[sweep.every[-1]]: int(sweep.every[:-1])})
            return
        try:
            if len((sweep.cron or "").split()) != FIELDS:
                raise CronSimError("it has not five fields")
            CronSim(sweep.cron or "", anchor)
            self.after(anchor)
        except (CronSimError, StopIteration) as error:
            why = str(error) or "it names no day that ever comes"
            raise ConfigurationError(
                f"sweep {sweep.name}: cron {sweep.cron!r} cannot be read: {why}",
                hint="Five fields: minute hour day month weekday, such as 0 6 * * *",
            ) from None

    @property
    def first(self) -> datetime:
        """The first due time: an interval begins with one."""
        return self._anchor if self._cron is None else self.after(self._anchor)

    @property
    def shortest(self) -> timedelta:
        """The time between one due time and the next, from the anchor on."""
        first = self.after(self._anchor)
        return self._every or self.after(first) - first

    def after(self, moment: datetime) -> datetime:
        """The first due time later than ``moment``."""
        if self._cron is None:
            passed = math.floor((moment - self._anchor) / self._every)
            return self._anchor + (passed + 1) * self._every
        upcoming = CronSim(self._cron, moment.astimezone(self._zone))
        return next(found for one in upcoming if (found := one.astimezone(UTC)) > moment)

    def latest(self, first: datetime, now: datetime) -> tuple[datetime, int]:
        """The last of the due times from ``first`` up to ``now``, and how many of them came before it."""
        if self._cron is None:
            missed = max(0, math.floor((now - first) / self._every))
            return first + missed * self._every, missed
        last, missed = first, 0
        while missed < MOST_COUNTED and (following := self.after(last)) <= now:
            last, missed = following, missed + 1
        if missed == MOST_COUNTED:
            second = now.replace(microsecond=0) + timedelta(seconds=1)
            back = CronSim(self._cron, second.astimezone(self._zone), reverse=True)
            last = max(last, next(back).astimezone(UTC))
        return last, missed


def _zone(sweep: ScheduledSweep) -> ZoneInfo:
    try:
        return ZoneInfo(sweep.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"sweep {sweep.name}: there is no time zone {sweep.zone!r}", hint='Such as "Asia/Seoul" or "UTC".'
        ) from None
