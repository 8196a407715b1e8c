"""Pictures for a report: small, drawn anew, so that nothing of a stranger's file reaches the reader but its pixels."""

import functools
import io
import warnings

from PIL import Image, ImageOps

MOST_PIXELS = 60_000_000  # of a picture that is drawn; the largest full-page picture has 23 million
QUALITY = 82  # of JPEG; text in a screenshot stays legible


@functools.lru_cache(maxsize=24)  # both languages' reports of an exhibit show the same pictures
def drawn(body: bytes, width: int, height: int) -> bytes | None:
    """A picture as JPEG, no larger than a box of pixels; ``None`` where the bytes are none, or too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(body)) as image:
                if image.width * image.height > MOST_PIXELS:
                    return None
                image.draft("RGB", (width, height))
                upright = ImageOps.exif_transpose(image) or image
                upright.thumbnail((width, height))
                flat = Image.new("RGB", upright.size, "white")
                seen = upright.convert("RGBA")
                flat.paste(seen, mask=seen.getchannel("A"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def top_of(body: bytes, shape: float) -> bytes:
    """The upper part of a tall PNG, at most ``shape`` times as tall as wide."""
    with Image.open(io.BytesIO(body)) as image:
        tall = int(image.width * shape)
        if image.height <= tall:
            return body
        out = io.BytesIO()
        image.crop((0, 0, image.width, tall)).save(out, "PNG")
    return out.getvalue()
