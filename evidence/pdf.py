"""HTML to a tagged PDF/A-3 by WeasyPrint, which is given pictures that were drawn for the document and nothing else."""

import logging
from collections.abc import Mapping
from typing import Any

from PIL import ImageFile
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

VARIANT = "pdf/a-3a"  # archival, tagged: PDF/A-3, conformance level A (ISO 19005-3)
SCHEME = "exhibit:"  # of the addresses by which a document names its pictures

# WeasyPrint's import has all of the process take half an image for a whole one; what looks at strangers' photos must not.
ImageFile.LOAD_TRUNCATED_IMAGES = False
logging.getLogger("weasyprint").setLevel(logging.ERROR)  # it remarks on style; what it may not have is raised below


class Pictures(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Gives the PDF engine its pictures. The engine's own way reads any file of this machine that a document names."""

    def __init__(self, pictures: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=(), fail_on_errors=True)
        self._pictures = pictures

    def fetch(self, url: str, headers: Any = None) -> Any:
        """A picture by its address; raises for any other address, which ends the document."""
        body = self._pictures.get(url)
        if body is None:
            raise FatalURLFetchingError(f"{url[:100]} is none of the document's pictures")
        return URLFetcherResponse(url, body, {"Content-Type": "image/jpeg"})


def to_pdf(html: str, style: str, pictures: Mapping[str, bytes], identifier: bytes) -> bytes:
    """The document. Times come from its own head and the identifier from the caller: the same inputs give the same bytes."""
    fetcher, fonts = Pictures(pictures), FontConfiguration()
    sheet = CSS(string=style, base_url=SCHEME, url_fetcher=fetcher, font_config=fonts)
    document = HTML(string=html, base_url=SCHEME, url_fetcher=fetcher, media_type="print")
    pdf = document.write_pdf(
        stylesheets=[sheet], font_config=fonts, pdf_variant=VARIANT, pdf_tags=True, pdf_identifier=identifier
    )
    return bytes(pdf)
