"""Commands for evidence: capture, captures, and the evidence group."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import Json, configuration, messages, open_store, output, print_json, shown

if TYPE_CHECKING:
    from touchstone.archive import Archive
    from touchstone.configuration import Configuration

evidence_app = typer.Typer(
    help="Bundles that anyone can verify, and the timestamps over captures.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(capture)
    app.command()(captures)
    app.add_typer(evidence_app, name="evidence")


def capture(
    context: typer.Context,
    targets: Annotated[
        list[str], typer.Argument(metavar="FLAG|URL...", help="Flags by number, or a listing's address.")
    ],
    as_json: Json = False,
) -> None:
    """Record a listing's page now, as evidence: everything that a browser saw, with pictures and a timestamp."""
    from operations.capture import capture as captured
    from operations.capture import subjects
    from operations.stamp import try_to_stamp
    from touchstone.archive import Outcome

    here = configuration(context)
    with open_store(context) as store, messages().status("Capturing …") as status:
        wanted, unseen = subjects(store, targets)
        if unseen:
            _see(context, here, tuple(unseen))
            wanted, unseen = subjects(store, targets)
            for url in unseen:
                messages().print(
                    f"{shown(url)} shows no listing; nothing was captured", style="yellow", highlight=False
                )
        done = captured(
            here, store, wanted, lambda subject, archive: status.update(f"Capturing … {shown(subject.listing.title)}")
        )
        waiting = try_to_stamp(here, store)
        stamps = {archive.id: store.archives.list_of(archive.id) for archive in done}
    if as_json:
        print_json([{"capture": archive, "digests": stamps[archive.id]} for archive in done])
    for archive in done if not as_json else ():
        listed = stamps[archive.id]
        output().print(_line(archive, stamped=bool(listed and listed.token)), highlight=False, soft_wrap=True)
    if waiting:
        messages().print(f"untimestamped: {shown(waiting)}", style="yellow", highlight=False)
    if unseen or any(archive.outcome is Outcome.FAILED for archive in done):
        raise typer.Exit(3)


def _see(context: typer.Context, here: "Configuration", urls: tuple[str, ...]) -> None:
    """Sweep addresses that nobody has seen yet, so that there is a listing to hold the capture against."""
    import msgspec

    from operations import sweep as sweeping
    from touchstone.sweeps import Trigger

    capture = msgspec.structs.replace(here.settings.capture, in_sweeps=False)  # they are captured next
    here = msgspec.structs.replace(here, settings=msgspec.structs.replace(here.settings, capture=capture))
    with open_store(context, durable=False) as store:
        errands = sweeping.plan(here, store.catalog.load(), urls=urls, trigger=Trigger.REPORT)
        sweeping.sweep(here, store, errands)


def _line(archive: "Archive", *, stamped: bool) -> str:
    from touchstone.archive import Outcome

    head = f"capture {archive.id}: {shown(archive.url)}"
    if archive.outcome is Outcome.FAILED:
        return f"{head}\n  [red]failed[/]: {shown(archive.reason)}"
    proof = "timestamped" if stamped else "[yellow]untimestamped[/]"
    return f"{head}\n  [green]kept[/], {proof}, wacz sha256 {archive.wacz}"


def captures(
    context: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that are no evidence.")] = False,
    last: Annotated[int, typer.Option(min=1)] = 20,
    as_json: Json = False,
) -> None:
    """List the newest captures, and why those failed that did."""
    import itertools

    from touchstone.archive import Outcome

    with open_store(context) as store:
        found = list(itertools.islice(store.archives.all(Outcome.FAILED if failed else None), last))
        stamps = {archive.id: store.archives.list_of(archive.id) for archive in found}
    if as_json:
        print_json([{"capture": archive, "digests": stamps[archive.id]} for archive in found])
        return
    if not found:
        messages().print("No capture yet. Next: touchstone capture FLAG", style="dim")
    for archive in found:
        listed = stamps[archive.id]
        output().print(f"{archive.at:%Y-%m-%d %H:%M} ", style="dim", end="")
        output().print(_line(archive, stamped=bool(listed and listed.token)), highlight=False, soft_wrap=True)


@evidence_app.command("tsa-test")
def tsa_test(context: typer.Context, as_json: Json = False) -> None:
    """Ask the configured time-stamping authority for a timestamp, verify it, and say what time it gave; nothing is kept."""
    from operations.stamp import tsa_test as tested

    by, given = tested(configuration(context))
    if as_json:
        print_json({"url": by.url, "time": given.time, "bytes": len(given.token)})
        return
    output().print(f"{by.url} works: it attests {given.time:%Y-%m-%d %H:%M:%S} UTC, and verifies.", highlight=False)


