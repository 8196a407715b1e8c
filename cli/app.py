"""The command line: its commands, and how every refusal of ours becomes a message and an exit code."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import catalog, crawling, evidence, flags, schedules, setup, storing, weighing
from touchstone import VERSION
from touchstone.errors import CatalogError, TouchstoneError

app = typer.Typer(
    help="Crawl marketplaces, compare listings with a brand's own catalog, and work through what is flagged.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 ok, 1 error, 2 usage, 3 partial or interrupted, 4 verification failed, 75 locked.",
)
for room in (setup, catalog, crawling, schedules, flags, evidence, weighing, storing):
    room.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(VERSION)
        raise typer.Exit


@app.callback()
def _common(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="touchstone.toml to use; else the nearest one above here.")
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    context.obj = config


def main() -> None:
    """The ``touchstone`` command."""
    try:
        app()
    except TouchstoneError as error:
        problems = error.problems if isinstance(error, CatalogError) else ()
        for problem in problems:
            print(problem, file=sys.stderr)
        print(f"touchstone: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"{error.hint}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("touchstone: interrupted", file=sys.stderr)
        sys.exit(3)
    except BrokenPipeError:  # a pager or `head` that has seen enough
        sys.stderr.close()
        sys.exit(0)
