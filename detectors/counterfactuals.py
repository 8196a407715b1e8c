"""What would have to be different for a flag not to stand; each answer is checked by screening the changed listing."""

from collections.abc import Callable, Iterator

import msgspec

from detectors.screening import Screen
from detectors.verdict import Weights
from touchstone.background import SellerRecord
from touchstone.catalog import AuthorizedSeller, Catalog
from touchstone.listing import Condition, Listing
from touchstone.money import Money
from touchstone.verdicts import Counterfactual, Flag

HIGHEST_FACTOR = 2  # the price search ends at twice the reference: above it no seller sells


def counterfactuals(
    catalog: Catalog, listing: Listing, flag: Flag, *, table: Weights | None = None
) -> tuple[Counterfactual, ...]:
    """The single changes that would each undo ``flag``, with the probability that would remain.

    An empty answer says that no single change of price, seller, wording, photos, numbers or condition would.
    """
    return tuple(_changes(catalog, listing, flag, table))


def _changes(catalog: Catalog, listing: Listing, flag: Flag, table: Weights | None) -> Iterator[Counterfactual]:
    screen = Screen.build(catalog, table=table)  # all of it: other brands in a title decide what a name means there
    offer = listing.offer
    if offer.price is not None and flag.reference is not None:
        yield from _price(screen, listing, flag, offer.price)
    if offer.seller is not None:
        entry = AuthorizedSeller(brand=flag.brand, marketplace=listing.marketplace, seller_id=offer.seller.seller_id)
        allowed = msgspec.structs.replace(catalog, authorized=(*catalog.authorized, entry))
        yield from _undone(Screen.build(allowed, table=table), listing, flag, "the seller were authorized")
    changes: list[tuple[str, Callable[[], Listing]]] = [
        ("it were declared and sold as second-hand", lambda: _with_offer(listing, condition=Condition.USED)),
        ("the description were left out", lambda: msgspec.structs.replace(listing, description=None)),
        ("the photos were left out", lambda: msgspec.structs.replace(listing, images=())),
        ("nothing were known of the seller's other listings", lambda: _alone(listing)),
        ("GTIN and model number were left out", lambda: msgspec.structs.replace(listing, gtins=(), mpn=None)),
    ]
    for words, changed in changes:
        yield from _undone(screen, changed(), flag, words)


def _with_offer(listing: Listing, **changes: object) -> Listing:
    return msgspec.structs.replace(listing, offer=msgspec.structs.replace(listing.offer, **changes))


def _alone(listing: Listing) -> Listing:
    background = msgspec.structs.replace(listing.background, seller=SellerRecord())
    return msgspec.structs.replace(listing, background=background)


def _undone(screen: Screen, listing: Listing, flag: Flag, words: str) -> Iterator[Counterfactual]:
    remaining = _probability(screen, listing, flag)
    if remaining is None:
        yield Counterfactual(change=words, probability=0.0)


def _probability(screen: Screen, listing: Listing, flag: Flag) -> float | None:
    """The probability of the same flag on another listing; ``None`` where it is not raised."""
    raised = screen.screen(listing).flags
    return next((f.probability for f in raised if f.label is flag.label and f.brand == flag.brand), None)


def _price(screen: Screen, listing: Listing, flag: Flag, price: Money) -> Iterator[Counterfactual]:
    """The least price at which the flag falls, by bisection: a higher price never raises more price suspicion."""
    assert flag.reference is not None  # the caller asks only then
    low, high = price.minor, max(price.minor, flag.reference.minor) * HIGHEST_FACTOR

    def stands(minor: int) -> bool:
        changed = _with_offer(listing, price=Money(minor, price.currency))
        return _probability(screen, changed, flag) is not None

    if stands(high):
        return
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if stands(middle) else (low, middle)
    yield Counterfactual(change=f"the price were {Money(high, price.currency)} or more", probability=0.0)
