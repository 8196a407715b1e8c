"""Schedules: written, changed, paused, and what comes of each time that one is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from filelock import FileLock

from operations import clock, schedules
from operations.queue import RUN_NOW
from operations.session import SCHEDULER_LOCK, lock_folder
from storage.check import check
from storage.store import Store
from tests.conftest import Hands
from touchstone.alerts import Alert, AlertKind
from touchstone.catalog import Brand, Catalog
from touchstone.configuration import Configuration, MarketplaceSettings, ScheduledSweep, Settings
from touchstone.errors import ConfigurationError, UnknownName, UserError
from touchstone.schedules import Occurrence, Result, Schedule, ScheduleSource, ScheduleState
from touchstone.sweeps import SweepReport, SweepStatus, Trigger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ADAPTERS = Path(__file__).parents[2] / "fixtures/demo/marketplaces"
NAMU = ScheduledSweep(brand="velhanne", marketplace="namu", every="1h")


@pytest.fixture
def store(tmp_path: Path, hands: Hands) -> Iterator[Store]:
    """A store that knows one brand."""
    with Store.open(tmp_path / "store") as opened:
        with opened.transaction():
            opened.catalog.upsert(Catalog(brands=(Brand(id="velhanne", name="Velhanne", aliases=("벨하네",)),)))
        yield opened


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """An installation without schedules of its own."""
    return configured(tmp_path)


def configured(folder: Path, *sweeps: ScheduledSweep) -> Configuration:
    """An installation with the demo marketplaces and these schedules in its touchstone.toml."""
    places = {name: MarketplaceSettings(base_url=f"https://{name}.example") for name in ("namu", "plaza")}
    return Configuration(
        folder=folder,
        settings=Settings(store="store", marketplace_folders=(str(ADAPTERS),), marketplaces=places, sweep=sweeps),
    )


def changed(sweep: ScheduledSweep, **changes: Any) -> ScheduledSweep:
    return msgspec.structs.replace(sweep, **changes)


def synced(store: Store, folder: Path, *sweeps: ScheduledSweep, takes_away: bool = True) -> Configuration:
    """Bring the store in line with a touchstone.toml that holds these schedules, as the scheduler does when it starts."""
    configuration = configured(folder, *sweeps)
    schedules.sync(configuration, store, takes_away=takes_away)
    return configuration


def end(store: Store, sweep_id: int | None) -> None:
    """Have a queued sweep be over."""
    assert sweep_id is not None
    with store.transaction():
        store.sweeps.reopen(sweep_id, clock.now())
        store.sweeps.close(sweep_id, SweepReport(status=SweepStatus.COMPLETE), clock.now())


def struck(configuration: Configuration, store: Store, schedule: Schedule) -> Occurrence:
    """What comes of a due time that there is."""
    occurrence = schedules.strike(configuration, store, schedule.id)
    assert occurrence is not None
    return occurrence


def alerts(store: Store) -> list[Alert]:
    return list(store.alerts.all())


def actions(store: Store) -> list[tuple[str, str]]:
    return [(entry.action, entry.subject) for entry in store.audit.entries()]


# Written


def test_a_schedule_is_kept_and_the_audit_log_tells(store: Store, configuration: Configuration) -> None:
    """What is added is active, due at once when it is an interval, and named by who added it."""
    kept = schedules.add(configuration, store, NAMU)
    assert kept == Schedule(
        id=kept.id, sweep=NAMU, source=ScheduleSource.STORE, state=ScheduleState.ACTIVE, anchor=NOON, next_at=NOON
    )
    assert store.schedules.named("namu-velhanne") == kept
    assert actions(store) == [("schedule.add", "schedule/namu-velhanne")]


def test_a_cron_schedule_waits_for_its_time(store: Store, configuration: Configuration) -> None:
    """A cron line is due at its next time, in its zone."""
    sweep = changed(NAMU, every=None, cron="30 6 * * *", zone="Asia/Seoul")
    assert schedules.add(configuration, store, sweep).next_at == datetime(2026, 3, 1, 21, 30, tzinfo=UTC)


def test_two_schedules_share_no_name(store: Store, configuration: Configuration) -> None:
    """A second one of the same name is refused with what to do; under another name it is kept."""
    schedules.add(configuration, store, NAMU)
    with pytest.raises(UserError, match="a schedule called namu-velhanne already") as caught:
        schedules.add(configuration, store, changed(NAMU, every="6h"))
    assert "--name" in caught.value.hint
    assert schedules.add(configuration, store, changed(NAMU, every="6h", called="often")).name == "often"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"brand": "velhane"}, UnknownName, id="brand"),
        pytest.param({"marketplace": "namoo"}, UnknownName, id="marketplace"),
        pytest.param({"cron": "often", "every": None}, ConfigurationError, id="cron"),
        pytest.param({"zone": "Mars/Olympus"}, ConfigurationError, id="zone"),
    ],
)
def test_what_cannot_be_swept_is_not_kept(
    store: Store, configuration: Configuration, changes: dict[str, Any], error: type[UserError]
) -> None:
    """A brand, marketplace, line or zone that is not there is refused with a hint, and nothing is stored."""
    with pytest.raises(error) as caught:
        schedules.add(configuration, store, changed(NAMU, **changes))
    assert caught.value.hint
    assert store.schedules.all(removed=True) == []
    assert actions(store) == []


# In touchstone.toml


def test_the_file_is_brought_into_the_store(store: Store, tmp_path: Path) -> None:
    """New schedules of touchstone.toml are kept as such; a second look changes nothing."""
    configuration = synced(store, tmp_path, NAMU, changed(NAMU, marketplace="plaza"))
    found = store.schedules.all()
    assert [(one.name, one.source) for one in found] == [("namu-velhanne", "file"), ("plaza-velhanne", "file")]
    schedules.sync(configuration, store)
    assert store.schedules.all() == found
    assert len(actions(store)) == 2


def test_another_clock_counts_from_now(store: Store, tmp_path: Path, hands: Hands) -> None:
    """A schedule whose clock was changed is the same schedule, due by its new clock from now on."""
    synced(store, tmp_path, NAMU)
    (before,) = store.schedules.all()
    hands.now += 10 * MINUTE
    synced(store, tmp_path, changed(NAMU, every=None, cron="0 6 * * *"))
    (after,) = store.schedules.all()
    assert after.id == before.id
    assert (after.anchor, after.next_at) == (NOON + 10 * MINUTE, datetime(2026, 3, 2, 6, tzinfo=UTC))
    assert actions(store)[-1] == ("schedule.change", "schedule/namu-velhanne")


def test_the_same_clock_keeps_its_next_time(store: Store, tmp_path: Path, hands: Hands) -> None:
    """Other search words or priorities do not put off, or bring forward, when a schedule is due."""
    configuration = synced(store, tmp_path, NAMU)
    (before,) = store.schedules.all()
    struck(configuration, store, before)
    hands.now += 10 * MINUTE
    synced(store, tmp_path, changed(NAMU, queries=("벨하네",), priority=70))
    (after,) = store.schedules.all()
    assert (after.anchor, after.next_at) == (NOON, NOON + HOUR)
    assert (after.sweep.queries, after.sweep.priority) == (("벨하네",), 70)


def test_a_change_keeps_what_is_known(store: Store, tmp_path: Path) -> None:
    """A schedule that is paused or failing stays so when its settings are changed."""
    synced(store, tmp_path, NAMU)
    number = schedules.pause(store, "namu-velhanne").id
    with store.transaction():
        store.schedules.conclude(
            number, result=Result.DOWN, at=NOON, failures=2, not_before=NOON + HOUR, note="HTTP 503"
        )
    synced(store, tmp_path, changed(NAMU, every="2h"))
    kept = store.schedules.one(number)
    assert (kept.state, kept.failures, kept.not_before) == ("paused", 2, NOON + HOUR)


def test_what_the_file_no_longer_holds_is_removed(store: Store, tmp_path: Path, hands: Hands) -> None:
    """It is due no longer, and its row stays; one that comes back begins anew."""
    configuration = synced(store, tmp_path, NAMU)
    (before,) = store.schedules.all()
    with store.transaction():
        store.schedules.conclude(before.id, result=Result.DOWN, at=NOON, failures=2, not_before=NOON + DAY, note="")
    empty = synced(store, tmp_path)
    assert store.schedules.all() == []
    assert [one.state for one in store.schedules.all(removed=True)] == ["removed"]
    assert schedules.strike(empty, store, before.id) is None
    hands.now += DAY
    schedules.sync(configuration, store)
    (back,) = store.schedules.all()
    assert (back.id, back.anchor, back.next_at) == (before.id, NOON + DAY, NOON + DAY)
    assert (back.failures, back.not_before) == (0, None)
    assert [action for action, _ in actions(store)] == ["schedule.add", "schedule.remove", "schedule.add"]


def test_whoever_only_looks_takes_nothing_away(store: Store, tmp_path: Path) -> None:
    """Commands with another touchstone.toml, or a changed one, leave what the scheduler sweeps; they can take it out by name."""
    synced(store, tmp_path, NAMU)
    other = synced(store, tmp_path, changed(NAMU, marketplace="plaza"), takes_away=False)
    assert [one.name for one in store.schedules.all()] == ["namu-velhanne", "plaza-velhanne"]
    schedules.remove(other, store, "namu-velhanne")
    assert [one.name for one in store.schedules.all()] == ["plaza-velhanne"]


def test_while_a_scheduler_runs_what_it_read_holds(store: Store, tmp_path: Path) -> None:
    """A command with another touchstone.toml changes nothing and starts nothing; what differs is told. Without one, it counts."""
    plaza, hourly = changed(NAMU, marketplace="plaza"), changed(NAMU, every="30m")
    synced(store, tmp_path, NAMU, changed(NAMU, called="old"))
    before = store.schedules.all()
    other = configured(tmp_path, hourly, plaza)
    with FileLock(lock_folder(other) / SCHEDULER_LOCK):
        schedules.catch_up(other, store)
        assert store.schedules.all() == before
        assert [line.split(":")[0] for line in schedules.differences(other, store)] == [
            "old is not in this touchstone.toml",
            "plaza-velhanne is new in this touchstone.toml",
            "namu-velhanne is otherwise in this touchstone.toml",
        ]
        with pytest.raises(UserError, match="a schedule called plaza-velhanne already"):
            schedules.add(other, store, plaza)
    schedules.catch_up(other, store)
    assert [line.split(":")[0] for line in schedules.differences(other, store)] == [
        "old is not in this touchstone.toml"
    ]
    assert [one.sweep.every for one in store.schedules.all()] == ["30m", "1h", "1h"]


def test_schedules_of_the_store_are_left_alone(store: Store, tmp_path: Path, configuration: Configuration) -> None:
    """What was added to the store does not go because touchstone.toml does not name it."""
    schedules.add(configuration, store, NAMU)
    synced(store, tmp_path, changed(NAMU, marketplace="plaza"))
    assert [(one.name, one.source) for one in store.schedules.all()] == [
        ("namu-velhanne", "store"),
        ("plaza-velhanne", "file"),
    ]


def test_a_name_in_both_is_refused(store: Store, tmp_path: Path, configuration: Configuration) -> None:
    """A name that is in the store and in touchstone.toml says how to be rid of one; then the file's is kept."""
    schedules.add(configuration, store, NAMU)
    with pytest.raises(UserError, match=r"is in touchstone\.toml, and was added to the store before") as caught:
        synced(store, tmp_path, changed(NAMU, every="6h"))
    assert "touchstone schedule remove namu-velhanne" in caught.value.hint
    schedules.remove(configured(tmp_path, changed(NAMU, every="6h")), store, "namu-velhanne")
    synced(store, tmp_path, changed(NAMU, every="6h"))
    assert [(one.source, one.sweep.every) for one in store.schedules.all()] == [("file", "6h")]