@evidence_app.command()
def stamp(context: typer.Context, as_json: Json = False) -> None:
    """Have captures timestamped that are not yet, because the authority was down or not configured."""
    from operations.stamp import configured, stamp_captures
    from operations.stamp import tsa_test as tested

    here = configuration(context)
    with open_store(context) as store:
        by = configured(here)
        done = stamp_captures(store, by) if by else []
    if by is None:
        tested(here)  # says that none is configured, and how to
    if as_json:
        print_json(done)
        return
    output().print(f"{len(done)} lists of captures timestamped" if done else "Nothing waits for a timestamp.")


@evidence_app.command()
def key(context: typer.Context, as_json: Json = False) -> None:
    """Make the key that bundles are signed with, and say what to publish."""
    from operations.export import make_signing_key

    with open_store(context) as store:
        public = make_signing_key(configuration(context), store)
    if as_json:
        print_json({"public_key": str(public)})
        return
    output().print(public.read_text(encoding="ascii"), end="", highlight=False)
    messages().print(
        f"That is {public}. Publish it where whoever receives your bundles trusts to find it, and keep the private key to"
        " yourself: backups included.",
        style="dim",
    )


@evidence_app.command()
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--output", "-o", help="Where to write it: a name that is not there yet.")],
    flags: Annotated[list[int] | None, typer.Argument(metavar="[FLAG]...", help="Flags by number.")] = None,
    case: Annotated[
        Path | None,
        typer.Option(help="A case file (TOML): reference, complainant, statement, flags; docs/evidence.md."),
    ] = None,
    brand: Annotated[str | None, typer.Option(help="All flags of a brand that are not dismissed.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="With --brand: flags raised since this day (UTC).")
    ] = None,
    zipped: Annotated[bool, typer.Option("--zip", help="One ZIP file instead of a folder.")] = False,
    as_json: Json = False,
) -> None:
    """Write a bundle of captured listings: archives, reports, records and notices, signed and timestamped."""
    from operations.exhibits import matter_of, select
    from operations.export import export as exported
    from touchstone.errors import UserError
    from touchstone.exhibit import Matter

    matter = matter_of(case) if case else None
    numbers = (*(flags or ()), *(matter.flags if matter else ()))
    if not numbers and not brand:
        raise UserError("nothing to export", hint="Give flags by number, --case FILE, or --brand; see --help")
    path = out.with_name(f"{out.name}.zip") if zipped and out.suffix != ".zip" else out
    with open_store(context) as store, messages().status("Exporting …") as status:
        selection = select(store, flags=numbers, brand=brand, since=since.replace(tzinfo=UTC) if since else None)
        done = exported(
            configuration(context), store, selection, matter or Matter(reference=path.stem), path.absolute(), zipped=zipped,
            progress=lambda count, total: status.update(f"Exporting … {count} of {total} listings"),
        )  # fmt: skip
    if as_json:
        print_json(done._asdict() | {"path": str(done.path)})
    else:
        proof = "signed and timestamped" if done.stamped else "signed, [yellow]not timestamped[/]"
        output().print(f"{path}: {done.listings} listings, {proof}, seal {done.seal}", highlight=False, soft_wrap=True)
    for remark in done.remarks:
        messages().print(shown(remark), style="yellow", highlight=False)
    if selection.left_out:
        raise typer.Exit(3)


@evidence_app.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="The folder that holds bagit.txt, or the ZIP file.")],
    key: Annotated[Path, typer.Option(help="The signer's public key, PEM, obtained from the signer.")],
    tsa_root: Annotated[Path | None, typer.Option(help="The time-stamping authority's root certificate, PEM.")] = None,
    cms_root: Annotated[Path | None, typer.Option(help="The root of the CMS signer's certificate, PEM.")] = None,
    head: Annotated[str | None, typer.Option(help="A row of the audit log noted earlier, as NUMBER:HASH.")] = None,
    as_json: Json = False,
) -> None:
    """Check a bundle in every part; keys and roots come from you, never from the bundle. Exit code 4 when it does not hold."""
    from evidence import verify_bundle

    given = [str(bundle), "--key", str(key)]
    for option, value in (("--tsa-root", tsa_root), ("--cms-root", cms_root), ("--head", head)):
        given += [option, str(value)] if value is not None else []
    raise typer.Exit(verify_bundle.main([*given, *(["--json"] if as_json else [])]))


@evidence_app.command()
def verifier(out: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")]) -> None:
    """Write the verifier as one Python file that needs only Python and openssl, for whoever receives your bundles."""
    from evidence import verify_bundle
    from touchstone.errors import UserError

    if out.exists():
        raise UserError(f"{out} is there already", hint="Name another with -o.")
    out.write_bytes(Path(verify_bundle.__file__).read_bytes())
    output().print(f"{out}", highlight=False)
