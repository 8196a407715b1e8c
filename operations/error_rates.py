"""How often flags are right: as measured when this version was made, and by what people decided here."""

import functools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import detectors
from detectors.verdict import Weights, weights
from storage.store import Store
from touchstone.exhibit import ErrorRate
from touchstone.verdicts import Label

MEASURED = Path(detectors.__file__).with_name("error_rates.toml")
LEAST_DECIDED = 10  # flags of a brand and label; the interval of fewer says nothing


def error_rates(store: Store, brand: str, label: Label, table: Weights) -> Iterator[ErrorRate]:
    """What is known of a label's flags; figures measured with other weights than those in force are not given."""
    measured = _measured()
    if measured["weights_version"] == table.version and table == weights():
        own = measured[label.value]
        yield ErrorRate(
            label=label, basis=measured["basis"], cases=own["cases"], precision=own["precision"][0],
            precision_interval=tuple(own["precision"][1:]), recall=own["recall"][0],
            recall_interval=tuple(own["recall"][1:]),
        )  # fmt: skip
    confirmed, dismissed = store.flags.decided(brand, label)
    if confirmed + dismissed >= LEAST_DECIDED:
        from scipy.stats import binomtest

        interval = binomtest(confirmed, confirmed + dismissed).proportion_ci(method="wilson")
        yield ErrorRate(
            label=label, cases=confirmed + dismissed,
            basis={
                "en": f"flags of {brand} that people decided in this installation",
                "ko": f"이 설치본에서 담당자가 판단한 {brand} 관련 의심 표시",
            },
            precision=confirmed / (confirmed + dismissed), precision_interval=(float(interval.low), float(interval.high)),
        )  # fmt: skip


@functools.cache
def _measured() -> dict[str, Any]:
    return tomllib.loads(MEASURED.read_text(encoding="utf-8"))
