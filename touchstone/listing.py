"""A listing: one seller's offer of one thing, as a marketplace showed it at one moment."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from touchstone.background import Background
from touchstone.images import ListingImage
from touchstone.money import Money


class Condition(StrEnum):
    """The state of the goods as the listing declares it."""

    NEW = "new"
    USED = "used"
    REFURBISHED = "refurbished"
    UNKNOWN = "unknown"


class Availability(StrEnum):
    """Whether the offer can be bought at the moment it was seen."""

    IN_STOCK = "in_stock"
    SOLD_OUT = "sold_out"
    PREORDER = "preorder"
    UNKNOWN = "unknown"


class PageStatus(StrEnum):
    """What a page turned out to be. Only ``gone`` speaks of removal; a block or an error never does.

    ``forbidden``: it was not fetched, because robots.txt or the bounds of the marketplace forbid it.
    """

    LISTING = "listing"
    SEARCH = "search"
    SELLER = "seller"
    SOLD_OUT = "sold_out"
    GONE = "gone"
    BLOCKED = "blocked"
    LOGIN = "login"
    ERROR = "error"
    EMPTY = "empty"
    FORBIDDEN = "forbidden"


TROUBLE = (PageStatus.BLOCKED, PageStatus.LOGIN, PageStatus.ERROR, PageStatus.EMPTY)  # the page's content was not had


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    """Who offers it. ``seller_id`` is the marketplace's own key where it shows one, else the display name.

    ``private`` says whether the marketplace declares a private person; ``None`` where it does not say.
    """

    marketplace: str
    seller_id: str
    name: str | None = None
    url: str | None = None
    business_number: str | None = None
    private: bool | None = None
    country: str | None = None
    since: date | None = None
    rating: float | None = None
    rating_count: int | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """The terms: what is asked, by whom, for goods in which state; ``stock`` is the number of pieces that is shown.

    ``least_of_several``: whether ``price`` is that of the cheapest option ("from $9", "9,900~39,000원").
    """

    price: Money | None = None
    least_of_several: bool = False
    list_price: Money | None = None
    condition: Condition = Condition.UNKNOWN
    availability: Availability = Availability.UNKNOWN
    stock: int | None = None
    seller: Seller | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One seller's offer of one thing on one marketplace.

    A page on which several named sellers compete yields one listing for each of them, since each is judged apart.
    ``brand`` is the marketplace's brand field as the seller filled it, ``sku`` the shop's own article number.
    ``provenance`` names, for each field, the source that it was read from, such as ``schema:offers.price``;
    ``conflicts`` says, for a field, where sources differ. ``background`` is what was known beyond it when it was screened.
    """

    marketplace: str
    listing_id: str
    url: str
    title: str
    seen_at: datetime
    offer: Offer = msgspec.field(default_factory=Offer)
    brand: str | None = None
    gtins: tuple[str, ...] = ()
    mpn: str | None = None
    sku: str | None = None
    category: str | None = None
    description: str | None = None
    attributes: dict[str, str] = {}
    options: dict[str, tuple[str, ...]] = {}
    images: tuple[ListingImage, ...] = ()
    provenance: dict[str, str] = {}
    conflicts: dict[str, str] = {}
    background: Background = Background()

    @property
    def filled(self) -> frozenset[str]:
        """The names of the fields that it has, as marketplaces' assertions name them."""
        offer = self.offer
        values = {
            "title": self.title, "price": offer.price, "currency": offer.price, "list_price": offer.list_price,
            "brand": self.brand, "gtin": self.gtins, "mpn": self.mpn, "sku": self.sku, "category": self.category,
            "description": self.description, "images": self.images, "stock": offer.stock is not None,
            "seller_id": offer.seller, "seller_name": offer.seller and offer.seller.name,
            "condition": offer.condition != "unknown", "availability": offer.availability != "unknown",
        }  # fmt: skip
        return frozenset(name for name, value in values.items() if value)

    @property
    def key(self) -> str:
        """``marketplace/listing_id``: unique in the store."""
        return f"{self.marketplace}/{self.listing_id}"
