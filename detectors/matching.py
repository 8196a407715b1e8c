"""Which brand a listing is about, in which role, and which product: relevance alone, never suspicion."""

import math
from collections import defaultdict
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import msgspec
from rapidfuzz import fuzz

from detectors.image_index import ImageIndex
from detectors.mentions import Mention, mention_index
from detectors.pairs.matcher import PairMatcher
from detectors.pairs.records import Record
from detectors.roles import are_joint, context_words
from detectors.text import code_key, words
from touchstone.catalog import Brand, BrandReference, Catalog
from touchstone.identifiers import canonical_gtin
from touchstone.listing import Listing
from touchstone.verdicts import Match, Role

VERSION = 4  # rises whenever the same listing may match otherwise: what is stored is then looked at again

# How sure one piece of evidence alone makes us of the product. Identifiers can be copied and photos are copied by
# design, so none is certain; together they combine as independent witnesses (noisy-or).
GTIN_CONFIDENCE = 0.92
MODEL_CONFIDENCE = 0.9
IMAGE_CONFIDENCE = 0.6
TITLE_CONFIDENCE = (
    0.95  # of a title that agrees in full; it falls with the square of the share, as siblings share most words
)
PAIR_CONFIDENCE = 0.9  # of what the pair weights call certain; they are right so often on sets that they never saw
LEAST_PAIR = 0.45  # half sure; less is not told
PAIRS_COMPARED = 5
NAMED_CONFIDENCE = 0.7  # that a listing is about a brand whose name it bears, before any product is recognised
LEAST_CONTEXT = 2  # words of the brand's own beside an ordinary word; one alone is found in any title of the trade
NEIGHBOURS_APART = 3  # characters between names in a row: a space, a comma and a space, a bracket
SURE_PRODUCT = 0.6  # from here on a product's price, pack and identifiers are compared with the listing's
LIKELY_TITLE = 0.5  # share of a title's weight; below it "titles agree" would be said of siblings
SAME_WORD = 88.0  # rapidfuzz ratio from which two words count as one written twice ("jackets" and "jacket")
CERTAIN_PRODUCT = 0.9  # an identifier, or a title together with photos: enough to stand among other brands' names
MOST_CANDIDATES = 20  # products of a brand whose titles are compared in full
NO_BRAND = {
    "",
    "기타",
    "없음",
    "etc",
    "other",
    "others",
    "nobrand",
    "no brand",
    "none",
    "unbranded",
    "generic",
    "기타브랜드",
    "브랜드없음",
    "n a",
    "해당없음",
    "상세설명참조",
    "does not apply",
    "자체제작",
}


UNBRANDED = {"unbranded", "generic", "nobrand", "no brand", "자체제작", "브랜드없음", "없음"}


class _Sighting(NamedTuple):
    """A product with how sure one kind of evidence is of it, and the line that says so.

    A photo is not ``telling``: siblings look alike, so it adds to other evidence and names no product alone.
    """

    reference: BrandReference
    confidence: float
    evidence: str
    telling: bool = True


