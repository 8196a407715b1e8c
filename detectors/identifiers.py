"""GTINs and model numbers that cannot be the genuine product's."""

from typing import Self

from rapidfuzz.distance import DamerauLevenshtein

from detectors.base import Examples, offered
from detectors.matching import CERTAIN_PRODUCT
from detectors.samples import SHELL, catalog, listing
from detectors.text import code_key
from touchstone.catalog import BrandReference, Catalog
from touchstone.identifiers import canonical_gtin, valid_gtin
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match

NEAR_EDITS = 2  # letters by which an invented model number differs from the one that it imitates


class IdentifierDetector:
    """Do GTIN and model number belong to the product that the title names?

    A GTIN with a wrong check digit was never given to anything. A GTIN or model number of another product, or one
    that is nearly but not quite the brand's, was made up or copied. A missing number says nothing: many honest
    sellers leave it out.
    """

    name = "identifiers"
    version = 1
    kinds = ("gtin_invalid", "gtin_of_other_product", "gtin_not_the_brands", "model_unknown")

    def __init__(self, catalog: Catalog) -> None:
        self._references = {reference.key: reference for reference in catalog.references}
        self._gtins = {canonical_gtin(gtin): ref for ref in catalog.references for gtin in ref.gtins}
        self._models: dict[str, dict[str, BrandReference]] = {}
        for reference in catalog.references:
            if reference.mpn:
                self._models.setdefault(reference.brand, {})[code_key(reference.mpn)] = reference

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Index GTINs and model numbers."""
        return cls(catalog)

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """For each brand that is sold, what is wrong with the numbers."""
        found = []
        for match in offered(matches):
            reference = self._references.get(match.product or "")
            found += self._gtin(listing, match.brand, reference)
            if match.confidence >= CERTAIN_PRODUCT:  # siblings have numbers that are nearly alike
                found += self._model(listing, match.brand, reference)
        return tuple(found)

    def _gtin(self, listing: Listing, brand: str, reference: BrandReference | None) -> list[Finding]:
        for gtin in listing.gtins:
            if not valid_gtin(gtin):
                return [self._finding("gtin_invalid", brand, f"GTIN {gtin} has a wrong check digit or length")]
            owner = self._gtins.get(canonical_gtin(gtin))
            if reference and owner and owner.key != reference.key:
                return [
                    self._finding("gtin_of_other_product", brand, f"GTIN {gtin} belongs to {owner.key}: {owner.title}")
                ]
            if reference and reference.gtins and owner is None:
                return [self._finding("gtin_not_the_brands", brand, f"GTIN {gtin} is none of those of {reference.key}")]
        return []

    def _model(self, listing: Listing, brand: str, reference: BrandReference | None) -> list[Finding]:
        models = self._models.get(brand, {})
        given = code_key(listing.mpn or "")
        if not given or given in models or not any(char.isdigit() for char in given):
            return []
        if reference is None or not reference.mpn:
            return []
        if DamerauLevenshtein.distance(given, code_key(reference.mpn), score_cutoff=NEAR_EDITS) > NEAR_EDITS:
            return []
        reason = f"model number {listing.mpn} does not exist; that of {reference.key} is {reference.mpn}"
        return [self._finding("model_unknown", brand, reason)]

    def _finding(self, kind: str, brand: str, reason: str) -> Finding:
        return Finding(detector=self.name, version=self.version, kind=kind, brand=brand, strength=1.0, reason=reason)

    @classmethod
    def examples(cls) -> Examples:
        """A wrong check digit, a model number that is nearly right; both right; both missing."""
        return Examples(
            catalog=catalog(),
            finds=(listing(gtins=("2001234567890",)), listing(mpn="VL-2201")),
            passes=(listing(gtins=("2001234567893",), mpn="VL 2210"), listing(), listing(title=f"{SHELL} 2개입")),
        )


DETECTOR = IdentifierDetector
