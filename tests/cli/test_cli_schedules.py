"""Sweeps on a clock, alerts and the store's upkeep, as a user types them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from operations import clock, schedules
from operations.keeping import keep_listing
from storage.store import Store
from tests.conftest import ROOT, Installation
from tests.storage.store_samples import a_capture, a_flag, a_listing, a_look
from touchstone.alerts import Alert, AlertKind
from touchstone.catalog import Brand, Catalog
from touchstone.configuration import Configuration, ScheduledSweep, load
from touchstone.frontier import Outcome, PageKind, Visit
from touchstone.listing import PageStatus
from touchstone.schedules import Result
from touchstone.sweeps import SweepReport, SweepRequest, SweepStatus, Trigger

NAMU = ("--brand", "velhanne", "--marketplace", "namu")
REQUEST = SweepRequest(marketplace="namu", brand="velhanne", queries=("벨하네",))
TWENTY = "every-morning-namu-v"  # as long as names commonly are: MARKETPLACE-BRAND
OF_THE_FILE = f'[[sweep]]\nbrand = "velhanne"\nmarketplace = "namu"\ncron = "30 6 * * *"\nzone = "Asia/Seoul"\nname = "{TWENTY}"\n'
YEARS_AGO = datetime(2020, 3, 1, 12, tzinfo=UTC)


def settle(installation: Installation, extra: str = "", *, store: str = "store") -> None:
    """Write settings; the marketplace answers at no address, since nothing here is swept."""
    text = f'store = "{store}"\nmarketplace_folders = ["{ROOT / "fixtures/demo/marketplaces"}"]\n'
    address = '[marketplaces.namu]\nbase_url = "https://namu.example"\n'
    (installation.folder / "touchstone.toml").write_text(f"{text}{address}{extra}", encoding="utf-8")


@pytest.fixture
def planned(bare: Installation) -> Installation:
    """An installation with one brand, one marketplace, and a flagged listing of years ago."""
    settle(bare)
    with Store.open(bare.folder / "store") as store:
        with store.transaction():
            store.catalog.upsert(Catalog(brands=(Brand(id="velhanne", name="Velhanne", aliases=("벨하네",)),)))
            store.sweeps.know_marketplace("namu", title="Namu", base_url="https://namu.example")
            number = store.sweeps.open(REQUEST, YEARS_AGO)
            store.frontier.add(number, [Visit(kind=PageKind.LISTING, url=a_listing().url)])
            (visit,) = store.frontier.lease(number, 1).visits
            store.frontier.settle(visit, Outcome(status=PageStatus.LISTING, http=200))
            store.sweeps.close(number, SweepReport(status=SweepStatus.COMPLETE), YEARS_AGO)
        keep_listing(store, number, a_look(a_listing(), a_flag()), None)
    return bare


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], None]]:
    """Moves the clock of this process on; the commands live by the real one."""

    def move(length: timedelta) -> None:
        moment = datetime.now(UTC) + length
        clock.use(lambda: moment, 1.0)

    yield move
    clock.use(lambda: datetime.now(UTC), 1.0)


def here(installation: Installation) -> Configuration:
    return load(installation.folder / "touchstone.toml")


TOGETHER = """
import contextlib, io, json, sys
from cli.app import main
said = []
for arguments in json.load(sys.stdin):
    sys.argv, code, out, err = ["touchstone", *arguments], 0, io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
    said.append((code, out.getvalue(), err.getvalue()))
json.dump(said, sys.stdout)
"""


class Said(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def refusal(self) -> str:
        """What it says that is refused: the message, and below it what to do."""
        assert (self.code, self.out) == (2, ""), self
        message, *hint = self.err.splitlines()
        assert message.startswith("touchstone: "), self
        assert hint, self
        return self.err


def together(installation: Installation, *commands: tuple[str, ...]) -> list[Said]:
    """Run commands one after another in one process, which spares the start of each."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", TOGETHER], cwd=installation.folder, env=environment, text=True, encoding="utf-8",
        input=json.dumps(commands), capture_output=True, check=True,
    )  # fmt: skip
    return [Said(*one) for one in json.loads(done.stdout)]


