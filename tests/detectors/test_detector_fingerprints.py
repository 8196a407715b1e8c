"""Fingerprints: the same for one picture in any dress, and a clear refusal of what is no picture."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps, features

from detectors.fingerprints import HASH_BITS, fingerprint
from detectors.image_index import FAR_BITS, MIRRORED_BITS, SAME_BITS
from touchstone.errors import UnreadableImage

BACKGROUND = (235, 230, 220)


def drawn(seed: int = 0, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A picture of boxes and discs, another for each seed."""
    width, height = size
    picture = Image.new("RGB", size, BACKGROUND)
    pencil = ImageDraw.Draw(picture)
    for i in range(14):
        x, y, r = (i * 97 + seed * 131) % width, (i * 61 + seed * 53) % height, 20 + (i * 37 + seed * 17) % 120
        colour = ((i * 53 + seed * 40) % 256, (i * 91 + seed * 70) % 256, (i * 29) % 256)
        (pencil.ellipse if i % 2 else pencil.rectangle)((x, y, x + r, y + r * 0.7), fill=colour)
    return picture


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a file."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def bits(one: str, other: str) -> int:
    """In how many bits two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


PICTURE = drawn()
PLAIN = fingerprint(encoded(PICTURE, "PNG"))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG put together by hand, for what Pillow does not write and for headers that lie."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _sixteen_bit(picture: Image.Image) -> bytes:
    levels = np.array(picture).astype(">u2") * 257
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    return png(picture.width, picture.height, 16, 2 if picture.mode == "RGB" else 0, rows)


SAME: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(PICTURE, "JPEG", quality=75),
    "jpeg-poor": lambda: encoded(PICTURE, "JPEG", quality=30),
    "jpeg-progressive": lambda: encoded(PICTURE, "JPEG", progressive=True),
    "webp": lambda: encoded(PICTURE, "WEBP", quality=60),
    "bmp": lambda: encoded(PICTURE, "BMP"),
    "gif": lambda: encoded(PICTURE, "GIF"),
    "half-size": lambda: encoded(PICTURE.resize((320, 240)), "JPEG"),
    "three-times": lambda: encoded(PICTURE.resize((1920, 1440)), "JPEG"),
    "grey": lambda: encoded(PICTURE.convert("L"), "PNG"),
    "cmyk": lambda: encoded(PICTURE.convert("CMYK"), "JPEG", quality=90),
    "palette": lambda: encoded(PICTURE.quantize(64), "PNG"),
    "opaque-alpha": lambda: encoded(PICTURE.convert("RGBA"), "PNG"),
    "animated-gif": lambda: encoded(PICTURE, "GIF", save_all=True, append_images=[drawn(3), drawn(5)]),
    "animated-webp": lambda: encoded(PICTURE, "WEBP", save_all=True, append_images=[drawn(3), drawn(5)]),
    "sixteen-bit-colour": lambda: _sixteen_bit(PICTURE),
    "sixteen-bit-grey": lambda: _sixteen_bit(PICTURE.convert("L")),
}
if features.check("avif"):
    SAME["avif"] = lambda: encoded(PICTURE, "AVIF", quality=60)


@pytest.mark.parametrize("write", SAME.values(), ids=SAME.keys())
def test_a_picture_looks_the_same_in_any_file(write: Callable[[], bytes]) -> None:
    """Re-encoded, resized, in another mode: well within what counts as a copy, in every view."""
    other = fingerprint(write())
    for view in ("whole", "trimmed", "mirrored"):
        assert bits(getattr(PLAIN, view), getattr(other, view)) <= SAME_BITS // 2, view


def test_other_pictures_look_different() -> None:
    """Unrelated pictures lie farther off than look-alikes."""
    others = [fingerprint(encoded(drawn(seed), "JPEG")) for seed in (3, 5, 9)]
    assert all(bits(PLAIN.whole, other.whole) > FAR_BITS for other in others)


def test_a_fingerprint_is_complete() -> None:
    """256 bits in hex for each view, and the size as served."""
    assert {len(PLAIN.whole), len(PLAIN.trimmed), len(PLAIN.mirrored)} == {HASH_BITS // 4}
    assert (PLAIN.width, PLAIN.height) == (640, 480)


def test_the_same_bytes_give_the_same_fingerprint() -> None:
    """No randomness, no state."""
    assert fingerprint(encoded(PICTURE, "PNG")) == PLAIN


def test_a_mirror_is_seen_through() -> None:
    """A mirrored picture's mirrored view is the picture's own, and the other way about."""
    mirrored = fingerprint(encoded(ImageOps.mirror(PICTURE), "JPEG"))
    assert bits(mirrored.mirrored, PLAIN.whole) <= SAME_BITS // 2
    assert bits(mirrored.whole, PLAIN.mirrored) <= SAME_BITS // 2
    assert bits(mirrored.whole, PLAIN.whole) > FAR_BITS


@pytest.mark.parametrize("colour", ["white", "black", (200, 30, 30)], ids=str)
@pytest.mark.parametrize("width", [20, 60, 120], ids=str)
def test_a_border_is_cut_off(colour: Any, width: int) -> None:
    """A frame of one colour hides nothing, even after JPEG."""
    framed = fingerprint(encoded(ImageOps.expand(PICTURE, width, colour), "JPEG"))
    assert min(bits(framed.trimmed, PLAIN.whole), bits(framed.trimmed, PLAIN.trimmed)) <= MIRRORED_BITS


TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
}  # fmt: skip


@pytest.mark.parametrize(("orientation", "turn"), TURNS.items(), ids=str)
def test_a_photo_is_seen_as_the_camera_says(orientation: int, turn: Image.Transpose) -> None:
    """A turned file with an EXIF orientation looks as browsers show it."""
    exif = Image.Exif()
    exif[0x112] = orientation
    turned = fingerprint(encoded(PICTURE.transpose(turn), "JPEG", exif=exif.tobytes(), quality=90))
    assert bits(turned.whole, PLAIN.whole) <= SAME_BITS // 2


@pytest.mark.parametrize("palette", [False, True], ids=["alpha", "palette"])
def test_what_is_transparent_is_white(palette: bool) -> None:
    """A cut-out product photo looks as on a white page, whatever colour lies under the transparency."""
    pixels = np.array(PICTURE.convert("RGBA"))
    clear = (pixels[:, :, :3] == BACKGROUND).all(axis=2)
    white = pixels.copy()
    pixels[clear], white[clear] = (0, 0, 0, 0), (255, 255, 255, 255)
    cut = Image.fromarray(pixels)
    cut = cut.quantize(64) if palette else cut
    seen = fingerprint(encoded(cut, "PNG"))
    assert bits(seen.whole, fingerprint(encoded(Image.fromarray(white), "PNG")).whole) <= SAME_BITS // 2


JPEG = encoded(PICTURE, "JPEG")
REFUSED: dict[str, bytes] = {
    "empty": b"",
    "text": b"not an image",
    "html": b"<!doctype html><title>403</title>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"><rect width="300" height="300"/></svg>',
    "pdf": b"%PDF-1.7\n",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
    "tiff": encoded(PICTURE, "TIFF"),
    "jpeg-truncated": JPEG[: len(JPEG) // 2],
    "jpeg-head-alone": JPEG[:20],
    "png-truncated": encoded(PICTURE, "PNG")[:2000],
    "one-pixel": encoded(Image.new("RGB", (1, 1)), "PNG"),
    "spacer": encoded(Image.new("RGB", (800, 2)), "GIF"),
    "bomb": png(60_000, 60_000, 8, 2, b"\0" * 100),
    "bomb-below-pillows-limit": png(9_000, 8_000, 8, 2, b"\0" * 100),
    "bomb-between-pillows-limits": png(10_000, 10_000, 8, 2, b"\0" * 100),
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_picture_is_refused(body: bytes) -> None:
    """``UnreadableImage`` and nothing else."""
    with pytest.raises(UnreadableImage):
        fingerprint(body)


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_says_why(body: bytes) -> None:
    """In words for a person: no address in memory, no bare key of a decoder's table, and each time the same."""
    messages = []
    for _ in range(2):
        with pytest.raises(UnreadableImage) as raised:
            fingerprint(body)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]
    assert len(messages[0].removeprefix("not a readable image: ").split()) >= 3, messages[0]
    assert "0x" not in messages[0]
    assert "'MPO'" not in messages[0]
