"""The records of a bundle: the matter, each listing, its seller, prices and verdicts, and the custody of it all."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from evidence.cells import write_csv
from touchstone.audit import AuditEntry
from touchstone.decoding import to_json
from touchstone.exhibit import Exhibit, Matter

PRICES = ("at", "currency", "price", "list_price", "availability", "seller_id", "title", "sweep")
IMAGES = ("exhibit", "file", "url", "warc_record_id", "sha256", "bytes")
REFERENCES = ("exhibit", "file", "product", "source", "sha256", "bytes")


def case_json(matter: Matter, exhibits: Sequence[Exhibit], made: datetime, tool: str) -> bytes:
    """``case.json``: whose right it is, who complains, and which listings are exhibits."""
    brands = {one.brand.id: one.brand for one in exhibits}
    rights = {(right.brand, right.office, right.number): right for one in exhibits for right in one.rights}
    return _json(
        {
            "reference": matter.reference, "complainant": matter.complainant, "statement": matter.statement,
            "made_at": made, "tool": tool,
            "brands": [{"id": brand.id, "name": brand.name, "aliases": brand.aliases} for brand in brands.values()],
            "rights": [rights[key] for key in sorted(rights)],
            "exhibits": [
                {
                    "number": one.name, "listing": one.listing.key, "url": one.listing.url, "title": one.listing.title,
                    "brand": one.brand.id, "labels": [accused.flag.label for accused in one.accusations],
                    "judged_by_a_person": one.judged,
                    "capture": one.archive.id, "wacz": one.archive.wacz,
                }
                for one in exhibits
            ],
        }
    )  # fmt: skip


def listing_json(one: Exhibit) -> bytes:
    """``listing.json``: the listing as it was last read, and what its page showed when it was captured."""
    return _json(
        {"listing": one.listing, "shown_at_capture": one.capture.shown, "captured": one.capture.circumstances.page_at}
    )


def seller_json(one: Exhibit) -> bytes:
    """``seller.json``: the seller as the marketplace shows it, and their other listings as they were known."""
    return _json({"seller": one.listing.offer.seller, "record": one.listing.background.seller})


def prices_csv(one: Exhibit) -> bytes:
    """``prices.csv``: what was asked each time the listing was seen, in whole units of the currency."""
    rows = []
    for point in one.prices:
        amount = point.price or point.list_price
        rows.append(
            (
                point.at.isoformat(), amount.currency if amount else "", str(point.price.amount) if point.price else "",
                str(point.list_price.amount) if point.list_price else "", point.availability, point.seller_id or "",
                point.title, str(point.sweep),
            )
        )  # fmt: skip
    return write_csv(rows, PRICES)


def match_json(one: Exhibit) -> bytes:
    """``match.json``: what software concluded and from what, how often it is right, and what people decided."""
    return _json(
        {
            "matches": one.matches, "findings": one.findings, "detectors": one.detectors,
            "measured_error_rates": one.error_rates,
            "flags": [
                {
                    "id": accused.id, "status": accused.status, "raised_at": accused.raised_at, "flag": accused.flag,
                    "threshold": accused.threshold, "judgements": accused.judgements,
                    "would_not_be_flagged_if": accused.counterfactuals,
                }
                for accused in one.accusations
            ],
        }
    )  # fmt: skip


def custody_jsonl(rows: Sequence[AuditEntry], head: AuditEntry | None) -> bytes:
    """``custody.jsonl``: the rows of the audit log that concern the bundle, then the head of the chain.

    The last line counts the rows and digests their hashes, so that one that is taken out or moved is missed; ``head`` is the
    newest row of the whole log, whose hash covers every row before it.
    """
    lines = [json.dumps(msgspec.to_builtins(row), ensure_ascii=False, separators=(",", ":")) for row in rows]
    digest = hashlib.sha256("".join(row.hash for row in rows).encode()).hexdigest()
    last = {
        "head": {"seq": head.seq, "hash": head.hash} if head else None, "rows": len(rows), "digest": digest,
    }  # fmt: skip
    lines.append(json.dumps(last, separators=(",", ":")))
    return "".join(f"{line}\n" for line in lines).encode()


def _json(value: Any) -> bytes:
    return (to_json(value, indent=2) + "\n").encode()
