"""What a title says with a brand's name: that the goods are it, for it, like it, better than it, or merely found by it."""

import re

from detectors.text import words
from touchstone.catalog import Brand
from touchstone.verdicts import Role

_FOR_BEFORE = re.compile(
    r"(?:\bfor|\bfits?|compatible\s+with|works\s+with|suitable\s+for|made\s+for|replacement\s+for|designed\s+for|spare\s+\w+\s+for)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
# "휴대용", "여성용" say what a thing is for, not what it fits.
_PURPOSE = r"휴대|여행|여성|남성|남녀공|가정|업소|아동|유아|캠핑|등산|선물|다용도|다|사무|학생|실내|실외|차량|겨울|여름|데일리|운동|공|겸|사|내|애|이|비|혼|전|신"
_FOR_AFTER = re.compile(
    rf"^[^,|/()\[\]]{{0,40}}?(?:호환|(?<!{')(?<!'.join(_PURPOSE.split('|'))})용(?=\s|$|[가-힣]{{0,2}}\s?(?:케이스|필름|스트랩|필터|커버|충전|파우치|밴드|이어팁|거치))|전용|compatible\b)",
    re.IGNORECASE,
)
# Work on the brand's goods, and what comes as a present with another brand's.
_FOR_ANYWHERE = re.compile(
    r"호환|\bcompatible\b|사제|비정품|수선|전문\s*수리|(?:수리|복원|세탁)\s*(?:서비스|전문|대행|접수)|\brepairs?\s+(?:service|shop)"
    r"|\brepair\b.{0,20}\bmail-?in\b|\b(?:restoration|cleaning)\s+service",
    re.IGNORECASE,
)
_PRESENT_BEFORE = re.compile(r"(?:\bwith\s+(?:a\s+)?free|\bfree\s+gift\s*:?|사은품\s*:)\s*$", re.IGNORECASE)
_PRESENT_AROUND = (
    re.compile(r"[+＋]\s*$"),
    re.compile(r"^[^+|,/]{0,40}?(?:증정|사은품|\bgift\b|\bfree\b)", re.IGNORECASE),
)
_JOINT = re.compile(r"^[\s)\]]{0,3}[x×&][\s(\[]{0,3}$", re.IGNORECASE)
_LIKE_BEFORE = re.compile(
    r"(?:\blike|similar\s+to|inspired\s+by|dupe\s+(?:of|for)|alternative\s+to|in\s+the\s+style\s+of)\s+(?:the\s+|a\s+)?$",
    re.IGNORECASE,
)
_LIKE_AFTER = re.compile(
    r"^\W{0,2}(?:style|styled|inspired|look|type|dupe|alternative|스타일|st\b|느낌|풍|감성|타입|맛|st\.)", re.IGNORECASE
)
_VERSUS_BEFORE = re.compile(
    r"(?:\bvs\.?|\bversus|why\s+(?:pay|pick|buy|choose)(?:\s+for)?|instead\s+of|tired\s+of|forget|better\s+than|cheaper\s+than|compared\s+(?:to|with)|rivals?|beats|not)\s+(?:the\s+|a\s+)?$",
    re.IGNORECASE,
)
_VERSUS_AFTER = re.compile(
    r"^\W{0,2}(?:vs\.?\b|versus\b|보다|대비|대신|못지\s*않|(?:이|가|도)?\s*부럽지|버금|저리\s*가라|비교|급\s*성능)",
    re.IGNORECASE,
)
_STUFFING_BEFORE = re.compile(r"(?:#\s*|\btags?\s*:?\s*|키워드\s*:?\s*|(?:^|\W)not\s+)$", re.IGNORECASE)


def role_of(title: str, start: int, end: int) -> Role:
    """What the title says with a brand's name at ``start:end``: the goods are it, for it, like it, or compared with it."""
    before, after = title[:start].rstrip("[(\"'“ ") + " ", title[end:]
    if _VERSUS_BEFORE.search(before) or _VERSUS_AFTER.search(after):
        return Role.VERSUS
    if _LIKE_BEFORE.search(before) or _LIKE_AFTER.search(after):
        return Role.LIKE
    if _FOR_BEFORE.search(before) or _FOR_AFTER.search(after) or _FOR_ANYWHERE.search(title):
        return Role.FOR
    if _PRESENT_BEFORE.search(before) or all(
        sign.search(text) for sign, text in zip(_PRESENT_AROUND, (before, after), strict=True)
    ):
        return Role.FOR
    if _STUFFING_BEFORE.search(title[:start]):
        return Role.STUFFING
    return Role.IS


def are_joint(title: str, end: int, start: int) -> bool:
    """Whether the names that end and start there are joined as in a joint edition: "A x B"."""
    return bool(_JOINT.search(title[end:start]))


def context_words(brand: Brand, title: str) -> int:
    """How many of the words that show that an ordinary word means the brand a title holds."""
    here = set(words(title))
    return sum(set(words(context)) <= here for context in brand.context)
