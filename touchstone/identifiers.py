"""Trade item numbers in the one form in which they can be compared."""

import re
import unicodedata


def canonical_gtin(text: str) -> str:
    """A GTIN-8, -12, -13 or -14 as the 14 digits of GS1's common form; spaces and hyphens are dropped.

    What holds anything else comes back stripped, so that it equals nothing but itself.
    """
    compact = _compact(text)
    return (
        compact.zfill(14)
        if compact.isdigit() and compact.isascii() and len(compact) in (8, 12, 13, 14)
        else re.sub(r"[\s\-]", "", text)
    )


def valid_gtin(text: str) -> bool:
    """Whether a GTIN has an allowed length and the right check digit (GS1 General Specifications, 7.9)."""
    from stdnum import ean

    compact = _compact(text)
    return compact.isascii() and bool(ean.is_valid(compact))


def _compact(text: str) -> str:
    """Digits as they are compared: no spaces or hyphens, full-width digits as plain ones."""
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text))
