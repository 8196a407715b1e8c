"""The gate: a recording is evidence of a listing when it shows that listing and its price, and of nothing else."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from crawler.browser import find_browser
from crawler.gate import judged
from crawler.marketplace import Marketplace, load
from crawler.proxy import Target
from crawler.recorder import Recorder, Wanted
from fixtures.demo import Fault
from fixtures.demo.model import Listing as DemoListing
from tests.conftest import ROOT, Markets
from tests.evidence.recording_samples import AT, a_recording
from touchstone.archive import Shown
from touchstone.configuration import MarketplaceSettings
from touchstone.listing import Listing, Offer
from touchstone.money import Money
from touchstone.recording import Recording

BOTH = pytest.mark.parametrize("name", ["namu", "plaza"])


class Gate:
    """The demo marketplaces seen through a recorder, and what the gate says of what it saw."""

    def __init__(self, markets: Markets) -> None:
        self.markets = markets
        self.loop = asyncio.new_event_loop()
        self.places = {
            name: load(
                ROOT / f"fixtures/demo/marketplaces/{name}.toml", MarketplaceSettings(base_url=markets.demo.url(name))
            )
            for name in ("namu", "plaza")
        }
        open_targets = frozenset(Target(*place.home) for place in self.places.values())
        self.recorder = Recorder(find_browser(), user_agent="t", language="ko", open_targets=open_targets)

    def demo(self, name: str, number: int = 0) -> DemoListing:
        """One of the marketplace's listings that can be bought."""
        return [one for one in self.markets.world.listings if one.marketplace == name and one.available][number]

    def listing(self, name: str, number: int = 0) -> Listing:
        """The same as it was stored, from the demo's own truth."""
        one = self.demo(name, number)
        return Listing(
            marketplace=name, listing_id=one.id, url=self.markets.demo.url(name) + one.path, title=one.title, seen_at=AT,
            offer=Offer(price=Money.of(one.price, one.currency)),
        )  # fmt: skip

    def seen(self, listing: Listing) -> Recording:
        """What the browser sees now."""
        place = self.places[listing.marketplace]
        shown = bool(self.markets.demo.faults.of(listing.marketplace) is Fault.NONE)
        wanted = Wanted(listing.url, place.listing.wait_for if shown else None, obey_robots=False)
        return self.loop.run_until_complete(self.recorder.record(wanted))

    def said(self, recording: Recording, listing: Listing) -> str:
        """The reasons against a recording, in one line."""
        return "; ".join(judged(recording, listing, self.places[listing.marketplace])[0])

    def close(self) -> None:
        """End the browser."""
        self.loop.run_until_complete(self.recorder.close())
        self.loop.close()


@pytest.fixture(scope="module")
def _gate(_markets: Markets) -> Iterator[Gate]:
    gate = Gate(_markets)
    yield gate
    gate.close()


@pytest.fixture
def gate(_gate: Gate, markets: Markets) -> Iterator[Gate]:
    """The gate, with marketplaces that have no faults, before and after."""
    yield _gate
    markets.calm()
    markets.demo.faults.sold_out.clear()


@pytest.fixture(scope="module")
def pages(_gate: Gate) -> dict[str, Recording]:
    """The first listing of each marketplace, recorded while nothing was wrong."""
    _gate.markets.calm()
    return {name: _gate.seen(_gate.listing(name)) for name in ("namu", "plaza")}


def changed(recording: Recording, *, document: str | None = None, **facts: Any) -> Recording:
    """A recording with another document, or under other circumstances."""
    circumstances = msgspec.structs.replace(recording.circumstances, **facts)
    return msgspec.structs.replace(recording, circumstances=circumstances, document=document or recording.document)


@BOTH
def test_a_listing_that_is_shown_passes(gate: Gate, pages: dict[str, Recording], name: str) -> None:
    """A real page is evidence, and what it shows is read: title, price, seller, whether it can be bought."""
    listing, demo = gate.listing(name), gate.demo(name)
    reasons, shown = judged(pages[name], listing, gate.places[name])
    assert reasons == ()
    seller = next(one for one in gate.markets.world.sellers if one.id == demo.seller_id)
    assert shown == Shown(
        page="listing", title=demo.title, price=str(listing.offer.price), seller=seller.name, availability="in_stock"
    )


@BOTH
def test_a_price_that_has_changed_still_passes(gate: Gate, pages: dict[str, Recording], name: str) -> None:
    """The page shows a price, if another one: that it changed is a fact about the listing, and is kept."""
    listing = gate.listing(name)
    price = Money.of(gate.demo(name).price + 1, gate.demo(name).currency)
    listing = msgspec.structs.replace(listing, offer=Offer(price=price))
    reasons, shown = judged(pages[name], listing, gate.places[name])
    assert reasons == ()
    assert shown.price == str(gate.listing(name).offer.price)


@BOTH
def test_a_sold_out_listing_passes(gate: Gate, name: str) -> None:
    """It still shows what was offered, at which price."""
    listing = gate.listing(name)
    gate.markets.demo.faults.sold_out.add(listing.listing_id)
    reasons, shown = judged(gate.seen(listing), listing, gate.places[name])
    assert reasons == ()
    assert (shown.page, shown.availability, shown.price) == ("sold_out", "sold_out", str(listing.offer.price))


