"""A bundle is what its README says: complete, readable, deterministic, and checkable by tools that nobody here wrote."""

import csv
import hashlib
import io
import json
import os
import random
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import bagit
import pytest
from PIL import Image
from pypdf import PdfReader
from warcio.archiveiterator import ArchiveIterator

from detectors.fingerprints import fingerprint
from operations.exhibits import matter_of, select
from operations.export import export
from tests.evidence.conftest import Bundles, faults
from touchstone.configuration import load
from touchstone.errors import ConfigurationError, UnreadableImage, UserError, VerificationFailed
from touchstone.exhibit import Matter

FLIPS = int(os.environ.get("TOUCHSTONE_FLIPS", "40"))
BIN = Path(sys.executable).parent


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as it stands in a README."""
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


def exported(bundles: Bundles, path: Path, made: datetime) -> None:
    """Write the case's bundle at a given time."""
    here = load(bundles.installation.folder / "touchstone.toml")
    matter = matter_of(bundles.installation.folder / "case.toml")
    with bundles.installation.store() as store:
        export(here, store, select(store, flags=bundles.flags[:2]), matter, path, zipped=False, made=made)


def test_what_a_bundle_holds(bundles: Bundles) -> None:
    """Every file that its README promises is there, under generated ASCII names."""
    names = {path.relative_to(bundles.bundle).as_posix() for path in bundles.bundle.rglob("*") if path.is_file()}
    per_listing = {
        f"data/capture/{one}/{name}"
        for one in ("0001", "0002")
        for name in ("listing.wacz", "capture.json", "view.png", "full-page.png", "dom.html.txt", "text.txt")
    } | {
        f"data/records/{one}/{name}"
        for one in ("0001", "0002")
        for name in ("listing.json", "seller.json", "prices.csv", "match.json")
    }
    whole = {
        "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "data/README.txt",
        "data/report.pdf", "data/report-ko.pdf", "data/certification-902.txt", "data/images/index.csv",
        "data/reference/index.csv", "data/records/case.json", "data/records/custody.jsonl",
        "attest/tagmanifest-sha256.txt.sig", "attest/tagmanifest-sha256.txt.tsr", "attest/tagmanifest-sha256.txt.p7s",
        "attest/signer.pub.pem", "attest/manifest-sha256.txt", "attest/manifest-sha256.txt.sig",
    }  # fmt: skip
    assert per_listing | whole <= names
    assert all(name.isascii() for name in names)
    assert any(name.startswith("data/notice/") for name in names)
    case = json.loads((bundles.bundle / "data/records/case.json").read_text(encoding="utf-8"))
    assert case["reference"] == "TS-2026-001 벨하네"
    assert case["complainant"]["name"] == "Kim Ji-won 김지원"
    (right,) = case["rights"]
    assert (right["office"], right["number"], right["poa"]) == ("KIPO", "40-9900001", "POA-velhanne-2026")
    assert [one["judged_by_a_person"] for one in case["exhibits"]] == [True, False]


def test_what_was_concluded_is_recorded(bundles: Bundles) -> None:
    """match.json holds detectors with versions, thresholds, scores, measured error rates and the person's judgement."""
    record = json.loads((bundles.bundle / "data/records/0001/match.json").read_text(encoding="utf-8"))
    (flag,) = record["flags"]
    assert {"name", "version"} == set(record["detectors"][0])
    assert flag["threshold"] == 0.5
    assert flag["flag"]["probability"] >= 0.5
    assert flag["judgements"][0]["note"] == "시험 구매로 확인"
    rate = record["measured_error_rates"][0]
    assert rate["precision_interval"][0] <= rate["precision"] <= rate["precision_interval"][1]


