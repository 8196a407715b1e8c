"""Catalog files: CSV, JSON Lines or TOML in, rows with their place out; every bad one named with its mend."""

import csv
import io
import json
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec

from touchstone.catalog import Right, Slug
from touchstone.decoding import Problem, nearest, problems_in
from touchstone.errors import CatalogError

LIST_SEPARATOR = "|"  # between several values in one CSV cell; commas stand in titles, bars hardly ever


class BrandRow(msgspec.Struct, frozen=True, kw_only=True):
    """A brand."""

    id: Slug
    name: str
    aliases: tuple[str, ...] = ()
    ordinary_word: bool = False
    context: tuple[str, ...] = ()


class ProductRow(msgspec.Struct, frozen=True, kw_only=True):
    """A genuine product; ``price``, ``currency`` and ``minimum_advertised_price`` may stand here or in price rows."""

    brand: Slug
    sku: str
    title: str
    titles: tuple[str, ...] = ()
    mpn: str | None = None
    gtin: tuple[str, ...] = ()
    category: str | None = None
    pack_quantity: int = 1
    colours: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    price: str | None = None
    currency: str | None = None
    minimum_advertised_price: str | None = None


class PriceRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a product costs in one currency."""

    brand: Slug
    sku: str
    currency: str
    list_price: str
    minimum_advertised_price: str | None = None


class SellerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A seller who may sell a brand on a marketplace."""

    brand: Slug
    marketplace: str
    seller_id: str
    name: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None


class RateRow(msgspec.Struct, frozen=True, kw_only=True):
    """How many units of a currency one euro buys, and on which day."""

    currency: str
    per_euro: Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?$", description="a number, such as 1620.5")]
    as_of: date


Row = BrandRow | ProductRow | PriceRow | SellerRow | RateRow | Right
SHAPES: dict[str, type[Row]] = {
    "brand": BrandRow, "product": ProductRow, "price": PriceRow, "seller": SellerRow, "rate": RateRow,
    "right": Right,
}  # fmt: skip


class PlacedRow(msgspec.Struct, frozen=True):
    """A row and where it stands, for messages: ``products.csv row 7``."""

    place: str
    row: Row
    folder: Path


def read(path: Path) -> tuple[list[PlacedRow], list[str]]:
    """Read a catalog file into rows, and a line for each thing that keeps a row from being read.

    Raises ``CatalogError`` when the file as a whole cannot be read.
    """
    readers = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows, ".toml": _toml_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise CatalogError(f"{path} is neither .csv, .jsonl nor .toml", hint="See docs/catalog.md for the three forms.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CatalogError(f"{path} is not there", hint="Check the path.") from None
    except UnicodeDecodeError as error:
        raise CatalogError(
            f"{path} is not UTF-8 text: {error.reason} at byte {error.start}", hint="Save it as UTF-8."
        ) from None
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}", hint="Check the file's rights.") from None
    rows, problems = [], []
    for place, record, raw in reader(text):
        where = f"{path.name} {place}"
        if isinstance(raw, Problem):
            problems.append(f"{where}: {raw.what}" + (f"; {raw.mend}" if raw.mend else ""))
            continue
        shape = SHAPES.get(record)
        if shape is None:
            problems.append(f"{where}: record {record!r} is not one of {', '.join(SHAPES)}; {nearest(record, SHAPES)}")
            continue
        values = _typed(raw, shape)
        faults = list(problems_in(values, shape))
        problems += [f"{where}: {fault}" for fault in faults]
        if not faults:
            rows.append(PlacedRow(where, msgspec.convert(values, shape), path.parent))
    return rows, problems


def _typed(raw: dict[str, Any], shape: type[Row]) -> dict[str, Any]:
    """Texts as the row's types want them: cells split into lists, numbers written as texts, dates in ISO form."""
    fields = {field.name: field.type for field in msgspec.structs.fields(shape)}
    return {key: _cell(value, fields.get(key)) for key, value in raw.items() if value is not None}


def _cell(value: Any, wanted: Any) -> Any:
    if wanted == tuple[str, ...]:
        parts = value.split(LIST_SEPARATOR) if isinstance(value, str) else value
        return [str(part).strip() for part in parts if str(part).strip()] if isinstance(parts, list) else parts
    if wanted is bool and isinstance(value, str):
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(value.lower(), value)
    if wanted is int and isinstance(value, str) and value.strip().isdigit():
        return int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and wanted not in (int, bool):
        return str(value)
    return value


def _csv_rows(text: str) -> Iterator[tuple[str, str, Any]]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    number = 1
    try:
        for number, row in enumerate(reader, 2):
            extra = row.pop(None, None)  # DictReader's key for cells beyond the header
            if extra:
                problem = Problem("", f"{len(extra)} more cells than the header has", "quote cells that hold a comma")
                yield f"row {number}", "", problem
                continue
            cells = {key.strip(): value.strip() for key, value in row.items() if key and value and value.strip()}
            record = cells.pop("record", None) or _record_of(reader.fieldnames or ())
            yield f"row {number}", record, cells
    except csv.Error as error:
        yield f"row {number + 1}", "", Problem("", f"is not CSV: {error}", "check the quotes")


def _record_of(header: Any) -> str:
    """What a CSV without a ``record`` column holds, by its header."""
    names = {str(name).strip() for name in header}
    if "per_euro" in names:
        return "rate"
    if "office" in names:
        return "right"
    if "seller_id" in names:
        return "seller"
    if "list_price" in names:
        return "price"
    return "product" if "sku" in names else "brand"


def _json_rows(text: str) -> Iterator[tuple[str, str, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            yield f"row {number}", "", Problem("", f"is not JSON: {error}", "one JSON object on each line")
            continue
        if not isinstance(value, dict):
            yield f"row {number}", "", Problem("", "is not a JSON object", "one JSON object on each line")
            continue
        yield f"row {number}", str(value.pop("record", "product")), value


def _toml_rows(text: str) -> Iterator[tuple[str, str, Any]]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        yield "", "", Problem("", f"is not TOML: {error}", "mend that line")
        return
    for record, rows in tables.items():
        for number, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
            yield f"[[{record}]] {number}", record, row if isinstance(row, dict) else {}
