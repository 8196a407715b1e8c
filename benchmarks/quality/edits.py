"""What sellers do to a photo before they show it as theirs: named edits, each seeded, each giving the bytes of a file.

An edit belongs to a family. Of an edit that covers or replaces much of the photo (``banner``, ``overlay``,
``background``, ``collage``: a phone's screenshot is a collage too) less is asked than of the others (``plain``).
"""

import io
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from benchmarks.quality import image_overlays as over
from benchmarks.quality.image_overlays import COLOURS, Scene
from benchmarks.quality.image_variants import find_garment, lab, rgb

QUALITY = 90  # of JPEG, where an edit does not say otherwise

Change = Callable[[Image.Image, Scene], Image.Image | None]


class Edit(NamedTuple):
    """A named edit: the changes in their order, and how the result is encoded."""

    name: str
    family: str
    changes: tuple[Change, ...]
    kind: str = "JPEG"
    quality: int = QUALITY

    def render(self, picture: Image.Image, scene: Scene) -> bytes | None:
        """The file; ``None`` where the edit cannot be made of this photo."""
        for change in self.changes:
            made = change(picture, scene)
            if made is None:
                return None
            picture = made
        return encode(picture, self.kind, self.quality)


def encode(picture: Image.Image, kind: str = "JPEG", quality: int = QUALITY) -> bytes:
    """The bytes of a file."""
    stream = io.BytesIO()
    options: dict[str, Any] = {} if kind in ("PNG", "GIF") else {"quality": quality}
    picture.save(stream, kind, **options)
    return stream.getvalue()


def _scale(p: Image.Image, _: Scene, wide: float, high: float) -> Image.Image:
    return p.resize((max(32, round(p.width * wide)), max(32, round(p.height * high))), Image.Resampling.LANCZOS)


def _crop(p: Image.Image, scene: Scene, share: float) -> Image.Image:
    """So much less wide and high, the window anywhere."""
    width, height = round(p.width * (1 - share)), round(p.height * (1 - share))
    left, top = scene.rng.randint(0, p.width - width), scene.rng.randint(0, p.height - height)
    return p.crop((left, top, left + width, top + height))


def _crop_side(p: Image.Image, scene: Scene, share: float) -> Image.Image:
    cut = [0, 0, p.width, p.height]
    side = scene.rng.randrange(4)
    cut[side] += round((p.width, p.height)[side % 2] * share) * (1 if side < 2 else -1)
    return p.crop((cut[0], cut[1], cut[2], cut[3]))


def _border(p: Image.Image, scene: Scene, fill: str | None) -> Image.Image:
    return ImageOps.expand(p, round(min(p.size) * scene.rng.uniform(0.06, 0.14)), fill or scene.rng.choice(COLOURS))


