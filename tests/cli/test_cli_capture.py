"""Captures through the command line: in sweeps, by flag and by address, failed ones, and the timestamps over them."""

import gzip
import hashlib
import io
import json
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from aiohttp import web

from fixtures.demo import Fault
from fixtures.serving import served
from fixtures.tsa import TimeStamping, make_authority, time_stamping
from storage.flags import StoredFlag
from tests.cli.hostile_shop import TOML
from tests.conftest import Installation, Markets
from touchstone.archive import CaptureRecord, Outcome

CLOSED = "http://127.0.0.1:9/tsr"
OFF = "[capture]\nin_sweeps = false\n"


def copies(markets: Markets) -> list[str]:
    """The addresses of plain counterfeits of one brand on the Korean marketplace."""
    plain = [
        one
        for one in markets.world.truths
        if "counterfeit" in one.labels and (one.product or "").startswith("velhanne") and one.marketplace == "namu"
    ]
    return [f"{markets.demo.namu_url}{one.url_path}" for one in plain if not one.hard]


@pytest.fixture(scope="module")
def _swept(_markets: Markets, catalog_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    _markets.calm()
    made = Installation(tmp_path_factory.mktemp("swept"))
    made.configure(_markets)
    assert made.run("catalog", "import", str(catalog_file)).returncode == 0
    urls = [word for url in copies(_markets)[:3] for word in ("--url", url)]
    (swept,) = made.json("sweep", *urls, "--max-listings", "4")
    assert swept["report"]["captures"] == 0, "in_sweeps is off"
    return made


@pytest.fixture
def installation(_swept: Installation, markets: Markets, tmp_path: Path) -> Installation:
    """An installation with three flagged listings, none captured."""
    shutil.copytree(_swept.folder, tmp_path / "here")
    return Installation(tmp_path / "here")


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeStamping]:
    """A time-stamping authority that is up."""
    with time_stamping(tmp_path_factory.mktemp("tsa")) as running:
        yield running


def stamped_by(url: str, root: Path) -> str:
    """The settings for an authority."""
    return f'[timestamp]\nurl = "{url}"\nroot = "{root}"\n'


def flags(installation: Installation) -> list[list[StoredFlag]]:
    """The flags of each listing, the likeliest first."""
    found: dict[int, list[StoredFlag]] = {}
    with installation.store() as store:
        for flag in store.flags.ranked():
            found.setdefault(flag.listing_row, []).append(flag)
    return list(found.values())


def record_of(installation: Installation, capture: dict[str, Any]) -> CaptureRecord:
    """A capture's record, after a look whether its archive and its files are what it says they are."""
    with installation.store() as store:
        body, written = store.blobs.get(capture["wacz"]), store.blobs.get(capture["record"])
    record = msgspec.json.decode(written, type=CaptureRecord)
    assert record.wacz == hashlib.sha256(body).hexdigest()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        page = json.loads(archive.read("pages/pages.jsonl").splitlines()[1])
    assert page["url"] == record.circumstances.page_url
    assert hashlib.sha256(page["text"].encode()).hexdigest() == record.files["text.txt"]
    assert record.files.keys() == {"view.png", "full-page.png", "document.html", "text.txt"}
    return record


def actions(installation: Installation) -> list[str]:
    """What the audit log has of captures, lists and timestamps."""
    with installation.store() as store:
        return [entry.action for entry in store.audit.entries() if entry.action.startswith(("capture.", "evidence."))]


def said(text: str) -> str:
    """What was printed, in one line."""
    assert "Traceback" not in text
    return " ".join(text.split())


# In sweeps


