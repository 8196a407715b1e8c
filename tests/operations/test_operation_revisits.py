"""Looking again at flagged listings: which are due, what a sweep visits beside them, and that there is only one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from operations import clock, revisits
from operations.judge import judge
from operations.keeping import keep_listing
from operations.queue import REVISIT
from operations.standings import PUT_OFF, WHILE_UP, put_off
from operations.sweep import Errand, _locks
from storage.store import Store
from tests.conftest import Hands
from tests.storage.store_samples import BRAND, a_flag, a_listing, a_look, prepare
from touchstone.configuration import Configuration, MarketplaceSettings, SchedulerSettings, Settings
from touchstone.errors import StoreLocked
from touchstone.sweeps import Place, Sweep, SweepReport, SweepRequest, SweepStatus, Trigger
from touchstone.verdicts import Decision

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ADAPTERS = Path(__file__).parents[2] / "fixtures/demo/marketplaces"
PLACES = ("namu", "plaza")


@pytest.fixture
def store(tmp_path: Path, hands: Hands) -> Iterator[Store]:
    """A store with two brands, two marketplaces and an analyst's sweep that runs."""
    with Store.open(tmp_path / "store") as opened:
        prepare(opened)
        with opened.transaction():
            opened.sweeps.know_marketplace("plaza", title="Plaza", base_url="https://plaza.example")
        yield opened


def configured(
    folder: Path, *, most: int = 200, adapters: Path = ADAPTERS, places: tuple[str, ...] = PLACES
) -> Configuration:
    """An installation that knows these marketplaces' addresses."""
    settings = Settings(
        store="store", marketplace_folders=(str(adapters),),
        marketplaces={name: MarketplaceSettings(base_url=f"https://{name}.example") for name in places},
        scheduler=SchedulerSettings(revisits_per_sweep=most),
    )  # fmt: skip
    return Configuration(folder=folder, settings=settings)


def url(name: str, place: str = "namu") -> str:
    return f"https://{place}.example/item/{name}"


def saw(
    store: Store, name: str, probability: float | None = 0.9, *, place: str = "namu", address: str | None = None
) -> str:
    """A listing that is seen now, flagged so unless there is no probability; returns its address."""
    plain = a_listing(name, seller=None)
    address = address or url(name, place)
    listing = msgspec.structs.replace(plain, marketplace=place, url=address, seen_at=clock.now())
    request = SweepRequest(marketplace=place, brand=BRAND, queries=("벨하네",))
    with store.transaction():
        number = store.sweeps.open(request, clock.now())
        store.sweeps.close(number, SweepReport(status=SweepStatus.COMPLETE), clock.now())
    flags = () if probability is None else (a_flag(probability=probability),)
    keep_listing(store, number, a_look(listing, *flags), None)
    return address


def end(store: Store, number: int, status: SweepStatus = SweepStatus.COMPLETE) -> None:
    """Have a queued sweep be over."""
    with store.transaction():
        store.sweeps.reopen(number, clock.now())
        store.sweeps.close(number, SweepReport(status=status), clock.now())


def one(store: Store, number: int) -> Sweep:
    found = store.sweeps.one(number)
    assert found is not None
    return found


def queued(store: Store) -> list[SweepRequest]:
    """What the sweeps that wait ask for."""
    return [sweep.request for sweep in store.sweeps.waiting(clock.now())]


# What is due


def test_one_sweep_for_each_marketplace(store: Store, hands: Hands, tmp_path: Path) -> None:
    """Each visits its own listings, waits behind most schedules, belongs to no brand, and the audit log tells of it."""
    namu, plaza = saw(store, "N1"), saw(store, "P1", place="plaza")
    hands.now += DAY
    numbers = revisits.plan(configured(tmp_path), store)
    sweeps = {sweep.request.marketplace: sweep for sweep in (one(store, number) for number in numbers)}
    assert {name: sweep.request for name, sweep in sweeps.items()} == {
        "namu": SweepRequest(marketplace="namu", urls=(namu,), trigger=Trigger.REVISIT),
        "plaza": SweepRequest(marketplace="plaza", urls=(plaza,), trigger=Trigger.REVISIT),
    }
    for sweep in sweeps.values():
        assert (sweep.status, sweep.place) == (SweepStatus.QUEUED, Place(priority=REVISIT))
    assert sorted(entry.subject for entry in store.audit.entries() if entry.action == "sweep.queue") == sorted(
        f"sweep/{number}" for number in numbers
    )


