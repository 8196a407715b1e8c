"""The nearest hash, exactly: beside a plain loop over all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detectors.hash_rows import HashRows, Near

HASHES = st.integers(0, 2**256 - 1).map(lambda bits: f"{bits:064x}")


def _flipped(hexadecimal: str, bits: set[int]) -> str:
    value = int(hexadecimal, 16)
    for bit in bits:
        value ^= 1 << bit
    return f"{value:064x}"


def _distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


@given(
    st.lists(HASHES, min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 29), st.sets(st.integers(0, 255), max_size=80)), min_size=1, max_size=6),
    st.integers(1, 100),
)
def test_it_finds_what_a_loop_finds(hashes: list[str], asked: list[tuple[int, set[int]]], radius: int) -> None:
    """For any references, queries and radius: the first of the nearest, and nothing at the radius or beyond."""
    queries = tuple(_flipped(hashes[at % len(hashes)], bits) for at, bits in asked)
    expected = []
    for query in queries:
        distance, row = min((_distance(one, query), row) for row, one in enumerate(hashes))
        expected.append(Near(row, distance) if distance < radius else None)
    rows = HashRows(hashes)
    assert rows.nearest(queries, radius) == expected
    assert [rows.distance(0, query) for query in queries] == [_distance(hashes[0], query) for query in queries]


def test_no_references_no_answer() -> None:
    """An empty catalog has nothing near."""
    assert HashRows([]).nearest(("0" * 64, "f" * 64), 64) == [None, None]