def test_served_images_stand_in_the_archive(bundles: Bundles) -> None:
    """Each image's line names the WARC record that keeps the same bytes."""
    rows = list(csv.DictReader(io.StringIO((bundles.bundle / "data/images/index.csv").read_text("utf-8-sig"))))
    assert rows
    for row in rows:
        body = (bundles.bundle / "data" / row["file"]).read_bytes()
        assert hashlib.sha256(body).hexdigest() == row["sha256"] in row["file"]
        with zipfile.ZipFile(bundles.bundle / f"data/capture/{row['exhibit']}/listing.wacz") as wacz:
            kept = {
                record.rec_headers.get_header("WARC-Record-ID"): record.content_stream().read()
                for record in ArchiveIterator(wacz.open("archive/data.warc.gz"))
                if record.rec_type == "response"
            }
        assert kept[row["warc_record_id"]] == body


def test_the_same_inputs_give_the_same_bytes(bundles: Bundles, tmp_path: Path) -> None:
    """Two exports of one case at one time differ in what attests to them alone."""
    made = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    one, two = tmp_path / "one", tmp_path / "two"
    exported(bundles, one, made)
    exported(bundles, two, made)
    for path in sorted(path for path in one.rglob("*") if path.is_file()):
        name = path.relative_to(one)
        # The second export sees the first in the log: its head is one row further.
        if name.parts[0] != "attest" and "custody" not in name.name and "manifest" not in name.name:
            assert path.read_bytes() == (two / name).read_bytes(), name
    custody = [(folder / "data/records/custody.jsonl").read_text("utf-8").splitlines() for folder in (one, two)]
    assert custody[0][:-1] == custody[1][:-1]


