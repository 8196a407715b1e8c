"""Commands that set up and look around: init, doctor, marketplaces, detectors."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.common import Json, configuration, messages, output, print_json, shown
from touchstone.errors import UserError

marketplaces_app = typer.Typer(invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(doctor)
    app.add_typer(marketplaces_app, name="marketplaces")
    app.command()(detectors)


def init(folder: Annotated[Path, typer.Argument(help="Where to write it.")] = Path()) -> None:
    """Write a commented touchstone.toml and a folder for your own marketplaces."""
    from touchstone.configuration import FILE_NAME, TEMPLATE

    path = folder / FILE_NAME
    if path.exists():
        raise UserError(f"{path} is there already", hint="Edit it, or name another folder: touchstone init FOLDER")
    (folder / "marketplaces").mkdir(parents=True, exist_ok=True)
    path.write_text(TEMPLATE, encoding="utf-8")
    messages().print(f"Wrote {path}. Next: touchstone catalog import FILE", highlight=False)


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Check this installation: Python, SQLite, browser, fonts, rooms, store, marketplaces."""
    from operations.doctor import examine

    checks = examine(configuration(context))
    if as_json:
        print_json(checks)
    else:
        console = output()
        for check in checks:
            sign = {"ok": "[green]ok   [/]", "note": "[yellow]note [/]", "fault": "[red]fault[/]"}[check.state]
            console.print(f"{sign} {check.name}: {shown(check.what)}", highlight=False, soft_wrap=True)
            if check.mend:
                console.print(f"      {shown(check.mend)}", style="dim", highlight=False, soft_wrap=True)
    if any(check.state == "fault" for check in checks):
        raise typer.Exit(1)


@marketplaces_app.callback()
def marketplaces(context: typer.Context, as_json: Json = False) -> None:
    """List the marketplaces that are described, and say which of them cannot be used."""
    if context.invoked_subcommand:
        return
    from crawler.marketplace import available, load
    from touchstone.errors import ConfigurationError

    here = configuration(context)
    rows = []
    for name, path in available(here.marketplace_folders).items():
        try:
            place = load(path, here.marketplace(name))
        except ConfigurationError as error:
            rows.append({"name": name, "file": str(path), "fault": error.message})
            continue
        rows.append(
            {
                "name": name, "title": place.title, "base_url": place.base_url or "set base_url", "currency": place.currency,
                "search": place.search.rendering.value, "listing": place.listing.rendering.value,
                "requests_per_second": f"{place.politeness.requests_per_second:g}", "file": str(path),
            }
        )  # fmt: skip
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("name", "title", "address", "currency", "search", "listings", "per s"):
        table.add_column(heading, no_wrap=heading != "title", overflow="fold")
    for row in rows:
        if "fault" in row:
            table.add_row(row["name"], f"[red]{row['fault']}[/]")
        else:
            keys = ("name", "title", "base_url", "currency", "search", "listing", "requests_per_second")
            table.add_row(*(str(row[key]) for key in keys))
    output().print(table if rows else "No marketplace is described yet; see docs/add-a-marketplace.md.")
    if any("fault" in row for row in rows):
        raise typer.Exit(2)


