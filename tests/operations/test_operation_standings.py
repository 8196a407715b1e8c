"""What became of flagged listings: told from what their own pages showed, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from operations import clock, revisits
from operations.judge import judge
from operations.keeping import keep_listing
from operations.queue import REVISIT
from operations.standings import PUT_OFF, WHILE_GONE, WHILE_UP, keep_standings
from storage.store import Store
from tests.storage.store_samples import OTHER_BRAND, a_flag, a_listing, a_look, prepare
from touchstone.configuration import Configuration, MarketplaceSettings, SchedulerSettings, Settings
from touchstone.frontier import Outcome, PageKind, Visit
from touchstone.images import ListingImage
from touchstone.listing import Availability, Listing, PageStatus
from touchstone.money import Money
from touchstone.standing import Change, ListingStanding, Standing
from touchstone.sweeps import SweepReport, SweepRequest, SweepStatus, Trigger
from touchstone.verdicts import Decision, Flag

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADAPTERS = Path(__file__).parents[2] / "fixtures/demo/marketplaces"
PHOTO, OTHER_PHOTO = "ab" * 32, "cd" * 32
SOLD_OUT = Availability.SOLD_OUT


class Page(NamedTuple):
    """What a visit to a listing's page came to."""

    url: str
    status: PageStatus
    http: int | None = 200
    listing: Listing | None = None
    flags: tuple[Flag, ...] = ()


def url(name: str) -> str:
    return f"https://namu.example/item/{name}"


def shows(name: str = "L1", *flags: Flag, unflagged: bool = False, photo: str | None = None, **terms: Any) -> Page:
    """The page offers the listing, which is flagged unless it is said not to be."""
    images = (ListingImage(url=f"{url(name)}.jpg", sha256=photo),) if photo else ()
    plain = a_listing(name, price=terms.pop("price", 49_000), seller=terms.pop("seller", "s1"))
    changes = {key: terms.pop(key) for key in ("title",) if key in terms}
    offer = msgspec.structs.replace(plain.offer, **terms)
    listing = msgspec.structs.replace(plain, offer=offer, images=images, **changes)
    status = PageStatus.SOLD_OUT if offer.availability is SOLD_OUT else PageStatus.LISTING
    return Page(url(name), status, listing=listing, flags=() if unflagged else flags or (a_flag(),))


def gone(name: str = "L1", http: int = 404) -> Page:
    return Page(url(name), PageStatus.GONE, http)


def trouble(name: str = "L1", status: PageStatus = PageStatus.BLOCKED) -> Page:
    """The page was not had."""
    return Page(url(name), status, 403)


class Watch:
    """A store whose clock stands until it is moved, and sweeps that see what they are told to."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOON

    def sweep(
        self, *pages: Page, status: SweepStatus = SweepStatus.COMPLETE, revisit: bool = False, later: timedelta = HOUR
    ) -> int:
        """A sweep that begins after a while, sees these pages and ends so; returns its number."""
        self.now += later
        request = SweepRequest(marketplace="namu", brand="velhanne", queries=("벨하네",))
        if revisit:
            urls = tuple(page.url for page in pages)
            request = SweepRequest(marketplace="namu", urls=urls, trigger=Trigger.REVISIT)
        with self.store.transaction():
            number = self.store.sweeps.open(request, self.now)
            self.store.frontier.add(number, [Visit(kind=PageKind.LISTING, url=page.url) for page in pages])
            for visit in self.store.frontier.lease(number, 99).visits:
                self._visit(number, visit, next(page for page in pages if page.url == visit.url))
            self.store.sweeps.close(number, SweepReport(status=status), self.now)
            keep_standings(self.store, number, self.now)
        return number

    def _visit(self, number: int, visit: Visit, page: Page) -> None:
        outcome = Outcome(status=page.status, http=page.http)
        if page.listing is not None:
            seen = msgspec.structs.replace(page.listing, seen_at=self.now)
            keep_listing(self.store, number, a_look(seen, *page.flags), None)
        if page.status in (PageStatus.BLOCKED, PageStatus.LOGIN, PageStatus.ERROR):
            self.store.frontier.give_up(visit, outcome)
        else:
            self.store.frontier.settle(visit, outcome)

    def row(self, name: str = "L1") -> int:
        (row,) = self.store.listings.rows_at(url(name))
        return row

    def stands(self, name: str = "L1") -> ListingStanding | None:
        return self.store.standings.of(self.row(name))

    def standing(self, name: str = "L1") -> Standing:
        found = self.stands(name)
        assert found is not None
        return found.standing

    def changes(self, name: str = "L1") -> list[str]:
        return [event.change for event in self.store.standings.events(self.row(name))]

    def details(self, name: str = "L1") -> list[str]:
        return [event.detail for event in self.store.standings.events(self.row(name))]

    def flag(self, name: str = "L1") -> int:
        """The number of a listing's flag."""
        (found,) = [one.id for one in self.store.flags.ranked(status=None) if one.listing_row == self.row(name)]
        return found

    def judge(self, decision: Decision, name: str = "L1") -> None:
        judge(self.store, self.flag(name), decision, actor="kim")

    def due(self, most: int = 99) -> list[str]:
        """The names of the listings that are due for another look."""
        found = list(self.store.standings.due("namu", now=self.now, unseen_since=self.now - WHILE_UP[0]))[:most]
        return [one.removeprefix(url("")) for one in found]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """A store with two brands and a marketplace, and a clock to move."""
    with Store.open(tmp_path / "store") as store:
        made = Watch(store)
        prepare(store)
        clock.use(lambda: made.now, 1.0)
        yield made
        clock.use(lambda: datetime.now(UTC), 1.0)


