"""Commands for the queue: flags, show, judge, rescreen, screen."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import Json, messages, open_store, output, percent, print_json, shown
from touchstone.archive import Outcome
from touchstone.errors import BadListing, UserError
from touchstone.verdicts import Decision, FlagStatus, Label

if TYPE_CHECKING:
    from rich.console import Console

    from operations.explain import Explanation

ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(flags)
    app.command()(show)
    app.command()(judge)
    app.command()(rescreen)
    app.command()(screen)


def flags(
    context: typer.Context,
    brand: Annotated[str | None, typer.Option(help="Only this brand.")] = None,
    label: Annotated[Label | None, typer.Option(help="Only this label.")] = None,
    status: Annotated[str, typer.Option(help="open, confirmed, dismissed, unsure, withdrawn or all.")] = "open",
    min_probability: Annotated[float, typer.Option(min=0, max=1, help="Only flags at least this likely.")] = 0.0,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: Json = False,
) -> None:
    """The ranked queue, the likeliest first."""
    import itertools

    from cli.tables import flag_table
    from touchstone.decoding import nearest

    states = [state.value for state in FlagStatus]
    if status != ALL and status not in states:
        raise UserError(f"{status!r} is not a status; {nearest(status, [*states, ALL])}")
    with open_store(context) as store:
        wanted = None if status == ALL else FlagStatus(status)
        ranked = store.flags.ranked(brand=brand, label=label, status=wanted, min_probability=min_probability)
        found = list(itertools.islice(ranked, limit))
    if as_json:
        print_json(found)
    elif found:
        output().print(flag_table(found))
    else:
        messages().print("No flags fit. Sweep first, or widen: touchstone flags --status all", style="dim")


def show(
    context: typer.Context,
    flag: Annotated[int, typer.Argument(help="The flag's number.")],
    open_images: Annotated[
        bool, typer.Option("--open", help="Open the photos, the listing's and the genuine ones.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Explain a flag: side by side with the genuine product, each finding's weight, and what would undo it."""
    from operations.explain import explain

    with open_store(context) as store:
        explanation = explain(store, flag)
    if as_json:
        print_json(explanation)
    else:
        _print_explanation(explanation, output())
    if open_images:
        for path in (*explanation.images, *explanation.reference_images):
            typer.launch(path)


def _print_explanation(explanation: "Explanation", console: "Console") -> None:
    from rich.table import Table

    from cli.tables import LABELS

    stored, flag, listing = explanation.stored, explanation.stored.flag, explanation.stored.listing
    name, style = LABELS[flag.label]
    console.print(
        f"flag {stored.id}: [{style}]{name}[/] of {flag.brand}, [bold]{percent(flag.probability)}[/], {stored.status}",
        highlight=False,
    )
    console.print(shown(listing.url), style="dim", highlight=False, soft_wrap=True)
    console.print()
    side = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    side.add_column("")
    side.add_column("listing", overflow="fold")
    side.add_column("genuine product", overflow="fold")
    for row in _side_by_side(explanation):
        side.add_row(*row)
    console.print(side)
    console.print()
    weighed = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    weighed.add_column("points", justify="right")
    weighed.add_column("weight × strength", justify="right")
    weighed.add_column("finding", overflow="fold")
    weighed.add_row(f"{flag.bias:+.2f}", "", "before anything is known of the listing")
    for reason in flag.reasons:
        weighed.add_row(f"{reason.points:+.2f}", f"{reason.weight:+g} × {reason.strength:.2f}", shown(reason.reason))
    total = flag.bias + sum(reason.points for reason in flag.reasons)
    weighed.add_row(f"{total:+.2f}", "", f"log-odds in all, that is {percent(flag.probability)}")
    console.print(weighed)
    console.print()
    _print_rest(explanation, console)


def _side_by_side(explanation: "Explanation") -> list[tuple[str, str, str]]:
    listing, reference = explanation.stored.listing, explanation.reference
    offer, seller = listing.offer, listing.offer.seller
    price = offer.price
    known = reference.price_in(price.currency) if reference and price else None
    sold_by = f"{shown(seller.name)} ({shown(seller.seller_id)})" if seller else "–"
    if seller and seller.since:
        sold_by += f", since {seller.since}"
    if seller and seller.private:
        sold_by += ", a private person"
    minimum = f", advertised at {known.minimum_advertised} or more" if known and known.minimum_advertised else ""
    gtins = ", ".join(listing.gtins)
    return [
        ("title", shown(listing.title), reference.title if reference else "–"),
        ("price", str(price or "–"), f"{known.list_price}{minimum}" if known else "–"),
        ("brand", shown(listing.brand) or "–", explanation.stored.flag.brand),
        ("model", shown(listing.mpn) or "–", (reference.mpn if reference else None) or "–"),
        ("GTIN", shown(gtins) or "–", ", ".join(reference.gtins) if reference else "–"),
        ("condition", offer.condition.value, "new"),
        ("seller", sold_by, "–"),
        ("photos", str(len(explanation.images)), str(len(explanation.reference_images))),
        ("seen", f"{listing.seen_at:%Y-%m-%d %H:%M} UTC", "–"),
    ]


