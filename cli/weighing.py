"""Commands for the weights: calibrate them by what was decided, list their versions, go back to one."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import Json, messages, open_store, output, print_json, shown

if TYPE_CHECKING:
    from rich.console import Console

    from operations.calibrate import Change, Proposal
    from operations.rescreen import RescreenReport

MOST_SHOWN = 8  # weights that changed most, for each label
LEAST_SHOWN = 0.1  # nats; less changes no mind

weights_app = typer.Typer(help="The weights of findings: list their versions, go back to one.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(calibrate)
    app.add_typer(weights_app, name="weights")


def calibrate(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Have the new weights hold; asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --apply: do not ask.")] = False,
    note: Annotated[str, typer.Option(help="Why, for whoever reads it later.")] = "",
    as_json: Json = False,
) -> None:
    """Fit the weights to what was confirmed and dismissed, and show what that would change. Nothing changes without --apply."""
    from operations.calibrate import apply as applied
    from operations.calibrate import propose
    from operations.session import actor

    with open_store(context) as store:
        with messages().status("Fitting …"):
            proposal = propose(store)
        if as_json:
            print_json({"proposal": proposal, "changes_anything": proposal.changes_anything})
        else:
            _print_proposal(output(), proposal)
        if not apply or not proposal.changes_anything:
            return
        if not yes and not typer.confirm("Have these weights hold from now on?", err=True):
            messages().print("Nothing was changed.", style="dim")
            return
        version, report = applied(store, proposal.table, actor=actor(), note=note)
    if not as_json:
        _print_held(version, report)


@weights_app.command("list")
def list_weights(context: typer.Context, as_json: Json = False) -> None:
    """List every version of the weights that ever held here, the newest last; it holds."""
    with open_store(context) as store:
        kept = store.weightings.all()
    if as_json:
        print_json([{"version": one.id, "at": one.at, "actor": one.actor, "note": one.note} for one in kept])
        return
    from rich.table import Table

    table = Table("version", "since", "by", "note", box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_row("0", "", "", "the weights that ship" + ("" if kept else "; they hold"))
    for one in kept:
        holds = " (holds)" if one is kept[-1] else ""
        table.add_row(str(one.id), f"{one.at:%Y-%m-%d %H:%M}", shown(one.actor), shown(one.note) + holds)
    output().print(table)


@weights_app.command("use")
def use_weights(
    context: typer.Context,
    version: Annotated[int, typer.Argument(min=0, help="A number of `touchstone weights list`; 0: those that ship.")],
    note: Annotated[str, typer.Option(help="Why, for whoever reads it later.")] = "",
    as_json: Json = False,
) -> None:
    """Have an earlier version of the weights hold again. It is added as the newest; nothing is deleted."""
    from operations.calibrate import use
    from operations.session import actor

    with open_store(context) as store:
        number, report = use(store, version, actor=actor(), note=note)
    if as_json:
        print_json({"version": number, "report": report})
    else:
        _print_held(number, report)


def _print_held(version: int, report: "RescreenReport") -> None:
    output().print(
        f"Version {version} holds. {report.weighed} listings weighed anew: {report.raised} new flags, {report.open_flags} open."
        f" Go back with: touchstone weights use {max(version - 1, 0)}",
        highlight=False,
    )


def _print_proposal(console: "Console", proposal: "Proposal") -> None:
    for change in proposal.changes:
        console.print(f"{change.label}", style="bold", end="", highlight=False)
        _print_change(console, change)
    if proposal.changes_anything:
        console.print(
            f"Of the open flags {proposal.withdrawn} would be withdrawn, and {proposal.raised} new ones raised."
            " Have the weights hold with: touchstone calibrate --apply",
            highlight=False,
        )


def _print_change(console: "Console", change: "Change") -> None:
    wrong = change.decided - change.right
    console.print(f"  {change.right} confirmed, {wrong} dismissed", end="", highlight=False)
    if change.trial is None:
        from detectors.calibration import LEAST_CASES, LEAST_OF_EACH

        console.print(f": too few to learn from ({LEAST_CASES}, and {LEAST_OF_EACH} of each)", style="dim")
        return
    tried = change.trial
    console.print()
    console.print(
        f"  held-out cases: log-loss {tried.loss_before:.3f} → {tried.loss_after:.3f}"
        f" (saves {tried.gain.value:.3f}, 95 % interval {tried.gain.low:.3f} to {tried.gain.high:.3f}),"
        f" calibration error {tried.error_before:.3f} → {tried.error_after:.3f}",
        highlight=False,
    )
    if not change.worthwhile:
        console.print("  No better than chance would have it: the weights stay.", style="dim")
        return
    before, after = change.before.weights, change.after.weights
    moved = {kind: after.get(kind, 0.0) - before.get(kind, 0.0) for kind in before.keys() | after.keys()}
    moved["(bias)"] = change.after.bias - change.before.bias
    for kind in sorted(moved, key=lambda kind: -abs(moved[kind]))[:MOST_SHOWN]:
        if abs(moved[kind]) < LEAST_SHOWN:
            break
        was = change.before.bias if kind == "(bias)" else before.get(kind, 0.0)
        console.print(f"  {kind:<26} {was:+6.2f} → {was + moved[kind]:+6.2f}", highlight=False)
