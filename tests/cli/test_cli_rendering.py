"""``rendering = "auto"`` against a shop of which one kind of page in five needs its script."""

from __future__ import annotations

from benchmarks.rendering import measure


def test_auto_obtains_what_a_browser_does_with_few_browser_pages() -> None:
    """Every field, and beyond the kind that needs it only the looks that teach (`make bench-rendering` has the floors)."""
    kinds, pages = 5, 10
    found = measure(kinds, pages)
    assert len(found.auto.listings) == kinds * pages
    assert found.fields >= 0.99
    assert found.auto.browser_pages <= pages + (kinds - 1) * 5, (
        "the kind that needs it, and what is taken on before the first looks end"
    )
