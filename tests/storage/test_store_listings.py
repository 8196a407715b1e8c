"""Listings as they were seen: newest state in one place, every observation in another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import (
    MARKETPLACE,
    NOON,
    a_capture,
    a_flag,
    a_listing,
    a_look,
    a_screening,
    observations_of,
    prepare,
    taken_back,
)

from operations.keeping import keep_listing
from storage.check import check
from storage.store import Store
from touchstone.errors import StoreError
from touchstone.images import Fingerprint, ListingImage
from touchstone.listing import Availability, Condition, Listing, Offer, Seller
from touchstone.money import Money
from touchstone.sweeps import SweepRequest

PRINT = Fingerprint(version=1, whole="a" * 64, trimmed="b" * 64, mirrored="c" * 64, width=640, height=480)
FULL = Listing(
    marketplace=MARKETPLACE, listing_id="full", url="https://namu.example/item/full", title="정품 S급 “미러급”", seen_at=NOON,
    offer=Offer(
        price=Money(49_000, "KRW"), list_price=Money(1_290_000, "KRW"), condition=Condition.NEW,
        availability=Availability.SOLD_OUT, stock=3,
        seller=Seller(
            marketplace=MARKETPLACE, seller_id="s1", name="명품나라", url="https://namu.example/s1",
            business_number="123-45-67890", private=False, country="KR", since=date(2024, 2, 29), rating=4.5,
            rating_count=12,
        ),
    ),
    brand="VELHANNE", gtins=("8801234567893",), mpn="VT1", category="가방", description="설명\n둘째 줄",
    attributes={"색상": "검정"}, options={"size": ("M", "L")},
    images=(
        ListingImage(url="https://namu.example/1.jpg", sha256="1" * 64, fingerprint=PRINT),
        ListingImage(url="https://namu.example/2.jpg"),
    ),
    provenance={"price": "schema:offers.price"},
)  # fmt: skip


def observe(store: Store, listing: Listing, sweep_id: int) -> int:
    with store.transaction():
        return store.listings.observe(listing, sweep_id)


@pytest.mark.parametrize("listing", [FULL, a_listing(seller=None)], ids=["every-field", "no-seller"])
def test_a_listing_comes_back_as_it_was_seen(store: Store, sweep_id: int, listing: Listing) -> None:
    """``one`` and ``all`` give a listing equal to the one that was stored, down to the last field."""
    row = observe(store, listing, sweep_id)
    assert store.listings.one(row) == listing
    assert list(store.listings.all()) == [(row, listing)]


def test_seen_twice_gives_two_observations_and_one_listing(store: Store, sweep_id: int) -> None:
    """The newest state is the listing's; both prices are kept."""
    first = observe(store, a_listing(price=49_000), sweep_id)
    second = observe(store, a_listing(price=39_000, minutes=90), sweep_id)
    assert first == second
    assert list(store.listings.all()) == [(first, a_listing(price=39_000, minutes=90))]
    assert observations_of(store, "L1") == [
        (49_000, "2026-03-01T12:00:00+00:00"),
        (39_000, "2026-03-01T13:30:00+00:00"),
    ]
    seen = store.db.conn.execute("SELECT first_seen, last_seen FROM listings").fetchone()
    assert seen == ("2026-03-01T12:00:00+00:00", "2026-03-01T13:30:00+00:00")


def test_seen_in_a_later_sweep_it_belongs_to_that_one(store: Store, sweep_id: int) -> None:
    """``last_sweep`` follows the listing; each observation stays with its own sweep."""
    row = observe(store, a_listing(), sweep_id)
    with store.transaction():
        later = store.sweeps.open(SweepRequest(marketplace=MARKETPLACE), NOON)
    observe(store, a_listing(minutes=1), later)
    assert store.db.conn.execute("SELECT last_sweep FROM listings WHERE id = ?", [row]).fetchone() == (later,)
    sweeps = store.db.conn.execute("SELECT sweep FROM observations ORDER BY id").fetchall()
    assert sweeps == [(sweep_id,), (later,)]


