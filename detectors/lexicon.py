"""Words that honest titles use, so that none of them is taken for a brand that is misspelt or glued to another word."""

import gzip
from functools import cache
from pathlib import Path

WORDS = Path(__file__).parent / "words.txt.gz"  # made by tools/words.py, which says from what
_ENDINGS = ("s", "es", "ed", "er", "ing", "ly")
# What stands right behind a Hangul name: particles, and words of the trade that the word lists lack.
_PARTICLES = frozenset(
    "은 는 이 가 을 를 의 에 도 로 와 과 만 용 형 식 풍 사 제 표 신상 신형 정품 공식 에서 으로 부터 까지 보다 스타일 여성 남성 남녀 공용 자켓 재킷 신발 "  # noqa: SIM905 -- easier to read
    "가방 시계 지갑 반팔 긴팔 바지 셔츠 모자 양말 코트 패딩 점퍼 벨트 향수 매장 직구 병행 세트 라인 컬렉션 에디션 티 팬츠 케이스 커버 필름".split()
)


@cache
def common_words() -> frozenset[str]:
    """Words that everybody uses, folded."""
    return _blocks()[0]


@cache
def usual_words() -> frozenset[str]:
    """The common words, and those that most people know."""
    return frozenset().union(*_blocks()[:2])


@cache
def words() -> frozenset[str]:
    """Some two hundred thousand folded words of English, Korean and six languages more."""
    return frozenset().union(*_blocks())


@cache
def _blocks() -> tuple[frozenset[str], ...]:
    blocks = gzip.decompress(WORDS.read_bytes()).decode().split("\n\n")
    return tuple(frozenset(block.split("\n")) for block in blocks)


def is_word(text: str) -> bool:
    """Whether a folded text is a word that titles use, an English ending aside."""
    return _is_among(text, words())


def is_usual(text: str) -> bool:
    """Whether a folded text is a word that most people know, an English ending aside."""
    return _is_among(text, usual_words())


def _is_among(text: str, known: frozenset[str]) -> bool:
    if text in known or text in _PARTICLES:
        return True
    return text.isascii() and any(text.endswith(end) and text[: -len(end)] in known for end in _ENDINGS)


def is_compound(text: str, least: int) -> bool:
    """Whether a folded text is two words of at least ``least`` letters, one glued to the other."""
    return any(is_word(text[:at]) and is_word(text[at:]) for at in range(least, len(text) - least + 1))
