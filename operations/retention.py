"""Letting go of what has expired, by the rules of the configuration; evidence and the audit log are never touched."""

from datetime import timedelta

import msgspec

from operations import clock
from operations.session import actor
from storage.retention import Expired, Expiry, delete_orphans, expired_rows, orphans
from storage.store import Store
from touchstone.configuration import Configuration, RetentionSettings

CHORE = "retention"


class _Rollback(Exception):
    pass


def vacuum(configuration: Configuration, store: Store, *, dry_run: bool = False) -> Expired:
    """Delete what has expired, or only count it. Rows go in one transaction that the audit log tells of, then files."""
    expiry = expiry_of(configuration.settings.retention)
    if dry_run:
        return _counted(store, expiry)
    with store.transaction():
        expired = expired_rows(store, expiry)
        if expired.anything:
            store.audit.append(
                at=clock.now(), actor=actor(), action="store.vacuum", subject="store",
                detail={"before": msgspec.to_builtins(expiry), "rows": msgspec.to_builtins(expired)},
            )  # fmt: skip
    count, size = delete_orphans(store)
    return msgspec.structs.replace(expired, blobs=count, bytes=size)


def _counted(store: Store, expiry: Expiry) -> Expired:
    """What would be deleted: it is, within a transaction that is taken back."""
    found = Expired()
    try:
        with store.transaction():
            found = expired_rows(store, expiry)
            sizes = [size for _, size in orphans(store)]
            found = msgspec.structs.replace(found, blobs=len(sizes), bytes=sum(sizes))
            raise _Rollback
    except _Rollback:
        return found


def expiry_of(settings: RetentionSettings) -> Expiry:
    """The moments up to which things have expired now."""
    now = clock.now()
    return Expiry(
        **{
            name: now - timedelta(days=days) if (days := getattr(settings, name)) else None
            for name in RetentionSettings.__struct_fields__
        }
    )


def vacuum_if_due(configuration: Configuration, store: Store) -> None:
    """Let go of what has expired, once a day."""
    last, now = store.schedules.chore_done(CHORE), clock.now()
    if last is None or now - last >= timedelta(days=1):
        vacuum(configuration, store)
        with store.transaction():
            store.schedules.do_chore(CHORE, now)
