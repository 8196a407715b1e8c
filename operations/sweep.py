"""Sweeping: from an errand to stored listings and flags."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from crawler.marketplace import Marketplace, Rendering, available, find
from crawler.marketplace import load as load_marketplace
from operations import clock
from operations.reports import report_of
from operations.rescreen import look_again
from operations.screener import Screener
from operations.session import LOCKS, actor, is_held, lock_folder
from operations.side_captures import Place, SideCaptures
from operations.sink import StoreSink, Watcher, holder_of
from operations.stamp import try_to_stamp
from operations.standings import keep_standings
from storage.store import Store
from touchstone.catalog import Catalog
from touchstone.configuration import Configuration
from touchstone.errors import StoreLocked, TouchstoneError, UnknownName, UserError
from touchstone.frontier import PageKind, Visit, VisitState
from touchstone.sweeps import Sweep, SweepReport, SweepRequest, SweepStatus, Trigger

ENDED = (SweepStatus.COMPLETE, SweepStatus.PARTIAL, SweepStatus.DEGRADED, SweepStatus.FAILED)
LEFT = (VisitState.READY, VisitState.LEASED, VisitState.DEAD)
LOOKED_AT_SECONDS = 1.0  # others hold a sweep's lock for a moment, to see whether a process does


class Errand(msgspec.Struct, frozen=True):
    """One sweep about to be made: what is asked for, and of whom. ``known``: the sweep, if it has a row already."""

    request: SweepRequest
    marketplace: Marketplace
    known: Sweep | None = None


def plan(
    configuration: Configuration,
    catalog: Catalog,
    *,
    brands: tuple[str, ...] = (),
    marketplaces: tuple[str, ...] = (),
    queries: tuple[str, ...] = (),
    urls: tuple[str, ...] = (),
    max_listings: int | None = None,
    trigger: Trigger = Trigger.ANALYST,
) -> list[Errand]:
    """One errand for each marketplace; without queries the brands' names are searched for.

    Raises ``UnknownName`` for a brand or marketplace that is not known, with the nearest that is, and
    ``ConfigurationError`` for a marketplace whose TOML cannot be used.
    """
    wanted = [catalog.brand(brand) for brand in brands]
    folders = configuration.marketplace_folders
    described = [
        load_marketplace(path, configuration.marketplace(name)) for name, path in _wanted(marketplaces, folders)
    ]
    places = [place for place in described if place.base_url]
    homeless = [place.name for place in described if not place.base_url]
    if not places or (marketplaces and homeless):
        raise UnknownName(
            f"no address is known for {', '.join(homeless) or 'any marketplace'}",
            hint='Set it in touchstone.toml: [marketplaces.NAME] base_url = "…", or see docs/add-a-marketplace.md.',
        )
    words = queries or tuple(dict.fromkeys(name for brand in wanted for name in brand.names))
    errands = []
    for marketplace in places:
        mine = tuple(url for url in urls if marketplace.may_fetch(url))
        if not words and not mine:
            continue
        request = SweepRequest(
            marketplace=marketplace.name, brand=brands[0] if len(brands) == 1 else None, queries=words, urls=mine,
            max_listings=max_listings, trigger=trigger,
        )  # fmt: skip
        errands.append(Errand(request, marketplace))
    lost = [url for url in urls if not any(url in errand.request.urls for errand in errands)]
    if lost:
        raise UnknownName(
            f"{lost[0]} belongs to none of the marketplaces {', '.join(place.name for place in places)}",
            hint="Describe its marketplace first: docs/add-a-marketplace.md",
        )
    return errands


def _wanted(names: tuple[str, ...], folders: Sequence[Path]) -> list[tuple[str, Path]]:
    """The files of the marketplaces that were named, or of all."""
    return [(name, find(name, folders)) for name in names] if names else list(available(folders).items())


def resumable(configuration: Configuration, store: Store, sweep_id: int | None = None) -> list[Errand]:
    """The errands of a sweep that has pages yet to be fetched; without a number, of the newest that was interrupted.

    Raises ``UnknownName`` when there is no such sweep, ``UserError`` when nothing is left of it.
    """
    close_dead_sweeps(store)
    if sweep_id is None:
        found = next((one for one in store.sweeps.all() if one.status is SweepStatus.INTERRUPTED), None)
        if found is None:
            raise UnknownName("no sweep was interrupted", hint="See: touchstone sweeps")
    else:
        found = store.sweeps.one(sweep_id)
        if found is None:
            raise UnknownName(f"there is no sweep {sweep_id}", hint="See: touchstone sweeps")
    states = store.frontier.progress(found.id).states
    if found.status in ENDED and states and not any(states.get(state) for state in LEFT):
        raise UserError(
            f"sweep {found.id} is {found.status}: nothing is left of it", hint="Sweep anew: touchstone sweep --brand B"
        )
    return [_errand(configuration, found)]


def queued(configuration: Configuration, store: Store, sweep_id: int) -> Errand:
    """The errand of a sweep that waits for a process. Raises ``UnknownName`` when it does not wait."""
    found = store.sweeps.one(sweep_id)
    if found is None or found.status is not SweepStatus.QUEUED:
        raise UnknownName(f"no sweep {sweep_id} waits in the queue", hint="See: touchstone sweeps")
    return _errand(configuration, found)


def _errand(configuration: Configuration, found: Sweep) -> Errand:
    place = find(found.request.marketplace, configuration.marketplace_folders)
    marketplace = load_marketplace(place, configuration.marketplace(found.request.marketplace))
    return Errand(found.request, marketplace, found)


def sweep(
    configuration: Configuration,
    store: Store,
    errands: list[Errand],
    watcher_for: Callable[[Sweep], Watcher] = lambda sweep: Watcher(),
) -> list[Sweep]:
    """Run the errands side by side to their end and return them as stored.

    Raises ``StoreLocked`` when one of them is being run by another process. Every sweep is closed in the store,
    whatever happens; one that this process leaves behind when killed is closed by the next, and can be resumed.
    """
    from crawler.crawl import Ending, Job, crawl

    with _locks(configuration, errands) as alive:
        close_dead_sweeps(store)
        catalog = store.catalog.load()
        screener = Screener(store, catalog)
        opened = [_open(store, errand, alive) for errand in errands]
        worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        sinks = [
            StoreSink(
                store, screener, sweep.id, sweep.request, watcher_for(sweep), worker, began=sweep.started_at,
                revisit_after=timedelta(hours=errand.marketplace.listing.revisit_hours),
                learns=errand.marketplace.listing.rendering is Rendering.AUTO,
            )
            for sweep, errand in zip((_stored(store, sweep_id) for sweep_id in opened), errands, strict=True)
        ]  # fmt: skip
        jobs = [
            Job(errand.request, errand.marketplace, sink, configuration.marketplace(errand.marketplace.name))
            for errand, sink in zip(errands, sinks, strict=True)
        ]
        endings = [Ending(finished=False, reason="the process ended early") for _ in errands]
        captures, waiting = _captures(configuration, store, opened, errands, worker), ""
        try:
            endings = crawl(jobs, configuration.settings)
            worker.submit(look_again, store, screener).result()  # what came last may tell of what came first
            if all(ending.finished or ending.reason for ending in endings):  # nobody asked it to end
                captures.finish()
            captures.stop()
            waiting = try_to_stamp(configuration, store) if captures.made else ""
        except TouchstoneError as error:
            endings = [Ending(finished=False, reason=error.message) for _ in errands]
            raise
        finally:
            captures.stop()
            worker.shutdown()
            with contextlib.suppress(StoreLocked):  # the next sweep closes it as interrupted
                for sweep_id, errand, ending in zip(opened, errands, endings, strict=True):
                    report = report_of(
                        store, sweep_id, errand.request, errand.marketplace,
                        finished=ending.finished, reason=ending.reason, remark=captures.problem or waiting,
                    )  # fmt: skip
                    _close(store, sweep_id, report)
        return [found for sweep_id in opened if (found := store.sweeps.one(sweep_id))]


def _captures(
    configuration: Configuration, store: Store, opened: list[int], errands: list[Errand], worker: ThreadPoolExecutor
) -> SideCaptures:
    """Captures beside the crawl, begun where sweeps are to make them."""
    places = [Place(sweep_id, errand.marketplace) for sweep_id, errand in zip(opened, errands, strict=True)]
    captures = SideCaptures(configuration, store, places, worker)
    if configuration.settings.capture.in_sweeps:
        captures.start()
    return captures


def close_dead_sweeps(store: Store) -> list[int]:
    """Mark sweeps as interrupted whose process is gone, and free what they had taken on; returns their numbers."""
    dead = {sweep_id: process for sweep_id, _, _, process in store.sweeps.running() if not is_alive(store, sweep_id)}
    for sweep_id, process in dead.items():
        with store.transaction():
            store.frontier.release(sweep_id)
            _leave(store, holder_of(process, sweep_id))
        progress = store.frontier.progress(sweep_id)
        left = f"its process was killed; go on with: touchstone sweep resume {sweep_id}"
        report = SweepReport(
            status=SweepStatus.INTERRUPTED,
            listings=sum(1 for _ in store.listings.seen_in(sweep_id)),
            pages=progress.pages,
            images=progress.images,
            browser_pages=progress.browser_pages,
            problems=(left, *progress.problems),
            trouble=progress.trouble,
        )
        _close(store, sweep_id, report)
    return list(dead)


def give_up(store: Store, sweep_id: int, reason: str) -> None:
    """Close a sweep that no process could be had for."""
    _close(store, sweep_id, SweepReport(status=SweepStatus.FAILED, problems=(reason,)))


def is_alive(store: Store, sweep_id: int) -> bool:
    """Whether a process works on a sweep: it holds the sweep's lock, which the system frees however the process ends."""
    return is_held(_life_of(store, sweep_id))


