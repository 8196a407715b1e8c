"""Spellings that a brand may want to list as aliases, and how often stored listings are titled so."""

import msgspec

from detectors.alias_candidates import HANGUL, AliasCandidate, candidates, lacking
from detectors.text import code_key, fold, words
from storage.store import Store
from touchstone.catalog import Brand, Catalog


class AliasHint(msgspec.Struct, frozen=True, kw_only=True):
    """A brand without a name in one of the two scripts, where its row stands, and what the name may be there."""

    brand: str
    name: str
    script: str
    place: str
    candidates: tuple[AliasCandidate, ...]


class CountedCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate, and how many stored listings have it in the title."""

    candidate: AliasCandidate
    titles: int


class BrandAliases(msgspec.Struct, frozen=True, kw_only=True):
    """A brand's names as they are listed, and the candidates for more."""

    brand: str
    names: tuple[str, ...]
    candidates: tuple[CountedCandidate, ...]


def hint(brand: Brand, place: str) -> AliasHint | None:
    """What to tell whoever imports a brand that lacks a name in one script; nothing when none is lacking or found."""
    script = lacking(brand)
    found = tuple(candidate for candidate in candidates(brand) if candidate.script == script)
    if script is None or not found:
        return None
    return AliasHint(brand=brand.id, name=brand.name, script=script, place=place, candidates=found)


def chosen(catalog: Catalog, brand_id: str | None) -> tuple[Brand, ...]:
    """One brand of the catalog, or all; raises ``UnknownName`` for one that is not there."""
    return catalog.brands if brand_id is None else (catalog.brand(brand_id),)


def count_candidates(store: Store, brands: tuple[Brand, ...]) -> tuple[BrandAliases, ...]:
    """The candidates of some brands, each with the number of titles that have it, spaces and case aside.

    A Latin candidate must be a word of the title; a Hangul one may be glued to others.
    """
    offered = {brand: candidates(brand) for brand in brands}
    keys = {candidate: _key(candidate) for every in offered.values() for candidate in every}
    counts = dict.fromkeys(keys, 0)
    for _, listing in store.listings.all():
        together = code_key(listing.title)
        apart = f" {' '.join(words(listing.title))} "
        for candidate, wanted in keys.items():
            counts[candidate] += wanted in (together if candidate.script == HANGUL else apart)
    return tuple(
        BrandAliases(
            brand=brand.id, names=brand.names,
            candidates=tuple(CountedCandidate(candidate=one, titles=counts[one]) for one in every),
        )
        for brand, every in offered.items()
    )  # fmt: skip


def _key(candidate: AliasCandidate) -> str:
    folded = fold(candidate.spelling).text
    return folded if candidate.script == HANGUL else f" {folded} "
