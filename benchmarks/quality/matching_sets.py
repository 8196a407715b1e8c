"""The published sets of product pairs, as columns that a model is trained on or judged by.

Each set is two tables of products and labelled pairs of their rows. Columns are kept between runs in the folder for
temporary files, under a name that changes with the code that computes them.
"""

import csv
import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.pairs.candidates import Index, lookup_text
from detectors.pairs.comparison import Rarity, compare
from detectors.pairs.records import Prepared, Record, prepare
from detectors.pairs.standing import RIVALS, Standing, in_search, views

Columns = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Labelled = list[tuple[int, int, int]]

# Name, folder, what its tables' names begin with.
SETS = {
    "Abt-Buy": ("abt-buy", ""),
    "Amazon-Google": ("amazon-google", ""),
    "Walmart-Amazon": ("walmart-amazon", ""),
    "the same, dirty": ("walmart-amazon", "dirty-"),
}
ABT, GOOGLE, WALMART, DIRTY = SETS
# The dirty tables are the clean ones with values moved: they hold the same pairs, so neither may train a model that is
# judged on the other.
OTHERS = {
    ABT: (GOOGLE, WALMART, DIRTY),
    GOOGLE: (ABT, WALMART, DIRTY),
    WALMART: (ABT, GOOGLE),
    DIRTY: (ABT, GOOGLE),
}
_BACK = 4  # listings looked up for each product found, so that products have rivals as well
FORMS = ("batch", "alone")


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """The pairs of a set: the labelled ones first (of train, then of the part), then candidates that only are rivals.

    ``batch`` and ``alone`` are the columns for listings in a batch and for one listing at a time.
    """

    names: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, Columns]
    rows: Ints
    products: Ints
    labels: Ints
    train: int

    @property
    def known(self) -> Ints:
        """Places of the pairs of train."""
        return np.arange(self.train)

    @property
    def judged(self) -> Ints:
        """Places of the pairs of the part."""
        return np.arange(self.train, len(self.labels))

    def labelled(self, form: str) -> Columns:
        """Columns of the pairs that have labels."""
        return self.columns[form][: len(self.labels)]