def test_a_sweep_captures_flagged_listings(installation: Installation, markets: Markets, tsa: TimeStamping) -> None:
    """As many as it may, while they are up: archive and record are stored, audited, sound, and timestamped at once."""
    extra = "[capture]\nin_sweeps = true\nper_sweep = 2\n" + stamped_by(tsa.url, tsa.root)
    installation.configure(markets, extra=extra)
    asked = len(tsa.asked)
    done = installation.run("sweep", *[word for url in copies(markets)[:3] for word in ("--url", url)])
    assert done.returncode == 0, done.stderr
    assert "2 flagged listings captured" in said(done.stdout + done.stderr)
    captured = [one["capture"] for one in installation.json("captures")]
    assert [one["outcome"] for one in captured] == ["kept", "kept"]
    assert {one["listing_row"] for one in captured} < {each[0].listing_row for each in flags(installation)}
    for capture in captured:
        record = record_of(installation, capture)
        assert (record.outcome, record.shortcomings) == (Outcome.KEPT, ())
        assert record.shown.price and record.shown.title and record.shown.seller
        facts = record.circumstances
        assert (facts.robots.decision, facts.status, facts.server_address) == ("allowed", 200, "127.0.0.1")
        assert (facts.missing_images, facts.lost, facts.bounds) == ((), (), ())
    assert actions(installation) == ["capture.kept", "capture.kept", "evidence.list", "evidence.stamp"]
    assert len(tsa.asked) == asked + 1, "one request covers both"
    assert installation.sound()


def test_what_is_due_comes_in_the_order_of_likelihood(installation: Installation) -> None:
    """From the least probability that is wished for, and of the sweep that has seen it alone."""
    ranked = [each[0] for each in flags(installation)]
    assert len(ranked) == 3
    with installation.store() as store:
        assert [row for row, _ in store.archives.due(1, 0.0)] == [flag.listing_row for flag in ranked]
        least = ranked[0].flag.probability
        due = {row for row, _ in store.archives.due(1, least)}
        assert due == {flag.listing_row for flag in ranked if flag.flag.probability >= least}
        assert list(store.archives.due(2, 0.0)) == []


def test_what_failed_is_captured_by_the_next_sweep(
    installation: Installation, markets: Markets, tsa: TimeStamping
) -> None:
    """A captcha is kept as a failed capture, which is none of the listing; a sweep then says what it could not do."""
    flag = flags(installation)[0][0]
    markets.demo.faults.namu = Fault.CAPTCHA
    done = installation.run("capture", str(flag.id))
    assert done.returncode == 3
    assert "failed: the page is a block or a captcha, not the listing" in said(done.stdout)
    markets.calm()
    installation.configure(markets, extra="[capture]\nper_sweep = 3\n" + stamped_by(CLOSED, tsa.root))
    (swept,) = installation.json("sweep", "--url", flag.listing.url)
    assert swept["status"] == "complete"
    assert swept["report"]["captures"] == 1
    assert any("cannot be reached" in problem for problem in swept["report"]["problems"]), "the authority is down"
    every = [one["capture"] for one in installation.json("captures")]
    assert [one["outcome"] for one in every] == ["kept", "failed", "failed"], "tried twice, then by the sweep"
    assert {one["listing_row"] for one in every} == {flag.listing_row}
    failed = [one["capture"] for one in installation.json("captures", "--failed")]
    assert failed == every[1:]
    assert record_of(installation, failed[0]).shortcomings
    assert installation.sound()


# By flag and by address