def _square(p: Image.Image, _: Scene) -> Image.Image:
    side = round(max(p.size) * 1.06)
    return ImageOps.pad(ImageOps.expand(p, (side - max(p.size)) // 2, "white"), (side, side), color="white")


def _logo(p: Image.Image, scene: Scene, how: str) -> Image.Image:
    """The place of a logo, on the chest or at the middle, made unreadable."""
    image, wide, high = p.copy(), round(p.width * 0.28), round(p.height * 0.13)
    left = round(p.width * scene.rng.uniform(0.3, 0.42))
    top = round(p.height * scene.rng.uniform(0.28, 0.45))
    part = p.crop((left, top, left + wide, top + high))
    if how == "blur":
        part = part.filter(ImageFilter.GaussianBlur(wide / 8))
    elif how == "pixels":
        part = part.resize((7, 4), Image.Resampling.BOX).resize(part.size, Image.Resampling.NEAREST)
    else:
        part = Image.new("RGB", part.size, scene.rng.choice(("white", "black", COLOURS[0])))
    image.paste(part, (left, top))
    return image


def _rotate(p: Image.Image, scene: Scene, by: float) -> Image.Image:
    if by % 90 == 0:
        return p.rotate(by, expand=True)
    return p.rotate(by * scene.rng.choice((1, -1)), Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def _mirror(p: Image.Image, _: Scene) -> Image.Image:
    return ImageOps.mirror(p)


def _enhance(p: Image.Image, _: Scene, what: type[Any], factor: float) -> Image.Image:
    made: Image.Image = what(p).enhance(factor)
    return made


def _hue(p: Image.Image, scene: Scene) -> Image.Image:
    """All colours turned by 15°."""
    values, turn = lab(p), np.radians(15 * scene.rng.choice((1, -1)))
    a, b = values[..., 1].copy(), values[..., 2].copy()
    values[..., 1], values[..., 2] = a * np.cos(turn) - b * np.sin(turn), a * np.sin(turn) + b * np.cos(turn)
    return rgb(values)


def _tint(p: Image.Image, scene: Scene, by: tuple[float, float, float]) -> Image.Image:
    """Another white balance."""
    return Image.fromarray((np.asarray(p) * np.array(by)).clip(0, 255).astype(np.uint8))


def _gamma(p: Image.Image, _: Scene, power: float) -> Image.Image:
    return p.point([round(255 * (level / 255) ** power) for level in range(256)] * 3)


def _sepia(p: Image.Image, _: Scene) -> Image.Image:
    return ImageOps.colorize(ImageOps.grayscale(p), "#1e1408", "#fff2d6", mid="#a0805c")


def _gray(p: Image.Image, _: Scene) -> Image.Image:
    return ImageOps.grayscale(p).convert("RGB")


def _noise(p: Image.Image, scene: Scene) -> Image.Image:
    grain = np.random.default_rng(scene.rng.getrandbits(32)).normal(0, 14, (p.height, p.width, 3))
    return Image.fromarray((np.asarray(p) + grain).clip(0, 255).astype(np.uint8))


def _filter(p: Image.Image, _: Scene, by: Any) -> Image.Image:
    return p.filter(by)


def _background(p: Image.Image, scene: Scene, fill: str | None) -> Image.Image | None:
    """The garment cut out and set on one colour."""
    garment = find_garment(p)
    if garment is None:
        return None
    return Image.composite(
        p,
        Image.new("RGB", p.size, fill or scene.rng.choice(COLOURS)),
        Image.fromarray((garment.alpha * 255).astype(np.uint8)),
    )


_SHRINK, _STRETCH = partial(_scale, wide=0.5, high=0.5), partial(_scale, wide=1.2, high=1.0)
_LIGHT, _COLOUR, _CONTRAST = ImageEnhance.Brightness, ImageEnhance.Color, ImageEnhance.Contrast
_ALONE: list[tuple[str, str, Change]] = [
    ("resize 75%", "plain", partial(_scale, wide=0.75, high=0.75)),
    ("resize 50%", "plain", _SHRINK),
    ("resize 25%", "plain", partial(_scale, wide=0.25, high=0.25)),
    ("enlarge 160%", "plain", partial(_scale, wide=1.6, high=1.6)),
    ("stretch wide", "plain", _STRETCH),
    ("stretch tall", "plain", partial(_scale, wide=1.0, high=1.25)),
    *((f"crop {share:.0%}", "plain", partial(_crop, share=share)) for share in (0.05, 0.1, 0.2, 0.3)),
    ("crop one side 20%", "plain", partial(_crop_side, share=0.2)),
    ("border white", "plain", partial(_border, fill="white")),
    ("border black", "plain", partial(_border, fill="black")),
    ("border coloured", "plain", partial(_border, fill=None)),
    ("padded to square", "plain", _square),
    ("decorative frame", "plain", over.frame),
    ("watermark tiled", "plain", over.tiled),
    ("watermark corner", "plain", partial(over.mark, where="corner")),
    ("watermark middle", "plain", partial(over.mark, where="middle")),
    ("banner top", "banner", partial(over.banner, where="top")),
    ("banner bottom", "banner", partial(over.banner, where="bottom")),
    ("promo badge", "plain", over.badge),
    ("big sticker", "overlay", over.sticker),
    ("logo blurred", "plain", partial(_logo, how="blur")),
    ("logo pixelated", "plain", partial(_logo, how="pixels")),
    ("logo masked", "plain", partial(_logo, how="mask")),
    ("mirror", "plain", _mirror),
    *((f"rotate {by}", "plain", partial(_rotate, by=by)) for by in (3, 10, 90, 180, 270)),
    ("brighter", "plain", partial(_enhance, what=_LIGHT, factor=1.35)),
    ("darker", "plain", partial(_enhance, what=_LIGHT, factor=0.65)),
    ("gamma", "plain", partial(_gamma, power=0.7)),
    ("contrast up", "plain", partial(_enhance, what=_CONTRAST, factor=1.5)),
    ("contrast down", "plain", partial(_enhance, what=_CONTRAST, factor=0.6)),
    ("saturation up", "plain", partial(_enhance, what=_COLOUR, factor=1.6)),
    ("saturation down", "plain", partial(_enhance, what=_COLOUR, factor=0.5)),
    ("hue 15", "plain", _hue),
    ("white balance", "plain", partial(_tint, by=(0.9, 1.0, 1.12))),
    ("grayscale", "plain", _gray),
    ("sepia", "plain", _sepia),
    ("noise", "plain", _noise),
    ("blur", "plain", partial(_filter, by=ImageFilter.GaussianBlur(2))),
    ("sharpen", "plain", partial(_filter, by=ImageFilter.UnsharpMask(3, 180, 2))),
    ("background white", "background", partial(_background, fill="white")),
    ("background coloured", "background", partial(_background, fill=None)),
    ("collage 2x2", "collage", partial(over.collage, layout="2x2")),
    ("collage 1+3", "collage", partial(over.collage, layout="1+3")),
    ("side by side", "collage", partial(over.collage, layout="side")),
    ("phone screenshot", "collage", over.screenshot),
    ("perspective", "plain", over.perspective),
]
_TOGETHER = [
    Edit("perspective+jpeg", "plain", (over.perspective,), quality=35),
    Edit("mirror+crop+banner", "banner", (_mirror, partial(_crop, share=0.1), partial(over.banner, where="bottom"))),
    Edit("border+watermark+jpeg", "plain", (partial(_border, fill="white"), over.tiled), quality=35),
    Edit("crop+colour+resize", "plain", (partial(_crop, share=0.1), partial(_tint, by=(1.1, 1.0, 0.9)), _SHRINK)),
    Edit("gray+crop+stretch", "plain", (_gray, partial(_crop, share=0.05), _STRETCH)),
    Edit("mirror+border+webp", "plain", (_mirror, partial(_border, fill=None)), "WEBP", 60),
    Edit("sticker+resize+jpeg", "overlay", (over.sticker, _SHRINK), quality=50),
    Edit("screenshot+jpeg", "collage", (over.screenshot,), quality=40),
]
EDITS = (
    Edit("identity", "plain", ()),
    *(
        Edit(f"{kind} q{quality}" if quality else kind, "plain", (), kind, quality)
        for kind, quality in (("JPEG", 50), ("JPEG", 20), ("WEBP", 60), ("AVIF", 50), ("GIF", 0))
    ),
    *(Edit(name, family, (change,)) for name, family, change in _ALONE),
    *_TOGETHER,
)
MILD = tuple(edit for edit in EDITS if edit.name in ("JPEG q50", "resize 50%", "crop 5%"))
HARSH = tuple(
    edit for edit in EDITS if edit.family != "plain" or edit.name in ("crop 30%", "rotate 10", "border white")
)
