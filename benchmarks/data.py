"""The folder of real data that benchmarks read where it is: ``TOUCHSTONE_BENCH_DATA`` names it."""

import os
from pathlib import Path


def data_folder(*needed: str) -> Path | None:
    """The folder, if it holds what is ``needed``; else says what is lacking, and the benchmark is skipped."""
    named = os.environ.get("TOUCHSTONE_BENCH_DATA", "")
    if named and all((Path(named) / path).exists() for path in needed):
        return Path(named)
    print(f"Skipped: TOUCHSTONE_BENCH_DATA names no folder with {' and '.join(needed)}.")
    return None