def test_flags_and_addresses_are_captured_under_one_timestamp(
    installation: Installation, markets: Markets, tsa: TimeStamping
) -> None:
    """Each listing once, whatever names it; one list of digests names each file; one request stamps the list."""
    installation.configure(markets, extra=OFF + stamped_by(tsa.url, tsa.root))
    asked = len(tsa.asked)
    several, *others = sorted(flags(installation), key=lambda each: -len(each))
    assert len(several) > 1, "one listing with two flags"
    url = others[0][0].listing.url
    done = installation.json("capture", str(several[0].id), str(several[1].id), url, url)
    assert [one["capture"]["listing_row"] for one in done] == [several[0].listing_row, others[0][0].listing_row]
    for one in done:
        record = record_of(installation, one["capture"])
        assert record.circumstances.asked == one["capture"]["url"]
        assert record.circumstances.redactions == ()
    digests = [one["digests"] for one in done]
    assert digests[0] == digests[1]
    assert digests[0]["authority"] == tsa.url and digests[0]["token"]
    assert len(tsa.asked) == asked + 1
    with installation.store() as store:
        listed = store.blobs.get(digests[0]["sha256"]).decode().splitlines()
    assert listed == [
        f"{one['capture'][name]}  capture-{one['capture']['id']:08}.{kind}"
        for one in done for name, kind in (("wacz", "wacz"), ("record", "json"))
    ]  # fmt: skip
    told = installation.run("captures").stdout
    assert told.count("timestamped") == 2 and "untimestamped" not in told
    assert "Nothing waits" in installation.run("evidence", "stamp").stdout
    assert actions(installation) == ["capture.kept", "capture.kept", "evidence.list", "evidence.stamp"]
    assert installation.sound()


def test_an_address_that_nobody_has_seen_is_swept_first(installation: Installation, markets: Markets) -> None:
    """Then there is a listing to hold the capture against, captured once; where there is none, that is said."""
    installation.configure(markets, extra="[capture]\nin_sweeps = true\n")
    url, nothing = copies(markets)[3], f"{markets.demo.namu_url}/item/999999999999"
    done = installation.run("capture", url, nothing)
    assert done.returncode == 3, done.stderr
    assert f"{nothing} shows no listing; nothing was captured" in said(done.stderr)
    (captured,) = [one["capture"] for one in installation.json("captures")]
    assert (captured["outcome"], captured["url"]) == ("kept", url)
    assert captured["listing_row"] in [each[0].listing_row for each in flags(installation)]
    assert installation.sound()


@pytest.mark.parametrize("target", ["12345", "https://elsewhere.example/item/1", "velhanne"])
def test_what_cannot_be_captured_is_a_mistake(installation: Installation, target: str) -> None:
    """A flag that is not there, an address of nobody's marketplace, and neither: a usage error, and nothing is noted."""
    done = installation.run("capture", target)
    assert done.returncode == 2, said(done.stderr)
    assert actions(installation) == []


def test_a_marketplace_that_is_down_fails_captures(installation: Installation, markets: Markets) -> None:
    """What cannot be recorded at all is noted and listed with its reason, and tried once more."""
    markets.demo.faults.namu = Fault.DOWN
    done = installation.run("capture", str(flags(installation)[0][0].id))
    assert done.returncode == 3
    assert "failed: robots.txt cannot be had: HTTP 503" in said(done.stdout)
    listed = installation.json("captures", "--failed")
    assert [(one["capture"]["wacz"], one["digests"]) for one in listed] == [(None, None)] * 2
    assert actions(installation) == ["capture.failed"] * 2
    assert not markets.visits("/item/"), "nothing was fetched in spite of robots.txt"
    assert installation.sound()


# Timestamps


def test_captures_wait_for_an_authority_that_is_down(
    installation: Installation, markets: Markets, tsa: TimeStamping
) -> None:
    """They are kept, said to be untimestamped, and timestamped when it is back."""
    installation.configure(markets, extra=OFF + stamped_by(CLOSED, tsa.root))
    done = installation.run("capture", str(flags(installation)[0][0].id))
    assert done.returncode == 0, done.stderr
    assert "kept, untimestamped" in said(done.stdout)
    assert "untimestamped: " in said(done.stderr) and "cannot be reached" in said(done.stderr)
    waiting = installation.run("evidence", "stamp")
    assert waiting.returncode == 1
    assert "cannot be reached" in said(waiting.stderr)
    installation.configure(markets, extra=OFF + stamped_by(tsa.url, tsa.root))
    (stamped,) = installation.json("evidence", "stamp")
    assert stamped["token"] and stamped["time"] and stamped["authority"] == tsa.url
    (listed,) = installation.json("captures")
    assert listed["digests"] == stamped
    assert actions(installation) == ["capture.kept", "evidence.list", "evidence.stamp"]
    assert installation.sound()