def _life_of(store: Store, sweep_id: int) -> Path:
    return store.folder / LOCKS / f"sweep-{sweep_id}.lock"


def _open(store: Store, errand: Errand, alive: contextlib.ExitStack) -> int:
    """Open a sweep with its first visits, or go on with one; either is one transaction, which takes the sweep's lock."""
    at, place, request = clock.now(), errand.marketplace, errand.request
    with store.transaction():
        store.sweeps.know_marketplace(place.name, title=place.title, base_url=place.base_url)
        if errand.known:
            sweep_id = errand.known.id
            before = store.sweeps.one(sweep_id)
            assert before is not None  # sweeps are never deleted
            if (
                before.status is not errand.known.status
            ):  # it was taken out of the queue, or somebody else went on with it
                raise UserError(f"sweep {sweep_id} is {before.status} by now", hint="Look again: touchstone sweeps")
            store.sweeps.reopen(sweep_id, at)
            store.frontier.release(sweep_id)
            store.frontier.revive(sweep_id)
        else:
            sweep_id = store.sweeps.open(request, at)
        begins = not store.frontier.progress(sweep_id).states
        if begins:
            store.frontier.add(sweep_id, _first_visits(errand), most=request.max_listings)
        action = "sweep.open" if begins else "sweep.resume"
        store.audit.append(at=at, actor=actor(), action=action, subject=f"sweep/{sweep_id}", detail=request)
        try:
            alive.enter_context(FileLock(_life_of(store, sweep_id), timeout=LOOKED_AT_SECONDS))
        except Timeout:
            raise StoreLocked(
                f"sweep {sweep_id} is running already", hint=f"Follow it with: touchstone sweep watch {sweep_id}"
            ) from None
    return sweep_id


