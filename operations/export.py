"""Exporting evidence: a bundle of captured listings, signed and timestamped, and its entry in the audit log."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from evidence.bag import FolderTarget, ZipTarget
from evidence.bundle import Attestation, Contents, Written, write_bundle
from evidence.signing import Certified, load_certified, load_key, make_key
from evidence.stamping import Authority, stamp
from operations import clock
from operations.exhibits import Exhibits, Selection, custody
from operations.session import actor
from operations.stamp import configured, try_to_stamp
from storage.store import Store
from touchstone import VERSION
from touchstone.configuration import Configuration
from touchstone.errors import NotStamped
from touchstone.exhibit import Matter


class Exported(NamedTuple):
    """A bundle that was written: where, of how many listings, the SHA-256 of its tag manifest, and what there is to say.

    ``remarks``: listings and notices that are left out, and why something is not timestamped.
    """

    path: Path
    listings: int
    seal: str
    stamped: bool
    remarks: tuple[str, ...]


def make_signing_key(configuration: Configuration, store: Store) -> Path:
    """Make this installation's signing key; returns the public one's path. Raises ``ConfigurationError`` if there is one."""
    public = make_key(configuration.folder / configuration.settings.evidence.signing_key)
    with store.transaction():
        store.audit.append(
            at=clock.now(), actor=actor(), action="evidence.key", subject="evidence",
            detail={"public_key": public.read_text(encoding="ascii")},
        )  # fmt: skip
    return public


def export(
    configuration: Configuration, store: Store, selection: Selection, matter: Matter, path: Path, *, zipped: bool,
    made: datetime | None = None, progress: Callable[[int, int], None] = lambda done, total: None,
) -> Exported:  # fmt: skip
    """Write a bundle at ``path``; nothing is overwritten, and nothing is left behind when it fails.

    Captures that wait for a timestamp are stamped first. Raises ``ConfigurationError`` without a signing key, ``UserError``
    when ``path`` is there already, ``VerificationFailed`` when the store no longer holds what was captured.
    """
    made = made or clock.now()
    settings = configuration.settings.evidence
    key = load_key(configuration.folder / settings.signing_key)
    certified = _certified(configuration)
    remarks = [waiting] if (waiting := try_to_stamp(configuration, store)) else []
    attesting = _Attesting(None if waiting else configured(configuration))
    exhibits = tuple(Exhibits(store).build(selection.rows))
    contents = Contents(
        matter=matter, exhibits=exhibits, custody=custody(store, selection.rows, exhibits),
        head=store.audit.head(), made=made, tool=f"Touchstone {VERSION}",
        blob=store.blobs.get,
    )  # fmt: skip
    target = ZipTarget(path, made) if zipped else FolderTarget(path)
    written = write_bundle(target, contents, Attestation(key, certified, attesting.stamp), progress)
    _note(store, path, written, selection, matter)
    remarks += [attesting.problem] if attesting.problem else []
    return Exported(
        path, len(exhibits), written.seal, written.stamped, (*selection.left_out, *written.left_out, *remarks)
    )


class _Attesting:
    """The authority, asked for a bundle's own timestamp; a bundle is written without one while it cannot be reached."""

    def __init__(self, by: Authority | None) -> None:
        self._by, self.problem = by, ""

    def stamp(self, message: bytes) -> bytes | None:
        """A token over ``message``, or nothing; ``problem`` says why."""
        try:
            return stamp(message, self._by).token if self._by else None
        except NotStamped as error:
            self.problem = error.message
            return None


def _certified(configuration: Configuration) -> Certified | None:
    settings = configuration.settings.evidence
    if settings.certificate is None:
        return None
    key = settings.certificate_key or settings.certificate
    return load_certified(configuration.folder / settings.certificate, configuration.folder / key)


def _note(store: Store, path: Path, written: Written, selection: Selection, matter: Matter) -> None:
    flags = sorted(flag for flags in selection.rows.values() for flag in flags)
    with store.transaction():
        store.audit.append(
            at=clock.now(), actor=actor(), action="evidence.export", subject="evidence",
            detail={"flags": flags, "name": path.name, "reference": matter.reference, "seal": written.seal},
        )  # fmt: skip
