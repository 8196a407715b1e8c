"""Sellers: known by the marketplace's number on a day, and never by a name that anyone can choose."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from detectors.matching import Matcher
from detectors.samples import catalog, listing
from detectors.seller import SellerDetector
from touchstone.catalog import AuthorizedSeller, Catalog
from touchstone.listing import Seller

BASE = catalog()
SPRING = AuthorizedSeller(
    brand="velhanne", marketplace="namu", seller_id="nm-5", valid_from=date(2026, 3, 1), valid_until=date(2026, 5, 31)
)
CATALOG = msgspec.structs.replace(BASE, authorized=(*BASE.authorized, SPRING))
NOON = datetime(2026, 4, 15, 12, tzinfo=UTC)


def _kinds(seller: Seller | None, at: datetime = NOON, known: Catalog = CATALOG, **changes: Any) -> set[str]:
    seen = listing(seller=seller, seen_at=at, **changes)
    return {finding.kind for finding in SellerDetector.build(known).examine(seen, Matcher(known).match(seen))}


def _seller(number: str, marketplace: str = "namu", **more: Any) -> Seller:
    return Seller(marketplace=marketplace, seller_id=number, **more)


@pytest.mark.parametrize(
    ("day", "kinds"),
    [
        (date(2026, 2, 28), {"authorization_expired"}), (date(2026, 3, 1), {"seller_authorized"}),
        (date(2026, 4, 15), {"seller_authorized"}), (date(2026, 5, 31), {"seller_authorized"}),
        (date(2026, 6, 1), {"authorization_expired"}),
    ],
    ids=["day-before", "first-day", "between", "last-day", "day-after"],
)  # fmt: skip
@pytest.mark.parametrize("hour", [0, 23], ids=["first-hour", "last-hour"])
def test_an_authorization_holds_from_its_first_day_to_its_last(day: date, kinds: set[str], hour: int) -> None:
    """Both days are included, from their first hour to their last."""
    assert _kinds(_seller("nm-5"), datetime(day.year, day.month, day.day, hour, 59, tzinfo=UTC)) == kinds


def test_the_day_is_that_of_utc() -> None:
    """The morning of the first of June in Seoul is still May in UTC, as the catalog's days are counted."""
    seoul = timezone(timedelta(hours=9))
    assert _kinds(_seller("nm-5"), datetime(2026, 6, 1, 5, tzinfo=seoul)) == {"seller_authorized"}


def test_one_valid_entry_of_several_is_enough() -> None:
    """A renewed authorization counts, in whichever order the list holds the two."""
    renewed = AuthorizedSeller(brand="velhanne", marketplace="namu", seller_id="nm-2", valid_from=date(2026, 4, 1))
    for entries in ((*CATALOG.authorized, renewed), (renewed, *CATALOG.authorized)):
        known = msgspec.structs.replace(CATALOG, authorized=entries)
        assert _kinds(_seller("nm-2"), known=known) == {"seller_authorized"}


def test_a_name_is_no_authorization() -> None:
    """The display name of an authorized seller under another number is a stranger's."""
    assert "seller_not_authorized" in _kinds(_seller("nm-77", name="벨하네 공식스토어"))
    assert "seller_authorized" not in _kinds(_seller("nm-77", name="nm-1"))


@pytest.mark.parametrize("name", [None, "", "아무 가게", "Totally Different Shop"], ids=repr)
def test_an_authorized_number_needs_no_name(name: str | None) -> None:
    """The number alone decides, whatever the shop calls itself."""
    assert _kinds(_seller("nm-1", name=name)) == {"seller_authorized"}


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("벨하네 공식 스토어", True), ("Velhanne Official Store", True), ("VELHANNE flagship", True), ("Vеlhаnnе Official", True),
        ("벨하네 본사직영", True), ("벨하네 마니아", False), ("공식 스토어", False), ("Official Outdoor Store", False), (None, False),
    ],
    ids=repr,
)  # fmt: skip
def test_a_name_that_claims_the_brand_is_said(name: str | None, claims: bool) -> None:
    """It takes both the brand, however written, and the claim to be its own shop."""
    assert ("seller_name_claims_brand" in _kinds(_seller("nm-9", name=name))) is claims


def test_nobody_is_called_unauthorized_where_nobody_is_listed() -> None:
    """On a marketplace without a list, and without a seller, it says that this is not known: an empty list is no prohibition."""
    assert _kinds(_seller("nm-9", marketplace="plaza")) == {"seller_unknown"}
    assert _kinds(None) == {"seller_unknown"}
    assert _kinds(_seller("nm-9"), known=msgspec.structs.replace(CATALOG, authorized=())) == {"seller_unknown"}


def test_a_number_is_of_one_marketplace() -> None:
    """The same number elsewhere is another seller."""
    there = AuthorizedSeller(brand="velhanne", marketplace="plaza", seller_id="pl-1")
    known = msgspec.structs.replace(CATALOG, authorized=(*CATALOG.authorized, there))
    assert "seller_not_authorized" in _kinds(_seller("nm-1", marketplace="plaza"), known=known)


@pytest.mark.parametrize(("private", "said"), [(True, True), (False, False), (None, False)], ids=str)
def test_a_private_person_is_said_where_the_marketplace_says_it(private: bool | None, said: bool) -> None:
    """What the marketplace does not say is not guessed."""
    assert ("seller_is_private" in _kinds(_seller("nm-9", private=private))) is said


@pytest.mark.parametrize(
    ("since", "young"),
    [(NOON.date(), True), (NOON.date() - timedelta(days=30), True), (date(2015, 1, 1), False), (NOON.date() + timedelta(days=3), False), (None, False)],
    ids=["today", "a-month", "years", "future", "unknown"],
)  # fmt: skip
def test_a_young_account_is_said(since: date | None, young: bool) -> None:
    """Months count as young, years do not, and a day that is yet to come or unknown says nothing."""
    assert ("seller_account_young" in _kinds(_seller("nm-9", since=since))) is young


def test_it_speaks_only_of_goods_that_are_the_brands() -> None:
    """An accessory that fits may be sold by anyone."""
    assert _kinds(_seller("nm-9"), title="벨하네 호환 자켓 커버", brand=None) == set()
