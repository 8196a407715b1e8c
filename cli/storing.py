"""Commands for the store itself."""

from pathlib import Path
from typing import Annotated

import typer

from cli.common import Json, configuration, messages, open_store, output, print_json, shown
from touchstone.errors import VerificationFailed

store_app = typer.Typer(help="The store: check it, back it up, let go of what has expired.", no_args_is_help=True)


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


@store_app.command("vacuum")
def vacuum(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    as_json: Json = False,
) -> None:
    """Delete what has expired by its age: raw pages, observations, photos, visits; never evidence or the audit log."""
    from operations.retention import vacuum as vacuumed

    with open_store(context) as store, messages().status("Looking for what has expired …"):
        expired = vacuumed(configuration(context), store, dry_run=dry_run)
        if not dry_run:
            store.compact()
    if as_json:
        print_json(expired)
        return
    done = "would be deleted" if dry_run else "deleted"
    rows = (
        f"{expired.pages} pages, {expired.observations} observations, {expired.photos} photos, {expired.visits} visits"
    )
    output().print(f"{rows} {done}", highlight=False)
    files = f"{expired.blobs} files that nothing needs, {expired.bytes / 1e6:.1f} MB"
    output().print(f"{files}, {done}", highlight=False)
    if dry_run and (expired.pages or expired.photos):
        messages().print("Files of those pages and photos go a day after their rows.", style="dim")


@store_app.command("backup")
def backup(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="Where the copy goes; a folder with an earlier one takes what is new.")
    ],
    as_json: Json = False,
) -> None:
    """Copy the store while it is in use. The copy is a store: point touchstone.toml at it, or put it in the old one's place."""
    from storage.backup import back_up

    with open_store(context) as store, messages().status("Copying …") as status:
        fresh = back_up(store, folder, copied=lambda count: status.update(f"Copying … {count} files"))
    if as_json:
        print_json({"folder": str(folder), "files": fresh})
    else:
        output().print(f"The store is copied to {folder}; {fresh} files were new.", highlight=False)
        messages().print("Check the copy from time to time: docs/operations.md", style="dim")
