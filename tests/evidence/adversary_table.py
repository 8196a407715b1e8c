"""Prints the table of docs/evidence.md from a bundle of its own; `make adversary` runs it."""

from tests.evidence.conftest import Bundles
from tools.adversary import table


def test_table(bundles: Bundles) -> None:
    """Every manipulation is found by the verifier."""
    key = bundles.installation.folder / "evidence-key.pem"
    assert table(bundles.bundle, bundles.other, bundles.zipped, key=bundles.key, root=bundles.tsa.root, signing=key)
