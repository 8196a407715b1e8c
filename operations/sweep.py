"""Sweeping: from an errand to stored listings and flags."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from crawler.marketplace import Marketplace, available, find
from crawler.marketplace import load as load_marketplace
from detectors.screening import Screen
from operations import clock
from operations.session import actor, lock_folder
from operations.sink import StoreSink, Watcher
from storage.store import Store
from touchstone.catalog import Catalog
from touchstone.configuration import Configuration
from touchstone.decoding import nearest
from touchstone.errors import StoreLocked, TouchstoneError, UnknownName
from touchstone.sweeps import Sweep, SweepReport, SweepRequest, SweepStatus, Trigger


class Errand(msgspec.Struct, frozen=True):
    """One sweep about to be made: what is asked for, and of whom."""

    request: SweepRequest
    marketplace: Marketplace


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
    known = {brand.id: brand for brand in catalog.brands}
    for brand in brands:
        if brand not in known:
            raise UnknownName(
                f"there is no brand {brand!r} in the catalog; {nearest(brand, sorted(known))}",
                hint="Import it with: touchstone catalog import FILE",
            )
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
    words = queries or tuple(dict.fromkeys(name for brand in brands for name in known[brand].names))
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


def sweep(
    configuration: Configuration,
    store: Store,
    errands: list[Errand],
    watcher_for: Callable[[Sweep], Watcher] = lambda sweep: Watcher(),
) -> list[Sweep]:
    """Run the errands side by side to their end and return them as stored.

    Raises ``StoreLocked`` when one of them is being run by another process. Every sweep is closed in the store,
    whatever happens; one that this process leaves behind when killed is closed by the next.
    """
    from crawler.crawl import Job, crawl

    with _locks(configuration, errands):
        close_dead_sweeps(store)
        screen = Screen.build(store.catalog.load())
        opened = [_open(store, errand) for errand in errands]
        worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        sinks = [
            StoreSink(store, screen, sweep_id, watcher_for(_running(sweep_id, errand)), worker)
            for sweep_id, errand in zip(opened, errands, strict=True)
        ]
        jobs = [
            Job(errand.request, errand.marketplace, sink, configuration.marketplace(errand.marketplace.name))
            for errand, sink in zip(errands, sinks, strict=True)
        ]
        reports = [SweepReport(status=SweepStatus.FAILED, problems=("the process ended early",)) for _ in errands]
        try:
            reports = crawl(jobs, configuration.settings)
        except TouchstoneError as error:
            reports = [SweepReport(status=SweepStatus.FAILED, problems=(error.message,)) for _ in errands]
            raise
        finally:
            worker.shutdown()
            with contextlib.suppress(StoreLocked):  # the next sweep closes it as interrupted
                for sweep_id, report in zip(opened, reports, strict=True):
                    _close(store, sweep_id, report)
        return [found for found in store.sweeps.all() if found.id in opened][::-1]


def close_dead_sweeps(store: Store) -> list[int]:
    """Mark sweeps as interrupted whose process is gone; returns their numbers."""
    dead = [sweep_id for sweep_id, _, _, process in store.sweeps.running() if not _alive(process)]
    report = SweepReport(status=SweepStatus.INTERRUPTED, problems=("its process was killed",))
    for sweep_id in dead:
        _close(store, sweep_id, report)
    return dead


def _alive(process: int) -> bool:
    if process == os.getpid():
        return False  # an earlier life of this number: a process opens its sweeps after it looked for dead ones
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _open(store: Store, errand: Errand) -> int:
    at = clock.now()
    with store.transaction():
        place = errand.marketplace
        store.sweeps.know_marketplace(place.name, title=place.title, base_url=place.base_url)
        sweep_id = store.sweeps.open(errand.request, at)
        store.audit.append(
            at=at, actor=actor(), action="sweep.open", subject=f"sweep/{sweep_id}", detail=errand.request
        )
    return sweep_id


def _running(sweep_id: int, errand: Errand) -> Sweep:
    return Sweep(id=sweep_id, request=errand.request, status=SweepStatus.RUNNING, started_at=clock.now())


def _close(store: Store, sweep_id: int, report: SweepReport) -> None:
    at = clock.now()
    with store.transaction():
        store.sweeps.close(sweep_id, report, at)
        store.audit.append(at=at, actor=actor(), action="sweep.close", subject=f"sweep/{sweep_id}", detail=report)


@contextlib.contextmanager
def _locks(configuration: Configuration, errands: Iterable[Errand]) -> Iterator[None]:
    """Hold the lock of each errand's marketplace and brand: never two of the same at once."""
    folder = lock_folder(configuration)
    with contextlib.ExitStack() as held:
        for errand in errands:
            held.enter_context(_lock(folder, errand))
        yield


@contextlib.contextmanager
def _lock(folder: Path, errand: Errand) -> Iterator[None]:
    name = f"{errand.marketplace.name}-{errand.request.brand or 'any'}"
    try:
        with FileLock(folder / f"{name}.lock", timeout=0):
            yield
    except Timeout:
        raise StoreLocked(
            f"a sweep of {errand.marketplace.name} for {errand.request.brand or 'any brand'} is running already",
            hint="Wait for it to end, or follow it with: touchstone sweeps",
        ) from None
