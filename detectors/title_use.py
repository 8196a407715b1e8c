"""A brand's name in the title of goods that are not the brand's."""

from typing import Self

from detectors.base import Examples
from detectors.samples import catalog, listing
from touchstone.catalog import Catalog
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match, Role

_REASONS = {
    Role.LIKE: ("brand_as_style", "the title sells other goods as being like {brand}"),
    Role.VERSUS: ("brand_as_comparison", "the title compares other goods with {brand}"),
    Role.STUFFING: ("brand_as_keyword", "the title names {brand} for goods of another maker"),
}


class TitleUseDetector:
    """Does a title borrow the brand's name: "like …", "… style", "better than …", or as a mere keyword?

    Naming the brand that an accessory fits ("for …", "… 호환") is allowed and never a finding.
    """

    name = "title_use"
    version = 1
    kinds = tuple(kind for kind, _ in _REASONS.values())

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Needs nothing of the catalog: the matches say it all."""
        return cls()

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """One finding for each brand whose name is borrowed."""
        return tuple(
            Finding(
                detector=self.name, version=self.version, kind=_REASONS[match.role][0], brand=match.brand, strength=1.0,
                reason=_REASONS[match.role][1].format(brand=match.brand),
            )
            for match in matches
            if match.role in _REASONS
        )  # fmt: skip

    @classmethod
    def examples(cls) -> Examples:
        """In the style of the brand, better than the brand; the brand's own jacket, a cover that fits it."""
        return Examples(
            catalog=catalog(),
            finds=(
                listing(title="벨하네 스타일 바람막이", brand=None),
                listing(title="Windbreaker better than Velhanne", brand=None),
            ),
            passes=(listing(), listing(title="벨하네 호환 자켓 커버", brand=None)),
        )


DETECTOR = TitleUseDetector
