"""A price over time as a small SVG drawing."""

from collections.abc import Sequence
from datetime import datetime

from touchstone.money import Money

WIDTH, HEIGHT = 640, 110
LEFT, RIGHT, TOP, BOTTOM = 90, 12, 12, 22
INK, LINE = "#46524c", "#2d6a4f"


def price_chart(points: Sequence[tuple[datetime, Money]], family: str, label: str) -> str:
    """The drawing, with its lowest and highest price and first and last day written; empty with fewer than two points.

    Points of another currency than the last one's are left out: nothing is converted.
    """
    currency = points[-1][1].currency if points else ""
    same = [(at, price) for at, price in points if price.currency == currency]
    if len(same) < 2:
        return ""
    low, high = min(price for _, price in same), max(price for _, price in same)
    start, end = same[0][0], same[-1][0]
    span, spread = (end - start).total_seconds() or 1.0, (high.minor - low.minor) or 1
    places = [
        (
            LEFT + (WIDTH - LEFT - RIGHT) * (at - start).total_seconds() / span,
            TOP + (HEIGHT - TOP - BOTTOM) * (high.minor - price.minor) / spread,
        )
        for at, price in same
    ]
    steps = [f"M{places[0][0]:.1f} {places[0][1]:.1f}"]
    steps += [f"H{x:.1f} V{y:.1f}" for x, y in places[1:]]  # a price holds until another is seen
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{LINE}"/>' for x, y in places)
    texts = (
        _text(LEFT - 8, TOP + 4, str(high), family, "end"),
        "" if low == high else _text(LEFT - 8, HEIGHT - BOTTOM + 4, str(low), family, "end"),
        _text(LEFT, HEIGHT - 5, f"{start:%Y-%m-%d}", family, "start"),
        _text(WIDTH - RIGHT, HEIGHT - 5, f"{end:%Y-%m-%d}", family, "end"),
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" width="{WIDTH}" height="{HEIGHT}"'
        f' viewBox="0 0 {WIDTH} {HEIGHT}"><path d="{" ".join(steps)}" fill="none" stroke="{LINE}" stroke-width="1.5"/>'
        f"{dots}{''.join(texts)}</svg>"
    )


def _text(x: float, y: float, text: str, family: str, anchor: str) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="10" font-family="{family}" fill="{INK}" text-anchor="{anchor}">{text}</text>'
    )
