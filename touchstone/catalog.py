"""What a brand tells us about itself: its names, its genuine products and who may sell them."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

from touchstone.decoding import nearest
from touchstone.errors import UnknownName
from touchstone.images import Fingerprint
from touchstone.money import Money
from touchstone.rates import ExchangeRate

Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="small letters, digits, hyphens")]


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """A brand and every way in which honest people write it.

    ``ordinary_word`` marks a name that is also a word of the language ("Harbor"): a mention of it alone says nothing,
    so one of ``context``, a product word or the brand field must stand beside it.
    """

    id: Slug
    name: str
    aliases: tuple[str, ...] = ()
    ordinary_word: bool = False
    context: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its aliases, the name first."""
        return (self.name, *self.aliases)


class ReferencePrice(msgspec.Struct, frozen=True, kw_only=True):
    """What the genuine product costs in one currency, and the least at which a seller may advertise it (MAP)."""

    list_price: Money
    minimum_advertised: Money | None = None


class ReferenceImage(msgspec.Struct, frozen=True, kw_only=True):
    """A genuine product photo: its content address, its fingerprint and where the brand got it from."""

    sha256: str
    source: str
    fingerprint: Fingerprint | None = None


class BrandReference(msgspec.Struct, frozen=True, kw_only=True):
    """One genuine product. ``sku`` is the brand's own number, unique within the brand.

    ``colours`` and ``sizes`` are all that were ever made; empty where the brand does not say.
    """

    brand: Slug
    sku: str
    title: str
    titles: tuple[str, ...] = ()
    mpn: str | None = None
    gtins: tuple[str, ...] = ()
    category: str | None = None
    pack_quantity: int = 1
    colours: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    prices: tuple[ReferencePrice, ...] = ()
    images: tuple[ReferenceImage, ...] = ()

    @property
    def key(self) -> str:
        """``brand/sku``: how a product is named in findings and on the command line."""
        return f"{self.brand}/{self.sku}"

    @property
    def all_titles(self) -> tuple[str, ...]:
        """The title in every language that the catalog gives."""
        return (self.title, *self.titles)

    def price_in(self, currency: str) -> ReferencePrice | None:
        """The reference price in ``currency``, if the catalog has one; nothing is converted."""
        return next((price for price in self.prices if price.list_price.currency == currency), None)


class AuthorizedSeller(msgspec.Struct, frozen=True, kw_only=True):
    """A seller who may sell a brand on one marketplace, from one day to another, both included."""

    brand: Slug
    marketplace: str
    seller_id: str
    name: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the authorization holds on ``day`` (in UTC)."""
        after_start = self.valid_from is None or self.valid_from <= day
        return after_start and (self.valid_until is None or day <= self.valid_until)


class RightKind(StrEnum):
    """What a notice rests on."""

    TRADEMARK = "trademark"
    COPYRIGHT = "copyright"
    DESIGN = "design"
    PATENT = "patent"


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """A registered right of a brand, as marketplaces ask for it.

    ``office`` is the register's code (KIPO, USPTO, EUIPO), ``mark`` what is registered, in words; ``classes`` are Nice
    classes; ``poa`` is the reference of the power of attorney under which its owner is represented.
    """

    brand: Slug
    number: str
    office: str
    owner: str
    kind: RightKind = RightKind.TRADEMARK
    mark: str | None = None
    classes: tuple[str, ...] = ()
    registered: date | None = None
    expires: date | None = None
    poa: str | None = None
    url: str | None = None


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """All that the detectors know of the genuine goods."""

    brands: tuple[Brand, ...] = ()
    references: tuple[BrandReference, ...] = ()
    authorized: tuple[AuthorizedSeller, ...] = ()
    rates: tuple[ExchangeRate, ...] = ()
    rights: tuple[Right, ...] = ()

    def brand(self, brand_id: str) -> Brand:
        """One brand; raises ``UnknownName`` with the nearest that there is."""
        known = {brand.id: brand for brand in self.brands}
        if brand_id not in known:
            raise UnknownName(
                f"there is no brand {brand_id!r} in the catalog; {nearest(brand_id, sorted(known))}",
                hint="Import it with: touchstone catalog import FILE",
            )
        return known[brand_id]

    def only(self, brand_id: str) -> "Catalog":
        """The part of the catalog that speaks of one brand."""
        return Catalog(
            brands=tuple(brand for brand in self.brands if brand.id == brand_id),
            references=tuple(reference for reference in self.references if reference.brand == brand_id),
            authorized=tuple(seller for seller in self.authorized if seller.brand == brand_id),
            rates=self.rates,
            rights=tuple(right for right in self.rights if right.brand == brand_id),
        )
