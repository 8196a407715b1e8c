"""What is learned about kinds of pages, and the addresses that tell them apart."""

from __future__ import annotations

import pytest

from storage.rendering import LOOK_AGAIN, MOST_KINDS, TRIALS
from storage.store import Store
from touchstone.frontier import Way, page_kind


def ways(store: Store, count: int, kind: str = "/item/#") -> list[Way]:
    return [store.rendering.choose("namu", kind) for _ in range(count)]


def test_the_first_pages_are_looked_at_both_ways(store: Store) -> None:
    """Then HTTP where it was enough, the browser where it gave more."""
    assert set(ways(store, TRIALS)) == {Way.BOTH}
    for _ in range(TRIALS):
        store.rendering.learn("namu", "/item/#", browser_more=False)
        store.rendering.learn("namu", "/live/#", browser_more=True)
    assert set(ways(store, 5)) == {Way.HTTP}
    assert set(ways(store, 5, "/live/#")) == {Way.BROWSER}


def test_nothing_learned_means_to_go_on_looking(store: Store) -> None:
    """Errors teach nothing, so a kind that only failed is still looked at both ways."""
    assert set(ways(store, 10)) == {Way.BOTH}


def test_a_small_share_is_looked_at_again_for_ever(store: Store) -> None:
    """So that a marketplace that changes is noticed."""
    for _ in range(TRIALS):
        store.rendering.learn("namu", "/item/#", browser_more=False)
    assert ways(store, 10 * LOOK_AGAIN).count(Way.BOTH) == 10


def test_a_change_is_believed(store: Store) -> None:
    """Old looks weigh less and less."""
    for _ in range(500):
        store.rendering.learn("namu", "/item/#", browser_more=False)
    for _ in range(40):
        store.rendering.learn("namu", "/item/#", browser_more=True)
    assert Way.BROWSER in ways(store, 3)


def test_hostile_addresses_make_no_endless_table(store: Store) -> None:
    """Beyond a number of kinds the rest share a row."""
    for number in range(MOST_KINDS + 50):
        store.rendering.choose("namu", f"/{'x' * (number % 16)}{number}")
    (rows,) = store.db.execute("SELECT count(*) FROM rendering").fetchone()
    assert rows == MOST_KINDS + 1


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://a.example/item/4711?ref=a1", "/item/#?ref"),
        ("https://a.example/item/4712", "/item/#"),
        ("https://a.example/view?no=7&type=live", "/view?no&type=live"),
        ("https://a.example/p/red-wool-hat-for-winter", "/p/#"),
        ("https://a.example/", "/"),
        ("https://[broken", "?"),
    ],
)
def test_page_kind(url: str, kind: str) -> None:
    """What varies from page to page is taken out; what may choose a template stays."""
    assert page_kind(url) == kind
