"""Make ``detectors/words.txt.gz``: the words that honest titles use, so that none of them is taken for a misspelt brand.

Three blocks: common, usual and rare words.

From the word lists of wordfreq 3.1.1 (https://github.com/rspeer/wordfreq, data under CC BY-SA 4.0), folded to plain
letters. Run by ``make words``; wordfreq is needed for this alone.
"""

import gzip
import unicodedata
from itertools import pairwise
from pathlib import Path

import wordfreq  # type: ignore[import-not-found]  # installed by `make words` alone

TARGET = Path(__file__).parent.parent / "detectors" / "words.txt.gz"
LEAST_FREQUENCY = {"en": 5e-8, "ko": 0.0, "de": 3e-6, "es": 3e-6, "fr": 3e-6, "it": 3e-6, "nl": 3e-6, "pt": 3e-6}
BLOCKS = (1e-5, 3e-7)  # common words are one in a hundred thousand and more, usual ones three in ten million
LONGEST = 20  # letters


def plain(word: str) -> str:
    """Small letters without accents."""
    bare = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare)


def is_kept(word: str) -> bool:
    """Whether a word is one of letters alone, Latin or Hangul."""
    return 2 <= len(word) <= LONGEST and (word.isascii() or all("가" <= c <= "힣" for c in word)) and word.isalpha()


def main() -> None:
    """Write the list, sorted, so that the same lists give the same file."""
    frequencies: dict[str, float] = {}
    for language, least in LEAST_FREQUENCY.items():
        size = "large" if language == "en" else "best"
        for word, frequency in wordfreq.get_frequency_dict(language, size).items():
            if frequency >= least and is_kept(folded := plain(word)):
                frequencies[folded] = max(frequency, frequencies.get(folded, 0.0))
    bounds = (1.0, *BLOCKS, 0.0)
    blocks = [
        sorted(word for word, frequency in frequencies.items() if least <= frequency < most)
        for most, least in pairwise(bounds)
    ]
    TARGET.write_bytes(gzip.compress("\n\n".join("\n".join(block) for block in blocks).encode(), mtime=0))
    print([len(block) for block in blocks], f"words, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
