"""How many pieces a title offers, and whether it is another size than the catalog's."""

import re
from typing import NamedTuple

from detectors.text import fold
from touchstone.money import Money

MOST_PIECES = 50  # a larger number counts sheets, stock or reviews, not a pack

# "24P" and "X86" stand in model numbers far more often than for pieces: of 565 numbers that a looser reading took for a
# pack, in 23,125 real titles, 289 were none.
_COUNT = re.compile(
    r"(?<![\d.,a-z/])(\d{1,3})\s*(?:개입|개(?=\s|$|[)\]])|개\s*세트|개\s*묶음|팩|입(?!\w)|매입|-?\s?packs?(?![a-z0-9])(?!\s+of\s)|(?:pcs|pieces)(?![a-z0-9]))"
    r"|(?<![\w.,/-])(\d{1,2})p(?=\s*(?:세트|묶음|set\b))"
    r"|(?:pack|set|lot|bundle|box)\s+of\s+(\d{1,3})\b"
    r"|(?<=[\s(\[])(?<!\d\s)(?<!\d[a-z]\s)x\s?([1-9]|1[0-2])(?=\s*(?:개|팩|$|[)\],]))"
    r"|^(\d{1,2})\s?x\s(?=[^\W\d])"
)
_PLUS = re.compile(r"(?<![\d/.])(?<!\d\s)([1-5])\s?\+\s?([1-5])(?!\s?[\d+/.])(?!\s*rounds)")
# "미니" and "mini" alone are parts of names (미니멀, iPad mini) in all of 196 real titles that have them.
_OTHER_SIZE = re.compile(
    r"미니\s*(?:사이즈|용량|보틀|병|크림|로션|세럼|앰플|토너|에센스|향수|오일|샴푸|키트)|미니어처|샘플|체험분|체험용|여행용|소용량|공병|\bmini(?:ature)?\s+(?:size|bottle|spray|cream|lotion|serum|perfume|oil|kit)|travel[- ]?size|\bsample|\btester|테스터|키즈|주니어|아동용|유아용|\bkids?\b|\bjunior\b|\btoddlers?\b|\byouth\b"
    r"|\btrial\s+(?:size|pack|kit)|sachet|파우치형|증정용|부품|한쪽|왼쪽만|오른쪽만|\bspare\s+(?:part|strap|band|lid|cap|filter|blade|wheel|cover)|\bparts?\s+only|\b(?:straps?|bands?|bezel|buckle|lid|pump|caps?|ear\s?tips?|pads?|cable|charger|insoles?|laces|zipper|hood|filters?)\s+for\b|리필(?!드)|refill"
    r"|only\s+(?:left|right)|(?:left|right)\s+(?:only|ear|side)"
)


# What is taken off, collected or needed is no price: "적용시 5,000원 할인", "50,000원 이상 구매시".
_NO_PRICE = r"(?!\s*(?:할인|적립|쿠폰|이상|이하|off|증정|캐시백|추가|대|환급|부터))"
_FINAL = re.compile(
    r"(?:쿠폰가|쿠폰\s*적용가?|최종가|최종\s*혜택가|할인가|혜택가|특가|적용\s*시)\s*[:=]?\s*"
    r"(?:(?P<man>\d[\d,]*)\s*만\s*(?:(?P<cheon>\d)\s*천)?(?P<rest>\d{1,4})?|(?P<won>\d[\d,]*))\s*원"
    + _NO_PRICE
    + r"|(?P<won2>\d[\d,]*)\s*원\s*\(\s*(?:쿠폰|최종)"
    r"|\$\s?(?P<usd>\d[\d,]*(?:\.\d\d)?)\s+(?:after|with|w/)\s+(?:the\s+)?(?:coupon|code|discount|voucher)"
)


