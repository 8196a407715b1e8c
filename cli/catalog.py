"""Commands for the reference catalog."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import Json, messages, open_store, output, print_json, shown

if TYPE_CHECKING:
    from operations.aliases import AliasHint

MOST_HINTS = 8  # brands that are spoken of after an import: a screenful

catalog_app = typer.Typer(help="The brands' own catalog: import it, look at it.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(catalog_app, name="catalog")


@catalog_app.command("import")
def import_files(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="CSV, JSON Lines or TOML files; see docs/catalog.md.")],
    as_json: Json = False,
) -> None:
    """Import brands, products, prices, photos and authorized sellers: every row, or none and what is wrong with each."""
    from operations.import_catalog import import_catalog
    from operations.session import actor

    with open_store(context, create=True) as store, messages().status("Reading …") as status:
        report = import_catalog(
            store, files, actor=actor(), progress=lambda product: status.update(f"Looking at the photos of {product} …")
        )
    if as_json:
        print_json(report)
    else:
        output().print(
            f"Imported {report.brands} brands, {report.products} products, {report.images} photos,"
            f" {report.sellers} authorized sellers.",
            highlight=False,
        )
        _print_hints(report.alias_hints)


@catalog_app.command("show")
def show(context: typer.Context, as_json: Json = False) -> None:
    """List the brands with the number of their products, photos and authorized sellers."""
    with open_store(context) as store:
        catalog = store.catalog.load()
    if as_json:
        print_json(catalog)
        return
    from rich.table import Table

    table = Table("brand", "names", "products", "photos", "authorized sellers", box=None)
    for brand in catalog.brands:
        own = catalog.only(brand.id)
        photos = sum(len(reference.images) for reference in own.references)
        table.add_row(brand.id, ", ".join(brand.names), str(len(own.references)), str(photos), str(len(own.authorized)))
    output().print(table)


@catalog_app.command("aliases")
def aliases(
    context: typer.Context,
    brand: Annotated[str | None, typer.Argument(help="A brand's id; without it, all brands.")] = None,
    as_json: Json = False,
) -> None:
    """List spellings that a brand's name may have in the other script, and how many stored titles have each.

    None of them is looked for until the catalog lists it.
    """
    from operations.aliases import chosen, count_candidates

    with open_store(context) as store:
        counted = count_candidates(store, chosen(store.catalog.load(), brand))
    if as_json:
        print_json(counted)
        return
    from rich.table import Table

    table = Table("brand", "names", "perhaps", box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("titles", justify="right", no_wrap=True)
    table.add_column("how")
    for one in counted:
        first = (one.brand, shown(", ".join(one.names)))
        for row in one.candidates:
            candidate = row.candidate
            remark = "an ordinary word" if candidate.ordinary else candidate.how
            table.add_row(*first, shown(candidate.spelling), str(row.titles), remark)
            first = ("", "")
    output().print(table if table.rows else "No brand has candidates.")


def _print_hints(hints: "tuple[AliasHint, ...]") -> None:
    """What brands may want to list, too: a line or two for each."""
    for hint in hints[:MOST_HINTS]:
        words = (one.spelling + (" (an ordinary word)" if one.ordinary else "") for one in hint.candidates)
        output().print(
            f"\n{shown(hint.name)} has no {hint.script} alias. Perhaps: {shown(', '.join(words))}.\n"
            f"  Add those that shops use to aliases in {shown(hint.place)}.",
            highlight=False,
        )
    if len(hints) > MOST_HINTS:
        rest = len(hints) - MOST_HINTS
        output().print(f"\n{rest} more lack one: touchstone catalog aliases", highlight=False)
