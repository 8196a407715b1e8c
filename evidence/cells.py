"""Tables for spreadsheet programs: what a page wrote stays text there, and is never taken for a formula.

The rules follow OWASP's "CSV Injection" and its ASVS 5.0.0 (2025), 1.2.10, and go beyond them where a program reads past spaces,
invisible characters or full-width signs.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

FORMULA = frozenset("=+-@")
EATEN = frozenset("\t\r")  # some programs drop these before they look for a formula
BOM = "\ufeff"  # without it, spreadsheet programs read UTF-8 as the machine's own code page, and Hangul is lost
_BREAKS = ("Zl", "Zp")
_UNSEEN = ("Cc", "Cf", "Cs", *_BREAKS)


def plain(text: str) -> str:
    """``text`` on one line: breaks and tabs are spaces; other control characters and lone surrogates are gone."""
    return "".join(map(_plain, text))


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if category in _BREAKS or (category == "Cc" and char.isspace()):
        return " "
    return "" if category in ("Cc", "Cs") else char


def neutral(text: str) -> str:
    """``text`` as a cell that no spreadsheet program computes: ``plain``, behind an apostrophe where it might be a formula.

    It might be one where it begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return, in any width, behind any
    spaces and unseen characters; so a negative number gets the apostrophe, too. Doing it twice changes nothing more.
    """
    return f"'{plain(text)}" if text[:1] in EATEN or _first_seen(text) in FORMULA else plain(text)


def _first_seen(text: str) -> str:
    """The first character that is neither space nor unseen, in its plain width; empty where there is none."""
    seen = (char for char in text if not char.isspace() and unicodedata.category(char) not in _UNSEEN)
    return unicodedata.normalize("NFKC", next(seen, ""))[:1]


def write_csv(rows: Iterable[Sequence[str]], header: Sequence[str]) -> bytes:
    """A table as UTF-8 with a byte order mark and CRLF, every cell neutral.

    Every cell is quoted, so that a program which separates by semicolons finds no cell inside another.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([neutral(cell) for cell in row] for row in (header, *rows))
    return (BOM + text.getvalue()).encode("utf-8")
