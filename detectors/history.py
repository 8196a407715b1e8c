"""What a seller's other listings, and people's decisions about them, say of this one."""

from typing import Self

import msgspec

from detectors.base import Examples, offered
from detectors.samples import catalog, listing
from touchstone.background import Background, SellerRecord
from touchstone.catalog import Catalog
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match, Screening

# Findings that honest sellers' listings seldom show; none of them depends on a background, so that what is found in one
# listing never feeds on what was found in another.
SIGNS = frozenset(
    (
        "replica_wording", "brand_spelling_hidden", "photo_mirrored", "gtin_of_other_product", "gtin_invalid",
        "model_unknown", "variant_never_made", "stock_implausible", "used_contradicted",
    )
)  # fmt: skip
DOUBTED = 3.0  # listings without a sign that are supposed beside those that were seen: one of one is no rule
COMPLETE_SHARE = 0.4  # of a seller's listings with a sign, from which on it could hardly be worse
SURE_DECISIONS = 3  # confirmed counterfeits of a seller from which on one more adds nothing
LEAST_OTHERS = 4  # of a seller's listings, before one of them can be unlike the others
MOSTLY = 0.8  # share of them that makes a habit


class HistoryDetector:
    """What else does this seller sell, and what did people decide about it?

    Other listings with tell-tale signs (words of the replica trade, a hidden spelling, another product's number) speak
    against this one, and so do counterfeits that were confirmed; suspicions that were dismissed speak for it. Many of
    the catalog's brands at once are shown. A brand's own photo, where all the seller's other listings have photos of their
    own, is shown and not weighed.
    """

    name = "history"
    version = 1
    kinds = (
        "seller_signs_elsewhere",
        "seller_confirmed_before",
        "seller_dismissed_before",
        "seller_many_brands",
        "photo_unlike_sellers_own",
    )

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Needs nothing of the catalog: the listing's background says it all."""
        return cls()

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """What is known of the seller, for each brand that is sold."""
        record = listing.background.seller
        told = [*_signs(record), *_decisions(record), *_spread(record), *_photos(listing, record)]
        return tuple(
            Finding(
                detector=self.name, version=self.version, kind=kind, brand=match.brand, strength=round(strength, 4),
                reason=reason,
            )
            for match in offered(matches)
            for kind, strength, reason in told
        )  # fmt: skip

    @classmethod
    def examples(cls) -> Examples:
        """A seller of replicas, one with confirmed counterfeits, one who was cleared; one of whom nothing is known."""

        def by(**record: int | dict[str, int]) -> Listing:
            seller = msgspec.convert(record, SellerRecord)
            return msgspec.structs.replace(listing(), background=Background(seller=seller))

        return Examples(
            catalog=catalog(),
            finds=(
                by(listings=4, signed=3, signs={"replica_wording": 3}),
                by(listings=2, confirmed=1),
                by(listings=2, dismissed=2),
                by(listings=9, brands=4),
            ),
            passes=(listing(), by(listings=30, brands=1)),
        )


_Told = list[tuple[str, float, str]]


def _signs(record: SellerRecord) -> _Told:
    if not record.signed:
        return []
    strength = min(1.0, record.signed / (record.listings + DOUBTED) / COMPLETE_SHARE)
    kinds = sorted(record.signs, key=lambda kind: (-record.signs[kind], kind))[:3]
    named = ", ".join(f"{kind.replace('_', ' ')} in {record.signs[kind]}" for kind in kinds)
    reason = f"{record.signed} of the seller's {record.listings} other listings show tell-tale signs ({named})"
    return [("seller_signs_elsewhere", strength, reason)]


def _decisions(record: SellerRecord) -> _Told:
    told = []
    if record.confirmed:
        reason = f"{_counted(record.confirmed, 'other listing')} of the seller confirmed as counterfeit"
        told.append(("seller_confirmed_before", min(1.0, record.confirmed / SURE_DECISIONS), reason))
    if record.dismissed:
        reason = f"suspicion of {_counted(record.dismissed, 'other listing')} of the seller dismissed"
        told.append(("seller_dismissed_before", dismissed_share(record), reason))
    return told


def _spread(record: SellerRecord) -> _Told:
    if record.brands < 2:
        return []
    reason = f"the seller's other listings offer {record.brands} of the catalog's brands"
    return [("seller_many_brands", min(1.0, (record.brands - 1) / 4), reason)]


def _photos(listing: Listing, record: SellerRecord) -> _Told:
    shows_brands = any(image.sightings for image in listing.images)
    if not shows_brands or not has_own_photos(record):
        return []
    reason = f"the brand's photo, while {record.own_photos} of the seller's {record.listings} other listings show photos of their own"
    return [("photo_unlike_sellers_own", 1.0, reason)]


def dismissed_share(record: SellerRecord) -> float:
    """The part of the decisions about a seller that dismissed a suspicion; one more is supposed that did not."""
    return record.dismissed / (record.dismissed + record.confirmed + 1)


def has_own_photos(record: SellerRecord) -> bool:
    """Whether a seller's other listings mostly show photos of the seller's own."""
    return record.listings >= LEAST_OTHERS and record.own_photos >= MOSTLY * record.listings


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("s" if number > 1 else "")


def tallies(listing: Listing, screening: Screening, *, own_photos: bool) -> frozenset[str]:
    """What a listing adds to its seller's record: `record_of` adds them up."""
    brands = {match.brand for match in offered(screening.matches)}
    if not brands:
        return frozenset()
    signs = {finding.kind for finding in screening.findings if finding.brand in brands} & SIGNS
    return frozenset(
        (
            "listing", *(f"brand:{brand}" for brand in brands), *(f"sign:{kind}" for kind in signs),
            *(["signed"] if signs else []), *(["own_photos"] if own_photos else []),
        )
    )  # fmt: skip


def record_of(counts: dict[str, int]) -> SellerRecord:
    """A seller's record from how many listings added each tally."""
    named = {key: count for key, count in counts.items() if count > 0}
    return SellerRecord(
        listings=named.get("listing", 0),
        brands=sum(1 for key in named if key.startswith("brand:")),
        signed=named.get("signed", 0),
        signs={key[5:]: count for key, count in sorted(named.items()) if key.startswith("sign:")},
        confirmed=named.get("confirmed", 0),
        dismissed=named.get("dismissed", 0),
        own_photos=named.get("own_photos", 0),
    )


DETECTOR = HistoryDetector
