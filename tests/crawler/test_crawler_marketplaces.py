"""A marketplace's TOML: what it may say, what is refused and how, and which addresses belong to it."""

from pathlib import Path

import msgspec
import pytest

from crawler.browser import find_browser
from crawler.guard import is_inward
from crawler.marketplace import Marketplace, available, find, load
from touchstone.configuration import MarketplaceSettings
from touchstone.errors import ConfigurationError, UnknownName

LEAST = """
title = "Shop"
base_url = "https://shop.example"
currency = "USD"
[search]
url = "{base_url}/search?q={query}&page={page}"
links = [{ css = "a.product::attr(href)" }]
"""


def written(folder: Path, text: str, name: str = "shop") -> Path:
    """A marketplace's file."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def shop(tmp_path: Path) -> Marketplace:
    """The least that a marketplace needs."""
    return load(written(tmp_path, LEAST))


def test_the_least_loads_with_default_fields(shop: Marketplace) -> None:
    """Fields that the file does not name are looked for where shops usually have them."""
    assert shop.name == "shop"
    assert shop.listing.fields.title
    assert shop.listing.fields.price
    assert shop.search_url("a b&c", 2) == "https://shop.example/search?q=a%20b%26c&page=2"


def test_an_installation_changes_address_and_pace(tmp_path: Path) -> None:
    """touchstone.toml gives another address and another pace."""
    settings = MarketplaceSettings(base_url="https://other.example/", requests_per_second=5)
    shop = load(written(tmp_path, LEAST), settings)
    assert shop.base_url == "https://other.example"
    assert shop.politeness.requests_per_second == 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            ("currency", "curency"), "line 4: curency: is not a known key; did you mean 'currency'?", id="misspelt key"
        ),
        pytest.param(('"USD"', '"WON"'), "'WON' is not an ISO 4217 currency code", id="currency"),
        pytest.param(("{query}", ""), "search.url: has no {query}", id="no query"),
        pytest.param(
            ('css = "a.product::attr(href)"', 'css = "a[["'), "search.links[0]: css:a[[ does not compile", id="selector"
        ),
        pytest.param(
            ('css = "a.product::attr(href)"', 'json = "a.["'),
            "search.links[0]: json:a.[ does not compile",
            id="JMESPath",
        ),
        pytest.param(('css = "a.product::attr(href)"', 'regex = "abc"'), "needs a group in parentheses", id="no group"),
        pytest.param(
            ('css = "a.product::attr(href)"', 'css = "a", xpath = "//a"'), "needs exactly one of", id="two sources"
        ),
        pytest.param(('css = "a.product::attr(href)"', 'state = "a"'), "state needs script", id="no script"),
        pytest.param(("[search]", '[listing]\nrequired = ["titel"]\n[search]'), "did you mean 'title'?", id="required"),
        pytest.param(
            ("[search]", "[assertions]\nfill = { prise = 1.0 }\n[search]"), "did you mean 'price'?", id="fill"
        ),
        pytest.param(("[search]", "[search"), "is not TOML", id="no TOML"),
    ],
)
def test_mistakes_are_named_before_a_page_is_fetched(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    """Each mistake is refused with its place and its mend; exit code 2."""
    with pytest.raises(ConfigurationError) as caught:
        load(written(tmp_path, LEAST.replace(*change, 1)))
    assert words in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert caught.value.exit_code == 2


def test_a_users_file_stands_before_one_that_ships(tmp_path: Path) -> None:
    """The name decides, and the user's folder comes first."""
    mine = written(tmp_path, LEAST, "vendure")
    assert available([tmp_path])["vendure"] == mine
    with pytest.raises(UnknownName, match="did you mean 'vendure'"):
        find("vendur", [tmp_path])


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://shop.example/p/1", True),
        ("http://shop.example/p/1", True),
        ("https://img.shop.example/1.jpg", True),
        ("https://cdn.example/1.jpg", True),
        ("https://shop.example.evil.example/p/1", False),
        ("https://evilshop.example/p/1", False),
        ("https://shop.example@evil.example/", False),
        ("https://shop.example:8443/p/1", False),
        ("ftp://shop.example/p/1", False),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("https://shop.example:port/", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_only_its_own_addresses_are_fetched(shop: Marketplace, url: str, allowed: bool) -> None:
    """The marketplace's hosts and their subdomains on the usual ports; nothing that only looks like them."""
    assert msgspec.structs.replace(shop, domains=("cdn.example",)).may_fetch(url) is allowed


@pytest.mark.parametrize(
    ("url", "inward"),
    [
        ("http://127.0.0.1/", True),
        ("http://localhost:8080/", True),
        ("http://a.localhost/", True),
        ("http://[::1]/", True),
        ("http://10.0.0.1/", True),
        ("http://192.168.1.1/", True),
        ("http://169.254.169.254/latest/meta-data", True),
        ("http://[::ffff:127.0.0.1]/", True),
        ("https://shop.example/", False),
        ("http://8.8.8.8/", False),
    ],
)
def test_inward_addresses_are_known(url: str, inward: bool) -> None:
    """This machine, private networks and metadata services, by number or as localhost."""
    assert is_inward(url) is inward


def test_a_browser_that_is_not_there_is_named() -> None:
    """A configured browser that does not exist is refused, not replaced."""
    with pytest.raises(ConfigurationError, match="/no/such/browser is not there"):
        find_browser("/no/such/browser")
    assert find_browser(None, {"TOUCHSTONE_BROWSER": find_browser()}) == find_browser()
