"""The catalog in the store: what goes in comes out, and what a newer file no longer lists no longer holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import NOON, taken_back

from storage.store import Store
from touchstone.catalog import AuthorizedSeller, Brand, BrandReference, Catalog, ReferenceImage, ReferencePrice
from touchstone.errors import StoreError
from touchstone.images import Fingerprint
from touchstone.money import LARGEST_MINOR, Money

PRINT = Fingerprint(version=1, whole="a" * 64, trimmed="b" * 64, mirrored="c" * 64, width=640, height=480)
PHOTOS = {"1" * 64: PRINT, "2" * 64: None}

VELHANNE = Brand(id="velhanne", name="Velhanne", aliases=("벨하네", "VLHN"))
HARBOR = Brand(id="harbor", name="Harbor", ordinary_word=True, context=("bag", "가방"))
TOTE = BrandReference(
    brand="velhanne", sku="VT-1", title="Velhanne tote", titles=("벨하네 토트백",), mpn="VT1", gtins=("8801234567893",),
    category="bags", pack_quantity=2, colours=("black", "검정"), sizes=("M",),
    prices=(
        ReferencePrice(list_price=Money(1_290_000, "KRW"), minimum_advertised=Money(990_000, "KRW")),
        ReferencePrice(list_price=Money(99_900, "USD")),
    ),
    images=(
        ReferenceImage(sha256="2" * 64, source="photos/back.jpg"),
        ReferenceImage(sha256="1" * 64, source="photos/front.jpg", fingerprint=PRINT),
    ),
)  # fmt: skip
PLAIN = BrandReference(brand="harbor", sku="H-1", title="Harbor")
SELLERS = (
    AuthorizedSeller(brand="velhanne", marketplace="coupang", seller_id="s9"),
    AuthorizedSeller(
        brand="velhanne", marketplace="namu", seller_id="s1", name="본사몰", valid_from=date(2025, 1, 1),
        valid_until=date(2025, 12, 31),
    ),
    AuthorizedSeller(brand="velhanne", marketplace="namu", seller_id="s1", valid_from=date(2026, 6, 1)),
    AuthorizedSeller(brand="velhanne", marketplace="namu", seller_id="s2"),
)  # fmt: skip
WHOLE = Catalog(brands=(HARBOR, VELHANNE), references=(PLAIN, TOTE), authorized=SELLERS)


def with_photos(store: Store) -> Store:
    with store.transaction():
        for sha256, fingerprint in PHOTOS.items():
            store.images.keep(sha256, size=10, fingerprint=fingerprint, unreadable=None, at=NOON)
    return store


def upsert(store: Store, catalog: Catalog) -> Catalog:
    with store.transaction():
        store.catalog.upsert(catalog)
    return store.catalog.load()


def test_an_empty_store_has_an_empty_catalog(store: Store) -> None:
    """Without an import there is a catalog, and nothing in it."""
    assert store.catalog.load() == Catalog()


def test_what_was_upserted_is_loaded(store: Store) -> None:
    """Brands, products, prices, photos with fingerprints and sellers come back equal."""
    assert upsert(with_photos(store), WHOLE) == WHOLE


def test_upserting_the_same_again_changes_nothing(store: Store) -> None:
    """An import can be repeated."""
    upsert(with_photos(store), WHOLE)
    assert upsert(store, WHOLE) == WHOLE


def test_it_outlives_the_process_that_wrote_it(tmp_path: Path) -> None:
    """The catalog is in the file, not in the object."""
    with Store.open(tmp_path) as store:
        upsert(with_photos(store), WHOLE)
    with Store.open(tmp_path, create=False) as again:
        assert again.catalog.load() == WHOLE


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"prices": (ReferencePrice(list_price=Money(5, "EUR")),)}, id="prices"),
        pytest.param({"prices": ()}, id="no-prices"),
        pytest.param({"images": (TOTE.images[1],)}, id="images"),
        pytest.param({"images": ()}, id="no-images"),
        pytest.param({"title": "New", "titles": (), "mpn": None, "gtins": (), "category": None}, id="words"),
        pytest.param({"pack_quantity": 1, "colours": (), "sizes": ()}, id="variants"),
    ],
)
def test_a_product_named_again_is_replaced_as_a_whole(store: Store, changes: dict[str, object]) -> None:
    """Prices and images that a newer file does not list are gone; other products and brands are untouched."""
    upsert(with_photos(store), WHOLE)
    newer = msgspec.structs.replace(TOTE, **changes)
    assert upsert(store, Catalog(references=(newer,))) == msgspec.structs.replace(WHOLE, references=(PLAIN, newer))


def test_a_brand_named_again_is_replaced(store: Store) -> None:
    """A brand's names are those of the newest file; its products stay."""
    upsert(with_photos(store), WHOLE)
    newer = Brand(id="velhanne", name="VELHANNE")
    assert upsert(store, Catalog(brands=(newer,))) == msgspec.structs.replace(WHOLE, brands=(HARBOR, newer))


