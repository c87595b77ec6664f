"""What many rows cost: `validate` beside a process that copies the files, and, in `learning`, `train` beside the fit.

Called by `__main__` with few rows; `make bench ROWS=10000000` is this alone with so many.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from bench import learning
from bench.process import HEADS, ROW, Used, run, show, total

ROWS = 400_000
ROUNDS = 3
FILES = 4
PIECE = 250_000
NUMBERS = ("amount", "income", "rate", "balance", "share")
COLUMNS: dict[str, dict[str, Any]] = {
    "id": {"dtype": "integer", "unique": True},
    **{name: {"dtype": "number", "min": 0} for name in NUMBERS},
    "age": {"dtype": "integer", "min": 0, "max": 150},
    "region": {"dtype": "string", "allowed": [f"r{number}" for number in range(50)]},
    "opened": {"dtype": "date"},
    "paid": {"dtype": "boolean"},
}
RULES = [{"column": "share", "compare": "<=", "to": "amount"}]
COPY = """
import sys, pyarrow.parquet as pq
file = pq.ParquetFile(sys.argv[1], pre_buffer=False, buffer_size=1 << 20)
with pq.ParquetWriter(sys.argv[2], file.schema_arrow, compression="zstd") as writer:
    for batch in file.iter_batches(batch_size=50_000, use_threads=False):
        writer.write_batch(batch)
"""

JOIN = """
import sys, pyarrow.parquet as pq
files = [pq.ParquetFile(path) for path in sys.argv[2:]]
with pq.ParquetWriter(sys.argv[1], files[0].schema_arrow) as writer:
    for file in files:
        for group in range(file.num_row_groups):
            writer.write_table(file.read_row_group(group))
"""


def main(write: Callable[[str], None], rows: int = ROWS) -> None:
    """Measure and write the figures."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = [produce(folder / f"{number}.parquet", number, rows // FILES) for number in range(FILES)]
        write(f"\nvalidate: {rows:,} rows of {len(COLUMNS)} columns, one of them unique, and one rule between columns")
        write(ROW.format(*HEADS))
        validation(write, folder, files)
        write(f"\ntrain: {rows:,} rows of {len(COLUMNS)} columns in {FILES} files")
        write(ROW.format(*HEADS))
        learning.main(write, folder, ROUNDS if rows <= ROWS else 1)


def validation(write: Callable[[str], None], folder: Path, files: list[Path]) -> None:
    """Measure `validate`, and leave the clean files in `folder`/batch."""
    copied = total([run("-c", COPY, file, folder / "copy") for file in files])
    show(write, f"the floor: copy {FILES} Parquet files", copied)
    (folder / "batch").mkdir()
    show(write, f"validate {FILES} Parquet files", total([_kept(folder, file) for file in files]), copied)
    whole = folder / "whole.parquet"
    run("-c", JOIN, whole, *files)
    show(write, "validate them as one", validate(folder, whole), copied)
    whole.unlink()
    show(write, f"the floor: copy 1 of the {FILES}", one := run("-c", COPY, files[0], folder / "copy"))
    show(write, "validate it as CSV", validate(folder, as_csv(files[0], folder / "0.csv")), one)
    rows = pq.ParquetFile(files[0]).metadata.num_rows
    worst = produce(folder / "worst.parquet", 0, rows, sign=-1.0)
    show(write, "validate it, 6 rules broken in each row", validate(folder, worst, code=42), one)


def _kept(folder: Path, file: Path) -> Used:
    used = validate(folder, file)
    (folder / "clean").rename(folder / "batch" / f"{int(file.stem):04}.parquet")
    return used


def produce(path: Path, number: int, rows: int, sign: float = 1.0) -> Path:
    """Write a Parquet file of these columns, `sign` -1 so that each row breaks the bounds and the rule."""
    random = np.random.default_rng(number)
    with pq.ParquetWriter(path, _piece(random, 0, 1, sign).schema) as writer:
        for first in range(0, rows, PIECE):
            writer.write_table(_piece(random, number * rows + first, min(PIECE, rows - first), sign))
    return path


def _piece(random: np.random.Generator, first: int, rows: int, sign: float) -> Any:
    numbers = {name: sign * random.lognormal(3, 1, rows).round(2) for name in NUMBERS}
    region, age = random.integers(0, 50, rows), random.integers(18, 90, rows)
    belief = np.log(numbers["income"] * sign) - np.log(numbers["balance"] * sign) + np.sin(region) + age / 30 - 2
    return pa.table(
        {
            "id": np.arange(first, first + rows),
            **numbers,
            "share": numbers["amount"] * random.random(rows) * (sign + 3) / 4 - (sign < 0) * 1e-9,
            "age": age,
            "region": pa.array([f"r{number}" for number in range(50)]).take(pa.array(region)),
            "opened": pa.array(random.integers(10_000, 20_000, rows).astype(np.int32)).cast(pa.date32()),
            "paid": random.logistic(belief) > 0,
        }
    )


def as_csv(parquet: Path, path: Path) -> Path:
    with pa.csv.CSVWriter(path, pq.ParquetFile(parquet).schema_arrow) as writer:
        for batch in pq.ParquetFile(parquet).iter_batches():
            writer.write_batch(batch)
    return path


def validate(folder: Path, file: Path, code: int = 0) -> Used:
    """Run the step as a pod does, on one file."""
    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    line = {"index": "0000", "file": file.name, "size": file.stat().st_size, "sha256": sha256}
    (folder / "manifest").write_text(json.dumps({"files": [line]}))
    (folder / "document").write_text(learning.document({"columns": COLUMNS, "rules": RULES}).model_dump_json())
    paths = {"raw": file, **{name: folder / name for name in ("document", "manifest", "verdict", "clean")}}
    given = {"index": "0000", "file": file.name, **paths}
    return run("-m", "steps.validate", *(f"--{name}={value}" for name, value in given.items()), code=code)


if __name__ == "__main__":
    before = os.getloadavg()[0]
    main(lambda text: print(text, flush=True), int(sys.argv[1]))  # noqa: T201 - the figures are what this is for
    print(f"\nload average {before:.1f} at the start, {os.getloadavg()[0]:.1f} at the end")  # noqa: T201 - as above
