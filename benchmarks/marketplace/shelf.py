"""Generated listings as a crawl of the demo's pages would read them, without the pages.

`tests/benchmarks` holds both against one another. Only where a field was read from is left out.
"""

from datetime import UTC, datetime, time

from fixtures.demo import namu
from fixtures.demo.model import Listing as Made
from fixtures.demo.model import Seller as Account
from fixtures.demo.model import World
from touchstone.images import ListingImage
from touchstone.listing import Availability, Condition, Listing, Offer, Seller
from touchstone.money import Money

BASES = {"namu": "http://namu.example", "plaza": "http://plaza.example"}
NO_NAMES = ("Generic", "Unbranded")  # brand fields that are read as none at all
CHOOSE = "선택하세요"  # the first entry of each of Namu's menus
SHELL_BRAND = "Does not apply"  # what Plaza shows where a seller named no brand


class Shelf:
    """Turns listings of one world into what a crawl gives."""

    def __init__(self, world: World, bases: dict[str, str] = BASES) -> None:
        self._bases = bases
        self._accounts = {(account.marketplace, account.id): account for account in world.sellers}
        self.seen_at = datetime.combine(world.today, time(12), UTC)

    def listing(self, made: Made, images: tuple[ListingImage, ...]) -> Listing:
        """One listing, with its images as they were fetched."""
        korean, base = made.marketplace == "namu", self._bases[made.marketplace]
        list_price = Money.of(made.list_price, made.currency) if made.list_price else None
        placeholder = (CHOOSE,) if korean else ()
        brand = made.brand_field or (None if korean else SHELL_BRAND)
        return Listing(
            marketplace=made.marketplace,
            listing_id=made.id,
            url=base + made.path,
            title=_folded(made.title),
            seen_at=self.seen_at,
            offer=Offer(
                price=Money.of(made.price, made.currency),
                list_price=list_price,
                condition=Condition(made.condition),
                availability=Availability.IN_STOCK if made.available else Availability.SOLD_OUT,
                stock=made.stock if made.available else None,
                seller=self._seller(self._accounts[made.marketplace, made.seller_id]),
            ),
            brand=None if brand in NO_NAMES else brand,
            gtins=(made.gtin,) if made.gtin else (),
            mpn=made.mpn,
            sku=made.id,
            category=" > ".join(made.category),
            description=" ".join(map(_folded, made.description)),
            attributes={name: _folded(value) for name, value in namu.specs(made)} if korean else {},
            options={name: (*placeholder, *values) for name, values in made.options},
            images=images,
        )

    def image_url(self, made: Made, key: str) -> str:
        """Under which address a marketplace serves a picture."""
        return f"{self._bases[made.marketplace]}/img/{key}.jpg"

    def _seller(self, account: Account) -> Seller:
        korean, base = account.marketplace == "namu", self._bases[account.marketplace]
        rating = account.rating if account.ratings or not korean else None
        return Seller(
            marketplace=account.marketplace,
            seller_id=account.id,
            name=_folded(account.name),
            url=f"{base}/shop/{account.id}" if korean else f"{base}/api/seller/{account.id}",
            business_number=account.business.registration if account.business else None,
            private=account.business is None,
            country=namu.COUNTRY.get(account.country, account.country) if korean else account.country,
            since=account.joined,
            rating=rating,
            rating_count=None if korean else account.ratings,
        )


def _folded(text: str) -> str:
    """White space as pages show it."""
    return " ".join(text.split())
