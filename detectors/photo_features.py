"""What a photo shows in detail: points that are found again when it is cropped, turned, framed or put among others."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from detectors.fingerprints import opened

VERSION = 1
SIDE = 480  # pixels of the longer side at which points are sought; twice as many give no more recall on product photos
CLOSE_SIDE, CLOSE_POINTS = 800, 1500  # of a closer look; each of four photos in one gets a fair share of the points
LARGEST_GROWTH = 2.0  # by which a smaller picture is enlarged
POINTS = 600
FAST_THRESHOLD = 7  # levels of 255; plain garments have few sharp corners
THUMB = 96  # pixels of the longer side at which contents are compared
LEAST_THUMB = 8

Points = npt.NDArray[np.float32]
Bits = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.uint8]


class Reference(NamedTuple):
    """What is kept of a reference photo: its points, what surrounds each, a thumb in RGB, and its width and height when looked at."""

    points: Points
    descriptors: Bits
    thumb: Pixels
    size: tuple[int, int]


class Photo(NamedTuple):
    """A photo's points (n × 2, in pixels of ``pixels``), what surrounds each (n × 32 bytes, ORB) and the photo itself in RGB."""

    points: Points
    descriptors: Bits
    pixels: Pixels

    @property
    def reference(self) -> Reference:
        """The photo as others are compared with it."""
        height, width = self.pixels.shape[:2]
        scale = THUMB / max(height, width)
        size = (max(LEAST_THUMB, round(width * scale)), max(LEAST_THUMB, round(height * scale)))
        thumb = np.asarray(cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        return Reference(self.points, self.descriptors, thumb, (width, height))


def look(body: bytes, *, closely: bool = False) -> Photo:
    """Look at a photo's bytes, or closely, as at a collage of several. Raises ``UnreadableImage``."""
    picture, _ = opened(body, SIDE * 2)
    return look_at(picture, side=CLOSE_SIDE, most=CLOSE_POINTS) if closely else look_at(picture)


def look_at(picture: Image.Image, *, side: int = SIDE, most: int = POINTS) -> Photo:
    """Look at an upright RGB picture; ORB is Rublee et al. 2011, by OpenCV."""
    scale = min(LARGEST_GROWTH, side / max(picture.size))
    size = (max(32, round(picture.width * scale)), max(32, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    pixels = np.asarray(small, np.uint8)
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    points, descriptors = cv2.ORB.create(nfeatures=most, fastThreshold=FAST_THRESHOLD).detectAndCompute(gray, None)
    if descriptors is None:
        return Photo(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8), pixels)
    return Photo(np.array([point.pt for point in points], np.float32), np.asarray(descriptors, np.uint8), pixels)