def narrow(installation: Installation, *arguments: str) -> str:
    """What a command prints on a terminal of eighty columns."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments], cwd=installation.folder, env=environment, text=True,
        encoding="utf-8", capture_output=True, check=True,
    ).stdout  # fmt: skip


# Schedules


def test_a_schedules_life(planned: Installation) -> None:
    """Added, listed, shown, paused, resumed, run beside its clock and removed; its sweeps stay, and so do Korean words."""
    words = ("벨하네", "벨하네 가방 👜", "벨하네 미러급", "a&b=%20 'x'")
    given = [part for word in words for part in ("--query", word)]
    add = (
        "schedule", "add", *NAMU, "--cron", "30 6 * * 1-5", "--zone", "Asia/Seoul", "--max-listings", "40",
        "--priority", "70", "--name", "mornings", *given, "--json",
    )  # fmt: skip
    on = [("schedule", command, "mornings") for command in ("show", "pause", "resume", "run-now", "remove")]
    show, pause, resume, run_now, remove = on
    everything, unknown = ("schedule", "list"), ("schedule", "show", "morning")
    first, again, shown, paused, listed, resumed, queued, busy, removed, none, gone = together(
        planned, add, add, (*show, "--json"), pause, everything, (*resume, "--json"), (*run_now, "--json"), run_now,
        (*remove, "--json"), everything, unknown,
    )  # fmt: skip
    added = first.json
    assert added["sweep"] == {
        "brand": "velhanne", "marketplace": "namu", "cron": "30 6 * * 1-5", "every": None, "zone": "Asia/Seoul",
        "queries": list(words), "max_listings": 40, "priority": 70, "name": "mornings",
    }  # fmt: skip
    due = datetime.fromisoformat(added["next_at"])
    assert (due.hour, due.minute, added["state"], added["source"]) == (21, 30, "active", "store")
    assert "called mornings already" in again.refusal
    assert shown.json == {"schedule": added, "occurrences": []}
    assert "mornings: 30 6 * * 1-5 Asia/Seoul, paused" in paused.out
    assert "paused" in listed.out
    assert "No scheduler runs" in listed.err
    assert resumed.json == added
    sweep = queued.json
    assert (sweep["status"], sweep["request"]["trigger"]) == (SweepStatus.QUEUED, Trigger.SCHEDULE)
    assert (sweep["request"]["queries"], sweep["request"]["max_listings"]) == (list(words), 40)
    assert sweep["place"]["schedule"] == added["id"]
    assert "sweep 2 of mornings is queued already" in busy.refusal
    assert removed.json["state"] == "removed"
    assert "No schedule yet" in none.err
    assert "touchstone schedule add" in gone.refusal
    with planned.store() as store:
        assert [sweep.status for sweep in store.sweeps.all()] == [SweepStatus.QUEUED, SweepStatus.COMPLETE]
        actions = [entry.action for entry in store.audit.entries()]
    assert [one for one in actions if one.startswith("schedule.")] == [
        "schedule.add", "schedule.pause", "schedule.resume", "schedule.remove",
    ]  # fmt: skip
    assert planned.sound()


def test_show_says_what_became_of_each_time(planned: Installation, later: Callable[[timedelta], None]) -> None:
    """Each time that it was due has a line: its sweep, or why there was none, and what was missed; no markup is obeyed."""
    with planned.store() as store:
        number = schedules.add(
            here(planned), store, ScheduledSweep(brand="velhanne", marketplace="namu", every="1h")
        ).id
        assert schedules.strike(here(planned), store, number)
        later(timedelta(hours=3))
        assert schedules.strike(here(planned), store, number)
        with store.transaction():
            store.schedules.conclude(
                number, result=Result.BLOCKED, at=YEARS_AGO, failures=2, not_before=None, note="[red]차단됨[/]"
            )
    show = ("schedule", "show", "namu-velhanne")
    said, last = together(planned, show, (*show, "--last", "1", "--json"))
    shown = said.out
    assert "last result: blocked ×2" in shown
    assert "[red]차단됨[/]" in shown
    newest, before = (line for line in shown.splitlines() if line.startswith("  20"))
    assert newest.endswith(" skipped: sweep 2 of this schedule is still queued, for 2 missed before it as well")
    assert before.endswith(" sweep 2 queued")
    (told,) = last.json["occurrences"]
    assert (told["sweep"], told["missed"]) == (None, 2)


def test_schedules_of_the_file_stand_beside_the_others(planned: Installation) -> None:
    """They need no adding, can be paused, and removed when their table is gone; a name in both places is refused until one is."""
    settle(planned, OF_THE_FILE)
    everything = ("schedule", "list", "--json")
    added, listed, kept, paused, queued = together(
        planned, ("schedule", "add", *NAMU, "--every", "6h"), everything, ("schedule", "remove", TWENTY),
        ("schedule", "pause", TWENTY, "--json"), ("schedule", "run-now", TWENTY),
    )  # fmt: skip
    assert added.out.startswith("namu-velhanne: every 6h, due 20")
    assert [(one["sweep"]["name"], one["source"]) for one in listed.json] == [(TWENTY, "file"), (None, "store")]
    assert "is in touchstone.toml" in kept.refusal
    assert f"touchstone schedule pause {TWENTY}" in kept.refusal
    assert paused.json["state"] == "paused"
    assert queued.out == f"sweep 2 of {TWENTY} is queued\n"
    assert "touchstone sweep watch 2" in queued.err
    settle(planned)
    still, removed, rest = together(planned, ("schedule", "list"), ("schedule", "remove", TWENTY), everything)
    assert TWENTY in still.out
    assert f"{TWENTY} is not in this touchstone.toml: it goes when the scheduler" in still.err
    assert removed.out.startswith(f"{TWENTY}: ")
    assert [one["source"] for one in rest.json] == ["store"]
    settle(planned, OF_THE_FILE.replace(TWENTY, "namu-velhanne"))
    twice, removed, one = together(planned, everything, ("schedule", "remove", "namu-velhanne"), everything)
    assert "touchstone schedule remove namu-velhanne" in twice.refusal
    assert removed.code == 0
    assert [one["source"] for one in one.json] == ["file"]


def test_a_misspelt_name_gets_the_nearest(planned: Installation) -> None:
    """Whatever is to be done with it."""
    settle(planned, OF_THE_FILE)
    commands = ("show", "pause", "resume", "remove", "run-now")
    for said in together(planned, *(("schedule", command, "every-moning-namu-v") for command in commands)):
        assert f"did you mean '{TWENTY}'?" in said.refusal


SLIPS = {
    "61 * * * *": (*NAMU, "--cron", "61 * * * *"),
    "'Asia/Soul'": (*NAMU, "--cron", "0 6 * * *", "--zone", "Asia/Soul"),
    "every": (*NAMU, "--every", "6x"),
    "needs a clock": NAMU,
    "Bad day-of-month": (*NAMU, "--cron", "0 0 30 2 *"),
    "not five fields": (*NAMU, "--cron", "0 0 6 * * *"),
    "not both": (*NAMU, "--every", "6h", "--cron", "0 6 * * *"),
    "name": (*NAMU, "--every", "6h", "--name", "나무 마켓"),
    "did you mean 'velhanne'?": ("--brand", "velhane", "--marketplace", "namu", "--every", "6h"),
    "did you mean 'namu'?": ("--brand", "velhanne", "--marketplace", "nam", "--every", "6h"),
}


def test_what_cannot_be_swept_is_not_kept(planned: Installation) -> None:
    """A slip is told with its mend, exit 2, and nothing is left of the attempt."""
    with planned.store() as store:
        before = len(list(store.audit.entries()))
    said = together(planned, *(("schedule", "add", *arguments) for arguments in SLIPS.values()))
    for words, one in zip(SLIPS, said, strict=True):
        assert words in one.refusal
    with planned.store() as store:
        assert store.schedules.all(removed=True) == []
        assert len(list(store.audit.entries())) == before
        assert len(list(store.sweeps.all())) == 1


def test_names_are_whole_on_a_narrow_terminal(planned: Installation) -> None:
    """At eighty columns a schedule's name can be copied from the list, whatever else there is to say of it."""
    settle(planned, OF_THE_FILE)
    assert TWENTY in narrow(planned, "schedule", "list").split()
    with planned.store() as store, store.transaction():
        note = "listing pages: blocked (HTTP 403), and the marketplace is left in peace for an hour"
        number = store.schedules.all()[0].id
        store.schedules.conclude(number, result=Result.BLOCKED, at=YEARS_AGO, failures=3, not_before=None, note=note)
    listed = narrow(planned, "schedule", "list")
    assert TWENTY in listed.split()
    assert "×3" in listed.split()


