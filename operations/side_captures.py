"""Captures beside a running crawl: a thread with a loop and browsers of its own takes flagged listings while they are up."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from crawler.marketplace import Marketplace
from operations.capture import NotNow, Photographer, Subject
from storage.store import Store
from touchstone.archive import Outcome
from touchstone.configuration import Configuration
from touchstone.errors import ConfigurationError
from touchstone.listing import Listing

LOOK_SECONDS = 0.5  # between two looks for what is due, while there is nothing
TRIES = 2  # at one listing in one sweep; what fails twice is due again in the next


class Place(NamedTuple):
    """A sweep whose flagged listings are captured."""

    sweep_id: int
    marketplace: Marketplace


class SideCaptures:
    """Started before a crawl, ended after it; what is due is found in the store, so that a killed sweep loses nothing.

    ``made`` counts the captures; ``problem`` says why there could be none, where that ends no sweep.
    """

    def __init__(
        self, configuration: Configuration, store: Store, places: Sequence[Place], worker: ThreadPoolExecutor
    ) -> None:
        self._configuration = configuration
        self._settings = configuration.settings.capture
        self._store, self._worker = store, worker
        self._places = list(places)
        self._tries: dict[int, int] = {}
        self._left = {place.sweep_id: self._settings.per_sweep for place in places}
        self._crawling, self._stopped = True, False
        self._failure: BaseException | None = None
        self.made = 0
        self.problem = ""
        self._thread = threading.Thread(target=self._run, name="captures")

    def start(self) -> None:
        """Begin to look for flagged listings."""
        self._thread.start()

    def finish(self) -> None:
        """Capture what is still due, then end; raises what ended the thread early."""
        self._crawling = False
        self._joined()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End after the page that is being captured, if one is."""
        self._stopped = True
        self._joined()

    def _joined(self) -> None:
        if self._thread.ident is not None:  # it was started
            self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._work())
        except ConfigurationError as error:  # such as no browser, where the crawl itself needs none
            self.problem = f"flagged listings are not captured: {error.message}"
        except BaseException as error:  # noqa: BLE001 -- handed to whoever waits for the thread
            self._failure = error

    async def _work(self) -> None:
        photographers: dict[int, Photographer] = {}
        try:
            while not self._stopped:
                crawling = self._crawling  # asked before looking: what the crawl stores last is found, too
                found = await self._next()
                if found is None:
                    if not crawling:
                        return
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
                place, subject = found
                if place.sweep_id not in photographers:
                    photographers[place.sweep_id] = Photographer(
                        self._configuration, place.marketplace, self._store, self._worker
                    )
                try:
                    archive = await photographers[place.sweep_id].capture(subject)
                except NotNow as refusal:
                    self._left[place.sweep_id] = 0
                    self.problem = f"captures of {place.marketplace.name} ended early: {refusal}"
                    continue
                self.made += 1
                if archive.outcome is Outcome.KEPT:
                    self._left[place.sweep_id] -= 1
        finally:
            for photographer in photographers.values():
                await photographer.close()

    async def _next(self) -> tuple[Place, Subject] | None:
        """The likeliest listing that is due, of each marketplace in turn; those that failed come when the crawl has ended."""
        for _ in self._places:
            place = self._places.pop(0)
            self._places.append(place)
            found = await asyncio.get_running_loop().run_in_executor(self._worker, self._due, place.sweep_id)
            if found is not None:
                row, listing = found
                self._tries[row] = self._tries.get(row, 0) + 1
                return place, Subject(row, listing, place.sweep_id)
        return None

    def _due(self, sweep_id: int) -> tuple[int, Listing] | None:
        if self._left[sweep_id] <= 0:
            return None
        again = None
        for row, listing in self._store.archives.due(sweep_id, self._settings.least_probability):
            tries = self._tries.get(row, 0)
            if not tries:
                return row, listing
            if tries < TRIES and again is None:
                again = row, listing
        return None if self._crawling else again
