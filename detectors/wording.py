"""Words that sellers of replicas use, and words that only look like them."""

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Self

import msgspec

from detectors.base import Examples, offered
from detectors.samples import SHELL, catalog, listing
from detectors.text import fold
from touchstone.catalog import Catalog
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match

SENTENCES = re.compile(r"(?<=[.!?。])\s+|\n+|(?<=다)\.\s*|[|★♥■●▶]+")
# What a sentence says that speaks of copies only to deny, to warn of or to answer for them, in Korean and English.
DENIAL = re.compile(
    r"않|안\s*팔|아닙|아닌|아님|아니|없습|없어|없는|없음|일절|절대|피해|주의|조심|여부|보상|환불|배상|신고|근절|적발|사절|금지|경우|일\s*시|판별|감정|감별|구[별분]법|사칭|위험|말아"
    r"|\b(?:no|not|never|zero|without|refuse|refused|guarantee\w*|beware|avoid|against|report|prohibit\w*|money back|don.?t|refund\w*|unlike|proven|scams?)\b"
)
LEXICON = Path(__file__).parent / "wording.toml"


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A telling expression: a regular expression on folded text, what it means in the trade and where that is from.

    ``unless`` is an expression in the same sentence with which it means something else. ``deniable`` entries mean
    nothing in a sentence that denies, warns or promises ("no replicas", "가품시 보상"). ``hits`` and ``misses`` are
    examples; tests walk them.
    """

    pattern: str
    kind: str
    meaning: str
    source: str
    strength: float = 1.0
    unless: str | None = None
    deniable: bool = False
    hits: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()

    def find(self, text: str) -> str | None:
        """The words in folded ``text`` that the entry is about; each sentence is read apart."""
        for sentence in _sentences(text):
            hit = _compiled(self.pattern).search(
                sentence
            )  # first: it seldom hits, and its exceptions need no look then
            if hit is None or (self.unless and _compiled(self.unless).search(sentence)):
                continue
            if not (self.deniable and DENIAL.search(sentence)):
                return hit[0].strip()
        return None


@lru_cache(maxsize=64)
def _sentences(text: str) -> list[str]:
    return SENTENCES.split(text)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@cache
def lexicon() -> tuple[Entry, ...]:
    """Every entry of ``wording.toml``; its readers are trusted, since it ships with the detector."""
    return msgspec.convert(tomllib.loads(LEXICON.read_text(encoding="utf-8"))["entry"], tuple[Entry, ...])


class WordingDetector:
    """Do title and description speak as sellers of replicas do ("미러급", "1:1", "master copy"), in Korean and English?

    Each entry of the lexicon says what it means and when it means something else: "S급 중고" grades wear, "no replicas"
    is a promise. It adds to a suspicion and never carries one alone: most replicas are sold without such words.
    """

    name = "wording"
    version = 2
    kinds = ("replica_wording", "hint_wording", "off_platform_contact")

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Needs nothing of the catalog."""
        return cls()

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """The strongest entry of each kind, for each brand that is sold."""
        brands = [match.brand for match in offered(matches)]
        if not brands:
            return ()
        title, description = fold(listing.title).text, fold(listing.description or "").text
        best: dict[str, tuple[float, str, str]] = {}
        for entry in lexicon():
            for where, text in (("title", title), ("description", description)):
                words = entry.find(text)
                if words and (entry.kind not in best or best[entry.kind][0] < entry.strength):
                    best[entry.kind] = (entry.strength, words, f"{where} says {words!r}: {entry.meaning}")
        return tuple(
            Finding(
                detector=self.name, version=self.version, kind=kind, brand=brand, strength=strength, reason=reason,
                data={"words": words},
            )
            for brand in brands
            for kind, (strength, words, reason) in best.items()
        )  # fmt: skip

    @classmethod
    def examples(cls) -> Examples:
        """Replica grades and an invitation to leave the platform; a grade of wear and a promise of authenticity."""
        return Examples(
            catalog=catalog(),
            finds=(
                listing(title=f"{SHELL} 미러급"),
                listing(description="AAA quality, same factory as the original."),
                listing(description="구매 전 카톡 문의 주세요 kakao: abc123"),
            ),
            passes=(
                listing(),
                listing(title=f"{SHELL} S급 중고"),
                listing(description="100% 정품, 가품일 경우 200% 보상해 드립니다."),
                listing(description="Authentic only. No replicas, no fakes."),
            ),
        )


DETECTOR = WordingDetector
