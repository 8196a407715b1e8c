"""Commands for the reference catalog."""

from pathlib import Path
from typing import Annotated

import typer

from cli.common import Json, messages, open_store, output, print_json

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