# Contents, in millilitres and grams.
_CONTENTS = re.compile(r"(?<![\d.,])(\d{1,4}(?:\.\d{1,2})?)\s?(ml|l|g|kg|리터|그램)(?![a-z0-9])")
_UNITS = {"ml": (1, "ml"), "l": (1000, "ml"), "리터": (1000, "ml"), "g": (1, "g"), "그램": (1, "g"), "kg": (1000, "g")}
# A part of the price: a deposit, one month's instalment, the fee for holding a place.
_PART_PAYMENT = re.compile(
    r"예약금|계약금|보증금|선금|할부|월\s*(?:납|\d[\d,.]*\s*(?:만\s*)?원)|\bdeposit\b|down\s*payment|per month|a month|/\s*mo\b|monthly|instal+ments?"
)
_SINGLE = re.compile(
    r"\b1\s*(?:piece|pc|ea|unit)\b|\bsingle\b|\beach\b|낱개|단품|1\s*(?:개|매|장|켤레|병|입)(?!\s*(?:입|월|세트))"
)


def is_part_payment(title: str) -> bool:
    """Whether what is asked is a part of the price by the title's own words, so that it tells nothing of the whole."""
    return bool(_PART_PAYMENT.search(fold(title).text))


class Pack(NamedTuple):
    """``quantity`` pieces; ``other_size`` where the title offers a sample, a part or a refill of the product.

    ``one_of_pack`` where it offers a single piece out of a pack that the catalog lists as one.
    """

    quantity: int
    other_size: bool
    one_of_pack: bool = False


def pack_of(title: str, *, listed: int = 1, known_titles: tuple[str, ...] = ()) -> Pack:
    """Read the pack out of a title: "3개입", "2-pack", "1+1", "set of 4"; ``listed`` pieces where it says nothing.

    A word for another size that stands in one of ``known_titles`` is part of the product's name ("Mini Tote").
    """
    text = fold(title).text
    own = " ".join(fold(known).text for known in known_titles)
    other_size = any(hit[0] not in own for hit in _OTHER_SIZE.finditer(text)) or _contents_differ(text, own)
    single = listed > 1 and bool(_SINGLE.search(text))
    if single:
        return Pack(1, other_size, one_of_pack=True)
    packs = _packs(text)
    if listed == 1:  # a pack that the catalog's own title names is one piece by the catalog's count
        packs = [number for number in packs if number not in _packs(own)]
    extra = [number for number in packs if number != listed]
    quantity = listed
    if extra and listed > 1 and listed in packs:
        quantity = listed * max(extra)  # "Socks 3-Pack x 2"
    elif packs:
        quantity = max(packs)
    return Pack(quantity, other_size)


def _contents_differ(text: str, own: str) -> bool:
    """Whether a title names contents in a unit of the catalog's title, and none of them is the catalog's."""
    here, there = _contents(text), _contents(own)
    units = {unit for _, unit in here} & {unit for _, unit in there}
    return bool(units) and not {one for one in here if one[1] in units} & there


def _contents(text: str) -> set[tuple[float, str]]:
    return {(float(hit[1]) * _UNITS[hit[2]][0], _UNITS[hit[2]][1]) for hit in _CONTENTS.finditer(text)}


def _packs(text: str) -> list[int]:
    numbers = [int(next(group for group in hit.groups() if group)) for hit in _COUNT.finditer(text)]
    numbers += [int(hit[1]) + int(hit[2]) for hit in _PLUS.finditer(text)]
    return [number for number in numbers if 1 <= number <= MOST_PIECES]


def final_price(title: str, price: Money) -> Money | None:
    """A lower price that the title itself advertises, after a coupon: it is what buyers are shown."""
    hit = _FINAL.search(fold(title).text)
    if hit is None:
        return None
    won = hit["won"] or hit["won2"]
    if hit["man"]:
        won = str(int(hit["man"].replace(",", "")) * 10_000 + int(hit["cheon"] or 0) * 1_000 + int(hit["rest"] or 0))
    written = {"KRW": won, "USD": hit["usd"]}.get(price.currency)
    try:
        final = Money.of((written or "").replace(",", "").strip(), price.currency)
    except ValueError:  # a title is hostile text: what is no amount is no price
        return None
    return final if final.minor > 0 else None
