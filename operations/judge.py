"""Judging a flag: what a person decided, kept for good."""

from operations import clock
from operations.standings import WHILE_UP
from storage.flags import StoredFlag
from storage.store import Store
from touchstone.verdicts import Decision, FlagStatus, Judgement, Label


def judge(store: Store, flag_id: int, decision: Decision, *, actor: str, note: str = "") -> StoredFlag:
    """Note a decision about a flag and return the flag as it stands then.

    Decisions are added, never replaced; the newest one gives the flag its status. Raises ``UnknownName``.
    """
    at = clock.now()
    with store.transaction():
        row = store.flags.one(flag_id).listing_row
        store.flags.judge(Judgement(flag_id=flag_id, decision=decision, actor=actor, at=at, note=note))
        store.audit.append(
            at=at, actor=actor, action=f"flag.{decision}", subject=f"flag/{flag_id}", detail={"note": note}
        )
        if decision is Decision.CONFIRM:  # a notice may follow: see soon whether it is taken down
            store.standings.look_again(row, at + WHILE_UP[0])
        store.screenings.decide(row, _decisions(store, row))
        return store.flags.one(flag_id)


def _decisions(store: Store, row: int) -> frozenset[str]:
    """What counts in the seller's record: whether a suspicion of counterfeiting was confirmed or dismissed."""
    statuses = store.flags.statuses(row, Label.COUNTERFEIT)
    if FlagStatus.CONFIRMED in statuses:
        return frozenset(("confirmed",))
    return frozenset(("dismissed",)) if FlagStatus.DISMISSED in statuses else frozenset()
