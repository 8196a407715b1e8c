"""Prices as shops write them, in any locale: which of the amounts in a text is asked, and in which currency.

A text that shows a price often holds other amounts: a struck-out price, instalments, postage, a price per unit, a
saving, points. Each amount is taken out with the words around it, those words say what it is, and of what is left
the price is the one that an ordinary buyer pays. Digits are read by price-parser, one amount at a time.
"""

import functools
import html
import re
import tomllib
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from iso4217 import Currency
from price_parser import Price

from touchstone.money import Money, minor_digits

LONGEST_PRICE_TEXT = 200  # a longer text is a paragraph in which some number would be taken for the price
WITHDRAWN = {
    "RUR": "RUB",
    "BYR": "BYN",
    "TRL": "TRY",
    "ROL": "RON",
    "RMB": "CNY",
    "NTD": "TWD",
    "WON": "KRW",
}  # still on pages
MOST_DIGITS = 24  # of an amount; beyond it no price is meant

_MULTIPLES = {
    "억": 100_000_000, "億": 100_000_000, "亿": 100_000_000, "만": 10_000, "万": 10_000, "萬": 10_000,
    "천": 1000, "千": 1000, "백": 100, "百": 100, "k": 1000, "K": 1000, "triệu": 1_000_000, "rb": 1000, "jt": 1_000_000,
    "тыс": 1000, "m": 1_000_000, "M": 1_000_000,
}  # fmt: skip
_DIGITS = r"\d+(?:[.,'’·٫٬]\d+)*(?:[  \u202f]\d{3}(?!\d))*(?:[.,]\d{1,2}(?!\d))?|[.,]\d{2}(?!\d)"
_UNIT = r"억|億|亿|만|万|萬|천|千|백|百|[kK](?!\w)|triệu|rb(?!\w)|jt(?!\w)|тыс|[mM](?=\s*(?:$|[)\s]))"
_AMOUNT = re.compile(rf"(?:(?:{_DIGITS})\s*(?:{_UNIT})+\s*)+(?:{_DIGITS})?|{_DIGITS}|(?<![\d십백])만(?=원)")
_PART = re.compile(rf"({_DIGITS})\s*((?:{_UNIT})*)")
_PLAIN = re.compile(r"\d+(?:\.\d{1,4})?")
_BEGINS = re.compile(
    r"\b(?:from|starting at|as low as|ab|desde|dès|à partir de|od|från|fra|vanaf)\b|から|부터|\d\s*원?\s*[~～]\s*$|起",
    re.IGNORECASE,
)
_RANGE = re.compile(r"^\W{0,3}?(?:~|～|–|—|-|−|to|bis|до|and|à|a|から|부터|until|t/m|～)\W{0,3}$", re.IGNORECASE)

