"""Explaining a flag: everything that a person needs to decide, side by side."""

import msgspec

from detectors.counterfactuals import counterfactuals
from operations.weighing import weights_of
from storage.flags import StoredFlag
from storage.store import Store
from touchstone.archive import Archive
from touchstone.catalog import BrandReference
from touchstone.standing import ListingStanding, StandingEvent
from touchstone.sweeps import Capture
from touchstone.verdicts import Counterfactual, Judgement


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A flag, the genuine product beside it, what would undo it, what was kept, what was decided, and what became of the listing.

    ``images`` and ``reference_images`` are paths of files in the blob store.
    """

    stored: StoredFlag
    reference: BrandReference | None
    counterfactuals: tuple[Counterfactual, ...]
    captures: tuple[Capture, ...]
    archives: tuple[Archive, ...]
    judgements: tuple[Judgement, ...]
    standing: ListingStanding | None
    events: tuple[StandingEvent, ...]
    images: tuple[str, ...]
    reference_images: tuple[str, ...]


def explain(store: Store, flag_id: int) -> Explanation:
    """Everything about one flag; raises ``UnknownName``."""
    stored = store.flags.one(flag_id)
    catalog = store.catalog.load()
    reference = next((ref for ref in catalog.references if ref.key == stored.flag.product), None)
    shown = [image.sha256 for image in stored.listing.images if image.sha256]
    genuine = [image.sha256 for image in reference.images] if reference else []
    return Explanation(
        stored=stored,
        reference=reference,
        counterfactuals=counterfactuals(catalog, stored.listing, stored.flag, table=weights_of(store)),
        captures=tuple(store.listings.captures(stored.listing_row)),
        archives=tuple(store.archives.of(stored.listing_row)),
        judgements=tuple(store.flags.judgements(flag_id)),
        standing=store.standings.of(stored.listing_row),
        events=tuple(store.standings.events(stored.listing_row)),
        images=tuple(str(store.blobs.path(sha256)) for sha256 in shown),
        reference_images=tuple(str(store.blobs.path(sha256)) for sha256 in genuine),
    )