def test_two_listings_of_one_seller_share_the_seller(store: Store, sweep_id: int) -> None:
    """A seller is known once, under the name that was seen last."""
    observe(store, a_listing("L1"), sweep_id)
    renamed = msgspec.structs.replace(
        a_listing("L2", minutes=5), offer=Offer(seller=Seller(marketplace=MARKETPLACE, seller_id="s1", name="새이름"))
    )
    observe(store, renamed, sweep_id)
    rows = store.db.conn.execute("SELECT seller_id, name, first_seen, last_seen FROM sellers").fetchall()
    assert rows == [("s1", "새이름", "2026-03-01T12:00:00+00:00", "2026-03-01T12:05:00+00:00")]


def test_a_listing_of_no_known_sweep_is_refused_with_everything_beside_it(store: Store, sweep_id: int) -> None:
    """One transaction: where the listing is refused, neither seller nor observation stays."""
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        observe(store, a_listing(), sweep_id + 1)
    for table in ("listings", "observations", "sellers"):
        assert store.db.conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        (Offer(price=Money(5, "KRW"), list_price=Money(9, "KRW")), (5, 9, "KRW")),
        (Offer(price=Money(5, "USD")), (5, None, "USD")),
        (Offer(), (None, None, None)),
        (Offer(list_price=Money(9, "KRW")), (None, 9, "KRW")),
    ],
    ids=["both", "price", "neither", "list-price-alone"],
)
def test_an_observed_amount_has_its_currency(
    store: Store, sweep_id: int, offer: Offer, expected: tuple[int | None, int | None, str | None]
) -> None:
    """Money is minor units and a currency: no observation holds the one without the other."""
    observe(store, msgspec.structs.replace(a_listing(), offer=offer), sweep_id)
    row = store.db.conn.execute("SELECT price_minor, list_price_minor, currency FROM observations").fetchone()
    assert row == expected


def test_findings_are_those_of_the_newest_look(store: Store, sweep_id: int) -> None:
    """Looking again replaces the findings of that listing and of no other."""
    row = observe(store, a_listing("L1"), sweep_id)
    other = observe(store, a_listing("L2"), sweep_id)
    (finding,) = a_screening().findings
    with store.transaction():
        store.listings.keep_findings(row, (finding, finding), NOON)
        store.listings.keep_findings(other, (finding,), NOON)
        store.listings.keep_findings(row, (msgspec.structs.replace(finding, kind="title.replica"),), NOON)
    rows = store.db.conn.execute("SELECT listing, kind, data FROM findings ORDER BY listing").fetchall()
    assert rows == [(row, "title.replica", '{"ratio": 0.1}'), (other, "price.low", '{"ratio": 0.1}')]


def test_captures_come_back_oldest_first(store: Store, sweep_id: int) -> None:
    """Every page that was kept of a listing is listed with its blob, time and way of fetching."""
    row = observe(store, a_listing(), sweep_id)
    kept = [a_capture("1" * 64), msgspec.structs.replace(a_capture("2" * 64, minutes=1), kind="dom", rendered=True)]
    with store.transaction():
        for capture in kept:
            store.listings.keep_capture(row, sweep_id, capture)
    assert store.listings.captures(row) == kept
    assert store.listings.captures(row + 1) == []


def test_all_may_be_written_to_while_it_is_read(store: Store, sweep_id: int) -> None:
    """Walking more listings than one page of rows holds, while each is written, meets each once."""
    with store.transaction():
        for number in range(450):
            store.listings.observe(a_listing(f"L{number}"), sweep_id)
    met = []
    for _, listing in store.listings.all():
        observe(store, msgspec.structs.replace(listing, title="seen again"), sweep_id)
        met.append(listing.listing_id)
    assert met == [f"L{number}" for number in range(450)]
    assert {listing.title for _, listing in store.listings.all()} == {"seen again"}


