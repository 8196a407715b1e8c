"""Hangul names in Latin letters: the official romanization, the way loanwords came from, and what brands make of both."""

import re
from collections.abc import Iterator

import koroman

from detectors.loanwords import taken_apart, to_latin

OFFICIAL = "Revised Romanization"
LOANED = "as loanwords are written"
CUSTOMARY = "as brands romanize"
# What Korean names and brands write for the official letters (Samsung, Hyundai, Sulwhasoo, Kumho, Lee): after the
# survey of names in use that the National Institute of the Korean Language made for its guide to romanization (2000).
# The first is tried first, then all together.
_CUSTOMS = (
    ("(?<![aeo])u(?![aeiou])", "oo"),
    ("eo", "u"),
    ("eu", ""),
    ("^g", "k"),
    ("^d", "t"),
    ("^b", "p"),
    ("^r", "l"),
    ("^j", "ch"),
    ("ae", "e"),
)


def latin_spellings(hangul: str, most: int) -> Iterator[tuple[str, str]]:
    """Ways to write a Hangul word in Latin letters, and how each was made; the likeliest first."""
    official: str = koroman.romanize(hangul).replace("-", "")  # some doubled letters come apart
    loaned = [spelling.text for spelling in to_latin().read(taken_apart(hangul), most)]
    customary = _customary(official)
    yield from ((text, LOANED) for text in loaned[:1])
    yield official, OFFICIAL
    yield from ((text, CUSTOMARY) for text in customary[:1])
    yield from ((text, LOANED) for text in loaned[1:])
    yield from ((text, CUSTOMARY) for text in customary[1:])


def _customary(official: str) -> list[str]:
    """The official romanization with all that brands change, then with each change alone."""
    everything = official
    for pattern, other in _CUSTOMS[:3]:
        everything = re.sub(pattern, other, everything)
    alone = [re.sub(pattern, other, official) for pattern, other in _CUSTOMS]
    return [text for text in dict.fromkeys([everything, *alone]) if text != official]
