"""The shop's pages: the same number gives the same page for ever. About 50 KB of HTML each, made by joining ready pieces."""

import json
import math
import random
from typing import NamedTuple

BRAND = "norrvik"
BRAND_NAME = "Norrvik"
PER_SEARCH_PAGE = 50
RENDERED = "nav-path-made"  # only the page's script writes this class: a page that lacks it was not rendered

_WORDS = [
    "shell",
    "jacket",
    "down",
    "parka",
    "fleece",
    "vest",
    "merino",
    "layer",
    "trail",
    "runner",
    "pack",
    "tent",
    "lantern",
    "stove",
    "bottle",
    "flask",
    "glove",
    "cap",
    "wool",
    "ripstop",
    "membrane",
    "seam",
    "hood",
    "cuff",
    "lining",
    "pocket",
    "zip",
    "buckle",
    "strap",
    "frame",
    "pole",
    "peg",
    "cord",
    "mat",
    "quilt",
    "pillow",
    "towel",
    "light",
    "warm",
    "dry",
    "quick",
    "soft",
    "firm",
    "durable",
    "classic",
    "alpine",
    "coastal",
    "forest",
    "river",
    "summit",
    "harbour",
    "meadow",
    "granite",
    "ember",
    "frost",
]
_COLOURS = ("black", "navy", "moss", "sand", "rust", "slate")
_OTHERS = ("Hallmere", "Tordal", "Quenby", "Osterfield")


class Product(NamedTuple):
    """One product of the reference catalog; ``price`` in whole US dollars."""

    sku: str
    title: str
    mpn: str
    gtin: str
    price: int


class Goods(NamedTuple):
    """What one listing offers; ``price`` in US dollars with cents."""

    title: str
    brand: str
    mpn: str
    gtin: str
    price: str
    seller: str


def _gtin(stem: int) -> str:
    """A GTIN-13 of the range for use inside a company, with its check digit."""
    digits = f"2{stem:011d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _products() -> tuple[Product, ...]:
    rng = random.Random("catalog")
    return tuple(
        Product(
            sku=f"NV-{2000 + number}",
            title=f"{BRAND_NAME} {' '.join(word.title() for word in rng.sample(_WORDS, 3))} {2000 + number}",
            mpn=f"NV{2000 + number}",
            gtin=_gtin(40_000 + number),
            price=rng.randrange(60, 480),
        )
        for number in range(60)
    )


PRODUCTS = _products()


def goods(number: int) -> Goods:
    """What listing ``number`` offers: of ten, five of the brand, two of them far too cheap, one accessory, four others."""
    rng = random.Random(number)
    product, kind = PRODUCTS[rng.randrange(len(PRODUCTS))], number % 10
    cents = rng.randrange(100)
    if kind < 5:
        price = product.price * (0.3 if kind > 2 else rng.uniform(0.9, 1.1))
        title = f"{product.title} {rng.choice(_COLOURS)}"
        gtin = product.gtin if kind < 2 else ""
        return Goods(title, BRAND_NAME, product.mpn, gtin, f"{int(price)}.{cents:02d}", f"s{rng.randrange(200)}")
    words = " ".join(word.title() for word in rng.sample(_WORDS, 3))
    other = rng.choice(_OTHERS)
    title = f"Replacement strap for {product.title}" if kind == 5 else f"{other} {words} {rng.randrange(100, 999)}"
    price = rng.uniform(10, 300)
    return Goods(
        title, other, f"{other[:2].upper()}{number}", "", f"{int(price)}.{cents:02d}", f"s{rng.randrange(200)}"
    )


def catalog_toml(photo: str) -> str:
    """The brand's catalog; ``photo`` is the pattern of the photos' paths, with ``{sku}``."""
    parts = [f'[[brand]]\nid = "{BRAND}"\nname = "{BRAND_NAME}"\n']
    parts += [
        f'[[product]]\nbrand = "{BRAND}"\nsku = "{p.sku}"\ntitle = "{p.title}"\nmpn = "{p.mpn}"\ngtin = ["{p.gtin}"]\n'
        f'price = "{p.price}"\ncurrency = "USD"\nimages = ["{photo.format(sku=p.sku)}"]\n'
        for p in PRODUCTS
    ]
    parts += [
        f'[[seller]]\nbrand = "{BRAND}"\nmarketplace = "benchshop"\nseller_id = "s{number}"\n' for number in range(100)
    ]
    return "\n".join(parts)


def _sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(_WORDS, k=words)).capitalize() + "."


def _pieces(seed: str, count: int, template: str, words: int) -> list[str]:
    rng = random.Random(seed)
    return [
        template.format(
            n=number + 1, text=_sentence(rng, words), name=" ".join(rng.choices(_WORDS, k=3)).title(),
            price=f"{rng.randrange(10, 400)}.{rng.randrange(100):02d}", stars=rng.randrange(1, 6),
        )
        for number in range(count)
    ]  # fmt: skip


_CARDS = _pieces(
    "cards",
    96,
    '<li class="card"><a class="card-link" href="/item/{n}"><span class="card-title">{name}</span>'
    '<span class="card-price">${price}</span></a><p class="card-note">{text}</p></li>\n',
    12,
)
_REVIEWS = _pieces(
    "reviews",
    96,
    '<article class="review" data-review="{n}"><h4>{name}</h4><p class="stars" aria-label="{stars} of 5">{stars}/5</p>'
    '<p class="review-text">{text}</p><button type="button" class="helpful">Helpful</button></article>\n',
    70,
)
_PARAGRAPHS = _pieces("paragraphs", 64, "<p>{text}</p>\n", 45)
_NAVIGATION = "".join(_pieces("nav", 110, '<li><a href="/browse/{n}">{name}</a></li>\n', 1))
_FOOTER = "".join(_pieces("footer", 50, '<li><a href="/help/{n}">{name}</a></li>\n', 1))
_STATE = json.dumps({f"flag_{n}": {"on": n % 3 == 0, "share": n / 64} for n in range(160)})