# Changes


def test_a_flagged_listing_is_watched_from_its_first_sweep_on(watch: Watch) -> None:
    """It stands as it was seen, nothing has changed yet, and the next look is some hours away."""
    watch.sweep(shows())
    assert watch.stands() == ListingStanding(
        listing_row=watch.row(), standing=Standing.UP, since=watch.now, checked_at=watch.now, next_at=watch.now + WHILE_UP[0]
    )  # fmt: skip
    assert watch.changes() == []


@pytest.mark.parametrize("status", [SweepStatus.COMPLETE, SweepStatus.PARTIAL])
@pytest.mark.parametrize("http", [404, 410, 200])
def test_a_page_that_says_gone_is_a_removal(watch: Watch, http: int, status: SweepStatus) -> None:
    """Removed is what the page itself says, by its status or in words; the event names sweep and time."""
    watch.sweep(shows())
    number = watch.sweep(gone(http=http), status=status)
    (event,) = watch.store.standings.events(watch.row())
    assert (event.change, event.sweep, event.at, event.detail) == (Change.REMOVED, number, watch.now, "")
    found = watch.stands()
    assert found is not None
    assert (found.standing, found.since) == (Standing.GONE, watch.now)


def test_a_listing_that_nobody_looked_at_again_can_be_gone(watch: Watch) -> None:
    """Flagged by hand of a sweep that drew no conclusions, it was up when it was flagged: now it is removed."""
    watch.sweep(shows(), status=SweepStatus.DEGRADED)
    assert watch.stands() is None
    watch.sweep(gone())
    assert watch.changes() == [Change.REMOVED]


