"""Other variants of a photographed product: the garment found, recoloured, or printed with another motif.

The garment is what differs from the colours of the photo's edge. Where that does not give one clear, closed shape the
photo is left out: a variant must look like one.
"""

import colorsys
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage
from scipy.cluster.vq import kmeans2

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

WORK = 160  # pixels of the longer side on which the garment is looked for
EDGE = 0.04  # of each side: the strip that is taken for background
AREA = (0.12, 0.62)  # share of the photo that a garment takes
TOUCH = 0.02  # share of the photo's rim that a garment may reach
CLEAR = 16.0  # least distance in Lab between just inside and just outside of the outline (median), and
ALONG = 0.85  # the share of the outline on which half of it is reached
SYMMETRY = 0.82  # the least share that a garment and its mirror image have in common
PLAIN = 8.0  # the most that colours may spread in Lab where a motif is to be printed
CONTRAST = 50.0  # least distance in Lab between a garment and the ink of its motif
CHANGED = 26.0  # least median distance in Lab between a garment and its variant


class Garment(NamedTuple):
    """Where the garment is, soft at its outline (0 to 1, at the photo's size), and its median colour in Lab."""

    alpha: Floats
    colour: Floats


def lab(picture: Image.Image) -> Floats:
    """The CIE Lab values of a picture in sRGB."""
    rgb = np.asarray(picture, dtype=np.float32) / 255
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    xyz = linear @ np.array([[0.4339, 0.2126, 0.0178], [0.3762, 0.7152, 0.1095], [0.1899, 0.0722, 0.8727]])
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def rgb(values: Floats) -> Image.Image:
    """A picture of Lab values, colours that a screen cannot show cut off."""
    y = (values[..., 0] + 16) / 116
    root = np.stack([y + values[..., 1] / 500, y, y - values[..., 2] / 200], axis=-1)
    xyz = np.where(root > 0.2069, root**3, (root - 16 / 116) / 7.787)
    linear = (xyz @ np.linalg.inv([[0.4339, 0.2126, 0.0178], [0.3762, 0.7152, 0.1095], [0.1899, 0.0722, 0.8727]])).clip(
        0, 1
    )
    levels = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return Image.fromarray((levels * 255 + 0.5).astype(np.uint8))


def find_garment(picture: Image.Image) -> Garment | None:
    """The garment of a photo; ``None`` where its outline is not clear."""
    small = picture.copy()
    small.thumbnail((WORK, WORK))
    values = lab(small.filter(ImageFilter.GaussianBlur(1)))
    shape = _outlined(_unlike_edge(values))
    if shape is None or not _is_clear(values, shape):
        return None
    soft = Image.fromarray((shape * 255).astype(np.uint8)).resize(picture.size, Image.Resampling.BICUBIC)
    levels = np.asarray(soft.filter(ImageFilter.GaussianBlur(1.6)), dtype=np.float32) / 255
    alpha: Floats = ((levels - 0.5) * 2 + 0.5).clip(0, 1).astype(np.float32)
    colour: Floats = np.median(lab(picture)[alpha > 0.9], axis=0).astype(np.float32)
    return Garment(alpha, colour)


def _unlike_edge(values: Floats) -> Floats:
    """How far each pixel is from the nearest colour of the photo's edge, in units of that colour's own spread."""
    height, width = values.shape[:2]
    strip = np.ones((height, width), dtype=bool)
    deep, wide = max(2, int(height * EDGE)), max(2, int(width * EDGE))
    strip[deep:-deep, wide:-wide] = False
    samples = values[strip] * (0.6, 1, 1)
    centres, labels = kmeans2(samples.astype(np.float64), 5, minit="++", seed=1)
    nearest = np.full((height, width), np.inf)
    for at, centre in enumerate(centres):
        own = samples[labels == at]
        if len(own) < 0.02 * len(samples):
            continue
        spread = 5 + own.std(axis=0).mean()
        nearest = np.minimum(nearest, np.linalg.norm(values * (0.6, 1, 1) - centre, axis=-1) / spread)
    return nearest.astype(np.float32)


