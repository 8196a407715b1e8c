"""Looking again: what a seller's other listings tell, and that only what a change can touch is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.samples import SHELL, catalog, listing
from detectors.verdict import weights
from operations import clock
from operations.judge import judge
from operations.keeping import keep_listing
from operations.rescreen import RescreenReport, look_again, rescreen
from operations.screener import Screener
from storage.store import Store
from touchstone.catalog import AuthorizedSeller, Brand, BrandReference, Catalog, ReferencePrice
from touchstone.decoding import to_json
from touchstone.listing import Listing, Seller
from touchstone.money import Money
from touchstone.sweeps import SweepRequest
from touchstone.verdicts import Decision, Finding, FlagStatus, Label

OTHERS = 40


def _seller(number: int | str) -> Seller:
    return Seller(marketplace="namu", seller_id=f"s-{number}", name=f"가게 {number}")


def _listing(name: str, title: str = SHELL, **changes: Any) -> Listing:
    seen = listing(title, seller=changes.pop("seller", _seller(name)), **changes)
    return msgspec.structs.replace(seen, listing_id=name, url=f"http://namu.example/item/{name}", seen_at=clock.now())


class Shop:
    """A store with the sample catalog, an open sweep, and listings that are screened as they come."""

    def __init__(self, store: Store) -> None:
        self.store = store
        with store.transaction():
            store.images.keep("0" * 64, size=1, fingerprint=None, unreadable=None, at=clock.now())
            store.catalog.upsert(catalog())
            store.sweeps.know_marketplace("namu", title="Namu", base_url="http://namu.example")
            self.sweep = store.sweeps.open(SweepRequest(marketplace="namu", brand="velhanne"), clock.now())

    def see(self, *listings: Listing) -> None:
        """Screen and keep listings, then look again, as a sweep does."""
        screener = Screener(self.store, self.store.catalog.load())
        for seen in listings:
            keep_listing(self.store, self.sweep, screener.look(seen), None)
        look_again(self.store, screener)

    def teach(self, added: Catalog) -> None:
        """Import a part of a catalog."""
        with self.store.transaction():
            self.store.catalog.upsert(added)

    def again(self, **how: bool) -> RescreenReport:
        """Rescreen."""
        return rescreen(self.store, actor="kim", **how)

    def findings(self, name: str) -> dict[str, Finding]:
        """What is found in a listing, by kind."""
        (row,) = [row for row, seen in self.store.listings.all() if seen.listing_id == name]
        return {finding.kind: finding for finding in self.store.screenings.findings(row)}

    def flags(self) -> dict[tuple[str, str], tuple[float, FlagStatus]]:
        """Probability and standing by listing and label."""
        found = self.store.flags.ranked(status=None)
        return {(one.listing.listing_id, one.flag.label): (one.flag.probability, one.status) for one in found}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """An empty shop."""
    with Store.open(tmp_path / "store") as store:
        yield Shop(store)


def _crowd() -> list[Listing]:
    """Forty listings of the brand by as many sellers, and forty of other goods."""
    brand = [_listing(f"b{number}", price=270_000) for number in range(OTHERS)]
    other = [_listing(f"o{number}", "캠핑 머그컵", brand=None, price=9_000) for number in range(OTHERS)]
    return brand + other


def test_other_listings_of_the_seller_speak_against_one(shop: Shop) -> None:
    """Signs in what came later in a sweep reach what came first, and are not counted against the listing that shows them."""
    dealer = _seller("dealer")
    marked = [_listing(f"m{number}", f"{SHELL} 미러급", seller=dealer, price=250_000) for number in range(2)]
    shop.see(_listing("plain", seller=dealer, price=250_000), *marked, _listing("alone", f"{SHELL} 미러급"))
    told = shop.findings("plain")["seller_signs_elsewhere"]
    assert "2 of the seller's 2 other listings" in told.reason and "replica wording in 2" in told.reason
    assert shop.findings("m0")["seller_signs_elsewhere"].reason.startswith("1 of the seller's 2")
    assert "seller_signs_elsewhere" not in shop.findings("alone")


def test_a_record_follows_the_listings(shop: Shop) -> None:
    """When the marked listings change their title or their seller, the record is clean again."""
    dealer = _seller("dealer")
    shop.see(_listing("plain", seller=dealer), _listing("m", f"{SHELL} 미러급", seller=dealer))
    assert "seller_signs_elsewhere" in shop.findings("plain")
    shop.see(_listing("m", SHELL, seller=dealer))
    assert "seller_signs_elsewhere" not in shop.findings("plain")
    shop.see(_listing("m", f"{SHELL} 미러급", seller=dealer))
    shop.see(_listing("m", f"{SHELL} 미러급", seller=_seller("another")))
    assert "seller_signs_elsewhere" not in shop.findings("plain")


def test_a_decision_reaches_the_sellers_other_listings(shop: Shop) -> None:
    """A confirmed counterfeit speaks against the rest of the seller's listings, a decision taken back does not."""
    dealer = _seller("dealer")
    shop.see(
        _listing("fake", f"{SHELL} 미러급", seller=dealer, price=40_000), _listing("rest", seller=dealer), *_crowd()
    )
    (flag,) = [one for one in shop.store.flags.ranked(label=Label.COUNTERFEIT) if one.listing.listing_id == "fake"]
    judge(shop.store, flag.id, Decision.CONFIRM, actor="kim")
    report = shop.again()
    assert report.looked_at == 1, "only the seller's other listing"
    assert "seller_confirmed_before" in shop.findings("rest")
    judge(shop.store, flag.id, Decision.DISMISS, actor="kim")
    shop.again()
    assert "seller_confirmed_before" not in shop.findings("rest")
    assert "seller_dismissed_before" in shop.findings("rest")


