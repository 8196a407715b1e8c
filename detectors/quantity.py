"""How many pieces a title offers, and whether it is another size than the catalog's."""

import re
from typing import NamedTuple

from detectors.text import fold
from touchstone.money import Money

MOST_PIECES = 200  # a larger number before "개" counts stock or reviews, not a pack

_COUNT = re.compile(
    r"(?<![\d.,])(\d{1,3})\s*(?:개입|개(?=\s|$|\))|개\s*세트|개\s*묶음|팩|입\b|매입|-?\s?packs?\b|pcs\b|pieces\b|p\b(?!\w))"
    r"|(?:pack|set|lot|bundle|box)\s+of\s+(\d{1,3})\b|(?<!\w)x\s?(\d{1,2})\b(?!\s*(?:mm|cm|\d))|\b(\d{1,2})\s?x\s(?=[a-z])"
)
_PLUS = re.compile(r"(?<!\d)(\d)\s*\+\s*(\d)(?!\d)")
_OTHER_SIZE = re.compile(
    r"미니|샘플|체험분|체험용|여행용|소용량|공병|\bmini\b|travel[- ]?size|\bsample|\btester|trial|sachet|파우치형|증정용|"
    r"부품|한쪽|왼쪽만|오른쪽만|\bspare\b|\bpart\b|리필|refill|only\s+(?:left|right)|(?:left|right)\s+(?:only|ear|side)"
)


_FINAL = re.compile(
    r"(?:쿠폰가|쿠폰\s*적용가?|최종가|최종\s*혜택가|할인가|혜택가|특가|적용\s*시)\s*[:=]?\s*(?P<won>\d[\d,]*\s*(?:만\s*\d*천?\s*)?)원"
    r"|(?P<won2>\d[\d,]*)\s*원\s*\(?(?:쿠폰|최종|적용)"
    r"|\$\s?(?P<usd>\d[\d,]*(?:\.\d\d)?)\s+(?:after|with|w/)\s+(?:the\s+)?(?:coupon|code|discount|voucher)"
)


_SINGLE = re.compile(
    r"\b1\s*(?:piece|pc|ea|unit)\b|\bsingle\b|\beach\b|낱개|단품|1\s*(?:개|매|장|켤레|병|입)(?!\s*(?:입|월|세트))"
)


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
    other_size = any(hit[0] not in own for hit in _OTHER_SIZE.finditer(text))
    single = listed > 1 and bool(_SINGLE.search(text))
    if single:
        return Pack(1, other_size, one_of_pack=True)
    numbers = [int(next(group for group in hit.groups() if group)) for hit in _COUNT.finditer(text)]
    numbers += [int(hit[1]) + int(hit[2]) for hit in _PLUS.finditer(text)]
    packs = [number for number in numbers if 1 <= number <= MOST_PIECES]
    extra = [number for number in packs if number != listed]
    quantity = listed
    if extra and listed > 1 and listed in packs:
        quantity = listed * max(extra)  # "Socks 3-Pack x 2"
    elif packs:
        quantity = max(packs)
    return Pack(quantity, other_size)


def final_price(title: str, price: Money) -> Money | None:
    """A lower price that the title itself advertises, after a coupon: it is what buyers are shown."""
    hit = _FINAL.search(fold(title).text)
    if hit is None:
        return None
    written = {"KRW": hit["won"] or hit["won2"], "USD": hit["usd"]}.get(price.currency)
    try:
        final = Money.of((written or "").replace(",", "").strip(), price.currency)
    except ValueError:  # a title is hostile text: what is no amount is no price
        return None
    return final if final.minor > 0 else None