class Matcher:
    """Ready for one catalog. Look-ups go through indexes: a listing's cost does not grow with the catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.mentions = mention_index(catalog.brands)
        self.images = ImageIndex(catalog)
        self._by_gtin = {canonical_gtin(g): ref for ref in catalog.references for g in ref.gtins}
        self._by_model = {code_key(ref.mpn): ref for ref in catalog.references if ref.mpn}
        self._titles: dict[str, list[frozenset[str]]] = {}
        self._by_word: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._references = {ref.key: ref for ref in catalog.references}
        counts: dict[str, int] = defaultdict(int)
        for ref in catalog.references:
            brand_words = {word for name in self.mentions.brands[ref.brand].names for word in words(name)}
            self._titles[ref.key] = [frozenset(words(title)) - brand_words for title in ref.all_titles]
            for word in frozenset().union(*self._titles[ref.key]):
                counts[word] += 1
                self._by_word[ref.brand, word].add(ref.key)
        self._pairs, self._paired = _pair_matcher(catalog.brands, catalog.references)
        total = max(len(catalog.references), 1)
        self._weights = {word: math.log(1 + total / count) for word, count in counts.items()}

    def match(self, listing: Listing) -> tuple[Match, ...]:
        """The brands that a listing is about, each with its likeliest product, the surest first."""
        mentions = self.mentions.find(listing.title)
        subject = _Subject(listing, mentions, self._field_brand(listing))
        sightings = self._sightings(subject)
        # A number or photo of another brand than the one that is named is a finding, not another brand on sale.
        brands = subject.named or set(sightings)
        matches = (self._match(subject, brand, sightings.get(brand, [])) for brand in sorted(brands))
        sold = _one_brand_is_sold([match for match in matches if match], subject)
        return tuple(sorted(sold, key=lambda match: (-match.confidence, match.brand)))

    def _field_brand(self, listing: Listing) -> str | None:
        """The catalog brand that the marketplace's brand field names, if it names one and nothing else."""
        hits = self.mentions.find(listing.brand or "")
        return hits[0].brand if len(hits) == 1 and hits[0].start == 0 else None

    def _sightings(self, subject: "_Subject") -> dict[str, list[_Sighting]]:
        listing = subject.listing
        found: dict[str, list[_Sighting]] = defaultdict(list)
        for gtin in listing.gtins:
            if ref := self._by_gtin.get(canonical_gtin(gtin)):
                found[ref.brand].append(_Sighting(ref, GTIN_CONFIDENCE, f"GTIN {gtin} is that of {ref.key}"))
        for code in _codes(listing):
            if ref := self._by_model.get(code):
                found[ref.brand].append(_Sighting(ref, MODEL_CONFIDENCE, f"model number {ref.mpn}"))
                break
        for hit in self.images.search(listing.images):
            ref = self._references[hit.product]
            found[ref.brand].append(_Sighting(ref, IMAGE_CONFIDENCE * hit.likeness, hit.describe(), telling=False))
        paired = self._by_pair(listing) if subject.named or found else {}
        for brand in subject.named | set(found):
            titles = [sighting for sighting in (self._by_title(listing.title, brand), paired.get(brand)) if sighting]
            if titles:  # two looks at the same words: the surer counts, not both
                found[brand].append(max(titles, key=lambda sighting: sighting.confidence))
        return found

    def _by_pair(self, listing: Listing) -> dict[str, _Sighting]:
        """The likeliest product of each brand by words, numbers and measures, as the weights of `detectors.pairs` have it."""
        best: dict[str, _Sighting] = {}
        if self._pairs is None:
            return best
        for likeness in self._pairs.match([_record_of_listing(listing)], kept=PAIRS_COMPARED)[0]:
            reference = self._paired[likeness.product]
            confidence = PAIR_CONFIDENCE * likeness.probability
            if confidence >= LEAST_PAIR:  # the most probable come first
                told = f"title, numbers and measures fit ({likeness.probability:.0%})"
                best.setdefault(reference.brand, _Sighting(reference, confidence, told))
        return best

    def _by_title(self, title: str, brand: str) -> _Sighting | None:
        """The product of ``brand`` whose title agrees best, weighted by how rare its words are in the catalog."""
        here = set(words(title))
        scores: dict[str, float] = defaultdict(float)
        for word in here:
            for key in self._by_word.get((brand, word), ()):
                scores[key] += self._weights[word]
        best: tuple[float, str, list[str]] = (0.0, "", [])
        for key in sorted(scores, key=lambda key: (-scores[key], key))[:MOST_CANDIDATES]:
            for wanted in self._titles[key]:
                agreeing = [word for word in wanted if _among(word, here)]
                whole = sum(self._weights[word] for word in wanted)
                share = sum(self._weights[word] for word in agreeing) / whole if whole else 0.0
                best = max(best, (share, key, sorted(agreeing)))
        share, key, agreeing = best
        if share < LIKELY_TITLE:
            return None
        return _Sighting(self._references[key], TITLE_CONFIDENCE * share**2, f"title agrees: {', '.join(agreeing)}")

    def _match(self, subject: "_Subject", brand: str, sightings: list[_Sighting]) -> Match | None:
        product, confidence, evidence = _best_product(sightings)
        mentions, in_field = subject.of(brand), subject.field_brand == brand
        if self.mentions.brands[brand].ordinary_word and not self._meant(subject, brand, confidence):
            return None
        named = bool(mentions) or in_field
        if not named and (confidence < CERTAIN_PRODUCT or not _nameless(subject.listing)):
            return None  # goods that look alike, and that nobody calls the brand's
        lines = [
            f"title names {mention.name}" + (f" ({mention.how})" if mention.how else "") for mention in mentions[:2]
        ]
        lines += [f"brand field names {brand}"] if in_field else []
        known = product if product is not None and confidence >= SURE_PRODUCT else None
        return Match(
            brand=brand, role=_role(subject, mentions, confidence), product=known.key if known else None,
            confidence=round(max(NAMED_CONFIDENCE if named else 0.0, confidence), 4), evidence=(*lines, *evidence),
        )  # fmt: skip

    def _meant(self, subject: "_Subject", brand: str, confidence: float) -> bool:
        """Whether an ordinary word means the brand: a hidden spelling, the brand field, a product, words of the brand's
        own around it, or another brand's name right beside it say so.
        """
        mentions = subject.of(brand)
        if subject.field_brand == brand or confidence >= SURE_PRODUCT:
            return True
        if any(mention.how and not mention.how.startswith("misspelt") for mention in mentions):
            return True
        if subject.beside_another(mentions):
            return True
        declared_unbranded = " ".join(words(subject.listing.brand or "")) in UNBRANDED
        context = context_words(self.mentions.brands[brand], subject.listing.title)
        return bool(mentions) and not declared_unbranded and context >= LEAST_CONTEXT


