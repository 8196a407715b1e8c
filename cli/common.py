"""What the commands share: the configuration, the two streams, and how numbers and texts are shown."""

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchstone.configuration import Configuration

if TYPE_CHECKING:
    from rich.console import Console

    from storage.store import Store

Json = Annotated[bool, typer.Option("--json", help="Machine-readable JSON on standard output.")]


def configuration(context: typer.Context) -> Configuration:
    """The configuration that ``--config`` names, or the nearest one."""
    from touchstone import configuration as loading

    path: Path | None = context.find_root().obj
    return loading.load(path)


def open_store(context: typer.Context, *, durable: bool = True, create: bool = False) -> "Store":
    """This installation's store."""
    from operations.session import open_store as opened

    return opened(configuration(context), durable=durable, create=create)


def output() -> "Console":
    """Standard output, for data."""
    from rich.console import Console

    return Console()


def messages() -> "Console":
    """Standard error, for progress and remarks."""
    from rich.console import Console

    return Console(stderr=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    from touchstone.decoding import to_json

    print(to_json(value, indent=2))


def shown(text: str | None) -> str:
    """A marketplace's text as it may be shown: no control characters, no invisible ones, no markup of ours.

    What is invisible in a title is spelled out, since it is often the very thing that was done to it.
    """
    from rich.markup import escape

    visible = "".join(char if char.isprintable() or char == " " else _spelled(char) for char in text or "")
    return escape(visible)


def _spelled(char: str) -> str:
    return "·" if unicodedata.category(char) == "Cf" else " "


def print_next(configuration: Configuration, sweep: int) -> None:
    """How a queued sweep is followed, and whether anybody will begin it."""
    from operations.session import scheduler_holder

    messages().print(f"Next: touchstone sweep watch {sweep}", style="dim")
    if scheduler_holder(configuration) is None:
        messages().print("No scheduler runs that would begin it: touchstone scheduler run", style="yellow")


def percent(probability: float) -> str:
    """A probability for people; certainty is not claimed."""
    return f"{min(99, round(probability * 100))} %"
