"""The tables, and the floors that the figures are held against."""

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.crawl.rows import ROWS, Result, Row

LEAST_OF_SCRAPY = 0.35  # (b1) against (a), pages per CPU second
MOST_OF_PARTS = 1.2  # (b2) against its parts' sum, CPU per page
TIMES_STOCK = 2.5  # by which (e) must be cheaper than (c), CPU per page
LEAST_OF_PLAYWRIGHT = 0.7  # (e) against (d), pages per CPU second
MOST_GROWTH = 1.15  # the largest crawl against the smallest, CPU per page

Results = Mapping[str, Result | str]


class Floor(NamedTuple):
    """One bound: ``figure`` must be at most or at least ``bound``; ``None`` where one of ``rows`` could not be run."""

    text: str
    rows: frozenset[str]
    figure: float | None
    bound: float
    at_most: bool = False

    @property
    def verdict(self) -> str:
        """PASS, MISS, or that there is nothing to judge."""
        if self.figure is None:
            return "not judged"
        return "PASS" if (self.figure <= self.bound if self.at_most else self.figure >= self.bound) else "MISS"


def print_rows(results: Results, console: Console) -> None:
    """The table of rows: figures, or why there are none."""
    for browser, title in ((False, "over HTTP"), (True, "by browser")):
        rows = [row for row in ROWS if row.browser is browser and row.name in results]
        if not rows:
            continue
        right = ("pages", "pages/s", "CPU ms/page", "pages/CPU s", "peak MB", "start CPU s", "spread")
        table = Table("row", title, box=None)
        for name in right:
            table.add_column(name, justify="right")
        for row in rows:
            result = results[row.name]
            table.add_row(f"({row.name})", row.title, *(("not run",) if isinstance(result, str) else _cells(result)))
        console.print(table)
        for row in rows:
            _print_reason(f"({row.name})", results[row.name], console)
        console.print()


def _print_reason(name: str, result: object, console: Console) -> None:
    if isinstance(result, str):
        console.print(f" {name} not run: {result}", markup=False, highlight=False)


def _cells(result: Result) -> tuple[str, ...]:
    return (
        f"{result.pages:,}", f"{result.pages_per_second:.1f}", f"{result.cpu_per_page:.2f}",
        f"{1000 / result.cpu_per_page:.1f}", f"{result.memory / 1e6:.0f}", f"{result.start:.2f}",
        f"{result.spread:.0%}" if len(result.runs) > 1 else "",
    )  # fmt: skip


def print_parts(costs: Mapping[str, float] | str, results: Results, console: Console) -> float | None:
    """The parts of (b2) alone and their sum; returns (b2)'s CPU per page over the sum, ``None`` without its rows."""
    if isinstance(costs, str):
        _print_reason("parts measured alone:", costs, console)
        return None
    page, both, whole = (_cpu(results, name) for name in ("a", "a2", "b2"))
    if page is None or both is None:
        console.print("The parts cannot be added up without the rows a and a2.\n")
        return None
    named = {"fetch the page (= a)": page, "fetch the photo (= a2 less a)": both - page, **costs}
    total = sum(named.values())
    table = Table("parts measured alone", box=None)
    table.add_column("CPU ms/page", justify="right")
    for name, cost in named.items():
        table.add_row(name, f"{cost:.2f}")
    table.add_row("sum", f"{total:.2f}")
    if whole is not None:
        table.add_row("(b2), all of it in one sweep", f"{whole:.2f}")
        table.add_row("(b2) / sum", f"{whole / total:.2f}")
    console.print(table)
    console.print()
    return whole / total if whole is not None else None


def print_scale(scaled: Mapping[int, Result | str], console: Console) -> Floor:
    """What (b1) costs as it grows; returns the floor under the largest crawl's cost over the smallest's.

    Both without their start, which would hide growth: a small crawl has fewer pages to spread it over.
    """
    table = Table("(b1) at", box=None)
    for name in ("pages/s", "CPU ms/page", "less the start", "peak MB"):
        table.add_column(name, justify="right")
    for count, one in scaled.items():
        table.add_row(f"{count:,} pages", *(("not run",) if isinstance(one, str) else _scale_cells(one)))
    console.print(table)
    for count, one in scaled.items():
        _print_reason(f"{count:,} pages", one, console)
    console.print()
    smallest, largest = scaled[min(scaled)], scaled[max(scaled)]
    growth = None
    if isinstance(smallest, Result) and isinstance(largest, Result):
        growth = largest.cpu_less_start / smallest.cpu_less_start
    text = f"(b1) at {max(scaled):,} pages of {min(scaled):,}, CPU per page"
    return Floor(text, frozenset(("b1",)), growth, MOST_GROWTH, at_most=True)


def _scale_cells(one: Result) -> tuple[str, ...]:
    cells = (f"{one.pages_per_second:.1f}", f"{one.cpu_per_page:.2f}", f"{one.cpu_less_start:.2f}")
    return (*cells, f"{one.memory / 1e6:.0f}")


def floors(results: Results, of_parts: float | None, asked: Set[str]) -> list[Floor]:
    """The bounds on what was ``asked`` for."""
    scrapy, ours = _cpu(results, "a"), _cpu(results, "b1")
    stock, tabs, browser = _cpu(results, "c"), _cpu(results, "d"), _cpu(results, "e")
    apart, whole = "(b1) of (a), pages per CPU second", "(b2) of its parts' sum, CPU per page"
    stocks, kept = "(c) over (e), CPU per page", "(e) of (d), pages per CPU second"
    every = [
        Floor(apart, frozenset(("a", "b1")), _ratio(scrapy, ours), LEAST_OF_SCRAPY),
        Floor(whole, frozenset(("a", "a2", "b2", "parts")), of_parts, MOST_OF_PARTS, at_most=True),
        Floor(stocks, frozenset(("c", "e")), _ratio(stock, browser), TIMES_STOCK),
        Floor(kept, frozenset(("d", "e")), _ratio(tabs, browser), LEAST_OF_PLAYWRIGHT),
    ]
    return [one for one in every if one.rows <= asked]


def print_floors(found: Sequence[Floor], console: Console) -> None:
    """Each bound with its figure and verdict."""
    if not found:
        return
    table = Table("floors", box=None)
    for name in ("measured", "wanted", ""):
        table.add_column(name, justify="right")
    for one in found:
        figure = f"{one.figure:.2f}" if one.figure is not None else "–"
        table.add_row(one.text, figure, f"{'≤' if one.at_most else '≥'} {one.bound:.2f}", one.verdict)
    console.print(table)


def _cpu(results: Results, name: str) -> float | None:
    found = results.get(name)
    return found.cpu_per_page if isinstance(found, Result) else None


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below is not None else None


def names(rows: Sequence[Row] = ROWS) -> list[str]:
    """The rows' names."""
    return [row.name for row in rows]
