"""The references and queries of the benchmark of image matching, made from real photos once for each seed and kept.

References are photos as they are and, of some, brand shots: the garment alone in a studio, or with a motif printed on.
Queries are edited references, photos that are no reference (negatives) and other variants of references (siblings).
"""

import io
import json
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from PIL import Image

from benchmarks.quality.edits import EDITS, HARSH, MILD, Edit, encode
from benchmarks.quality.image_overlays import Scene, hangul_font
from benchmarks.quality.image_variants import MOTIFS, find_garment, in_studio, is_plain, printed, recoloured

PRINTED = 70  # references with a motif printed on, each with a sibling that has another
STUDIO = 60  # references in a studio
RECOLOURED = 70  # siblings of each kind: another hue, another lightness
HARSH_EACH = 20  # negatives under each harsh edit
UPPER = ("t-shirt", "shirt", "longsleeve", "outwear", "dress")  # what a motif is printed on
SHAPED = (*UPPER, "pants", "shorts", "skirt")  # what is recoloured: of shoes and hats the outline is less sure
IDENTITY = EDITS[0]
# The same product photographed again in the same place as another photo: neither a copy of it nor a different product.
AGAIN = ("t-shirt-a1ce79d6-ad15", "pants-a91c9a10-7d56", "t-shirt-ff3f01d5-0524")


class Query(NamedTuple):
    """A rendered query: its group (``edit``, ``negative``, ``harsh``, ``sibling``), what was done, what is right."""

    group: str
    label: str
    wanted: str
    path: Path


class Reference(NamedTuple):
    """A reference: what kind it is, its bytes, the photo that it was made from, and whether a garment is clear on it.

    Pictures and garments are made again where they are needed: all of them at once would fill the memory.
    """

    id: str
    kind: str
    body: bytes
    photo: Path
    is_clear: bool


class Made(NamedTuple):
    """A query before it is written."""

    group: str
    label: str
    wanted: str
    body: bytes


def queries(photos: Path, references: int, each: int, seed: int) -> tuple[list[tuple[str, bytes]], list[Query]]:
    """The references and all queries, from the cache where they were made before."""
    sources = [*sorted(Path(__file__).parent.glob("image_[oqv]*.py")), Path(__file__).parent / "edits.py"]
    version = zlib.crc32(b"".join(path.read_bytes() for path in sources) + str(hangul_font()).encode())
    folder = Path(tempfile.gettempdir()) / "touchstone-bench-images" / f"{seed}-{references}-{each}-{version:08x}"
    index = folder / "index.json"
    if not index.is_file():
        print(f"Rendering the queries into {folder} (once for each seed and size)", flush=True)
        (folder / "references").mkdir(parents=True, exist_ok=True)
        rows = [
            (made.group, made.label, made.wanted, _kept(folder / f"{at:05}", made.body))
            for at, made in enumerate(_made(photos, references, each, seed, folder / "references"))
        ]
        index.write_text(json.dumps(rows), encoding="utf-8")
    found = [Query(group, label, wanted, folder / name) for group, label, wanted, name in json.loads(index.read_text())]
    bodies = [(path.name, path.read_bytes()) for path in sorted((folder / "references").iterdir())]
    return bodies, found


def _kept(path: Path, body: bytes) -> str:
    path.write_bytes(body)
    return path.name


def _made(photos: Path, count: int, each: int, seed: int, keep: Path) -> Iterator[Made]:
    paths = [path for path in sorted(photos.rglob("*.jpg")) if _name(path) not in AGAIN]
    Random(seed).shuffle(paths)
    for old in keep.iterdir():
        old.unlink()
    references = list(_references(paths[:count], seed))
    for reference in references:
        (keep / reference.id).write_bytes(reference.body)
    others = {_name(path): _opened(path.read_bytes()) for path in paths[count:]}
    if hangul_font() is None:
        print("Skipped: the edits with a Korean banner, for no font with Hangul (Noto CJK) is installed.")
    fillers = list(others.values())
    yield from _edited(references, fillers, each, seed)
    yield from _negatives(others, seed)
    yield from _siblings(references, fillers, seed)