_LIST = re.compile(
    r"\bwas\b|rrp|msrp|m\.?r\.?p|\blist\b|정가|소비자가|원가(?!\w)|\breg(?:ular)?\b|statt|uvp|au lieu|\bantes\b|\bde\s*$|stara|旧|定価"
    r"|原[价價価]|før\b|förr|ord\.|eski|normal|adviesprijs|originally|compare at|参考|통상|기존가|시중가|市价|市價|希望|建議|建议"
    r"|\bold\b|vorher|前|prezzo consigliato|listino|prix conseillé|barré|przed|cena katalogowa|precio anterior|\btachado|출고가|최초",
    re.IGNORECASE,
)
_NOW = re.compile(
    r"\bnow\b|판매가|할인가|\bnå\b|\bnu\b|\bpor\b|yeni|promo|セール|特[価價价]|sale|ahora|jetzt|jetzt nur|maintenant|ora\b|теперь|즉시|inc"
    r"|inkl|税込|ttc|실구매|최종",
    re.IGNORECASE,
)
_COUPON = re.compile(
    r"쿠폰|coupon|cup[oó]n|gutschein|cupom|member|회원|멤버십|\bapp\b|앱|카드|\bcard\b|loyalty|club|prime|クーポン|会員|会员|券后|voucher|code",
    re.IGNORECASE,
)
_WITH_COUPON = re.compile(
    r"\s*(?:with|mit|avec|com|con)\b.{0,14}(?:coupon|card|code|cup[oó]n|cupom|gutschein)", re.IGNORECASE
)
_BEFORE_TAX = re.compile(r"^\W{0,3}(?:ex\b|excl|ht\b|bez dph|netto|税抜)", re.IGNORECASE)
_AFTER_TAX = re.compile(r"^\W{0,3}(?:inc|inkl|ttc\b|s dph|税込|brutto)", re.IGNORECASE)
_UNIT_WORDS = r"(?:kg|g|mg|ml|cl|dl|l|lit\w*|oz|fl|lb|m²?|cm|ea|each|piece|pc|pcs|unit|unità|item|count|ct|stk|stück|st|szt|шт|개|매|장|정|병|캔|팩|ml당|wash|use|Liter|Stück|pièce|個|枚|本|袋|粒|斤)"
_PER_UNIT = re.compile(
    rf"^\s*each\b|^\s*ea\b|^\s*(?:/|per\b|pro\b|je\b|por\b|par\b|al\b|za\b|a\s*(?=kg))\s*\d*\s*{_UNIT_WORDS}\b",
    re.IGNORECASE,
)
_PER_UNIT_BEFORE = re.compile(
    rf"\d*\s*{_UNIT_WORDS}\s*(?:당|=|あたり)\s*:?\s*$|(?:je|per|pro)\s*\d*\s*{_UNIT_WORDS}\b\W*$|개당\s*$|매당\s*$|grundpreis\W*$",
    re.IGNORECASE,
)
_OTHER_BEFORE = re.compile(
    r"ship(?:ping)?|deliver|postage|p\s?&\s?p|versand|livraison|env[ií]o|frete|배송|送料|[运運]费|運費|dostaw|frakt|porto|pfand|éco|eco-"
    r"|sav(?:e|ing)s?\b|spar|rabat|sconto|할인(?!가)|절약|économis|ahorr|taniej|적립|포인트|point|mileage|ポイント|리뷰|review|rating"
    r"|emi\b|instal|payments? of|할부|\bx\s*(?:de\s*)?(?:R\$)?\s*$|(?<!\w)월\s*$|monat|cuotas|raten|msi\b|eller\b|import|spend|최대|deposit|보증금|預付|本体|ex\b|excl|netto|zzgl|cashback|credit"
    r"|约|약\s*$|approx|環境|dont|rate\b|sold|판매\s*$|구매\s*$|已售|terjual|over\b|이상 구매|above|orders",
    re.IGNORECASE,
)
_OTHER_AFTER = re.compile(
    r"^\s*(?:off\b|引き|pt\b|/\s*(?:mo|month|mes|mois|mån|monat|월)|per month|a month"
    r"|x\s*\d+\s*(?:개월|회|months?)|[×x]\s*\d+\b|개월|(?:in )?rabatt|discount|de réduction|reviews?|ratings?|sold|bids?\b|明|名|쿠폰\s*(?:받|다운))",
    re.IGNORECASE,
)
_OTHER_LAST = re.compile(
    r"^\s*(?:할인(?!가)|포인트|point|적립|ポイント|save|ship|deliver|postage|versand|배송비|p\s?&\s?p|for \d-year|protection)",
    re.IGNORECASE,
)
_GRATIS = re.compile(r"free|무료|無料|免费|免運|gratis|gratuit|kostenlos", re.IGNORECASE)
_PIECES = (
    re.compile(r"(?<![\d.,])(\d{1,3})\s*(?:for|für|för|pour|por|per|voor|за|stk\.?|шт\.?|点で|点)\s*(?=[\D]{0,4}\d)", re.IGNORECASE),
    re.compile(r"(?<![\d.,])(\d{1,3})\s*(?:개입|매입|개\s*세트|개\s*묶음|팩|병|켤레|장입|입(?=\s)|足組|枚組|個入|本入|袋入|個セット|包|双|pairs?|pack\b|pcs\b|pieces\b|count\b|er-?pack|-pack)", re.IGNORECASE),
    re.compile(r"(?:pack|lot|set|box|case|pack de|lot de|set of|bundle of)\s*(?:of|de)?\s*(\d{1,3})\b", re.IGNORECASE),
    re.compile(r"(?<![\d.,])(\d{1,3})\s*[x×]\s*\d+(?:[.,]\d+)?\s*(?:ml|l|g|kg|cl|oz|mg|매|개|장|정)\b", re.IGNORECASE),
)  # fmt: skip
_PLUS = re.compile(r"(?<!\d)(\d)\s*\+\s*(\d)(?!\d)")
_GET_FREE = re.compile(r"buy\s*(\d)\s*get\s*(\d)\s*free", re.IGNORECASE)


