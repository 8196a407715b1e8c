"""Sweeping through the command line, against the demo marketplaces, over real sockets and in a real browser."""

import os
import signal
import subprocess
import time

import pytest

from fixtures.demo import Fault
from tests.conftest import Installation, Markets
from touchstone.listing import Listing

BRAND = "velhanne"


def listings(installation: Installation) -> list[Listing]:
    """Everything that is stored."""
    with installation.store() as store:
        return [listing for _, listing in store.listings.all()]


def test_http_sweep_stores_listings_images_sellers_and_flags(installation: Installation) -> None:
    """A sweep of the server-rendered marketplace fills every table that a flag needs, and the store is sound."""
    (swept,) = installation.json("sweep", "--brand", BRAND, "--marketplace", "namu", "--max-listings", "30")
    assert swept["status"] == "complete"
    assert swept["report"]["listings"] == 30
    assert swept["report"]["browser_pages"] == 0
    found = listings(installation)
    assert len(found) == 30
    assert all(listing.title and listing.offer.price and listing.offer.price.currency == "KRW" for listing in found)
    assert all(image.fingerprint for listing in found for image in listing.images)
    assert any(listing.offer.seller and listing.offer.seller.business_number for listing in found)
    assert any(listing.offer.seller and listing.offer.seller.private for listing in found)
    flags = installation.json("flags")
    assert flags, "thirty listings of a brand with counterfeits raise some flag"
    probabilities = [flag["flag"]["probability"] for flag in flags]
    assert probabilities == sorted(probabilities, reverse=True)
    assert installation.sound()


def test_flagged_listings_keep_their_page(installation: Installation) -> None:
    """The page of a flagged listing is in the blob store as it was served; that of a clean one is not kept."""
    installation.json("sweep", "--brand", BRAND, "--marketplace", "namu", "--max-listings", "20")
    with installation.store() as store:
        flagged = {stored.listing_row for stored in store.flags.ranked()}
        for row, listing in store.listings.all():
            captures = store.listings.captures(row)
            assert bool(captures) == (row in flagged)
            for capture in captures:
                assert listing.title.split()[0].encode() in store.blobs.get(capture.sha256)


def test_browser_sweep_reads_what_scripts_render(installation: Installation) -> None:
    """Plaza sends an empty shell; its listings are read from what its script shows, past the first screen of results."""
    (swept,) = installation.json("sweep", "--brand", BRAND, "--marketplace", "plaza", "--max-listings", "26")
    assert swept["status"] == "complete"
    assert swept["report"]["listings"] == 26, "one screen holds 20: it scrolled"
    assert swept["report"]["browser_pages"] >= 26
    found = listings(installation)
    assert all(listing.title and listing.images and listing.offer.seller for listing in found)
    assert {listing.offer.price.currency for listing in found if listing.offer.price} == {"USD"}
    assert installation.sound()


def test_sweep_is_polite(installation: Installation, markets: Markets) -> None:
    """robots.txt is obeyed, the user agent is honest, the rate is kept and no image is fetched twice."""
    pace = 8.0
    installation.configure(markets, pace=pace)
    markets.demo.visits.clear()
    arguments = ("sweep", "--brand", BRAND, "--marketplace", "namu", "--max-listings", "8")
    installation.json(*arguments)
    installation.json(*arguments)
    visits = list(markets.demo.visits)
    assert any(visit.path == "/robots.txt" for visit in visits)
    assert not markets.visits("/internal/")
    assert not [visit for visit in visits if visit.path.endswith("/report")]
    assert all("Touchstone/" in visit.user_agent and "tests@example.com" in visit.user_agent for visit in visits)
    images = [visit.path for visit in visits if visit.path.startswith("/img/")]
    assert len(images) == len(set(images)) > 0
    times = [visit.time.timestamp() if hasattr(visit.time, "timestamp") else float(visit.time) for visit in visits]
    seconds = [sum(1 for other in times if start <= other < start + 1) for start in times]
    assert max(seconds) <= pace + 1, (
        "never more requests in any one second than the rate allows, give or take the first"
    )


def test_a_named_listing_is_visited(installation: Installation, markets: Markets) -> None:
    """``--url`` visits one listing without a search."""
    truth = next(listing for listing in markets.world.listings if listing.marketplace == "namu")
    url = f"{markets.demo.namu_url}/item/{truth.id}"
    (swept,) = installation.json("sweep", "--url", url)
    assert swept["request"]["marketplace"] == "namu"
    assert [listing.listing_id for listing in listings(installation)] == [truth.id]
    assert not markets.visits("/search")


