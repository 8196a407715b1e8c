"""Brand names that are written so that a search by the brand does not find them."""

from typing import Self

from detectors.base import Examples
from detectors.mentions import MentionIndex, mention_index
from detectors.samples import catalog, listing
from touchstone.catalog import Catalog
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match


class EvasionDetector:
    """Is the brand's name in the title disguised: look-alike letters, digits for letters, letters taken apart?

    The finding quotes the exact words of the title and says how they were written. An honest mention, in any of the
    spellings that the catalog lists, is nothing.
    """

    name = "evasion"
    version = 1
    kinds = ("brand_spelling_hidden", "brand_misspelt")

    def __init__(self, mentions: MentionIndex) -> None:
        self._mentions = mentions

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Index the brands' names."""
        return cls(mention_index(catalog.brands))

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """One finding for each brand whose name is disguised, from its most telling mention."""
        brands = {match.brand for match in matches}
        found: dict[str, Finding] = {}
        for mention in self._mentions.find(listing.title):
            if not mention.how or mention.brand not in brands:
                continue
            misspelt = mention.how.startswith("misspelt")  # honest people do that too; it has a weight of its own
            written = listing.title[mention.start : mention.end]
            finding = Finding(
                detector=self.name, version=self.version, kind="brand_misspelt" if misspelt else "brand_spelling_hidden", brand=mention.brand,
                strength=1.0, reason=f"{mention.name} is written {written!r}: {mention.how}",
                data={"start": mention.start, "end": mention.end},
            )  # fmt: skip
            if mention.brand not in found or not misspelt:
                found[mention.brand] = finding
        return tuple(found.values())

    @classmethod
    def examples(cls) -> Examples:
        """Cyrillic letters, letters taken apart, Hangul taken apart; honest spellings in both scripts."""
        return Examples(
            catalog=catalog(),
            finds=(
                listing(title="Vеlhаnnе Fjell Shell Jacket"),
                listing(title="V.e.l.h.a.n.n.e Fjell Shell Jacket"),
                listing(title="ㅂㅔㄹㅎㅏㄴㅔ 피엘 쉘 자켓"),
            ),
            passes=(
                listing(),
                listing(title="VELHANNE Fjell Shell Jacket"),
                listing(title="novel hanneman helmet", brand=None),
            ),
        )


DETECTOR = EvasionDetector