class Reading(NamedTuple):
    """What a text says about a price. Amounts are in whole units of ``currency``.

    ``upper``: of a range; ``pieces``: how many the price buys; ``unit_price``: per measure or piece; ``coupon_price``:
    asked only of holders of a coupon, card or membership.
    """

    price: Decimal
    currency: str
    list_price: Decimal | None = None
    upper: Decimal | None = None
    pieces: int | None = None
    unit_price: Decimal | None = None
    coupon_price: Decimal | None = None


class _Amount(NamedTuple):
    value: Decimal
    currency: str | None
    before: str
    after: str
    rest: str
    percent: bool


def parse_price(text: str | int | float, *, currency: str | None, default_currency: str) -> Money | None:
    """Read the price asked. ``currency`` is the code that the page declares beside it, if any.

    A range gives its lower bound. Returns ``None`` where no amount can be read; never guesses a currency against a
    sign in the text or a code on the page.
    """
    if isinstance(text, (int, float)):
        return _money(Decimal(str(text)), currency or default_currency)
    plain = text.strip()
    if _PLAIN.fullmatch(plain):  # machine-written: a point is a decimal point, whatever the locale
        return _money(Decimal(plain), currency or default_currency)
    found = read_price(text, currency or default_currency)
    return _money(found.price, currency or found.currency) if found else None


def is_range(text: str, default: str) -> bool:
    """Whether a text names where prices begin: "$9 - $39", "from $9", "9,900원부터"."""
    found = read_price(text, default)
    return found is not None and (found.upper is not None or bool(_BEGINS.search(text)))


def read_price(text: str, default: str) -> Reading | None:
    """Everything that a text says about a price; ``None`` where it holds none.

    ``default`` is the marketplace's currency: it decides where the text names none, or a sign that several share.
    """
    text = _cleaned(text)
    if not text or len(text) > LONGEST_PRICE_TEXT:
        return None
    amounts = _amounts(text, default)
    signed = [amount for amount in amounts if amount.currency]
    pool = [a for a in signed or amounts if not a.percent]
    if not signed and not _is_bare(text, pool):
        return None
    asked: list[_Amount] = []
    listed: list[_Amount] = []
    coupons: list[_Amount] = []
    unit_price = None
    for amount in pool:
        if _PER_UNIT.match(_less_sign(amount.rest)) or _PER_UNIT_BEFORE.search(amount.before):
            unit_price = unit_price if unit_price is not None else amount.value
        elif (
            _OTHER_AFTER.match(amount.after)
            or (amount is pool[-1] and _OTHER_LAST.match(amount.after))
            or (_OTHER_BEFORE.search(_last(amount.before)) and not _GRATIS.search(amount.before))
        ):
            continue
        elif _is_coupon(amount, last=amount is pool[-1]):
            coupons.append(amount)
        elif (_LIST.search(_last(amount.before)) and not _NOW.search(_last(amount.before))) or (
            re.match(r"\W{0,2}(?:reg|rrp|was|정가)\b", amount.after, re.IGNORECASE)
            and len(pool) > 1
            and amount is pool[-1]
        ):
            listed.append(amount)
        else:
            asked.append(amount)
    if not asked and coupons:
        asked, coupons = coupons, []
    if not asked and listed:
        asked, listed = listed, []
    if not asked:
        return None
    price, upper, struck = _choose(asked)
    list_price = struck or max((a.value for a in listed), default=None)
    return Reading(
        price=price.value,
        currency=price.currency or default,
        list_price=list_price if list_price is not None and list_price > price.value else None,
        upper=upper,
        pieces=_pieces(text),
        unit_price=unit_price,
        coupon_price=min((a.value for a in coupons), default=None),
    )


def _is_coupon(amount: _Amount, *, last: bool) -> bool:
    before = re.sub(r"비회원|non-?members?", "", _last(amount.before), flags=re.IGNORECASE)
    return bool(_COUPON.search(before) or (last and _WITH_COUPON.match(amount.after)))


def _less_sign(rest: str) -> str:
    return re.sub(r"^\s*(?:[$€£¥₩₽]|[A-Z]{3}\b|원|円|元|p\b|zł|kr)", "", rest)


