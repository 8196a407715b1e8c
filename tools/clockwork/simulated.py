"""``touchstone`` by another clock: ``python -m tools.clockwork.simulated ORIGIN,SINCE,RATE ARGUMENTS…``.

At the real moment ``SINCE`` (seconds since the epoch) its clock shows ``ORIGIN`` (ISO 8601), and it runs ``RATE`` times
as fast. The scheduler begins its sweeps by the same clock.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Self

import scheduler
from cli import app
from operations import clock
from touchstone import configuration


class FastClock(NamedTuple):
    """A clock that shows ``origin`` at the real moment ``since`` and runs ``rate`` times as fast."""

    origin: datetime
    since: float
    rate: float

    @classmethod
    def read(cls, text: str) -> Self:
        """The clock that ``str`` gave."""
        origin, since, rate = text.split(",")
        return cls(datetime.fromisoformat(origin), float(since), float(rate))

    def __str__(self) -> str:
        return f"{self.origin.isoformat()},{self.since},{self.rate}"

    def now(self) -> datetime:
        """What it shows."""
        return (self.origin + timedelta(seconds=(time.time() - self.since) * self.rate)).astimezone(UTC)


def main() -> None:
    """Run the command by the clock."""
    text, *arguments = sys.argv[1:]
    fast = FastClock.read(text)
    clock.use(fast.now, fast.rate)
    if arguments == ["scheduler", "run"]:
        here = configuration.load(Path("touchstone.toml"))
        grace = here.settings.scheduler.grace_seconds
        prefix = [sys.executable, "-m", "tools.clockwork.simulated", text, "sweep", "run"]
        sys.exit(
            scheduler.run(
                here, command=lambda number: [*prefix, str(number), "--parent", str(os.getpid()), "--grace", str(grace)]
            )
        )
    sys.argv[1:] = arguments
    app.main()


if __name__ == "__main__":
    main()
