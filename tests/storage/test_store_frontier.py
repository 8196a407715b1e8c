"""The frontier: what is found once is fetched once, what is taken on comes back, what is given up says why."""

from __future__ import annotations

import pytest
from store_samples import Clock

from storage.frontier import LEASE_SECONDS, FrontierStore
from storage.store import Store
from touchstone.frontier import Outcome, PageKind, Validators, Visit
from touchstone.listing import PageStatus


@pytest.fixture
def clock(store: Store) -> Clock:
    """The frontier's clock."""
    clock = Clock()
    store.frontier = FrontierStore(store.db, clock)
    return clock


def listing(number: int) -> Visit:
    return Visit(kind=PageKind.LISTING, url=f"https://namu.example/item/{number}")


def test_the_same_address_is_added_once(store: Store, sweep_id: int, clock: Clock) -> None:
    """Order of parameters and fragment make no other page; another sweep has its own frontier."""
    first = Visit(kind=PageKind.LISTING, url="https://namu.example/item?a=1&b=2")
    again = Visit(kind=PageKind.LISTING, url="https://namu.example/item?b=2&a=1#reviews")
    assert store.frontier.add(sweep_id, [first, again]) == [first]
    assert store.frontier.add(sweep_id, [again]) == []


def test_hostile_addresses_are_kept_as_they_are(store: Store, sweep_id: int, clock: Clock) -> None:
    """An address that no parser takes is some page's link: it is a row like any other."""
    odd = [Visit(kind=PageKind.LISTING, url=url) for url in ("https://[::1", "https://namu.example:port/", "\x00")]
    assert store.frontier.add(sweep_id, odd) == odd
    assert {visit.url for visit in store.frontier.lease(sweep_id, 9).visits} == {visit.url for visit in odd}


def test_searches_come_first_and_listings_in_order(store: Store, sweep_id: int, clock: Clock) -> None:
    """A page of results is taken on before listings that were found earlier."""
    search = Visit(kind=PageKind.SEARCH, url="https://namu.example/search", query="q", number=1)
    store.frontier.add(sweep_id, [listing(1), listing(2), search])
    assert [visit.url for visit in store.frontier.lease(sweep_id, 3).visits] == [
        search.url,
        listing(1).url,
        listing(2).url,
    ]


def test_no_more_listings_than_asked_for(store: Store, sweep_id: int, clock: Clock) -> None:
    """``most`` counts all listings of the sweep, and searches not at all."""
    assert len(store.frontier.add(sweep_id, [listing(1), listing(2)], most=3)) == 2
    search = Visit(kind=PageKind.SEARCH, url="https://namu.example/search", query="q", number=2)
    assert store.frontier.add(sweep_id, [listing(3), listing(4), search], most=3) == [listing(3), search]


def test_what_is_taken_on_is_not_given_twice_until_the_lease_ends(store: Store, sweep_id: int, clock: Clock) -> None:
    """A worker that vanishes loses its visits after the lease; one that is known to be dead, at once."""
    store.frontier.add(sweep_id, [listing(1), listing(2)])
    assert len(store.frontier.lease(sweep_id, 2).visits) == 2
    assert store.frontier.lease(sweep_id, 2).visits == []
    clock.now += LEASE_SECONDS + 1
    assert len(store.frontier.lease(sweep_id, 2).visits) == 2
    assert store.frontier.release(sweep_id) == 2
    assert len(store.frontier.lease(sweep_id, 2).visits) == 2


def test_a_visit_put_back_falls_due_later(store: Store, sweep_id: int, clock: Clock) -> None:
    """The lease says how long to wait, and the tries are counted."""
    store.frontier.add(sweep_id, [listing(1)])
    (visit,) = store.frontier.lease(sweep_id, 1).visits
    store.frontier.put_back(visit, after=30, note="HTTP 503")
    assert store.frontier.lease(sweep_id, 1) == ([], 30.0)
    clock.now += 31
    ((again,), _) = store.frontier.lease(sweep_id, 1)
    assert again.attempts == 1
    store.frontier.settle(again, Outcome(status=PageStatus.LISTING))
    assert store.frontier.lease(sweep_id, 1) == ([], None)


def test_dead_letters_say_why_and_can_be_revived(store: Store, sweep_id: int, clock: Clock) -> None:
    """A visit that was given up is listed with its reason, counted, and tried again only when asked for."""
    store.frontier.add(sweep_id, [listing(1), listing(2)])
    first, second = store.frontier.lease(sweep_id, 2).visits
    store.frontier.give_up(first, Outcome(status=PageStatus.BLOCKED, http=403, problems=("captcha",)))
    store.frontier.settle(second, Outcome(status=PageStatus.GONE, http=404, rendered=True))
    (letter,) = store.frontier.dead_letters(sweep_id)
    assert (letter.url, letter.status, letter.note) == (listing(1).url, PageStatus.BLOCKED, "captcha")
    progress = store.frontier.progress(sweep_id)
    assert progress.states == {"dead": 1, "done": 1}
    assert progress.pages == {"blocked": 1, "gone": 1}
    assert progress.browser_pages == 1
    assert progress.problems == ("captcha",)
    assert store.frontier.revive(sweep_id) == 1
    assert store.frontier.progress(sweep_id).open == 1


def test_validators_are_handed_out_with_the_visit(store: Store, sweep_id: int, clock: Clock) -> None:
    """What a server gave with a page comes back when the page is due again, in any sweep."""
    given = Validators(recipe="r1", etag='"abc"', last_modified=None)
    store.frontier.keep_validators(listing(1).url, given)
    store.frontier.add(sweep_id, [listing(1), listing(2)])
    assert [visit.validators for visit in store.frontier.lease(sweep_id, 2).visits] == [given, None]
