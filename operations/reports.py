"""What a sweep amounts to, from what is stored of it: counts, problems, and a status that claims no more than was seen."""

import itertools
from collections import Counter
from collections.abc import Iterator
from statistics import median

from crawler.marketplace import Fields, Marketplace
from storage.store import Store
from touchstone.archive import Outcome
from touchstone.frontier import Progress, VisitState
from touchstone.listing import TROUBLE, Listing, PageStatus
from touchstone.sweeps import SweepReport, SweepRequest, SweepStatus

LEAST_LISTINGS = 10  # of a sweep whose shares of fields say anything
PAST_SWEEPS = 5  # complete ones that a sweep is compared with; with fewer than three nothing is usual yet
MANY_GONE = 4  # listings in one sweep with none that is up: one to be looked at again and the three signs of life
LOST_SHARE = 0.5  # of the usual share of a field, below which its parser is believed to have rotted


def report_of(
    store: Store, sweep_id: int, request: SweepRequest, marketplace: Marketplace, *, finished: bool, reason: str = "",
    remark: str = "",
) -> SweepReport:  # fmt: skip
    """The report of a sweep that has ended.

    ``reason`` is why it did not finish its frontier, if that is known; ``remark`` is what else there is to say.
    """
    progress = store.frontier.progress(sweep_id)
    filled: Counter[str] = Counter()
    lacking: dict[str, Listing] = {}
    listings = 0
    for listing in store.listings.seen_in(sweep_id):
        listings += 1
        filled.update(listing.filled)
        for name in Fields.__struct_fields__:
            if name not in listing.filled:
                lacking.setdefault(name, listing)
    shares = {name: count / listings for name, count in sorted(filled.items())}
    # Pages that were passed by count as seen: another sweep has just read them.
    up = max(listings, sum(progress.pages.get(status, 0) for status in (PageStatus.LISTING, PageStatus.SOLD_OUT)))
    rot = list(_broken_promises(request, marketplace, listings, up, filled))
    gone = progress.pages.get(PageStatus.GONE, 0)
    if gone >= MANY_GONE and not up:
        rot.append(
            f"all {gone} listings that were visited are gone, and none is up: {marketplace.name} may have changed"
        )
    for name, usual in _usual_shares(store, sweep_id, request).items():
        if listings >= LEAST_LISTINGS and shares.get(name, 0.0) < usual * LOST_SHARE and name in lacking:
            rot.append(_alarm(marketplace, name, shares.get(name, 0.0), usual, lacking[name]))
    problems = [reason] if reason else []
    if progress.open:
        problems.append(f"{progress.open} pages are yet to be fetched; go on with: touchstone sweep resume {sweep_id}")
    failed = store.archives.count(sweep_id, Outcome.FAILED)
    if failed:
        problems.append(f"{failed} captures failed; see: touchstone captures --failed")
    problems += [remark] if remark else []
    return SweepReport(
        status=_status(progress, up, rot, finished=finished, refused=bool(reason)),
        listings=listings,
        pages=progress.pages,
        images=progress.images,
        browser_pages=progress.browser_pages,
        captures=store.archives.count(sweep_id, Outcome.KEPT),
        filled=shares,
        problems=(*rot, *problems, *progress.problems),
        trouble=progress.trouble,
    )


def _status(progress: Progress, up: int, rot: list[str], *, finished: bool, refused: bool) -> SweepStatus:
    lost = progress.states.get(VisitState.DEAD, 0) + sum(progress.pages.get(status, 0) for status in TROUBLE)
    if not finished and not refused:
        return SweepStatus.INTERRUPTED
    if not up and (progress.problems or refused):
        return SweepStatus.FAILED
    if rot:
        return SweepStatus.DEGRADED
    return SweepStatus.PARTIAL if lost or progress.open else SweepStatus.COMPLETE


def _broken_promises(
    request: SweepRequest, marketplace: Marketplace, listings: int, up: int, filled: Counter[str]
) -> Iterator[str]:
    assertions = marketplace.assertions
    least = assertions.min_listings
    if request.max_listings is not None:
        least = min(least, request.max_listings)
    if request.queries and up < least:
        yield f"only {up} listings; {marketplace.name} promises at least {least}"
    for name, share in assertions.fill.items():
        if listings and filled[name] / listings < share:
            sources = ", ".join(map(str, getattr(marketplace.listing.fields, name)))
            yield (
                f"{name} is on {filled[name]} of {listings} listings, below the promised {share:.0%};"
                f" looked for at {sources}"
            )


def _usual_shares(store: Store, sweep_id: int, request: SweepRequest) -> dict[str, float]:
    """For each field the share of listings that had it in the last complete sweeps for the same: their median.

    Another brand's goods may well lack what this one's have.
    """
    if not request.queries:
        return {}
    alike = (
        one.report.filled
        for one in store.sweeps.all()
        if one.id != sweep_id
        and (one.request.marketplace, one.request.brand, one.request.queries)
        == (request.marketplace, request.brand, request.queries)
        and one.status is SweepStatus.COMPLETE
        and one.report
        and one.report.listings >= LEAST_LISTINGS
    )
    past = list(itertools.islice(alike, PAST_SWEEPS))
    if len(past) < 3:
        return {}
    names = {name for shares in past for name in shares}
    usual = {name: median(shares.get(name, 0.0) for shares in past) for name in sorted(names)}
    return {name: share for name, share in usual.items() if share >= LOST_SHARE}


def _alarm(marketplace: Marketplace, name: str, share: float, usual: float, example: Listing) -> str:
    sources = ", ".join(map(str, getattr(marketplace.listing.fields, name, ()))) or "nothing"
    return (
        f"{name} is on {share:.0%} of the listings, usually on {usual:.0%}; looked for at {sources};"
        f" lacking on {example.url} ({example.title[:60]})"
    )
