"""Saved pages, each with what a careful person would write down from it."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crawler.extraction import extract
from crawler.marketplace import load
from crawler.page import PageView
from crawler.status import status_of
from tests.conftest import ROOT
from touchstone.listing import Listing
from touchstone.money import Money

PAGES = ROOT / "fixtures" / "pages"
CASES = sorted(path.parent for path in PAGES.glob("*/*/page.html"))


def amount(money: Money | None) -> str | None:
    """Money as the expectations write it: ``129.00 USD``."""
    return f"{money.amount} {money.currency}" if money else None


def as_expected(listing: Listing, asked: dict[str, Any]) -> dict[str, Any]:
    """The fields of a listing that an expectation speaks of, in its form."""
    offer = listing.offer
    values: dict[str, Any] = {
        "title": listing.title, "price": amount(offer.price), "list_price": amount(offer.list_price),
        "brand": listing.brand, "gtins": list(listing.gtins), "mpn": listing.mpn, "condition": offer.condition.value,
        "availability": offer.availability.value, "seller_name": offer.seller.name if offer.seller else None,
        "images": [image.url for image in listing.images], "listing_id": listing.listing_id,
    }  # fmt: skip
    contains = asked.get("description_contains")
    if contains is not None:
        values["description_contains"] = contains if contains in (listing.description or "") else listing.description
    return {key: values[key] for key in asked}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_page(case: Path) -> None:
    """The page is what it is, and its listings have the fields that a person reads from it."""
    meta = json.loads((case / "meta.json").read_text(encoding="utf-8"))
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    marketplace = load(case.parent / "marketplace.toml")
    if "currency" in meta:
        marketplace = msgspec.structs.replace(marketplace, currency=meta["currency"])
    page = PageView(meta["url"], (case / "page.html").read_bytes().decode("utf-8"))
    extraction = extract(page, marketplace, datetime.fromisoformat(meta["seen_at"]))
    status = status_of(meta["http_status"], page, marketplace, extraction)
    found = extraction.listings if status in ("listing", "sold_out") else ()
    wanted = sorted(expected["listings"], key=lambda listing: str(listing.get("seller_name")))
    shown = sorted(found, key=lambda listing: str(listing.offer.seller.name if listing.offer.seller else None))
    got = [as_expected(listing, asked) for listing, asked in zip(shown, wanted, strict=False)]
    assert (status.value, len(found), got) == (expected["status"], len(wanted), wanted)


def test_there_are_pages() -> None:
    """The corpus is where the test looks for it."""
    assert len(CASES) >= 80
