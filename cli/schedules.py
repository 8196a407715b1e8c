"""Commands for sweeps on a clock: schedule, scheduler, alerts."""

from typing import Annotated, Any

import msgspec
import typer

from cli.common import Json, configuration, messages, open_store, output, print_json, print_next, shown
from touchstone.errors import NotTold, UserError
from touchstone.schedules import Result, Schedule, ScheduleState

schedule_app = typer.Typer(help="Sweeps on a clock: what is swept when, and how it went.", no_args_is_help=True)
scheduler_app = typer.Typer(help="The process that keeps the clock.", no_args_is_help=True)
alerts_app = typer.Typer(help="What people were told.", no_args_is_help=True)

COLOURS = {
    Result.COMPLETE: "green", Result.PARTIAL: "yellow", Result.INTERRUPTED: "yellow", Result.DEGRADED: "magenta",
    Result.BLOCKED: "red", Result.DOWN: "red", Result.FAILED: "red",
}  # fmt: skip
Name = Annotated[str, typer.Argument(help="The schedule's name.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(schedule_app, name="schedule")
    app.add_typer(scheduler_app, name="scheduler")
    app.add_typer(alerts_app, name="alerts")


@schedule_app.command()
def add(
    context: typer.Context,
    brand: Annotated[str, typer.Option(help="Brand to look for.")],
    marketplace: Annotated[str, typer.Option(help="Marketplace to look on.")],
    every: Annotated[str | None, typer.Option(help='An interval, such as "30m", "6h" or "1d".')] = None,
    cron: Annotated[str | None, typer.Option(help='Five fields, such as "30 6 * * *".')] = None,
    zone: Annotated[str, typer.Option(help='Time zone of --cron, such as "Asia/Seoul".')] = "UTC",
    query: Annotated[list[str] | None, typer.Option(help="Search words instead of the brand's names.")] = None,
    max_listings: Annotated[int | None, typer.Option(min=1, help="Stop after so many listings.")] = None,
    priority: Annotated[int, typer.Option(min=0, max=99, help="Of two that wait, the higher one is begun first.")] = 50,
    name: Annotated[str | None, typer.Option(help="What to call it; by default MARKETPLACE-BRAND.")] = None,
    as_json: Json = False,
) -> None:
    """Add a schedule to the store. Those of touchstone.toml need no adding."""
    import re

    from operations import schedules
    from touchstone.configuration import INTERVAL, ScheduledSweep
    from touchstone.decoding import convert

    if every is not None and not re.match(INTERVAL, every):
        raise UserError(
            f"--every {every!r} is no interval", hint='A number and s, m, h or d, such as "30m", "6h" or "1d".'
        )

    given = {
        "brand": brand, "marketplace": marketplace, "every": every, "cron": cron, "zone": zone,
        "queries": query or [], "max_listings": max_listings, "priority": priority, "name": name,
    }  # fmt: skip
    sweep = convert(given, ScheduledSweep, "the schedule")
    with open_store(context) as store:
        _print(schedules.add(configuration(context), store, sweep), as_json=as_json)


@schedule_app.command("list")
def list_schedules(context: typer.Context, as_json: Json = False) -> None:
    """List the schedules: when each is due, and how its last sweep went."""
    from rich.table import Table

    from operations import schedules
    from operations.session import scheduler_holder

    here = configuration(context)
    with open_store(context) as store:
        schedules.catch_up(here, store)
        found, differences = store.schedules.all(), schedules.differences(here, store)
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    for line in differences:
        messages().print(shown(line), style="yellow", highlight=False, soft_wrap=True)
    if not found:
        messages().print(
            "No schedule yet. Next: touchstone schedule add --brand B --marketplace M --every 6h", style="dim"
        )
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("schedule", "due next", "last result", "last success"):
        table.add_column(heading, no_wrap=True)
    table.add_column("clock", overflow="fold")
    for one in found:
        due = f"{one.next_at:%m-%d %H:%M}" if one.state is ScheduleState.ACTIVE else one.state
        success = f"{one.success_at:%m-%d %H:%M}" if one.success_at else "never"
        table.add_row(shown(one.name), due, _result(one), success, _clock(one))
    console = output()
    console.print(table)
    for one in found:
        if one.note:
            console.print(f"{shown(one.name)}: {shown(one.note)}", style="yellow", highlight=False, soft_wrap=True)
    messages().print("Times are UTC.", style="dim")
    if scheduler_holder(here) is None:
        messages().print("No scheduler runs. Next: touchstone scheduler run", style="dim")


def _clock(schedule: Schedule) -> str:
    sweep = schedule.sweep
    return f"every {sweep.every}" if sweep.every else shown(f"{sweep.cron} {sweep.zone}")


def _result(schedule: Schedule) -> str:
    if schedule.result is None:
        return "[dim]none yet[/]"
    times = f" ×{schedule.failures}" if schedule.failures > 1 else ""
    return f"[{COLOURS[schedule.result]}]{schedule.result}[/]{times}"


@schedule_app.command()
def show(
    context: typer.Context,
    name: Name,
    last: Annotated[int, typer.Option(min=1, help="So many of the times that it was due.")] = 20,
    as_json: Json = False,
) -> None:
    """Show a schedule and what became of each time that it was due."""
    from operations import schedules

    with open_store(context) as store:
        schedules.catch_up(configuration(context), store)
        found = schedules.named(store, name)
        times = list(store.schedules.occurrences(found.id, last))
        statuses = {one.sweep: store.sweeps.one(one.sweep) for one in times if one.sweep is not None}
    if as_json:
        print_json({"schedule": _as_json(found), "occurrences": times})
        return
    _print(found, as_json=False)
    console = output()
    for one in times:
        sweep = statuses.get(one.sweep) if one.sweep is not None else None
        came = f"sweep {sweep.id} {sweep.status}" if sweep else f"skipped: {shown(one.skipped)}"
        missed = f", for {one.missed} missed before it as well" if one.missed else ""
        console.print(f"  {one.due_at:%Y-%m-%d %H:%M} {came}{missed}", highlight=False)


@schedule_app.command()
def pause(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Let a schedule rest until it is resumed."""
    from operations import schedules

    with open_store(context) as store:
        schedules.catch_up(configuration(context), store)
        _print(schedules.pause(store, name), as_json=as_json)


@schedule_app.command()
def resume(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Have a schedule that rests be due again, from now on."""
    from operations import schedules

    with open_store(context) as store:
        schedules.catch_up(configuration(context), store)
        _print(schedules.resume(store, name), as_json=as_json)


@schedule_app.command()
def remove(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Take a schedule out. Its sweeps and what they found stay."""
    from operations import schedules

    with open_store(context) as store:
        _print(schedules.remove(configuration(context), store, name), as_json=as_json)


@schedule_app.command("run-now")
def run_now(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """Queue a schedule's sweep now, beside its clock."""
    from operations import schedules

    here = configuration(context)
    with open_store(context) as store:
        schedules.catch_up(here, store)
        number = schedules.run_now(here, store, name)
        found = store.sweeps.one(number)
    if as_json:
        print_json(found)
        return
    output().print(f"sweep {number} of {shown(name)} is queued", highlight=False)
    print_next(here, number)


def _as_json(schedule: Schedule) -> dict[str, Any]:
    """The schedule and what it is called by, also where that was left to Touchstone."""
    return {"name": schedule.name, **msgspec.to_builtins(schedule)}


def _print(schedule: Schedule, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(schedule))
        return
    due = (
        f"due {schedule.next_at:%Y-%m-%d %H:%M} UTC" if schedule.state is ScheduleState.ACTIVE else str(schedule.state)
    )
    console = output()
    line = f"{shown(schedule.name)}: {_clock(schedule)}, {due}; last result: {_result(schedule)}"
    console.print(line, highlight=False, soft_wrap=True)
    if schedule.note:
        console.print(f"  {shown(schedule.note)}", style="yellow", highlight=False, soft_wrap=True)


@scheduler_app.command("run")
def run_scheduler(context: typer.Context) -> None:
    """Begin sweeps when they are due or asked for, until SIGTERM or Ctrl-C; the log is one JSON object a line."""
    import scheduler

    raise typer.Exit(scheduler.run(configuration(context), context.find_root().obj))


@alerts_app.command("list")
def list_alerts(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also what is over.")] = False,
    last: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List what people were told, the newest first, and how it went out."""
    import itertools

    with open_store(context) as store:
        found = list(itertools.islice(store.alerts.all(pending_only=not everything), last))
    if as_json:
        print_json(found)
        return
    if not found:
        messages().print("Nothing is wrong, and all is told. What is over: touchstone alerts list --all", style="dim")
    console = output()
    for one in found:
        at = f"{one.at:%Y-%m-%d %H:%M}" if one.at else ""
        colour = "green" if one.over else "dim" if one.resolved_at else "red"
        over = (
            f" [dim](over since {one.resolved_at:%m-%d %H:%M})[/]"
            if one.resolved_at and one.at != one.resolved_at
            else ""
        )
        console.print(f"{at} [{colour}]{one.kind}[/] {shown(one.message)}{over}", highlight=False, soft_wrap=True)
        if one.hint:
            console.print(f"  {shown(one.hint)}", style="dim", highlight=False, soft_wrap=True)
        if one.fault:
            console.print(f"  not told: {shown(one.fault)}", style="yellow", highlight=False)


@alerts_app.command("test")
def try_channels(context: typer.Context, as_json: Json = False) -> None:
    """Send a message over each channel that is configured, now, and say what came of it."""
    from operations import alerts

    came = alerts.test(configuration(context))
    if as_json:
        print_json(came)
    elif not came:
        messages().print(
            "No channel is configured: alerts are in the log alone. See docs/operations.md", style="yellow"
        )
    else:
        for name, word in came.items():
            output().print(f"{name}: {shown(word)}", highlight=False)
    failed = [name for name, word in came.items() if word != "sent"]
    if failed:
        raise NotTold(f"{', '.join(failed)} failed", hint="Mend [alerts] in touchstone.toml.")
