"""What an image looks like: 256-bit perceptual hashes that survive re-encoding and resizing."""

import io
import warnings

import imagehash
import numpy as np
from PIL import ExifTags, Image, ImageChops, ImageOps, UnidentifiedImageError

from touchstone.errors import UnreadableImage
from touchstone.images import Fingerprint

VERSION = 1
HASH_SIZE = 16  # 16 × 16 bits: 64-bit hashes give false matches on one query in 30 at a radius of 8
HASH_BITS = HASH_SIZE * HASH_SIZE
MOST_PIXELS = 50_000_000  # a 50-megapixel photo is larger than any marketplace shows; a bomb claims billions
LEAST_SIDE = 24  # pixels; below it are spacers and icons, which all hash alike
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")
WORKING_SIDE = 512  # pixels; the hash looks at 64 × 64, and decoding at full size costs without telling more
BORDER_TOLERANCE = 18  # levels of 255 by which a uniform border may vary after JPEG

TURNS = {  # what brings a picture upright, by the orientation that the camera noted
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip
HEADS = {b"\xff\xd8": "JPEG", b"\x89png": "PNG", b"gif8": "GIF", b"riff": "WebP", b"bm": "BMP"}  # in small letters
# What else is served at a photo's address, by its first bytes.
OTHERS = {
    b"<!doctype html": "a page of HTML", b"<html": "a page of HTML", b"<svg": "an SVG drawing", b"<?xml": "a text of XML",
    b"%pdf": "a PDF document", b"pk\x03\x04": "a ZIP archive", b"ii*\0": "a TIFF image", b"mm\0*": "a TIFF image",
    b"\0\0\1\0": "an icon (ICO)", b"\0\0\0\x0cjp  ": "a JPEG 2000 image", b"\xffo\xffq": "a JPEG 2000 image",
}  # fmt: skip

Image.init()  # else Pillow knows only the commonest formats by name, and asking for another is a KeyError


def fingerprint(body: bytes) -> Fingerprint:
    """Look at an image. Raises ``UnreadableImage`` for bytes that are no image, too large, or too small to tell."""
    picture, (width, height) = opened(body)
    return Fingerprint(
        version=VERSION,
        whole=str(imagehash.phash(picture, hash_size=HASH_SIZE)),
        trimmed=str(imagehash.phash(trim(picture), hash_size=HASH_SIZE)),
        mirrored=str(imagehash.phash(ImageOps.mirror(picture), hash_size=HASH_SIZE)),
        width=width,
        height=height,
    )


def opened(body: bytes, side: int = WORKING_SIDE) -> tuple[Image.Image, tuple[int, int]]:
    """An image in RGB, upright, within ``side`` × ``side`` pixels, and its size as served; raises ``UnreadableImage``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of broken remarks beside the picture, which nobody here can mend
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(body), formats=FORMATS) as image:
                width, height = image.size
                if width * height > MOST_PIXELS:
                    raise UnreadableImage(f"an image of {width} × {height} pixels is refused")
                if min(width, height) < LEAST_SIDE:
                    raise UnreadableImage(f"an image of {width} × {height} pixels shows nothing")
                image.draft("RGB", (side, side))
                return _upright(image, side), (width, height)
    except UnreadableImage:
        raise
    except Exception as error:  # noqa: BLE001 -- Pillow's decoders raise errors of many kinds on hostile bytes
        raise UnreadableImage(f"not a readable image: {_said(error, body)}") from None


def _said(error: Exception, body: bytes) -> str:
    """What a decoder said, for people: its own text names addresses in memory and keys of its tables."""
    if not isinstance(error, UnidentifiedImageError):
        return f"the {type(error).__name__} of its decoder says that {error}"
    if not body:
        return "it has no bytes"
    start = body[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"<?xml") and b"<svg" in start:
        return f"it is {OTHERS[b'<svg']}, which is not read"
    for head, kind in OTHERS.items():
        if start.startswith(head):
            return f"it is {kind}, which is not read"
    for head, kind in HEADS.items():
        if start.startswith(head):
            return f"it begins as {kind}, and its head is damaged or cut off"
    return "its bytes are of no kind that is read (JPEG, PNG, WebP, GIF, BMP, AVIF)"


def _upright(image: Image.Image, side: int) -> Image.Image:
    """RGB on white, turned as the camera says, no larger than needed."""
    image.load()  # here, where what is cut off is an error; the camera's notes are read with less care
    image.thumbnail((side, side))  # before it is turned, which takes a copy
    turn = _turn(image)
    picture: Image.Image = image if turn is None else image.transpose(turn)
    if picture.mode.startswith("I"):  # 16 bits a pixel: Pillow's own conversion cuts them off at 255
        levels = np.asarray(picture).astype(np.int64).clip(0, 65_535) >> 8
        return Image.fromarray(levels.astype(np.uint8)).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return picture.convert("RGB")


def _turn(image: Image.Image) -> Image.Transpose | None:
    """How the picture is to be turned; a note of the camera that cannot be read turns nothing, as in browsers."""
    try:
        return TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 -- the readers of notes raise errors of many kinds, and the picture is sound
        return None


def trim(picture: Image.Image) -> Image.Image:
    """The picture without a uniform border; itself where there is none or nothing else."""
    corner = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    difference = ImageChops.difference(picture, corner).convert("L")
    box = difference.point(lambda level: 255 if level > BORDER_TOLERANCE else 0).getbbox()
    if box is None or min(box[2] - box[0], box[3] - box[1]) < LEAST_SIDE:
        return picture
    return picture.crop(box)