@BOTH
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault.DOWN, "the server answered HTTP 503; the page is an error page, not the listing"),
        (Fault.CAPTCHA, "the page is a block or a captcha, not the listing"),
        (Fault.BLOCKED, "the server answered HTTP 403; the page is a block or a captcha, not the listing"),
    ],
)
def test_a_marketplace_in_trouble_fails(gate: Gate, name: str, fault: Fault, why: str) -> None:
    """Outages, captchas and blocks are named as what they are, and show no price."""
    setattr(gate.markets.demo.faults, name, fault)
    listing = gate.listing(name)
    said = gate.said(gate.seen(listing), listing)
    assert said == f"{why}; the page shows no price; {listing.offer.price} was expected"


@BOTH
@pytest.mark.parametrize("way", ["page", "404"])
def test_a_listing_that_has_ended_fails(gate: Gate, name: str, way: str) -> None:
    """With a notice, under 200 or 404."""
    listing = gate.listing(name)
    gate.markets.demo.faults.gone[listing.listing_id] = way
    assert "the page is a notice that the listing is gone, not the listing" in gate.said(gate.seen(listing), listing)


@BOTH
def test_another_listing_fails(gate: Gate, pages: dict[str, Recording], name: str) -> None:
    """Whether the address led to it or it was shown under the address that was asked for."""
    listing = gate.listing(name, 1)
    led = changed(pages[name], asked=listing.url)
    assert gate.said(led, listing)
    wrong = msgspec.structs.replace(listing, url=gate.listing(name).url)
    assert gate.said(pages[name], wrong) == f"the page does not name listing {listing.listing_id}"


@BOTH
def test_a_page_without_the_price_fails(gate: Gate, pages: dict[str, Recording], name: str) -> None:
    """The listing's own page whose price is nowhere to be seen is no evidence of what it asks."""
    listing, demo = gate.listing(name), gate.demo(name)
    digits = f"{demo.price:,.0f}" if name == "namu" else f"{demo.price:,.2f}"
    bare = pages[name].document
    for number in (digits, digits.replace(",", "")):
        assert name == "plaza" or number in bare
        bare = bare.replace(number, "")
    said = gate.said(changed(pages[name], document=bare), listing)
    assert f"the page shows no price; {listing.offer.price} was expected" in said


def test_a_listing_without_a_price_needs_none(gate: Gate, pages: dict[str, Recording]) -> None:
    """Where none was known, none is asked for."""
    listing = msgspec.structs.replace(gate.listing("namu"), offer=Offer())
    assert gate.said(pages["namu"], listing) == ""


# A shop that nobody described in detail


@pytest.fixture(scope="module")
def shop() -> Marketplace:
    """A shop of the least description."""
    search = load(ROOT / "fixtures/demo/marketplaces/namu.toml").search
    return Marketplace(title="Shop", currency="EUR", base_url="https://shop.example", name="shop", search=search)


OFFER = Listing(
    marketplace="shop", listing_id="448812", url="https://shop.example/goods/448812", title="Velhanne Shell 3L",
    seen_at=AT, offer=Offer(price=Money.of("1249.5", "EUR")),
)  # fmt: skip
READ = "<h1>Velhanne Shell 3L</h1><p>No. 448812</p><p>A shell for the mountains.</p>"
LOGIN = (
    "<main><h1>Sign in</h1><p>Please log in to continue.</p><form><input name=user><input type=password></form></main>"
)


@pytest.mark.parametrize(
    ("body", "facts", "why"),
    [
        (f"{READ}<p>1.249,50 €</p>", {}, ""),
        (f"{READ}<p>€1,249.50</p>", {}, ""),
        (READ, {}, "the page shows no price"),
        ("<h1>Velhanne Shell 3L</h1><p>No. 999999</p><p>€1,249.50</p>", {"final_url": "https://shop.example/goods/999999"}, "not the listing"),
        (LOGIN, {}, "a login wall, not the listing"),
        (LOGIN, {"final_url": "https://shop.example/login?next=/goods/448812"}, "a login wall, not the listing"),
        ("", {}, "without the listing's details, not the listing"),
        ("<h1>Page not found</h1>", {"status": 404}, "the server answered HTTP 404; the page is a notice that the listing is gone"),
        (f"{READ}<p>€1,249.50</p>", {"status": 500}, "the server answered HTTP 500"),
    ],
    ids=["read", "other separators", "no price", "another", "login", "led to login", "empty", "404", "500"],
)  # fmt: skip
def test_pages_that_our_rules_hardly_read(shop: Marketplace, body: str, facts: dict[str, Any], why: str) -> None:
    """Number, title and price in view are enough; anything else has its reason."""
    where = {"asked": OFFER.url, "final_url": OFFER.url, "page_url": OFFER.url, **facts}
    document = f"<!doctype html><html><body>{body}</body></html>"
    reasons, _ = judged(a_recording(document=document, facts=where), OFFER, shop)
    assert why in "; ".join(reasons)
    assert bool(reasons) == bool(why)
