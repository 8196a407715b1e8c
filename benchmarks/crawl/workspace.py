"""A Touchstone installation in a folder of its own: settings, the shop as a marketplace, the catalog imported."""

import subprocess
import sys
from pathlib import Path

from benchmarks.crawl import pages, photos
from benchmarks.crawl.shop import ROOT

NAME = "benchshop"
PACE = 1_000_000.0  # requests per second: none of the time is waited for

_SETTINGS = """\
store = "store"
contact = "bench@touchstone.invalid"
capture.in_sweeps = false

[marketplaces.{name}]
requests_per_second = {pace}
allow_loopback = true
"""
_MARKETPLACE = """\
title = "Bench Shop"
base_url = "{base}"
language = "en"
currency = "USD"

[search]
url = "{{base_url}}/search?q={{query}}&page={{page}}&of={count}"
links = [{{ css = "a.hit-link::attr(href)" }}]
max_pages = {search_pages}

[listing]
rendering = "{rendering}"
attributes = {{ row = "table.spec tr" }}
options = {{ row = "label.option", name = ".option-name", value = "option" }}

[listing.fields]
id = [{{ url = '/item/(\\d+)' }}]
title = [{{ schema = "name" }}, {{ css = "h1" }}]
price = [{{ schema = "offers.price" }}, {{ css = "p.price" }}]
brand = [{{ schema = "brand.name" }}]
category = [{category}]
condition = [{{ schema = "offers.itemCondition" }}, {{ css = "p.condition" }}]
stock = [{{ css = "p.stock" }}]
description = [{{ css = ".description p", join = " " }}, {{ schema = "description" }}]
images = [{images}]
seller_id = [{{ css = "p.seller a::attr(href)", pick = '/shop/(\\w+)' }}]
seller_name = [{{ css = "p.seller a" }}]

[politeness]
requests_per_second = {pace}
concurrency = {concurrency}

[assertions]
fill = {{ title = 1.0, price = 1.0, category = 1.0, seller_id = 1.0 }}
"""
# A rendered page's category is in links that only its script makes, so that a page which was not rendered is noticed.
_CATEGORY = {"http": '{ schema = "category" }', "browser": f'{{ css = "nav.{pages.RENDERED} a" }}'}
_IMAGES = {True: '{ schema = "images" }', False: '{ css = "img.there-is-none::attr(src)" }'}


def marketplace_toml(base: str, *, count: int, concurrency: int, rendering: str, images: bool) -> str:
    """The shop described, with ``count`` listings to be found; without ``images`` no listing has any."""
    return _MARKETPLACE.format(
        base=base, count=count, search_pages=pages.search_pages(count), concurrency=concurrency, rendering=rendering,
        category=_CATEGORY[rendering], images=_IMAGES[images], pace=PACE,
    )  # fmt: skip


def prepare(folder: Path, base: str, *, count: int, concurrency: int, rendering: str, images: bool) -> None:
    """Write everything into ``folder`` and import the catalog with its photos; costs nobody's row anything."""
    (folder / "marketplaces").mkdir(parents=True)
    (folder / "photos").mkdir()
    (folder / "touchstone.toml").write_text(_SETTINGS.format(name=NAME, pace=PACE), encoding="utf-8")
    text = marketplace_toml(base, count=count, concurrency=concurrency, rendering=rendering, images=images)
    marketplace_file(folder).write_text(text, encoding="utf-8")
    for product in pages.PRODUCTS:
        (folder / "photos" / f"{product.sku}.jpg").write_bytes(photos.jpeg(product.sku))
    catalog = folder / "catalog.toml"
    catalog.write_text(pages.catalog_toml("photos/{sku}.jpg"), encoding="utf-8")
    done = subprocess.run(touchstone(folder, "catalog", "import", str(catalog)), cwd=ROOT, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"the catalog could not be imported: {done.stderr.decode(errors='replace')}")


def marketplace_file(folder: Path) -> Path:
    """Where the shop is described."""
    return folder / "marketplaces" / f"{NAME}.toml"


def touchstone(folder: Path, *words: str) -> list[str]:
    """The command line for one of Touchstone's commands in ``folder``."""
    return [sys.executable, "-m", "cli", "--config", str(folder / "touchstone.toml"), *words]


def sweep(folder: Path) -> list[str]:
    """The command that crawls the shop."""
    words = ("--brand", pages.BRAND, "--marketplace", NAME, "--query", pages.BRAND_NAME)
    return touchstone(folder, "sweep", "--json", *words)
