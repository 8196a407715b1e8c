"""The seller against the brand's list of authorized sellers."""

import re
from datetime import UTC, date
from typing import Self

from detectors.base import Examples, offered
from detectors.mentions import mention_index
from detectors.offers import Authorizations
from detectors.samples import catalog, listing
from detectors.text import fold
from touchstone.catalog import Catalog
from touchstone.listing import Listing, Seller
from touchstone.verdicts import Finding, Match

YOUNG_DAYS = 180  # an account younger than half a year; shown with its date, weighed lightly
_OFFICIAL = re.compile(r"공식|본사|직영|정품\s*관|official|flagship|authentic store|brand\s*store|브랜드관")


class SellerDetector:
    """May this seller sell the brand on this marketplace on this day?

    Compared by the marketplace's own seller number, never by the display name, which anyone can choose: a name that
    claims to be the brand's shop without standing on the list is a finding of its own. Where the catalog lists nobody
    for the marketplace, nobody is called unauthorized there: an empty list is no prohibition. Ratings are shown and not weighed.
    """

    name = "seller"
    version = 1
    kinds = (
        "seller_authorized",
        "seller_not_authorized",
        "authorization_expired",
        "seller_name_claims_brand",
        "seller_account_young",
        "seller_is_private",
        "seller_unknown",
    )

    def __init__(self, catalog: Catalog) -> None:
        self._authorizations = Authorizations(catalog.authorized)
        self._mentions = mention_index(catalog.brands)

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Index authorizations by brand, marketplace and seller."""
        return cls(catalog)

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """For each brand that is sold: authorized, what speaks against the seller, or that it cannot be known."""
        seller, day = listing.offer.seller, listing.seen_at.astimezone(UTC).date()
        found: list[Finding] = []
        for match in offered(matches):
            if seller is None or not self._authorizations.known(match.brand, seller.marketplace):
                reason = f"who may sell on {listing.marketplace} is not known"
                found.append(self._finding("seller_unknown", match.brand, reason))
            else:
                found += self._examine(match.brand, seller, day)
        return tuple(found)

    def _examine(self, brand: str, seller: Seller, day: date) -> list[Finding]:
        entries = self._authorizations.of(brand, seller)
        shown = seller.name or seller.seller_id
        if any(entry.covers(day) for entry in entries):
            return [self._finding("seller_authorized", brand, f"{shown} is an authorized seller")]
        if entries:
            ended = max((entry.valid_until for entry in entries if entry.valid_until), default=None)
            when = f"ended on {ended}" if ended and ended < day else "does not hold on this day"
            found = [self._finding("authorization_expired", brand, f"the authorization of {shown} {when}")]
        else:
            found = [self._finding("seller_not_authorized", brand, f"{shown} is not an authorized seller")]
            found += self._claims(brand, seller)
        if seller.private:
            found.append(self._finding("seller_is_private", brand, f"{shown} is a private person"))
        if seller.since and 0 <= (day - seller.since).days < YOUNG_DAYS:
            found.append(
                self._finding("seller_account_young", brand, f"the seller's account was opened on {seller.since}")
            )
        return found

    def _claims(self, brand: str, seller: Seller) -> list[Finding]:
        name = seller.name or ""
        named = {mention.brand for mention in self._mentions.find(name)}
        allowed = {own for own in named if self._authorizations.of(own, seller)}
        if not named - allowed or not _OFFICIAL.search(fold(name).text):
            return []
        return [self._finding("seller_name_claims_brand", brand, f"the name {name!r} claims to be a brand's own shop")]

    def _finding(self, kind: str, brand: str, reason: str) -> Finding:
        return Finding(detector=self.name, version=self.version, kind=kind, brand=brand, strength=1.0, reason=reason)

    @classmethod
    def examples(cls) -> Examples:
        """An authorized seller, an impostor, an expired authorization, a marketplace where nobody is listed; other goods."""
        stranger = Seller(marketplace="namu", seller_id="nm-9", name="벨하네 공식 스토어")
        expired = Seller(marketplace="namu", seller_id="nm-2", name="산들 아웃도어")
        elsewhere = Seller(marketplace="plaza", seller_id="nm-9")
        return Examples(
            catalog=catalog(),
            finds=(listing(), listing(seller=stranger), listing(seller=expired), listing(seller=elsewhere)),
            passes=(listing(title="캠핑 머그컵", brand=None, seller=stranger),),
        )


DETECTOR = SellerDetector
