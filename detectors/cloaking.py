"""Whether a page tells machines something else than people."""

from typing import Self

import msgspec

from detectors.base import Examples, offered
from detectors.samples import catalog, listing
from touchstone.catalog import Catalog
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match


class CloakingDetector:
    """Does the page declare a price for machines that it shows to nobody, and show people another?

    Shopping engines and monitors read what is declared. A stale template differs as well, so the finding is shadow: it is
    shown, and weighs nothing until labelled cases earn it a weight. Abstains where the two agree, or one is lacking.
    """

    name = "cloaking"
    version = 1
    kinds = ("sources_disagree",)

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Needs nothing of the catalog."""
        return cls()

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """One finding for each brand that is sold and each field on which the page's sources differ."""
        return tuple(
            Finding(
                detector=self.name, version=self.version, kind="sources_disagree", brand=match.brand, strength=1.0,
                reason=f"{field}: {difference}", data={"field": field},
            )
            for match in offered(matches)
            for field, difference in sorted(listing.conflicts.items())
        )  # fmt: skip

    @classmethod
    def examples(cls) -> Examples:
        """A declared price that is shown nowhere; a page without a conflict."""
        differs = {"price": "schema:offers.price says ₩289,000, the page shows ₩39,000"}
        return Examples(
            catalog=catalog(),
            finds=(msgspec.structs.replace(listing(), conflicts=differs),),
            passes=(listing(),),
        )


DETECTOR = CloakingDetector
