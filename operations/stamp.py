"""Timestamps over captures: a published list of their digests, and an authority's word on when it existed."""

from evidence.stamping import Authority, Stamp, authority, stamp
from operations import clock
from operations.session import actor
from storage.store import Store
from touchstone.archive import Archive, DigestList
from touchstone.configuration import Configuration
from touchstone.errors import ConfigurationError, NotStamped


def configured(configuration: Configuration) -> Authority | None:
    """The authority of touchstone.toml, if it names one."""
    settings = configuration.settings.timestamp
    return authority(settings.url, configuration.folder / settings.root) if settings else None


def stamp_captures(store: Store, by: Authority | None) -> list[DigestList]:
    """List the digests of captures that are on no list yet, and have every list timestamped that is not.

    Without an authority, or while it cannot be reached, the list is kept and waits; then ``NotStamped`` is raised.
    """
    captures = store.archives.unlisted()
    if captures:
        sha256 = store.blobs.put(digests_of(captures).encode())
        at = clock.now()
        with store.transaction():
            number = store.archives.list_digests([archive.id for archive in captures], sha256, at)
            store.audit.append(
                at=at, actor=actor(), action="evidence.list", subject=f"digests/{number}", detail={"sha256": sha256}
            )
    if by is None:
        return []
    return [_stamped(store, waiting, by) for waiting in store.archives.unstamped()]


def digests_of(captures: list[Archive]) -> str:
    """The list: a line for each file of each capture, in the form of ``sha256sum``."""
    lines = []
    for archive in captures:
        for sha256, kind in ((archive.wacz, "wacz"), (archive.record, "json")):
            lines.append(f"{sha256}  capture-{archive.id:08}.{kind}\n")
    return "".join(lines)


def _stamped(store: Store, waiting: DigestList, by: Authority) -> DigestList:
    given = stamp(store.blobs.get(waiting.sha256), by)
    token, at = store.blobs.put(given.token), clock.now()
    with store.transaction():
        store.archives.stamp(waiting.id, at=at, token=token, authority=by.url, time=given.time)
        store.audit.append(
            at=at, actor=actor(), action="evidence.stamp", subject=f"digests/{waiting.id}",
            detail={"authority": by.url, "list": waiting.sha256, "time": given.time.isoformat(), "token": token},
        )  # fmt: skip
    return DigestList(
        id=waiting.id, at=waiting.at, sha256=waiting.sha256, token=token, authority=by.url, time=given.time
    )


def tsa_test(configuration: Configuration) -> tuple[Authority, Stamp]:
    """Ask the configured authority for a timestamp over a few bytes and verify it; nothing is kept.

    Raises ``ConfigurationError`` when none is configured, ``NotStamped`` when it does not work.
    """
    by = configured(configuration)
    if by is None:
        raise ConfigurationError(
            "no time-stamping authority is configured",
            hint='Set it in touchstone.toml: [timestamp] url = "https://…", root = "tsa.pem"',
        )
    return by, stamp(b"touchstone evidence tsa-test", by)


def try_to_stamp(configuration: Configuration, store: Store) -> str:
    """Timestamp what can be; returns why something waits, or nothing."""
    try:
        by = configured(configuration)
        stamp_captures(store, by)
    except (NotStamped, ConfigurationError) as error:
        return error.message
    return ""
