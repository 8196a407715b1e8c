"""The shop's photos: one JPEG of 500 × 500 pixels for each number, different in pixels, bytes and fingerprint."""

import io
import random
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

SIDE = 500  # pixels
QUALITY = 85
_SCENES = 12


@lru_cache(maxsize=1)
def _scenes() -> tuple[Image.Image, ...]:
    """Soft backgrounds with a photo's grain, drawn once."""
    made = []
    for number in range(_SCENES):
        rng = random.Random(f"scene {number}")
        bands = []
        for _ in range(3):
            coarse = Image.frombytes("L", (6, 6), rng.randbytes(36))
            soft = coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(6))
            grain = Image.frombytes("L", (SIDE, SIDE), rng.randbytes(SIDE * SIDE))
            bands.append(Image.blend(soft, grain, 0.08))
        made.append(Image.merge("RGB", bands))
    return tuple(made)


def jpeg(number: int | str) -> bytes:
    """The photo of listing ``number``, or of a catalog's product; milliseconds to draw and encode."""
    rng = random.Random(f"photo {number}")
    scene = _scenes()[rng.randrange(_SCENES)].copy()
    draw = ImageDraw.Draw(scene)
    for _ in range(9):
        x, y = rng.randrange(SIDE - 60), rng.randrange(SIDE - 60)
        box = (x, y, x + rng.randrange(50, 260), y + rng.randrange(50, 260))
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape(box, fill=tuple(rng.randbytes(3)))
    out = io.BytesIO()
    scene.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
