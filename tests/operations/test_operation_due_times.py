"""When schedules are due: across clock changes no time is lost and none comes twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from operations.due_times import MOST_COUNTED, DueTimes
from touchstone.configuration import ScheduledSweep
from touchstone.errors import ConfigurationError

ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def due_times(
    *, cron: str | None = None, every: str | None = None, zone: str = "UTC", anchor: datetime = ANCHOR
) -> DueTimes:
    sweep = ScheduledSweep(brand="velhanne", marketplace="namu", cron=cron, every=every, zone=zone)
    return DueTimes(sweep, anchor)


def utc(text: str) -> datetime:
    """A moment of 2026, such as "03-29 01:00"."""
    return datetime.fromisoformat(f"2026-{text}+00:00")


def between(times: DueTimes, start: datetime, end: datetime) -> list[datetime]:
    """Every due time later than ``start`` up to ``end``."""
    found, moment = [], start
    while (moment := times.after(moment)) <= end:
        found.append(moment)
    return found


CHANGES = [
    pytest.param("Europe/Berlin", "30 2 * * *", ["03-28 01:30", "03-29 01:00", "03-30 00:30"], id="berlin-spring-gap"),
    pytest.param("Europe/Berlin", "30 1 * * *", ["03-28 00:30", "03-29 00:30", "03-29 23:30"], id="berlin-spring-near"),
    pytest.param("Europe/Berlin", "30 2 * * *", ["10-24 00:30", "10-25 00:30", "10-26 01:30"], id="berlin-autumn-twice"),
    pytest.param("Europe/Berlin", "30 1 * * *", ["10-23 23:30", "10-24 23:30", "10-26 00:30"], id="berlin-autumn-near"),
    pytest.param("America/New_York", "30 2 * * *", ["03-07 07:30", "03-08 07:00", "03-09 06:30"], id="york-spring-gap"),
    pytest.param("America/New_York", "30 1 * * *", ["03-07 06:30", "03-08 06:30", "03-09 05:30"], id="york-spring-near"),
    pytest.param("America/New_York", "30 2 * * *", ["10-31 06:30", "11-01 07:30", "11-02 07:30"], id="york-autumn-near"),
    pytest.param("America/New_York", "30 1 * * *", ["10-31 05:30", "11-01 05:30", "11-02 06:30"], id="york-autumn-twice"),
    pytest.param("Asia/Seoul", "30 2 * * *", ["03-27 17:30", "03-28 17:30", "03-29 17:30"], id="seoul-spring"),
    pytest.param("Asia/Seoul", "30 2 * * *", ["10-23 17:30", "10-24 17:30", "10-25 17:30"], id="seoul-autumn"),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "cron", "expected"), CHANGES)
def test_a_clock_change_loses_no_day_and_doubles_none(zone: str, cron: str, expected: list[str]) -> None:
    """A daily time is due once on each day; one that the change skips is due when the clock has jumped."""
    times, first = due_times(cron=cron, zone=zone), utc(expected[0])
    assert between(times, first - MINUTE, first + 2 * DAY + 2 * HOUR) == [utc(text) for text in expected]


@pytest.mark.parametrize(("zone", "cron", "expected"), CHANGES)
def test_whenever_one_asks_the_answer_is_the_next_due_time(zone: str, cron: str, expected: list[str]) -> None:
    """At no minute around a clock change does the answer lie in the past, or pass a due time by."""
    times, first, last = due_times(cron=cron, zone=zone), utc(expected[0]), utc(expected[-1])
    moment = first - HOUR
    while moment < last:
        assert times.after(moment) == next(due for due in map(utc, expected) if due > moment), moment
        moment += 5 * MINUTE


@pytest.mark.parametrize("day", ["03-29", "10-25", "03-08", "11-01"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Seoul"])
def test_hourly_goes_on_with_each_real_hour(zone: str, day: str) -> None:
    """``0 * * * *`` is due on every hour, on days of 23, 24 and 25 hours."""
    start = utc(f"{day} 00:00") - 12 * HOUR
    assert between(due_times(cron="0 * * * *", zone=zone), start, start + 48 * HOUR) == [
        start + number * HOUR for number in range(1, 49)
    ]


@pytest.mark.parametrize("day", ["03-29", "10-25"])
def test_intervals_know_no_clock_changes(day: str) -> None:
    """``6h`` comes after six real hours, counted from the anchor."""
    times = due_times(every="6h", zone="Europe/Berlin", anchor=ANCHOR + 20 * MINUTE)
    start = utc(f"{day} 00:20") - 6 * HOUR
    assert between(times, start, start + 2 * DAY) == [start + number * 6 * HOUR for number in range(1, 9)]


@pytest.mark.parametrize("every", ["30s", "5m", "6h", "2d"])
def test_intervals_begin_with_a_due_time(every: str) -> None:
    """An interval is due at its anchor and from there on; it counts seconds, minutes, hours or days."""
    times = due_times(every=every)
    length = int(every[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[every[-1]]
    assert (times.first, times.shortest) == (ANCHOR, timedelta(seconds=length))
    assert times.after(ANCHOR) == ANCHOR + timedelta(seconds=length)


def test_cron_begins_with_its_next_time() -> None:
    """A cron line is not due because it was written down."""
    times = due_times(cron="30 6 * * *", anchor=ANCHOR + 8 * HOUR)
    assert (times.first, times.shortest) == (utc("01-02 06:30"), DAY)


def test_cron_is_read_in_its_zone() -> None:
    """Half past six in Seoul is 21:30 UTC of the day before."""
    times = due_times(cron="30 6 * * *", zone="Asia/Seoul")
    assert times.after(utc("03-01 00:00")) == utc("03-01 21:30")
    assert times.after(utc("03-01 00:00")).tzinfo is UTC


@pytest.mark.parametrize("weekday", ["0", "7", "SUN", "sun"])
def test_sunday_has_several_names(weekday: str) -> None:
    """Sunday is 0, 7 and its name."""
    assert due_times(cron=f"0 6 * * {weekday}").first == utc("01-04 06:00")


@pytest.mark.parametrize(
    ("clock", "late", "missed"),
    [
        pytest.param({"every": "1h"}, timedelta(0), 0, id="interval-on-time"),
        pytest.param({"every": "1h"}, timedelta(minutes=59, seconds=59), 0, id="interval-nearly-two"),
        pytest.param({"every": "1h"}, 3 * DAY, 72, id="interval-three-days"),
        pytest.param({"every": "1s"}, 400 * DAY, 400 * 86400, id="interval-a-year-of-seconds"),
        pytest.param({"cron": "0 * * * *"}, timedelta(0), 0, id="cron-on-time"),
        pytest.param({"cron": "0 * * * *"}, 3 * DAY + MINUTE, 72, id="cron-three-days"),
        pytest.param({"cron": "* * * * *"}, 100 * DAY, MOST_COUNTED, id="cron-capped"),
    ],
)
def test_missed_times_are_counted(clock: dict[str, str], late: timedelta, missed: int) -> None:
    """However long nobody looked, the newest due time is found, with the number of those before it."""
    times, first = due_times(**clock), ANCHOR + DAY
    last, counted = times.latest(first, first + late)
    assert counted == missed
    assert last <= first + late < times.after(last)


@pytest.mark.parametrize("part", ["0", "1", "499999", "500000", "999999"])
def test_a_capped_count_stays_in_the_past(part: str) -> None:
    """Where the count is capped, the newest due time is still one that has come, down to the microsecond."""
    now = ANCHOR + 2 * DAY - timedelta(seconds=1) + timedelta(microseconds=int(part))
    assert due_times(cron="* * * * *").latest(ANCHOR, now) == (ANCHOR + 2 * DAY - MINUTE, MOST_COUNTED)


@pytest.mark.parametrize(
    "cron",
    ["often", "", "* * * *", "61 * * * *", "0 24 * * *", "0 0 * * 8", "@daily", "0 0 30 2 *", "0 0 31 4,6 *"],
    ids=["word", "empty", "four", "minute", "hour", "weekday", "nickname", "february-30", "april-31"],
)
def test_a_cron_line_that_cannot_be_kept_is_refused(cron: str) -> None:
    """What cannot be read, or names days that never come, is named with its sweep, and the five fields are."""
    with pytest.raises(ConfigurationError) as caught:
        due_times(cron=cron)
    assert f"namu-velhanne: cron {cron!r} cannot be read" in caught.value.message
    assert "minute hour day month weekday" in caught.value.hint


def test_a_day_that_seldom_comes_is_kept() -> None:
    """The 29th of February is a day."""
    assert due_times(cron="0 0 29 2 *").first == datetime(2028, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../UTC", "Europe"], ids=["unknown", "empty", "path", "folder"])
@pytest.mark.parametrize("clock", [{"cron": "0 6 * * *"}, {"every": "6h"}], ids=["cron", "interval"])
def test_a_zone_that_is_none_is_refused(clock: dict[str, str], zone: str) -> None:
    """The refusal names the sweep and the zone, and gives one that there is."""
    with pytest.raises(ConfigurationError) as caught:
        due_times(**clock, zone=zone)
    assert f"namu-velhanne: there is no time zone {zone!r}" in caught.value.message
    assert "Asia/Seoul" in caught.value.hint


@pytest.mark.parametrize("clock", [{}, {"cron": "0 6 * * *", "every": "6h"}], ids=["none", "both"])
def test_a_schedule_has_one_clock(clock: dict[str, str]) -> None:
    """Neither clock, or both, is refused with what to do."""
    with pytest.raises(ConfigurationError, match="needs a clock") as caught:
        due_times(**clock)
    assert "not both" in caught.value.hint


CRONS = st.builds(
    "{} {} {} * {}".format,
    st.sampled_from(["0", "30", "15,45", "*/20", "59"]),
    st.sampled_from(["*", "0", "1", "2", "1-3", "2,14", "*/6", "23"]),
    st.sampled_from(["*", "*/2", "1", "25-31"]),
    st.sampled_from(["*", "0", "MON-FRI"]),
)
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Seoul", "Australia/Lord_Howe", "America/Santiago"]
)
NEAR_CHANGES = st.builds(
    lambda change, seconds: utc(change) + timedelta(seconds=seconds),
    st.sampled_from(["03-29 01:00", "10-25 01:00", "03-08 07:00", "11-01 06:00", "04-04 15:00", "10-03 15:30"]),
    st.floats(-10_000, 10_000),
)
MOMENTS = NEAR_CHANGES | st.builds(
    lambda days: ANCHOR + timedelta(days=days), st.floats(-400, 800, allow_subnormal=False)
)
CLOCKS = st.builds(lambda cron, zone: due_times(cron=cron, zone=zone), CRONS, ZONES) | st.builds(
    lambda number, unit, anchor: due_times(every=f"{number}{unit}", anchor=anchor),
    st.integers(1, 99_999), st.sampled_from("smhd"), MOMENTS,
)  # fmt: skip


@settings(max_examples=150)
@given(CLOCKS, MOMENTS)
@example(due_times(cron="30 2 * * *", zone="Europe/Berlin"), utc("10-25 01:15"))
def test_the_next_due_time_is_in_the_future(times: DueTimes, moment: datetime) -> None:
    """``after`` never gives the moment itself or an earlier one."""
    assert times.after(moment) > moment


@settings(max_examples=150)
@given(CLOCKS, MOMENTS, st.timedeltas(timedelta(0), timedelta(hours=30)))
@example(due_times(cron="30 2 * * *", zone="Europe/Berlin"), utc("10-25 00:45"), timedelta(minutes=30))
def test_who_asks_later_hears_no_earlier_time(times: DueTimes, moment: datetime, later: timedelta) -> None:
    """``after`` is monotone."""
    assert times.after(moment) <= times.after(moment + later)


@settings(max_examples=100)
@given(CLOCKS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=20)))
@example(due_times(cron="30 2 * * *", zone="Europe/Berlin"), utc("10-24 00:00"), timedelta(days=1, minutes=75))
def test_nothing_is_due_between_the_latest_and_now(times: DueTimes, moment: datetime, late: timedelta) -> None:
    """``latest`` has come, and the one after it has not."""
    first = times.after(moment)
    now = first + late
    last, missed = times.latest(first, now)
    assert first <= last <= now < times.after(last)
    assert (last == first) == (missed == 0)
