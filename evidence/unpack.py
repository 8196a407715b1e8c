"""What an archive keeps, taken out again: pictures, document, text, and images as they were served."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image
from warcio.archiveiterator import ArchiveIterator

from evidence.wacz import WARC
from evidence.warc import DOCUMENT, FULL_PAGE, TEXT, VIEW
from touchstone.archive import CaptureRecord
from touchstone.errors import VerificationFailed

# Raster formats by what Pillow calls them. Others, SVG above all, may hold scripts and are kept in the archive alone.
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "AVIF": "avif"}


class ServedImage(NamedTuple):
    """An image as the server gave it: its address, the record that keeps it, its bytes and its kind."""

    url: str
    record_id: str
    sha256: str
    body: bytes
    extension: str


class Unpacked(NamedTuple):
    """The parts of an archive."""

    view: bytes
    full_page: bytes
    document: bytes
    text: bytes
    images: tuple[ServedImage, ...]


def unpack(wacz: bytes, record: CaptureRecord) -> Unpacked:
    """Take an archive apart; raises ``VerificationFailed`` where it does not hold what its record says."""
    resources: dict[str, bytes] = {}
    images: list[ServedImage] = []
    with zipfile.ZipFile(io.BytesIO(wacz)) as archive, archive.open(WARC) as warc:
        for kept in ArchiveIterator(warc):
            uri = kept.rec_headers.get_header("WARC-Target-URI") or ""
            if kept.rec_type == "resource":
                prefix = next((known for known in (VIEW, FULL_PAGE, DOCUMENT, TEXT) if uri.startswith(known)), None)
                if prefix:
                    resources[prefix] = kept.content_stream().read()
            elif kept.rec_type == "response" and kept.http_headers.get_statuscode() == "200":
                record_id = kept.rec_headers.get_header("WARC-Record-ID")
                images += _image(uri, record_id, kept.content_stream().read())
    for prefix, name in (
        (VIEW, "view.png"),
        (FULL_PAGE, "full-page.png"),
        (DOCUMENT, "document.html"),
        (TEXT, "text.txt"),
    ):
        if hashlib.sha256(resources.get(prefix, b"")).hexdigest() != record.files[name]:
            raise VerificationFailed(
                f"the archive of {record.listing} does not hold {name} as it was captured",
                hint="Restore the store from a backup, or capture again.",
            )
    return Unpacked(resources[VIEW], resources[FULL_PAGE], resources[DOCUMENT], resources[TEXT], tuple(images))


def image_format(body: bytes) -> str | None:
    """What Pillow calls an image's kind, by its first bytes; ``None`` for what is no image."""
    try:
        with Image.open(io.BytesIO(body)) as image:
            return image.format
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _image(url: str, record_id: str, body: bytes) -> Iterator[ServedImage]:
    """The image that a body is, if it is one of a kind that is harmless to look at."""
    if extension := EXTENSIONS.get(image_format(body) or ""):
        yield ServedImage(url, record_id, hashlib.sha256(body).hexdigest(), body, extension)
