"""Article number, brand and availability as a visitor finds them: by their labels, and by where they stand."""

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

from crawler.visible import Element, Scene, marks_of, text_of

LONGEST_VALUE = 40  # characters of an article number or a brand
NEAR_HEADING = 150  # elements around the heading in which a brand without a label is looked for
NUMBER_REACH = 40  # elements after the heading in which an article number may stand without a label
MOST_REMEMBERED = 20_000  # short texts whose words about availability are kept in mind
LONGEST_NOTICE = 40  # characters of a word about availability; more are a description or a review
NEARLY = re.compile(r"임박|대란|almost|nearly|残りわずか|fast ausverkauft|elsewhere", re.IGNORECASE)
LEAST_SHARE = 0.4  # of a text that is the word about availability itself; less is a sentence that mentions it
BADGE_SHARE = 0.8  # of a badge that is the word itself
BADGE_REACH = 15  # elements before the heading in which a badge may stand
DRAWN = ("button", "input", "img")
NEAR_BUTTON = 400  # elements after the heading in which availability is

# What shops write before the shop's own number of an article. Manufacturer's numbers and bar codes have other labels.
SKU_LABEL = re.compile(
    r"^\W{0,3}(?:sku|asin|item\s*(?:no|number|code|id|#)|art(?:icle|ikel)?\.?\s*-?\s*(?:no|nr|number|nummer|code|id)\b"
    r"|artikelnummer|art\.|(?:product|style|catalogu?e?|listing|stock|ad|web)\s*(?:no|number|code|id|ref(?:erence)?)\b"
    r"|prod(?:uct)?\.?\s*(?:id|code)|bestell-?\s*nr|anzeige\w*-?\s*(?:nr|nummer|id)|r[ée]f(?:[ée]rence)?\b(?:\s*produit)?"
    r"|code\s*(?:article|produit|articolo|prodotto)|c[óo]digo(?: de(?:l)? (?:producto|art[íi]culo))?|referencia|cod(?:ice)?\.?\s*(?:articolo|prodotto)?"
    r"|cod\.?\s*produs|[šs]ifra(?: izdelka)?|koda|artikli?\s*kood|tootekood|preces kods|kods|kod produktu|nr\.? katalogowy|k[óo]d\b|vare\s*nr|varenummer"
    r"|артикул|код(?: товара)?|상품\s*(?:번호|코드)|제품\s*(?:번호|코드)|품번|商品(?:番号|コード|編號|编号|代碼|貨號)|品番|管理番号|[货貨]號|款號"
    r")(?:\s*[.#:：№]{1,2}\s*|\s*$|\s+(?=[A-Z0-9./-]*\d))",
    re.IGNORECASE,
)
BRAND_LABEL = re.compile(
    r"^\W{0,3}(?:brand(?: name)?|marke|marque|marca|merk|m[äa]rke|varumärke|značka|znamka|blagovna znamka|marka|бренд|марка|zīmols|bränd|kaubamärk"
    r"|브랜드|ブランド|品牌|廠牌|hersteller|fabricant|fabbricante|manufacturer|produttore|producent|제조사|メーカー|label|artist)\s*(?:[:：]|$)\s*",
    re.IGNORECASE,
)
BRAND_MARK = re.compile(r"brand|byline|manufactur|marca|marke(?!t)|vendor|designer", re.IGNORECASE)
SOLD_OUT = re.compile(
    r"sold\s*out|out\s*of\s*stock|currently unavailable|not available|temporarily out|unavailable|품절된\s*상품입니다(?:\.\s*\(.*\))?|품절|매진|재입고\s*알림"
    r"|derzeit nicht verf|nicht (?:auf lager|lieferbar|verfügbar)|ausverkauft|actuellement indisponible|indisponible|rupture|épuisé"
    r"|non disponibile|esaurito|agotado|no disponible|esgotado|indispon[ií]vel|niet op voorraad|uitverkocht|stoc epuizat|indisponibil|ni na zalogi"
    r"|нет в наличии|нет в продаже|売り切れ|在庫(?:切れ|なし)|入荷待ち|缺貨|售完|已售完|補貨中|無貨|缺货|售罄|brak w magazynie|niedostępny|sold for|auction (?:has )?ended"
    r"|item has sold|판매\s*완료|거래\s*완료|완판|完売|(?:申し訳ございません。)?(?:ただいま|現在)?在庫が?(?:ござい|あり)ません|재고\s*부족으로 주문하실 수 없습니다|재고가?\s*(?:없|부족)|zurzeit nicht|winning bid|bidding closed|落札|this ad has (?:been|expired)",
    re.IGNORECASE,
)
IN_STOCK = re.compile(
    r"in\s*stock|only \d+ left|available (?:now|for|to|online)|auf lager|lieferbar|verfügbar|en stock|disponib(?:ile|le|ilità)|in magazzino|op voorraad"
    r"|na zalogi|в наличии|在庫あり|有[貨货]|現貨|재고\s*(?:있음|\d)|구매\s*가능|disponible|em estoque|în stoc|skladem|raktáron|dostępny",
    re.IGNORECASE,
)
STOCK_MARK = re.compile(r"availab|stock|lager|dispo|inventory", re.IGNORECASE)
_NUMBER = re.compile(r"^[A-Z0-9][A-Z0-9._/\-]{1,24}", re.IGNORECASE)
_ARTICLE = re.compile(r"\d{3,}[/.]\d{3,}(?:[/.]\d+)*")
_TOKEN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,3}\d[A-Za-z0-9]{4,}|(?<![A-Za-z0-9])[A-Z0-9]{6,14}(?![A-Za-z0-9])")
_ID_NAME = re.compile(
    r"^(?:pid|sku|asin|item(?:id|_id|no)?|product(?:id|_id|code)?|goods(?:no|id)?|id|no|prd\w*|article|childsku)$",
    re.IGNORECASE,
)


