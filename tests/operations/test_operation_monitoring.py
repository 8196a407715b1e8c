"""What a monitoring system reads: every number comes from the store, and what is wrong is said."""

from __future__ import annotations

import json
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from operations import clock
from operations.judge import judge
from operations.keeping import keep_listing
from operations.monitoring import STALE_SECONDS, health, served
from storage.pace import PaceStore
from storage.store import Store
from tests.storage.store_samples import BRAND, OTHER_BRAND, a_flag, a_listing, a_look, prepare
from touchstone.alerts import Alert, AlertKind
from touchstone.configuration import Configuration, ScheduledSweep, SchedulerSettings, Settings
from touchstone.errors import ConfigurationError
from touchstone.pace import Limits
from touchstone.schedules import Result, ScheduleSource, ScheduleState
from touchstone.standing import ListingStanding, Standing
from touchstone.sweeps import Place, SweepReport, SweepRequest, SweepStatus
from touchstone.verdicts import Decision, Label

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = NOON + 5 * HOUR
Numbers = dict[tuple[str, ...], float]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An installation's folder with a new store; the clock stands at noon."""
    clock.use(lambda: NOON, 1.0)
    with Store.open(tmp_path / "store") as store:
        prepare(store)
    yield tmp_path
    clock.use(lambda: datetime.now(UTC), 1.0)


def configured(folder: Path, listen: str | None = "127.0.0.1:0") -> Configuration:
    """An installation that answers on a free port of loopback."""
    settings = Settings(store="store", scheduler=SchedulerSettings(listen=listen))
    return Configuration(folder=folder, settings=settings)