def _first_visits(errand: Errand) -> Iterator[Visit]:
    """The listings that were named, then the first page of each search."""
    place, request = errand.marketplace, errand.request
    for url in request.urls:
        yield Visit(kind=PageKind.LISTING, url=url)
    for query in request.queries:
        number = place.search.first_page
        yield Visit(kind=PageKind.SEARCH, url=place.search_url(query, number), query=query, number=number)


def _stored(store: Store, sweep_id: int) -> Sweep:
    found = store.sweeps.one(sweep_id)
    assert found is not None  # it has just been opened
    return found


def _leave(store: Store, holder: str) -> None:
    """Free the turns and claims of a process that is done with a sweep: others would wait for them until they expire."""
    store.pace.leave(holder)
    store.fetching.leave(holder)


def _close(store: Store, sweep_id: int, report: SweepReport) -> None:
    at = clock.now()
    with store.transaction():
        _leave(store, holder_of(os.getpid(), sweep_id))  # what was taken while the crawl was ending
        store.sweeps.close(sweep_id, report, at)
        keep_standings(store, sweep_id, at)
        store.audit.append(at=at, actor=actor(), action="sweep.close", subject=f"sweep/{sweep_id}", detail=report)


@contextlib.contextmanager
def _locks(configuration: Configuration, errands: Iterable[Errand]) -> Iterator[contextlib.ExitStack]:
    """Hold the lock of each errand's marketplace and brand: never two of the same at once. More may be added."""
    folder = lock_folder(configuration)
    with contextlib.ExitStack() as held:
        for errand in errands:
            held.enter_context(_lock(folder, errand))
        yield held


def lock_name(request: SweepRequest) -> str:
    """What two sweeps have in common that may not run at once: marketplace and brand, or that both look again."""
    what = "+revisit" if request.trigger is Trigger.REVISIT else f"-{request.brand}" if request.brand else "+any"
    return f"{request.marketplace}{what}"  # no brand's id has a plus


@contextlib.contextmanager
def _lock(folder: Path, errand: Errand) -> Iterator[None]:
    try:
        with FileLock(folder / f"{lock_name(errand.request)}.lock", timeout=0):
            yield
    except Timeout:
        raise StoreLocked(
            f"a sweep of {errand.marketplace.name} for {errand.request.brand or 'any brand'} is running already",
            hint="Wait for it to end, or find its number and follow it: touchstone sweeps, touchstone sweep watch N",
        ) from None
