"""Every kind of file that may stand behind a photo's address: the fingerprint of the picture, or a refusal in words."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, features

from detectors import fingerprints
from detectors.fingerprints import MOST_PIXELS, fingerprint
from detectors.image_index import SAME_BITS
from touchstone.errors import UnreadableImage

ROOT = Path(__file__).parents[2]
NEAR = SAME_BITS // 2
BACKGROUND = (235, 230, 220)


def _drawn(size: tuple[int, int] = (640, 480), seed: int = 0) -> Image.Image:
    picture = Image.new("RGB", size, BACKGROUND)
    pencil = ImageDraw.Draw(picture)
    for i in range(14):
        x, y = (i * 97 + seed * 131) % 640 * size[0] / 640, (i * 61 + seed * 53) % 480 * size[1] / 480
        r = (20 + (i * 37 + seed * 17) % 120) * size[0] / 640
        shape = pencil.ellipse if i % 2 else pencil.rectangle
        shape((x, y, x + r, y + r * 0.7), fill=((i * 53 + seed * 40) % 256, (i * 91) % 256, (i * 29) % 256))
    return picture


def _file(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    if "append_images" in options:
        options["append_images"] = [frame.copy() for frame in options["append_images"]]
    picture.copy().save(out, kind, **options)  # a copy: Pillow leaves one kind's options on the picture for the next
    return out.getvalue()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(width: int, height: int, depth: int, colour: int, rows: bytes, *more: bytes) -> bytes:
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"".join((b"\x89PNG\r\n\x1a\n", head, *more, _chunk(b"IDAT", zlib.compress(rows, 9)), _chunk(b"IEND", b"")))


def _with_chunks(body: bytes, *chunks: bytes) -> bytes:
    return body[:33] + b"".join(chunks) + body[33:]


def _with_segments(body: bytes, marker: int, payload: bytes, times: int = 1) -> bytes:
    segment = struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
    return body[:2] + segment * times + body[2:]


def _webp_claiming(width: int, height: int) -> bytes:
    bits = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\0" * 27
    chunk = b"VP8L" + struct.pack("<I", len(bits)) + bits
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def _gif_claiming(canvas: tuple[int, int], frame: tuple[int, int]) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return head + b"," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x02\x4c\x01\0;"


def _bmp_claiming(width: int, height: int) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info


def _hidden(mode: str) -> bytes:
    """The picture with its background transparent and, under the transparency, another picture."""
    pixels, other = np.array(PICTURE.convert("RGBA")), np.array(_drawn(seed=7).convert("RGBA"))
    clear = (pixels[:, :, :3] == BACKGROUND).all(axis=2)
    pixels[clear] = other[clear] * np.array((1, 1, 1, 0), np.uint8)
    return _file(Image.fromarray(pixels).convert(mode), "PNG")


def _keyed(picture: Image.Image, kind: str) -> bytes:
    """A palette in which the background's place is transparent."""
    palette = picture.quantize(32, dither=Image.Dither.NONE)
    return _file(palette, kind, transparency=palette.getpixel((639, 0)))


def _turned(orientation: int, kind: str = "JPEG") -> bytes:
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x112] = orientation
    picture = PICTURE.transpose(turn[orientation]) if orientation in turn else PICTURE
    return _file(picture, kind, exif=exif.tobytes())


def _without_adobe(body: bytes) -> bytes:
    at = body.index(b"\xff\xee")
    return body[:at] + body[at + 2 + struct.unpack(">H", body[at + 2 : at + 4])[0] :]


PICTURE = _drawn()
LARGE = _drawn((2560, 1920))
JPEG, PNG = _file(PICTURE, "JPEG", quality=90), _file(PICTURE, "PNG")
PLAIN = fingerprint(PNG)
WHITE = fingerprint(_file(Image.fromarray(np.where((np.array(PICTURE) == BACKGROUND).all(axis=2)[:, :, None], 255, np.array(PICTURE)).astype(np.uint8)), "PNG"))  # fmt: skip
FRAMES = [_drawn((640, 480), seed) for seed in (3, 5)]
DOTS = [Image.new("P", (640, 480), i % 2) for i in range(2)]

