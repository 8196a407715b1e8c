"""Whatever is done to a bundle is found: by an outsider with keys of their own, and much of it even by the signer."""

import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.signing import load_key
from evidence.stamping import authority, stamp
from evidence.verify_bundle import verify
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
from tests.evidence.conftest import Bundles, faults

ADVERSARY = Signer(Ed25519PrivateKey.generate())
REHASHED = [one for one in MANIPULATIONS if one.rehashed and not one.own_key]

# What the signature alone shows: a signer could have written these into the bundle from the start.
ONLY_SIGNED = (
    "a price row edited, all re-hashed",
    "a judgement that nobody made, re-hashed",
    "a custody line forged with its hash, re-hashed",
)


@pytest.fixture(scope="module")
def own_stamp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bytes], bytes]]:
    """The adversary's own time-stamping authority."""
    with time_stamping(tmp_path_factory.mktemp("own-tsa")) as own:
        by = authority(own.url, own.root)
        yield lambda message: stamp(message, by).token


@pytest.fixture
def case(bundles: Bundles, own_stamp: Callable[[bytes], bytes], tmp_path: Path) -> Case:
    """A copy to work on."""
    return Case(copied(bundles.bundle, tmp_path / "bundle"), bundles.other, own_stamp)


@pytest.mark.parametrize("manipulation", MANIPULATIONS, ids=lambda one: one.name)
def test_manipulations_are_found(manipulation: Manipulation, bundles: Bundles, case: Case) -> None:
    """The verifier refuses the bundle, and says in which file it found what in place of what."""
    apply(manipulation, case, ADVERSARY)
    result = verify(case.bundle, bundles.trust)
    assert result.faults
    for fault in result.faults:
        assert fault.file
        assert fault.expected != fault.found


@pytest.mark.parametrize("manipulation", REHASHED, ids=lambda one: one.name)
def test_parts_are_held_against_one_another(manipulation: Manipulation, bundles: Bundles, case: Case) -> None:
    """All but three are found although manifests and signatures were made true again with the signer's own key."""
    manipulation.act(case)
    resign_as_insider(case.bundle, Signer(load_key(bundles.installation.folder / "evidence-key.pem")))
    found = bool(verify(case.bundle, bundles.trust).faults)
    assert found is (manipulation.name not in ONLY_SIGNED)


@pytest.mark.parametrize("manipulation", ZIP_MANIPULATIONS, ids=lambda one: one.name)
def test_manipulated_zip_files_are_refused(manipulation: ZipManipulation, bundles: Bundles, tmp_path: Path) -> None:
    """So is a ZIP file that holds anything but the bundle, before it is unpacked; nothing is written anywhere."""
    path = tmp_path / "bundle.zip"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is written twice
        path.write_bytes(manipulation.act(bundles.zipped.read_bytes()))
    assert verify(path, bundles.trust).faults
    assert [one.name for one in tmp_path.iterdir()] == ["bundle.zip"]


def test_faults_are_printed_and_end_with_4(bundles: Bundles, case: Case) -> None:
    """On the command line each fault is a line, or JSON, and the exit code is 4."""
    apply(MANIPULATIONS[0], case, ADVERSARY)
    done = bundles.verify(case.bundle)
    assert done.returncode == 4
    assert "FAULT data/records/0001/listing.json: expected SHA-256 " in done.stdout
    (fault, *_) = faults(bundles.verify(case.bundle, "--json"))
    assert fault["file"] == "data/records/0001/listing.json"


def test_an_untouched_bundle_holds(bundles: Bundles, tmp_path: Path) -> None:
    """As a folder and as a ZIP file, by the stand-alone file run without any package; nothing is left unchecked."""
    for bundle in (bundles.bundle, bundles.zipped):
        done = bundles.verify(bundle, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        assert '"notes": []' in done.stdout
    shutil.unpack_archive(bundles.zipped, tmp_path / "unpacked")
    assert bundles.verify(tmp_path / "unpacked" / "bundle").returncode == 0
