"""Every command as a user types it: what it prints, where, and with which exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from operations.judge import judge
from tests.conftest import ROOT, Installation, Markets
from touchstone.verdicts import Decision, Label

LISTING = {
    "title": "미러급 Vеlhаnnе 님버스 3L 쉘 자켓",
    "marketplace": "namu",
    "price": "60000",
    "currency": "KRW",
    "seller_id": "nm-00001",
}


@pytest.fixture
def screened(installation: Installation) -> Installation:
    """An installation with a few listings swept."""
    installation.json("sweep", "--brand", "velhanne", "--marketplace", "namu", "--max-listings", "25")
    return installation


def test_help_imports_nothing_heavy() -> None:
    """``touchstone --help`` loads neither crawler nor store nor images: it answers at once."""
    code = (
        "import sys\nsys.argv = ['touchstone', '--help']\nfrom cli.app import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'scrapy', 'twisted', 'playwright', 'sqlite_utils', 'numpy', 'PIL', 'imagehash', 'apscheduler', 'babel', 'lxml'}\n"
        "sys.exit(','.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "sweep" in done.stdout


def test_init_writes_settings_that_load(bare: Installation) -> None:
    """``init`` writes a commented file that is valid as it is, and does not write over one."""
    assert bare.run("init").returncode == 0
    text = (bare.folder / "touchstone.toml").read_text(encoding="utf-8")
    assert "# store =" in text
    assert bare.run("marketplaces").returncode == 0
    again = bare.run("init")
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_template_with_every_line_uncommented_loads(bare: Installation) -> None:
    """Each example in the template is a setting that exists."""
    from touchstone.configuration import TEMPLATE

    lines = [line[2:] if "=" in line or line.startswith("# [") else line for line in TEMPLATE.splitlines()]
    kept = [line for line in lines if not line.startswith("#")]
    (bare.folder / "touchstone.toml").write_text("\n".join(kept), encoding="utf-8")
    assert bare.run("marketplaces").returncode == 0


def test_data_on_stdout_progress_on_stderr(screened: Installation) -> None:
    """Standard output holds data alone, so that it can be piped."""
    done = screened.run("flags", "--json")
    json.loads(done.stdout)
    table = screened.run("flags")
    assert "label" in table.stdout
    assert table.stderr == ""


def test_flags_filter(screened: Installation) -> None:
    """Brand, label, status, probability and limit narrow the queue."""
    everything = screened.json("flags", "--status", "all")
    labels = {flag["flag"]["label"] for flag in everything}
    for label in labels:
        assert {flag["flag"]["label"] for flag in screened.json("flags", "--label", label)} == {label}
    assert all(flag["flag"]["probability"] >= 0.9 for flag in screened.json("flags", "--min-probability", "0.9"))
    assert len(screened.json("flags", "--limit", "1")) == 1
    assert screened.json("flags", "--brand", "lumisk") == []
    wrong = screened.run("flags", "--status", "opne")
    assert wrong.returncode == 2
    assert "did you mean 'open'" in wrong.stderr


def test_show_explains(screened: Installation) -> None:
    """``show`` prints both sides, every finding with its weight, and counterfactuals; its numbers add up."""
    flag = screened.json("flags", "--label", "unauthorized_seller")[0]
    number = str(flag["id"])
    shown = screened.json("show", number)
    total = shown["stored"]["flag"]["bias"] + sum(reason["points"] for reason in shown["stored"]["flag"]["reasons"])
    assert total > 0
    assert any(one["change"] == "the seller were authorized" for one in shown["counterfactuals"])
    text = screened.run("show", number).stdout
    assert "genuine product" in text
    assert "It would not be flagged if" in text
    assert "log-odds in all" in text


def test_judge_is_kept(screened: Installation) -> None:
    """A decision changes the flag's standing, is listed with its note, and survives rescreening."""
    number = str(screened.json("flags")[0]["id"])
    decided = screened.run("judge", number, "confirm", "--note", "시험 구매로 확인")
    assert decided.returncode == 0
    assert "confirmed" in decided.stdout
    screened.json("rescreen")
    shown = screened.json("show", number)
    assert shown["stored"]["status"] == "confirmed"
    assert shown["judgements"][0]["note"] == "시험 구매로 확인"
    assert screened.run("judge", number, "perhaps").returncode == 2
    assert screened.run("judge", "99999", "confirm").returncode == 2
    assert screened.sound()


