"""Looking at listings' photos in detail: the few that fingerprints leave open, each once for one set of reference photos."""

import hashlib
from collections.abc import Iterator, Mapping

import msgspec
import numpy as np

from detectors.photo_features import VERSION, Reference, look
from detectors.photo_index import PhotoIndex, clear
from detectors.screening import Screen
from storage.photos import Features
from storage.store import Store
from touchstone.catalog import Catalog
from touchstone.errors import UnreadableImage, VerificationFailed
from touchstone.images import ListingImage, PhotoSighting
from touchstone.listing import Listing

MOST_SIGHTINGS = 3  # of one photo; a collage shows several products
MOST_LOOKED_AT = (
    4  # photos of one listing; the first, which searches show, closely. Each costs 50 ms, a closer look as much again
)


class Photos:
    """The catalog's reference photos, ready to be found in others. Belongs to the store's thread."""

    def __init__(self, store: Store, catalog: Catalog, screen: Screen) -> None:
        self._store = store
        self._screen = screen
        self._references = [
            (reference.key, image.sha256)
            for reference in catalog.references
            for image in reference.images
            if image.fingerprint
        ]
        named = "\n".join(f"{key} {sha256}" for key, sha256 in self._references)
        self._catalog = f"{VERSION}-{hashlib.sha256(named.encode()).hexdigest()[:24]}"
        self._index: PhotoIndex | None = None

    def see(self, listing: Listing, bodies: Mapping[str, bytes] | None = None) -> Listing:
        """The listing with what its photos show; they are looked at where it is about a brand, as far as they must be.

        ``bodies`` holds, by content address, what is not in the store.
        """
        bare = msgspec.structs.replace(
            listing, images=tuple(msgspec.structs.replace(image, sightings=None) for image in listing.images)
        )
        images = list(bare.images)
        left_open = (
            [at for at, image in enumerate(images) if self._screen.leaves_open(image)] if self._references else []
        )
        if left_open and self._screen.matches(bare):
            for at in left_open[:MOST_LOOKED_AT]:
                sightings = self._sightings(images[at], bodies or {}, closely=at == 0)
                images[at] = msgspec.structs.replace(images[at], sightings=sightings)
        return msgspec.structs.replace(bare, images=tuple(images))

    def of_the_sellers_own(self, listing: Listing) -> Iterator[str]:
        """The content addresses of those photos of a listing that are made from none of the reference photos."""
        for image in listing.images:
            if image.sha256 and image.fingerprint and not self._screen.resembles(image):
                yield image.sha256

    def _sightings(
        self, image: ListingImage, bodies: Mapping[str, bytes], *, closely: bool
    ) -> tuple[PhotoSighting, ...] | None:
        """The reference photos that a fetched image is made from; ``None`` where its bytes are not kept or tell nothing."""
        if image.sha256 is None:
            return None
        body = bodies.get(image.sha256)
        near, plain = f"{self._catalog}-closely", self._catalog
        if body is None:
            for looked in (near,) if closely else (near, plain):  # a closer look holds for both
                known, seen = self._store.photos.sightings(image.sha256, looked)
                if known:
                    return seen
        try:
            found = self._seen(body if body is not None else self._store.blobs.get(image.sha256), closely=closely)
        except (UnreadableImage, VerificationFailed):
            return None
        if body is None:
            with self._store.transaction():
                self._store.photos.keep_sightings(image.sha256, near if closely else plain, found)
        return found

    def _seen(self, body: bytes, *, closely: bool) -> tuple[PhotoSighting, ...] | None:
        if self._index is None:
            self._index = PhotoIndex([self._reference(sha256) for _, sha256 in self._references])
        matches = self._index.find(body, closely=closely)
        copies = [match for match in matches if match.is_copy]
        if not copies and not any(match.is_sibling for match in matches):
            return None
        return tuple(
            PhotoSighting(
                product=self._references[match.reference][0], sha256=self._references[match.reference][1],
                score=round(match.score, 2), mirrored=match.mirrored, outline=match.outline,
                covered=match.content.covered,
            )
            for match in clear(copies)[:MOST_SIGHTINGS]
        )  # fmt: skip

    def _reference(self, sha256: str) -> Reference:
        """A reference photo's features, as kept or looked at now."""
        kept = self._store.photos.features(sha256)
        if kept is None or kept.version != VERSION:
            reference = look(self._store.blobs.get(sha256)).reference
            kept = Features(
                VERSION, reference.points.tobytes(), reference.descriptors.tobytes(), reference.thumb.tobytes(),
                reference.thumb.shape[1], *reference.size,
            )  # fmt: skip
            with self._store.transaction():
                self._store.photos.keep_features(sha256, kept)
            return reference
        return Reference(
            np.frombuffer(kept.points, np.float32).reshape(-1, 2),
            np.frombuffer(kept.descriptors, np.uint8).reshape(-1, 32),
            np.frombuffer(kept.thumb, np.uint8).reshape(-1, kept.thumb_width, 3),
            (kept.width, kept.height),
        )
