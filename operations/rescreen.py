"""Looking again at what is stored, without touching the network, and only at what a change can touch."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from detectors.verdict import weigh
from operations import clock
from operations.backgrounds import gist
from operations.keeping import keep_flags, keep_screening
from operations.screener import Screener, State
from storage.screenings import SELLER
from storage.store import Store
from touchstone.verdicts import FlagStatus

AT_ONCE = 200  # listings that are weighed anew in one transaction: a tenth of a second, for which others wait


class RescreenReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many listings are stored, how many of them were looked at and how many only weighed anew, how many flags are
    new and how many are open now.
    """

    listings: int
    looked_at: int
    weighed: int
    raised: int
    open_flags: int


def rescreen(
    store: Store, *, actor: str, everything: bool = False, progress: Callable[[int], None] = lambda count: None
) -> RescreenReport:
    """Bring every stored listing's flags up to what today's catalog, detectors and weights say, each in a transaction.

    A flag that is no longer raised is withdrawn; what people decided stays. ``everything`` looks at all listings anew,
    whatever changed.
    """
    again = _Again(store, Screener(store, store.catalog.load()), progress)
    again.look(row for row, _ in store.listings.all()) if everything else again.catch_up()
    again.look_at_stale()
    report = RescreenReport(
        listings=store.listings.count(), looked_at=again.looked_at, weighed=again.weighed, raised=again.raised,
        open_flags=sum(1 for _ in store.flags.ranked(status=FlagStatus.OPEN)),
    )  # fmt: skip
    with store.transaction():
        store.audit.append(at=clock.now(), actor=actor, action="rescreen", subject="store", detail=report)
    return report


def look_again(store: Store, screener: Screener) -> int:
    """Look again where a seller's record or a brand's prices have changed since; returns the number of listings."""
    again = _Again(store, screener)
    again.look_at_stale()
    return again.looked_at


class _Again:
    """One pass, and what it has done so far."""

    def __init__(self, store: Store, screener: Screener, progress: Callable[[int], None] = lambda count: None) -> None:
        self._store = store
        self._screener = screener
        self._progress = progress
        self._rows: set[int] = set()
        self.weighed = self.raised = 0

    @property
    def looked_at(self) -> int:
        """How many listings were looked at; one whose brand's prices moved meanwhile counts once."""
        return len(self._rows)

    def catch_up(self) -> None:
        """Look at what differs between the state that a listing was screened in and today's."""
        screenings, now = self._store.screenings, self._screener.state
        self.look(screenings.rows_never_screened())
        with self._store.transaction():
            current = screenings.state(now)
        for number, record in screenings.states().items():
            if number != current:
                self._from(number, msgspec.json.decode(record, type=State | None), current)

    def _from(self, number: int, then: State | None, current: int) -> None:
        screenings, now = self._store.screenings, self._screener.state
        rows = screenings.rows_in(number)
        if then is None or then.matching != now.matching:
            self.look(rows)
            return
        terms = _differing(then.terms, now.terms)
        names = _differing(then.names, now.names) | _differing(then.products, now.products)
        rewritten = then.detectors != now.detectors or then.rates != now.rates
        left: list[int] = []  # what was found in these still holds
        for row in rows:
            brands = {match.brand for match in screenings.matches(row)}
            touched = bool(brands & (terms | names)) or (bool(brands) and rewritten)
            if touched or (names and self._screener.names(self._store.listings.one(row), names)):
                self._look(row)
            else:
                left.append(row)
        for start in range(0, len(left), AT_ONCE):
            self._restate(left[start : start + AT_ONCE], current, weigh_anew=then.weights != now.weights)

    def _restate(self, rows: Sequence[int], current: int, *, weigh_anew: bool) -> None:
        """Note that listings stand in today's state, and weigh anew what was found in them where the weights are others."""
        screenings = self._store.screenings
        with self._store.transaction():
            for row in rows:
                screenings.restate(row, current)
                matches = screenings.matches(row) if weigh_anew else ()
                if matches:
                    flags = weigh(matches, screenings.findings(row), table=self._screener.table)
                    self.raised += len(keep_flags(self._store, row, self._store.listings.one(row).key, flags))
                    self.weighed += 1
        self._progress(self.looked_at + self.weighed)

    def look(self, rows: Iterable[int]) -> None:
        """Look at listings in full."""
        for row in rows:
            self._look(row)

    def look_at_stale(self) -> None:
        """Look at listings whose seller's record or whose brand's prices changed so that it may matter."""
        screenings = self._store.screenings
        self._screener.refresh()
        if stale := screenings.stale():
            rows: dict[int, None] = {}
            for one in stale:
                found = screenings.rows_of_seller(one.key) if one.kind == SELLER else screenings.rows_about(one.key)
                rows.update(dict.fromkeys(found))
            for row in rows:
                listing = self._store.listings.one(row)
                if gist(self._screener.background(listing)) != gist(listing.background):
                    self._look(row)
            with self._store.transaction():
                screenings.looked_at(stale)

    def _look(self, row: int) -> None:
        stored = self._store.listings.one(row)
        look = self._screener.look(stored)
        with self._store.transaction():
            if look.listing != stored:
                self._store.listings.replace(row, look.listing)
            self.raised += len(keep_screening(self._store, row, look))
        self._rows.add(row)
        self._progress(self.looked_at)


def _differing(then: dict[str, str], now: dict[str, str]) -> frozenset[str]:
    return frozenset(brand for brand in then.keys() | now.keys() if then.get(brand) != now.get(brand))