@pytest.mark.parametrize(
    ("fault", "marketplace", "words"),
    [
        pytest.param(Fault.DOWN, "namu", "503", id="down"),
        pytest.param(Fault.CAPTCHA, "namu", "blocked", id="captcha"),
        pytest.param(Fault.BLOCKED, "namu", "blocked", id="blocked"),
        pytest.param(Fault.ROT, "namu", "empty", id="parser rot"),
        pytest.param(Fault.CAPTCHA, "plaza", "", id="captcha in a browser"),
    ],
)
def test_a_marketplace_that_shows_nothing_fails_loudly(
    installation: Installation, markets: Markets, fault: Fault, marketplace: str, words: str
) -> None:
    """A marketplace that is down, blocks or has changed fails the sweep, says how, and removes nothing."""
    setattr(markets.demo.faults, marketplace, fault)
    done = installation.run("sweep", "--brand", BRAND, "--marketplace", marketplace, "--max-listings", "5")
    assert done.returncode == 1
    assert "failed" in done.stderr
    assert words in done.stderr
    (swept,) = installation.json("sweeps")
    assert swept["status"] == "failed"
    assert swept["report"]["problems"]
    assert installation.sound()


def test_a_server_that_is_not_there_fails_loudly(installation: Installation, markets: Markets) -> None:
    """A refused connection is an error of the marketplace, told with its address's host, not a crash."""
    text = (installation.folder / "touchstone.toml").read_text(encoding="utf-8")
    text = text.replace(markets.demo.namu_url, "http://127.0.0.1:9")
    (installation.folder / "touchstone.toml").write_text(text, encoding="utf-8")
    done = installation.run("sweep", "--brand", BRAND, "--marketplace", "namu")
    assert done.returncode == 1
    assert "refused" in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert installation.sound()


def test_gone_listings_are_counted_as_gone(installation: Installation, markets: Markets) -> None:
    """A removed page (404, 410, or a page that says so) is counted as gone and makes no listing."""
    ids = [listing.id for listing in markets.world.listings if listing.marketplace == "namu"][:3]
    markets.demo.faults.gone.update(zip(ids, ("404", "410", "page"), strict=True))
    urls = [argument for number in ids for argument in ("--url", f"{markets.demo.namu_url}/item/{number}")]
    (swept,) = installation.json("sweep", *urls)
    assert swept["report"]["pages"] == {"gone": 3}
    assert listings(installation) == []


def test_loopback_is_refused_unless_allowed(installation: Installation, markets: Markets) -> None:
    """Addresses on this machine are not fetched unless the installation allows it for that marketplace."""
    path = installation.folder / "touchstone.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("allow_loopback = true", ""), encoding="utf-8")
    markets.demo.visits.clear()
    done = installation.run("sweep", "--brand", BRAND, "--marketplace", "namu")
    assert done.returncode == 1
    assert "allow_loopback" in done.stderr
    assert not list(markets.demo.visits)


def wait_for_listings(installation: Installation, process: subprocess.Popen[str], number: int) -> None:
    """Wait until a running sweep has stored so many listings."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with installation.store() as store:
            if sum(1 for _ in store.listings.all()) >= number:
                return
        time.sleep(0.1)
    pytest.fail(f"no {number} listings: {process.communicate()}")


def test_interrupt_keeps_what_was_stored(installation: Installation, markets: Markets) -> None:
    """Ctrl-C in the middle ends the sweep as interrupted with exit code 3; what was stored stays, and is sound."""
    installation.configure(markets, pace=15)
    with installation.start("sweep", "--brand", BRAND, "--marketplace", "namu") as process:
        wait_for_listings(installation, process, 3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    (swept,) = installation.json("sweeps")
    assert swept["status"] == "interrupted"
    assert len(listings(installation)) >= 3
    assert installation.sound()


def test_a_killed_sweep_is_closed_by_the_next(installation: Installation, markets: Markets) -> None:
    """SIGKILL leaves a sound store and a sweep that says it runs; the next sweep closes it as interrupted."""
    installation.configure(markets, pace=15)
    with installation.start("sweep", "--brand", BRAND, "--marketplace", "namu") as process:
        wait_for_listings(installation, process, 3)
        os.kill(process.pid, signal.SIGKILL)
    assert installation.sound()
    installation.configure(markets)
    installation.json("sweep", "--brand", BRAND, "--marketplace", "namu", "--max-listings", "2")
    assert [swept["status"] for swept in installation.json("sweeps")] == ["complete", "interrupted"]


def test_the_same_sweep_does_not_run_twice(installation: Installation, markets: Markets) -> None:
    """A second sweep of the same marketplace and brand ends at once with exit code 75 and says what runs."""
    installation.configure(markets, pace=15)
    with installation.start("sweep", "--brand", BRAND, "--marketplace", "namu") as process:
        wait_for_listings(installation, process, 1)
        second = installation.run("sweep", "--brand", BRAND, "--marketplace", "namu")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert second.returncode == 75
    assert "running already" in second.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount the small file system that this fills")
def test_a_full_disk_ends_the_sweep_and_loses_nothing(installation: Installation, markets: Markets) -> None:
    """When the disk is full the sweep ends with exit code 1 and a hint; what was acknowledged is there and sound."""
    small = installation.folder / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9M", "tmpfs", str(small)], check=False).returncode:
        pytest.skip("this machine allows no mounts")
    try:
        subprocess.run(["cp", "-r", f"{installation.folder}/store", f"{small}/store"], check=True)
        path = installation.folder / "touchstone.toml"
        text = path.read_text(encoding="utf-8").replace('store = "store"', 'store = "small/store"')
        path.write_text(text, encoding="utf-8")
        done = installation.run("sweep", "--brand", BRAND, "--marketplace", "namu")
        assert done.returncode == 1, done.stderr
        assert "is full" in done.stderr
        assert "Free some space" in done.stderr
        assert "Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,size=60M", str(small)], check=True)
        checked = installation.run("store", "check")
        assert checked.returncode == 0, checked.stderr
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_two_sweeps_side_by_side_fetch_nothing_twice(installation: Installation, markets: Markets) -> None:
    """Of two sweeps that find the same listings, one fetches each: its page, its photos, its seller's page; both end complete."""
    installation.configure(markets, pace=40)
    words = ("--marketplace", "namu", "--query", "벨하네", "--query", "Velhanne", "--max-listings", "25")
    both = [installation.start("sweep", "--brand", brand, *words) for brand in (BRAND, "tarnwick")]
    for one in both:
        _, err = one.communicate(timeout=120)
        assert one.returncode == 0, err
    fetched = [f"{visit.path}?{visit.query}" for visit in markets.visits("/") if not visit.path.startswith(("/search", "/robots.txt"))]  # fmt: skip
    assert len(fetched) > 25
    assert [path for path in set(fetched) if fetched.count(path) > 1] == []
    with installation.store() as store:
        spans = sorted((one.started_at, one.ended_at) for one in store.sweeps.all())
    assert spans[1][0] < spans[0][1], "they ran at the same time"


