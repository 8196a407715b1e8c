"""The docs keep up: what users can type or set has a heading, and what the docs show works."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest
import typer

from cli.app import app
from crawler.marketplace import available
from detectors.base import discover
from tests.conftest import ROOT, Installation
from touchstone import configuration
from touchstone.alerts import AlertKind

DOCS = ROOT / "docs"


def headings(name: str) -> set[str]:
    """The headings of a page of the docs."""
    text = (DOCS / name).read_text(encoding="utf-8")
    return set(re.findall(r"^#{2,3} (.+)$", text, re.MULTILINE))


def commands(command: object, prefix: str = "") -> list[str]:
    """Every command of the command line, as it is typed."""
    groups = getattr(command, "commands", None)
    if groups is None:
        return [prefix.strip()]
    return [name for key, inner in groups.items() if not inner.hidden for name in commands(inner, f"{prefix} {key}")]


def test_every_command_has_a_heading() -> None:
    """docs/commands.md has a heading for each command."""
    assert set(commands(typer.main.get_command(app))) <= headings("commands.md")


def test_every_setting_has_a_heading() -> None:
    """docs/configuration.md has a heading for each key of touchstone.toml."""
    shapes = [
        shape
        for shape in vars(configuration).values()
        if isinstance(shape, type) and issubclass(shape, msgspec.Struct) and shape is not configuration.Configuration
    ]
    keys = {field.encode_name for shape in shapes for field in msgspec.structs.fields(shape)}
    assert {"store", "cron", "webhook", "security", "photos"} <= keys
    assert keys <= headings("configuration.md")


def test_every_alert_has_a_heading() -> None:
    """docs/operations.md says of each kind of alert what it means and what to do."""
    assert {kind.value for kind in AlertKind} <= headings("operations.md")


def test_every_detector_has_a_heading() -> None:
    """docs/detection.md has a heading for each detector."""
    assert {detector.name for detector in discover()} <= headings("detection.md")


def test_every_marketplace_that_ships_is_described() -> None:
    """docs/real-input.md speaks of each marketplace that ships."""
    text = (DOCS / "real-input.md").read_text(encoding="utf-8").casefold()
    assert [name for name in available([]) if name not in text] == []


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")) + [ROOT / "README.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link in the docs names a file that is there."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def blocks(name: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.DOTALL)


def test_catalog_examples_import(bare: Installation) -> None:
    """The TOML and JSON Lines examples of docs/catalog.md import as they stand; the CSV one parses."""
    (toml,) = blocks("catalog.md", "toml")
    (csv,) = blocks("catalog.md", "csv")
    (line,) = blocks("catalog.md", "json")
    tomllib.loads(toml)
    (bare.folder / "c.toml").write_text(toml, encoding="utf-8")
    (bare.folder / "c.jsonl").write_text(line.replace("velhanne", "tarnwick", 1), encoding="utf-8")
    assert bare.run("catalog", "import", "c.toml", "c.jsonl").returncode == 0
    (bare.folder / "c.csv").write_text(csv, encoding="utf-8")
    done = bare.run("catalog", "import", "c.csv")
    assert "images: photos/a.jpg cannot be read" in done.stderr, "all else in the row is right"
    assert "2 problems" in done.stderr


def test_screening_example_flags(bare: Installation) -> None:
    """The example of docs/screening.md runs and says something."""
    (toml,) = blocks("catalog.md", "toml")
    (bare.folder / "c.toml").write_text(toml, encoding="utf-8")
    bare.run("catalog", "import", "c.toml")
    (shell,) = blocks("screening.md", "console")
    given = re.search(r"echo '(.+)' \|", shell)
    assert given is not None
    assert "unauthorized_seller" in bare.run("screen", "-", given=given[1]).stdout


def test_audit_example_holds(bare: Installation) -> None:
    """The lines of docs/store.md recompute the chain of a real store."""
    (toml,) = blocks("catalog.md", "toml")
    (bare.folder / "c.toml").write_text(toml, encoding="utf-8")
    bare.run("catalog", "import", "c.toml")
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "store.md").read_text(encoding="utf-8"), re.DOTALL)
    script = "\n".join(line.removeprefix("  ") for line in code.splitlines()) + "\nprint(previous)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], cwd=bare.folder / "touchstone-store", capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"[0-9a-f]{64}\n", done.stdout)
    assert done.stdout.strip() != "0" * 64


def test_detector_example_works() -> None:
    """The detector of docs/add-a-detector.md finds what it says it finds."""
    (code,) = blocks("add-a-detector.md", "python")
    space: dict[str, object] = {}
    exec(compile(code, "add-a-detector.md", "exec"), space)
    detector = space["DETECTOR"]
    examples = detector.examples()  # type: ignore[attr-defined]  # made by the lines above
    from detectors.matching import Matcher

    ready, matcher = detector.build(examples.catalog), Matcher(examples.catalog)  # type: ignore[attr-defined]
    assert all(ready.examine(found, matcher.match(found)) for found in examples.finds)
    assert not any(ready.examine(passed, matcher.match(passed)) for passed in examples.passes)