def test_looking_for_what_is_due_queues_nothing(store: Store, hands: Hands, tmp_path: Path) -> None:
    """``due`` only says what there would be."""
    address = saw(store, "L1")
    hands.now += DAY
    (errand,) = revisits.due(configured(tmp_path), store)
    assert (errand.request.urls, errand.marketplace.name, errand.known) == ((address,), "namu", None)
    assert queued(store) == []


def test_what_was_seen_lately_is_not_due(store: Store, hands: Hands, tmp_path: Path) -> None:
    """A listing rests for some hours after it was seen, and is due from then on."""
    saw(store, "L1")
    hands.now += WHILE_UP[0] - MINUTE
    assert revisits.plan(configured(tmp_path), store) == []
    hands.now += MINUTE
    assert len(revisits.plan(configured(tmp_path), store)) == 1


@pytest.mark.parametrize("names", [(), ("L1", "L2", "L3")], ids=["empty", "unflagged"])
def test_nothing_is_due_without_flags(store: Store, hands: Hands, tmp_path: Path, names: tuple[str, ...]) -> None:
    """Listings that nobody suspects are no reason for a sweep."""
    for name in names:
        saw(store, name, None)
    hands.now += 30 * DAY
    assert revisits.due(configured(tmp_path), store) == []
    assert revisits.plan(configured(tmp_path), store) == []


def test_nothing_is_due_of_what_was_dismissed(store: Store, hands: Hands, tmp_path: Path) -> None:
    """What a person holds to be harmless is left alone."""
    saw(store, "L1")
    (flag,) = store.flags.ranked()
    judge(store, flag.id, Decision.DISMISS, actor="kim")
    hands.now += DAY
    assert revisits.plan(configured(tmp_path), store) == []


# What a sweep visits


def test_the_riskiest_come_first_then_signs_of_life(store: Store, hands: Hands, tmp_path: Path) -> None:
    """Confirmed ones, then the likeliest, then up to three that were seen last, each once."""
    for name, probability in {"L1": 0.2, "L2": 0.7, "L3": 0.9, "L4": 0.5}.items():
        saw(store, name, probability)
    (flag,) = [one.id for one in store.flags.ranked() if one.listing.url == url("L1")]
    judge(store, flag, Decision.CONFIRM, actor="kim")
    hands.now += DAY
    for name in ("A1", "A2", "A3", "A4"):
        hands.now += MINUTE
        saw(store, name, None)
    (errand,) = revisits.due(configured(tmp_path), store)
    flagged, alive = errand.request.urls[:4], errand.request.urls[4:]
    assert flagged == (url("L1"), url("L3"), url("L2"), url("L4"))
    assert alive == (url("A4"), url("A3"), url("A2"))


def test_signs_of_life_that_are_due_are_visited_once(store: Store, hands: Hands, tmp_path: Path) -> None:
    """A marketplace with few listings has none beside those that are due."""
    saw(store, "L1", 0.5)
    saw(store, "L2", 0.7)
    hands.now += DAY
    (errand,) = revisits.due(configured(tmp_path), store)
    assert errand.request.urls == (url("L2"), url("L1"))


def test_signs_of_life_are_of_the_same_marketplace(store: Store, hands: Hands, tmp_path: Path) -> None:
    """Another marketplace's listings say nothing of this one."""
    saw(store, "N1")
    hands.now += DAY
    saw(store, "P1", None, place="plaza")
    (errand,) = revisits.due(configured(tmp_path), store)
    assert errand.request.urls == (url("N1"),)


