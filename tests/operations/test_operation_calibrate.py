"""Calibrating on a store: proposed, applied on consent, versioned, and undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from detectors.samples import SHELL, catalog, listing
from detectors.verdict import weights
from operations import clock
from operations.calibrate import apply, propose, use
from operations.judge import judge
from operations.keeping import keep_listing
from operations.screener import Screener
from operations.weighing import weights_of
from storage.store import Store
from touchstone.errors import UnknownName
from touchstone.listing import Seller
from touchstone.sweeps import SweepRequest
from touchstone.verdicts import Decision, FlagStatus, Label

JUDGED = 60


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Sixty-odd sellers with a jacket at a low price; whoever says "미러급" sells copies, the cheap rest is a sale."""
    with Store.open(tmp_path / "store") as opened:
        with opened.transaction():
            opened.images.keep("0" * 64, size=1, fingerprint=None, unreadable=None, at=clock.now())
            opened.catalog.upsert(catalog())
            opened.sweeps.know_marketplace("namu", title="Namu", base_url="http://namu.example")
            sweep = opened.sweeps.open(SweepRequest(marketplace="namu", brand="velhanne"), clock.now())
        screener = Screener(opened, opened.catalog.load())
        for number in range(JUDGED + 10):
            seller = Seller(marketplace="namu", seller_id=f"s-{number}", name=f"가게 {number}")
            seen = listing(f"{SHELL} 미러급" if number % 2 else SHELL, price=40_000, seller=seller)
            seen = msgspec.structs.replace(seen, listing_id=str(number), seen_at=clock.now())
            keep_listing(opened, sweep, screener.look(seen), None)
        yield opened


def _decide(store: Store, count: int) -> None:
    for stored in list(store.flags.ranked(label=Label.COUNTERFEIT)):
        number = int(stored.listing.listing_id)
        if number < count:
            judge(store, stored.id, Decision.CONFIRM if number % 2 else Decision.DISMISS, actor="kim")


def test_nothing_is_proposed_for_too_few(store: Store) -> None:
    """Ten decisions are counted, and nothing is learnt from them."""
    _decide(store, 10)
    proposal = propose(store)
    assert not proposal.changes_anything and proposal.table == weights()
    assert {change.label: change.decided for change in proposal.changes}[Label.COUNTERFEIT] == 10


def test_a_proposal_changes_nothing(store: Store) -> None:
    """Weights and flags are as before until it is applied."""
    _decide(store, JUDGED)
    before = [(one.id, one.status, one.flag) for one in store.flags.ranked(status=None)]
    assert propose(store).changes_anything
    assert weights_of(store) == weights()
    assert [(one.id, one.status, one.flag) for one in store.flags.ranked(status=None)] == before


def test_applied_weights_hold_and_can_be_undone(store: Store) -> None:
    """Ten undecided listings follow the new weights as foretold, decisions stay, and version 0 brings all back."""
    _decide(store, JUDGED)
    before = {one.id: one.flag.probability for one in store.flags.ranked()}
    proposal = propose(store)
    number, report = apply(store, proposal.table, actor="kim", note="first round")
    assert number == 1 and report.looked_at == 0 and report.weighed > 0
    (change,) = [one for one in proposal.changes if one.label is Label.COUNTERFEIT]
    assert weights_of(store).counterfeit == change.after
    assert change.after.weights["replica_wording"] > change.before.weights["replica_wording"]
    fallen = list(store.flags.ranked(status=FlagStatus.WITHDRAWN))
    assert len(fallen) == proposal.withdrawn
    assert all("미러급" not in one.listing.title for one in fallen if one.flag.label is Label.COUNTERFEIT)
    assert sum(1 for _ in store.flags.ranked(status=FlagStatus.CONFIRMED)) == JUDGED // 2
    use(store, 0, actor="kim")
    assert weights_of(store) == weights()
    assert {one.id: one.flag.probability for one in store.flags.ranked()} == before
    assert [one.note for one in store.weightings.all()] == ["first round", "back to those that ship"]
    use(store, 1, actor="kim")
    assert weights_of(store).counterfeit == change.after
    assert not list(store.audit.faults())


def test_an_unknown_version_is_refused(store: Store) -> None:
    """There is nothing to go back to, and the message says where to look."""
    with pytest.raises(UnknownName) as refused:
        use(store, 7, actor="kim")
    assert "touchstone weights" in (refused.value.hint or "")
