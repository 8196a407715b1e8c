"""From flags to exhibits: for each listing everything that is known, was captured and was decided."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from detectors.base import discover
from detectors.counterfactuals import counterfactuals
from operations.error_rates import error_rates
from operations.weighing import weights_of
from storage.store import Store
from touchstone.archive import Archive, CaptureRecord, Outcome
from touchstone.audit import AuditEntry
from touchstone.catalog import Catalog
from touchstone.decoding import read_toml
from touchstone.errors import UserError
from touchstone.exhibit import Accusation, Detector, Exhibit, Matter
from touchstone.verdicts import FlagStatus

EXPORTED = (FlagStatus.OPEN, FlagStatus.CONFIRMED, FlagStatus.UNSURE)  # what a brand's export takes on its own


class Selection(NamedTuple):
    """Listings with the flags that are exported, and a line for each listing that cannot be."""

    rows: dict[int, tuple[int, ...]]
    left_out: tuple[str, ...]


def matter_of(path: Path) -> Matter:
    """A case file; raises ``ConfigurationError`` naming what cannot be used in it."""
    return read_toml(path, Matter)


def select(
    store: Store, *, flags: Sequence[int] = (), brand: str | None = None, since: datetime | None = None
) -> Selection:
    """The listings of these flags, or of a brand's flags since then, that a capture shows.

    Raises ``UnknownName`` for a flag or a brand that is not there, ``UserError`` when nothing is left.
    """
    rows: dict[int, list[int]] = {}
    for flag in flags:
        rows.setdefault(store.flags.one(flag).listing_row, []).append(flag)
    if brand is not None:
        store.catalog.load().brand(brand)
        for stored in store.flags.ranked(brand=brand, status=None):
            if stored.status in EXPORTED and (since is None or stored.raised_at >= since):
                rows.setdefault(stored.listing_row, []).append(stored.id)
    left_out = []
    for row, numbers in list(rows.items()):
        if evidence_of(store, row) is None:
            named = ", ".join(map(str, numbers))
            left_out.append(f"flag {named}: no capture shows the listing; capture it: touchstone capture {numbers[0]}")
            del rows[row]
    if not rows:
        raise UserError(
            "there is nothing to export", hint="\n".join(left_out[:5]) or "No flag fits; see: touchstone flags"
        )
    return Selection({row: tuple(dict.fromkeys(numbers)) for row, numbers in rows.items()}, tuple(left_out))


def evidence_of(store: Store, row: int) -> Archive | None:
    """The newest capture that shows a listing."""
    return next((one for one in reversed(store.archives.of(row)) if one.outcome is Outcome.KEPT), None)


class Exhibits:
    """Builds exhibits with one catalog and one table of weights."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._catalog = store.catalog.load()
        self._references = {reference.key: reference for reference in self._catalog.references}
        self._parts: dict[str, Catalog] = {}
        self._table = weights_of(store)
        self._detectors = tuple(Detector(name=one.name, version=one.version) for one in discover())

    def build(self, rows: dict[int, tuple[int, ...]]) -> Iterator[Exhibit]:
        """An exhibit for each listing, numbered from 1."""
        for number, (row, flags) in enumerate(rows.items(), 1):
            yield self._exhibit(number, row, flags)

    def _exhibit(self, number: int, row: int, flags: tuple[int, ...]) -> Exhibit:
        store = self._store
        archive = evidence_of(store, row)
        assert archive is not None  # selected for it
        record = msgspec.json.decode(store.blobs.get(archive.record or ""), type=CaptureRecord)
        stored = [store.flags.one(flag) for flag in flags]
        brand = self._catalog.brand(stored[0].flag.brand)
        own = self._parts.setdefault(brand.id, self._catalog.only(brand.id))
        product = next((one.flag.product for one in stored if one.flag.product), None)
        accusations = tuple(
            Accusation(
                id=one.id, status=one.status, raised_at=one.raised_at, flag=one.flag,
                threshold=self._table.of(one.flag.label).threshold,
                judgements=tuple(store.flags.judgements(one.id)),
                counterfactuals=counterfactuals(own, one.listing, one.flag, table=self._table),
            )
            for one in stored
        )  # fmt: skip
        return Exhibit(
            number=number, listing=stored[0].listing, brand=brand, rights=own.rights, accusations=accusations,
            archive=archive, capture=record, digests=store.archives.list_of(archive.id),
            prices=tuple(store.listings.prices(row)), matches=store.screenings.matches(row),
            findings=store.screenings.findings(row), detectors=self._detectors,
            error_rates=tuple(
                rate for one in stored for rate in error_rates(store, brand.id, one.flag.label, self._table)
            ),
            reference=self._references.get(product) if product else None,
        )  # fmt: skip


def custody(store: Store, rows: dict[int, tuple[int, ...]], exhibits: Iterable[Exhibit]) -> tuple[AuditEntry, ...]:
    """The rows of the audit log that concern these exhibits: their sweeps, flags, captures and timestamps."""
    subjects = {f"flag/{flag}" for flags in rows.values() for flag in flags}
    subjects |= {f"sweep/{sweep}" for row in rows for sweep in store.listings.sweeps_of(row)}
    for one in exhibits:
        subjects.add(f"archive/{one.archive.id}")
        if one.digests is not None:
            subjects.add(f"digests/{one.digests.id}")
    return tuple(store.audit.about(sorted(subjects)))
