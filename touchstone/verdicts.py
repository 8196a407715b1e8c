"""What detection says of a listing, and what people say of that."""

from datetime import datetime
from enum import StrEnum

import msgspec

from touchstone.background import UnitPrice
from touchstone.money import Money


class Label(StrEnum):
    """What a listing is suspected of. Never mixed: each has another legal basis and another remedy."""

    COUNTERFEIT = "counterfeit"
    UNAUTHORIZED_SELLER = "unauthorized_seller"
    PRICE_POLICY = "price_policy"
    TITLE_POLICY = "title_policy"


class Role(StrEnum):
    """How a listing uses a brand's name."""

    IS = "is"
    FOR = "for"
    LIKE = "like"
    VERSUS = "versus"
    STUFFING = "stuffing"


class Decision(StrEnum):
    """What a person decided about a flag."""

    CONFIRM = "confirm"
    DISMISS = "dismiss"
    UNSURE = "unsure"


class FlagStatus(StrEnum):
    """Where a flag stands: waiting, decided by a person, or no longer raised when screened again."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    UNSURE = "unsure"
    WITHDRAWN = "withdrawn"


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """That a listing is about a brand, and perhaps about one of its products.

    ``confidence`` in 0..1 is about the match alone and says nothing of suspicion. ``product`` is ``brand/sku``.
    ``evidence`` holds one readable line for each thing that spoke for it.
    """

    brand: str
    role: Role
    confidence: float
    product: str | None = None
    evidence: tuple[str, ...] = ()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that speaks for or against a listing.

    ``kind`` is the key under which ``detectors/weights.toml`` gives it a weight for each label; ``strength`` in
    0..1 scales that weight. ``reason`` is one sentence for a person. ``data`` holds what the sentence was made from.
    """

    detector: str
    version: int
    kind: str
    brand: str
    strength: float
    reason: str
    data: dict[str, str | int | float] = {}


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """A finding's part in a flag: ``points`` is weight × strength, in log-odds (nats)."""

    kind: str
    reason: str
    strength: float
    weight: float
    points: float


class Counterfactual(msgspec.Struct, frozen=True, kw_only=True):
    """The least change under which a flag would not stand, checked by screening the changed listing again."""

    change: str
    probability: float


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """A suspicion that people should look at.

    ``probability`` in 0..1 follows from ``bias`` and ``reasons`` alone: the logistic function of their sum.
    ``reference`` is the genuine price that the listing's was held against.
    """

    label: Label
    brand: str
    probability: float
    bias: float
    reasons: tuple[Weighed, ...]
    product: str | None = None
    reference: Money | None = None

    @property
    def headline(self) -> str:
        """The one line that a queue shows: the two reasons that weigh most, a price last, since it stands beside them."""
        against = [reason for reason in self.reasons if reason.points > 0]
        telling = sorted(against, key=lambda reason: (reason.kind.startswith("price_"), -reason.points))
        return "; ".join(reason.reason for reason in telling[:2])


class Screening(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one look at one listing gave; ``unit_prices`` are of the products that it surely offers as new."""

    matches: tuple[Match, ...] = ()
    unit_prices: tuple[UnitPrice, ...] = ()
    findings: tuple[Finding, ...] = ()
    flags: tuple[Flag, ...] = ()


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided about a flag, when, and in which words."""

    flag_id: int
    decision: Decision
    actor: str
    at: datetime
    note: str = ""
