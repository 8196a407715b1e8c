"""Weighing findings into flags: log-odds from one readable file, so that reasons alone reproduce the probability."""

import math
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path

import msgspec

from touchstone.money import Money
from touchstone.verdicts import Finding, Flag, Label, Match, Role, Weighed

WEIGHTS = Path(__file__).parent / "weights.toml"


class LabelWeights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one label is weighed; see the head of ``weights.toml``."""

    bias: float
    threshold: float
    weights: dict[str, float]
    needs: tuple[str, ...] = ()


class Weights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    version: int
    counterfeit: LabelWeights
    unauthorized_seller: LabelWeights
    price_policy: LabelWeights
    title_policy: LabelWeights

    def of(self, label: Label) -> LabelWeights:
        """The part for one label."""
        part: LabelWeights = getattr(self, label.value)
        return part


@cache
def weights() -> Weights:
    """The weights that ship with this version."""
    return msgspec.convert(tomllib.loads(WEIGHTS.read_text(encoding="utf-8")), Weights)


def probability(bias: float, reasons: tuple[Weighed, ...]) -> float:
    """The logistic function of a bias and the points of the reasons."""
    return 1 / (1 + math.exp(-(bias + sum(reason.points for reason in reasons))))


def weigh(
    matches: tuple[Match, ...], findings: tuple[Finding, ...], *, table: Weights | None = None
) -> tuple[Flag, ...]:
    """The flags that findings amount to, for each brand and label above its threshold, the likeliest first."""
    table = table or weights()
    by_brand: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_brand[finding.brand].append(finding)
    flags = []
    for match in matches:
        for label in Label:
            flag = _weigh(match, label, by_brand[match.brand], table.of(label))
            if flag is not None:
                flags.append(flag)
    return tuple(sorted(flags, key=lambda flag: (-flag.probability, flag.label)))


def _weigh(match: Match, label: Label, findings: list[Finding], part: LabelWeights) -> Flag | None:
    if (label is Label.TITLE_POLICY) == (match.role is Role.IS) or match.role is Role.FOR:
        return None
    kinds = {finding.kind for finding in findings}
    if part.needs and not kinds.intersection(part.needs):
        return None
    reasons = tuple(
        Weighed(
            kind=finding.kind, reason=finding.reason, strength=finding.strength, weight=part.weights[finding.kind],
            points=round(part.weights[finding.kind] * finding.strength, 6),
        )
        for finding in findings
        if part.weights.get(finding.kind)
    )  # fmt: skip
    chance = round(probability(part.bias, reasons), 6)  # else sums that end at the threshold fall by their order
    if chance < part.threshold:
        return None
    return Flag(
        label=label, brand=match.brand, product=match.product, probability=chance, bias=part.bias,
        reasons=tuple(sorted(reasons, key=lambda reason: (-reason.points, reason.kind))), reference=_reference(findings),
    )  # fmt: skip


def _reference(findings: list[Finding]) -> Money | None:
    """The genuine price that the price detector held the listing's against."""
    for finding in findings:
        if "reference" in finding.data:
            return Money(int(finding.data["reference"]), str(finding.data["currency"]))
    return None