def _outlined(unlike: Floats) -> Mask | None:
    """The one large shape that is unlike the edge, its holes filled; ``None`` where there is none such."""
    levels = unlike.clip(0, 10)
    shape = levels > max(1.4, _otsu(levels))
    shape = ndimage.binary_opening(shape, iterations=2)
    labels, count = ndimage.label(shape)
    if not count:
        return None
    sizes = ndimage.sum_labels(shape, labels, range(1, count + 1))
    largest = labels == 1 + int(np.argmax(sizes))
    if max(sizes) < 0.9 * sum(sizes):
        return None
    filled: Mask = ndimage.binary_fill_holes(ndimage.binary_closing(largest, iterations=2))
    rim = np.concatenate([filled[0], filled[-1], filled[:, 0], filled[:, -1]])
    fits = AREA[0] < filled.mean() < AREA[1] and rim.mean() <= TOUCH
    solid = largest.sum() > 0.9 * filled.sum()
    return filled if fits and solid and _symmetry(filled) > SYMMETRY else None


def _symmetry(shape: Mask) -> float:
    """The share that a shape and its mirror image about its own middle have in common: halves of garments have less."""
    columns = np.flatnonzero(shape.any(axis=0))
    own = shape[:, columns[0] : columns[-1] + 1]
    return float((own & own[:, ::-1]).sum() / (own | own[:, ::-1]).sum())


def _otsu(levels: Floats) -> float:
    """The level that parts a histogram best in two."""
    counts, edges = np.histogram(levels, bins=64)
    middles = (edges[1:] + edges[:-1]) / 2
    below = counts.cumsum()
    above = below[-1] - below
    mass = (counts * middles).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (mass / below - (mass[-1] - mass) / above) ** 2
    return float(middles[np.nanargmax(between[:-1])])


def _is_clear(values: Floats, shape: Mask) -> bool:
    """Whether colours differ enough across the outline, and nearly all along it."""
    inner, outer = ndimage.binary_erosion(shape, iterations=3), ~ndimage.binary_dilation(shape, iterations=3)
    outline = shape & ~ndimage.binary_erosion(shape)
    inside = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    outside = ndimage.distance_transform_edt(~outer, return_distances=False, return_indices=True)
    steps = np.linalg.norm(values[tuple(inside)] - values[tuple(outside)], axis=-1)[outline]
    return bool(np.median(steps) > CLEAR and (steps > CLEAR / 2).mean() > ALONG)


def recoloured(picture: Image.Image, garment: Garment, by: str, rng: Random) -> Image.Image | None:
    """The garment in another ``hue`` (60° or more away) or another ``lightness``; ``None`` where that shows too little.

    Folds, shadows and the background stay. A grey garment has no hue: it is dyed.
    """
    values = lab(picture)
    light, a, b = (float(value) for value in garment.colour)
    hue, chroma = float(np.arctan2(b, a)), float(np.hypot(a, b))
    target, gain = light, 1.0
    turn, dye = 0.0, 0.0
    if by == "lightness":
        target = rng.uniform(66, 82) if light < 50 else rng.uniform(18, 30)
        gain = (target / max(light, 12.0)) ** 0.5 if target > light else max(0.45, target / light)
    else:
        turn = np.radians(rng.uniform(75, 180) * rng.choice((1, -1)))
        target = min(68.0, max(32.0, light))
        dye = max(0.0, 42 - chroma)
    changed = _painted(values, garment.colour, target, gain, (hue + turn, turn, dye))
    inside = garment.alpha > 0.9
    shown = lab(rgb(changed))
    if np.median(np.linalg.norm(shown - values, axis=-1)[inside]) < CHANGED:
        return None
    alpha = ndimage.grey_dilation(garment.alpha, size=3)[..., None]  # else a rim of the old colour is left
    return rgb((values * (1 - alpha) + shown * alpha).astype(np.float32))


def _painted(values: Floats, colour: Floats, target: float, gain: float, hue: tuple[float, float, float]) -> Floats:
    """All pixels with lightness moved to ``target``, colours turned, and dye of the new hue added."""
    towards, turn, dye = hue
    light = target + (values[..., 0] - colour[0]) * gain
    a = values[..., 1] * np.cos(turn) - values[..., 2] * np.sin(turn) + dye * np.cos(towards)
    b = values[..., 1] * np.sin(turn) + values[..., 2] * np.cos(turn) + dye * np.sin(towards)
    return np.stack([light.clip(3, 98), a, b], axis=-1).astype(np.float32)


def in_studio(picture: Image.Image, garment: Garment, rng: Random) -> Image.Image:
    """The garment alone on white or pale grey, with a soft shadow, as brands show it."""
    level = rng.choice((255, 255, 248, 240))
    alpha = garment.alpha
    shadow = np.roll(ndimage.gaussian_filter(alpha, 9), (6, 4), axis=(0, 1)) * 0.18
    ground = (level * (1 - shadow))[..., None]
    inner = ndimage.grey_erosion(alpha, size=4)[..., None]
    return Image.fromarray((np.asarray(picture) * inner + ground * (1 - inner)).astype(np.uint8))


