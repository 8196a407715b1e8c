"""Flags as people work through them, and what they decided."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from sqlite_utils.db import Database

from touchstone.decoding import to_json
from touchstone.errors import UnknownName
from touchstone.listing import Listing
from touchstone.verdicts import Decision, Flag, FlagStatus, Judgement, Label

DECIDED = {
    Decision.CONFIRM: FlagStatus.CONFIRMED,
    Decision.DISMISS: FlagStatus.DISMISSED,
    Decision.UNSURE: FlagStatus.UNSURE,
}


class StoredFlag(msgspec.Struct, frozen=True, kw_only=True):
    """A flag with its number, its standing and the listing that it is about."""

    id: int
    status: FlagStatus
    raised_at: datetime
    scored_at: datetime
    flag: Flag
    listing_row: int
    listing: Listing


class FlagStore:
    """The ``flags`` and ``judgements`` tables. Writing belongs inside a transaction of the store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, listing_row: int, flags: tuple[Flag, ...], at: datetime) -> list[tuple[int, Flag]]:
        """Bring a listing's flags up to date; returns those that were not raised before, with their numbers.

        A flag that is no longer raised is withdrawn, unless a person has decided about it: decisions stay.
        """
        standing = {
            (brand, label): (flag_id, FlagStatus(status))
            for flag_id, brand, label, status in self._db.conn.execute(
                "SELECT id, brand, label, status FROM flags WHERE listing = ?", [listing_row]
            )
        }
        raised = []
        for flag in flags:
            known = standing.pop((flag.brand, flag.label), None)
            if known is None:
                raised.append((self._insert(listing_row, flag, at), flag))
            else:
                status = FlagStatus.OPEN if known[1] is FlagStatus.WITHDRAWN else known[1]
                self._db.conn.execute(
                    "UPDATE flags SET product = ?, probability = ?, verdict = ?, status = ?, scored_at = ? WHERE id = ?",
                    [flag.product, flag.probability, to_json(flag), status, at.isoformat(), known[0]],
                )
        self._db.conn.executemany(
            "UPDATE flags SET status = ?, scored_at = ? WHERE id = ? AND status = ?",
            [(FlagStatus.WITHDRAWN, at.isoformat(), flag_id, FlagStatus.OPEN) for flag_id, _ in standing.values()],
        )
        return raised

    def _insert(self, listing_row: int, flag: Flag, at: datetime) -> int:
        (flag_id,) = self._db.conn.execute(
            "INSERT INTO flags (listing, brand, label, product, probability, verdict, status, raised_at, scored_at)"
            " VALUES (?,?,?,?,?,?,?,?,?) RETURNING id",
            [
                listing_row, flag.brand, flag.label, flag.product, flag.probability, to_json(flag),
                FlagStatus.OPEN, at.isoformat(), at.isoformat(),
            ],
        ).fetchone()  # fmt: skip
        return int(flag_id)

    def ranked(
        self,
        *,
        brand: str | None = None,
        label: Label | None = None,
        status: FlagStatus | None = FlagStatus.OPEN,
        min_probability: float = 0.0,
        sweep: int | None = None,
    ) -> Iterator[StoredFlag]:
        """The queue: flags that fit, the likeliest first. ``status=None`` gives them all."""
        yield from self._select(
            "(:brand IS NULL OR flags.brand = :brand) AND (:label IS NULL OR label = :label)"
            " AND (:status IS NULL OR status = :status) AND probability >= :least"
            " AND (:sweep IS NULL OR last_sweep = :sweep) ORDER BY probability DESC, flags.id",
            {"brand": brand, "label": label, "status": status, "least": min_probability, "sweep": sweep},
        )

    def statuses(self, listing_row: int, label: Label) -> set[FlagStatus]:
        """Where a listing's flags of a label stand, for whatever brand."""
        rows = self._db.conn.execute("SELECT status FROM flags WHERE listing = ? AND label = ?", [listing_row, label])
        return {FlagStatus(status) for (status,) in rows}

    def one(self, flag_id: int) -> StoredFlag:
        """One flag; raises ``UnknownName``."""
        found = next(self._select("flags.id = :id", {"id": flag_id}), None)
        if found is None:
            raise UnknownName(f"there is no flag {flag_id}", hint="List them with: touchstone flags --status all")
        return found

    def _select(self, where: str, values: dict[str, object]) -> Iterator[StoredFlag]:
        for row in self._db.conn.execute(
            "SELECT flags.id, status, raised_at, scored_at, verdict, listing, record FROM flags"
            f" JOIN listings ON listings.id = flags.listing WHERE {where}",
            values,
        ):
            yield StoredFlag(
                id=row[0],
                status=FlagStatus(row[1]),
                raised_at=datetime.fromisoformat(row[2]),
                scored_at=datetime.fromisoformat(row[3]),
                flag=msgspec.json.decode(row[4], type=Flag),
                listing_row=row[5],
                listing=msgspec.json.decode(row[6], type=Listing),
            )

    def judge(self, judgement: Judgement) -> None:
        """Add a person's decision; the newest one gives the flag its status."""
        self._db.conn.execute(
            "INSERT INTO judgements (flag, decision, actor, at, note) VALUES (?,?,?,?,?)",
            [judgement.flag_id, judgement.decision, judgement.actor, judgement.at.isoformat(), judgement.note],
        )
        self._db.conn.execute(
            "UPDATE flags SET status = ? WHERE id = ?", [DECIDED[judgement.decision], judgement.flag_id]
        )

    def decided(self, brand: str, label: Label) -> tuple[int, int]:
        """How many of a brand's flags of a label are confirmed, and how many dismissed."""
        counts = dict(
            self._db.conn.execute(
                "SELECT status, count(*) FROM flags WHERE brand = ? AND label = ? GROUP BY status", [brand, label]
            )
        )
        return counts.get(FlagStatus.CONFIRMED, 0), counts.get(FlagStatus.DISMISSED, 0)

    def counts(self) -> list[tuple[str, str, str, int]]:
        """How many flags of each brand and label stand how."""
        return list(
            self._db.conn.execute("SELECT brand, label, status, count(*) FROM flags GROUP BY brand, label, status")
        )

    def oldest_open(self) -> list[tuple[str, datetime]]:
        """For each brand, when the oldest flag was raised that waits for a person."""
        rows = self._db.conn.execute("SELECT brand, min(raised_at) FROM flags WHERE status = 'open' GROUP BY brand")
        return [(brand, datetime.fromisoformat(at)) for brand, at in rows]

    def judgements(self, flag_id: int) -> list[Judgement]:
        """What was decided about a flag, oldest first."""
        rows = self._db.conn.execute(
            "SELECT flag, decision, actor, at, note FROM judgements WHERE flag = ? ORDER BY id", [flag_id]
        )
        return [
            Judgement(
                flag_id=row[0], decision=Decision(row[1]), actor=row[2], at=datetime.fromisoformat(row[3]), note=row[4]
            )
            for row in rows
        ]