def currency_code(text: str, default: str) -> str | None:
    """The ISO 4217 code that a declared currency means: a code, one that was withdrawn, or a sign; ``None`` for neither."""
    text = text.strip()
    code = WITHDRAWN.get(text.upper(), text.upper())
    if code in _codes():
        return code
    return next((_among(among, default) for pattern, among in _signs() if text and pattern.fullmatch(text)), None)


def _choose(asked: list[_Amount]) -> tuple[_Amount, Decimal | None, Decimal | None]:
    """The price among plain amounts, with the upper bound of a range or the higher of two prices."""
    first = asked[0]
    taxed = [a for a in asked if not _BEFORE_TAX.match(a.after)] or asked
    if len(taxed) < len(asked) or any(_AFTER_TAX.match(a.after) for a in asked[1:]):
        return next((a for a in taxed if _AFTER_TAX.match(a.after)), taxed[0]), None, None
    if len(asked) == 1:
        return first, None, None
    second = asked[1]
    if (
        second.currency in (first.currency, None)
        and _RANGE.match(_strip_signs(second.before))
        and second.value > first.value
    ):
        return first, second.value, None
    same = [a for a in asked if a.currency == first.currency]
    now = next((a for a in asked if _NOW.search(_last(a.before))), None)
    if now is not None:
        others = [a.value for a in same if a.value > now.value]
        return now, None, max(others, default=None)
    values = sorted({a.value for a in same})
    if len(values) == 2 and values[0] > values[1] / 20:
        return next(a for a in same if a.value == values[0]), None, values[1]
    return first, None, None


def _amounts(text: str, default: str) -> list[_Amount]:
    hits = [hit for hit in _AMOUNT.finditer(text) if len(hit[0]) <= MOST_DIGITS * 2]
    found = []
    for number, hit in enumerate(hits):
        left = hits[number - 1].end() if number else 0
        right = hits[number + 1].start() if number + 1 < len(hits) else len(text)
        before, after = text[left : hit.start()], text[hit.end() : right]
        code, after, pence = _currency_of(before, after, default, last=number + 1 == len(hits))
        value = _value(hit[0], code or default)
        if value is None:
            continue
        percent = after.lstrip().startswith(("%", "％", "折"))
        found.append(
            _Amount(value / 100 if pence else value, code, before, after, text[hit.end() : hit.end() + 28], percent)
        )
    return _with_shared_signs(found)


def _with_shared_signs(amounts: list[_Amount]) -> list[_Amount]:
    """In "US $1.20 - 2.50" and "3~5만원" a sign is for both ends of the range."""
    for number in range(1, len(amounts)):
        one, two = amounts[number - 1], amounts[number]
        if _RANGE.match(_strip_signs(two.before)) and (one.currency is None) != (two.currency is None):
            if two.currency and one.value * 1000 <= two.value and two.value % 10_000 == 0:
                one = one._replace(value=one.value * 10_000)  # "3~5만원": the unit is for both as well
            amounts[number - 1] = one._replace(currency=one.currency or two.currency)
            amounts[number] = two._replace(currency=two.currency or one.currency)
    return amounts


def _currency_of(before: str, after: str, default: str, *, last: bool) -> tuple[str | None, str, bool]:
    """The currency named right before or right after an amount; what follows it; whether it is in pence."""
    tail = before[-14:]
    for pattern, among in _signs():
        if re.search(rf"(?:{pattern.pattern})[^\w$€£¥₩)(]{{0,3}}0$", tail + "0"):
            return _own_code(after) or _among(among, default), after, False
        if not last and _is_prefix_of_next(after):
            continue
        probe = "0" + after[:14]
        if hit := re.match(rf"0[\s,.\-–—~]{{0,3}}(?:{pattern.pattern})", probe):
            return _among(among, default), after[hit.end() - 1 :], bool(re.match(r"0p\b", probe))
    code = re.search(r"(?<![A-Za-z])([A-Z]{3})\W{0,2}$", tail)
    if code and code[1] in _codes():
        return code[1], after, False
    own = _own_code(after)
    return own, after[after.index(own) + 3 :] if own else after, False


def _is_prefix_of_next(after: str) -> bool:
    """Whether the sign between two amounts stands off the first and touches the second: "Set of 4 £39"."""
    return bool(re.fullmatch(r".*(?:\s|[A-Za-z]\s?)[$£€¥₩₹]\s?", after))


