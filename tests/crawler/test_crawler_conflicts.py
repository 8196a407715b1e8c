"""What a page tells machines against what it shows people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.extraction import extract
from crawler.generic import GENERIC
from crawler.page import PageView
from touchstone.listing import Listing

DECLARED = """<script type="application/ld+json">{"@type": "Product", "name": "Velhanne tote",
  "offers": {"@type": "Offer", "price": "289.00", "priceCurrency": "USD"}}</script>"""


def read(body: str) -> Listing:
    page = f"<html><head><title>Velhanne tote</title>{DECLARED}</head><body><h1>Velhanne tote</h1>{body}</body></html>"
    return extract(PageView("https://a.example/item/1", page), GENERIC, datetime.now(UTC)).listings[0]


def test_a_declared_price_that_is_shown_nowhere_gives_way() -> None:
    """The visible price is the listing's, and the difference is kept with both amounts and the source."""
    found = read('<p class="price current-price">$39.00</p><button>Add to cart</button>')
    assert str(found.offer.price) == "$39.00"
    assert found.provenance["price"] == "visible:price"
    assert found.conflicts == {"price": "schema:offers.price says $289.00, the page shows $39.00"}


@pytest.mark.parametrize(
    "body",
    [
        '<p class="price">$289.00</p><button>Add to cart</button>',
        '<p class="price">$289</p>',
        '<p class="price"><s>$349.00</s> $289.00</p>',
        '<p class="coupon-price">$259.00 with coupon</p><p class="price">$289.00</p>',
        "<p>Free shipping over $50.00</p>",
        "",
    ],
)
def test_no_conflict_where_the_declared_price_is_shown_or_no_other_is(body: str) -> None:
    """Rounded, struck-out, coupon and postage amounts beside it contradict nothing."""
    found = read(body)
    assert str(found.offer.price) == "$289.00"
    assert found.conflicts == {}


SEVERAL = """<script type="application/ld+json">{"@type": "Product", "name": "Velhanne tote", "offers": {"@type": "AggregateOffer",
  "lowPrice": "%s", "highPrice": "%s", "priceCurrency": "USD"}}</script>"""


@pytest.mark.parametrize(
    ("head", "body", "several"),
    [
        (SEVERAL % ("9.00", "39.00"), "", True),
        (SEVERAL % ("39.00", "39.00"), "", False),
        ("", '<p class="price">$9.00 - $39.00</p><button>Add to cart</button>', True),
        ("", '<p class="price">From $9.00</p><button>Add to cart</button>', True),
        ("", '<p class="price">9,900원부터</p><button>구매하기</button>', True),
        ("", '<p class="price">$39.00</p><p>Ships from Seoul</p><button>Add to cart</button>', False),
    ],
    ids=["declared", "declared alike", "range", "from", "부터", "one"],
)
def test_where_prices_begin_is_told_from_a_price(head: str, body: str, several: bool) -> None:
    """The cheapest option's price is the listing's, and is marked as no more than that."""
    page = f"<html><head><title>Velhanne tote</title>{head}</head><body><h1>Velhanne tote</h1>{body}</body></html>"
    found = extract(PageView("https://a.example/item/1", page), GENERIC, datetime.now(UTC)).listings[0]
    assert found.offer.price is not None
    assert found.offer.least_of_several is several
