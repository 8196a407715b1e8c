"""Ways to write a brand's Latin name so that a reader still reads it and a plain search does not.

An edit takes the name and a seeded generator and gives the evasive spelling, or None where the name offers no place
for it. ``least`` is the fewest letters from which a kind is tried: 3 where every letter stays recognisable, 4 where the
shape of the word is disturbed, 5 where a letter is lost or wrong ("zra" is nobody's name). Kinds with ``floor`` False
are harder than what is asked, and are told beside the rest.
"""

import unicodedata
from collections.abc import Callable
from random import Random
from typing import Literal, NamedTuple

Edit = Callable[[str, Random], str | None]


class Kind(NamedTuple):
    """One way of evading, for names of ``least`` to ``most`` letters, stuck to the word on the side of ``glue``."""

    name: str
    script: str
    edit: Edit
    least: int
    glue: Literal["", "next", "previous", "both"] = ""
    floor: bool = True
    most: int = 99


def _table(pairs: str) -> dict[str, str]:
    """``"aа eеҽ"`` reads: for a stands а, for e any of the two."""
    return {pair[0]: pair[1:] for pair in pairs.split()}


CYRILLIC = _table("aа cс dԁ eе hһ iі jј kк lӏ mм oо pр qԛ sѕ tт wԝ xх yу AА BВ CС EЕ HН IІ JЈ KК MМ OО PР SЅ TТ XХ YҮ")
FAUX_CYRILLIC = _table("bь hн nпи rг uи wш BЬ EЭ NИП RЯ UЦ WШ")
GREEK = _table("aα eε iι kκ nη oο pρ tτ uυ vν xχ wω yγ AΑ BΒ EΕ ZΖ HΗ IΙ KΚ MΜ NΝ OΟ PΡ TΤ YΥ XΧ")
OTHER = _table("aɑ gցɡ hհ nո oօ uս lⅼ iⅰ dԁ qԛ wԝ AᎪ BᏴ CᏟ DᎠ EᎬ GᏀ HᎻ JᎫ KᏦ LᏞ MᎷ PᏢ RᎡ SᏚ TᎢ VᏙ WᎳ ZᏃ")
SMALL_CAPITALS = _table("aᴀ bʙ cᴄ dᴅ eᴇ fꜰ gɢɡ hʜ iɪ jᴊ kᴋ lʟ mᴍ nɴ oᴏ pᴘ rʀ sꜱ tᴛ uᴜ vᴠʋ wᴡ yʏ zᴢ")
RAISED = _table("aᵃ bᵇ cᶜ dᵈ eᵉ fᶠ gᵍ hʰ iⁱ jʲ kᵏ lˡ mᵐ nⁿ oᵒ pᵖ rʳ sˢ tᵗ uᵘ vᵛ wʷ xˣ yʸ zᶻ")
ACCENTED = _table("aàáâãäåā cçćč dď eèéêëē gğ iìíîïī kķ lľ nñńň oòóôõöō rř sśšş tťţ uùúûüū wŵ yýÿŷ zźžż")
STROKED = _table("bƀɓ cȼ dđɗ gǥɠ hħ iɨ jɉ kƙ lłƚ oøɵ pƥ rɍ tŧƭ uʉ vʋ yɏƴ zƶ")
DIGITS = _table("a4 b8 e3 g9 i1 l1 o0 s5 t7 z2")
SYMBOLS = _table("a@ c¢ e€ i!¡ l|£ s$ t+ y¥")
STROKES = _table("iIl1| lI1| II IІl1|")
HANGUL = _table("iㅣ lㅣ oㅇ cㄷ Iㅣ Oㅇ Cㄷ Lㄴ Eㅌ Tㅜ Aㅅ")
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
SOUNDS = {"ph": "f", "ck": "k", "c": "k", "k": "c", "f": "ph", "y": "i", "i": "y", "x": "ks", "s": "z", "z": "s"}
SOUNDS |= {"ee": "i", "oo": "u", "q": "k", "v": "w"}
PAIRS = (("m", "rn"), ("w", "vv"), ("d", "cl"), ("W", "VV"), ("D", "|)"), ("K", "|<"), ("H", "|-|"), ("M", "|V|"))
EMOJI = "🔥⭐❤✨👟💯"