def _name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem[:13]}"


def _opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body)).convert("RGB")


def _references(paths: list[Path], seed: int) -> Iterator[Reference]:
    left = {"printed": PRINTED, "studio": STUDIO}
    for at, path in enumerate(paths):
        name, body, kind = _name(path), path.read_bytes(), "plain"
        photo = picture = _opened(body)
        garment = find_garment(photo) if path.parent.name in SHAPED else None
        upper = path.parent.name in UPPER
        if garment and left["printed"] and upper and is_plain(photo, garment):
            kind, picture = "printed", printed(photo, garment, Random(f"{seed} {name}"), at % MOTIFS)
        elif garment and left["studio"] and at % 4 == 0:
            kind, picture = "studio", in_studio(photo, garment, Random(f"{seed} {name}"))
        if kind != "plain":
            left[kind] -= 1
            body = encode(picture, quality=92)
        yield Reference(name, kind, body, path, garment is not None)


def _edited(references: list[Reference], others: list[Image.Image], each: int, seed: int) -> Iterator[Made]:
    for edit in EDITS:
        if edit.family == "banner" and hangul_font() is None:
            continue
        pool = [reference for reference in references if edit.family != "background" or reference.kind == "plain"]
        Random(f"{seed} {edit.name}").shuffle(pool)
        made = 0
        for reference in pool:
            body = _render(edit, _opened(reference.body), others, f"{seed} {edit.name} {reference.id}")
            if body is not None:
                yield Made("edit", edit.name, reference.id, body)
                made += 1
            if made == each:
                break


def _render(edit: Edit, picture: Image.Image, others: list[Image.Image], seed: str) -> bytes | None:
    return edit.render(picture, Scene(Random(seed), others))


def _negatives(others: dict[str, Image.Image], seed: int) -> Iterator[Made]:
    """Photos that are no reference: as they are, and under two mild edits each; some under the harsh ones."""
    for name, picture in others.items():
        rest = [other for key, other in others.items() if key != name]
        for edit in (IDENTITY, *Random(f"{seed} {name}").sample(MILD, 2)):
            body = _render(edit, picture, rest, f"{seed} {edit.name} {name}")
            if body is not None:
                yield Made("negative", edit.name, "", body)
    for edit in HARSH:
        for name in Random(f"{seed} harsh {edit.name}").sample(sorted(others), min(HARSH_EACH, len(others))):
            rest = [other for key, other in others.items() if key != name]
            body = _render(edit, others[name], rest, f"{seed} harsh {name}")
            if body is not None:
                yield Made("harsh", edit.name, "", body)


def _siblings(references: list[Reference], others: list[Image.Image], seed: int) -> Iterator[Made]:
    """Other colours and prints of references, as they are and under each mild edit."""
    for label, reference, picture in _variants(references, seed):
        for edit in (IDENTITY, *MILD):
            body = _render(edit, picture, others, f"{seed} {edit.name} {reference.id}")
            if body is not None:
                yield Made("sibling", label, reference.id, body)


def _variants(references: list[Reference], seed: int) -> Iterator[tuple[str, Reference, Image.Image]]:
    left = {"hue": RECOLOURED, "lightness": RECOLOURED}
    for at, reference in enumerate(references):
        if not reference.is_clear:
            continue
        photo, by = _opened(reference.photo.read_bytes()), ("hue", "lightness")[at % 2]
        garment = find_garment(photo)
        assert garment is not None
        if reference.kind == "printed":  # the same ink in the same place, another motif
            motif = (at + Random(f"{seed} motif {reference.id}").randrange(1, MOTIFS)) % MOTIFS
            yield "print", reference, printed(photo, garment, Random(f"{seed} {reference.id}"), motif)
        elif left[by]:
            rng = Random(f"{seed} sibling {reference.id}")
            picture = recoloured(_opened(reference.body), garment, by, rng)
            if picture is not None:
                left[by] -= 1
                yield by, reference, picture