STYLE = "".join(
    f".block-{n} {{ display: flex; gap: {n % 9}px; padding: {n % 13}px; color: #{n * 7919 % 4096:03x} }}\n"
    for n in range(120)
) + (
    "body { font-family: sans-serif; max-width: 1100px; margin: auto }\n.card { display: inline-block; width: 23% }\n"
    ".photo { max-width: 500px }\n.review { border-top: 1px solid #ddd }\n"
)
SCRIPT = f"""\
const item = JSON.parse(document.getElementById("item").textContent);
const path = document.querySelector("nav.path");
path.classList.add("{RENDERED}");
for (const part of item.path) {{
  const link = document.createElement("a");
  link.textContent = part;
  link.href = "/browse/" + part;
  path.append(link);
}}
for (const review of document.querySelectorAll(".review")) {{
  review.classList.add("block-" + (review.dataset.review % 120));
}}
document.querySelector(".price").dataset.seen = "1";
"""
_HEAD = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} | Bench Shop</title>
<meta name="description" content="{title} at Bench Shop">
<meta property="og:title" content="{title}"><meta property="og:image" content="{base}/img/{number}.jpg">
<link rel="stylesheet" href="/static/shop.css">
<script type="application/ld+json">{ld}</script>
<script type="application/json" id="item">{item}</script>
<script type="application/json" id="state">{state}</script>
</head><body>
<header><a href="/">Bench Shop</a><form action="/search"><input name="q"></form><ul class="menu">
"""
_PRODUCT = """\
</ul></header><main><nav class="path"></nav>
<img class="photo" src="/img/{number}.jpg" width="500" height="500" alt="{title}">
<h1>{title}</h1><p class="price">${price}</p>
<p class="seller">Sold by <a href="/shop/{seller}">Shop {seller}</a></p>
<p class="condition">New</p><p class="stock">{stock} available</p>
<label class="option"><span class="option-name">Colour</span><select>{colours}</select></label>
<table class="spec">{spec}</table><section class="description">
"""


def listing_html(number: int, base: str) -> str:
    """The page of listing ``number`` (from 1) of the shop at ``base``."""
    it = goods(number)
    rng = random.Random(-number)
    ld = {
        "@context": "https://schema.org", "@type": "Product", "name": it.title, "sku": str(number), "mpn": it.mpn,
        "brand": {"@type": "Brand", "name": it.brand}, "image": [f"{base}/img/{number}.jpg"],
        "description": f"{it.title}. Sent within two days.", "category": "Outdoor",
        "offers": {
            "@type": "Offer", "price": it.price, "priceCurrency": "USD", "url": f"{base}/item/{number}",
            "availability": "https://schema.org/InStock", "itemCondition": "https://schema.org/NewCondition",
            "seller": {"@type": "Organization", "name": f"Shop {it.seller}", "identifier": it.seller},
        },
    }  # fmt: skip
    if it.gtin:
        ld["gtin13"] = it.gtin
    rows = {"Brand": it.brand, "Model": it.mpn, **{f"Property {n}": rng.choice(_WORDS) for n in range(14)}}
    values = {
        "title": it.title, "base": base, "number": number, "ld": json.dumps(ld), "state": _STATE, "price": it.price,
        "item": json.dumps({"path": ["Outdoor", rng.choice(_WORDS).title()]}), "seller": it.seller,
        "stock": rng.randrange(1, 90), "colours": "".join(f"<option>{colour}</option>" for colour in _COLOURS),
        "spec": "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows.items()),
    }  # fmt: skip
    parts = [_HEAD.format(**values), _NAVIGATION, _PRODUCT.format(**values), *_some(rng, _PARAGRAPHS, 6)]
    parts += ['</section><section class="reviews">\n', *_some(rng, _REVIEWS, rng.randrange(24, 44))]
    parts += ['</section><aside><ul class="related">\n', *_some(rng, _CARDS, 28)]
    parts += ["</ul></aside></main><footer><ul>\n", _FOOTER, '</ul></footer><script src="/static/shop.js"></script>']
    return "".join([*parts, "</body></html>\n"])


def _some(rng: random.Random, pieces: list[str], count: int) -> list[str]:
    """``count`` neighbouring pieces, from a place of the page's own."""
    start = rng.randrange(len(pieces))
    return [pieces[(start + step) % len(pieces)] for step in range(count)]


def search_pages(total: int) -> int:
    """How many pages of results ``total`` listings fill."""
    return max(1, math.ceil(total / PER_SEARCH_PAGE))


def search_html(page: int, total: int) -> str:
    """Page ``page`` (from 1) of the results of a search that finds the listings 1 to ``total``."""
    first = (page - 1) * PER_SEARCH_PAGE + 1
    cards = "".join(
        f'<li class="hit"><a class="hit-link" href="/item/{number}">{goods(number).title}</a></li>\n'
        for number in range(first, min(first + PER_SEARCH_PAGE, total + 1))
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Search</title>'
        f'<link rel="stylesheet" href="/static/shop.css"></head><body><ul class="menu">{_NAVIGATION}</ul>'
        f'<h1>Results</h1><ul class="hits">\n{cards}</ul><footer><ul>{_FOOTER}</ul></footer></body></html>\n'
    )