def test_a_clock_in_the_file_that_cannot_be_read_is_refused(store: Store, tmp_path: Path) -> None:
    """A line that is no cron line is named, and nothing is kept of it."""
    with pytest.raises(ConfigurationError, match="namu-velhanne: cron 'often' cannot be read"):
        synced(store, tmp_path, changed(NAMU, every=None, cron="often"))
    assert store.schedules.all() == []


# Paused, resumed, removed


def test_a_paused_schedule_is_not_due(store: Store, configuration: Configuration, hands: Hands) -> None:
    """It rests until it is resumed; what it missed meanwhile was not wanted."""
    number = schedules.add(configuration, store, NAMU).id
    assert schedules.pause(store, "namu-velhanne").state is ScheduleState.PAUSED
    hands.now += 5 * HOUR + 20 * MINUTE
    assert schedules.strike(configuration, store, number) is None
    resumed = schedules.resume(store, "namu-velhanne")
    assert (resumed.state, resumed.next_at) == (ScheduleState.ACTIVE, NOON + 6 * HOUR)
    assert schedules.strike(configuration, store, number) is None
    hands.now = NOON + 6 * HOUR
    assert struck(configuration, store, resumed).missed == 0
    assert [action for action, _ in actions(store)] == [
        "schedule.add", "schedule.pause", "schedule.resume", "sweep.queue",
    ]  # fmt: skip


