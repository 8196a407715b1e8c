"""Describing a marketplace from examples, as somebody does who has never seen its source."""

from __future__ import annotations

import json

from tests.conftest import Installation, Markets


def examples(markets: Markets, count: int) -> list[tuple[str, str, str]]:
    """Addresses, titles and prices of listings of namu."""
    found = [one for one in markets.world.listings if one.marketplace == "namu"][:count]
    return [(f"{markets.demo.namu_url}/item/{one.id}", one.title, str(one.price)) for one in found]


def allow_copy(installation: Installation, url: str) -> None:
    """Have marketplaces described in a folder of one's own, and the shop at this address allowed as ``copy``."""
    settings = installation.folder / "touchstone.toml"
    text = settings.read_text(encoding="utf-8").replace("marketplace_folders = [", 'marketplace_folders = ["mine", ')
    text += f'[marketplaces.copy]\nbase_url = "{url}"\nrequests_per_second = 100\nallow_loopback = true\n'
    settings.write_text(text, encoding="utf-8")


def describe(installation: Installation, markets: Markets, *more: str) -> tuple[str, ...]:
    """The command that describes namu anew, under another name."""
    url = markets.demo.namu_url
    words = [part for one, _, _ in examples(markets, 3) for part in ("--listing", one)]
    allow_copy(installation, url)
    search = f"{url}/search?q={{query}}&page={{page}}"
    return ("marketplaces", "new", "copy", "--search", search, *words, "--query", "벨하네", "--currency", "KRW", *more)


def test_a_described_marketplace_can_be_swept(installation: Installation, markets: Markets) -> None:
    """What is proposed loads, names the listings, and a sweep with it stores them; check finds nothing changed."""
    (_, title, price), *_ = examples(markets, 1)
    draft = installation.json(
        *describe(installation, markets, "--expect", f"title={title}", "--expect", f"price={price}")
    )
    assert draft["pages"] == 3
    assert draft["filled"]["title"] == draft["filled"]["price"] == 3
    assert draft["links"] > 3
    assert draft["faults"] == []
    checked = installation.json("marketplaces", "check", "copy", "--live")
    assert [one["live"] for one in checked] == [False] * 3 + [True] * 3
    assert all(not one["differs"] and not one["fault"] for one in checked)
    (swept,) = installation.json("sweep", "--query", "벨하네", "--marketplace", "copy", "--max-listings", "4")
    assert swept["report"]["listings"] == 4


def test_what_has_changed_is_named(installation: Installation, markets: Markets) -> None:
    """A field that a kept page does not yield any more is told, with what it was."""
    installation.json(*describe(installation, markets))
    kept = installation.folder / "mine/copy.pages/1.json"
    meta = json.loads(kept.read_text(encoding="utf-8"))
    meta["values"]["price"] = "₩1"
    kept.write_text(json.dumps(meta), encoding="utf-8")
    done = installation.run("marketplaces", "check", "copy")
    assert done.returncode == 1
    assert "price: ₩1 →" in done.stdout


def test_mistakes_are_told(installation: Installation, markets: Markets) -> None:
    """A bad name, a search without {query}, an expectation of no field, and pages that are not there."""
    command = list(describe(installation, markets))
    bad_name = installation.run(*command[:2], "Bad Name", *command[3:])
    assert "cannot name a marketplace" in bad_name.stderr
    no_query = [part.replace("{query}", "x") for part in command]
    assert "where the words go" in installation.run(*no_query).stderr
    assert "names no field" in installation.run(*command, "--expect", "prise=1").stderr
    gone = [part.replace("/item/", "/nothing/") for part in command]
    done = installation.run(*gone)
    assert done.returncode != 0
    assert "no listing page could be had" in done.stderr


def test_schema_knows_every_key(installation: Installation) -> None:
    """Editors get the same keys that the loader takes."""
    schema = json.loads(installation.run("marketplaces", "schema").stdout)
    assert {"search", "listing", "politeness", "markers"} <= set(schema["$defs"]["Marketplace"]["properties"])


def test_a_marketplace_made_by_scripts_is_described_by_browser(installation: Installation, markets: Markets) -> None:
    """Pages are kept once they are filled in, and the draft sweeps as it is."""
    url = markets.demo.url("plaza")
    found = [one for one in markets.world.listings if one.marketplace == "plaza"][:3]
    words = [part for one in found for part in ("--listing", f"{url}/p/{one.id}")]
    allow_copy(installation, url)
    search = f"{url}/search?q={{query}}"
    draft = installation.json(
        "marketplaces", "new", "copy", "--search", search, *words, "--query", "velhanne", "--browser"
    )
    assert draft["filled"]["title"] == draft["filled"]["price"] == 3, draft
    assert draft["links"] > 10
    (swept,) = installation.json("sweep", "--query", "velhanne", "--marketplace", "copy", "--max-listings", "3")
    assert swept["report"]["listings"] == 3


def test_an_expectation_that_is_not_met_is_told(installation: Installation, markets: Markets) -> None:
    """With what was found instead, and exit code 1; the draft is written all the same."""
    done = installation.run(*describe(installation, markets, "--expect", "price=1원"))
    assert done.returncode == 1
    assert "you expect '1원', found" in done.stderr
    assert (installation.folder / "mine/copy.toml").exists()