def test_the_authority_can_be_tried(installation: Installation, markets: Markets, tsa: TimeStamping) -> None:
    """`tsa-test`: it works, it is not configured, it is down, its root is another's, its file is none."""

    def tried(extra: str, code: int) -> str:
        installation.configure(markets, extra=extra)
        done = installation.run("evidence", "tsa-test")
        assert done.returncode == code, done.stderr
        return said(done.stdout + done.stderr)

    assert "no time-stamping authority is configured" in tried("", 2)
    assert "works: it attests" in tried(stamped_by(tsa.url, tsa.root), 0)
    assert "cannot be reached" in tried(stamped_by(CLOSED, tsa.root), 1)
    other = make_authority(installation.folder / "other")
    assert "certificate signature failure" in tried(stamped_by(tsa.url, other), 1)
    assert "holds no certificates" in tried(stamped_by(tsa.url, installation.folder / "touchstone.toml"), 2)
    assert installation.run("evidence", "stamp").returncode == 2
    assert actions(installation) == [], "nothing is kept"


# Redaction


def test_redactions_are_recorded(installation: Installation) -> None:
    """What the settings name is taken out of everything that is kept; each redaction is in the record."""

    async def item(request: web.Request) -> web.StreamResponse:
        page = (
            "<!doctype html><title>Velhanne</title><h1>Velhanne shell</h1><p class=price>€120,50</p>"
            "<p>mail: kim@shop.example</p><button>Add to cart</button>"
        )
        answer = web.Response(text=page, content_type="text/html")
        answer.set_cookie("session", "s3cret")
        return answer

    app = web.Application()
    app.router.add_get("/item/77001", item)
    with served(app) as base:
        (installation.folder / "marketplaces").mkdir()
        described = TOML.format(base=base, rendering="http")
        (installation.folder / "marketplaces/hostile.toml").write_text(described, encoding="utf-8")
        settings = (
            'store = "store"\ncontact = "tests@example.com"\n[marketplaces.hostile]\nallow_loopback = true\n'
            '[capture]\nin_sweeps = false\nredact = ["cookies", "personal"]\n'
        )
        (installation.folder / "touchstone.toml").write_text(settings, encoding="utf-8")
        (done,) = installation.json("capture", f"{base}/item/77001")
    record = record_of(installation, done["capture"])
    with (
        installation.store() as store,
        zipfile.ZipFile(io.BytesIO(store.blobs.get(done["capture"]["wacz"]))) as archive,
    ):
        kept = gzip.decompress(archive.read("archive/data.warc.gz")) + archive.read("pages/pages.jsonl")
    found = {(one.rule, one.place, one.count) for one in record.circumstances.redactions}
    url = f"{base}/item/77001"
    assert found == {("cookies", url, 1), ("personal", url, 1), ("personal", "the page as it was drawn", 1)}
    assert b"s3cret" not in kept and b"kim@shop.example" not in kept
    assert b"session=redacted" in kept


def test_a_sweep_that_is_killed_loses_no_capture(installation: Installation, markets: Markets) -> None:
    """After `kill -9` among captures the store is sound, no browser is left, and resuming captures the rest, each once."""
    installation.configure(markets, extra="[capture]\nper_sweep = 10\n")
    urls = [word for url in copies(markets)[3:7] for word in ("--url", url)]
    with installation.start("sweep", *urls) as process:
        deadline = time.monotonic() + 90
        while not _captured(installation):
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        below = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    _, alive = psutil.wait_procs(below, timeout=20)
    assert alive == []
    assert installation.sound()
    before = _captured(installation)
    assert installation.run("sweep", "resume").returncode == 0
    rows = _captured(installation)
    assert rows[: len(before)] == before
    assert len(rows) == len(set(rows)) == 4
    assert installation.sound()


def _captured(installation: Installation) -> list[int]:
    with installation.store() as store:
        return [one.listing_row for one in reversed(list(store.archives.all(Outcome.KEPT)))]