def test_resuming_what_is_active_changes_nothing(store: Store, configuration: Configuration, hands: Hands) -> None:
    """A due time that waits to be served is not passed over."""
    kept = schedules.add(configuration, store, NAMU)
    hands.now += MINUTE
    assert schedules.resume(store, "namu-velhanne") == kept


def test_a_removed_schedule_is_gone_and_its_sweeps_stay(
    store: Store, configuration: Configuration, hands: Hands
) -> None:
    """Its name is free again, and what was done in its name is still there."""
    kept = schedules.add(configuration, store, NAMU)
    occurrence = struck(configuration, store, kept)
    schedules.remove(configuration, store, "namu-velhanne")
    hands.now += HOUR
    assert schedules.strike(configuration, store, kept.id) is None
    assert list(store.schedules.occurrences(kept.id)) == [occurrence]
    assert [sweep.id for sweep in store.sweeps.all()] == [occurrence.sweep]
    assert schedules.add(configuration, store, changed(NAMU, every="2h")).state is ScheduleState.ACTIVE


def test_a_schedule_of_the_file_is_removed_there(store: Store, tmp_path: Path) -> None:
    """What is in touchstone.toml would come back: the refusal says what to do instead."""
    configuration = synced(store, tmp_path, NAMU)
    with pytest.raises(UserError, match=r"is in touchstone\.toml") as caught:
        schedules.remove(configuration, store, "namu-velhanne")
    assert "touchstone schedule pause namu-velhanne" in caught.value.hint


