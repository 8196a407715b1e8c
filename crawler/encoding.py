"""A page's bytes as text, also where its declared encoding is wrong."""

from w3lib.encoding import html_to_unicode

FALLBACKS = ("utf-8", "cp949", "cp932", "gb18030", "cp1252")  # tried strictly, in this order
SUSPICIOUS = 3  # undecodable places from which a declaration is believed to be wrong; a stray byte is not


def decoded(body: bytes, content_type: str | None) -> str:
    """The text of a page: as its header, byte order mark or meta tag declares, unless that leaves it in pieces.

    Where several encodings would do, UTF-8 is the surest sign of itself, then Korean, Japanese and Chinese; the
    declared one stays when none reads the whole page.
    """
    declared, text = html_to_unicode(content_type, body, default_encoding="utf-8")
    if text.count("\ufffd") < SUSPICIOUS and not (declared != "utf-8" and _is_utf8(body)):
        return str(text)
    for encoding in FALLBACKS:
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return str(text)


def _is_utf8(body: bytes) -> bool:
    """Whether bytes beyond ASCII are there and all are UTF-8: by chance that happens to no other encoding."""
    if body.isascii():
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
