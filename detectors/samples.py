"""A tiny catalog and listings of an invented brand, for the examples that each detector gives."""

from datetime import UTC, date, datetime
from typing import Any

from touchstone.catalog import AuthorizedSeller, Brand, BrandReference, Catalog, ReferenceImage, ReferencePrice
from touchstone.images import Fingerprint
from touchstone.listing import Condition, Listing, Offer, Seller
from touchstone.money import Money

SHELL = "벨하네 피엘 쉘 자켓"
GTIN = "2001234567893"
PHOTO = Fingerprint(
    version=1, whole="0f" * 32, trimmed="0f" * 32, mirrored="c3" * 32, width=800, height=800,
)  # fmt: skip


def catalog() -> Catalog:
    """One brand with one jacket and one authorized seller on one marketplace."""
    price = ReferencePrice(list_price=Money(289_000, "KRW"), minimum_advertised=Money(249_000, "KRW"))
    return Catalog(
        brands=(Brand(id="velhanne", name="Velhanne", aliases=("벨하네",)),),
        references=(
            BrandReference(
                brand="velhanne", sku="VL-2210", title="Velhanne Fjell Shell Jacket", titles=(SHELL,), mpn="VL2210", colours=("Navy", "Sky"), sizes=("M", "L"),
                gtins=(GTIN,), prices=(price,), images=(ReferenceImage(sha256="0" * 64, source="x", fingerprint=PHOTO),),
            ),
        ),
        authorized=(
            AuthorizedSeller(brand="velhanne", marketplace="namu", seller_id="nm-1", valid_from=date(2025, 1, 1)),
            AuthorizedSeller(brand="velhanne", marketplace="namu", seller_id="nm-2", valid_until=date(2026, 3, 31)),
        ),
    )  # fmt: skip


def listing(
    title: str = SHELL, *, price: int = 289_000, condition: Condition = Condition.NEW, **changes: Any
) -> Listing:
    """A listing of the jacket by an authorized seller, except for what is changed."""
    seller = changes.pop("seller", Seller(marketplace="namu", seller_id="nm-1", name="벨하네 공식스토어"))
    values: dict[str, Any] = {
        "marketplace": "namu", "listing_id": "1", "url": "http://namu.example/item/1", "brand": "벨하네",
        "seen_at": datetime(2026, 11, 24, tzinfo=UTC),
    }  # fmt: skip
    offer = Offer(price=Money(price, "KRW"), condition=condition, seller=seller)
    return Listing(title=title, offer=offer, **{**values, **changes})
