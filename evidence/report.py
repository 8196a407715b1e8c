"""The report: what an IP desk officer reads, in English or Korean, as a tagged PDF/A-3 that fetches nothing."""

import functools
import hashlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import escape

from evidence.chart import price_chart
from evidence.glyphs import glyphs
from evidence.pictures import drawn, top_of
from evidence.unpack import ServedImage
from evidence.wording import Language, wording
from touchstone.audit import AuditEntry
from touchstone.catalog import Right
from touchstone.exhibit import Accusation, ErrorRate, Exhibit, Matter
from touchstone.listing import Seller
from touchstone.verdicts import Weighed

HERE = Path(__file__).parent
LANGUAGES: tuple[Language, ...] = ("en", "ko")
PHOTO = (520, 520)  # pixels of a photo in the report; 38 mm at 300 dots an inch is 449
SCREEN = (1400, 1400)
SCREEN_SHAPE = 0.8  # height to width of the page's picture, so that it stays with its text
PHOTOS = 4  # of the listing, and of the brand
CUSTODY_ROWS = 60  # in print; all of them are in custody.jsonl
HEADLINES = 3
_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


class Pictured(NamedTuple):
    """An exhibit with what is drawn of it: the page, the listing's photos, and the brand's own."""

    exhibit: Exhibit
    view: bytes
    photos: tuple[ServedImage, ...]
    reference_photos: tuple[tuple[str, bytes], ...]


class Front(NamedTuple):
    """What a report says before its exhibits: the matter, when and by what it was made, and what concerns all of it."""

    matter: Matter
    made: datetime
    tool: str
    overview: tuple[Exhibit, ...]
    custody: tuple[AuditEntry, ...] = ()


def render(front: Front, pictured: Sequence[Pictured], language: Language) -> bytes:
    """The report as PDF. Raises ``ConfigurationError`` where no Korean font is installed."""
    from evidence.pdf import to_pdf  # half a second to import, paid only where a report is printed

    pictures: dict[str, bytes] = {}
    html = _TEMPLATES.get_template("report.html").render(_Page(front, language, pictures).context(pictured))
    style = (HERE / "templates" / "report.css").read_text(encoding="utf-8")
    style += f'html {{ font-family: "{glyphs().family}"; }}'
    return to_pdf(html, style, pictures, _identifier(front, language))


def _identifier(front: Front, language: Language) -> bytes:
    """An identifier that depends on what the report is about alone, so that the same inputs give the same bytes."""
    keys = [
        front.matter.reference,
        front.made.isoformat(),
        language,
        *(one.archive.wacz or "" for one in front.overview),
    ]
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()[:32].encode()


@functools.cache
def _words(language: Language) -> dict[str, Any]:
    return tomllib.loads((HERE / "templates" / f"report.{language}.toml").read_text(encoding="utf-8"))


