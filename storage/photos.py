"""What was seen of photos in detail, so that each is looked at once."""

from typing import NamedTuple

import msgspec
from sqlite_utils.db import Database

from touchstone.decoding import to_json
from touchstone.images import PhotoSighting


class Features(NamedTuple):
    """A reference photo's features as bytes; what they mean is known to whoever made them, by ``version``."""

    version: int
    points: bytes
    descriptors: bytes
    thumb: bytes
    thumb_width: int
    width: int
    height: int


class PhotoStore:
    """The ``photo_features`` and ``photo_sightings`` tables. Writing belongs inside a transaction of the store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def features(self, sha256: str) -> Features | None:
        """What is kept of a reference photo."""
        row = self._db.conn.execute(
            "SELECT version, points, descriptors, thumb, thumb_width, width, height FROM photo_features WHERE sha256 = ?",
            [sha256],
        ).fetchone()
        return Features(*row) if row else None

    def keep_features(self, sha256: str, features: Features) -> None:
        """Keep a reference photo's features in place of older ones."""
        self._db.conn.execute("INSERT OR REPLACE INTO photo_features VALUES (?,?,?,?,?,?,?,?)", [sha256, *features])

    def sightings(self, sha256: str, catalog: str) -> tuple[bool, tuple[PhotoSighting, ...] | None]:
        """Whether a photo was looked at with the reference photos that ``catalog`` stands for, and what was seen."""
        row = self._db.conn.execute(
            "SELECT sightings FROM photo_sightings WHERE sha256 = ? AND catalog = ?", [sha256, catalog]
        ).fetchone()
        return row is not None, msgspec.json.decode(row[0], type=tuple[PhotoSighting, ...] | None) if row else None

    def keep_sightings(self, sha256: str, catalog: str, sightings: tuple[PhotoSighting, ...] | None) -> None:
        """Keep what was seen in a photo, in place of what was seen with other reference photos."""
        self._db.conn.execute(
            "INSERT OR REPLACE INTO photo_sightings VALUES (?,?,?)", [sha256, catalog, to_json(sightings)]
        )