def clue(name: str, scene: Scene, url: str, text: str) -> str | None:
    """What the page shows for ``sku``, ``address_id``, ``brand_label``, ``brand`` or ``availability``; ``None`` where nothing tells."""
    if name == "sku":
        return _sku(scene)
    if name == "address_id":
        return id_in_address(url, text)
    if name == "brand_label":
        return _labelled_brand(scene)
    return _brand(scene) if name == "brand" else _availability(scene)


def _sku(scene: Scene) -> str | None:
    for value in _labelled(scene, SKU_LABEL):
        hit = _NUMBER.match(value)
        if hit and re.search(r"\d", hit[0]) and len(hit[0]) >= 3:
            return hit[0].rstrip("./-_")
    at = scene.heading_at
    for order, _, own in scene.texts:
        if at is not None and at < order <= at + NUMBER_REACH and _ARTICLE.fullmatch(own):
            return own
    return None


def id_in_address(url: str, text: str) -> str | None:
    """The number in an address that the page itself uses as its own: as an attribute's or a script's whole value."""
    parts = urlsplit(url)
    named = [value for name, value in parse_qsl(parts.query) if _ID_NAME.match(name) and re.search(r"\d{3}", value)]
    found = [*named, *(token for token in reversed(_TOKEN.findall(unquote(parts.path))) if re.search(r"\d{2}", token))]
    weighed = [(len(re.findall(rf"[\"'=:]\s*{re.escape(token)}[\"'&,\s]", text[:2_000_000])), token) for token in found]
    used = [(count, token) for count, token in weighed if count >= 1]
    return max(used, key=lambda pair: pair[0])[1] if used else (found[0] if found else None)


def _labelled_brand(scene: Scene) -> str | None:
    return next((value for value in _labelled(scene, BRAND_LABEL) if _is_name(value)), None)


def _brand(scene: Scene) -> str | None:
    """A short text near the heading that is marked as a brand, or a part of the heading that links to one."""
    at = scene.heading_at
    title = text_of(scene.heading) if scene.heading is not None else ""
    for order, node, own in scene.texts:
        if at is not None and abs(order - at) > NEAR_HEADING:
            continue
        marked = BRAND_MARK.search(f"{marks_of(node)} {marks_of(node.getparent())}")
        linked = node.tag == "a" and own in title and BRAND_MARK.search(node.get("href", ""))
        if (marked or linked) and _is_name(own) and not scene.is_elsewhere(node):
            return _without_store(own)
    return None


def _is_name(text: str) -> bool:
    return len(text) <= LONGEST_VALUE and bool(re.search(r"[^\W\d_]{2}", text))


def _without_store(text: str) -> str:
    hit = re.match(
        r"(?:visit the|(?:visita lo )?store di|boutique|(?:visita la )?tienda de|visiter la boutique|besuche? den|by|von|di|de|par)\s+(.+?)(?:\s*-?(?:store|shop|negozio))?$",
        text,
        re.IGNORECASE,
    )
    return (hit[1] if hit else re.sub(BRAND_LABEL, "", text)).strip(" :»›>")


@lru_cache(maxsize=MOST_REMEMBERED)
def _stock_words(text: str) -> tuple[str, str]:
    """What a short text says of goods that are sold out, and of goods that are there; a shop's pages repeat most of them."""
    sold, there = SOLD_OUT.search(text), IN_STOCK.search(text)
    if not (sold or there) or NEARLY.search(text):
        return "", ""
    return sold[0] if sold else "", there[0] if there else ""


def _availability(scene: Scene) -> str | None:
    """``SoldOut`` or ``InStock``: what is marked as such near the heading, a button that buys, else a short word there."""
    at = scene.heading_at or 0
    hint = None
    for order, node, own in scene.texts:
        if order < at - BADGE_REACH or order > at + NEAR_BUTTON or len(own) > LONGEST_NOTICE:
            continue
        sold, there = _stock_words(own)
        if not (sold or there) or node.tag in ("option", "label", "li", "h1", "h2"):
            continue
        if scene.is_elsewhere(node) or node is scene.heading:
            continue
        if order < at and (not sold or len(sold) < BADGE_SHARE * len(own)):
            continue
        said = "SoldOut" if sold else "InStock"
        if not sold and node.tag in DRAWN:
            continue  # "tell me when it is available" is a button as well
        if STOCK_MARK.search(f"{marks_of(node)} {marks_of(node.getparent())}") or node.tag in DRAWN:
            alive = scene.button_at is not None
            if sold and alive and (node.tag not in DRAWN or abs(order - (scene.button_at or 0)) > BADGE_REACH):
                continue  # of other goods, or of one of several sizes
            return said
        if len(sold or there) >= LEAST_SHARE * len(own):
            hint = hint or said
    if scene.button_at is not None:
        return "InStock"
    return "SoldOut" if scene.dead_button else hint


def _labelled(scene: Scene, label: re.Pattern[str]) -> Iterator[str]:
    """The values of a label: after it in the same text, in the next element, or in the next cell."""
    for _, node, own in scene.texts:
        hit = label.match(own)
        if hit is None or scene.is_elsewhere(node):
            continue
        rest = own[hit.end() :].strip(" :：#")
        value = rest or _next_text(node)
        if value:
            yield value


def _next_text(node: Element) -> str:
    if tail := " ".join((node.tail or "").split()).strip(" :：#"):
        return tail
    for start in (node, node.getparent()):
        if start is None:
            return ""
        for sibling in start.itersiblings():
            if isinstance(sibling.tag, str) and (text := text_of(sibling)):
                return text.strip(" :：#\u200e\u200f") if len(text) <= 60 else ""
    return ""