# The queue


def test_a_sweep_can_be_left_to_the_scheduler(planned: Installation) -> None:
    """``--queue`` prints its number and how to follow it; it is listed as waiting, and only numbers that exist are followed."""
    queued, another, sweeps, unknown = together(
        planned, ("sweep", *NAMU, "--query", "벨하네 가방", "--queue"), ("sweep", *NAMU, "--queue", "--json"),
        ("sweeps",), ("sweep", "watch", "99"),
    )  # fmt: skip
    assert queued.out == "sweep 2 of namu is queued\n"
    assert "touchstone sweep watch 2" in queued.err
    (sweep,) = another.json
    assert (sweep["id"], sweep["status"], sweep["request"]["trigger"]) == (3, "queued", "analyst")
    assert "sweep 2 of namu (벨하네 가방): queued" in sweeps.out
    assert "sweep 3 of namu (Velhanne, 벨하네): queued" in sweeps.out
    assert "there is no sweep 99" in unknown.refusal
    with planned.store() as store:
        assert [one.id for one in store.sweeps.waiting(datetime.now(UTC))] == [2, 3]


def test_an_ended_sweep_is_watched_to_its_end(planned: Installation) -> None:
    """Following what has ended says at once what was flagged; and `show` is of flags, as it was."""
    watched = planned.run("sweep", "watch", "1")
    assert watched.returncode == 0
    assert "sweep 1 of namu (벨하네): complete" in watched.stderr
    assert "벨하네 가죽 토트백" in watched.stdout
    flag = planned.run("show", "1")
    assert flag.returncode == 0
    assert "벨하네 가죽 토트백 L1" in flag.stdout


