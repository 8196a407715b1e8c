"""Photos in detail, from the command line: a copy that no fingerprint tells is told, and other goods are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import Installation
from tests.detectors.test_detector_photos import banner, drawn, saved

CATALOG = "".join(
    [
        '[[brand]]\nid = "velhanne"\nname = "Velhanne"\naliases = ["벨하네"]\n',
        *(
            f'[[product]]\nbrand = "velhanne"\nsku = "V{number}"\ntitle = "Velhanne {name} Bag"\nprice = "90"\ncurrency = "EUR"\n'
            f'images = ["{number}.jpg"]\n'
            for number, name in enumerate(("Fjell", "Skog", "Strand", "Elv"))
        ),
    ]
)


@pytest.fixture
def installed(bare: Installation) -> Installation:
    """An installation whose catalog has four products with a photo each."""
    for number in range(4):
        (bare.folder / f"{number}.jpg").write_bytes(saved(drawn(number)))
    (bare.folder / "touchstone.toml").write_text('store = "store"\ncontact = "tests@example.com"\n', encoding="utf-8")
    (bare.folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    done = bare.run("catalog", "import", "catalog.toml")
    assert done.returncode == 0, done.stderr
    return bare


def screened(installed: Installation, picture: Image.Image) -> dict[str, Any]:
    """What `touchstone screen` says of a listing that names the brand and shows a picture."""
    path = Path(installed.folder / "seen.jpg")
    path.write_bytes(saved(picture, 80))
    line = json.dumps({"title": "벨하네 가방 새상품", "images": [str(path)]}, ensure_ascii=False)
    done = installed.run("screen", "-", "--json", given=line)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[0])
    return found


def test_a_cropped_photo_under_a_banner_is_told(installed: Installation) -> None:
    """The sighting names the product, says where the photo stands in the picture and that it is partly covered."""
    (image,) = screened(installed, banner(drawn(2)).crop((40, 40, 400, 420)))["listing"]["images"]
    (sighting,) = image["sightings"]
    assert sighting["product"] == "velhanne/V2"
    assert not sighting["mirrored"]
    assert sighting["covered"]
    x, y = sighting["outline"][0]
    assert x < 0 and y < 0  # the reference begins outside of what was left of it


@pytest.mark.parametrize("picture", [drawn(2, colour=(40, 70, 220)), drawn(77)], ids=["another colour", "other goods"])
def test_other_goods_are_not_told(installed: Installation, picture: Image.Image) -> None:
    """Neither a sibling, whose fingerprint is the reference's, nor a stranger is a copy."""
    found = screened(installed, picture)
    assert not found["listing"]["images"][0]["sightings"]
    assert not any("photo" in line for match in found["screening"]["matches"] for line in match["evidence"])


def test_a_photo_as_it_is_is_told_whole(installed: Installation) -> None:
    """A copy that nothing was done to: not mirrored, nothing covered, in the whole picture."""
    (sighting,) = screened(installed, drawn(1))["listing"]["images"][0]["sightings"]
    assert (sighting["product"], sighting["mirrored"], sighting["covered"]) == ("velhanne/V1", False, [])
    for (x, y), (wanted_x, wanted_y) in zip(sighting["outline"], ((0, 0), (1, 0), (1, 1), (0, 1)), strict=True):
        assert abs(x - wanted_x) < 0.02 and abs(y - wanted_y) < 0.02
