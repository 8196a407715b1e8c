"""Whether two aligned photos show the same thing: a colour or a print that was never on the reference is another product.

Geometry alone takes siblings for copies: the same layout in another colour has the same corners. Once a listing's
photo is laid over the reference, colours and structures are compared place by place. What an edit does to colours it
does everywhere, and what lies over a photo does not agree in structure; so colours that differ where structures agree
are another colourway, and a patch of other structure in the same colours is another print.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# Fitted on 43 edits and 3 kinds of siblings of real product photos (make bench-quality); lightness and colour
# differences are in units of CIELAB.
COLOUR_APART = 14.0  # a place whose colour no edit explains
LIGHT_APART = 15.0
MOST_APART = 0.25  # of the agreeing places that may be so in a copy
MOST_LIGHT_APART = 0.20
SAME_STRUCTURE = 0.55  # correlation of two places
SURE_STRUCTURE = 0.8
TEXTURED = 2.0  # standard deviation of lightness around a place that has structure at all
SURELY_TEXTURED, FLAT = 3.0, 2.5  # around one that has much, and below which there is none
LIGHT_COUNTS = 0.6  # as much as hue: light changes lightness
LEAST_PLACES = 200  # pixels that must be seen of a reference at all
LEAST_AGREEING = 30
# Edits as a photographer or a thief makes them: brightness and contrast, saturation, a small turn of hue, a tint.
GAIN, OFFSET, SATURATION, TURN, TINT = (0.6, 1.6), 40.0, 1.8, 0.35, 18.0
UNEDITED_LIGHT, UNEDITED_TINT = 7.0, 5.0  # of a photo whose background alone was replaced
ROUNDS, SPREAD = 6, 8.0  # of the robust fit
# A patch that is another print: of this share of the photo, in nearly the same colours, not flat (a mask is), and of
# clearly other structure (a watermark is faint).
LEAST_PATCH, PRINT_PATCH = 0.006, 0.02
SAME_PALETTE, SAME_PALETTE_INSIDE, MOST_FLAT, CLEARLY_APART = 0.88, 0.75, 0.35, 16.5
OTHER_STRUCTURE = 0.75
BINS = ((0, 100), (-60, 60), (-60, 60))


class Content(NamedTuple):
    """How two aligned photos agree. ``agreement``: share of the reference's structure that the photo has as well, 0 to 1.

    ``sibling``: what makes it another product, ``colour`` or ``print``, else empty. ``covered``: boxes of the reference
    (x, y, width, height as shares) in which the photo shows something else.
    """

    agreement: float
    sibling: str = ""
    covered: tuple[tuple[float, float, float, float], ...] = ()


class _Patch(NamedTuple):
    box: tuple[float, float, float, float]
    is_print: bool


def compare(reference: npt.NDArray[np.uint8], photo: npt.NDArray[np.uint8], seen: Mask) -> Content:
    """Compare two RGB pictures of one size; ``seen``: where the photo shows the reference at all."""
    ours, theirs = _lab(reference), _lab(photo)
    inner = _shrunk(seen, 5)
    if inner.sum() < LEAST_PLACES:
        return Content(0.0)
    alike, texture, _ = _structure(ours[..., 0], theirs[..., 0], 7)
    textured = (texture > TEXTURED) & inner
    same = textured & (alike > SAME_STRUCTURE)
    agreement = float(same.sum() / max(1, textured.sum()))
    edited = _edited(ours, theirs, inner)
    recoloured = not (
        _is_copy(edited, theirs, same)
        or _is_unedited(ours, theirs, (texture > SURELY_TEXTURED) & inner & (alike > SURE_STRUCTURE))
    )
    patches = _patches(ours, theirs, seen)
    sibling = "colour" if recoloured else "print" if any(patch.is_print for patch in patches) else ""
    return Content(agreement, sibling, tuple(patch.box for patch in patches))


def _lab(picture: npt.NDArray[np.uint8]) -> Floats:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture, np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _shrunk(mask: Mask, size: int) -> Mask:
    kernel = np.ones((size, size), np.uint8)
    shrunk = cv2.erode(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(shrunk > 0)


def _structure(one: Floats, other: Floats, size: int) -> tuple[Floats, Floats, Floats]:
    """The correlation of two pictures around each place, and the standard deviation of each there."""
    mean, mean_other = (cv2.blur(picture, (size, size)) for picture in (one, other))
    variance = np.maximum(cv2.blur(one * one, (size, size)) - mean * mean, 1e-6)
    variance_other = np.maximum(cv2.blur(other * other, (size, size)) - mean_other * mean_other, 1e-6)
    together = cv2.blur(one * other, (size, size)) - mean * mean_other
    return together / np.sqrt(variance * variance_other), np.sqrt(variance), np.sqrt(variance_other)


def _edited(ours: Floats, theirs: Floats, where: Mask) -> Floats:
    """The reference as the one edit of all its colours would leave it that explains the photo best (robust least squares)."""
    light, light_there = ours[..., 0][where], theirs[..., 0][where]
    hue, hue_there = (picture[..., 1][where] + 1j * picture[..., 2][where] for picture in (ours, theirs))
    weights = np.ones(len(light))
    gain, offset, turn, tint = 1.0, 0.0, 1 + 0j, 0j
    for _ in range(ROUNDS):
        total = weights.sum() + 1e-6

        def mean(values: Any, weights: Any = weights, total: float = total) -> complex:
            return complex((weights * values).sum() / total)

        middle, middle_there = mean(light).real, mean(light_there).real
        variance = mean((light - middle) ** 2).real
        shared = mean((light - middle) * (light_there - middle_there)).real
        gain = float(np.clip((shared + 20) / (variance + 20), *GAIN))
        offset = float(np.clip(middle_there - gain * middle, -OFFSET, OFFSET))
        centre, centre_there = mean(hue), mean(hue_there)
        k = (mean(np.conj(hue - centre) * (hue_there - centre_there)) + 15) / (mean(abs(hue - centre) ** 2) + 15)
        angle = float(np.clip(np.angle(k), -TURN, TURN)) if abs(k) > 0.05 else 0.0
        turn = min(abs(k), SATURATION) * np.exp(1j * angle)
        tint = centre_there - turn * centre
        tint *= min(1.0, TINT / max(abs(tint), 1e-6))
        apart = np.hypot(LIGHT_COUNTS * (light_there - gain * light - offset), abs(hue_there - turn * hue - tint))
        weights = 1 / (1 + (apart / SPREAD) ** 2)
    whole = (ours[..., 1] + 1j * ours[..., 2]) * turn + tint
    return np.stack([gain * ours[..., 0] + offset, whole.real, whole.imag], axis=-1).astype(np.float32)


def _apart(one: Floats, other: Floats) -> Floats:
    """How far colours lie apart."""
    difference = one - other
    return np.asarray(
        np.sqrt((LIGHT_COUNTS * difference[..., 0]) ** 2 + difference[..., 1] ** 2 + difference[..., 2] ** 2)
    )


def _is_copy(edited: Floats, theirs: Floats, same: Mask) -> bool:
    """Whether one edit of all colours explains the photo where the structures agree."""
    if not same.any():
        return False
    light = np.abs(edited[..., 0] - theirs[..., 0])[same] > LIGHT_APART
    return bool((_apart(edited, theirs)[same] > COLOUR_APART).mean() <= MOST_APART and light.mean() <= MOST_LIGHT_APART)


def _is_unedited(ours: Floats, theirs: Floats, same: Mask) -> bool:
    """Whether the colours are as they were where the structures surely agree, whatever is behind the goods."""
    if same.sum() < LEAST_AGREEING:
        return False
    shift = np.median((theirs - ours)[same], axis=0)
    most = np.array([UNEDITED_LIGHT, UNEDITED_TINT, UNEDITED_TINT], np.float32)
    shifted = ours + np.clip(shift, -most, most)
    return _is_copy(shifted, theirs, same)


def _patches(ours: Floats, theirs: Floats, seen: Mask) -> list[_Patch]:
    """The places where the photo shows something else than the reference."""
    inner = _shrunk(seen, 7)
    if inner.sum() < LEAST_PLACES:
        return []
    edited = _edited(ours, theirs, inner)
    alike, _, _ = _structure(edited[..., 0], theirs[..., 0], 9)
    _, _, texture = _structure(edited[..., 0], theirs[..., 0], 5)
    apart = _apart(edited, theirs)
    other = ((apart > COLOUR_APART) & inner & (alike < OTHER_STRUCTURE)).astype(np.uint8)
    opened = cv2.morphologyEx(other, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    joined = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(joined)
    height, width = seen.shape
    found = []
    for number in range(1, count):
        x, y, across, down, area = (int(value) for value in boxes[number])
        if area < LEAST_PATCH * inner.sum():
            continue
        inside = labels == number
        around = np.zeros_like(inner)
        around[max(0, y - 2) : y + down + 2, max(0, x - 2) : x + across + 2] = True
        is_print = (
            area >= PRINT_PATCH * inner.sum()
            and _palette(edited, theirs, around & inner) >= SAME_PALETTE
            and _palette(edited, theirs, inside) >= SAME_PALETTE_INSIDE
            and float((texture[inside] < FLAT).mean()) < MOST_FLAT
            and float(apart[inside].mean()) > CLEARLY_APART
        )
        found.append(_Patch((x / width, y / height, across / width, down / height), is_print))
    return found


def _palette(one: Floats, other: Floats, where: Mask) -> float:
    """How alike the colours of two pictures are in a place, wherever in it each stands: 1 for the same (Bhattacharyya)."""
    return float(np.sqrt(_shares(one[where]) * _shares(other[where])).sum())


def _shares(colours: Floats) -> Floats:
    counts = np.histogramdd(colours, bins=(8, 8, 8), range=BINS)[0].astype(np.float32)
    counts += 3 * _softened(counts)
    return np.asarray(counts / max(1.0, float(counts.sum())), np.float32)


def _softened(counts: Floats) -> Floats:
    """Counts spread over neighbouring bins, so that a colour at the edge of one counts for both."""
    for axis in range(3):
        edge = [(1, 1) if at == axis else (0, 0) for at in range(3)]
        padded = np.pad(counts, edge, mode="edge")
        parts = [np.take(padded, range(at, at + counts.shape[axis]), axis=axis) for at in range(3)]
        counts = 0.25 * parts[0] + 0.5 * parts[1] + 0.25 * parts[2]
    return counts