@pytest.mark.parametrize("most", [1, 2, 5, 6, 200])
def test_a_sweep_looks_at_no_more_than_the_setting(store: Store, hands: Hands, tmp_path: Path, most: int) -> None:
    """``revisits_per_sweep`` bounds what is due, the riskiest of it; the signs of life come on top."""
    for number in range(1, 7):
        saw(store, f"L{number}", 0.9 - number / 10)
    hands.now += DAY
    for name in ("A1", "A2", "A3", "A4"):
        saw(store, name, None)
    (errand,) = revisits.due(configured(tmp_path, most=most), store)
    flagged = tuple(url(f"L{number}") for number in range(1, 7))[:most]
    assert errand.request.urls[: len(flagged)] == flagged
    assert len(errand.request.urls) == len(flagged) + revisits.SIGNS_OF_LIFE


def test_what_a_full_sweep_left_is_next(store: Store, hands: Hands, tmp_path: Path) -> None:
    """Those that were put off or seen make room for the less risky ones."""
    for number in range(1, 4):
        saw(store, f"L{number}", 0.9 - number / 10)
    hands.now += DAY
    (number,) = revisits.plan(configured(tmp_path, most=1), store)
    end(store, number, SweepStatus.FAILED)
    with store.transaction():
        put_off(store, Sweep(id=number, request=msgspec.structs.replace(one(store, number).request, urls=(url("L1"),)),
                             status=SweepStatus.FAILED, started_at=clock.now()), clock.now())  # fmt: skip
    (errand,) = revisits.due(configured(tmp_path, most=1), store)
    assert errand.request.urls[0] == url("L2")
    hands.now += PUT_OFF
    (errand,) = revisits.due(configured(tmp_path, most=1), store)
    assert errand.request.urls[0] == url("L1")


# One at a time


def test_one_waits_at_most(store: Store, hands: Hands, tmp_path: Path) -> None:
    """However often it is planned, there is one that waits or runs; when it has ended and nothing was seen, another."""
    saw(store, "L1")
    hands.now += DAY
    (number,) = revisits.plan(configured(tmp_path), store)
    assert revisits.plan(configured(tmp_path), store) == []
    with store.transaction():
        store.sweeps.reopen(number, clock.now())
    hands.now += DAY
    assert revisits.plan(configured(tmp_path), store) == []
    end(store, number)
    assert len(revisits.plan(configured(tmp_path), store)) == 1


def test_one_marketplace_does_not_wait_for_another(store: Store, hands: Hands, tmp_path: Path) -> None:
    """While one marketplace's sweep waits, another's is queued."""
    saw(store, "N1")
    hands.now += DAY
    revisits.plan(configured(tmp_path), store)
    saw(store, "P1", place="plaza")
    hands.now += DAY
    (number,) = revisits.plan(configured(tmp_path), store)
    assert one(store, number).request.marketplace == "plaza"


@pytest.mark.parametrize("trigger", [Trigger.ANALYST, Trigger.SCHEDULE])
def test_others_sweeps_do_not_keep_it_waiting(store: Store, hands: Hands, tmp_path: Path, trigger: Trigger) -> None:
    """A sweep for new listings is another matter, even of the same marketplace."""
    saw(store, "L1")
    with store.transaction():
        store.sweeps.enqueue(SweepRequest(marketplace="namu", brand=BRAND, trigger=trigger), NOON, Place())
    hands.now += DAY
    assert len(revisits.plan(configured(tmp_path), store)) == 1


def errands(store: Store, folder: Path) -> tuple[Errand, Errand]:
    """A revisit of the marketplace, and an analyst's sweep of listings there."""
    saw(store, "L1")
    clock.use(lambda: NOON + DAY, 1.0)
    (revisit,) = revisits.due(configured(folder), store)
    asked = msgspec.structs.replace(revisit.request, trigger=Trigger.ANALYST)
    return revisit, msgspec.structs.replace(revisit, request=asked)