def test_rescreen_needs_no_network_and_changes_nothing(screened: Installation, markets: Markets) -> None:
    """Detection run again over the same listings gives the same flags, without a request."""
    before = screened.json("flags", "--status", "all")
    markets.demo.visits.clear()
    report = screened.json("rescreen")
    assert report["listings"] == 25
    assert report["raised"] == 0
    after = screened.json("flags", "--status", "all")
    strip = [(flag["id"], flag["status"], flag["flag"]) for flag in before]
    assert [(flag["id"], flag["status"], flag["flag"]) for flag in after] == strip
    assert not list(markets.demo.visits)


def test_calibrate_proposes_asks_and_can_be_undone(screened: Installation) -> None:
    """Too few decisions teach nothing; enough are fitted, nothing holds before a yes, and version 0 comes back."""
    assert "too few to learn from" in screened.run("calibrate").stdout
    with screened.store() as store:
        flags = list(store.flags.ranked(label=Label.UNAUTHORIZED_SELLER))
        for place, stored in enumerate(flags):
            judge(store, stored.id, Decision.DISMISS if place % 2 else Decision.CONFIRM, actor="kim")
        decided = len(flags)
    proposal = screened.json("calibrate")
    told = {change["label"]: change["decided"] for change in proposal["proposal"]["changes"]}
    assert told["unauthorized_seller"] == decided
    assert screened.run("calibrate", "--apply", given="n\n").returncode == 0
    assert screened.json("weights", "list") == []
    assert screened.run("weights", "use", "0", "--note", "as shipped").returncode == 0
    assert [one["note"] for one in screened.json("weights", "list")] == ["as shipped"]
    assert "(holds)" in screened.run("weights", "list").stdout
    refused = screened.run("weights", "use", "9")
    assert refused.returncode == 2 and "there are no weights 9" in refused.stderr
    assert screened.sound()


def test_screen_reads_json_lines(installation: Installation) -> None:
    """``screen`` looks at listings that are handed in, from a file or a pipe, and stores nothing."""
    path = installation.folder / "given.jsonl"
    path.write_text(json.dumps(LISTING, ensure_ascii=False) + "\n\n", encoding="utf-8")
    done = installation.run("screen", str(path), "--json")
    assert done.returncode == 0, done.stderr
    labels = {flag["label"] for flag in json.loads(done.stdout)["screening"]["flags"]}
    assert "counterfeit" in labels
    piped = installation.run("screen", "-", given=json.dumps(LISTING))
    assert "counterfeit" in piped.stdout
    with installation.store() as store:
        assert list(store.listings.all()) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("{", "is not JSON", id="not JSON"),
        pytest.param("[1]", "is not a JSON object", id="not an object"),
        pytest.param('{"titel": "x"}', "did you mean 'title'", id="misspelt key"),
        pytest.param('{"title": "x", "price": "12"}', "price without currency", id="no currency"),
        pytest.param('{"title": "x", "price": "a", "currency": "KRW"}', "is not an amount", id="no amount"),
        pytest.param('{"title": "x", "price": 1, "currency": "WON"}', "ISO 4217", id="no such currency"),
        pytest.param('{"title": "x", "images": ["no.jpg"]}', "no.jpg cannot be read", id="no such image"),
    ],
)
def test_screen_names_the_bad_line(installation: Installation, line: str, words: str) -> None:
    """A line that cannot be read is named with its number and its mend; exit code 2."""
    done = installation.run("screen", "-", given='{"title": "fine"}\n' + line)
    assert done.returncode == 2
    assert "line 2" in done.stderr
    assert words in done.stderr
    assert "fine" in done.stdout, "lines before it were answered"