def ask(address: str) -> tuple[int, str]:
    """The status and body of an answer."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def scraped(folder: Path, looked_at: datetime = NOON) -> dict[str, Numbers]:
    """What is served: for each sample's name, the values by their labels in the order of the labels' names."""
    with served(configured(folder), lambda: looked_at) as address:
        assert address is not None
        status, text = ask(address)
    assert status == 200
    found: dict[str, Numbers] = {}
    for family in text_string_to_metric_families(text):
        found.setdefault(family.name, {})
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def enqueue(store: Store, at: datetime, **place: Any) -> int:
    return store.sweeps.enqueue(SweepRequest(marketplace="namu", brand=BRAND), at, Place(**place))


def schedule(store: Store, name: str, marketplace: str = "namu") -> int:
    sweep = ScheduledSweep(brand=BRAND, marketplace=marketplace, every="1h", called=name)
    return store.schedules.put(sweep, ScheduleSource.STORE, anchor=NOON, next_at=NOON + HOUR)


def fill(folder: Path) -> None:
    """A store in which something of everything has happened."""
    with Store.open(folder / "store") as store:
        for name in ("L1", "L2", "L3"):
            keep_listing(store, 1, a_look(a_listing(name), a_flag()), None)
        clock.use(lambda: NOON + HOUR, 1.0)
        flags = (a_flag(), a_flag(Label.PRICE_POLICY), a_flag(brand=OTHER_BRAND))
        keep_listing(store, 1, a_look(a_listing("L4"), *flags), None)
        judge(store, 1, Decision.CONFIRM, actor="kim")
        judge(store, 2, Decision.DISMISS, actor="kim")
        for number in (4, 5):
            judge(store, number, Decision.UNSURE, actor="kim")
        with store.transaction():
            pages = {"listing": 3, "blocked": 1}
            store.sweeps.close(1, SweepReport(status=SweepStatus.PARTIAL, pages=pages), NOON)
            done = store.sweeps.open(SweepRequest(marketplace="namu"), NOON)
            store.sweeps.close(done, SweepReport(status=SweepStatus.COMPLETE, pages={"listing": 4}), NOON)
            store.sweeps.know_marketplace("plaza", title="Plaza", base_url="https://plaza.example")
            store.sweeps.open(SweepRequest(marketplace="plaza"), NOON)
            enqueue(store, NOON + 4 * HOUR)
            enqueue(store, NOON + 2 * HOUR)
            for name, standing in (("L1", Standing.GONE), ("L2", Standing.UP), ("L3", Standing.UP)):
                (row,) = store.listings.rows_at(a_listing(name).url)
                store.standings.keep(ListingStanding(listing_row=row, standing=standing, since=NOON, checked_at=NOON))
            for _ in range(3):
                store.pace.give_back([store.pace.take("namu", "process", Limits(gap=0.0, concurrency=9)).slot])
            yesterday = PaceStore(store.db, lambda: datetime.now(UTC).timestamp() - 86400)
            yesterday.take("plaza", "process", Limits(gap=0.0, concurrency=9))
            good, bad, paused = schedule(store, "good"), schedule(store, "bad", "plaza"), schedule(store, "paused")
            store.schedules.conclude(good, result=Result.COMPLETE, at=NOON, failures=0, not_before=None, note="")
            store.schedules.conclude(bad, result=Result.DOWN, at=NOON, failures=3, not_before=NOON, note="HTTP 503")
            store.schedules.stand(paused, ScheduleState.PAUSED, next_at=NOON)
            store.schedules.stand(schedule(store, "removed"), ScheduleState.REMOVED, next_at=NOON)
            down = Alert(kind=AlertKind.MARKETPLACE_DOWN, subject="bad", message="down")
            store.alerts.tell(down, NOON)
            store.alerts.tell(msgspec.structs.replace(down, subject="other"), NOON)
            store.alerts.resolve(AlertKind.MARKETPLACE_DOWN, "other", NOON, "over")
            store.alerts.inform(Alert(kind=AlertKind.DIGEST, subject=BRAND, message="quiet"), NOON)
            (first, *_) = [alert.id for alert, _ in store.alerts.unsent(NOON + 24 * HOUR)]
            store.alerts.keep_sent(first, {}, done=False, fault="HTTP 500", next_try=NOON)


PREFIX = "touchstone_"
EXPECTED: dict[str, Numbers] = {
    "sweeps": {("namu", "partial"): 1, ("namu", "complete"): 1, ("namu", "queued"): 2, ("plaza", "running"): 1},
    "pages_total": {("namu", "listing"): 7, ("namu", "blocked"): 1},
    "requests_today": {("namu",): 3},
    "flags": {
        (BRAND, "counterfeit", "confirmed"): 1, (BRAND, "counterfeit", "dismissed"): 1,
        (BRAND, "counterfeit", "open"): 1, (BRAND, "counterfeit", "unsure"): 1, (BRAND, "price_policy", "unsure"): 1,
        (OTHER_BRAND, "counterfeit", "open"): 1,
    },
    "review_age_seconds": {(BRAND,): 5 * 3600, (OTHER_BRAND,): 4 * 3600},
    "watched_listings": {("namu", "up"): 2, ("namu", "gone"): 1},
    "queue_sweeps": {(): 2},
    "queue_age_seconds": {(): 3 * 3600},
    "schedule_last_success_timestamp_seconds": {
        (BRAND, "namu", "good"): NOON.timestamp(), (BRAND, "plaza", "bad"): 0, (BRAND, "namu", "paused"): 0,
    },
    "schedule_failures": {(BRAND, "namu", "good"): 0, (BRAND, "plaza", "bad"): 3, (BRAND, "namu", "paused"): 0},
    "schedule_next_timestamp_seconds": {
        (BRAND, "namu", "good"): (NOON + HOUR).timestamp(), (BRAND, "plaza", "bad"): (NOON + HOUR).timestamp(),
    },
    "schedule_result": {(BRAND, "namu", "complete", "good"): 1, (BRAND, "plaza", "down", "bad"): 1},
    "alerts_total": {("marketplace-down",): 3, ("digest",): 1},
    "alerts_active": {("marketplace-down",): 1, ("digest",): 0},
    "alerts_untold": {(): 1},
    "scheduler_look_timestamp_seconds": {(): NOON.timestamp()},
}  # fmt: skip


@pytest.fixture
def full(folder: Path) -> Path:
    """An installation in which something of everything has happened, seen some hours later."""
    fill(folder)
    clock.use(lambda: NOW, 1.0)
    return folder


def test_every_number_is_that_of_the_store(full: Path) -> None:
    """Each family has the values that follow from what is stored, and there is no other."""
    found = scraped(full)
    samples = {name.removeprefix(PREFIX): values for name, values in found.items() if values}
    assert samples == EXPECTED


def test_an_empty_store_has_every_family(folder: Path) -> None:
    """What has no value yet is there by name, so that nobody takes silence for health; the queue is empty."""
    found = scraped(folder)
    assert {name.removesuffix("_total") for name in EXPECTED} <= {name.removeprefix(PREFIX) for name in found}
    assert found["touchstone_queue_sweeps"] == {(): 0}
    assert found["touchstone_queue_age_seconds"] == {(): 0}


def test_numbers_are_read_anew_each_time(full: Path) -> None:
    """What another process stores is served at once, and a restart of the server loses nothing."""
    with served(configured(full), lambda: NOON) as address, Store.open(full / "store") as store:
        assert address is not None
        assert "touchstone_queue_sweeps 2.0" in ask(address)[1]
        with store.transaction():
            enqueue(store, NOON)
        assert "touchstone_queue_sweeps 3.0" in ask(address)[1]
    assert scraped(full)["touchstone_queue_sweeps"] == {(): 3}


def test_ages_are_never_negative(full: Path) -> None:
    """A clock that was set back makes nothing younger than new."""
    clock.use(lambda: NOON - HOUR, 1.0)
    found = scraped(full)
    assert found["touchstone_queue_age_seconds"] == {(): 0}
    assert set(found["touchstone_review_age_seconds"].values()) == {0}


def test_names_of_all_sorts_are_served(folder: Path) -> None:
    """A quotation mark, a backslash or a line end in a name does not break the text."""
    odd = 'na"mu\\n\n나무'
    with Store.open(folder / "store") as store, store.transaction():
        store.sweeps.know_marketplace(odd, title="Odd", base_url="https://odd.example")
        store.sweeps.open(SweepRequest(marketplace=odd), NOON)
    assert scraped(folder)["touchstone_sweeps"][odd, "running"] == 1


def test_a_well_scheduler_says_so(folder: Path) -> None:
    """``/healthz`` answers 200 while the scheduler looks and the store answers."""
    with served(configured(folder), lambda: NOON - timedelta(seconds=STALE_SECONDS)) as address:
        assert address is not None
        status, body = ask(address.replace("/metrics", "/healthz"))
    assert status == 200
    assert json.loads(body) == {
        "status": "ok", "faults": [], "looked_at": (NOON - timedelta(seconds=STALE_SECONDS)).isoformat(),
    }  # fmt: skip


def test_a_scheduler_that_no_longer_looks_is_unwell(folder: Path) -> None:
    """A look that is too long ago is a 503 that says how long."""
    with served(configured(folder), lambda: NOON - timedelta(seconds=STALE_SECONDS + 1)) as address:
        assert address is not None
        status, body = ask(address.replace("/metrics", "/healthz"))
    assert status == 503
    told = json.loads(body)
    assert (told["status"], told["faults"]) == ("unwell", ["the scheduler has not looked at the store for 61 s"])


@pytest.mark.parametrize("how", ["gone", "garbage"])
def test_a_store_that_does_not_answer_is_unwell(folder: Path, how: str) -> None:
    """A store that is gone, or is none any more, is a 503 that says so; the numbers are refused, not invented."""
    with served(configured(folder), lambda: NOON) as address:
        assert address is not None
        shutil.rmtree(folder / "store")
        if how == "garbage":
            (folder / "store").mkdir()
            (folder / "store" / "touchstone.sqlite3").write_bytes(b"garbage" * 1000)
        status, body = ask(address.replace("/metrics", "/healthz"))
        refused, why = ask(address)
    assert (status, refused) == (503, 503)
    assert str(folder / "store") in why
    (fault,) = json.loads(body)["faults"]
    assert str(folder / "store") in fault


def test_health_counts_real_seconds(folder: Path) -> None:
    """A clock that runs a thousand times as fast makes nobody unwell a thousand times as soon."""
    clock.use(lambda: NOON, 1000.0)
    assert health(configured(folder), NOON - timedelta(seconds=STALE_SECONDS * 900))["status"] == "ok"
    assert health(configured(folder), NOON - timedelta(seconds=STALE_SECONDS * 1100))["status"] == "unwell"


def test_there_is_nothing_else(folder: Path) -> None:
    """Any other path is a 404 that says what there is."""
    with served(configured(folder), lambda: NOON) as address:
        assert address is not None
        for path in ("/", "/metrics/", "/healthz/x", "/../store", "/favicon.ico"):
            status, body = ask(address.removesuffix("/metrics") + path)
            assert (status, json.loads(body)) == (404, {"see": ["/metrics", "/healthz"]}), path


def test_nothing_listens_unless_it_is_asked_to(folder: Path) -> None:
    """Without ``listen`` there is no address."""
    with served(configured(folder, listen=None), lambda: NOON) as address:
        assert address is None


def test_it_is_quiet_afterwards(folder: Path) -> None:
    """Once the block has ended, nobody answers any more, and the port is free again."""
    with served(configured(folder), lambda: NOON) as address:
        assert address is not None
    with pytest.raises(OSError, match="refused"):
        ask(address)
    port = int(address.removesuffix("/metrics").rpartition(":")[2])
    with served(configured(folder, listen=f"127.0.0.1:{port}"), lambda: NOON) as again:
        assert again == address


def test_a_client_that_says_nothing_holds_nobody_up(folder: Path) -> None:
    """Somebody who connects and stays silent does not keep others from their answer."""
    with served(configured(folder), lambda: NOON) as address:
        assert address is not None
        port = int(address.removesuffix("/metrics").rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)):
            assert ask(address)[0] == 200


def test_a_taken_port_is_named(folder: Path) -> None:
    """The refusal names the setting and the address, and says what to do."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        taken = f"127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(ConfigurationError) as caught, served(configured(folder, listen=taken), lambda: NOON):
            pass
    assert f"[scheduler] listen: {taken} cannot be listened on" in caught.value.message
    assert "free port" in caught.value.hint


@pytest.mark.parametrize("listen", ["127.0.0.1:65536", "127.0.0.1:99999"], ids=["one-too-many", "the-most"])
def test_a_port_that_is_none_is_named(folder: Path, listen: str) -> None:
    """A number that no port can have is refused like a port that is taken."""
    with pytest.raises(ConfigurationError) as caught, served(configured(folder, listen=listen), lambda: NOON):
        pass
    assert listen in caught.value.message
