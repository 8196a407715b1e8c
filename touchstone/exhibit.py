"""What evidence is made of, as plain values: the matter, and for each listing everything that is known and was decided."""

from datetime import datetime

import msgspec

from touchstone.archive import Archive, CaptureRecord, DigestList
from touchstone.catalog import Brand, BrandReference, Right
from touchstone.listing import Listing
from touchstone.money import Money
from touchstone.verdicts import Counterfactual, Finding, Flag, FlagStatus, Judgement, Label, Match


class Complainant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who complains: the right's owner, or an agent under a power of attorney."""

    name: str
    company: str | None = None
    email: str | None = None
    telephone: str | None = None
    address: str | None = None
    agent: bool = False


class Matter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a case file says: the reference of the matter, who complains, which flags it is about, a statement of theirs."""

    reference: str
    complainant: Complainant | None = None
    flags: tuple[int, ...] = ()
    statement: str | None = None


class PricePoint(msgspec.Struct, frozen=True, kw_only=True):
    """What a listing asked when it was seen, and in which sweep."""

    at: datetime
    title: str
    price: Money | None
    list_price: Money | None
    availability: str
    seller_id: str | None
    sweep: int


class Accusation(msgspec.Struct, frozen=True, kw_only=True):
    """One flag with what people decided of it, oldest first, and what would undo it."""

    id: int
    status: FlagStatus
    raised_at: datetime
    flag: Flag
    threshold: float
    judgements: tuple[Judgement, ...] = ()
    counterfactuals: tuple[Counterfactual, ...] = ()

    @property
    def judged(self) -> bool:
        """Whether a person has decided."""
        return bool(self.judgements)


class ErrorRate(msgspec.Struct, frozen=True, kw_only=True):
    """How often flags of a label are right, with 95 % intervals where there are some; ``basis`` says of what, by language."""

    label: Label
    basis: dict[str, str]
    cases: int
    precision: float | None = None
    precision_interval: tuple[float, float] | None = None
    recall: float | None = None
    recall_interval: tuple[float, float] | None = None


class Detector(msgspec.Struct, frozen=True, kw_only=True):
    """A detector that looked, in which version."""

    name: str
    version: int


class Exhibit(msgspec.Struct, frozen=True, kw_only=True):
    """One listing. ``number`` counts from 1 within the bundle and names its files.

    ``archive``, ``capture`` and ``digests`` are those of the capture that shows it. ``reference`` is
    the genuine product that it is held against.
    """

    number: int
    listing: Listing
    brand: Brand
    rights: tuple[Right, ...]
    accusations: tuple[Accusation, ...]
    archive: Archive
    capture: CaptureRecord
    digests: DigestList | None
    prices: tuple[PricePoint, ...]
    matches: tuple[Match, ...]
    findings: tuple[Finding, ...]
    detectors: tuple[Detector, ...]
    error_rates: tuple[ErrorRate, ...]
    reference: BrandReference | None = None

    @property
    def name(self) -> str:
        """What its files are called by: ASCII, generated, never taken from a page."""
        return f"{self.number:04}"

    @property
    def judged(self) -> bool:
        """Whether a person has decided about each of its flags."""
        return all(accused.judged for accused in self.accusations)