STORIES = [
    pytest.param([shows(), gone(), gone()], ["removed"], Standing.GONE, id="removed-once"),
    pytest.param([shows(), gone(), shows()], ["removed", "relisted"], Standing.UP, id="relisted"),
    pytest.param([shows(), gone(), shows(), gone()], ["removed", "relisted", "removed"], Standing.GONE, id="again"),
    pytest.param([shows(), shows(availability=SOLD_OUT)], ["sold_out"], Standing.SOLD_OUT, id="sold-out"),
    pytest.param([shows(), shows(availability=SOLD_OUT), shows()], ["sold_out", "restocked"], Standing.UP, id="restocked"),
    pytest.param([shows(availability=SOLD_OUT), shows()], ["restocked"], Standing.UP, id="sold-out-at-first"),
    pytest.param([shows(), shows(availability=SOLD_OUT), gone()], ["sold_out", "removed"], Standing.GONE, id="sold-then-gone"),
    pytest.param([shows(), gone(), shows(availability=SOLD_OUT)], ["removed", "relisted"], Standing.SOLD_OUT, id="back-sold"),
    pytest.param([shows(), shows(), shows()], [], Standing.UP, id="nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("pages", "changes", "standing"), STORIES)
def test_what_became_of_it(watch: Watch, pages: list[Page], changes: list[str], standing: Standing) -> None:
    """Each change is told once, in the order in which it was seen."""
    for page in pages:
        watch.sweep(page)
    assert watch.changes() == changes
    assert watch.standing() is standing


@pytest.mark.parametrize(
    ("page", "detail"),
    [
        pytest.param(shows(price=39_000), f"price: {Money(49_000, 'KRW')} → {Money(39_000, 'KRW')}", id="price"),
        pytest.param(shows(title="가방"), "title: 벨하네 가죽 토트백 L1 → 가방", id="title"),
        pytest.param(shows(seller="s2"), "seller: s1 → s2", id="seller"),
        pytest.param(shows(seller=None), "seller: s1 → none", id="no-seller"),
        pytest.param(
            shows(title="가방", price=39_000),
            f"title: 벨하네 가죽 토트백 L1 → 가방; price: {Money(49_000, 'KRW')} → {Money(39_000, 'KRW')}",
            id="both",
        ),
    ],
)
def test_other_terms_are_a_change(watch: Watch, page: Page, detail: str) -> None:
    """Another price, title or seller is told in words, once, and begins the looks anew."""
    for _ in range(3):
        watch.sweep(shows())
    watch.sweep(page)
    assert (watch.changes(), watch.details()) == ([Change.CHANGED], [detail])
    found = watch.stands()
    assert found is not None
    assert (found.checks, found.next_at) == (0, watch.now + WHILE_UP[0])
    watch.sweep(page)
    assert watch.changes() == [Change.CHANGED]


@pytest.mark.parametrize("status", [SweepStatus.DEGRADED, SweepStatus.FAILED, SweepStatus.INTERRUPTED])
@pytest.mark.parametrize("page", [gone(), shows(availability=SOLD_OUT), shows(price=1)], ids=["gone", "sold", "price"])
def test_a_sweep_that_went_wrong_says_nothing(watch: Watch, page: Page, status: SweepStatus) -> None:
    """What a degraded, failed or interrupted sweep saw changes no standing."""
    watch.sweep(shows())
    before = watch.stands()
    watch.sweep(page, status=status)
    assert watch.stands() == before
    assert watch.changes() == []


@pytest.mark.parametrize("status", [SweepStatus.DEGRADED, SweepStatus.FAILED])
def test_what_was_misread_meanwhile_is_no_change(watch: Watch, status: SweepStatus) -> None:
    """What a bad sweep took for price and title does not make those that were there all the time new ones."""
    watch.sweep(shows())
    watch.sweep(shows(price=1, title="?"), status=status)
    watch.sweep(shows())
    assert (watch.changes(), watch.details()) == ([], [])


@pytest.mark.parametrize("status", [SweepStatus.DEGRADED, SweepStatus.FAILED])
def test_what_a_bad_sweep_saw_first_is_told_by_a_good_one(watch: Watch, status: SweepStatus) -> None:
    """A new price is not lost because a sweep that draws no conclusions saw it first."""
    watch.sweep(shows())
    watch.sweep(shows(price=39_000), status=status)
    watch.sweep(shows(price=39_000))
    assert watch.details() == [f"price: {Money(49_000, 'KRW')} → {Money(39_000, 'KRW')}"]


@pytest.mark.parametrize(
    "status", [PageStatus.BLOCKED, PageStatus.LOGIN, PageStatus.ERROR, PageStatus.EMPTY, PageStatus.FORBIDDEN]
)
def test_a_block_or_an_error_is_no_removal(watch: Watch, status: PageStatus) -> None:
    """Only the page itself speaks of removal, even in a sweep that is good otherwise."""
    watch.sweep(shows())
    before = watch.stands()
    watch.sweep(trouble(status=status), shows("L2"), status=SweepStatus.PARTIAL)
    assert watch.stands() == before
    assert watch.changes() == []


def test_a_page_that_nobody_fetched_says_nothing(watch: Watch) -> None:
    """A listing that a sweep passed by, because another saw it lately, was not looked at."""
    watch.sweep(shows())
    before = watch.stands()
    watch.sweep(Page(url("L1"), PageStatus.LISTING, http=None))
    assert watch.stands() == before


@pytest.mark.parametrize("flag", [False, True], ids=["never-flagged", "dismissed"])
def test_what_nobody_suspects_is_not_watched(watch: Watch, flag: bool) -> None:
    """A listing without a flag, or whose flag was dismissed before anybody looked again, has no standing."""
    watch.sweep(shows(unflagged=not flag), status=SweepStatus.DEGRADED)
    if flag:
        watch.judge(Decision.DISMISS)
    watch.sweep(shows(unflagged=not flag))
    watch.sweep(gone())
    assert watch.stands() is None
    assert watch.changes() == []
    watch.now += 9 * DAY
    assert watch.due() == []


# The same goods as another listing


def test_the_same_photo_says_that_it_is_back(watch: Watch) -> None:
    """A new flagged listing with a photo of one that is gone takes that one up: told at the old one."""
    watch.sweep(shows(photo=PHOTO))
    watch.sweep(gone())
    number = watch.sweep(shows("L2", photo=PHOTO, seller="s9"))
    event = watch.store.standings.events(watch.row())[-1]
    assert (event.change, event.sweep, event.detail) == (Change.RELISTED_AS, number, "namu/L2: the same photo")
    assert watch.standing() is Standing.GONE
    assert watch.changes("L2") == []


def test_one_sweep_may_see_both(watch: Watch) -> None:
    """The removal and the listing that follows may be seen by the same sweep."""
    watch.sweep(shows(photo=PHOTO))
    watch.sweep(gone(), shows("L2", photo=PHOTO))
    assert watch.changes() == [Change.REMOVED, Change.RELISTED_AS]


def _of_product(product: str | None, brand: str = "velhanne") -> Flag:
    return msgspec.structs.replace(a_flag(brand=brand), product=product)


def test_the_same_seller_and_product_say_that_it_is_back(watch: Watch) -> None:
    """A seller's new offer of the product whose listing is gone takes that one up."""
    watch.sweep(shows("L1", _of_product("velhanne/VT-1")))
    watch.sweep(gone())
    watch.sweep(shows("L2", _of_product("velhanne/VT-1")))
    assert watch.changes() == [Change.REMOVED, Change.RELISTED_AS]
    assert watch.details()[-1] == "namu/L2: the same seller's offer of the same product"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(shows(photo=PHOTO), shows("L2", photo=OTHER_PHOTO), id="other-photo"),
        pytest.param(shows(photo=PHOTO), shows("L2", photo=PHOTO, unflagged=True), id="not-flagged"),
        pytest.param(shows(photo=PHOTO), shows("L2", a_flag(brand=OTHER_BRAND), photo=PHOTO), id="other-brand"),
        pytest.param(shows("L1", _of_product("velhanne/VT-1")), shows("L2", _of_product("velhanne/VT-2")), id="other-product"),
        pytest.param(shows("L1", _of_product("velhanne/VT-1")), shows("L2", _of_product("velhanne/VT-1"), seller="s2"), id="other-seller"),
        pytest.param(shows("L1", _of_product(None)), shows("L2", _of_product(None)), id="no-product"),
        pytest.param(shows("L1", _of_product("v/1"), seller=None), shows("L2", _of_product("v/1"), seller=None), id="no-seller"),
    ],
)  # fmt: skip
def test_less_than_that_says_nothing(watch: Watch, before: Page, after: Page) -> None:
    """Another photo, brand, product or seller, or a listing that is not suspected, takes up nothing."""
    watch.sweep(before)
    watch.sweep(gone())
    watch.sweep(after)
    assert watch.changes() == [Change.REMOVED]