def _front(garment: Garment) -> tuple[int, int, int]:
    """Where a motif is printed: the left and top edge, and the side of its square."""
    rows, columns = np.nonzero(garment.alpha > 0.5)
    wide, high = int(np.ptp(columns)), int(np.ptp(rows))
    side = int(0.45 * min(wide, high))
    return int(columns.min() + (wide - side) / 2), int(rows.min() + 0.43 * high - side / 2), side


def is_plain(picture: Image.Image, garment: Garment) -> bool:
    """Whether nothing is printed yet where a motif would be, and the garment is there all over."""
    left, top, side = _front(garment)
    front = lab(picture.filter(ImageFilter.GaussianBlur(1)))[top : top + side, left : left + side]
    covered = garment.alpha[top : top + side, left : left + side].min() > 0.9
    return bool(covered and np.linalg.norm(front.std(axis=(0, 1))) < PLAIN)


def _ink(garment: Garment, rng: Random) -> Floats:
    """A colour in RGB that stands out from the garment's."""
    while True:
        colour = colorsys.hls_to_rgb(rng.random(), 0.75 if garment.colour[0] < 50 else 0.3, 0.75)
        levels = np.array([[colour]], dtype=np.float32) * 255
        if np.linalg.norm(lab(Image.fromarray(levels.astype(np.uint8)))[0, 0] - garment.colour) > CONTRAST:
            return levels


def printed(picture: Image.Image, garment: Garment, rng: Random, motif: int) -> Image.Image:
    """The garment with one of the motifs printed large on its front, folds showing through."""
    left, top, side = _front(garment)
    layer = Image.new("L", picture.size, 0)
    mark = _motif(motif).resize((side, side), Image.Resampling.LANCZOS)
    layer.paste(mark, (left, top))
    ink = _ink(garment, rng)
    shading = (lab(picture)[..., 0] / max(15.0, float(garment.colour[0]))).clip(0.6, 1.25)[..., None]
    alpha = (np.asarray(layer, dtype=np.float32) / 255 * garment.alpha)[..., None] * 0.94
    return Image.fromarray((np.asarray(picture) * (1 - alpha) + ink * shading * alpha).clip(0, 255).astype(np.uint8))


MOTIFS = 8


def _motif(number: int) -> Image.Image:
    """A motif in white on black, 256 pixels square: different shapes, filled and in lines."""
    image = Image.new("L", (256, 256), 0)
    draw = ImageDraw.Draw(image)
    if number == 0:
        draw.ellipse((30, 30, 226, 226), outline=255, width=22)
        draw.polygon([(128, 70), (190, 180), (66, 180)], fill=255)
    elif number == 1:
        draw.regular_polygon((128, 128, 120), 3, rotation=180, fill=255)
        draw.regular_polygon((128, 110, 50), 3, rotation=180, fill=0)
    elif number == 2:
        for at in range(20, 256, 44):
            draw.rounded_rectangle((10 + (at % 3) * 20, at, 236, at + 22), 8, fill=255)
    elif number == 3:
        for turn in range(0, 180, 30):
            bar = Image.new("L", (256, 256), 0)
            ImageDraw.Draw(bar).rectangle((116, 8, 140, 248), fill=255)
            image.paste(255, mask=bar.rotate(turn))
    elif number == 4:
        draw.rounded_rectangle((10, 70, 246, 190), 20, fill=255)
        draw.text((128, 130), "NOVA", fill=0, font=ImageFont.load_default(84), anchor="mm")
    elif number == 5:
        draw.text((128, 90), "BLUE", fill=255, font=ImageFont.load_default(100), anchor="mm")
        draw.text((128, 180), "HILL 72", fill=255, font=ImageFont.load_default(66), anchor="mm")
    elif number == 6:
        draw.pieslice((20, 20, 236, 236), 180, 360, fill=255)
        draw.polygon([(20, 140), (236, 140), (128, 246)], outline=255, width=12)
    else:
        for row in range(4):
            for column in range(4):
                if (row * 3 + column) % 4 != 1:
                    draw.ellipse((column * 62 + 8, row * 62 + 8, column * 62 + 56, row * 62 + 56), fill=255)
    return image