@marketplaces_app.command("new")
def new_marketplace(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call it: small letters, digits, - and _.")],
    search: Annotated[str, typer.Option(help="Address of a page of results, with {query} and {page} in it.")],
    listing: Annotated[list[str], typer.Option(help="Address of a listing; three or more make a better proposal.")],
    expect: Annotated[
        list[str] | None, typer.Option(help='What the first listing shows: title="…", price="…", brand="…".')
    ] = None,
    query: Annotated[str, typer.Option(help="Words to search for.")] = "a",
    currency: Annotated[str, typer.Option(help="Currency of prices that name none.")] = "USD",
    browser: Annotated[bool, typer.Option("--browser", help="Fetch with a browser.")] = False,
    as_json: Json = False,
) -> None:
    """Describe a marketplace from examples: fetches them, keeps them, and proposes its TOML."""
    from crawler.proposal import WANTED
    from operations.describe import describe

    expected = {}
    for given in expect or ():
        field, equals, value = given.partition("=")
        if not equals or field not in WANTED:
            raise UserError(
                f"--expect {given!r} names no field", hint=f'Write field="value" with one of {", ".join(WANTED)}.'
            )
        expected[field] = value
    draft = describe(
        configuration(context), name, search=search, query=query, listings=listing, expected=expected,
        currency=currency.upper(), browser=browser,
    )  # fmt: skip
    if as_json:
        print_json(draft)
        return
    console, notes = output(), messages()
    console.print(f"Wrote {draft.file}:\n", highlight=False)
    console.print(draft.toml, highlight=False, markup=False, soft_wrap=True)
    for field, count in draft.filled.items():
        style = "green" if count == draft.pages else "yellow" if count else "red"
        console.print(f"  [{style}]{count:>3} of {draft.pages}[/]  {field}", highlight=False)
    console.print(f"  {draft.links} listings on the page of results", highlight=False)
    for fault in draft.faults:
        notes.print(f"  {shown(fault)}", style="yellow", highlight=False)
    for line in draft.unmet:
        notes.print(f"  {shown(line)}", style="red", highlight=False)
    if not browser and not (draft.filled["title"] and draft.filled["price"]):
        notes.print("  No page shows a title and a price: its script may make them. Try --browser.", style="yellow")
    notes.print(f"Next: mend what is lacking, then touchstone marketplaces check {name} --live", style="dim")
    if draft.unmet:
        raise typer.Exit(1)


@marketplaces_app.command("check")
def check_marketplace(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The marketplace.")],
    live: Annotated[bool, typer.Option("--live", help="Fetch the pages again as well.")] = False,
    as_json: Json = False,
) -> None:
    """Read the kept pages of a marketplace again, and say what differs from when it was described."""
    from operations.describe import check

    done = check(configuration(context), name, live=live)
    if as_json:
        print_json(done)
    else:
        console = output()
        for one in done:
            style = "red" if one.fault or one.differs else "green"
            where = "live" if one.live else "kept"
            console.print(
                f"[{style}]{where}[/]  {shown(one.page)}  {len(one.filled)} fields", highlight=False, soft_wrap=True
            )
            if one.fault:
                console.print(f"      {shown(one.fault)}", style="red", highlight=False)
            for field, change in one.differs.items():
                console.print(f"      {field}: {shown(change)}", style="yellow", highlight=False)
    if any(one.fault or one.differs for one in done):
        raise typer.Exit(1)


@marketplaces_app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a marketplace's TOML, for editors."""
    import msgspec

    from crawler.marketplace import Marketplace

    print_json(msgspec.json.schema(Marketplace))


def detectors(as_json: Json = False) -> None:
    """List the detectors, what each looks for and what its findings weigh."""
    import inspect

    from detectors.base import discover
    from detectors.verdict import weights
    from touchstone.verdicts import Label

    table = weights()
    rows: list[dict[str, Any]] = [
        {
            "name": detector.name, "version": detector.version, "what": inspect.getdoc(detector),
            "weights": {
                kind: {label.value: table.of(label).weights[kind] for label in Label if kind in table.of(label).weights}
                for kind in detector.kinds
            },
        }
        for detector in discover()
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    console = output()
    for row in rows:
        console.print(f"[bold]{row['name']}[/] (version {row['version']})", highlight=False)
        console.print(str(row["what"]), highlight=False, style="dim")
        for kind, by_label in row["weights"].items():
            parts = (
                ", ".join(f"{label} {weight:+g}" for label, weight in by_label.items()) or "shadow: weighs nothing yet"
            )
            console.print(f"  {kind}: {parts}", highlight=False)
        console.print()
