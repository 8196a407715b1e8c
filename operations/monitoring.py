"""What a monitoring system asks: ``/metrics`` in Prometheus' text, ``/healthz``. All numbers come from the store, so a
restart loses none."""

import contextlib
import json
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import make_wsgi_app
from prometheus_client.registry import Collector

from operations import clock
from operations.session import open_store
from storage.store import Store
from touchstone.configuration import Configuration
from touchstone.errors import ConfigurationError, TouchstoneError
from touchstone.schedules import ScheduleState
from touchstone.sweeps import SweepStatus

STALE_SECONDS = 60.0  # without a look of the scheduler's at the store, after which it is not well


def metrics(store: Store, now: datetime) -> Iterator[Metric]:
    """Everything that is measured, read from the store."""
    sweeps = GaugeMetricFamily("touchstone_sweeps", "Sweeps by how they stand.", labels=["marketplace", "status"])
    for marketplace, status, count in store.sweeps.counts():
        sweeps.add_metric([marketplace, status], count)
    yield sweeps
    pages = CounterMetricFamily("touchstone_pages", "Pages by what they were.", labels=["marketplace", "status"])
    for marketplace, status, count in store.sweeps.page_counts():
        pages.add_metric([marketplace, status], count)
    yield pages
    today = GaugeMetricFamily("touchstone_requests_today", "Requests on this UTC day.", labels=["marketplace"])
    for marketplace, used in store.pace.used_today():
        today.add_metric([marketplace], used)
    yield today
    flags = GaugeMetricFamily("touchstone_flags", "Flags by how they stand.", labels=["brand", "label", "status"])
    for brand, label, status, count in store.flags.counts():
        flags.add_metric([brand, label, status], count)
    yield flags
    oldest = GaugeMetricFamily(
        "touchstone_review_age_seconds", "Age of the oldest flag that waits for a person.", labels=["brand"]
    )
    for brand, raised_at in store.flags.oldest_open():
        oldest.add_metric([brand], max(0.0, (now - raised_at).total_seconds()))
    yield oldest
    standings = GaugeMetricFamily(
        "touchstone_watched_listings", "Flagged listings that are looked at again.", labels=["marketplace", "standing"]
    )
    for marketplace, standing, count in store.standings.counts():
        standings.add_metric([marketplace, standing], count)
    yield standings
    yield from _queue(store, now)
    yield from _schedules(store)
    told = CounterMetricFamily("touchstone_alerts", "Alerts that were told.", labels=["kind"])
    active = GaugeMetricFamily("touchstone_alerts_active", "Alerts that are not over.", labels=["kind"])
    for kind, count, still in store.alerts.counts():
        told.add_metric([kind], count)
        active.add_metric([kind], still)
    yield told
    yield active
    yield GaugeMetricFamily(
        "touchstone_alerts_untold",
        "Alerts that a channel has not taken, so far or at all.",
        value=store.alerts.untold(),
    )


def _queue(store: Store, now: datetime) -> Iterator[Metric]:
    unfinished = store.sweeps.unfinished()
    waiting = [one for one in unfinished if one.status is SweepStatus.QUEUED]
    yield GaugeMetricFamily("touchstone_queue_sweeps", "Sweeps that wait for a process.", value=len(waiting))
    age = max(((now - one.started_at).total_seconds() for one in waiting), default=0.0)
    yield GaugeMetricFamily(
        "touchstone_queue_age_seconds", "How long the oldest of them has waited.", value=max(0.0, age)
    )


def _schedules(store: Store) -> Iterator[Metric]:
    names = ["schedule", "marketplace", "brand"]
    success = GaugeMetricFamily(
        "touchstone_schedule_last_success_timestamp_seconds", "When its last good sweep ended; 0: never.", labels=names
    )
    failures = GaugeMetricFamily("touchstone_schedule_failures", "Failures in a row.", labels=names)
    due = GaugeMetricFamily("touchstone_schedule_next_timestamp_seconds", "When it is due next.", labels=names)
    result = GaugeMetricFamily(
        "touchstone_schedule_result", "1 for how its last sweep went.", labels=[*names, "result"]
    )
    for one in store.schedules.all():
        labels = [one.name, one.sweep.marketplace, one.sweep.brand]
        failures.add_metric(labels, one.failures)
        success.add_metric(labels, one.success_at.timestamp() if one.success_at else 0.0)
        if one.state is ScheduleState.ACTIVE:
            due.add_metric(labels, one.next_at.timestamp())
        if one.result:
            result.add_metric([*labels, one.result], 1)
    yield from (success, failures, due, result)


class _FromStore(Collector):
    """Reads the store anew for each question, with a connection of its own."""

    def __init__(self, configuration: Configuration, looked_at: Callable[[], datetime]) -> None:
        self._configuration = configuration
        self._looked_at = looked_at

    def collect(self) -> Iterable[Metric]:
        """The numbers as they are now."""
        with open_store(self._configuration) as store:
            yield from metrics(store, clock.now())
        yield GaugeMetricFamily(
            "touchstone_scheduler_look_timestamp_seconds", "When the scheduler last looked at the store.",
            value=self._looked_at().timestamp(),
        )  # fmt: skip


def health(configuration: Configuration, looked_at: datetime) -> dict[str, Any]:
    """Whether the scheduler looks and the store answers; ``faults`` says what is wrong."""
    faults = []
    age = clock.real_seconds(clock.now() - looked_at)
    if age > STALE_SECONDS:
        faults.append(f"the scheduler has not looked at the store for {age:.0f} s")
    try:
        with open_store(configuration) as store:
            store.sweeps.unfinished()
    except TouchstoneError as error:
        faults.append(error.message)
    return {"status": "unwell" if faults else "ok", "faults": faults, "looked_at": looked_at.isoformat()}


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 10  # seconds that a client gets to say what it wants

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name for it
        """Say nothing: who scrapes does so four times a minute."""


@contextlib.contextmanager
def served(configuration: Configuration, looked_at: Callable[[], datetime]) -> Iterator[str | None]:
    """Answer on the configured address while the block runs; gives the address, or ``None`` where there is none.

    Raises ``ConfigurationError`` when the address cannot be listened on.
    """
    listen = configuration.settings.scheduler.listen
    if listen is None:
        yield None
        return
    registry = CollectorRegistry()
    registry.register(_FromStore(configuration, looked_at))
    exposition = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            try:
                content: Iterable[bytes] = exposition(environ, start)
            except TouchstoneError as error:
                start("503 Service Unavailable", [("Content-Type", "text/plain; charset=utf-8")])
                return [f"{error.message}\n".encode()]
            return content
        found = health(configuration, looked_at()) if path == "/healthz" else {"see": ["/metrics", "/healthz"]}
        well = found.get("status", "ok") == "ok"
        status = "404 Not Found" if path != "/healthz" else "200 OK" if well else "503 Service Unavailable"
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(found).encode()]

    host, _, port = listen.rpartition(":")
    try:
        server = make_server(host, int(port), answer, server_class=_Server, handler_class=_Quiet)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f"[scheduler] listen: {listen} cannot be listened on: {getattr(error, 'strerror', error)}",
            hint="Name a free port.",
        ) from None
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="monitoring", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
