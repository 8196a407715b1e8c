"""What a sweep amounts to, from what is stored of it: counts, problems, and a status that claims no more than was seen."""

from collections import Counter
from collections.abc import Iterator

from crawler.marketplace import Marketplace
from storage.store import Store
from touchstone.frontier import Progress, VisitState
from touchstone.sweeps import SweepReport, SweepRequest, SweepStatus

LOST = ("blocked", "login", "error", "empty")


def report_of(
    store: Store, sweep_id: int, request: SweepRequest, marketplace: Marketplace, *, finished: bool, reason: str = ""
) -> SweepReport:
    """The report of a sweep that has ended; ``reason`` is why it did not finish its frontier, if that is known."""
    progress = store.frontier.progress(sweep_id)
    filled: Counter[str] = Counter()
    listings = 0
    for listing in store.listings.seen_in(sweep_id):
        listings += 1
        filled.update(listing.filled)
    rot = list(_broken_assertions(request, marketplace, listings, filled))
    problems = [reason] if reason else []
    if progress.open:
        problems.append(f"{progress.open} pages are yet to be fetched; go on with: touchstone sweep resume {sweep_id}")
    return SweepReport(
        status=_status(progress, listings, rot, finished=finished, refused=bool(reason)),
        listings=listings,
        pages=progress.pages,
        images=progress.images,
        browser_pages=progress.browser_pages,
        problems=(*rot, *problems, *progress.problems),
    )


def _status(progress: Progress, listings: int, rot: list[str], *, finished: bool, refused: bool) -> SweepStatus:
    lost = progress.states.get(VisitState.DEAD, 0) + sum(progress.pages.get(status, 0) for status in LOST)
    if not finished and not refused:
        return SweepStatus.INTERRUPTED
    if not listings and (progress.problems or refused):
        return SweepStatus.FAILED
    if rot:
        return SweepStatus.DEGRADED
    return SweepStatus.PARTIAL if lost or progress.open else SweepStatus.COMPLETE


def _broken_assertions(
    request: SweepRequest, marketplace: Marketplace, listings: int, filled: Counter[str]
) -> Iterator[str]:
    assertions = marketplace.assertions
    least = assertions.min_listings
    if request.max_listings is not None:
        least = min(least, request.max_listings)
    if request.queries and listings < least:
        yield f"only {listings} listings; {marketplace.name} promises at least {least}"
    for name, share in assertions.fill.items():
        if listings and filled[name] / listings < share:
            sources = ", ".join(map(str, getattr(marketplace.listing.fields, name)))
            yield (
                f"{name} is on {filled[name]} of {listings} listings, below the promised {share:.0%};"
                f" looked for at {sources}"
            )
