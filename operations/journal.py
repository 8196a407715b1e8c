"""The log of what runs unattended: one JSON object a line on standard error, structlog's and everybody else's alike."""

import logging
import sys
from datetime import datetime
from typing import Any

import structlog

from operations.sink import Watcher
from touchstone.listing import TROUBLE, Listing, PageStatus
from touchstone.sweeps import Sweep
from touchstone.verdicts import Flag

LONGEST_URL = 300  # characters in a log line


def write_journal() -> None:
    """Have structlog and the standard library's loggers write JSON lines to standard error; of others' only warnings."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.dict_tracebacks,
        _plain,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or record.name.startswith("touchstone"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("touchstone").setLevel(logging.INFO)


class JournalWatcher(Watcher):
    """Follows a sweep in the log: what each page was that is none to be read, and what was flagged."""

    def __init__(self, sweep: Sweep) -> None:
        self._log = structlog.get_logger("touchstone.sweep").bind(sweep=sweep.id, marketplace=sweep.request.marketplace)

    def page(self, url: str, status: PageStatus, *, rendered: bool) -> None:
        """Log it if its content was not had."""
        if status in TROUBLE:
            self._log.warning("page.not_had", url=url[:LONGEST_URL], status=status, rendered=rendered)

    def listing(self, listing: Listing, raised: list[tuple[int, Flag]]) -> None:
        """Log each flag."""
        for number, flag in raised:
            self._log.info(
                "flag.raised", flag=number, brand=flag.brand, label=flag.label, probability=round(flag.probability, 3),
                url=listing.url[:LONGEST_URL],
            )  # fmt: skip


def _plain(_: Any, __: str, event: Any) -> Any:
    """Moments as ISO 8601 text, enumerations and paths as theirs."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in event.items()
    }  # fmt: skip
