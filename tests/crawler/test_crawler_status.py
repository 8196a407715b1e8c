"""What pages turn out to be, on answers of twelve shops to a request for a listing."""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
import pytest

from crawler.encoding import decoded
from crawler.extraction import extract
from crawler.generic import GENERIC
from crawler.marketplace import Marketplace, load
from crawler.page import PageView
from crawler.status import control_address, status_of
from tests.conftest import ROOT
from touchstone.listing import PageStatus

FOLDER = ROOT / "fixtures/pages/status"
CURRENCIES = {"ko": "KRW", "ja": "JPY", "de": "EUR", "en": "USD"}
PAGES = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"), parse_float=Decimal)["page"]
BY_FILE = {page["file"]: page for page in PAGES}
NOT_REMOVED = (PageStatus.BLOCKED, PageStatus.ERROR, PageStatus.LOGIN)


def view(page: dict[str, Any]) -> PageView:
    return PageView(
        page.get("final", page["asked"]), decoded((FOLDER / page["file"]).read_bytes(), page["content_type"])
    )


@cache
def shop(name: str, currency: str) -> Marketplace:
    """The shop as described beside its pages, or any shop."""
    path = FOLDER / name / "marketplace.toml"
    if path.exists():
        return load(path)
    listing = msgspec.structs.replace(GENERIC.listing, required=("title", "price"))
    return msgspec.structs.replace(GENERIC, currency=currency, listing=listing)


@cache
def answers() -> tuple[tuple[str, str, str, bool], ...]:
    """Each page with its true status, the one found, and whether the price of a listing is read right."""
    found = []
    for page in PAGES:
        marketplace, seen = shop(page["shop"], CURRENCIES[page["language"]]), view(page)
        control = BY_FILE.get(page.get("control", page["file"] if "/control" in page["file"] else ""))
        extraction = extract(seen, marketplace, datetime.now(UTC))
        status = status_of(
            page["http"], seen, marketplace, extraction, asked=page["asked"], control=view(control) if control else None
        )
        price = extraction.listings[0].offer.price if extraction.listings else None
        right = page["status"] != "listing" or (price is not None and price.amount == page["price"])
        found.append((page["file"], page["status"], str(status), right))
    return tuple(found)


def test_a_block_or_an_error_is_never_taken_for_a_removal() -> None:
    """Nor is a login wall."""
    assert [file for file, truth, found, _ in answers() if truth in NOT_REMOVED and found == PageStatus.GONE] == []


def test_most_pages_are_told_right() -> None:
    """Every status is among them; the confusion matrix is printed with -s."""
    matrix = Counter((truth, found) for _, truth, found, _ in answers())
    statuses = sorted({truth for truth, _ in matrix} | {found for _, found in matrix})
    print(f"\n{'truth':>10} " + "".join(f"{name:>10}" for name in statuses))
    for truth in statuses:
        print(f"{truth:>10} " + "".join(f"{matrix[truth, found] or '·':>10}" for found in statuses))
    right = sum(count for (truth, found), count in matrix.items() if truth == found)
    assert len(answers()) >= 200
    assert right / len(answers()) >= 0.99
    assert all(matrix[status, status] > 0 for status in {truth for truth, _ in matrix})


def test_prices_of_listings_are_read() -> None:
    """Whatever the encoding, declared or not."""
    wrong = [file for file, _, _, right in answers() if not right]
    assert wrong == []


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://a.example/item/123456", "https://a.example/item/9879879879"),
        ("https://a.example/view?no=1234&ref=x", "https://a.example/view?no=9879879879&ref=x"),
        ("https://a.example/item/123456789012", "https://a.example/item/987987987987"),
        ("https://a1234.example/item/wool-hat", None),
        ("not an address 12345", None),
    ],
)
def test_control_address(url: str, wanted: str | None) -> None:
    """The last number of the address is another one, too long for any of the shop's."""
    assert control_address(url, "987") == wanted
