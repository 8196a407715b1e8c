"""Drawing a world's pictures, each distinct one once, and fingerprinting them."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import NamedTuple

from detectors.fingerprints import fingerprint
from fixtures.demo.model import ImageSpec
from fixtures.demo.photos import render
from touchstone.images import Fingerprint

LOT = 24  # pictures for a process at a time; they share cut-outs, so neighbours go together


class Drawn(NamedTuple):
    """A picture as a marketplace serves it."""

    spec: ImageSpec
    body: bytes
    fingerprint: Fingerprint


def draw(specs: Iterable[ImageSpec], processes: int) -> Iterator[Drawn]:
    """Each distinct picture, in an order of its own."""
    ordered = sorted(set(specs), key=repr)
    lots = [ordered[start : start + LOT] for start in range(0, len(ordered), LOT)]
    if processes < 2:
        for lot in lots:
            yield from _draw(lot)
        return
    with ProcessPoolExecutor(processes) as pool:
        waiting = iter(lots)
        running = [pool.submit(_draw, lot) for lot in islice(waiting, 2 * processes)]
        while running:  # a bounded number of lots, so that a slow disk does not fill the memory
            done = running.pop(0).result()
            running += [pool.submit(_draw, lot) for lot in islice(waiting, 1)]
            yield from done


def _draw(lot: list[ImageSpec]) -> list[Drawn]:
    return [Drawn(spec, body, fingerprint(body)) for spec in lot for body in (render(spec),)]
