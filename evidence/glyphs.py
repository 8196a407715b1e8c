"""Text as a report can print it: whatever its font lacks, or nobody can see, is spelled out."""

import functools
import shutil
import subprocess
import unicodedata

from fontTools.ttLib import TTFont

from touchstone.errors import ConfigurationError

FAMILIES = ("Noto Sans CJK KR", "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", "NanumGothic")
NEEDED = "가힣정품 A9₩$…–·"  # what a report is bound to print
_HINT = "Install one with: apt-get install fonts-noto-cjk (Debian, as root)"


class Glyphs:
    """The characters that one installed font can print."""

    def __init__(self, family: str, covered: frozenset[int]) -> None:
        self.family = family
        self._covered = covered

    def shown(self, text: str | None) -> str:
        """``text`` with controls, invisible characters and those that the font lacks spelled out, as ``[U+1F525]``."""
        return "".join(char if self._prints(char) else _spelled(char) for char in text or "")

    def _prints(self, char: str) -> bool:
        return ord(char) in self._covered and (char.isprintable() or char == " ")


def _spelled(char: str) -> str:
    if char in "\n\t":
        return " "
    return f"[U+{ord(char):04X}]" if unicodedata.category(char) != "Mn" else ""


@functools.cache
def glyphs() -> Glyphs:
    """The first Korean font that is installed; raises ``ConfigurationError`` where there is none."""
    if not shutil.which("fc-match"):
        raise ConfigurationError("fontconfig is not installed, so no report can be printed", hint=_HINT)
    for family in FAMILIES:
        command = ["fc-match", "-f", "%{file}\n%{index}\n%{family}", family]
        file, index, found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n", 2)
        if family not in found.split(","):
            continue
        with TTFont(file, fontNumber=int(index), lazy=True) as font:
            covered = frozenset(font.getBestCmap() or ())
        if all(ord(char) in covered for char in NEEDED):
            return Glyphs(family, covered)
    raise ConfigurationError("no Korean font is installed, so no report can be printed", hint=_HINT)