class Sets:
    """The sets in a folder, one part of them judged; each is read once."""

    def __init__(self, folder: Path, part: str) -> None:
        self.folder, self.part = folder / "entity-matching", part
        self._pairs: dict[str, Pairs] = {}

    def lacking(self) -> list[str]:
        """Files that are not there."""
        wanted = [
            self.folder / name / file
            for name, prefix in SETS.values()
            for file in (f"{prefix}tableA.csv", f"{prefix}tableB.csv", "train.csv", f"{self.part}.csv")
        ]
        return sorted({str(path.relative_to(self.folder.parent)) for path in wanted if not path.is_file()})

    def records(self, name: str) -> tuple[list[Record], list[Record]]:
        """Both tables of a set: listings, products."""
        folder, prefix = SETS[name]
        left, right = (_table(self.folder / folder / f"{prefix}table{side}.csv") for side in "AB")
        return left, right

    def labelled(self, name: str, part: str) -> Labelled:
        """Labelled pairs of a part: row of the listing, row of the product, 1 for the same."""
        path = self.folder / SETS[name][0] / f"{part}.csv"
        return [(int(row["ltable_id"]), int(row["rtable_id"]), int(row["label"])) for row in _rows(path)]

    def pairs(self, name: str) -> Pairs:
        """The pairs of a set, from the cache or built in a minute."""
        if name not in self._pairs:
            self._pairs[name] = self._cached(name)
        return self._pairs[name]

    def _cached(self, name: str) -> Pairs:
        path = Path(tempfile.gettempdir(), "touchstone-bench-matching", f"{name}-{self.part}-{self._state(name)}.npz")
        if not path.is_file():
            pairs = self._build(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            names = {f"{form}_names": np.array(pairs.names[form]) for form in FORMS}
            rest = {
                "rows": pairs.rows,
                "products": pairs.products,
                "labels": pairs.labels,
                "train": np.array(pairs.train),
            }
            np.savez(path, allow_pickle=False, **names, **pairs.columns, **rest)
        with np.load(path) as kept:
            return Pairs(
                names={form: tuple(kept[f"{form}_names"].tolist()) for form in FORMS},
                columns={form: kept[form] for form in FORMS},
                rows=kept["rows"], products=kept["products"], labels=kept["labels"], train=int(kept["train"]),
            )  # fmt: skip

    def _state(self, name: str) -> str:
        """Short digest of all that the columns come of but the two tables' libraries."""
        import detectors.pairs

        code = [Path(__file__), *sorted(Path(detectors.pairs.__path__[0]).glob("[!_mf]*"))]
        data = sorted((self.folder / SETS[name][0]).glob("*.csv"))
        digest = hashlib.sha256()
        for path in (*code, *data):
            if path.is_file():
                digest.update(path.read_bytes() if path in code else str(path.stat()[6:9]).encode())
        return digest.hexdigest()[:12]

    def _build(self, name: str) -> Pairs:
        left, right = ([prepare(record) for record in table] for table in self.records(name))
        train, judged = self.labelled(name, "train"), self.labelled(name, self.part)
        labelled = [*train, *judged]
        known = {(row, product) for row, product, _ in labelled}
        texts = [lookup_text(record) for record in left], [lookup_text(record) for record in right]
        index = Index(texts[1])
        found = index.top(texts[0], RIVALS)
        rivals = sorted(_candidates(found.rows, *texts) - known)
        rows, products = np.array([*((row, product) for row, product, _ in labelled), *rivals], np.int64).T
        batch = _compared(left, right, rows, products, Rarity(record.everything for record in (*left, *right)))
        mine, theirs = views(left), views(right)
        for view in mine:
            batch |= Standing(view, mine[view], theirs[view]).columns(rows, products)
        alone = _compared(left, right, rows, products, Rarity(record.everything for record in right))
        scores = index.similarities(index.vectors(texts[0]), rows, products)
        alone |= in_search(scores, found.scores[rows])
        return Pairs(
            names={"batch": tuple(batch), "alone": tuple(alone)},
            columns={"batch": np.stack(list(batch.values()), axis=1), "alone": np.stack(list(alone.values()), axis=1)},
            labels=np.array([label for *_, label in labelled], np.int64),
            rows=rows, products=products, train=len(train),
        )  # fmt: skip


def _candidates(found: Ints, left: list[str], right: list[str]) -> set[tuple[int, int]]:
    """The products found for each listing, and the listings that are found for each of those products."""
    pairs = {(row, int(product)) for row, best in enumerate(found) for product in best if product >= 0}
    products = sorted({product for _, product in pairs})
    back = Index(left).top([right[product] for product in products], _BACK).rows
    return pairs | {
        (int(row), product) for product, best in zip(products, back, strict=True) for row in best if row >= 0
    }


def _compared(
    left: list[Prepared], right: list[Prepared], rows: Ints, products: Ints, rarity: Rarity
) -> dict[str, Columns]:
    compared = [compare(left[row], right[product], rarity) for row, product in zip(rows, products, strict=True)]
    return {name: np.array([each[name] for each in compared], np.float32) for name in compared[0]}


def _table(path: Path) -> list[Record]:
    """A table, whichever of the sets' schemas it has; the dirty one may hold all fields in one."""
    return [
        Record(
            title=row.get("name") or row.get("title") or row.get("value") or "",
            brand=row.get("brand") or row.get("manufacturer") or "",
            model=row.get("modelno") or "",
            category=row.get("category") or "",
            description=row.get("description") or "",
            price=_price(row.get("price") or ""),
        )
        for row in _rows(path)
    ]


def _price(written: str) -> float | None:
    return float(written) if written.replace(".", "", 1).isdigit() else None


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
