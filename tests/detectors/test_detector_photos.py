"""Photos in detail: what sellers do to a photo does not hide it, and another colour or print is another product."""

from __future__ import annotations

import io
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from detectors.photo_features import look
from detectors.photo_index import PhotoIndex, _is_like
from detectors.samples import catalog, listing
from detectors.screening import Screen
from touchstone.errors import UnreadableImage
from touchstone.images import ListingImage, PhotoSighting

TINTS = ((170, 60, 60), (70, 150, 80), (150, 110, 60), (120, 120, 125))


def cloth(rng: Random, size: tuple[int, int], cells: int) -> Image.Image:
    """Folds and shades that no other number has."""
    small = Image.frombytes("L", (cells, cells), bytes(rng.randrange(90, 256) for _ in range(cells * cells)))
    return small.resize(size, Image.Resampling.BICUBIC)


def drawn(number: int, colour: tuple[int, int, int] | None = None) -> Image.Image:
    """Goods of their own shape and folds before a wall of its own: others for each number, the same in any colour."""
    rng = Random(number)
    wall = ImageOps.colorize(cloth(rng, (420, 420), 14), "#776b5f", "#ddd6cc")
    goods = ImageOps.colorize(cloth(rng, (420, 420), 40), "black", colour or TINTS[number % len(TINTS)])
    mask = Image.new("L", (420, 420), 0)
    corners = [(rng.randrange(40, 110), rng.randrange(40, 110)), (rng.randrange(300, 380), rng.randrange(40, 110)),
               (rng.randrange(300, 380), rng.randrange(310, 380)), (rng.randrange(40, 110), rng.randrange(310, 380))]  # fmt: skip
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    wall.paste(goods, mask=mask)
    return wall


def saved(picture: Image.Image, quality: int = 88) -> bytes:
    """The picture as a shop would serve it."""
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=quality)
    return file.getvalue()


REFERENCES = [drawn(number) for number in range(12)]
INDEX = PhotoIndex([look(saved(picture)).reference for picture in REFERENCES])


def banner(picture: Image.Image) -> Image.Image:
    """A sales banner over the lower fifth."""
    covered = picture.copy()
    ImageDraw.Draw(covered).rectangle((0, 340, 420, 420), fill=(220, 20, 60))
    return covered


