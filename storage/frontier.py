"""The frontier: what each sweep has yet to fetch. Queue, duplicate filter and dead-letter list are one table."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable

from sqlite_utils.db import Database
from w3lib.url import canonicalize_url

from touchstone.decoding import to_json
from touchstone.frontier import DeadLetter, Lease, Outcome, PageKind, Progress, Validators, Visit, VisitState
from touchstone.listing import TROUBLE, PageStatus

LEASE_SECONDS = (
    900.0  # far beyond the longest visit with its images; a killed worker's visits are freed at once instead
)
LOOK_AGAIN_SECONDS = 0.5  # when what is due is being visited by another sweep
_LEASE = """
UPDATE frontier SET state = 'leased', until = :until WHERE id IN (
    SELECT id FROM frontier AS mine WHERE sweep = :sweep AND state IN ('ready', 'leased') AND until <= :now
    AND NOT (kind = 'listing' AND EXISTS (
        SELECT 1 FROM frontier AS other JOIN sweeps ON sweeps.id = other.sweep
        WHERE other.kind = 'listing' AND other.key = mine.key AND other.state = 'leased' AND other.sweep <> :sweep
        AND other.until > :now AND sweeps.status = 'running'
        AND sweeps.marketplace = (SELECT marketplace FROM sweeps WHERE id = :sweep)
    ))
    ORDER BY priority DESC, id LIMIT :most
) RETURNING id, kind, url, query, number, attempts, priority
"""
PRIORITY = {PageKind.SEARCH: 1, PageKind.LISTING: 0, PageKind.SELLER: 0}


class FrontierStore:
    """The ``frontier`` and ``validators`` tables. Writing belongs inside a transaction of the store."""

    def __init__(self, db: Database, now: Callable[[], float] = time.time) -> None:
        self._db = db
        self._now = now

    def add(self, sweep_id: int, visits: Iterable[Visit], *, most: int | None = None) -> list[Visit]:
        """Add the visits that the sweep does not have yet, up to ``most`` listings in all; returns those added."""
        added = []
        room = math.inf if most is None else most - self.listings(sweep_id)
        for visit in visits:
            if visit.kind is PageKind.LISTING and room <= 0:
                continue
            cursor = self._db.conn.execute(
                "INSERT INTO frontier (sweep, kind, key, url, query, number, state, priority) VALUES (?,?,?,?,?,?,?,?)"
                " ON CONFLICT (sweep, kind, key) DO NOTHING",
                [
                    sweep_id, visit.kind, _key(visit), visit.url, visit.query, visit.number, VisitState.READY,
                    PRIORITY[visit.kind],
                ],
            )  # fmt: skip
            if cursor.rowcount:
                added.append(visit)
                room -= visit.kind is PageKind.LISTING
        return added

    def listings(self, sweep_id: int) -> int:
        """The number of listings that a sweep has found."""
        row = self._db.conn.execute(
            "SELECT count(*) FROM frontier WHERE sweep = ? AND kind = ?", [sweep_id, PageKind.LISTING]
        )
        return int(row.fetchone()[0])

    def lease(self, sweep_id: int, most: int) -> Lease:
        """Take on up to ``most`` visits that are due, searches first, then in the order in which they were found.

        A listing that another sweep of the marketplace is visiting right now is left until that visit has ended.
        """
        now = self._now()
        rows = self._db.conn.execute(
            _LEASE, {"until": now + LEASE_SECONDS, "sweep": sweep_id, "now": now, "most": most}
        ).fetchall()
        if rows:
            rows.sort(key=lambda row: (-row[6], row[0]))  # RETURNING keeps no order
            known = self._validators([row[2] for row in rows if row[1] == PageKind.LISTING])
            return Lease(
                [
                    Visit(
                        id=id_, kind=PageKind(kind), url=url, query=query, number=number, attempts=attempts,
                        validators=known.get(url),
                    )
                    for id_, kind, url, query, number, attempts, _ in rows
                ],
                0.0,
            )  # fmt: skip
        (next_due,) = self._db.conn.execute(
            "SELECT min(until) FROM frontier WHERE sweep = ? AND state = 'ready'", [sweep_id]
        ).fetchone()
        if next_due is None:
            return Lease([], None)
        return Lease([], next_due - now if next_due > now else LOOK_AGAIN_SECONDS)

    def settle(self, visit: Visit, outcome: Outcome) -> None:
        """Acknowledge a visit: nothing is left to do for it."""
        self._end(visit, VisitState.DONE, outcome)

    def give_up(self, visit: Visit, outcome: Outcome) -> None:
        """Put a visit on the dead-letter list; the outcome's problems say why."""
        self._end(visit, VisitState.DEAD, outcome)

    def _end(self, visit: Visit, state: VisitState, outcome: Outcome) -> None:
        self._db.conn.execute(
            "UPDATE frontier SET state = ?, status = ?, http = ?, rendered = ?, images = ?, note = ? WHERE id = ?",
            [
                state, outcome.status, outcome.http, int(outcome.rendered or outcome.drawn), outcome.images,
                "\n".join(outcome.problems), visit.id,
            ],
        )  # fmt: skip

    def note(self, sweep_id: int, visit: Visit, outcome: Outcome) -> bool:
        """Note a page that needs no visit: a seller's, read on the way, or a listing seen lately; says if it is new."""
        cursor = self._db.conn.execute(
            "INSERT INTO frontier (sweep, kind, key, url, query, number, state, priority, status, http, rendered, note)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (sweep, kind, key) DO NOTHING",
            [
                sweep_id, visit.kind, _key(visit), visit.url, visit.query, visit.number, VisitState.DONE,
                PRIORITY[visit.kind], outcome.status, outcome.http, int(outcome.rendered), "\n".join(outcome.problems),
            ],
        )  # fmt: skip
        return bool(cursor.rowcount)

    def put_back(
        self, visit: Visit, *, after: float, note: str = "", failed: bool = True, status: PageStatus | None = None
    ) -> None:
        """Have a visit made again, not before ``after`` seconds; ``failed`` counts the try. An earlier note stays without one."""
        self._db.conn.execute(
            "UPDATE frontier SET state = 'ready', until = ?, attempts = attempts + ?, note = iif(?, note, ?),"
            " status = coalesce(?, status) WHERE id = ?",
            [self._now() + after, int(failed), not note, note, status, visit.id],
        )

    def release(self, sweep_id: int) -> int:
        """Free the visits that a worker of the sweep took on and will not make any more; returns their number."""
        cursor = self._db.conn.execute(
            "UPDATE frontier SET state = 'ready', until = 0 WHERE sweep = ? AND state = 'leased'", [sweep_id]
        )
        return int(cursor.rowcount)

    def revive(self, sweep_id: int) -> int:
        """Give every visit on the dead-letter list another try; returns their number."""
        cursor = self._db.conn.execute(
            "UPDATE frontier SET state = 'ready', until = 0, attempts = 0 WHERE sweep = ? AND state = 'dead'",
            [sweep_id],
        )
        return int(cursor.rowcount)

    def progress(self, sweep_id: int) -> Progress:
        """How far a sweep has come."""
        states: Counter[str] = Counter()
        pages: Counter[str] = Counter()
        problems: Counter[str] = Counter()
        trouble: Counter[str] = Counter()
        images = browser_pages = 0
        for state, status, rendered, count, fetched in self._db.conn.execute(
            "SELECT state, status, rendered, count(*), sum(images) FROM frontier WHERE sweep = ? GROUP BY 1, 2, 3",
            [sweep_id],
        ):
            states[state] += count
            images += fetched
            if status in TROUBLE:
                trouble[status] += count
            if state in (VisitState.DONE, VisitState.DEAD):
                pages[status] += count
                browser_pages += count if rendered else 0
        for note, count in self._db.conn.execute(
            "SELECT note, count(*) FROM frontier WHERE sweep = ? AND note <> '' GROUP BY 1",
            [sweep_id],
        ):
            problems.update(dict.fromkeys(note.splitlines(), count))
        return Progress(
            trouble=PageStatus(min(trouble, key=lambda status: (-trouble[status], status))) if trouble else None,
            states=dict(sorted(states.items())),
            pages=dict(sorted(pages.items())),
            images=images,
            browser_pages=browser_pages,
            problems=tuple(f"{text} (×{count})" if count > 1 else text for text, count in problems.most_common()),
        )

    def dead_letters(self, sweep_id: int, most: int = 1000) -> list[DeadLetter]:
        """The visits that were given up, in the order in which they were found."""
        rows = self._db.conn.execute(
            "SELECT kind, url, status, attempts, note FROM frontier WHERE sweep = ? AND state = 'dead' ORDER BY id LIMIT ?",
            [sweep_id, most],
        )
        return [
            DeadLetter(kind=PageKind(kind), url=url, status=PageStatus(status), attempts=attempts, note=note)
            for kind, url, status, attempts, note in rows
        ]

    def _validators(self, urls: list[str]) -> dict[str, Validators]:
        """What servers gave with pages whose listings are stored."""
        rows = self._db.conn.execute(
            "SELECT url, recipe, etag, last_modified FROM validators WHERE url IN (SELECT value FROM json_each(?))",
            [to_json(urls)],
        )
        return {
            url: Validators(recipe=recipe, etag=etag, last_modified=modified) for url, recipe, etag, modified in rows
        }

    def keep_validators(self, url: str, validators: Validators) -> None:
        """Remember what a server gave with a page."""
        self._db.conn.execute(
            "INSERT INTO validators VALUES (?,?,?,?) ON CONFLICT (url) DO UPDATE SET recipe = excluded.recipe,"
            " etag = excluded.etag, last_modified = excluded.last_modified",
            [url, validators.recipe, validators.etag, validators.last_modified],
        )


def _key(visit: Visit) -> str:
    """What makes two visits the same: the address in canonical form, or the words and number of a search.

    An address that cannot be brought to a canonical form stands for itself: it is some page's link, and hostile.
    """
    if visit.kind is PageKind.SEARCH:
        return f"{visit.number} {visit.query}"
    try:
        return str(canonicalize_url(visit.url))
    except ValueError:
        return visit.url
