"""What was known beyond a listing when it was screened: of its seller, of others' prices, of its photos elsewhere."""

import msgspec


class SellerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A seller's *other* listings of catalog brands, at the time of screening.

    ``signs``: for each kind of finding that honest listings seldom show, the number of listings that show it;
    ``signed`` is the number of listings that show any. ``confirmed`` and ``dismissed`` count what people decided about
    suspicions of counterfeiting. ``own_photos``: listings with photos of the seller's own only.
    """

    listings: int = 0
    brands: int = 0
    signed: int = 0
    signs: dict[str, int] = {}
    confirmed: int = 0
    dismissed: int = 0
    own_photos: int = 0


class PriceBand(msgspec.Struct, frozen=True, kw_only=True):
    """What authorized sellers ask for a product, and for its brand's products, in one currency.

    ``lowest`` is the low end of the unit prices, in minor units, of ``sellers`` offers of the product; ``brand_share`` the low end
    of unit price to list price over ``brand_offers`` offers of the brand.
    """

    lowest: int | None = None
    sellers: int = 0
    brand_share: float | None = None
    brand_offers: int = 0


class UnitPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What a listing asks for one piece of a product, sold as new; ``authorized``: by an authorized seller.

    ``share`` is its part of the list price.
    """

    product: str
    minor: int
    currency: str
    share: float
    authorized: bool


class Background(msgspec.Struct, frozen=True, kw_only=True):
    """Kept with the listing, so that screening it again gives the same answer.

    ``prices`` is keyed by product; ``photos`` counts, by content address, the other sellers who show the same photo.
    """

    seller: SellerRecord = SellerRecord()
    prices: dict[str, PriceBand] = {}
    photos: dict[str, int] = {}
