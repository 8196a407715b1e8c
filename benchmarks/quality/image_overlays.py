"""What is laid over a photo or around it: frames, watermarks, banners, stickers, collages, a phone's page, a table."""

from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

FONTS = Path("/usr/share/fonts")
WORDS = (
    "무료배송",
    "오늘만 특가",
    "정품 100% 보장",
    "당일발송 · 국내배송",
    "신상품 입고 최대 50% 할인",
    "빠른배송 리뷰이벤트",
)
COLOURS = ((214, 40, 57), (24, 90, 189), (20, 20, 20), (255, 205, 0), (0, 137, 92), (255, 105, 150), (96, 60, 160))


class Scene(NamedTuple):
    """What an edit may draw on: chance, and other photos (none of them a reference)."""

    rng: Random
    others: list[Image.Image]


@cache
def hangul_font() -> Path | None:
    """A font with Hangul, if one is installed."""
    return next(iter(sorted(FONTS.rglob("NotoSansCJK-Bold.ttc")) or sorted(FONTS.rglob("Noto*CJK*.ttc"))), None)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    path = hangul_font()
    return ImageFont.truetype(str(path), size, index=1) if path else ImageFont.load_default(size)


def _words(scene: Scene, latin: str, most: int = 99) -> str:
    return scene.rng.choice([words for words in WORDS if len(words) <= most]) if hangul_font() else latin