@pytest.mark.parametrize("verb", ["pause", "resume", "remove"])
def test_a_name_that_is_not_there_gives_the_nearest(store: Store, configuration: Configuration, verb: str) -> None:
    """A slip of the fingers is answered with the name that was meant, and an empty store with how to add one."""
    given = (configuration, store) if verb == "remove" else (store,)
    with pytest.raises(UnknownName) as caught:
        getattr(schedules, verb)(*given, "namu-velhane")
    assert "touchstone schedule add" in caught.value.hint
    schedules.add(configuration, store, NAMU)
    with pytest.raises(UnknownName) as caught:
        getattr(schedules, verb)(*given, "namu-velhane")
    assert "namu-velhanne" in caught.value.hint


# Now


def test_a_schedule_can_be_run_now(store: Store, configuration: Configuration, hands: Hands) -> None:
    """Its sweep is queued ahead of what is due, and its clock goes on as if nothing had been."""
    kept = schedules.add(configuration, store, changed(NAMU, queries=("벨하네",), max_listings=5))
    found = store.sweeps.one(schedules.run_now(configuration, store, "namu-velhanne"))
    assert found is not None
    assert (found.status, found.request.trigger) == (SweepStatus.QUEUED, Trigger.SCHEDULE)
    assert (found.request.queries, found.request.max_listings) == (("벨하네",), 5)
    assert found.place is not None
    assert (found.place.schedule, found.place.due_at, found.place.priority) == (kept.id, None, RUN_NOW)
    assert store.schedules.one(kept.id) == kept


