"""Images by content: fingerprinted once, whatever the number of addresses they are served under."""

from datetime import datetime

import msgspec
from sqlite_utils.db import Database

from touchstone.images import Fingerprint, ListingImage


class ImageStore:
    """The ``images`` and ``image_urls`` tables."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def at(self, url: str) -> ListingImage | None:
        """The image that ``url`` gave when it was last fetched."""
        row = self._db.conn.execute(
            "SELECT sha256, fingerprint FROM image_urls JOIN images USING (sha256) WHERE url = ?", [url]
        ).fetchone()
        return ListingImage(url=url, sha256=row[0], fingerprint=decoded(row[1])) if row else None

    def known(self, sha256: str) -> tuple[bool, Fingerprint | None]:
        """Whether these bytes were read before, and their fingerprint if they could be."""
        row = self._db.conn.execute("SELECT fingerprint FROM images WHERE sha256 = ?", [sha256]).fetchone()
        return (row is not None, decoded(row[0]) if row else None)

    def keep(
        self, sha256: str, *, size: int, fingerprint: Fingerprint | None, unreadable: str | None, at: datetime
    ) -> None:
        """Note an image; the first note of it stays, a new recipe's fingerprint replaces an older one."""
        self._db.conn.execute(
            "INSERT INTO images (sha256, bytes, fingerprint, unreadable, first_seen) VALUES (?,?,?,?,?)"
            " ON CONFLICT (sha256) DO UPDATE SET fingerprint = excluded.fingerprint, unreadable = excluded.unreadable",
            [
                sha256,
                size,
                msgspec.json.encode(fingerprint).decode() if fingerprint else None,
                unreadable,
                at.isoformat(),
            ],
        )

    def seen_at(self, url: str, sha256: str, at: datetime) -> None:
        """Note that ``url`` gave these bytes."""
        self._db.conn.execute(
            "INSERT INTO image_urls VALUES (?,?,?) ON CONFLICT (url) DO UPDATE SET"
            " sha256 = excluded.sha256, fetched_at = excluded.fetched_at",
            [url, sha256, at.isoformat()],
        )


def decoded(fingerprint: str | None) -> Fingerprint | None:
    """A stored fingerprint."""
    return msgspec.json.decode(fingerprint, type=Fingerprint) if fingerprint else None
