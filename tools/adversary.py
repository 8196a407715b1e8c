"""What each tool finds of every manipulation: the table of docs/evidence.md, printed by ``make adversary``.

``bagit.py``, ``wacz`` and ``warcio`` are those of this environment.
"""

import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.signing import load_key
from evidence.stamping import authority, stamp
from evidence.verify_bundle import Trust, verify
from fixtures.manipulations import (
    MANIPULATIONS,
    ZIP_MANIPULATIONS,
    Case,
    Manipulation,
    Signer,
    ZipManipulation,
    apply,
    copied,
    resign_as_insider,
)
from fixtures.tsa import time_stamping

BIN = Path(sys.executable).parent
FOUND, MISSED, NOT_ASKED = "found", "–", ""


def table(bundle: Path, other: Path, whole: Path, *, key: Path, root: Path, signing: Path) -> bool:
    """Print a line for each manipulation; returns whether the verifier found all of them."""
    trust, signer, adversary = Trust(key, root), Signer(load_key(signing)), Signer(Ed25519PrivateKey.generate())
    columns = ("manipulation", "verifier", "by the signer", "sha256sum -c", "bagit.py", "wacz validate", "warcio check")
    print(f"\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    ours = []
    with tempfile.TemporaryDirectory() as scratch, time_stamping(Path(scratch) / "tsa") as own:
        by = authority(own.url, own.root)
        for manipulation in MANIPULATIONS:
            case = Case(copied(bundle, Path(scratch) / "b"), other, lambda message: stamp(message, by).token)
            apply(manipulation, case, adversary)
            cells = [_ours(case.bundle, trust), _inside(manipulation, bundle, other, Path(scratch), trust, signer)]
            cells += [_sums(case.bundle), _bagit(case.bundle), *_archives(case.bundle)]
            ours.append(cells[0])
            print(f"| {manipulation.name} | {' | '.join(cells)} |", flush=True)
        for zipped in ZIP_MANIPULATIONS:
            ours.append(_zip(zipped, whole, Path(scratch) / "b.zip", trust))
            print(f"| {zipped.name} | {ours[-1]} | | | | | |", flush=True)
    return set(ours) == {FOUND}


def _zip(manipulation: ZipManipulation, whole: Path, path: Path, trust: Trust) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is written twice
        path.write_bytes(manipulation.act(whole.read_bytes()))
    return _ours(path, trust)


def _ours(bundle: Path, trust: Trust) -> str:
    return FOUND if verify(bundle, trust).faults else MISSED


def _inside(manipulation: Manipulation, bundle: Path, other: Path, scratch: Path, trust: Trust, signer: Signer) -> str:
    """Whether it is found although the signer themselves made manifests and signatures true again."""
    if not manipulation.rehashed or manipulation.own_key:
        return NOT_ASKED
    case = Case(copied(bundle, scratch / "inside"), other, lambda message: b"")
    manipulation.act(case)
    resign_as_insider(case.bundle, signer)
    return _ours(case.bundle, trust)


def _sums(bundle: Path) -> str:
    command = (
        "sha256sum --quiet --strict -c manifest-sha256.txt && sha256sum --quiet --strict -c tagmanifest-sha256.txt"
    )
    done = subprocess.run(["bash", "-c", command], cwd=bundle, capture_output=True, check=False)
    return FOUND if done.returncode else MISSED


def _bagit(bundle: Path) -> str:
    done = subprocess.run([BIN / "bagit.py", "--validate", bundle], capture_output=True, check=False)
    return FOUND if done.returncode else MISSED


def _archives(bundle: Path) -> tuple[str, str]:
    wacz = bundle / "data/capture/0001/listing.wacz"
    done = subprocess.run([BIN / "wacz", "validate", "-f", wacz], capture_output=True, text=True, check=False)
    validated = MISSED if "Validation succeeded" in done.stdout else FOUND
    with tempfile.NamedTemporaryFile(suffix=".warc.gz") as file:
        try:
            with zipfile.ZipFile(wacz) as archive:
                file.write(archive.read("archive/data.warc.gz"))
        except (KeyError, zipfile.BadZipFile):
            return validated, "no WARC"
        file.flush()
        checked = subprocess.run([BIN / "warcio", "check", file.name], capture_output=True, check=False)
    return validated, FOUND if checked.returncode else MISSED
