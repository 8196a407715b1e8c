"""How a name is written where it is not written plainly, in words for an analyst."""

import re
import unicodedata

from detectors.text import IGNORABLE, fold_character, is_hangul

BLOTS = "*○●◯⚪×#＊"  # signs that stand for a letter everyone can guess
_BLOT = re.compile(rf"\w[{re.escape(BLOTS)}]\w|\w{{2}}[{re.escape(BLOTS)}]$|^[{re.escape(BLOTS)}]\w{{2}}")
_APART = re.compile(r"\w[^\w]+\w|[^\W_]_+[^\W_]")
_SIGNS = re.compile(r"[$@!|+€¢£¥¡]")
_STYLES = (
    ("FULLWIDTH", "fullwidth letters"),
    ("HALFWIDTH HANGUL", "Hangul letters taken apart"),
    ("MATHEMATICAL", "mathematical letters"),
    ("PARENTHESIZED", "letters in parentheses"),
    ("CIRCLED", "circled letters"),
    ("SQUARED", "letters in squares"),
    ("REGIONAL INDICATOR", "letters of flags"),
    ("SMALL CAPITAL", "small capitals"),
    ("MODIFIER LETTER", "raised letters"),
    ("SUPERSCRIPT", "raised letters"),
)
MOST_NAMED = 3  # characters that are named one by one; a name written wholly so has many


def spelling(text: str) -> str:
    """What counts as the same honest spelling: case, spaces, hyphens, apostrophes and Unicode's two Hangul forms do not matter."""
    possessive = re.sub(r"['’](s)\b", r"\1", unicodedata.normalize("NFC", text), flags=re.IGNORECASE)
    return re.sub(r"[\s\-·'’&.]+", " ", possessive).strip().casefold()


def honest_spellings(name: str) -> set[str]:
    """The name, with and without the spaces in it."""
    return {spelling(name), spelling(name).replace(" ", "")}


def describe(span: str, name: str) -> str:
    """In words, how ``span`` hides ``name``; "misspelt for …" where honest people may have written it."""
    hows = list(dict.fromkeys(_characters(span)))
    hows = [*hows[:MOST_NAMED], *([f"{len(hows) - MOST_NAMED} more such"] if len(hows) > MOST_NAMED else [])]
    bare = "".join(char for char in span if unicodedata.category(char) not in IGNORABLE)
    signs = [sign for sign in _SIGNS.findall(bare) if sign not in name]
    if len(signs) < min(3, len(name) - 1) or len(set(signs)) > 1:  # one and the same everywhere only stands between
        bare = "".join("x" if char in signs else char for char in bare)
        hows += [f"signs for letters ({' '.join(sorted(set(signs)))})"] if signs else []
    if len(_APART.findall(bare)) == 1 and _BLOT.search(bare):
        hows.append("a letter blotted out")
    elif _APART.search(bare) and not re.search(r"[\s\-·]", name):
        hows.append("letters taken apart")
    if any(char.isdigit() for char in bare) and not any(char.isdigit() for char in name):
        hows.append("digits for letters")
    return ", ".join(hows) or f"misspelt for {name}"


def _characters(span: str) -> list[str]:
    """What is odd about single characters of a name, each told once."""
    found = []
    hangul = any("가" <= char <= "힣" for char in span)
    for char in span:
        folded, category = fold_character(char), unicodedata.category(char)
        if "ㄱ" <= char <= "ㆎ" or "\u1100" <= char <= "\u11ff":
            latin = not hangul and not any(map(is_hangul, span.replace(char, "")))
            found.append(f"Hangul {char} for a Latin letter" if latin else "Hangul letters taken apart")
        elif char.isascii() or "가" <= char <= "힣":
            continue
        elif category in ("Mn", "Me"):
            found.append("accents or strokes added")
        elif category in IGNORABLE or folded == "":
            found.append(f"invisible {unicodedata.name(char, 'unnamed character').lower()}")
        elif any(map(str.isalnum, folded)):
            label = unicodedata.name(char, "unnamed character")
            style = next((words for mark, words in _STYLES if mark in label), None)
            found.append(style or f"{label.split()[0].capitalize()} {char} for {folded}")
    return found
