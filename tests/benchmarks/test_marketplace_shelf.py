"""What the marketplace benchmark screens is what a crawl would have read."""

from datetime import UTC, datetime

import msgspec

from benchmarks.marketplace.shelf import Shelf
from fixtures.demo import build_world
from tests.conftest import SEED, Installation, Markets
from touchstone.background import Background
from touchstone.listing import Listing

LISTINGS = 12  # of each marketplace
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def test_made_listings_are_as_a_crawl_reads_them(installation: Installation, markets: Markets) -> None:
    """Every field that a sweep over real sockets and in a real browser stores, sellers' pages included."""
    world = build_world(SEED)
    installation.json("sweep", "--brand", world.brands[0].id, "--max-listings", str(LISTINGS))
    shelf = Shelf(world, {name: markets.demo.url(name) for name in ("namu", "plaza")})
    made = {f"{listing.marketplace}/{listing.id}": listing for listing in world.listings}
    with installation.store() as store:
        crawled = [listing for _, listing in store.listings.all()]
    assert {listing.marketplace for listing in crawled} == {"namu", "plaza"}
    assert len(crawled) >= LISTINGS
    for listing in crawled:
        wanted = made[listing.key]
        images = tuple(msgspec.structs.replace(image, sightings=None) for image in listing.images)
        assert [image.url for image in images] == [shelf.image_url(wanted, key) for key in wanted.images]
        assert plain(shelf.listing(wanted, images)) == plain(listing)


def plain(listing: Listing) -> Listing:
    """Without when it was seen, which source each field is from, and what was learned of it later."""
    images = tuple(msgspec.structs.replace(image, sightings=None) for image in listing.images)
    return msgspec.structs.replace(
        listing, images=images, provenance={}, conflicts={}, background=Background(),
        seen_at=LONG_AGO,
    )  # fmt: skip
