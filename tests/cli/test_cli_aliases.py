"""Spellings in the other script: proposed after an import, counted by a command, and never looked for unasked."""

import json
from datetime import UTC, datetime

from tests.conftest import Installation
from touchstone.listing import Listing
from touchstone.sweeps import SweepRequest

CATALOG = """
[[brand]]
id = "velhanne"
name = "Velhanne"

[[brand]]
id = "brimdal"
name = "Brimdal"
aliases = ["브림달"]

[[brand]]
id = "sulhwa"
name = "설화"

[[brand]]
id = "zara"
name = "Zara"
"""
TITLES = ("벨하네 쉘 자켓", "정품 벨 하네자켓", "Seolhwa 크림", "SEOLHWA크림", "Seolhwas cream", "미러급 자켓")


def imported(bare: Installation) -> Installation:
    """An installation with the catalog."""
    (bare.folder / "touchstone.toml").write_text('store = "store"\n', encoding="utf-8")
    (bare.folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    return bare


def test_import_proposes_the_other_script(bare: Installation) -> None:
    """Each brand without a name in one script is told with candidates and the row to add them to; others are not."""
    done = imported(bare).run("catalog", "import", "catalog.toml")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "Imported 4 brands" in text
    assert "Velhanne has no Hangul alias. Perhaps: 벨하네, " in text
    assert "Add those that shops use to aliases in catalog.toml [[brand]] 1." in text
    assert "설화 has no Latin alias. Perhaps: " in text
    assert "자라 (an ordinary word)" in text
    assert "Brimdal" not in text


def test_hints_are_data_with_json(bare: Installation) -> None:
    """``--json`` has the candidates as values; nothing of them is in the catalog or in the audit chain."""
    report = imported(bare).json("catalog", "import", "catalog.toml")
    hints = {hint["brand"]: hint for hint in report["alias_hints"]}
    assert set(hints) == {"velhanne", "sulhwa", "zara"}
    assert hints["velhanne"]["script"] == "Hangul"
    assert hints["velhanne"]["place"] == "catalog.toml [[brand]] 1"
    first = hints["velhanne"]["candidates"][0]
    assert first == {
        "how": "as loanwords are read", "ordinary": False, "rank": 1, "script": "Hangul", "spelling": "벨하네",
    }  # fmt: skip
    brands = {brand["id"]: brand["aliases"] for brand in bare.json("catalog", "show")["brands"]}
    assert brands == {"velhanne": [], "brimdal": ["브림달"], "sulhwa": [], "zara": []}
    with bare.store() as store:
        (entry,) = store.audit.entries()
    assert set(json.loads(entry.detail)) == {"brands", "products", "images", "sellers"}


def test_candidates_are_not_looked_for(bare: Installation) -> None:
    """A listing that has a candidate for a name is about no brand until the catalog lists it."""
    imported(bare).json("catalog", "import", "catalog.toml")
    listing = json.dumps({"title": "벨하네 쉘 자켓 미러급", "marketplace": "namu"}, ensure_ascii=False)
    assert json.loads(bare.run("screen", "-", "--json", given=listing).stdout)["screening"]["flags"] == []


def test_aliases_counts_titles(bare: Installation) -> None:
    """``catalog aliases`` counts the titles that have a candidate: glued or spaced Hangul, whole Latin words."""
    imported(bare).json("catalog", "import", "catalog.toml")
    with bare.store() as store, store.transaction():
        at = datetime(2026, 11, 1, tzinfo=UTC)
        store.sweeps.know_marketplace("namu", title="Namu", base_url="https://namu.example")
        sweep = store.sweeps.open(SweepRequest(marketplace="namu", brand="velhanne"), at)
        for number, title in enumerate(TITLES):
            url = f"https://namu.example/item/{number}"
            listing = Listing(marketplace="namu", listing_id=str(number), url=url, title=title, seen_at=at)
            store.listings.observe(listing, sweep)
    counted = {brand["brand"]: brand for brand in bare.json("catalog", "aliases")}
    titles = {one["candidate"]["spelling"]: one["titles"] for brand in counted.values() for one in brand["candidates"]}
    assert titles["벨하네"] == 2
    assert titles["Seolhwa"] == 2
    assert max(count for spelling, count in titles.items() if spelling not in ("벨하네", "Seolhwa")) == 0
    assert counted["brimdal"]["names"] == ["Brimdal", "브림달"]
    (one,) = bare.json("catalog", "aliases", "velhanne")
    assert one == counted["velhanne"]


def test_aliases_prints_a_table(bare: Installation) -> None:
    """The table names brand, names, candidates, titles and how; an unknown brand is refused with the nearest."""
    imported(bare).json("catalog", "import", "catalog.toml")
    done = bare.run("catalog", "aliases", "velhanne")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["brand", "names", "perhaps", "titles", "how"]
    assert rows[1] == ["velhanne", "Velhanne", "벨하네", "0", "as", "loanwords", "are", "read"]
    wrong = bare.run("catalog", "aliases", "velhane")
    assert (wrong.returncode, "did you mean 'velhanne'" in wrong.stderr) == (2, True)
