"""How many pieces a seller claims to have."""

from typing import Self

import msgspec

from detectors.base import Examples, offered
from detectors.samples import catalog, listing
from touchstone.catalog import Catalog
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match

# Shops write 999 for "enough"; a number above is meant, and is more than a shop without a contract with the brand
# would keep of one thing.
MOST_PIECES = 1_500


class StockDetector:
    """Does the seller claim to have thousands of pieces of one product?

    Who is not supplied by the brand has what they could buy; who makes copies has as many as are wanted. It weighs
    little, since some shops write any number.
    """

    name = "stock"
    version = 1
    kinds = ("stock_implausible",)

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Needs nothing of the catalog."""
        return cls()

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """One finding for each brand that is sold."""
        stock = listing.offer.stock
        if stock is None or stock <= MOST_PIECES:
            return ()
        reason = f"{stock:,} pieces are said to be in stock"
        return tuple(
            Finding(
                detector=self.name, version=self.version, kind="stock_implausible", brand=match.brand, strength=1.0,
                reason=reason,
            )
            for match in offered(matches)
        )  # fmt: skip

    @classmethod
    def examples(cls) -> Examples:
        """Ten thousand pieces; the 999 that stands for plenty, and no number at all."""
        many = msgspec.structs.replace(listing().offer, stock=10_000)
        plenty = msgspec.structs.replace(listing().offer, stock=999)
        return Examples(
            catalog=catalog(),
            finds=(msgspec.structs.replace(listing(), offer=many),),
            passes=(listing(), msgspec.structs.replace(listing(), offer=plenty)),
        )


DETECTOR = StockDetector
