"""Commands for the store itself."""

import typer

from cli.common import Json, messages, open_store, output, print_json, shown
from touchstone.errors import VerificationFailed

store_app = typer.Typer(help="The store: check it.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(store_app, name="store")


@store_app.command("check")
def check(context: typer.Context, as_json: Json = False) -> None:
    """Verify database, foreign keys, insert-only tables, the audit chain and every blob; exit 4 when something is wrong."""
    from storage.check import check as checked

    with open_store(context) as store, messages().status("Checking …") as status:
        report = checked(store, blob_read=lambda count: status.update(f"Checking … {count} blobs"))
    if as_json:
        print_json(report)
    else:
        console = output()
        console.print(
            ", ".join(f"{count} {table.replace('_', ' ')}" for table, count in report.counts.items()), highlight=False
        )
        for note in report.notes:
            console.print(note, style="dim", highlight=False)
        for fault in report.faults:
            console.print(shown(fault), style="red", highlight=False)
        if not report.faults:
            console.print("The store is sound.", style="green")
    if report.faults:
        raise VerificationFailed(
            f"{len(report.faults)} faults in the store", hint="Restore it from a backup: docs/store.md"
        )