def test_an_analyst_need_not_wait_for_it(store: Store, tmp_path: Path) -> None:
    """A sweep that looks again, and one that an analyst makes of the same addresses, may run side by side."""
    here = configured(tmp_path)
    revisit, asked = errands(store, tmp_path)
    with _locks(here, [revisit]), _locks(here, [asked]):
        assert sorted(path.name for path in (tmp_path / "store/locks").glob("namu*.lock")) == [
            "namu+any.lock", "namu+revisit.lock",
        ]  # fmt: skip


@pytest.mark.parametrize("which", [0, 1], ids=["revisits", "analysts"])
def test_two_of_a_kind_do_not_run_at_once(store: Store, tmp_path: Path, which: int) -> None:
    """The second is refused with what to do."""
    here, errand = configured(tmp_path), errands(store, tmp_path)[which]
    with _locks(here, [errand]), pytest.raises(StoreLocked, match="namu") as caught, _locks(here, [errand]):
        pass
    assert caught.value.hint


# Marketplaces that cannot be visited


def adapters(folder: Path, changes: dict[str, tuple[str, str]]) -> Path:
    """The demo's marketplaces with something replaced in some of them."""
    made = folder / "adapters"
    made.mkdir()
    for path in ADAPTERS.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        before, after = changes.get(path.stem, ("", ""))
        assert before in text
        (made / path.name).write_text(text.replace(before, after, 1) if before else text, encoding="utf-8")
    return made


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(('base_url = "http://127.0.0.1:8801"\n', ""), id="no-address"),
        pytest.param(('currency = "KRW"\n', "currency = \n"), id="no-toml"),
        pytest.param(('currency = "KRW"\n', ""), id="key-missing"),
        pytest.param(("h1.item-title", "h1["), id="selector"),
    ],
)
def test_a_marketplace_that_cannot_be_visited_is_left_out(
    store: Store, hands: Hands, tmp_path: Path, change: tuple[str, str]
) -> None:
    """Without an address, or with a file that cannot be read, it is passed over; the others are visited."""
    saw(store, "N1")
    saw(store, "P1", place="plaza")
    hands.now += DAY
    folder = adapters(tmp_path, {"namu": change})
    (number,) = revisits.plan(configured(tmp_path, adapters=folder, places=("plaza",)), store)
    assert one(store, number).request.marketplace == "plaza"


def test_a_marketplace_that_nobody_describes_any_more_is_left_out(store: Store, hands: Hands, tmp_path: Path) -> None:
    """Its listings stay in the store, and are not asked for."""
    saw(store, "N1")
    hands.now += DAY
    folder = adapters(tmp_path, {})
    (folder / "namu.toml").unlink()
    assert revisits.due(configured(tmp_path, adapters=folder), store) == []


def test_addresses_elsewhere_are_left_alone(store: Store, hands: Hands, tmp_path: Path) -> None:
    """A marketplace that has moved is visited where it is now, and not where it was."""
    saw(store, "old", 0.9, address="https://old.example/item/old")
    saw(store, "new", 0.5)
    hands.now += DAY
    (errand,) = revisits.due(configured(tmp_path), store)
    assert errand.request.urls == (url("new"),)


def test_signs_of_life_alone_are_no_reason(store: Store, hands: Hands, tmp_path: Path) -> None:
    """Where what is due may not be fetched any more, a sweep of the rest would be made again and again."""
    saw(store, "old", address="https://old.example/item/old")
    hands.now += DAY
    saw(store, "new", None)
    assert revisits.due(configured(tmp_path), store) == []


def test_addresses_elsewhere_take_nobodys_place(store: Store, hands: Hands, tmp_path: Path) -> None:
    """However risky they are, the listings that can be visited are."""
    saw(store, "old", 0.9, address="https://old.example/item/old")
    saw(store, "new", 0.5)
    hands.now += DAY
    saw(store, "alive", None)
    (errand,) = revisits.due(configured(tmp_path, most=1), store)
    assert errand.request.urls[0] == url("new")
