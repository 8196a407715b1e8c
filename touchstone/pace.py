"""How much a marketplace's servers are asked to bear, by all sweeps of one machine together."""

from typing import NamedTuple

import msgspec

PATIENCE_SECONDS = 300.0  # the longest wait that a running sweep sits out; beyond it, it ends and can be resumed


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """``gap``: seconds between the starts of two requests; ``concurrency``: requests under way; ``daily``: a UTC day."""

    gap: float
    concurrency: int
    daily: int | None = None


class Turn(NamedTuple):
    """An answer to asking for a turn.

    ``slot`` is the number of the slot to give back, with ``wait`` seconds to wait before the request may start; 0 when
    none was free, and ``wait`` says when to ask again. ``refusal`` says why no request may be made at all for now.
    """

    slot: int
    wait: float
    refusal: str = ""


class Refusal(NamedTuple):
    """Why a marketplace may not be asked anything for now; ``budget``: because of what this installation allows itself."""

    reason: str
    budget: bool = False
