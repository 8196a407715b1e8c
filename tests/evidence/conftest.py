"""A real bundle, made once: demo listings swept, captured, judged, timestamped and exported as a user would."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from evidence.verify_bundle import Trust
from fixtures.certificates import make_signer
from fixtures.tsa import TimeStamping, make_authority, time_stamping
from operations.exhibits import matter_of, select
from operations.export import export, make_signing_key
from operations.judge import judge
from tests.conftest import Installation, Markets
from touchstone.configuration import load
from touchstone.verdicts import Decision, Label


class Bundles(NamedTuple):
    """An installation, and what it exported: two exhibits as a folder and as a ZIP file, and another bundle of the same signer."""

    installation: Installation
    tsa: TimeStamping
    bundle: Path
    zipped: Path
    other: Path
    flags: tuple[int, ...]

    @property
    def key(self) -> Path:
        """The signer's public key."""
        return self.installation.folder / "evidence-key.pub.pem"

    @property
    def cms_root(self) -> Path:
        """The root of the signer's certificate."""
        return self.installation.folder / "signer-root.pem"

    @property
    def trust(self) -> Trust:
        """What whoever receives a bundle trusts."""
        return Trust(self.key, self.tsa.root, self.cms_root)

    def verify(self, bundle: Path, *arguments: str, trusting: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the stand-alone verifier; ``trusting``: with the signer's key and roots."""
        given = ["--key", str(self.key), "--tsa-root", str(self.tsa.root), "--cms-root", str(self.cms_root)]
        command = [sys.executable, "-I", "-S", str(VERIFIER), str(bundle), *(given if trusting else []), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})


VERIFIER = Path(__file__).resolve().parents[2] / "evidence" / "verify_bundle.py"
CASE = """\
reference = "TS-2026-001 벨하네"
statement = "Sold as new; a test buy was made. 시험 구매함."
[complainant]
name = "Kim Ji-won 김지원"
company = "Velhanne Korea"
email = "ip@velhanne.invalid"
agent = true
"""


@pytest.fixture(scope="session")
def bundles(_markets: Markets, catalog_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundles]:
    """The installation and its bundles; tests that change one work on a copy."""
    _markets.calm()
    folder = tmp_path_factory.mktemp("evidence")
    make_authority(folder / "tsa")
    make_signer(folder, "signer")
    installation = Installation(folder)
    with time_stamping(folder / "tsa") as tsa:
        extra = (
            "[capture]\nper_sweep = 1\n"
            f'[timestamp]\nurl = "{tsa.url}"\nroot = "tsa/root.pem"\n'
            '[evidence]\ncertificate = "signer.pem"\ncertificate_key = "signer-key.pem"\n'
        )
        installation.configure(_markets, extra=extra)
        _run(installation, "catalog", "import", str(catalog_file))
        urls = [url for url in _copies(_markets) for url in ("--url", url)]
        _run(installation, "sweep", *urls)
        (folder / "case.toml").write_text(CASE, encoding="utf-8")
        here, matter = load(folder / "touchstone.toml"), matter_of(folder / "case.toml")
        with installation.store() as store:
            make_signing_key(here, store)
            flags = list(store.flags.ranked(label=Label.COUNTERFEIT))
            mine = next(flag.id for flag in flags if store.archives.of(flag.listing_row))
            others = [flag.id for flag in flags if not store.archives.of(flag.listing_row)][:2]
        _run(installation, "capture", *map(str, others))
        with installation.store() as store:
            judge(store, mine, Decision.CONFIRM, actor="kim", note="시험 구매로 확인")
            both, other = select(store, flags=(mine, others[0])), select(store, flags=others[1:])
            export(here, store, both, matter, folder / "bundle", zipped=False)
            export(here, store, both, matter, folder / "bundle.zip", zipped=True)
            export(here, store, other, matter, folder / "other", zipped=False)
        yield Bundles(installation, tsa, folder / "bundle", folder / "bundle.zip", folder / "other", (mine, *others))


def _copies(markets: Markets) -> list[str]:
    """Addresses of four plain counterfeits of one brand on the Korean marketplace."""
    plain = [
        one
        for one in markets.world.truths
        if "counterfeit" in one.labels and (one.product or "").startswith("velhanne") and not one.hard
    ]
    return [f"{markets.demo.namu_url}{one.url_path}" for one in plain if one.marketplace == "namu"][:4]


def _run(installation: Installation, *arguments: str) -> None:
    done = installation.run(*arguments)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)


def faults(done: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    """The faults of a verification that was asked for JSON."""
    told: list[dict[str, str]] = json.loads(done.stdout)["faults"]
    return told