def test_it_is_not_run_twice_at_once(store: Store, configuration: Configuration) -> None:
    """While one of its sweeps waits or runs, another is refused with how to follow the first."""
    schedules.add(configuration, store, NAMU)
    first = schedules.run_now(configuration, store, "namu-velhanne")
    with pytest.raises(UserError, match=f"sweep {first} of namu-velhanne is queued already") as caught:
        schedules.run_now(configuration, store, "namu-velhanne")
    assert f"touchstone sweep watch {first}" in caught.value.hint
    end(store, first)
    assert schedules.run_now(configuration, store, "namu-velhanne") > first


# Due


def test_one_sweep_for_each_due_time(store: Store, configuration: Configuration, hands: Hands) -> None:
    """Each due time gives one sweep, which says whose and since when it is; the next one follows by the clock."""
    kept = schedules.add(configuration, store, changed(NAMU, priority=70))
    for number in range(3):
        hands.now = NOON + number * HOUR + 3 * MINUTE
        occurrence = struck(configuration, store, kept)
        assert (occurrence.due_at, occurrence.at) == (NOON + number * HOUR, hands.now)
        assert (occurrence.missed, occurrence.skipped) == (0, "")
        assert store.schedules.one(kept.id).next_at == NOON + (number + 1) * HOUR
        assert occurrence.sweep is not None
        sweep = store.sweeps.one(occurrence.sweep)
        assert sweep is not None
        assert sweep.place is not None
        assert (sweep.place.schedule, sweep.place.due_at, sweep.place.priority) == (kept.id, NOON + number * HOUR, 70)
        assert sweep.request.queries == ("Velhanne", "벨하네")
        end(store, occurrence.sweep)
    assert len(list(store.sweeps.all())) == 3
    assert check(store).faults == ()


def test_striking_twice_does_nothing_the_second_time(store: Store, configuration: Configuration) -> None:
    """A due time that has been served is not served again, and one that has not come is not served at all."""
    kept = schedules.add(configuration, store, NAMU)
    struck(configuration, store, kept)
    before = actions(store)
    assert schedules.strike(configuration, store, kept.id) is None
    assert (len(list(store.sweeps.all())), len(list(store.schedules.occurrences(kept.id)))) == (1, 1)
    assert actions(store) == before


@pytest.mark.parametrize(
    ("late", "missed", "told"),
    [
        pytest.param(59 * MINUTE, 0, False, id="nearly-an-hour"),
        pytest.param(HOUR, 1, False, id="one"),
        pytest.param(2 * HOUR, 2, True, id="two"),
        pytest.param(3 * DAY, 72, True, id="three-days"),
    ],
)
def test_one_sweep_catches_up_on_all_that_was_missed(
    store: Store, configuration: Configuration, hands: Hands, late: timedelta, missed: int, told: bool
) -> None:
    """However many times passed while nobody served them, one sweep does, and says how many; several are told of."""
    kept = schedules.add(configuration, store, NAMU)
    hands.now += late
    occurrence = struck(configuration, store, kept)
    assert (occurrence.due_at, occurrence.missed) == (NOON + missed * HOUR, missed)
    assert store.schedules.one(kept.id).next_at == NOON + (missed + 1) * HOUR
    assert len(list(store.sweeps.all())) == 1
    assert [(one.kind, one.subject) for one in alerts(store)] == [("times-missed", "namu-velhanne")] * told
    if told:
        assert f"was due {missed + 1} times while no scheduler ran" in alerts(store)[0].message
        assert alerts(store)[0].hint


