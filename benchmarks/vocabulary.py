"""``make bench``: what the choice of msgspec rests on: import time, faults told, and the start of ``touchstone --help``.

Times are medians of fresh processes, each given beside ``python -c pass`` in the same run.
"""

import statistics
import subprocess
import sys
import time
import timeit
from typing import Annotated

from rich.console import Console
from rich.table import Table

STARTS = 15
ROW = {"brand": 1, "price": "x", "pack": "z", "pak": 2}  # four faults: two types, one pattern, one unknown key
GOOD = {"brand": "a", "price": "12", "pack": 2}


def start_milliseconds(code: str) -> float:
    """Median wall time of a process that runs ``code``, in milliseconds."""
    times = []
    for _ in range(STARTS):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def faults_told() -> dict[str, tuple[int, float]]:
    """For each library: how many of the four faults of ``ROW`` it tells at once, and microseconds for a good row."""
    import attrs
    import cattrs
    import msgspec
    import pydantic

    from touchstone.decoding import problems_in

    class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        brand: str
        price: Annotated[str, msgspec.Meta(pattern=r"^\d+$")]
        pack: int = 1

    class Model(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(frozen=True, extra="forbid")
        brand: str
        price: str = pydantic.Field(pattern=r"^\d+$")
        pack: int = 1

    @attrs.frozen(kw_only=True)
    class Row:
        brand: str
        price: str = attrs.field(validator=attrs.validators.matches_re(r"^\d+$"))
        pack: int = 1

    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)

    def told_by_pydantic() -> int:
        try:
            Model.model_validate(ROW)
        except pydantic.ValidationError as error:
            return error.error_count()
        return 0

    def told_by_cattrs() -> int:
        try:
            converter.structure(ROW, Row)
        except cattrs.BaseValidationError as error:
            return len(cattrs.transform_error(error))
        return 0

    def microseconds(work: object) -> float:
        assert callable(work)
        return timeit.timeit(work, number=50_000) / 50_000 * 1e6

    return {
        "msgspec alone": (1, microseconds(lambda: msgspec.convert(GOOD, Struct))),
        "msgspec, touchstone.decoding": (
            len(list(problems_in(ROW, Struct))),
            microseconds(lambda: msgspec.convert(GOOD, Struct)),
        ),
        "attrs + cattrs": (told_by_cattrs(), microseconds(lambda: converter.structure(GOOD, Row))),
        "pydantic": (told_by_pydantic(), microseconds(lambda: Model.model_validate(GOOD))),
    }


def main() -> None:
    """Print both tables."""
    console = Console(width=100)
    base = start_milliseconds("pass")
    table = Table("process", "milliseconds", "over pass", title=f"starts, medians of {STARTS}", box=None)
    for name, code in {
        "python -c pass": "pass",
        "import msgspec": "import msgspec",
        "import attrs, cattrs": "import attrs, cattrs",
        "from pydantic import BaseModel": "from pydantic import BaseModel",
        "touchstone --help": "import sys; sys.argv[1:] = ['--help']; from cli.app import main; main()",
    }.items():
        spent = start_milliseconds(code)
        table.add_row(name, f"{spent:.0f}", f"{spent - base:.0f}")
    console.print(table)
    rows = Table("library", "faults told of four", "µs for a good row", title="a row", box=None)
    for name, (told, spent) in faults_told().items():
        rows.add_row(name, str(told), f"{spent:.2f}")
    console.print(rows)


if __name__ == "__main__":
    main()