def test_catalog_import_names_every_bad_row(bare: Installation) -> None:
    """Each bad row of each format is named with file, row, field and mend, and nothing is imported."""
    (bare.folder / "text.jpg").write_text("no photo", encoding="utf-8")
    (bare.folder / "a.csv").write_text(
        "brand,sku,title,price,currency,gtin,images\n"
        "ghost,A,Ghost jacket,10,USD,,\n"
        "velhanne,B,Good jacket,12x,USD,,\n"
        "velhanne,C,Jacket,10,WON,,\n"
        "velhanne,D,Jacket,10,USD,2001234567890,\n"
        "velhanne,E,Jacket,10,USD,,none.jpg\n"
        "velhanne,F,Jacket,10,USD,,text.jpg\n"
        "velhanne,B,Twice,10,USD,,\n",
        encoding="utf-8",
    )
    (bare.folder / "b.jsonl").write_text(
        '{"record": "brand", "id": "velhanne", "name": "Velhanne"}\n{"record": "seler"}\nnot json\n', encoding="utf-8"
    )
    (bare.folder / "c.toml").write_text(
        '[[seller]]\nbrand = "velhanne"\nmarketplace = "namu"\nseler_id = "x"\n'
        '[[seller]]\nbrand = "velhanne"\nmarketplace = "namu"\nseller_id = "x"\nvalid_from = 2026-02-01\nvalid_until = 2026-01-01\n'
        '[[price]]\nbrand = "velhanne"\nsku = "Z"\ncurrency = "USD"\nlist_price = "5"\nminimum_advertised_price = "9"\n',
        encoding="utf-8",
    )
    done = bare.run("catalog", "import", "a.csv", "b.jsonl", "c.toml")
    assert done.returncode == 2
    for words in (
        "a.csv row 2: brand 'ghost' is not in the catalog",
        "a.csv row 3: price: '12x' is not an amount",
        "a.csv row 4: price: 'WON' is not an ISO 4217 currency code",
        "a.csv row 5: gtin: 2001234567890 has a wrong check digit",
        "a.csv row 6: images: none.jpg cannot be read",
        "a.csv row 7: images: text.jpg: not a readable image",
        "a.csv row 8: product velhanne B stands already at a.csv row 3",
        "b.jsonl row 2: record 'seler' is not one of brand, product, price, seller, rate, right; did you mean 'seller'?",
        "b.jsonl row 3: is not JSON",
        "c.toml [[seller]] 1: seler_id: is not a known key; did you mean 'seller_id'?",
        "c.toml [[seller]] 2: valid_until 2026-01-01 is before valid_from 2026-02-01",
        "c.toml [[price]] 1: sku 'Z' is not a product of 'velhanne'",
        "nothing was imported",
    ):
        assert words in done.stderr, done.stderr
    assert bare.json("catalog", "show") == {"authorized": [], "rates": [], "brands": [], "references": [], "rights": []}


