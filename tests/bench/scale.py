"""What `validate` costs on many rows: seconds, and the memory of the process, beside a process that copies the file.

Called by `__main__` with few rows; `python -m bench.scale 10000000` measures what the issue asks for.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from steps.document import Document

ROWS = 400_000
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
LAUNCH = """
import json, os, sys, time
began = time.perf_counter()
nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=nowhere)
_, status, used = os.wait4(pid, 0)
wall, code = time.perf_counter() - began, os.waitstatus_to_exitcode(status)
print(json.dumps([wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, code]))
"""
"""A process counts the memory of the one that started it as its own, so a small one starts it."""
ROW = "{:<36} {:>9} {:>9} {:>9}"


@dataclass(frozen=True, slots=True)
class Used:
    """What one process used: wall seconds, processor seconds, resident bytes at most."""

    wall: float
    processor: float
    memory: int


def main(write: Callable[[str], None], rows: int = ROWS) -> None:
    """Measure and write the figures."""
    write(f"\nvalidate: {rows:,} rows of {len(COLUMNS)} columns, one of them unique, and one rule between columns")
    write(ROW.format("", "s", "CPU s", "peak MiB"))
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = [produce(folder / f"{number}.parquet", number, rows // FILES) for number in range(FILES)]
        show(
            write, f"the floor: copy {FILES} Parquet files", [run("-c", COPY, file, folder / "copy") for file in files]
        )
        show(write, f"validate {FILES} Parquet files", [validate(folder, file) for file in files])
        whole = produce(folder / "whole.parquet", 0, rows)
        show(write, "validate them as one", [validate(folder, whole)])
        whole.unlink()
        text = as_csv(files[0], folder / "0.csv")
        show(write, "validate the first as CSV", [validate(folder, text)])
        worst = produce(folder / "worst.parquet", 0, rows // FILES, sign=-1.0)
        show(write, "the first, 6 rules broken in each row", [validate(folder, worst, code=42)])


def produce(path: Path, number: int, rows: int, sign: float = 1.0) -> Path:
    """Write a Parquet file of these columns, `sign` -1 so that each row breaks the bounds and the rule."""
    random = np.random.default_rng(number)
    with pq.ParquetWriter(path, _piece(random, 0, 1, sign).schema) as writer:
        for first in range(0, rows, PIECE):
            writer.write_table(_piece(random, number * rows + first, min(PIECE, rows - first), sign))
    return path


def _piece(random: np.random.Generator, first: int, rows: int, sign: float) -> Any:
    numbers = {name: sign * random.lognormal(3, 1, rows).round(2) for name in NUMBERS}
    return pa.table(
        {
            "id": np.arange(first, first + rows),
            **numbers,
            "share": numbers["amount"] * random.random(rows) * (sign + 3) / 4 - (sign < 0) * 1e-9,
            "age": random.integers(18, 90, rows),
            "region": pa.array(np.char.add("r", random.integers(0, 50, rows).astype(str))),
            "opened": pa.array(random.integers(10_000, 20_000, rows).astype(np.int32)).cast(pa.date32()),
            "paid": random.random(rows) < 0.5,
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
    (folder / "document").write_text(_document().model_dump_json())
    paths = {"raw": file, **{name: folder / name for name in ("document", "manifest", "verdict", "clean")}}
    given = {"index": "0000", "file": file.name, **paths}
    return run("-m", "steps.validate", *(f"--{name}={value}" for name, value in given.items()), code=code)


def _document() -> Document:
    return Document.model_validate(
        {
            "name": "bench",
            "owner": "bench",
            "description": "bench",
            "data": {"bucket": "retrain", "prefix": "incoming/bench"},
            "contract": {"columns": COLUMNS, "rules": RULES},
            "model": {
                "target": "paid",
                "positive": True,
                "features": list(NUMBERS),
                "estimator": "sklearn.linear_model.LogisticRegression",
            },
            "gates": [{"name": "accuracy", "kind": "metric", "metric": "accuracy", "above": 0.4}],
        }
    )


def run(*words: object, code: int = 0) -> Used:
    """Run Python with these words and return what it used; its output goes nowhere."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCH, sys.executable, *map(str, words)], check=True, capture_output=True
    )
    wall, processor, memory, ended = json.loads(done.stdout)
    assert ended == code, (words, ended)
    return Used(wall, processor, memory)


def show(write: Callable[[str], None], name: str, processes: list[Used]) -> None:
    wall, processor = (sum(getattr(one, what) for one in processes) for what in ("wall", "processor"))
    memory = max(one.memory for one in processes)
    write(ROW.format(name, f"{wall:.1f}", f"{processor:.1f}", f"{memory / 2**20:.0f}"))


if __name__ == "__main__":
    main(lambda text: print(text, flush=True), int(sys.argv[1]))  # noqa: T201 - the figures are what this is for
