"""Commands that crawl: sweep, sweeps."""

from typing import Annotated, Any

import typer

from cli.common import Json, configuration, messages, open_store, output, print_json, print_next, shown
from touchstone.sweeps import Sweep, SweepStatus

sweep_app = typer.Typer(invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(sweep_app, name="sweep")
    app.command()(sweeps)
    app.command()(revisit)


@sweep_app.callback()
def sweep(
    context: typer.Context,
    brand: Annotated[list[str] | None, typer.Option(help="Brand to look for; may be given several times.")] = None,
    marketplace: Annotated[
        list[str] | None, typer.Option(help="Marketplace to look on; all of them by default.")
    ] = None,
    query: Annotated[list[str] | None, typer.Option(help="Search words instead of the brand's names.")] = None,
    url: Annotated[list[str] | None, typer.Option(help="A listing to visit.")] = None,
    max_listings: Annotated[
        int | None, typer.Option(min=1, help="Stop after this many listings per marketplace.")
    ] = None,
    queue: Annotated[
        bool, typer.Option("--queue", help="Leave it to the scheduler, ahead of its background sweeps.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Crawl now, in the foreground, and say what was flagged. Ctrl-C ends it; `sweep resume` goes on with it."""
    from operations import sweep as sweeping
    from touchstone.errors import UserError

    if context.invoked_subcommand:
        return
    if not (brand or query or url):
        raise UserError("nothing to look for", hint="Give --brand, --query or --url; see touchstone sweep --help")
    here = configuration(context)
    with open_store(context, durable=False) as store:
        errands = sweeping.plan(
            here, store.catalog.load(), brands=tuple(brand or ()), marketplaces=tuple(marketplace or ()),
            queries=tuple(query or ()), urls=tuple(url or ()), max_listings=max_listings,
        )  # fmt: skip
        if queue:
            _queue(here, store, errands, as_json=as_json)
        else:
            _run(here, store, errands, as_json=as_json)


def _queue(here: Any, store: Any, errands: Any, *, as_json: bool) -> None:
    from operations.queue import ask_for

    numbers = [ask_for(store, errand) for errand in errands]
    if as_json:
        print_json([store.sweeps.one(number) for number in numbers])
        return
    for number, errand in zip(numbers, errands, strict=True):
        output().print(f"sweep {number} of {errand.marketplace.name} is queued", highlight=False)
    print_next(here, numbers[0])


@sweep_app.command()
def watch(
    context: typer.Context, number: Annotated[int, typer.Argument(help="The sweep.")], as_json: Json = False
) -> None:
    """Follow a sweep live, whoever runs it, until it has ended; then say what was flagged. Ctrl-C ends only the watching."""
    from cli.progress import follow
    from operations.session import scheduler_holder
    from touchstone.errors import UnknownName

    with open_store(context) as store:
        if store.sweeps.one(number) is None:
            raise UnknownName(f"there is no sweep {number}", hint="See: touchstone sweeps")
        found = follow(store, number, scheduled=scheduler_holder(configuration(context)) is not None)
        if as_json:
            print_json(found)
        else:
            _print_outcome(store, [found])
    _exit_for([found])


@sweep_app.command("run", hidden=True)
def run_queued(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="The sweep.")],
    parent: Annotated[int | None, typer.Option(help="The process to end with.")] = None,
    grace: Annotated[float, typer.Option(help="Seconds that the sweep then gets to end.")] = 30.0,
) -> None:
    """Run a sweep of the queue, for the scheduler, with a log of JSON lines."""
    from operations import sweep as sweeping
    from operations.journal import JournalWatcher, write_journal
    from operations.lifeline import tie_to

    if parent is not None:
        tie_to(parent, grace)
    write_journal()
    here = configuration(context)
    with open_store(context, durable=False) as store:
        errand = sweeping.queued(here, store, number)
        done = sweeping.sweep(here, store, [errand], JournalWatcher)
    _exit_for(done)


@sweep_app.command()
def resume(
    context: typer.Context,
    number: Annotated[int | None, typer.Argument(help="The sweep; by default the newest that was interrupted.")] = None,
    as_json: Json = False,
) -> None:
    """Go on with a sweep where it stopped: pages that are yet to be fetched, and those that were given up."""
    from operations import sweep as sweeping

    here = configuration(context)
    with open_store(context, durable=False) as store:
        _run(here, store, sweeping.resumable(here, store, number), as_json=as_json)


@sweep_app.command()
def cancel(
    context: typer.Context, number: Annotated[int, typer.Argument(help="The sweep.")], as_json: Json = False
) -> None:
    """Take a sweep out of the queue, or have the scheduler end it. What it found stays; `sweep resume` goes on with it."""
    from operations import queue
    from operations.sweep import close_dead_sweeps

    with open_store(context) as store:
        close_dead_sweeps(store)
        found = queue.cancel(store, number)
    if as_json:
        print_json(found)
        return
    ends = ", and is being ended" if found.status is SweepStatus.RUNNING else ""
    output().print(f"sweep {number} is out of the queue{ends}", highlight=False)
    messages().print(f"Next, if it is wanted after all: touchstone sweep resume {number}", style="dim")


@sweep_app.command("show")
def show_sweep(
    context: typer.Context, number: Annotated[int, typer.Argument(help="The sweep.")], as_json: Json = False
) -> None:
    """Show how far a sweep has come, and the pages that it gave up, each with the reason."""
    from operations.sweep import close_dead_sweeps
    from touchstone.errors import UnknownName

    with open_store(context) as store:
        close_dead_sweeps(store)
        found = store.sweeps.one(number)
        if found is None:
            raise UnknownName(f"there is no sweep {number}", hint="See: touchstone sweeps")
        progress, dead = store.frontier.progress(number), store.frontier.dead_letters(number)
    if as_json:
        print_json({"sweep": found, "progress": progress, "dead": dead})
        return
    console = output()
    _print_sweep(found, console)
    states = ", ".join(f"{count} {state}" for state, count in progress.states.items())
    console.print(f"visits: {states or 'none'}", highlight=False)
    for letter in dead:
        console.print(f"  {letter.kind} {shown(letter.url)}", highlight=False, soft_wrap=True)
        tries = f"{letter.attempts + 1} tries" if letter.attempts else "1 try"
        console.print(f"    {letter.status}, {tries}: {shown(letter.note)}", style="dim", highlight=False)
    if (dead or progress.open) and found.status not in (SweepStatus.QUEUED, SweepStatus.RUNNING):
        messages().print(f"Next: touchstone sweep resume {number}", style="dim")


def _run(here: Any, store: Any, errands: Any, *, as_json: bool) -> None:
    done = _swept(here, store, errands)
    if as_json:
        print_json(done)
    else:
        _print_outcome(store, done)
    _exit_for(done)


def _swept(here: Any, store: Any, errands: Any) -> list[Sweep]:
    from cli.progress import SweepProgress
    from operations import sweep as sweeping

    with SweepProgress() as progress:
        return sweeping.sweep(here, store, errands, progress.watcher)


def _exit_for(done: list[Sweep]) -> None:
    if any(found.status is SweepStatus.FAILED for found in done):
        raise typer.Exit(1)
    if any(found.status is not SweepStatus.COMPLETE for found in done):
        raise typer.Exit(3)


def _print_outcome(store: Any, done: list[Sweep]) -> None:
    from cli.tables import flag_table

    notes = messages()
    for found in done:
        _print_sweep(found, notes)
    flags = [stored for found in done for stored in store.flags.ranked(sweep=found.id, brand=found.request.brand)]
    if flags:
        output().print(flag_table(sorted(flags, key=lambda stored: -stored.flag.probability)))
        notes.print("Next: touchstone show FLAG, then touchstone judge FLAG confirm|dismiss|unsure", style="dim")
    else:
        notes.print("Nothing was flagged.", style="dim")


def _print_sweep(found: Sweep, console: Any) -> None:
    report = found.report
    colour = {SweepStatus.COMPLETE: "green", SweepStatus.RUNNING: "cyan", SweepStatus.FAILED: "red"}.get(
        found.status, "yellow"
    )
    queries = ", ".join(found.request.queries[:6]) or ", ".join(found.request.urls[:3])
    line = f"sweep {found.id} of {found.request.marketplace} ({shown(queries)}): [{colour}]{found.status}[/]"
    if report is not None:
        pages = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in report.pages.items())
        line += f", {report.listings} listings, {report.images} new images; pages: {pages or 'none'}"
        line += f", {report.browser_pages} of them by browser" if report.browser_pages else ""
        line += f"; {report.captures} flagged listings captured" if report.captures else ""
    console.print(line, highlight=False)
    for problem in report.problems if report else ():
        console.print(f"  {shown(problem)}", style="yellow", highlight=False)


def revisit(
    context: typer.Context,
    flag: Annotated[list[int], typer.Argument(help="The flags' numbers.")],
    queue: Annotated[
        bool, typer.Option("--queue", help="Leave it to the scheduler, ahead of what it would do.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Look now whether the listings of flags are still up, and what has changed; say what became of each."""
    from operations import revisits

    here = configuration(context)
    with open_store(context, durable=False) as store:
        errands = revisits.of_flags(here, store, flag)
        if queue:
            _queue(here, store, errands, as_json=as_json)
            return
        done = _swept(here, store, errands)
        seen = revisits.outcomes(store, done, flag)
    if as_json:
        print_json({"sweeps": done, "flags": seen})
    else:
        for swept in done:
            _print_sweep(swept, messages())
        for one in seen:
            _print_seen(one)
    _exit_for(done)


def _print_seen(seen: Any) -> None:
    from cli.tables import standing_line

    console = output()
    if seen.standing is None:
        console.print(f"flag {seen.flag}: its page did not tell", style="yellow", highlight=False)
        return
    console.print(f"flag {seen.flag}: {standing_line(seen.standing)}", highlight=False)
    for event in seen.events:
        detail = f": {shown(event.detail)}" if event.detail else ""
        console.print(f"  new: {event.change.replace('_', ' ')}{detail}", highlight=False, soft_wrap=True)


def sweeps(context: typer.Context, last: Annotated[int, typer.Option(min=1)] = 20, as_json: Json = False) -> None:
    """List the newest sweeps and how each ended."""
    import itertools

    from operations.sweep import close_dead_sweeps

    with open_store(context) as store:
        close_dead_sweeps(store)
        found = list(itertools.islice(store.sweeps.all(), last))
    if as_json:
        print_json(found)
        return
    if not found:
        messages().print("No sweep yet. Next: touchstone sweep --brand B", style="dim")
    console = output()
    for one in found:
        console.print(f"{one.started_at:%Y-%m-%d %H:%M} ", style="dim", end="")
        _print_sweep(one, console)