def test_catalog_in_all_three_formats_is_the_same(bare: Installation, make_installation: object) -> None:
    """The same brand, product, price and seller as CSV, JSON Lines or TOML give the same catalog."""
    assert callable(make_installation)
    forms = {
        "csv": {
            "b.csv": "id,name,aliases\nvelhanne,Velhanne,벨하네|벨하느\n",
            "p.csv": "brand,sku,title,titles,gtin,price,currency,minimum_advertised_price\n"
            "velhanne,VL-1,Shell Jacket,쉘 자켓,2001234567893,289000,KRW,249000\n",
            "s.csv": "brand,marketplace,seller_id,valid_until\nvelhanne,namu,nm-1,2030-01-01\n",
        },
        "jsonl": {
            "c.jsonl": '{"record":"brand","id":"velhanne","name":"Velhanne","aliases":["벨하네","벨하느"]}\n'
            '{"brand":"velhanne","sku":"VL-1","title":"Shell Jacket","titles":["쉘 자켓"],"gtin":["2001234567893"],'
            '"price":289000,"currency":"KRW","minimum_advertised_price":"249000"}\n'
            '{"record":"seller","brand":"velhanne","marketplace":"namu","seller_id":"nm-1","valid_until":"2030-01-01"}\n'
        },
        "toml": {
            "c.toml": '[[brand]]\nid="velhanne"\nname="Velhanne"\naliases=["벨하네","벨하느"]\n[[product]]\nbrand="velhanne"\n'
            'sku="VL-1"\ntitle="Shell Jacket"\ntitles=["쉘 자켓"]\ngtin=["2001234567893"]\n[[price]]\nbrand="velhanne"\nsku="VL-1"\n'
            'currency="KRW"\nlist_price="289000"\nminimum_advertised_price="249000"\n[[seller]]\nbrand="velhanne"\n'
            'marketplace="namu"\nseller_id="nm-1"\nvalid_until=2030-01-01\n'
        },
    }
    catalogs = []
    for name, files in forms.items():
        place = make_installation(name)
        for file, text in files.items():
            (place.folder / file).write_text(text, encoding="utf-8")
        done = place.run("catalog", "import", *files)
        assert done.returncode == 0, done.stderr
        catalogs.append(place.json("catalog", "show"))
    assert catalogs[0] == catalogs[1] == catalogs[2]
    assert catalogs[0]["references"][0]["prices"][0]["minimum_advertised"] == {"currency": "KRW", "minor": 249000}


def test_unknown_names_suggest_the_nearest(installation: Installation) -> None:
    """An unknown brand or marketplace is refused with exit code 2 and the nearest known one."""
    brand = installation.run("sweep", "--brand", "velhane")
    assert (brand.returncode, "did you mean 'velhanne'" in brand.stderr) == (2, True)
    place = installation.run("sweep", "--brand", "velhanne", "--marketplace", "namo")
    assert (place.returncode, "did you mean 'namu'" in place.stderr) == (2, True)
    nothing = installation.run("sweep")
    assert (nothing.returncode, "nothing to look for" in nothing.stderr) == (2, True)
    stranger = installation.run("sweep", "--url", "https://elsewhere.example/item/1")
    assert (stranger.returncode, "belongs to none" in stranger.stderr) == (2, True)


def test_misspelt_keys_are_named(installation: Installation) -> None:
    """A misspelt key in touchstone.toml or a marketplace's TOML is named with line and nearest key; exit code 2."""
    settings = installation.folder / "touchstone.toml"
    sound = settings.read_text(encoding="utf-8")
    settings.write_text("stroe = 'x'\n" + sound, encoding="utf-8")
    done = installation.run("flags")
    assert done.returncode == 2
    assert "line 1: stroe: is not a known key; did you mean 'store'?" in done.stderr
    folder = installation.folder / "mine"
    folder.mkdir()
    text = (ROOT / "fixtures/demo/marketplaces/namu.toml").read_text(encoding="utf-8")
    (folder / "odd.toml").write_text(
        text.replace("max_pages", "max_pagse").replace("h1.item-title", "h1[["), encoding="utf-8"
    )
    settings.write_text(
        sound.replace("marketplace_folders = [", f'marketplace_folders = ["{folder}", '), encoding="utf-8"
    )
    done = installation.run("sweep", "--brand", "velhanne", "--marketplace", "odd")
    assert done.returncode == 2
    assert "search.max_pagse: is not a known key; did you mean 'max_pages'?" in done.stderr
    listed = installation.run("marketplaces")
    assert listed.returncode == 2
    assert "namu" in listed.stdout
    doctor = installation.run("doctor")
    assert doctor.returncode == 1
    assert "marketplace odd" in doctor.stdout