def _own_code(after: str) -> str | None:
    """The code that stands right after an amount, more telling than a sign before it: "$25 MXN"."""
    code = re.match(r"[\s,.\-–]{0,3}([A-Z]{3})(?![A-Za-z])", after)
    return code[1] if code and code[1] in _codes() else None


def _among(among: tuple[str, ...], default: str) -> str:
    return default if default in among else among[0]


@functools.cache
def _signs() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    rows = tomllib.loads((Path(__file__).parent / "currencies.toml").read_text(encoding="utf-8"))["sign"]
    return tuple((re.compile(row["pattern"]), tuple(row["among"])) for row in rows)


@functools.cache
def _codes() -> frozenset[str]:
    return frozenset(currency.code for currency in Currency)


def _value(text: str, code: str) -> Decimal | None:
    """The number that digits with units of ten thousand, thousand and the like amount to."""
    if text == "만":
        return Decimal(10_000)
    total = Decimal(0)
    for hit in _PART.finditer(text):
        number = _number(hit[1], code)
        if number is None:
            return None
        for unit in re.findall(_UNIT, hit[2]):
            number *= _MULTIPLES.get(unit.strip(), 1)
        total += number
    return total


def _number(text: str, code: str) -> Decimal | None:
    text = (
        text.strip(" ,.").replace("·", ".").replace("٫", ".").replace("٬", ",") if text[0] not in ".," else "0" + text
    )
    single = re.fullmatch(r"\d{1,3}([.,])\d{3}", text)
    try:
        digits = minor_digits(code)
    except ValueError:
        digits = 2
    separator = single[1] if single and digits == 3 else None
    amount: Decimal | None = Price.fromstring(re.sub(r"['’  \u202f]", "", text), decimal_separator=separator).amount
    return amount


def _cleaned(text: str) -> str:
    """Compatibility forms folded, entities opened, marks of direction and invisible characters dropped, digits ASCII."""
    superscript = re.sub(r"(?<=\d)([⁰¹²³⁴-⁹]{2})", r".\1", html.unescape(text))
    folded = unicodedata.normalize("NFKC", superscript)
    kept = "".join(char for char in folded if unicodedata.category(char) != "Cf")
    ascii_digits = "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in kept)
    cents = re.sub(r"(?<![\d.,$€£])(\d+)(?:([£$])|\s?(€)\s?)(\d\d)(?![\d.,])", r"\1.\4\2\3", ascii_digits)
    cents = re.sub(r"(?<=\d)\s?\.\s?(?=\d\d(?!\d))", ".", re.sub(r"(?<=\d),\s(?=\d{3}(?!\d))", ",", cents))
    return " ".join(re.sub(r"(?<=\d)[  \u202f](?=\d{3}(?!\d))", " ", cents).split())


def _is_bare(text: str, pool: list[_Amount]) -> bool:
    """Whether a text without any sign is a price: hardly anything but the number, or a word that says so."""
    if not pool:
        return False
    if re.search(r"판매가|정가|가격|price|preis|prix|precio|prezzo|цена|cena|税込|特價|特价|비용", text, re.IGNORECASE):
        return True
    rest = _AMOUNT.sub("", text)
    if re.search(r",[-–—]|:-|\.-", text):
        return True
    words = re.sub(
        r"\b(?:from|only|ab|nur|od|från|fra|vanaf|starting at|to|bis|now|was|before|nå|før|nu)\b|から|부터|起",
        "",
        rest,
        flags=re.IGNORECASE,
    )
    return not re.search(r"[^\W\d_]|[%/:★☆()=\[\]{}<>;+|]", words) and not re.search(r"\d-\d+-\d", text)


def _pieces(text: str) -> int | None:
    if hit := _GET_FREE.search(text):
        return int(hit[1]) + int(hit[2])
    if hit := _PLUS.search(text):
        return int(hit[1]) + int(hit[2])
    for pattern in _PIECES:
        if (hit := pattern.search(text)) and int(hit[1]) > 1:
            return int(hit[1])
    return None


def _last(before: str) -> str:
    """The words right before an amount."""
    return re.split(r"[|/→•,;]\s", before)[-1][-26:]


def _strip_signs(text: str) -> str:
    return re.sub(r"[^\W\d_]{0,3}\s?[$€£¥₩₹₽₫฿]|원|円|元|[A-Z]{3}", "", text)


def _money(amount: Decimal, code: str) -> Money | None:
    try:
        return Money.of(amount, code.strip().upper())
    except ValueError:
        return None
