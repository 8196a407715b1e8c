"""What every described marketplace promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.marketplace import available, load
from touchstone.configuration import MarketplaceSettings

DEMO = Path(__file__).parents[2] / "fixtures/demo/marketplaces"
MARKETPLACES = available([DEMO])
each_marketplace = pytest.mark.parametrize("path", MARKETPLACES.values(), ids=MARKETPLACES.keys())


def test_the_demo_marketplaces_are_found() -> None:
    """Both of them, beside those that ship."""
    assert {"namu", "plaza"} <= MARKETPLACES.keys()
    assert any(path.parent != DEMO for path in MARKETPLACES.values())


@each_marketplace
def test_a_marketplace_loads(path: Path) -> None:
    """It parses, its selectors compile, and it is called as its file is."""
    assert load(path).name == path.stem


@each_marketplace
def test_a_marketplace_may_fetch_its_own_pages_and_no_others(path: Path) -> None:
    """Its search page belongs to it; an unrelated host and another scheme do not."""
    marketplace = load(path, MarketplaceSettings(base_url="https://shop.example"))
    assert marketplace.may_fetch(marketplace.search_url("벨하네 & co", 1))
    assert not marketplace.may_fetch("https://elsewhere.invalid/")
    assert not marketplace.may_fetch("file:///etc/passwd")


@each_marketplace
def test_a_query_is_escaped(path: Path) -> None:
    """Search words cannot add parameters to the address."""
    marketplace = load(path)
    if "{query}" in marketplace.search.url:
        assert "&admin=1" not in marketplace.search_url("x&admin=1", 1)