def test_doctor_finds_this_installation_well(installation: Installation) -> None:
    """``doctor`` looks at everything that a sweep needs and finds no fault here."""
    checks = {check["name"]: check for check in installation.json("doctor")}
    assert checks["browser"]["state"] == ("note" if os.geteuid() == 0 else "ok")  # root has no sandbox
    assert "version" in checks["browser"]["what"]
    assert checks["rooms"]["state"] == "ok"
    assert "namu" in checks["marketplaces"]["what"]
    assert checks["contact"]["state"] == "ok"


def test_doctor_sees_what_would_keep_the_scheduler_from_working(installation: Installation) -> None:
    """A cron line that is none, a brand and a marketplace that are not there, and a secret that the environment lacks."""
    settings = installation.folder / "touchstone.toml"
    sweeps = {
        "cron": ("velhanne", "namu", "61 * * * *"),
        "brand": ("velhane", "namu", "0 6 * * *"),
        "fine": ("velhanne", "plaza", "0 6 * * *"),
    }
    tables = "".join(
        f'[[sweep]]\nname = "{name}"\nbrand = "{brand}"\nmarketplace = "{place}"\ncron = "{cron}"\n'
        for name, (brand, place, cron) in sweeps.items()
    )
    more = '[marketplaces.plazza]\nrequests_per_second = 1\n[alerts]\nwebhook = "env:TOUCHSTONE_NOPE"\n'
    settings.write_text(settings.read_text(encoding="utf-8") + more + tables, encoding="utf-8")
    checks = {check["name"]: check for check in installation.json("doctor", code=1) if check["state"] == "fault"}
    assert set(checks) == {"schedule cron", "schedule brand", "[marketplaces.plazza]", "alerts"}
    assert "velhanne" in checks["schedule brand"]["what"]
    assert "plaza" in checks["[marketplaces.plazza]"]["mend"]
    assert "TOUCHSTONE_NOPE" in checks["alerts"]["what"]


def test_doctor_sees_a_foreign_room(installation: Installation, tmp_path: Path) -> None:
    """A package of the same name elsewhere on the path, which would shadow ours silently, is a fault."""
    foreign = tmp_path / "foreign" / "storage"
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text("", encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from operations.doctor import _rooms\n"
        f"sys.modules.pop('storage'); sys.path.insert(0, {str(foreign.parent)!r})\n"
        "print([check.state for check in _rooms()])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['fault']"


def test_detectors_print_what_they_look_for(bare: Installation) -> None:
    """``detectors`` prints each detector's own words and the weight of each of its findings."""
    text = bare.run("detectors").stdout
    assert "May this seller sell the brand" in text
    assert "seller_authorized: counterfeit -" in text


def test_store_check_says_what_is_wrong(screened: Installation) -> None:
    """A changed blob and an edited audit row are found and named; exit code 4."""
    assert screened.run("store", "check").returncode == 0
    with screened.store() as store:
        blob = next(store.blobs.names())
        store.blobs.path(blob).write_bytes(b"other")
        store.db.conn.execute("DROP TRIGGER audit_keeps_update")
        store.db.conn.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 2")
        store.db.conn.commit()
    done = screened.run("store", "check")
    assert done.returncode == 4
    assert blob in done.stdout.replace("\n", "")
    assert "audit row 2 was changed" in done.stdout
    assert "audit has lost the trigger" in done.stdout


def test_without_a_store_commands_say_what_to_do(bare: Installation) -> None:
    """Commands that need a store say how to make one; exit code 2."""
    done = bare.run("flags")
    assert done.returncode == 2
    assert "touchstone catalog import" in done.stderr


def test_hostile_titles_cannot_write_to_the_terminal(installation: Installation) -> None:
    """Control characters and markup in a title are shown harmlessly, never interpreted."""
    hostile = {**LISTING, "title": "\x1b[2J[red]Velhanne[/red] \x07님버스 3L 쉘 자켓\u202e"}
    done = installation.run("screen", "-", given=json.dumps(hostile))
    assert done.returncode == 0
    assert "\x1b[2J" not in done.stdout
    assert "\x07" not in done.stdout
    assert "\u202e" not in done.stdout
    assert "[red]Velhanne[/red]" in done.stdout
