"""Colours and sizes that the brand never made."""

from typing import Self

from detectors.base import Examples, offered
from detectors.matching import CERTAIN_PRODUCT
from detectors.quantity import pack_of
from detectors.samples import catalog, listing
from detectors.text import fold
from touchstone.catalog import BrandReference, Catalog
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match

COLOUR_OPTIONS = ("color", "colour", "색상", "컬러", "색")
SIZE_OPTIONS = ("size", "사이즈", "크기")


class VariantDetector:
    """Does the listing offer the product in a colour or size that was never made?

    Compared with the catalog's colours and sizes by their folded words. It abstains where the catalog names none, where the
    product is not certain (siblings come in other colours) or the title names another size of it (for children, a part,
    a sample), and where the listing's options are in another language than the catalog's.
    """

    name = "variants"
    version = 2
    kinds = ("variant_never_made",)

    def __init__(self, references: dict[str, BrandReference], colours: frozenset[str]) -> None:
        self._references = references
        self._colours = colours

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Index products by key, and every colour that any product has: the language that the catalog speaks."""
        colours = frozenset(_key(colour) for reference in catalog.references for colour in reference.colours)
        return cls({reference.key: reference for reference in catalog.references}, colours)

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """One finding for each product with options that do not exist."""
        found = []
        for match in offered(matches):
            reference = self._references.get(match.product or "")
            if reference is None or match.confidence < CERTAIN_PRODUCT:
                continue
            if pack_of(listing.title, known_titles=reference.all_titles).other_size:
                continue  # the children's jacket has sizes of its own
            invented = [*self._invented_sizes(listing, reference), *self._invented_colours(listing, reference)]
            if invented:
                reason = f"{reference.key} was never made in {', '.join(invented[:3])}"
                found.append(
                    Finding(
                        detector=self.name, version=self.version, kind="variant_never_made", brand=match.brand,
                        strength=1.0, reason=reason,
                    )
                )  # fmt: skip
        return tuple(found)

    def _invented_sizes(self, listing: Listing, reference: BrandReference) -> list[str]:
        made = {_key(size) for size in reference.sizes}
        return [value for value in _values(listing, SIZE_OPTIONS) if made and _key(value) not in made]

    def _invented_colours(self, listing: Listing, reference: BrandReference) -> list[str]:
        made, offered_here = {_key(colour) for colour in reference.colours}, _values(listing, COLOUR_OPTIONS)
        same_language = any(_key(value) in self._colours for value in offered_here)
        return [value for value in offered_here if made and same_language and _key(value) not in made]

    @classmethod
    def examples(cls) -> Examples:
        """A colour that was never made; colours that were; options in another language than the catalog's."""
        return Examples(
            catalog=catalog(),
            finds=(listing(options={"색상": ("Navy", "Purple")}), listing(options={"사이즈": ("M", "4XL")})),
            passes=(
                listing(options={"Color": ("Navy",), "Size": ("M", "L")}),
                listing(options={"색상": ("군청",)}),
                listing(),
            ),
        )


def _values(listing: Listing, names: tuple[str, ...]) -> list[str]:
    """The values of the listing's options of one sort, placeholders such as "선택" left out."""
    values = [value for name, values in listing.options.items() if _key(name) in names for value in values]
    return [value for value in values if not any(word in fold(value).text for word in ("선택", "select", "choose"))]


def _key(text: str) -> str:
    return fold(text).text.strip()


DETECTOR = VariantDetector