def test_a_due_time_while_its_sweep_goes_on_is_skipped(
    store: Store, configuration: Configuration, hands: Hands
) -> None:
    """Never two sweeps of one schedule: the due time is kept as skipped, with the reason, and the one after it is served."""
    kept = schedules.add(configuration, store, NAMU)
    first = struck(configuration, store, kept)
    assert first.sweep is not None
    hands.now = NOON + HOUR
    assert struck(configuration, store, kept).skipped == f"sweep {first.sweep} of this schedule is still queued"
    with store.transaction():
        store.sweeps.reopen(first.sweep, hands.now)
    hands.now = NOON + 2 * HOUR
    skipped = struck(configuration, store, kept)
    assert (skipped.sweep, skipped.skipped) == (None, f"sweep {first.sweep} of this schedule is still running")
    end(store, first.sweep)
    hands.now = NOON + 3 * HOUR
    served = struck(configuration, store, kept)
    assert (served.skipped, served.missed) == ("", 0)
    assert [one.due_at for one in store.schedules.occurrences(kept.id)] == [NOON + n * HOUR for n in (3, 2, 1, 0)]
    assert alerts(store) == []


def test_a_failing_schedule_rests(store: Store, configuration: Configuration, hands: Hands) -> None:
    """Before the rest after a failure is over, due times are skipped and say until when; then it goes on."""
    kept = schedules.add(configuration, store, NAMU)
    with store.transaction():
        store.schedules.conclude(
            kept.id, result=Result.DOWN, at=NOON, failures=3, not_before=NOON + 90 * MINUTE, note="HTTP 503"
        )
    hands.now = NOON + HOUR
    skipped = struck(configuration, store, kept)
    assert (skipped.sweep, skipped.skipped) == (None, "it rests after 3 failures, until 2026-03-01 13:30 UTC")
    hands.now = NOON + 2 * HOUR
    assert struck(configuration, store, kept).sweep is not None


def test_what_cannot_be_swept_is_skipped_and_told_once(store: Store, tmp_path: Path, hands: Hands) -> None:
    """A brand that the catalog does not hold is one alert, however often it is due, and is over once it can be swept."""
    configuration = synced(store, tmp_path, changed(NAMU, brand="hanok"))
    (kept,) = store.schedules.all()
    for number in range(3):
        hands.now = NOON + number * HOUR
        occurrence = struck(configuration, store, kept)
        assert occurrence.sweep is None
        assert occurrence.skipped.startswith("cannot be swept: ")
        assert "hanok" in occurrence.skipped
    (told,) = alerts(store)
    assert (told.kind, told.subject, told.brand, told.marketplace) == (
        AlertKind.SCHEDULE_UNUSABLE, "namu-hanok", "hanok", "namu",
    )  # fmt: skip
    assert told.resolved_at is None
    assert told.hint
    with store.transaction():
        store.catalog.upsert(Catalog(brands=(Brand(id="hanok", name="Hanok"),)))
    hands.now = NOON + 3 * HOUR
    assert struck(configuration, store, kept).sweep is not None
    over, first = alerts(store)
    assert (over.over, over.message) == (True, "namu-hanok can be swept again")
    assert first.resolved_at == NOON + 3 * HOUR
    assert list(store.alerts.all(pending_only=True)) == []


@pytest.mark.parametrize("minute", [0, 10, 31, 45, 59])
def test_a_time_that_comes_twice_is_served_once(
    store: Store, configuration: Configuration, hands: Hands, minute: int
) -> None:
    """Whenever in the doubled hour of autumn a scheduler comes to it, the due time is served, and only once."""
    hands.now = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    sweep = changed(NAMU, every=None, cron="30 2 * * *", zone="Europe/Berlin")
    kept = schedules.add(configuration, store, sweep)
    hands.now = datetime(2026, 10, 25, 1, minute, tzinfo=UTC)
    occurrence = struck(configuration, store, kept)
    assert occurrence.due_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    end(store, occurrence.sweep)
    assert schedules.strike(configuration, store, kept.id) is None
    assert store.schedules.one(kept.id).next_at == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