def test_flags_are_looked_at_again_when_somebody_asks(installation: Installation, markets: Markets) -> None:
    """`revisit` visits the flags' listings and says what became of each, unless its page did not tell; `--queue` leaves it to
    the scheduler."""
    installation.json("sweep", "--brand", BRAND, "--marketplace", "namu", "--max-listings", "30")
    by_listing = {flag["listing_row"]: flag for flag in installation.json("flags")}
    gone, up = list(by_listing.values())[:2]
    markets.demo.faults.gone[gone["listing"]["listing_id"]] = "410"
    numbers = [str(flag["id"]) for flag in (gone, up)]
    said = installation.run("revisit", *numbers)
    assert said.returncode == 0, said.stderr
    first, new, second = said.stdout.splitlines()
    assert first.startswith(f"flag {numbers[0]}: the listing is gone, looked at 20")
    assert new == "  new: removed"
    assert second.startswith(f"flag {numbers[1]}: the listing is up, looked at 20")
    markets.demo.faults.gone.clear()
    markets.demo.faults.namu = Fault.CAPTCHA
    assert f"flag {numbers[0]}: its page did not tell" in installation.run("revisit", numbers[0]).stdout
    blocked = installation.json("revisit", *numbers, code=1)
    assert [one["status"] for one in blocked["sweeps"]] == ["failed"]
    assert [(str(one["flag"]), one["standing"], one["events"]) for one in blocked["flags"]] == [
        (number, None, []) for number in numbers
    ]
    markets.demo.faults.namu = Fault.NONE
    (queued,) = installation.json("revisit", numbers[0], "--queue")
    assert (queued["status"], queued["request"]["trigger"]) == ("queued", "revisit")
    assert queued["request"]["urls"][0] == gone["listing"]["url"]
    unknown = installation.run("revisit", "9999")
    assert unknown.returncode == 2
    assert "there is no flag 9999" in unknown.stderr
    assert installation.sound()


def test_a_browser_that_does_not_start_is_held_against_no_marketplace(
    installation: Installation, markets: Markets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep that needs one fails and says why; one over HTTP goes on without captures. Neither opens a circuit, and what
    was to be visited is still there when the browser is back."""
    installation.configure(markets, extra="[capture]\nin_sweeps = true\n")
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", "/bin/false")
    failed = installation.run("sweep", "--brand", BRAND, "--marketplace", "plaza", "--max-listings", "3")
    assert failed.returncode == 2
    assert "cannot be started" in failed.stderr
    (swept,) = installation.json("sweep", "--brand", BRAND, "--marketplace", "namu", "--max-listings", "12")
    assert (swept["status"], swept["report"]["captures"]) == ("complete", 0)
    (problem,) = swept["report"]["problems"]
    assert problem.startswith("flagged listings are not captured: the browser ")
    assert "fault browser:" in installation.run("doctor").stdout
    with installation.store() as store:
        (first,) = [one for one in store.sweeps.all() if one.request.marketplace == "plaza"]
        assert first.status == "failed"
        assert first.report is not None
        assert any("cannot be started" in problem for problem in first.report.problems)
        assert [store.pace.refusal(place, None) for place in ("namu", "plaza")] == [None, None]
    monkeypatch.delenv("PLAYWRIGHT_NODEJS_PATH")
    (again,) = installation.json("sweep", "resume", str(first.id))
    assert (again["status"], again["report"]["listings"]) == ("complete", 3)