def collage(picture: Image.Image) -> Image.Image:
    """The picture small among three others that are no references."""
    sheet = Image.new("RGB", (840, 840), "white")
    for number, other in enumerate((drawn(91), picture, drawn(92), drawn(93))):
        sheet.paste(other, (420 * (number % 2), 420 * (number // 2)))
    return sheet


def screenshot(picture: Image.Image) -> Image.Image:
    """The picture within a phone's page."""
    page = Image.new("RGB", (480, 960), "white")
    draw = ImageDraw.Draw(page)
    for line in range(14):
        draw.rectangle((20, 560 + 26 * line, 430 - 11 * line, 572 + 26 * line), fill=(90, 90, 90))
    page.paste(picture.resize((440, 440)), (20, 90))
    return page


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": lambda picture: picture,
    "small": lambda picture: picture.resize((160, 160)),
    "cropped by a fifth": lambda picture: picture.crop((42, 42, 378, 378)),
    "framed": lambda picture: ImageOps.expand(picture, 60, "navy"),
    "mirrored": ImageOps.mirror,
    "turned by 90": lambda picture: picture.rotate(90),
    "turned by 8": lambda picture: picture.rotate(8, fillcolor="white"),
    "stretched": lambda picture: picture.resize((420, 330)),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.25),
    "grey": ImageOps.grayscale,
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(1.2)),
    "banner": banner,
    "in a collage": collage,
    "in a screenshot": screenshot,
    "mirrored, cropped, banner": lambda picture: ImageOps.mirror(banner(picture).crop((20, 20, 400, 400))),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_edited_photo_is_found(edit: Callable[[Image.Image], Image.Image]) -> None:
    """Nine of ten copies lead to their own reference, whatever was done to them."""
    found = [INDEX.find(saved(edit(picture), 75)) for picture in REFERENCES]
    right = [bool(hits) and hits[0].is_copy and hits[0].reference == number for number, hits in enumerate(found)]
    assert sum(right) >= 0.9 * len(right)


def test_where_it_stands_and_whether_in_a_mirror() -> None:
    """The outline of a reference in a collage is where it was put; a mirror is told."""
    (best, *_) = INDEX.find(saved(collage(REFERENCES[3])))
    assert best.reference == 3
    assert not best.mirrored
    for (x, y), (wanted_x, wanted_y) in zip(best.outline, ((0.5, 0), (1, 0), (1, 0.5), (0.5, 0.5)), strict=True):
        assert abs(x - wanted_x) < 0.02
        assert abs(y - wanted_y) < 0.02
    assert INDEX.find(saved(ImageOps.mirror(REFERENCES[4])))[0].mirrored


def test_what_lies_over_a_photo_is_told() -> None:
    """The box of a banner over the reference's lower part."""
    (best, *_) = INDEX.find(saved(banner(REFERENCES[5])))
    assert best.is_copy
    assert any(y > 0.7 and width > 0.8 for _, y, width, _ in best.content.covered)


@pytest.mark.parametrize("colour", [(40, 70, 220), (60, 200, 220)], ids=["blue", "cyan"])
def test_another_colour_is_no_copy(colour: tuple[int, int, int]) -> None:
    """The same layout in a colour that the reference does not have is a sibling."""
    found = [INDEX.find(saved(drawn(number, colour=colour))) for number in range(12)]
    assert not any(hits and hits[0].is_copy for hits in found)
    assert all(hits and hits[0].content.sibling == "colour" for hits in found)


def test_an_unrelated_photo_is_nothing() -> None:
    """Goods of the same kind on the same wall are no copies."""
    assert not any(hit.is_copy for number in range(40, 60) for hit in INDEX.find(saved(drawn(number))))


@settings(max_examples=25, deadline=None)
@given(st.tuples(st.integers(24, 200), st.integers(24, 200)), st.tuples(*[st.integers(0, 255)] * 3))
def test_an_empty_picture_is_nothing(size: tuple[int, int], colour: tuple[int, int, int]) -> None:
    """One colour has no points, and matches nothing, at any size."""
    assert INDEX.find(saved(Image.new("RGB", size, colour))) == []


def test_without_references_nothing_is_found() -> None:
    """A catalog without photos can be searched."""
    assert PhotoIndex([]).find(saved(REFERENCES[0])) == []


def test_bytes_that_are_no_image_are_refused() -> None:
    """With the error that fingerprinting gives."""
    with pytest.raises(UnreadableImage):
        look(b"GIF89a, or so it says")


def test_a_covered_part_is_shown_and_not_weighed() -> None:
    """The brand's photo under a banner is a finding of its own, and no weight counts it."""
    known = catalog()
    key = known.references[0].key
    sighting = PhotoSighting(product=key, sha256="0" * 64, score=80.0, covered=((0.0, 0.8, 1.0, 0.2),))
    image = ListingImage(url="https://namu.example/1.jpg", sha256="1" * 64, sightings=(sighting,))
    seen = Screen.build(known).screen(listing(images=(image,)))
    (finding,) = [finding for finding in seen.findings if finding.kind == "photo_covered"]
    assert "20% of it" in finding.reason
    assert not any(reason.kind == "photo_covered" for flag in seen.flags for reason in flag.reasons)


@pytest.mark.parametrize(
    ("bottom", "like"),
    [((0.0, 0.0, 1.0), True), ((0.0002, 0.0001, 1.0), True), ((-0.01, 0.0, 1.0), False), ((0.2, 0.3, 1e-9), False)],
    ids=["flat", "tilted", "beyond the horizon", "a million pixels"],
)
def test_a_wild_perspective_is_not_believed(bottom: tuple[float, float, float], like: bool) -> None:
    """A few points near a line fit any perspective; one that leads far from the plain fit would take minutes to lay over."""
    plain = np.array([[1.2, 0.1, 30.0], [-0.1, 1.2, 20.0], [0.0, 0.0, 1.0]])
    perspective = np.vstack([plain[:2], bottom])
    assert _is_like(perspective, plain, (400, 400)) is like