def test_what_was_there_before_takes_up_nothing(watch: Watch) -> None:
    """A listing that was up beside the one that is gone now did not follow it."""
    watch.sweep(shows(photo=PHOTO), shows("L2", photo=PHOTO))
    watch.sweep(gone(), shows("L2", photo=PHOTO))
    assert watch.changes() == [Change.REMOVED]


def test_a_listing_that_is_back_itself_is_not_looked_for(watch: Watch) -> None:
    """Its photos are forgotten once it is up again."""
    watch.sweep(shows(photo=PHOTO))
    watch.sweep(gone())
    watch.sweep(shows(photo=PHOTO))
    watch.sweep(shows("L2", photo=PHOTO))
    assert watch.changes() == [Change.REMOVED, Change.RELISTED]


# When it is looked at again


def _gaps(watch: Watch, page: Page, looks: int) -> list[timedelta | None]:
    """The times to the next look, each look made when it was due."""
    gaps: list[timedelta | None] = []
    for _ in range(looks):
        found = watch.stands()
        assert found is not None
        gaps.append(found.next_at - watch.now if found.next_at else None)
        if found.next_at is None:
            break
        assert watch.due() == []
        watch.sweep(page, later=found.next_at - watch.now)
    return gaps


def test_a_listing_that_stays_up_is_looked_at_more_and_more_seldom(watch: Watch) -> None:
    """From some hours to some weeks, and never less often than that."""
    watch.sweep(shows())
    assert _gaps(watch, shows(), len(WHILE_UP) + 2) == [*WHILE_UP, WHILE_UP[-1], WHILE_UP[-1]]


