"""The queue of flags as a table that fits a terminal of 100 columns and uses one of 160, and where a listing stands."""

from rich.table import Table
from rich.text import Text

from cli.common import percent, shown
from storage.flags import StoredFlag
from touchstone.standing import ListingStanding
from touchstone.verdicts import FlagStatus, Label

LABELS = {
    Label.COUNTERFEIT: ("counterfeit", "bold red"),
    Label.UNAUTHORIZED_SELLER: ("unauthorized", "yellow"),
    Label.PRICE_POLICY: ("price policy", "cyan"),
    Label.TITLE_POLICY: ("title policy", "magenta"),
}
MARKS = {
    FlagStatus.OPEN: "", FlagStatus.CONFIRMED: "confirmed", FlagStatus.DISMISSED: "dismissed",
    FlagStatus.UNSURE: "unsure", FlagStatus.WITHDRAWN: "withdrawn",
}  # fmt: skip


def flag_table(flags: list[StoredFlag]) -> Table:
    """One row for each flag, the likeliest first: number, label, probability, listing, price, reason."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    table.add_column("flag", justify="right", no_wrap=True, min_width=4)
    table.add_column("label", no_wrap=True, min_width=12)
    table.add_column("prob.", justify="right", no_wrap=True, min_width=5)
    table.add_column("listing", ratio=4, no_wrap=True, overflow="ellipsis")
    table.add_column("price", justify="right", no_wrap=True, min_width=8)
    table.add_column("of genuine", justify="right", no_wrap=True, min_width=8)
    table.add_column("why", ratio=6, no_wrap=True, overflow="ellipsis")
    judged = any(MARKS[stored.status] for stored in flags)
    if judged:
        table.add_column("decided", no_wrap=True)
    for stored in flags:
        name, style = LABELS[stored.flag.label]
        price, reference = stored.listing.offer.price, stored.flag.reference
        share = ""
        if price and reference and reference.minor and price.currency == reference.currency:
            share = f"{price.minor / reference.minor:.0%}"
        cells: list[str | Text] = [
            str(stored.id), Text(name, style=style), percent(stored.flag.probability), shown(stored.listing.title),
            str(price) if price else "–", share or "–", shown(stored.flag.headline),
        ]  # fmt: skip
        table.add_row(*cells, *([MARKS[stored.status]] if judged else []))
    return table


def standing_line(standing: ListingStanding) -> str:
    """Where a listing stands, when it was looked at, and when it will be again."""
    again = f"next look {standing.next_at:%Y-%m-%d %H:%M}" if standing.next_at else "not looked at any more"
    stands = standing.standing.replace("_", " ")
    return f"the listing is {stands}, looked at {standing.checked_at:%Y-%m-%d %H:%M} UTC, {again}"