# Plainer kinds (16 bits, palettes, opaque transparency, AVIF) are in test_detector_fingerprints.py.
READ: dict[str, Callable[[], bytes]] = {
    "jpeg-cmyk-without-adobe": lambda: _without_adobe(_file(PICTURE.convert("CMYK"), "JPEG", quality=90)),
    "jpeg-large-by-draft": lambda: _file(LARGE, "JPEG", quality=90),
    "jpeg-progressive-large-by-draft": lambda: _file(LARGE, "JPEG", quality=90, progressive=True),
    "jpeg-comments": lambda: _with_segments(JPEG, 0xFE, b"x" * 65_000, 100),
    "jpeg-exif-broken": lambda: _with_segments(JPEG, 0xE1, b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40),
    "jpeg-exif-no-tiff": lambda: _with_segments(JPEG, 0xE1, b"Exif\0\0garbage, not a head of tags"),
    "jpeg-icc-broken": lambda: _with_segments(JPEG, 0xE2, b"ICC_PROFILE\0\x01\x01broken"),
    "jpeg-icc-parts-missing": lambda: _with_segments(JPEG, 0xE2, b"ICC_PROFILE\0\x03\x09broken"),
    "jpeg-mpo": lambda: _file(PICTURE, "MPO", save_all=True, append_images=FRAMES),
    "jpeg-tail": lambda: JPEG + b"\0" * 100_000,
    "png-palette-large": lambda: _file(LARGE.quantize(64), "PNG"),
    "png-la-opaque": lambda: _file(PICTURE.convert("LA"), "PNG"),
    "png-interlaced-exif": lambda: _turned(6, "PNG"),
    "png-exif-broken": lambda: _with_chunks(PNG, _chunk(b"eXIf", b"MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40)),
    "png-raw-profile-broken": lambda: _with_chunks(PNG, _chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 9\nzz")),
    "png-icc-broken": lambda: _with_chunks(PNG, _chunk(b"iCCP", b"x\0\0" + zlib.compress(b"not a profile"))),
    "png-icc-no-zlib": lambda: _with_chunks(PNG, _chunk(b"iCCP", b"x\0\0junk")),
    "png-text-bad-utf8": lambda: _with_chunks(PNG, _chunk(b"iTXt", b"k\0\0\0\0\0\xff\xfe\xff")),
    "apng": lambda: _file(PICTURE, "PNG", save_all=True, append_images=FRAMES),
    "apng-claims-frames": lambda: _with_chunks(PNG, _chunk(b"acTL", struct.pack(">II", 0x7FFF_FFFF, 0))),
    "apng-claims-no-frames": lambda: _with_chunks(PNG, _chunk(b"acTL", struct.pack(">II", 0, 0))),
    "gif-many-frames": lambda: _file(PICTURE, "GIF", save_all=True, append_images=DOTS * 300, optimize=False),
    "webp-lossless": lambda: _file(PICTURE, "WEBP", lossless=True),
    "webp-turned": lambda: _turned(8, "WEBP"),
    "webp-exif-broken": lambda: _file(PICTURE, "WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\xff\xff"),
    **({"avif-animated": lambda: _file(PICTURE, "AVIF", save_all=True, append_images=FRAMES)} if features.check("avif") else {}),
    "bmp-palette": lambda: _file(PICTURE.quantize(64), "BMP"),
    **{f"jpeg-orientation-{n}": (lambda n=n: _turned(n)) for n in range(1, 9)},
}  # fmt: skip
CUT_OUT: dict[str, Callable[[], bytes]] = {
    "rgba": lambda: _hidden("RGBA"),
    "grey": lambda: _hidden("LA"),
    "palette": lambda: _keyed(PICTURE, "PNG"),
    "gif": lambda: _keyed(PICTURE, "GIF"),
    "colour-key": lambda: _with_chunks(PNG, _chunk(b"tRNS", struct.pack(">HHH", *BACKGROUND))),
    "webp": lambda: _file(Image.open(io.BytesIO(_hidden("RGBA"))), "WEBP", lossless=True, exact=True),
}


def _zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("photo.jpg", b"\0" * 10_000_000)
    return out.getvalue()


TEXT_BOMB = b"k\0\0" + zlib.compress(b"\0" * 80_000_000, 9)
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "png-bomb": (lambda: _png(60_000, 60_000, 8, 2, b"\0" * 100), "pixels"),
    "png-above-the-cap": (lambda: _png(MOST_PIXELS // 1000 + 1, 1000, 8, 0, b"\0" * 100), "pixels is refused"),
    "gif-bomb": (lambda: _gif_claiming((65_535, 65_535), (65_535, 65_535)), "pixels"),
    "gif-frame-beyond-its-canvas": (lambda: _gif_claiming((100, 100), (65_535, 65_535)), "pixels"),
    "webp-bomb": (lambda: _webp_claiming(16_383, 16_383), "pixels"),
    "bmp-bomb": (lambda: _bmp_claiming(60_000, 60_000), "pixels"),
    "tiff-bomb": (lambda: _file(PICTURE, "TIFF").replace(struct.pack("<I", 640), struct.pack("<I", 1 << 30)), "TIFF"),
    "png-text-bomb": (lambda: _with_chunks(PNG, _chunk(b"zTXt", TEXT_BOMB)), "too large"),
    "png-icc-bomb": (lambda: _with_chunks(PNG, _chunk(b"iCCP", TEXT_BOMB)), "too large"),
    "png-checksum-wrong": (lambda: PNG[:30] + b"zzzz" + PNG[34:], "begins as PNG"),
    "jpeg-head-broken": (lambda: JPEG[:2] + b"\xff\xc0\0\x04zz" + JPEG[2:], "JPEG"),
    "tiff-pages": (lambda: _file(PICTURE, "TIFF", save_all=True, append_images=FRAMES), "TIFF"),
    "ico": (lambda: _file(PICTURE, "ICO"), "icon"),
    "jpeg-2000": (lambda: _file(PICTURE, "JPEG2000"), "JPEG 2000"),
    "svg": (lambda: b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="300"/>', "SVG"),
    "svg-bare": (lambda: b'\n <svg width="300" height="300"/>', "SVG"),
    "pdf": (lambda: b"%PDF-1.7\n1 0 obj", "PDF"),
    "html": (lambda: b"\xef\xbb\xbf<!DOCTYPE html><html><title>403 Forbidden</title></html>", "HTML"),
    "empty": (lambda: b"", "no bytes"),
    "zip-bomb": (_zipped, "ZIP"),
    "text": (lambda: b"Too Many Requests", "no kind that is read"),
    **{f"jpeg-cut-at-{n}": ((lambda n=n: JPEG[: len(JPEG) * n // 100]), "") for n in (1, 5, 30, 60, 90, 99)},
    **{f"png-cut-at-{n}": ((lambda n=n: PNG[: len(PNG) * n // 100]), "") for n in (1, 30, 60, 90)},
    "png-small-cut": (lambda: _file(PICTURE.resize((320, 240)), "PNG")[:3000], "truncated"),
    **{f"webp-cut-at-{n}": ((lambda n=n: _file(PICTURE, "WEBP")[: n * 100]), "") for n in (1, 20)},
}  # fmt: skip


def _bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _quietly(body: bytes) -> fingerprints.Fingerprint:
    """The fingerprint, with every warning told that would reach a user."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = fingerprint(body)
    assert [str(warning.message) for warning in told] == []
    return found


@pytest.mark.parametrize("write", READ.values(), ids=READ.keys())
def test_a_picture_is_read_as_browsers_show_it(write: Callable[[], bytes]) -> None:
    """Whatever its kind, mode, turn and broken remarks: near the plain picture, and without a warning."""
    found = _quietly(write())
    assert _bits(found.whole, PLAIN.whole) <= NEAR


@pytest.mark.parametrize("write", CUT_OUT.values(), ids=CUT_OUT.keys())
def test_what_lies_under_transparency_is_never_seen(write: Callable[[], bytes]) -> None:
    """A cut-out looks as on a white page, whatever colours its transparent pixels have."""
    assert _bits(_quietly(write()).whole, WHITE.whole) <= NEAR


@pytest.mark.parametrize("picture", [PICTURE, LARGE], ids=["small", "large"])
def test_dots_of_one_bit_are_read_as_the_grey_they_stand_for(picture: Image.Image) -> None:
    """A picture in black and white dots is near the grey one, at any size."""
    assert _bits(_quietly(_file(picture.convert("1"), "PNG")).whole, PLAIN.whole) <= SAME_BITS


def test_a_draft_looks_as_the_whole() -> None:
    """A JPEG that is decoded at a part of its size differs by a few bits at most from one decoded in full."""
    body = _file(LARGE, "JPEG", quality=90)
    full = fingerprint(_file(Image.open(io.BytesIO(body)), "PNG"))
    assert _bits(fingerprint(body).whole, full.whole) <= 6


@pytest.mark.parametrize(("write", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_says_what_is_wrong(write: Callable[[], bytes], says: str) -> None:
    """``UnreadableImage``, nothing else and no warning, in words that name the trouble."""
    with pytest.raises(UnreadableImage) as raised:
        _quietly(write())
    assert says in str(raised.value)
    assert len(str(raised.value).split()) >= 4 and "0x" not in str(raised.value)


@pytest.mark.parametrize("size", [(24, 20_000), (20_000, 24)], ids=str)
def test_a_sliver_is_read(size: tuple[int, int]) -> None:
    """A strip that shrinks to a line gives a fingerprint or a refusal, and no other error."""
    assert _quietly(_file(Image.new("RGB", size, "red"), "PNG")).width == size[0]


PEAK = """
import sys, pathlib
from detectors.fingerprints import fingerprint
from touchstone.errors import UnreadableImage

def peak():
    return int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024

body = sys.stdin.buffer.read()
before = peak()
try:
    fingerprint(body)
except UnreadableImage:
    pass
print(peak() - before)
"""
measured = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks are read from Linux")


def _peak(body: bytes) -> int:
    """Mebibytes by which a process of its own grows while it looks at a file."""
    done = subprocess.run([sys.executable, "-c", PEAK], input=body, capture_output=True, check=True, cwd=ROOT)
    assert done.stderr == b""
    return int(done.stdout)


HEAVY = ["png-bomb", "gif-bomb", "gif-frame-beyond-its-canvas", "webp-bomb", "bmp-bomb", "png-text-bomb", "png-icc-bomb"]  # fmt: skip
# Kinds of PNG: their number, channels in the file, bytes a pixel takes in memory, and how many times that is allowed.
LARGEST = {"grey": (0, 1, 1, 1.6), "rgb": (2, 3, 4, 1.4), "palette": (3, 1, 1, 1.6), "rgba": (6, 4, 4, 2.4)}


@measured
@pytest.mark.parametrize("name", HEAVY)
def test_a_bomb_takes_no_memory(name: str) -> None:
    """What claims billions of pixels, or swells when it is unpacked, is refused before it is given room."""
    assert _peak(REFUSED[name][0]()) < 100


@measured
@pytest.mark.parametrize(("colour", "channels", "held", "copies"), LARGEST.values(), ids=LARGEST.keys())
def test_the_largest_photo_takes_its_pixels(colour: int, channels: int, held: int, copies: float) -> None:
    """At the cap of pixels a picture is in memory once, and with transparency twice: where its colours are weighed."""
    side = 7000
    palette = (_chunk(b"PLTE", b"\0\0\0\xff\xff\xff"),) if colour == 3 else ()
    body = _png(side, side, 8, colour, (b"\0" * (1 + side * channels)) * side, *palette)
    assert len(body) < 1_000_000
    assert _peak(body) < copies * held * side * side / 2**20
