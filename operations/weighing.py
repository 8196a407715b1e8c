"""Which weights hold: those that ship, or a version of the user's own."""

import msgspec

from detectors.verdict import Weights, weights
from storage.store import Store


def weights_of(store: Store) -> Weights:
    """The weights in force."""
    record = store.weightings.current()
    return weights() if record is None else msgspec.json.decode(record, type=Weights)