def test_keeping_a_listing_keeps_all_that_one_look_gave(store: Store, sweep_id: int) -> None:
    """Listing, observation, page, findings, flags and audit rows are there when the call has returned."""
    sha256 = store.blobs.put(b"page")
    ((flag_id, flag),) = keep_listing(store, sweep_id, a_look(a_listing(), a_flag()), a_capture(sha256))
    with Store.open(store.folder, create=False) as again:
        stored = again.flags.one(flag_id)
        assert (stored.flag, stored.listing) == (flag, a_listing())
        assert again.listings.captures(stored.listing_row) == [a_capture(sha256)]
        assert [entry.subject for entry in again.audit.entries()] == [f"flag/{flag_id}"]
        counts = check(again).counts
    assert {name: counts[name] for name in ("listings", "observations", "captures", "flags", "audit")} == {
        "listings": 1, "observations": 1, "captures": 1, "flags": 1, "audit": 1,
    }  # fmt: skip


def test_images_are_kept_by_content_and_found_by_address(store: Store) -> None:
    """Two addresses of one image share its fingerprint; a newer recipe's fingerprint replaces the older one."""
    with store.transaction():
        store.images.keep("1" * 64, size=10, fingerprint=PRINT, unreadable=None, at=NOON)
        for url in ("https://a.example/1.jpg", "https://b.example/1.jpg"):
            store.images.seen_at(url, "1" * 64, NOON)
    newer = msgspec.structs.replace(PRINT, version=2)
    with store.transaction():
        store.images.keep("1" * 64, size=10, fingerprint=newer, unreadable=None, at=NOON)
    for url in ("https://a.example/1.jpg", "https://b.example/1.jpg"):
        assert store.images.at(url) == ListingImage(url=url, sha256="1" * 64, fingerprint=newer)
    assert store.images.at("https://c.example/1.jpg") is None
    assert store.images.known("1" * 64) == (True, newer)
    assert store.images.known("2" * 64) == (False, None)


WORDS = st.text(min_size=1, max_size=10)
AMOUNTS = st.none() | st.builds(Money, st.integers(0, 2**53), st.sampled_from(["KRW", "USD"]))
LISTINGS = st.builds(
    Listing, marketplace=st.just(MARKETPLACE), listing_id=WORDS, url=WORDS, title=st.text(),
    seen_at=st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)),  # noqa: DTZ001 -- Hypothesis wants it naive
    offer=st.builds(
        Offer, price=AMOUNTS, condition=st.sampled_from(Condition), availability=st.sampled_from(Availability),
        stock=st.none() | st.integers(0, 10**9),
        seller=st.none() | st.builds(
            Seller, marketplace=st.just(MARKETPLACE), seller_id=WORDS, name=st.none() | WORDS, private=st.none() | st.booleans(),
            since=st.none() | st.dates(), rating=st.none() | st.floats(0, 5),
        ),
    ),
    description=st.none() | st.text(), attributes=st.dictionaries(WORDS, WORDS, max_size=2),
    options=st.dictionaries(WORDS, st.lists(WORDS, max_size=2).map(tuple), max_size=2),
    gtins=st.lists(WORDS, max_size=2).map(tuple),
)  # fmt: skip


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples; each takes back what it wrote."""
    with Store.open(tmp_path_factory.mktemp("listings")) as store:
        prepare(store)
        yield store


@settings(deadline=None, max_examples=80)
@given(listing=LISTINGS)
def test_any_listing_survives_the_round_trip(lasting: Store, listing: Listing) -> None:
    """Whatever a marketplace shows, the stored listing equals the seen one."""
    with taken_back(lasting):
        assert lasting.listings.one(lasting.listings.observe(listing, 1)) == listing
    assert list(lasting.listings.all()) == []