def test_a_brands_sellers_on_a_marketplace_are_replaced_together(store: Store) -> None:
    """Sellers that a newer list of that marketplace leaves out lose their standing; other marketplaces keep theirs."""
    upsert(with_photos(store), WHOLE)
    newer = AuthorizedSeller(brand="velhanne", marketplace="namu", seller_id="s3")
    loaded = upsert(store, Catalog(authorized=(newer,)))
    assert loaded.authorized == (SELLERS[0], newer)


def test_a_product_of_no_known_brand_is_refused(store: Store) -> None:
    """Foreign keys hold: nothing of the catalog is kept."""
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        upsert(store, Catalog(brands=(HARBOR,), references=(PLAIN, msgspec.structs.replace(TOTE, images=()))))
    assert store.catalog.load() == Catalog()


WORDS = st.text(min_size=1, max_size=12)
TEXTS = st.lists(st.text(max_size=8), max_size=3).map(tuple)
CURRENCIES = ("EUR", "KRW", "USD")  # in the order in which they are loaded


@st.composite
def reference_prices(draw: st.DrawFn) -> tuple[ReferencePrice, ...]:
    amounts = st.integers(0, LARGEST_MINOR)
    return tuple(
        ReferencePrice(
            list_price=Money(draw(amounts), currency),
            minimum_advertised=draw(st.none() | st.builds(Money, amounts, st.just(currency))),
        )
        for currency in CURRENCIES
        if draw(st.booleans())
    )


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    ids = sorted(draw(st.sets(st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True), min_size=1, max_size=3)))
    brands = tuple(
        draw(st.builds(Brand, id=st.just(id_), name=WORDS, aliases=TEXTS, ordinary_word=st.booleans(), context=TEXTS))
        for id_ in ids
    )
    keys = sorted(draw(st.sets(st.tuples(st.sampled_from(ids), WORDS), max_size=4)))
    photos = st.builds(
        lambda sha256, source: ReferenceImage(sha256=sha256, source=source, fingerprint=PHOTOS[sha256]),
        st.sampled_from(sorted(PHOTOS)),
        WORDS,
    )
    references = tuple(
        draw(
            st.builds(
                BrandReference, brand=st.just(brand), sku=st.just(sku), title=st.text(), titles=TEXTS,
                mpn=st.none() | WORDS, gtins=TEXTS, category=st.none() | WORDS, pack_quantity=st.integers(1, 10_000),
                colours=TEXTS, sizes=TEXTS, prices=reference_prices(), images=st.lists(photos, max_size=3).map(tuple),
            )
        )
        for brand, sku in keys
    )  # fmt: skip
    standings = sorted(
        draw(st.sets(st.tuples(st.sampled_from(ids), WORDS, WORDS, st.none() | st.dates()), max_size=4)),
        key=lambda s: (*s[:3], s[3].isoformat() if s[3] else ""),
    )
    authorized = tuple(
        AuthorizedSeller(
            brand=brand, marketplace=marketplace, seller_id=seller, name=draw(st.none() | WORDS), valid_from=start,
            valid_until=draw(st.none() | st.dates()),
        )
        for brand, marketplace, seller, start in standings
    )  # fmt: skip
    return Catalog(brands=brands, references=references, authorized=authorized)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples; each takes back what it wrote."""
    with Store.open(tmp_path_factory.mktemp("catalog")) as store:
        yield with_photos(store)


@settings(deadline=None, max_examples=150)
@given(first=catalogs(), second=catalogs())
def test_any_catalog_survives_the_round_trip(lasting: Store, first: Catalog, second: Catalog) -> None:
    """Whatever the words, amounts and days: what was stored is loaded, and a later import replaces what it names."""
    with taken_back(lasting):
        lasting.catalog.upsert(first)
        assert lasting.catalog.load() == first
        lasting.catalog.upsert(second)
        loaded = lasting.catalog.load()
        assert {brand.id: brand for brand in loaded.brands} == {b.id: b for b in (*first.brands, *second.brands)}
        assert {r.key: r for r in loaded.references} == {r.key: r for r in (*first.references, *second.references)}
    assert lasting.catalog.load() == Catalog()