def test_nothing_changed_nothing_is_looked_at(shop: Shop) -> None:
    """A second rescreening has nothing to do; with ``everything`` it looks at all and changes nothing."""
    shop.see(*_crowd(), _listing("fake", f"{SHELL} 미러급", price=40_000))
    before = shop.flags()
    assert (shop.again().looked_at, shop.again().weighed) == (0, 0)
    assert shop.again(everything=True).looked_at == 2 * OTHERS + 1
    assert shop.flags() == before


def test_a_new_authorized_seller_touches_the_brand_only(shop: Shop) -> None:
    """Terms of a brand touch the listings that are about it, and its flags follow."""
    shop.see(*_crowd())
    assert ("b1", "unauthorized_seller") in shop.flags()
    allowed = [AuthorizedSeller(brand="velhanne", marketplace="namu", seller_id=f"s-b{n}") for n in range(OTHERS)]
    shop.teach(Catalog(authorized=tuple(allowed)))
    assert shop.again().looked_at == OTHERS
    assert shop.flags()["b1", "unauthorized_seller"][1] is FlagStatus.WITHDRAWN


def test_a_new_brand_touches_the_listings_that_name_it(shop: Shop) -> None:
    """Of eighty listings only the one that bears the new name is looked at."""
    shop.see(*_crowd(), _listing("cup", "Brimdal 머그컵 미러급", brand=None))
    reference = BrandReference(
        brand="brimdal", sku="B1", title="Brimdal Cup", prices=(ReferencePrice(list_price=Money(50_000, "KRW")),)
    )
    shop.teach(Catalog(brands=(Brand(id="brimdal", name="Brimdal"),), references=(reference,)))
    assert shop.again().looked_at == 1
    assert "replica_wording" in shop.findings("cup")


def test_new_weights_only_weigh_again(shop: Shop) -> None:
    """No listing is looked at, and each flag is what a look would have given."""
    shop.see(*_crowd(), _listing("fake", f"{SHELL} 미러급", price=40_000))
    table = weights()
    part = msgspec.structs.replace(table.unauthorized_seller, bias=-9.0)
    with shop.store.transaction():
        record = to_json(msgspec.structs.replace(table, unauthorized_seller=part))
        shop.store.weightings.add(record, at=clock.now(), actor="kim", note="")
    report = shop.again()
    assert (report.looked_at, report.weighed) == (0, OTHERS + 1)
    assert shop.flags()["b1", "unauthorized_seller"][1] is FlagStatus.WITHDRAWN
    before = shop.flags()
    shop.again(everything=True)
    assert shop.flags() == before


def test_authorized_prices_move_where_suspicion_begins(shop: Shop) -> None:
    """Authorized sellers who never go below list make a third of it suspicious; the listings seen before hear of it."""
    official = Seller(marketplace="namu", seller_id="nm-1", name="벨하네 공식스토어")
    low = _listing("low", price=150_000)
    shop.see(low)
    assert "price_below_reference" not in shop.findings("low")
    shop.see(*(_listing(f"a{number}", seller=official, price=289_000) for number in range(6)))
    assert "authorized sellers mostly ask ₩289,000" in shop.findings("low")["price_below_reference"].reason


def test_what_is_stored_reproduces_the_flag(shop: Shop) -> None:
    """Screening the stored listing, background and all, gives the stored probability, however the record went on."""
    dealer = _seller("dealer")
    shop.see(_listing("one", seller=dealer, price=60_000), _listing("two", f"{SHELL} 미러급", seller=dealer))
    from detectors.screening import Screen

    screen = Screen.build(shop.store.catalog.load())
    for stored in list(shop.store.flags.ranked()):
        again = {flag.label: flag.probability for flag in screen.screen(stored.listing).flags}
        assert again[stored.flag.label] == stored.flag.probability


def test_a_store_of_an_older_version_is_caught_up(shop: Shop) -> None:
    """Listings of which no screening is kept are looked at once."""
    shop.see(*_crowd()[:5])
    shop.store.db.conn.executescript("DELETE FROM matches; DELETE FROM screenings; DELETE FROM seller_tallies;")
    assert shop.again().looked_at == 5
    assert shop.again().looked_at == 0


def test_another_sellers_photo_is_told(shop: Shop) -> None:
    """The same home-made photo at a second seller is shown at both."""
    from touchstone.images import Fingerprint, ListingImage

    print_ = Fingerprint(version=1, whole="5a" * 32, trimmed="5a" * 32, mirrored="a5" * 32, width=600, height=600)
    images = (ListingImage(url="http://namu.example/p.jpg", sha256="7" * 64, fingerprint=print_),)
    shop.see(_listing("first", images=images), _listing("second", images=images), _listing("third"))
    assert "photo_of_other_seller" in shop.findings("second")
    shop.again(everything=True)
    assert "photo_of_other_seller" in shop.findings("first")
    assert "photo_of_other_seller" not in shop.findings("third")
