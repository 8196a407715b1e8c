"""What it costs to look a photo's hash up among many, and what is missed, by numpy and by libraries.

Every row is measured in a process of its own, on one thread. ``q/s``: queries for each second of CPU, all given at
once. ``all``: of the references nearer than ``FAR_BITS``, as brute force tells them, the share that was found;
``best``: of the queries with such a reference, the share whose nearest was. ``build``: seconds of CPU. ``MiB``: what
the process grew by when it was built, the hashes given not counted; ``mapped``: what another process grew by when it
opened what was stored and asked once. ``disk``: MiB stored. ``open`` and ``+1,000``: milliseconds by the clock until
what is stored can be asked, and until it has 1,000 references more. ``asked``: queries, of which slow peers get few.

Reads ``photos/`` of the folder that ``TOUCHSTONE_BENCH_DATA`` names; without it the hashes are synthetic.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import psutil

from benchmarks.data import data_folder
from benchmarks.quality.lookup_hashes import Asked, Hashes, Rows, apart, asked, made, seen, tails
from benchmarks.quality.lookup_peers import PEERS, Peer
from benchmarks.quality.lookup_plain import Lookup
from detectors.fingerprints import HASH_BITS
from detectors.image_index import FAR_BITS

Told = TypeVar("Told")
SIZES = (10_000, 100_000, 1_000_000)
QUERIES = 200
ADDED = 1_000
LEAST = 0.3  # seconds of asking
MIB = 1 << 20
HEADER = f"{'':36}{'q/s':>9}{'all':>7}{'best':>7}{'build':>9}{'MiB':>7}{'mapped':>8}{'disk':>7}{'open':>9}{'+1,000':>9}{'asked':>7}"


class Built(NamedTuple):
    """What a process tells that built an index and asked it."""

    found: list[Rows]
    asking: float
    building: float
    memory: int


class Opened(NamedTuple):
    """What a process tells that opened a stored index: seconds, and what it grew by."""

    opening: float
    memory: int


def build(name: str, folder: Path, size: int, queries: Hashes) -> Built:
    """Build the index of a peer, ask it, and store it."""
    hashes = _references(folder, size)
    index = _peer(name).make()
    before, begun = _memory(), time.process_time()
    index.build(hashes)
    built, memory = time.process_time(), _memory() - before
    found, asking = _ask(index, queries)
    index.save(folder / "stored")
    return Built(found, asking, built - begun, memory)


def _ask(index: Lookup, queries: Hashes) -> tuple[list[Rows], float]:
    """The answers, and the seconds that they took: of several rounds where one is too short to be measured."""
    begun, rounds, spent = time.process_time(), 0, 0.0
    while spent < LEAST:
        found = index.within(queries)
        rounds, spent = rounds + 1, time.process_time() - begun
    return found, spent / rounds


def reopen(name: str, folder: Path, query: Hashes) -> Opened:
    """Open a stored index and ask it once."""
    index = _peer(name).make()
    before, begun = _memory(), time.perf_counter()
    index.open(folder / "stored")
    opening = time.perf_counter() - begun
    index.within(query)
    return Opened(opening, _memory() - before)


def grow(name: str, folder: Path, more: Hashes) -> float:
    """Add to a stored index; seconds."""
    index = _peer(name).make()
    begun = time.perf_counter()
    index.grow(folder / "stored", more)
    return time.perf_counter() - begun


def _peer(name: str) -> Peer:
    return next(peer for peer in PEERS if peer.name == name)


def _references(folder: Path, size: int) -> Hashes:
    """The first of all references, read and not mapped, so that no pages are counted when they are first touched."""
    return np.fromfile(folder / "references", dtype=np.uint8, count=size * HASH_BITS // 8).reshape(size, -1)


def _memory() -> int:
    return psutil.Process().memory_info().rss


def row(peer: Peer, folder: Path, size: int, questions: Asked, more: Hashes) -> str:
    """Measure a peer, in processes of its own; its line of the table."""
    queries = questions.hashes[: peer.queries]
    if not find_spec(peer.package):
        return f"{peer.name:36} is skipped: {peer.package} is not installed"
    try:
        built = _alone(build, peer.name, folder, size, queries)
        stored = (folder / "stored").stat().st_size
        opened = _alone(reopen, peer.name, folder, queries[:1])
        growing = _alone(grow, peer.name, folder, more)
    except BrokenProcessPool:
        return f"{peer.name:36} ended its process"
    finally:
        (folder / "stored").unlink(missing_ok=True)
    every, best = _recall(_references(folder, size), questions, built.found)
    return (
        f"{peer.name:36}{len(queries) / built.asking:9.1f}{every:7.3f}{best:7.3f}{built.building:9.2f}"
        f"{built.memory / MIB:7.0f}{opened.memory / MIB:8.1f}{stored / MIB:7.1f}{opened.opening * 1000:9.1f}"
        f"{growing * 1000:9.1f}{len(queries):7}"
    )


def _alone(function: Callable[..., Told], *arguments: object) -> Told:
    """Call in a fresh process, which has nothing in memory but what it needs."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _recall(references: Hashes, questions: Asked, found: list[Rows]) -> tuple[float, float]:
    """Of all references within the radius, and of the nearest ones, the shares that were found."""
    right = wanted = best = answerable = 0
    for query, rows, expected, least in zip(questions.hashes, found, questions.within, questions.nearest, strict=False):
        right += len(np.intersect1d(rows, expected))
        wanted += len(expected)
        answerable += least < FAR_BITS
        best += len(rows) > 0 and least < FAR_BITS and int(apart(references[rows], query).min()) == least
    return right / max(wanted, 1), best / max(answerable, 1)


def main() -> int:
    """Print a table for each number of references."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=int, nargs="+", default=SIZES)
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--only", default="", help="measure the peers whose names have this")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    data = data_folder("photos/")
    photos = seen(data / "photos" if data else None, given.seed)
    references = np.concatenate([photos, made(photos, max([*given.references, len(photos)]) - len(photos), given.seed)])
    more = made(photos, ADDED, given.seed + 2)
    kind = "photos" if data else "synthetic photos"
    print(f"{len(photos):,} hashes of {kind}, the rest is made after them: {tails(photos, references)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        references.tofile(folder / "references")
        for size in given.references:
            questions = asked(references[:size], photos, given.queries, given.seed + 3)
            near = sum(map(len, questions.within))
            print(f"\n{size:,} references; {given.queries} queries, {near} references within {FAR_BITS - 1} bits")
            print(HEADER)
            for peer in PEERS:
                if given.only in peer.name:
                    print(row(peer, folder, size, questions, more), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