def _print_rest(explanation: "Explanation", console: "Console") -> None:
    from cli.tables import standing_line

    if explanation.counterfactuals:
        console.print("It would not be flagged if", highlight=False)
        for one in explanation.counterfactuals:
            console.print(f"  {one.change}", highlight=False)
    else:
        console.print("No single change of price, seller, wording, photos or numbers would undo it.", highlight=False)
    for capture in explanation.captures:
        how = "as the browser showed it" if capture.rendered else "as it was served"
        console.print(
            f"kept: the page {how}, {capture.at:%Y-%m-%d %H:%M} UTC, sha256 {capture.sha256}",
            style="dim",
            highlight=False,
        )
    for archive in explanation.archives:
        came = "as evidence" if archive.outcome is Outcome.KEPT else f"not as evidence: {shown(archive.reason)}"
        console.print(
            f"captured {came}, {archive.at:%Y-%m-%d %H:%M} UTC, wacz sha256 {archive.wacz}",
            style="dim",
            highlight=False,
        )
    if not any(archive.outcome is Outcome.KEPT for archive in explanation.archives):
        console.print(f"no capture shows it: touchstone capture {explanation.stored.id}", style="dim", highlight=False)
    for event in explanation.events:
        detail = f": {shown(event.detail)}" if event.detail else ""
        console.print(f"{event.at:%Y-%m-%d %H:%M} UTC {event.change.replace('_', ' ')}{detail}", highlight=False)
    standing = explanation.standing
    if standing is not None:
        console.print(standing_line(standing), style="dim", highlight=False)
    for judgement in explanation.judgements:
        note = f": {shown(judgement.note)}" if judgement.note else ""
        console.print(
            f"{judgement.at:%Y-%m-%d %H:%M} {shown(judgement.actor)} decided {judgement.decision}{note}",
            highlight=False,
        )


def judge(
    context: typer.Context,
    flag: Annotated[int, typer.Argument(help="The flag's number.")],
    decision: Annotated[Decision, typer.Argument(help="What you decided.")],
    note: Annotated[str, typer.Option(help="Why, for whoever reads it later.")] = "",
    as_json: Json = False,
) -> None:
    """Decide about a flag. Decisions are kept for good; deciding again adds one."""
    from operations.judge import judge as judged
    from operations.session import actor

    with open_store(context) as store:
        stored = judged(store, flag, decision, actor=actor(), note=note)
    if as_json:
        print_json(stored)
    else:
        output().print(f"flag {stored.id} is {stored.status}: {shown(stored.listing.title)}", highlight=False)


def rescreen(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--everything", help="Look at all listings, whatever changed.")] = False,
    as_json: Json = False,
) -> None:
    """Look again at what is stored, as far as catalog, detectors or weights have changed since; no network."""
    from operations.rescreen import rescreen as rescreened
    from operations.session import actor

    with open_store(context, durable=False) as store, messages().status("Screening …") as status:
        report = rescreened(
            store, actor=actor(), everything=everything,
            progress=lambda count: status.update(f"Screening … {count} listings"),
        )  # fmt: skip
    if as_json:
        print_json(report)
    else:
        output().print(
            f"{report.looked_at} of {report.listings} listings looked at again, {report.weighed} weighed anew:"
            f" {report.raised} new flags, {report.open_flags} open.",
            highlight=False,
        )


def screen(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON Lines, one listing on each; - for standard input.")],
    as_json: Json = False,
) -> None:
    """Screen listings given as JSON Lines with the same detectors; nothing is stored, nothing is fetched."""
    import contextlib
    import sys

    from operations.screen import screen as screened
    from touchstone.decoding import to_json

    try:
        opened = contextlib.nullcontext(sys.stdin) if str(file) == "-" else file.open(encoding="utf-8")
    except OSError as error:
        raise BadListing(f"{file} cannot be read: {error.strerror}", hint="Check the path.") from None
    console = output()
    with open_store(context) as store, opened as lines:
        for found in screened(store, lines, name=str(file)):
            if as_json:
                print(to_json(found))
                continue
            console.print(shown(found.listing.title), style="bold", highlight=False)
            for flag in found.screening.flags:
                console.print(f"  {flag.label} {percent(flag.probability)}: {shown(flag.headline)}", highlight=False)
            if not found.screening.flags:
                console.print("  nothing", style="dim")