def _letters(text: str) -> list[int]:
    return [at for at, letter in enumerate(text) if letter.isascii() and letter.isalpha()]


def _put(text: str, at: int, new: str, length: int = 1) -> str:
    return text[:at] + new + text[at + length :]


def as_it_is(text: str, rng: Random) -> str | None:
    """The control: the name as honest people write it."""
    return text


def from_table(table: dict[str, str], most: int | None = None, *, small: bool = False) -> Edit:
    """Put stand-ins for one letter, for some or for all (for ``most`` at the most)."""

    def edit(text: str, rng: Random) -> str | None:
        source = text.lower() if small else text
        any_case = table if any(map(str.isupper, table)) else table | {key.upper(): table[key] for key in table}
        places = [at for at in _letters(source) if source[at] in any_case]
        if not places:
            return None
        top = min(len(places), most or len(places))
        chosen = rng.sample(places, rng.choice((1, (top + 1) // 2, top)))
        for at in chosen:
            source = _put(source, at, rng.choice(any_case[source[at]]))
        return source

    return edit


def by_name(*patterns: str) -> Edit:
    """Write all letters in one alphabet of Unicode, ``{case}`` and ``{letter}`` filled in; gaps are left as they are."""

    def edit(text: str, rng: Random) -> str | None:
        pattern = rng.choice(patterns)

        def convert(letter: str) -> str:
            case = "SMALL" if letter.islower() else "CAPITAL"
            try:
                return unicodedata.lookup(pattern.format(case=case, letter=letter.upper()))
            except KeyError:
                return letter

        return "".join(convert(letter) if letter.isascii() and letter.isalnum() else letter for letter in text)

    return edit


def after_each(marks: str, *, every: bool = True) -> Edit:
    """Put marks after every letter, or inside in one or two places."""

    def edit(text: str, rng: Random) -> str | None:
        inside = range(1, len(text))
        chosen = (
            set(range(1, len(text) + 1)) if every else set(rng.sample(inside, min(len(inside), rng.choice((1, 2)))))
        )
        return "".join(
            letter + (rng.choice(marks) if at in chosen and letter != " " else "") for at, letter in enumerate(text, 1)
        )

    return edit


def between(joiners: tuple[str, ...]) -> Edit:
    """Put the same joiner between all letters, spaces and marks of the name left out."""

    def edit(text: str, rng: Random) -> str | None:
        return rng.choice(joiners).join(letter for letter in text if letter.isalnum())

    return edit


def inside(pieces: tuple[str, ...]) -> Edit:
    """Put one piece somewhere inside a word."""

    def edit(text: str, rng: Random) -> str | None:
        places = [at for at in range(1, len(text)) if text[at - 1].isalnum() and text[at].isalnum()]
        return _put(text, rng.choice(places), rng.choice(pieces), 0) if places else None

    return edit


def mixed_case(text: str, rng: Random) -> str | None:
    """``nIKe``."""
    return "".join(rng.choice((letter.lower(), letter.upper())) for letter in text)


def repeated(text: str, rng: Random) -> str | None:
    """One letter drawn out by one to three more."""
    at = rng.choice(_letters(text) or [0])
    return _put(text, at, text[at] * rng.choice((2, 3, 4)))


def doubled_consonant(text: str, rng: Random) -> str | None:
    """One consonant written twice."""
    places = [at for at in _letters(text)[1:] if text[at].lower() not in "aeiouy" and text[at] not in text[at - 1 : at]]
    return _put(text, at := rng.choice(places), text[at] * 2) if places else None


def omitted(text: str, rng: Random) -> str | None:
    """One letter left out, not the first."""
    return _put(text, rng.choice(_letters(text)[1:]), "")


def swapped(text: str, rng: Random) -> str | None:
    """Two neighbours exchanged, the first letter left alone."""
    places = [at for at in _letters(text)[1:-1] if text[at + 1].isalpha() and text[at] != text[at + 1]]
    return _put(text, at := rng.choice(places), text[at + 1] + text[at], 2) if places else None


def adjacent_key(text: str, rng: Random) -> str | None:
    """One letter hit beside its key."""
    at = rng.choice(_letters(text)[1:])
    row, column = next((keys, keys.index(text[at].lower())) for keys in KEYS if text[at].lower() in keys)
    beside = rng.choice(row[max(0, column - 1) : column] + row[column + 1 : column + 2])
    return _put(text, at, beside.upper() if text[at].isupper() else beside)


def wrong_letter(text: str, rng: Random) -> str | None:
    """One letter, not the first, is any other."""
    at = rng.choice(_letters(text)[1:])
    other = rng.choice([letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter != text[at].lower()])
    return _put(text, at, other.upper() if text[at].isupper() else other)


def same_sound(text: str, rng: Random) -> str | None:
    """One letter or pair spelled as it sounds: ``addidaz``."""
    small = text.lower()
    places = [(at, old, new) for old, new in SOUNDS.items() for at in range(len(text)) if small.startswith(old, at)]
    if not places:
        return None
    at, old, new = rng.choice(places)
    return _put(small, at, new, len(old))


def two_for_one(text: str, rng: Random) -> str | None:
    """``rn`` for m, ``vv`` for w."""
    places = [(at, new) for old, new in PAIRS for at in range(len(text)) if text[at] == old]
    return _put(text, *rng.choice(places)) if places else None


def masked(text: str, rng: Random) -> str | None:
    """One inner letter is a star."""
    return _put(text, rng.choice(_letters(text)[1:-1]), "*")


def joined(text: str, rng: Random) -> str | None:
    """Without the spaces and marks between its words, where it has some."""
    return "".join(letter for letter in text if letter.isalnum()) if not text.isalnum() else None


def capitalised(text: str, rng: Random) -> str | None:
    """``LouisVuitton``."""
    return "".join(letter for letter in text.title() if letter.isalnum())


def one_of(*edits: Edit) -> Edit:
    """Any of the edits."""
    return lambda text, rng: rng.choice(edits)(text, rng)


def after(first: Edit, second: Edit) -> Edit:
    """Two tricks at once."""

    def edit(text: str, rng: Random) -> str | None:
        once = first(text, rng)
        return second(once, rng) if once is not None else None

    return edit


STYLES: tuple[str, ...] = (
    "BOLD",
    "ITALIC",
    "BOLD ITALIC",
    "SCRIPT",
    "BOLD SCRIPT",
    "FRAKTUR",
    "BOLD FRAKTUR",
    "DOUBLE-STRUCK",
)
STYLES += ("SANS-SERIF", "SANS-SERIF BOLD", "SANS-SERIF ITALIC", "MONOSPACE")
MATHEMATICAL = by_name(*(f"MATHEMATICAL {style} {{case}} {{letter}}" for style in STYLES))
FULLWIDTH = by_name("FULLWIDTH LATIN {case} LETTER {letter}")
ENCLOSED = by_name(
    "CIRCLED LATIN {case} LETTER {letter}",
    "PARENTHESIZED LATIN SMALL LETTER {letter}",
    "SQUARED LATIN CAPITAL LETTER {letter}",
    "NEGATIVE SQUARED LATIN CAPITAL LETTER {letter}",
    "NEGATIVE CIRCLED LATIN CAPITAL LETTER {letter}",
    "REGIONAL INDICATOR SYMBOL LETTER {letter}",
)
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
LATIN = (
    Kind("plain", "latin", as_it_is, 2),
    Kind("mixed upper and lower", "latin", mixed_case, 3),
    Kind("words joined", "latin", joined, 5),
    Kind("Cyrillic look-alike", "latin", from_table(CYRILLIC), 3),
    Kind("Greek look-alike", "latin", from_table(GREEK), 4),
    Kind("other scripts' look-alike", "latin", from_table(OTHER), 3),
    Kind("Hangul jamo look-alike", "latin", from_table(HANGUL, 1), 4),
    Kind("mathematical alphabet", "latin", MATHEMATICAL, 3),
    Kind("fullwidth", "latin", FULLWIDTH, 3),
    Kind("enclosed letters", "latin", ENCLOSED, 3),
    Kind("small capitals, phonetic", "latin", from_table(SMALL_CAPITALS, small=True), 3),
    Kind("raised letters", "latin", from_table(RAISED, small=True), 3),
    Kind("combining diacritics", "latin", after_each("\u0300\u0301\u0302\u0308\u0323\u0327\u0332"), 3),
    Kind("struck through", "latin", after_each("\u0335\u0336\u0337\u0338"), 3),
    Kind("accented letters", "latin", from_table(ACCENTED, small=True), 3),
    Kind("stroked, hooked letters", "latin", from_table(STROKED, small=True), 3),
    Kind("zero-width inside", "latin", after_each(INVISIBLE, every=False), 3),
    Kind("soft hyphen inside", "latin", after_each("\u00ad", every=False), 3),
    Kind("other invisible inside", "latin", after_each("\u200e\u200f\u034f\ufe0f\u2063\u180e", every=False), 3),
    Kind("leet digits", "latin", from_table(DIGITS, 3), 4),
    Kind("leet symbols", "latin", from_table(SYMBOLS, 3), 4),
    Kind("I, l, 1 and | exchanged", "latin", from_table(STROKES), 4),
    Kind("two letters for one", "latin", two_for_one, 4),
    Kind("spaces between all", "latin", between((" ",)), 4),
    Kind("odd spaces between all", "latin", between(("\u00a0", "\u2009", "\u3000", "  ")), 4),
    Kind("one space inside", "latin", inside((" ",)), 5),
    Kind("dots between", "latin", between((".", "·", "•")), 4),
    Kind("hyphens between", "latin", between(("-", "–")), 4),
    Kind("underscores between", "latin", between(("_",)), 4),
    Kind("other marks between", "latin", between(("/", "|", "~", "*", ",", "'")), 4),
    Kind("one mark inside", "latin", inside((".", "-", "_", "·", "'", "~")), 4),
    Kind("emoji inside", "latin", inside(tuple(EMOJI)), 4),
    Kind("repeated letter", "latin", repeated, 4),
    Kind("doubled consonant", "latin", doubled_consonant, 4),
    Kind("omitted letter", "latin", omitted, 5),
    Kind("swapped neighbours", "latin", swapped, 5),
    Kind("adjacent key", "latin", adjacent_key, 5),
    Kind("one wrong letter", "latin", wrong_letter, 5),
    Kind("spelled as it sounds", "latin", same_sound, 5),
    Kind("masked with *", "latin", masked, 4),
    Kind("glued to the next word", "latin", as_it_is, 4, "next"),
    Kind("glued to the previous word", "latin", as_it_is, 4, "previous"),
    Kind("inside camel case", "latin", capitalised, 4, "both"),
    Kind("faux Cyrillic", "latin", from_table(FAUX_CYRILLIC, 2), 4, floor=False),
    Kind("look-alike and marks", "latin", after(from_table(CYRILLIC), inside((".", "-", " "))), 5, floor=False),
    Kind("leet and repeated", "latin", after(from_table(DIGITS, 2), repeated), 5, floor=False),
    Kind("typo and look-alike", "latin", after(one_of(omitted, swapped), from_table(CYRILLIC)), 6, floor=False),
    Kind("glued and leet", "latin", from_table(DIGITS, 2), 5, "next", floor=False),
    Kind("four letters, one lost or wrong", "latin", one_of(omitted, swapped, wrong_letter), 4, floor=False, most=4),
)
