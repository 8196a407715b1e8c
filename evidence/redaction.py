"""What is taken out of a recording before anything is kept, on the user's explicit wish; each redaction is recorded.

``cookies``: the values in ``Cookie`` and ``Set-Cookie``, which are those of our own session. ``personal``: e-mail addresses and
telephone numbers in the page's visible text, wherever the same characters stand in what was recorded. Names and postal
addresses are not found by rule, and stay.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import phonenumbers

from touchstone.recording import Exchange, Headers, Recording, Redaction

COVER = "█"  # for each character
HEADER_COVER = "redacted"  # where only ASCII may stand
EMAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}")
REGIONS = {"ko": "KR", "ja": "JP", "de": "DE", "en": "US"}  # whose way of writing numbers is tried, by language
TEXTUAL = re.compile(r"^(?:text/|$)|json|javascript|xml|urlencoded")  # without a type, browsers look for themselves
MOST_TEXT = 400_000  # characters that are searched; a page has some 20,000


def personal_data(text: str, language: str) -> tuple[str, ...]:
    """E-mail addresses and telephone numbers in a text, each once, the longest first."""
    text = text[:MOST_TEXT]
    region = REGIONS.get(language.split("-", 1)[0])
    numbers = (match.raw_string for match in phonenumbers.PhoneNumberMatcher(text, region))
    return tuple(sorted({*EMAIL.findall(text), *numbers}, key=lambda word: (-len(word), word)))


def without_cookies(recording: Recording) -> Recording:
    """The recording without the values of cookies."""
    noted: list[Redaction] = []
    exchanges = tuple(_without_cookies(exchange, noted) for exchange in recording.exchanges)
    return _noted(msgspec.structs.replace(recording, exchanges=exchanges), noted)


def _without_cookies(exchange: Exchange, noted: list[Redaction]) -> Exchange:
    sent, count = _emptied(exchange.request_headers)
    got, more = _emptied(exchange.headers)
    if count + more:
        noted.append(Redaction(rule="cookies", place=exchange.url, count=count + more))
    return msgspec.structs.replace(exchange, request_headers=sent, headers=got)


def _emptied(headers: Headers) -> tuple[Headers, int]:
    """Headers with the values of cookies gone, their names and attributes kept, and how many were."""
    emptied, count = [], 0
    for name, value in headers:
        kept = value
        if name.lower() == "set-cookie":
            pair, *attributes = value.split(";")
            kept = ";".join([f"{pair.split('=', 1)[0]}=redacted", *attributes])
            count += 1
        elif name.lower() == "cookie":
            pairs = [pair.strip() for pair in value.split(";") if pair.strip()]
            kept = "; ".join(f"{pair.split('=', 1)[0]}=redacted" for pair in pairs)
            count += len(pairs)
        emptied.append((name, kept))
    return tuple(emptied), count


def without(words: Sequence[str], recording: Recording) -> Recording:
    """The recording without these words, wherever they stand in a text that was recorded; in pictures they are covered already."""
    if not words:
        return recording
    pattern = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)  # styles may change the case
    noted = [Redaction(rule="personal", place="the page as it was drawn", count=len(words))]
    exchanges = tuple(_covered(exchange, pattern, noted) for exchange in recording.exchanges)
    parts = {name: pattern.sub(_cover, getattr(recording, name)) for name in ("title", "document", "text")}
    return _noted(msgspec.structs.replace(recording, exchanges=exchanges, **parts), noted)


def _covered(exchange: Exchange, pattern: re.Pattern[str], noted: list[Redaction]) -> Exchange:
    mime = next((value for name, value in exchange.headers if name.lower() == "content-type"), "").lower()
    parts: dict[str, Any] = {}
    count = 0
    for place in ("request_headers", "headers"):
        found = [(name, *pattern.subn(HEADER_COVER, value)) for name, value in getattr(exchange, place)]
        parts[place] = tuple((name, value) for name, value, _ in found)
        count += sum(times for *_, times in found)
    for place, textual in (("request_body", True), ("body", bool(TEXTUAL.search(mime)))):
        body = getattr(exchange, place)
        if body and textual:
            text, times = pattern.subn(_cover, body.decode("utf-8", "surrogateescape"))
            count += times
            parts[place] = text.encode("utf-8", "surrogateescape") if times else body
    if not count:
        return exchange
    noted.append(Redaction(rule="personal", place=exchange.url, count=count))
    return msgspec.structs.replace(exchange, **parts)


def _cover(match: re.Match[str]) -> str:
    return COVER * len(match[0])


def _noted(recording: Recording, noted: list[Redaction]) -> Recording:
    facts = recording.circumstances
    facts = msgspec.structs.replace(facts, redactions=(*facts.redactions, *noted))
    return msgspec.structs.replace(recording, circumstances=facts)