# Alerts


def test_a_quiet_store_has_no_alerts(planned: Installation) -> None:
    """Nothing on standard output, and a word that nothing is wrong; what is wrong is listed with what to do, until it is over."""
    quiet = planned.run("alerts", "list")
    assert (quiet.returncode, quiet.stdout) == (0, "")
    assert "Nothing is wrong" in quiet.stderr
    alert = Alert(kind=AlertKind.DISK_LOW, subject="disk", message="디스크 [red]1 GB[/] is left", hint="Make room.")
    with planned.store() as store, store.transaction():
        store.alerts.tell(alert, datetime.now(UTC))
    listed = planned.run("alerts", "list")
    assert "disk-low 디스크 [red]1 GB[/] is left" in listed.stdout
    assert "Make room." in listed.stdout
    with planned.store() as store, store.transaction():
        store.alerts.resolve(AlertKind.DISK_LOW, "disk", datetime.now(UTC), "there is room again")
    assert "Nothing is wrong" in planned.run("alerts", "list").stderr
    assert [one["over"] for one in planned.json("alerts", "list", "--all")] == [True, False]


def test_channels_are_tried_out(bare: Installation) -> None:
    """Without any it says so; one that fails is named with the reason, beside the others, and the exit code is 1."""
    settle(bare)
    none = bare.run("alerts", "test")
    assert (none.returncode, none.stdout) == (0, "")
    assert "No channel is configured" in none.stderr
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]  # nobody listens there
    mail = '[alerts.mail]\nhost = "127.0.0.1"\nsender = "t@example.com"\npassword = "env:TOUCHSTONE_NOT_SET"\n'
    settle(bare, f'[alerts]\nwebhook = "http://127.0.0.1:{port}/hook"\nto = ["us@example.com"]\n{mail}')
    dead = bare.run("alerts", "test")
    assert dead.returncode == 1
    assert "webhook: the webhook was not reached" in dead.stdout
    assert "TOUCHSTONE_NOT_SET" in dead.stdout
    assert "touchstone: webhook, mail failed" in dead.stderr
    assert "[alerts]" in dead.stderr
    assert set(bare.json("alerts", "test", code=1)) == {"webhook", "mail"}


# The store


def test_a_copy_is_a_store(planned: Installation, make_installation: Callable[[str], Installation]) -> None:
    """The copy passes its check and holds what the store held; made again it takes only what is new."""
    sweep = ScheduledSweep(brand="velhanne", marketplace="namu", every="6h", queries=("벨하네",))
    with planned.store() as store:
        kept = schedules.add(here(planned), store, sweep)
        keep_listing(store, 1, a_look(a_listing("L2")), a_capture(store.blobs.put("<p>벨하네".encode())))
    (inside,) = together(planned, ("store", "backup", "store/copy"))
    assert "within the store itself" in inside.refusal
    copied = planned.run("store", "backup", "copy")
    assert copied.returncode == 0, copied.stderr
    assert "The store is copied to copy; 1 files were new." in copied.stdout
    assert planned.json("store", "backup", "copy") == {"folder": "copy", "files": 0}
    other = make_installation("other")
    settle(other, store="../copy")
    checked = other.run("store", "check")
    assert checked.returncode == 0, checked.stdout
    assert "The store is sound." in checked.stdout
    with Store.open(planned.folder / "copy", create=False) as copy:
        assert copy.schedules.all() == [kept]


def test_vacuum_says_first_what_it_would_delete(planned: Installation) -> None:
    """``--dry-run`` deletes nothing; without it what has expired goes, once, and the flag is as it was."""
    show, vacuum = ("show", "1", "--json"), ("store", "vacuum")
    before, would, done, left, after = together(
        planned, show, (*vacuum, "--dry-run"), vacuum, (*vacuum, "--dry-run", "--json"), show
    )
    assert "1 visits would be deleted" in would.out
    assert "1 visits deleted" in done.out
    assert left.json["visits"] == 0
    assert after.json == before.json
    assert planned.sound()