def test_looks_in_between_slow_nothing_down(watch: Watch) -> None:
    """What sweeps see by the way counts as seen, but only a look that was due makes the next one later."""
    watch.sweep(shows())
    for _ in range(20):
        watch.sweep(shows(), later=HOUR / 4)
    found = watch.stands()
    assert found is not None
    assert (found.checks, found.next_at) == (0, watch.now + WHILE_UP[0])
    watch.sweep(shows(), revisit=True, later=WHILE_UP[0])
    found = watch.stands()
    assert found is not None
    assert (found.checks, found.next_at) == (1, watch.now + WHILE_UP[1])


def test_a_listing_that_stays_gone_is_left_alone_in_the_end(watch: Watch) -> None:
    """It is looked for some weeks whether it comes back, and then no more."""
    watch.sweep(shows())
    watch.sweep(gone())
    assert _gaps(watch, gone(), len(WHILE_GONE) + 3) == [*WHILE_GONE, None]
    watch.now += 999 * DAY
    assert watch.due() == []


def test_a_listing_is_due_when_its_time_has_come(watch: Watch) -> None:
    """Not a moment before."""
    watch.sweep(shows())
    watch.now += WHILE_UP[0] - timedelta(seconds=1)
    assert watch.due() == []
    watch.now += timedelta(seconds=1)
    assert watch.due() == ["L1"]


def test_a_flag_without_any_look_is_due_as_well(watch: Watch) -> None:
    """A listing that was flagged in a sweep without conclusions is looked at some hours after it was seen."""
    watch.sweep(shows(), status=SweepStatus.DEGRADED)
    assert watch.due() == []
    watch.now += WHILE_UP[0]
    assert watch.due() == ["L1"]


@pytest.mark.parametrize(
    "status", [SweepStatus.COMPLETE, SweepStatus.PARTIAL, SweepStatus.DEGRADED, SweepStatus.FAILED]
)
@pytest.mark.parametrize("looked", [True, False], ids=["looked-before", "never-looked"])
def test_a_revisit_that_could_not_look_puts_off(watch: Watch, looked: bool, status: SweepStatus) -> None:
    """A listing whose page was not had is not asked for again at once, and stands as it did."""
    watch.sweep(shows(), status=SweepStatus.COMPLETE if looked else SweepStatus.DEGRADED)
    watch.now += DAY
    assert watch.due() == ["L1"]
    watch.sweep(trouble(), status=status, revisit=True)
    assert watch.due() == []
    found = watch.stands()
    assert found is not None
    assert (found.standing, found.next_at) == (Standing.UP, watch.now + PUT_OFF)
    watch.now += PUT_OFF
    assert watch.due() == ["L1"]
    assert watch.changes() == []


def test_an_interrupted_revisit_goes_on_later(watch: Watch) -> None:
    """What it has not seen yet is still its own, and not put off."""
    watch.sweep(shows())
    before = watch.stands()
    watch.sweep(trouble(), status=SweepStatus.INTERRUPTED, revisit=True, later=DAY)
    assert watch.stands() == before


def test_a_revisit_watches_no_more_than_is_flagged(watch: Watch) -> None:
    """The signs of life that it visits beside the others get no standing."""
    watch.sweep(shows(), shows("L2", unflagged=True))
    watch.sweep(trouble(), trouble("L2"), status=SweepStatus.FAILED, revisit=True, later=DAY)
    assert watch.stands("L2") is None


def test_what_was_seen_is_not_put_off(watch: Watch) -> None:
    """A revisit puts off only what it did not see."""
    watch.sweep(shows(), shows("L2"))
    watch.sweep(shows(), trouble("L2"), status=SweepStatus.PARTIAL, revisit=True, later=DAY)
    seen, not_seen = watch.stands(), watch.stands("L2")
    assert seen is not None
    assert not_seen is not None
    assert (seen.next_at, not_seen.next_at) == (watch.now + WHILE_UP[1], watch.now + PUT_OFF)


