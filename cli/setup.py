"""Commands that set up and look around: init, doctor, marketplaces, detectors."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.common import Json, configuration, messages, output, print_json
from touchstone.errors import UserError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(doctor)
    app.command()(marketplaces)
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
            console.print(f"{sign} {check.name}: {check.what}", highlight=False)
            if check.mend:
                console.print(f"      {check.mend}", style="dim", highlight=False)
    if any(check.state == "fault" for check in checks):
        raise typer.Exit(1)


def marketplaces(context: typer.Context, as_json: Json = False) -> None:
    """List the marketplaces that are described, and say which of them cannot be used."""
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