def frame(p: Image.Image, scene: Scene) -> Image.Image:
    """A frame of stripes and dots, its corners cut."""
    wide = round(min(p.size) * 0.05)
    colour, other = scene.rng.sample(COLOURS, 2)
    image = ImageOps.expand(ImageOps.expand(ImageOps.expand(p, wide // 2, "white"), wide, colour), wide // 2, other)
    draw = ImageDraw.Draw(image)
    for at in range(0, max(image.size), wide * 2):
        for x, y in ((at, wide), (at, image.height - wide), (wide, at), (image.width - wide, at)):
            draw.ellipse((x - wide // 3, y - wide // 3, x + wide // 3, y + wide // 3), fill="white")
    corner = wide * 2
    for x, y in ((0, 0), (image.width, 0), (0, image.height), (image.width, image.height)):
        draw.regular_polygon((x, y, corner * 1.6), 4, rotation=45, fill=other)
    return image


def _stamped(p: Image.Image, layer: Image.Image) -> Image.Image:
    return Image.alpha_composite(p.convert("RGBA"), layer).convert("RGB")


def tiled(p: Image.Image, scene: Scene) -> Image.Image:
    """A slanted watermark all over the photo."""
    size = max(12, p.width // 16)
    sheet = Image.new("RGBA", (p.width * 2, p.height * 2))
    draw, text = ImageDraw.Draw(sheet), _words(scene, "BESTSHOP24")
    for row, y in enumerate(range(0, sheet.height, size * 4)):
        for x in range((row % 2) * -size * 4, sheet.width, size * 9):
            draw.text((x, y), text, fill=(255, 255, 255, 120), font=_font(size))
            draw.text((x + 1, y + 1), text, fill=(40, 40, 40, 60), font=_font(size))
    sheet = sheet.rotate(30, Image.Resampling.BICUBIC)
    left, top = p.width // 2, p.height // 2
    return _stamped(p, sheet.crop((left, top, left + p.width, top + p.height)))


def mark(p: Image.Image, scene: Scene, where: str) -> Image.Image:
    """A shop's name in the corner or across the middle."""
    layer = Image.new("RGBA", p.size)
    draw, away = ImageDraw.Draw(layer), p.width // 30
    if where == "corner":
        draw.text((p.width - away, p.height - away), "@best_shop", (255, 255, 255, 220), _font(p.width // 14), "rs")
    else:
        draw.text((p.width // 2, p.height // 2), "BEST SHOP", (255, 255, 255, 150), _font(p.width // 7), "mm")
    return _stamped(p, layer)


def banner(p: Image.Image, scene: Scene, where: str) -> Image.Image | None:
    """A band of Korean words over an edge of the photo."""
    if hangul_font() is None:
        return None
    image, high = p.copy(), round(p.height * scene.rng.uniform(0.12, 0.2))
    draw, top = ImageDraw.Draw(image), 0 if where == "top" else p.height - high
    back = scene.rng.choice(COLOURS)
    draw.rectangle((0, top, p.width, top + high), fill=back)
    text = scene.rng.choice(WORDS)
    size = min(round(high * 0.55), round(p.width * 0.95 / max(6, len(text)) * 1.1))
    draw.text((p.width // 2, top + high // 2), text, "black" if back[1] > 180 else "white", _font(size), "mm")
    return image


def badge(p: Image.Image, scene: Scene) -> Image.Image:
    """A round badge near a corner."""
    image, side = p.copy(), round(p.width * 0.24)
    x = scene.rng.choice((round(p.width * 0.03), round(p.width * 0.73)))
    y = scene.rng.choice((round(p.height * 0.03), p.height - side - round(p.height * 0.03)))
    draw = ImageDraw.Draw(image)
    draw.ellipse((x, y, x + side, y + side), fill=scene.rng.choice(COLOURS[:3]), outline="white", width=side // 20)
    draw.text((x + side // 2, y + side // 2), f"{scene.rng.randrange(10, 80, 5)}%", "white", _font(side // 3), "mm")
    return image


def sticker(p: Image.Image, scene: Scene) -> Image.Image:
    """An opaque sticker on a fifth of the photo."""
    image, wide, high = p.copy(), round(p.width * 0.5), round(p.height * 0.4)
    x, y = scene.rng.randint(0, p.width - wide), scene.rng.randint(0, p.height - high)
    draw, (back, line) = ImageDraw.Draw(image), scene.rng.sample(COLOURS, 2)
    draw.rounded_rectangle((x, y, x + wide, y + high), wide // 8, fill=back, outline=line, width=wide // 20)
    draw.text((x + wide // 2, y + high // 3), "SALE", "white", _font(wide // 4), "mm")
    draw.text((x + wide // 2, y + high * 2 // 3), _words(scene, "FREE GIFT", 6), "white", _font(wide // 8), "mm")
    return image


def collage(p: Image.Image, scene: Scene, layout: str) -> Image.Image:
    """The photo among others, cut to the tiles of a layout."""
    boxes = {
        "2x2": [(0, 0, 300, 380), (306, 0, 606, 380), (0, 386, 300, 766), (306, 386, 606, 766)],
        "1+3": [(0, 0, 520, 660), (526, 0, 760, 216), (526, 222, 760, 438), (526, 444, 760, 660)],
        "side": [(0, 0, 400, 520), (404, 0, 804, 520)],
    }[layout]
    own = 0 if layout == "1+3" else scene.rng.randrange(len(boxes))
    image = Image.new("RGB", (max(box[2] for box in boxes), max(box[3] for box in boxes)), "white")
    others = iter(scene.rng.sample(scene.others, len(boxes)))
    for at, (left, top, right, bottom) in enumerate(boxes):
        image.paste(ImageOps.fit(p if at == own else next(others), (right - left, bottom - top)), (left, top))
    return image


def screenshot(p: Image.Image, scene: Scene) -> Image.Image:
    """A phone's page of a product: bars, the photo at full width, a title, a price and a button."""
    wide, high = 720, 1440
    image = Image.new("RGB", (wide, high), "white")
    draw = ImageDraw.Draw(image)
    shown = ImageOps.fit(p, (wide, min(940, round(wide * p.height / p.width))))
    image.paste(shown, (0, 150))
    under = 150 + shown.height
    draw.text((24, 12), "10:2" + str(scene.rng.randrange(10)), "black", _font(30))
    draw.rectangle((630, 20, 690, 42), fill="black")
    draw.rounded_rectangle((24, 70, 600, 130), 30, fill="#eeeeee")
    draw.text((24, under + 30), _words(scene, "New season item"), "black", _font(36))
    draw.text((24, under + 90), f"{scene.rng.randrange(9, 90)},900", COLOURS[0], _font(48))
    for at in range(3):
        draw.rectangle((24, under + 170 + at * 34, 680 - at * 130, under + 186 + at * 34), fill="#dddddd")
    draw.rounded_rectangle((24, high - 110, wide - 24, high - 20), 16, fill=COLOURS[1])
    draw.text((wide // 2, high - 65), _words(scene, "Buy now", 6), "white", _font(36), "mm")
    return image


def perspective(p: Image.Image, scene: Scene) -> Image.Image:
    """The photo photographed askew: its corners moved inward by up to a tenth, a table around it."""
    wide, high = p.size
    near = [(0, 0), (wide, 0), (wide, high), (0, high)]
    moved = [
        (
            x + (1 if x == 0 else -1) * scene.rng.uniform(0.01, 0.1) * wide,
            y + (1 if y == 0 else -1) * scene.rng.uniform(0.01, 0.1) * high,
        )
        for x, y in near
    ]
    rows = []
    for (x, y), (u, v) in zip(moved, near, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    solved = np.linalg.solve(np.array(rows), np.array(near, dtype=float).ravel())
    back = scene.rng.choice(("#8a6f57", "#d8d4cc", "#44484c"))
    return p.transform(
        p.size, Image.Transform.PERSPECTIVE, tuple(solved.tolist()), Image.Resampling.BICUBIC, fillcolor=back
    )