def test_confirming_brings_the_next_look_forward(watch: Watch) -> None:
    """A notice may follow: a listing that is looked at every other week is looked at soon, and often from there on."""
    watch.sweep(shows())
    _gaps(watch, shows(), 5)
    watch.judge(Decision.CONFIRM)
    found = watch.stands()
    assert found is not None
    assert (found.checks, found.next_at) == (0, watch.now + WHILE_UP[0])


def test_confirming_puts_nothing_off(watch: Watch) -> None:
    """A look that is due sooner anyway stays due."""
    watch.sweep(shows())
    before = watch.stands()
    watch.now += HOUR
    watch.judge(Decision.CONFIRM)
    after = watch.stands()
    assert before is not None
    assert after is not None
    assert after.next_at == before.next_at


def test_confirming_looks_for_what_was_left_alone(watch: Watch) -> None:
    """A listing that was gone for good is looked for once more."""
    watch.sweep(shows())
    watch.sweep(gone())
    _gaps(watch, gone(), 9)
    watch.judge(Decision.CONFIRM)
    watch.now += WHILE_UP[0]
    assert watch.due() == ["L1"]


@pytest.mark.parametrize(
    ("decision", "due"),
    [(Decision.UNSURE, ["L1"]), (Decision.CONFIRM, ["L1"]), (Decision.DISMISS, [])],
    ids=["unsure", "confirmed", "dismissed"],
)
def test_a_dismissed_listing_is_looked_at_no_more(watch: Watch, decision: Decision, due: list[str]) -> None:
    """What a person holds to be harmless is left alone; a doubt is not."""
    watch.sweep(shows())
    watch.judge(decision)
    watch.now += DAY
    assert watch.due() == due


def test_the_riskiest_are_looked_at_first(watch: Watch) -> None:
    """Confirmed ones first, then the likeliest; no more than asked for."""
    chances = {"L1": 0.5, "L2": 0.9, "L3": 0.2, "L4": 0.7}
    watch.sweep(*(shows(name, a_flag(probability=chance)) for name, chance in chances.items()))
    watch.judge(Decision.CONFIRM, "L3")
    watch.now += DAY
    assert watch.due() == ["L3", "L2", "L4", "L1"]
    assert watch.due(most=2) == ["L3", "L2"]


# The sweeps that look again


def configured(folder: Path, most: int = 200) -> Configuration:
    """An installation that knows the marketplace."""
    return Configuration(
        folder=folder,
        settings=Settings(
            store="store", marketplace_folders=(str(ADAPTERS),),
            marketplaces={"namu": MarketplaceSettings(base_url="https://namu.example")},
            scheduler=SchedulerSettings(revisits_per_sweep=most),
        ),
    )  # fmt: skip


def test_one_sweep_looks_at_what_is_due(watch: Watch, tmp_path: Path) -> None:
    """It waits behind most schedules, visits what is due and some that were up lately, and there is only one."""
    watch.sweep(shows("L1"), shows("L2"))
    assert revisits.plan(configured(tmp_path), watch.store) == []
    watch.sweep(shows("L3", unflagged=True), later=DAY)
    (number,) = revisits.plan(configured(tmp_path), watch.store)
    sweep = watch.store.sweeps.one(number)
    assert sweep is not None
    assert (sweep.status, sweep.request.trigger, sweep.request.marketplace) == ("queued", Trigger.REVISIT, "namu")
    assert sweep.request.urls == (url("L1"), url("L2"), url("L3"))
    assert sweep.place is not None
    assert sweep.place.priority == REVISIT
    assert revisits.plan(configured(tmp_path), watch.store) == []


def test_a_sweep_looks_at_no_more_than_the_setting(watch: Watch, tmp_path: Path) -> None:
    """The rest is due for the next one; the signs of life come on top."""
    watch.sweep(*(shows(f"L{number}") for number in range(1, 7)))
    watch.now += DAY
    (errand,) = revisits.due(configured(tmp_path, most=2), watch.store)
    assert errand.request.urls[:2] == (url("L1"), url("L2"))
    assert len(errand.request.urls) == 2 + revisits.SIGNS_OF_LIFE


def test_nothing_is_due_without_flags(watch: Watch, tmp_path: Path) -> None:
    """Signs of life alone are no reason for a sweep."""
    watch.sweep(shows(unflagged=True))
    watch.now += 9 * DAY
    assert revisits.due(configured(tmp_path), watch.store) == []