class _Page:
    """Everything that the template prints, as texts; ``pictures`` collects what they name."""

    def __init__(self, front: Front, language: Language, pictures: dict[str, bytes]) -> None:
        self._front, self._language, self._pictures = front, language, pictures
        self._t, self._say = _words(language), wording(language)
        self._shown = glyphs().shown

    def context(self, pictured: Sequence[Pictured]) -> dict[str, Any]:
        front, matter = self._front, self._front.matter
        who = matter.complainant
        complainant = self._shown(", ".join(filter(None, (who.name, who.company)))) if who else ""
        if who and who.agent:
            complainant += f" ({self._t['agent_of']})"
        rights = {(right.office, right.number): right for one in front.overview for right in one.rights}
        unjudged = [one.name for one in front.overview if not one.judged]
        return {
            "t": self._t, "heading": f"{self._t['title']}: {self._shown(matter.reference)}", "tool": front.tool,
            "made": _minute(front.made), "made_iso": front.made.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "matter": {
                "reference": self._shown(matter.reference), "complainant": complainant,
                "statement": self._shown(matter.statement),
            },
            "total": len(front.overview), "unjudged": unjudged,
            "all_rights": [self._right(right) for right in rights.values()],
            "overview": [self._row(one) for one in front.overview] if len(front.overview) > 1 else [],
            "exhibits": [self._exhibit(one) for one in pictured],
            "custody": [self._custody(entry) for entry in _shortened(front.custody)],
        }  # fmt: skip

    def _row(self, one: Exhibit) -> dict[str, str]:
        seller = one.listing.offer.seller
        return {
            "name": one.name, "title": self._shown(one.listing.title), "url": self._shown(one.listing.url),
            "seller": self._shown(seller.name or seller.seller_id) if seller else "–",
            "price": str(one.listing.offer.price or "–"),
            "labels": ", ".join(self._say["labels"][accused.flag.label] for accused in one.accusations),
            "status": ", ".join(sorted({self._say["statuses"][accused.status] for accused in one.accusations})),
            "captured": _minute(one.capture.circumstances.page_at),
        }  # fmt: skip

    def _exhibit(self, pictured: Pictured) -> dict[str, Any]:
        one = pictured.exhibit
        listing, offer = one.listing, one.listing.offer
        stamp = one.digests
        return {
            "name": one.name, "judged": one.judged,
            "rights": [self._right(right) for right in one.rights],
            "first_seen": _minute(one.prices[0].at) if one.prices else "",
            "captured": _minute(one.capture.circumstances.page_at),
            "timestamped": f"{_minute(stamp.time)}, {self._shown(stamp.authority)}" if stamp and stamp.time else "",
            "title": self._shown(listing.title), "url": self._shown(one.capture.circumstances.final_url),
            "marketplace": self._shown(listing.marketplace), "listing_id": self._shown(listing.listing_id),
            "price": one.capture.shown.price or str(offer.price or "–"),
            "condition": self._say["conditions"][offer.condition],
            "availability": self._say["availability"][one.capture.shown.availability or offer.availability],
            "seller": self._seller(offer.seller), "accusations": [self._accusation(each) for each in one.accusations],
            "photos": list(self._photos(one, pictured.photos)),
            "reference_photos": list(self._reference_photos(one, pictured.reference_photos)),
            "reference": self._reference(one), "screen": self._screen(one, pictured.view),
            "chart": self._chart(one),
            "prices": [
                {
                    "at": _minute(point.at), "price": str(point.price or "–"), "list_price": str(point.list_price or "–"),
                    "availability": self._say["availability"][point.availability], "title": self._shown(point.title),
                }
                for point in one.prices
            ],
            "how": list(self._how(one)), "rates": [self._rate(rate) for rate in one.error_rates],
        }  # fmt: skip

    def _right(self, right: Right) -> dict[str, str]:
        days = " / ".join(str(day) if day else "–" for day in (right.registered, right.expires))
        kind = self._say["right_kinds"][right.kind]
        return {
            "mark": self._shown(f"{right.mark} ({kind})" if right.mark else kind), "number": self._shown(right.number),
            "office": self._shown(right.office), "classes": self._shown(", ".join(right.classes)),
            "owner": self._shown(right.owner), "valid": "" if days == "– / –" else days, "poa": self._shown(right.poa),
        }  # fmt: skip

    def _seller(self, seller: Seller | None) -> dict[str, str]:
        if seller is None:
            return dict.fromkeys(("name", "id", "business_number", "country", "since", "rating"), "") | {"name": "–"}
        name = self._shown(seller.name or seller.seller_id)
        rating = "" if seller.rating is None else f"{seller.rating:g}"
        if rating and seller.rating_count is not None:
            rating += f" ({seller.rating_count:,})"
        return {
            "name": f"{name}, {self._t['private']}" if seller.private else name, "id": self._shown(seller.seller_id),
            "business_number": self._shown(seller.business_number), "country": self._shown(seller.country),
            "since": str(seller.since or ""), "rating": rating,
        }  # fmt: skip

    def _accusation(self, accused: Accusation) -> dict[str, Any]:
        flag = accused.flag
        against = sorted((one for one in flag.reasons if one.points > 0), key=lambda one: -one.points)
        last = accused.judgements[-1] if accused.judgements else None
        return {
            "label": self._say["labels"][flag.label], "probability": _percent(flag.probability),
            "status": self._say["statuses"][accused.status],
            "judge": f"{self._shown(last.actor)}, {_minute(last.at)}" if last else "",
            "headlines": [self._reason(one) for one in against[:HEADLINES]],
            "bias": f"{flag.bias:+.2f}", "threshold": _percent(accused.threshold),
            "reasons": [
                {
                    "points": f"{one.points:+.2f}", "weighing": f"{one.weight:+g} × {one.strength:.2f}",
                    **self._reason(one),
                }
                for one in flag.reasons
            ],
            "total": f"{flag.bias + sum(one.points for one in flag.reasons):+.2f}",
            "undone": [self._shown(self._change(one.change)) for one in accused.counterfactuals],
            "judgements": [
                f"{_minute(one.at)} {self._shown(one.actor)}: {self._say['decisions'][one.decision]}"
                + (f" – {self._t['note']}: {self._shown(one.note)}" if one.note else "")
                for one in accused.judgements
            ],
        }  # fmt: skip

    def _reason(self, one: Weighed) -> dict[str, str]:
        """A finding's exact sentence, after what its kind is called where that is another language."""
        local = "" if self._language == "en" else self._say["findings"].get(one.kind, "")
        return {"local": local, "exact": self._shown(one.reason)}

    def _change(self, change: str) -> str:
        """What would undo a flag, in this language where it is known how to say it."""
        for pattern, said in self._t["changes"].items():
            if hit := re.fullmatch(pattern, change):
                return str(said).format(*hit.groups())
        return change

    def _photos(self, one: Exhibit, found: Sequence[ServedImage]) -> Iterator[dict[str, str]]:
        for number, photo in enumerate(found[:PHOTOS], 1):
            if body := drawn(photo.body, *PHOTO):
                alt = f"{self._t['from_listing']} {number}"
                yield self._picture(
                    f"{one.name}-photo-{number}", body, alt, f"{photo.sha256[:16]}… · {self._shown(photo.url[-60:])}"
                )

    def _reference_photos(self, one: Exhibit, found: Sequence[tuple[str, bytes]]) -> Iterator[dict[str, str]]:
        for number, (source, photo) in enumerate(found[:PHOTOS], 1):
            if body := drawn(photo, *PHOTO):
                alt = f"{self._t['from_brand']} {number}"
                caption = f"{self._t['source']}: {self._shown(source)}"
                yield self._picture(f"{one.name}-genuine-{number}", body, alt, caption)

    def _screen(self, one: Exhibit, view: bytes) -> dict[str, str]:
        body = drawn(top_of(view, SCREEN_SHAPE), *SCREEN)
        assert body is not None  # a picture that the browser drew itself
        return self._picture(f"{one.name}-screen", body, self._t["screen"], "")

    def _picture(self, name: str, body: bytes, alt: str, caption: str) -> dict[str, str]:
        self._pictures[f"exhibit:{name}"] = body
        return {"src": f"exhibit:{name}", "alt": alt, "caption": caption}

    def _reference(self, one: Exhibit) -> dict[str, str]:
        if one.reference is None:
            return {}
        currency = one.listing.offer.price.currency if one.listing.offer.price else ""
        price = one.reference.price_in(currency)
        return {
            "title": self._shown(one.reference.title), "sku": self._shown(one.reference.sku),
            "mpn": self._shown(one.reference.mpn), "gtins": ", ".join(one.reference.gtins),
            "list_price": str(price.list_price) if price else "",
            "least_price": str(price.minimum_advertised) if price and price.minimum_advertised else "",
        }  # fmt: skip

    def _chart(self, one: Exhibit) -> str:
        points = [(point.at, point.price) for point in one.prices if point.price]
        return price_chart(points, glyphs().family, str(escape(self._t["price_history"])))

    def _how(self, one: Exhibit) -> Iterator[tuple[str, str]]:
        facts, t = one.capture.circumstances, self._t
        yield t["asked"], self._shown(facts.asked)
        yield t["final"], self._shown(facts.final_url)
        yield t["http"], f"HTTP {facts.status}, {facts.page_at:%Y-%m-%d %H:%M:%S} UTC"
        yield t["server"], facts.server_address or "–"
        yield t["certificate"], _subject(facts.certificates) if facts.certificates else t["no_certificate"]
        yield t["robots"], self._shown(f"{facts.robots.decision}: {facts.robots.why}")
        yield t["browser"], self._shown(f"{facts.browser}, {facts.tool}; {facts.user_agent}")
        yield t["locale"], f"{facts.locale}, {facts.time_zone}, {facts.viewport[0]} × {facts.viewport[1]}"
        yield t["requests"], f"{facts.requests}, {facts.received_bytes:,}"
        told = (
            (t["lost"], "; ".join(f"{lost.url[:120]}: {lost.reason}" for lost in facts.lost[:6])),
            (t["missing"], "; ".join(url[:120] for url in facts.missing_images[:6])),
            (t["bounds"], "; ".join(facts.bounds)),
            (t["redactions"], "; ".join(f"{one.rule}, {one.place[:80]}: {one.count}" for one in facts.redactions[:6])),
        )
        yield from ((name, self._shown(said)) for name, said in told if said)
        if lacking := [name for name, said in told if not said]:
            yield t["none"], "; ".join(lacking)
        yield t["archive"], one.capture.wacz
        yield t["files"], f"capture/{one.name}/, records/{one.name}/"

    def _rate(self, rate: ErrorRate) -> str:
        parts = [
            f"{self._say['labels'][rate.label]} – {self._t['basis']}: {self._shown(rate.basis[self._language])} ({rate.cases:,} {self._t['cases']})"
        ]
        for name, value, interval in (
            ("precision", rate.precision, rate.precision_interval),
            ("recall", rate.recall, rate.recall_interval),
        ):
            if value is not None:
                within = f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
                parts.append(f"{self._t[name]} {value:.3f}{within}")
        return "; ".join(parts)

    def _custody(self, entry: AuditEntry | None) -> dict[str, str]:
        if entry is None:
            return {"seq": "…", "at": "", "actor": "", "action": "", "subject": "", "hash": ""}
        return {
            "seq": str(entry.seq), "at": _minute(datetime.fromisoformat(entry.at)), "actor": self._shown(entry.actor),
            "action": self._shown(entry.action), "subject": self._shown(entry.subject), "hash": entry.hash[:16] + "…",
        }  # fmt: skip


def _shortened(custody: Sequence[AuditEntry]) -> Iterator[AuditEntry | None]:
    """The rows that are printed: all, or the first and the last with a gap between."""
    if len(custody) <= CUSTODY_ROWS:
        yield from custody
        return
    yield from custody[: CUSTODY_ROWS // 2]
    yield None
    yield from custody[-CUSTODY_ROWS // 2 :]


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""


def _percent(probability: float) -> str:
    """A probability for people; certainty is not claimed."""
    return f"{min(99, round(probability * 100))} %"


def _subject(certificates: Sequence[str]) -> str:
    """The server's certificate in words: for whom, by whom, until when, and its SHA-256."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    own = x509.load_pem_x509_certificate(certificates[0].encode())
    names = f"{own.subject.rfc4514_string()}; {own.issuer.rfc4514_string()}"
    return f"{names}; {own.not_valid_after_utc:%Y-%m-%d}; SHA-256 {own.fingerprint(hashes.SHA256()).hex()}"