def test_many_listings_have_reports_of_their_own(
    bundles: Bundles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond as many as one report shows, each exhibit has its own in each language, and the report is an overview."""
    monkeypatch.setattr("evidence.bundle.MOST_IN_REPORT", 1)
    exported(bundles, tmp_path / "many", datetime(2026, 3, 4, tzinfo=UTC))
    names = sorted(path.name for path in (tmp_path / "many/data/reports").iterdir())
    assert names == ["0001-ko.pdf", "0001.pdf", "0002-ko.pdf", "0002.pdf"]
    overview = "".join(page.extract_text() for page in PdfReader(tmp_path / "many/data/report.pdf").pages)
    assert "Each exhibit has a report of its own" in overview
    own = "".join(page.extract_text() for page in PdfReader(tmp_path / "many/data/reports/0002-ko.pdf").pages)
    assert "추론" in own
    assert bundles.verify(tmp_path / "many").returncode == 0


@pytest.mark.parametrize("name", ["report.pdf", "report-ko.pdf"])
def test_the_report_is_archival_and_readable(bundles: Bundles, name: str) -> None:
    """PDF/A-3a: tagged, with its language, every font embedded, no script; the Korean one has its Hangul as text."""
    reader = PdfReader(bundles.bundle / "data" / name)
    root = reader.trailer["/Root"].get_object()
    assert root["/MarkInfo"]["/Marked"] is True or bool(root["/MarkInfo"]["/Marked"])
    assert root["/Lang"].startswith("ko" if "ko" in name else "en")
    assert "/OpenAction" not in root
    assert "/JavaScript" not in root.get("/Names", {})
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfaid:part[=>\"]+3", metadata)
    assert re.search(r"pdfaid:conformance[=>\"]+A", metadata)
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert "TS-2026-001 벨하네" in text
    assert "40-9900001" in text
    assert ("추론" if "ko" in name else "Inferences") in text
    assert ("담당자의 판단을 거치지 않은" if "ko" in name else "No person has judged") in reader.pages[0].extract_text()
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            assert "/FontFile3" in descendant.get_object()["/FontDescriptor"].get_object()


def test_no_glyph_is_missing(bundles: Bundles) -> None:
    """What the font cannot print is spelled out: no report shows a box where a character stood."""
    for name in ("report.pdf", "report-ko.pdf"):
        for page in PdfReader(bundles.bundle / "data" / name).pages:
            assert b"<0000>" not in page.get_contents().get_data()
            assert "\ufffd" not in page.extract_text()


def test_the_readme_tells_the_truth(bundles: Bundles) -> None:
    """Each command that README.txt gives succeeds when it is typed, with the signer's key and the authority's root."""
    text = (bundles.bundle / "data/README.txt").read_text(encoding="utf-8")
    commands = re.findall(r"^ {7}((?:sha256sum -c|openssl) .*)$", text, re.MULTILINE)
    assert len(commands) == 6
    for command in commands:
        ready = command.replace("KEY.pem", str(bundles.key)).replace("ROOTS.pem", str(bundles.cms_root))
        ready = ready.replace("ROOT.pem", str(bundles.tsa.root)).replace("digests-NNNNNNNN", "digests-00000001")
        done = shell(ready, bundles.bundle)
        assert done.returncode == 0, (ready, done.stdout, done.stderr)
    assert "NOT JUDGED BY A PERSON: 0002" in text


def test_independent_tools_pass_it(bundles: Bundles) -> None:
    """bagit-python, py-wacz, warcio and sha256sum find nothing wrong."""
    assert bagit.Bag(str(bundles.bundle)).validate()
    for folder in sorted((bundles.bundle / "data/capture").iterdir()):
        if folder.is_dir():
            done = subprocess.run(
                [BIN / "wacz", "validate", "-f", folder / "listing.wacz"], capture_output=True, text=True, check=False
            )
            assert "Validation succeeded" in done.stdout, done.stdout + done.stderr
            with zipfile.ZipFile(folder / "listing.wacz") as wacz:
                for record in ArchiveIterator(wacz.open("archive/data.warc.gz"), check_digests="raise"):
                    record.content_stream().read()


def test_flipped_bytes_are_found(bundles: Bundles, tmp_path: Path) -> None:
    """One byte changed anywhere in the folder or the ZIP file is found (``TOUCHSTONE_FLIPS`` says how many are tried)."""
    from evidence.verify_bundle import Trust, verify
    from fixtures.manipulations import copied

    trust = Trust(bundles.key, bundles.tsa.root, bundles.cms_root)
    draw = random.Random(20261128)
    copy = copied(bundles.bundle, tmp_path / "bundle")
    files = sorted(path for path in copy.rglob("*") if path.is_file())
    weights = [path.stat().st_size for path in files]
    zipped = tmp_path / "bundle.zip"
    zipped.write_bytes(bundles.zipped.read_bytes())
    for number in range(FLIPS):
        # A third each: any byte of the folder, any file of it whatever its size, any byte of the ZIP file.
        path = (draw.choices(files, weights)[0], draw.choice(files), zipped)[number % 3]
        position, mask = draw.randrange(path.stat().st_size), 1 << draw.randrange(8)
        _flip(path, position, mask)
        result = verify(zipped if path == zipped else copy, trust)
        assert result.faults, (path.name, position, mask)
        _flip(path, position, mask)
    assert not verify(copy, trust).faults
    assert not verify(zipped, trust).faults


def _flip(path: Path, position: int, mask: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ mask]))


def test_keys_and_roots_come_from_the_caller(bundles: Bundles, tmp_path: Path) -> None:
    """Without a key it is not asked right (exit code 2); with another key, root or noted head it does not hold (4)."""
    assert bundles.verify(bundles.bundle, trusting=False).returncode == 2
    bundles.installation.run("evidence", "verifier", "-o", str(tmp_path / "verify.py"))
    assert (tmp_path / "verify.py").read_bytes() == Path("evidence/verify_bundle.py").read_bytes()
    from fixtures.tsa import make_authority

    other = make_authority(tmp_path / "other")
    done = bundles.installation.run(
        "evidence", "verify", "bundle", "--key", str(bundles.key), "--tsa-root", str(other), "--json"
    )
    assert done.returncode == 4
    assert all("leads to root.pem" in fault["expected"] for fault in faults(done))
    done = bundles.verify(bundles.bundle, "--head", f"1:{'0' * 64}", "--json")
    assert done.returncode in (0, 4)
    rows = (bundles.bundle / "data/records/custody.jsonl").read_text(encoding="utf-8").splitlines()
    first = json.loads(rows[0])
    assert bundles.verify(bundles.bundle, "--head", f"{first['seq']}:{first['hash']}").returncode == 0
    assert bundles.verify(bundles.bundle, "--head", f"{first['seq']}:{'0' * 64}").returncode == 4
    assert bundles.verify(bundles.bundle, "--head", f"99999999:{'0' * 64}").returncode == 4


def test_what_cannot_be_exported(bundles: Bundles, tmp_path: Path) -> None:
    """Nothing is overwritten; a listing that no capture shows is left out and named; no bundle is half written."""
    made = datetime(2026, 3, 4, tzinfo=UTC)
    with pytest.raises(UserError, match="is there already"):
        exported(bundles, bundles.bundle, made)
    (tmp_path / "case.toml").write_text('reference = "x"\nflag = [1]\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="did you mean 'flags'"):
        matter_of(tmp_path / "case.toml")
    with bundles.installation.store() as store:
        uncaptured = next(one.id for one in store.flags.ranked() if not store.archives.of(one.listing_row))
        with pytest.raises(UserError, match=f"touchstone capture {uncaptured}"):
            select(store, flags=(uncaptured,))
        some = select(store, flags=(bundles.flags[0], uncaptured))
        assert some.left_out == (
            f"flag {uncaptured}: no capture shows the listing; capture it: touchstone capture {uncaptured}",
        )
        assert len(some.rows) == 1
        archive = next(one for one in store.archives.all() if one.wacz)
        blob = store.blobs.path(archive.wacz or "")
        flag = next(one.id for one in store.flags.ranked(status=None) if one.listing_row == archive.listing_row)
    body = blob.read_bytes()
    blob.write_bytes(body[:-1] + b"x")
    try:
        with pytest.raises(VerificationFailed, match="holds other bytes"):
            _one(bundles, flag, tmp_path / "damaged")
    finally:
        blob.write_bytes(body)
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".partial")]


def test_the_export_command_says_what_is_left_out(bundles: Bundles, tmp_path: Path) -> None:
    """With nothing to export the exit code is 2; with listings left out it is 3, and they are named."""
    run = bundles.installation.run
    assert run("evidence", "export", "-o", str(tmp_path / "none")).returncode == 2
    with bundles.installation.store() as store:
        uncaptured = next(one.id for one in store.flags.ranked() if not store.archives.of(one.listing_row))
    done = run("evidence", "export", str(bundles.flags[0]), str(uncaptured), "-o", str(tmp_path / "some"))
    assert done.returncode == 3
    assert f"flag {uncaptured}: no capture shows the listing" in done.stderr


def _one(bundles: Bundles, flag: int, path: Path) -> None:
    here = load(bundles.installation.folder / "touchstone.toml")
    with bundles.installation.store() as store:
        export(here, store, select(store, flags=(flag,)), Matter(reference="x"), path, zipped=False)


@pytest.mark.parametrize(
    "hostile",
    ['<img src="file:///etc/passwd">', '<style>@import "file:///etc/x.css"</style>', '<img src="http://127.0.0.1:9/x">',
     '<a rel=attachment href="file:///etc/passwd">x</a>', '<link rel=attachment href="file:///etc/hostname">',
     '<object data="file:///etc/hostname"></object>', '<p style="background: url(file:///etc/hostname)">x</p>'],
    ids=["picture", "style", "address", "attachment", "linked attachment", "object", "background"],
)  # fmt: skip
def test_the_report_engine_fetches_nothing(hostile: str) -> None:
    """A document that names a file of this machine, or an address, ends with an error: it gets neither."""
    from evidence.pdf import FatalURLFetchingError, to_pdf

    with pytest.raises(FatalURLFetchingError):
        to_pdf(f"<html lang=en><title>x</title>{hostile}", "", {}, b"x")


def test_printing_loosens_no_check_of_photos() -> None:
    """After the PDF engine was loaded, half an image is still none."""
    from evidence.pdf import to_pdf

    to_pdf("<html lang=en><title>x</title><p>x", "", {}, b"x")
    whole = io.BytesIO()
    Image.effect_noise((300, 300), 90).convert("RGB").save(whole, "JPEG")
    with pytest.raises(UnreadableImage):
        fingerprint(whole.getvalue()[: len(whole.getvalue()) // 2])