class _Subject(NamedTuple):
    """A listing with the brand names in its title and in its brand field."""

    listing: Listing
    mentions: list[Mention]
    field_brand: str | None

    @property
    def named(self) -> set[str]:
        """Every brand that is named."""
        return {mention.brand for mention in self.mentions} | ({self.field_brand} if self.field_brand else set())

    def of(self, brand: str) -> list[Mention]:
        """The mentions of one brand in the title."""
        return [mention for mention in self.mentions if mention.brand == brand]

    def joined_with(self, brand: str) -> set[str]:
        """The brands whose names are joined with a brand's as those of a joint edition are."""
        title, mine = self.listing.title, self.of(brand)
        return {
            other.brand
            for other in self.mentions
            for own in mine
            if are_joint(title, own.end, other.start) or are_joint(title, other.end, own.start)
        }

    def beside_another(self, mentions: list[Mention]) -> bool:
        """Whether one of ``mentions`` stands right beside the name of another brand: names in a row are names."""
        return any(
            mention.brand != other.brand
            and -1 <= max(mention.start - other.end, other.start - mention.end) <= NEIGHBOURS_APART
            for mention in mentions
            for other in self.mentions
        )


def _role(subject: _Subject, mentions: list[Mention], confidence: float) -> Role:
    roles = [mention.role for mention in mentions]
    for role in (Role.VERSUS, Role.LIKE, Role.FOR, Role.STUFFING):
        if role in roles:
            return role
    if not mentions or confidence >= SURE_PRODUCT:
        return Role.IS
    other_maker = subject.field_brand is None and not _nameless(subject.listing)
    return Role.STUFFING if other_maker else Role.IS


def _nameless(listing: Listing) -> bool:
    """Whether the brand field says nothing: empty, or one of the words that stand for no brand."""
    return " ".join(words(listing.brand or "")) in NO_BRAND


def _best_product(sightings: list[_Sighting]) -> tuple[BrandReference | None, float, tuple[str, ...]]:
    """The product that most evidence speaks for, how surely, and the lines that say so."""
    by_product: dict[str, list[_Sighting]] = defaultdict(list)
    for sighting in sightings:
        by_product[sighting.reference.key].append(sighting)
    best: tuple[float, list[_Sighting]] = (0.0, [])
    for key in sorted(by_product):
        if not any(sighting.telling for sighting in by_product[key]):
            continue
        doubt = math.prod(1 - sighting.confidence for sighting in by_product[key])
        if 1 - doubt > best[0]:
            best = (1 - doubt, by_product[key])
    if not best[1]:
        return None, 0.0, ()
    return best[1][0].reference, best[0], tuple(sighting.evidence for sighting in best[1])


def _one_brand_is_sold(matches: list[Match], subject: _Subject) -> list[Match]:
    """Of several brands in a title only the surest is what is sold, if any is; the other names are stuffing."""
    claims = [match for match in matches if match.role is Role.IS]
    if not claims or len(matches) < 2:
        return matches
    sold = max(claims, key=lambda match: (match.brand == subject.field_brand, match.confidence))
    meant = sold.brand == subject.field_brand or sold.confidence >= CERTAIN_PRODUCT
    joint = subject.joined_with(sold.brand) if meant else set()
    return [
        match
        if match.role is not Role.IS or (meant and match is sold) or match.brand in joint
        else msgspec.structs.replace(match, role=Role.STUFFING)
        for match in matches
    ]


def _codes(listing: Listing) -> list[str]:
    """What may be a model number: the field, words of the title with a digit, and two neighbours together."""
    parts = words(listing.title)
    joined = [first + second for first, second in pairwise(parts)]
    candidates = [listing.mpn or "", *(part for part in (*parts, *joined) if any(char.isdigit() for char in part))]
    return [key for key in map(code_key, candidates) if len(key) >= 4]


@lru_cache(maxsize=2)
def _pair_matcher(
    brands: tuple[Brand, ...], references: tuple[BrandReference, ...]
) -> tuple[PairMatcher | None, list[BrandReference]]:
    """A matcher over every title of every product, and the product of each; made once for a catalog's products."""
    rows = [(reference, title) for reference in references for title in reference.all_titles]
    if not rows:
        return None, []
    names = {brand.id: brand.name for brand in brands}
    records = [
        Record(
            title=title,
            brand=names.get(reference.brand, ""),
            model=reference.mpn or "",
            category=reference.category or "",
        )
        for reference, title in rows
    ]
    return PairMatcher(records), [reference for reference, _ in rows]


def _record_of_listing(listing: Listing) -> Record:
    return Record(
        title=listing.title, brand=listing.brand or "", model=listing.mpn or "", category=listing.category or ""
    )


def _among(word: str, here: set[str]) -> bool:
    if word in here:
        return True
    return len(word) >= 5 and any(
        abs(len(word) - len(other)) <= 2 and fuzz.ratio(word, other) >= SAME_WORD for other in here
    )
