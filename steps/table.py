"""Tables on disk: the producer's rows typed by the contract; clean Parquet files out and in. No dtype is guessed.

`validate` reads raw files in chunks and writes clean ones; `train` and `evaluate` read those. A file that cannot be
read as a table at all is `Unreadable`; what is wrong with its values are violations, all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from steps import dtypes
from steps.contract import Column, Contract
from steps.source import Source, Unreadable, source
from steps.violation import EXAMPLES, Violation, shown

READERS = 2
"""Columns that are read at a time."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file, typed; `first` rows stand before them.

    `frame` has the contract's columns only, those it could find. `refused` marks by column the rows whose value could
    not be converted: they are null in the frame, and among the violations.
    """

    first: int
    frame: pd.DataFrame
    refused: Mapping[str, Mask]
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What a file holds: what is wrong with its header, and its rows, in at least one chunk; that may be empty."""

    violations: tuple[Violation, ...]
    chunks: Iterator[Chunk]


def read(path: Path, name: str, contract: Contract) -> Read:
    """Read a raw file by the ending of its `name`; raises `Unreadable`, and so may each chunk."""
    raw = source(path, name, list(contract.columns))
    return Read(tuple(_headers(raw.names, contract)), _chunks(raw, contract))


def _chunks(raw: Source, contract: Contract) -> Iterator[Chunk]:
    wanted = contract.narrowed([name for name in contract.columns if raw.names.count(name) == 1])
    first = 0
    for piece in raw.pieces:
        yield _chunk(piece, wanted, first)
        first += piece.num_rows


def _chunk(piece: Any, contract: Contract, first: int) -> Chunk:
    columns: dict[str, Any] = {}
    refused: dict[str, Mask] = {}
    violations: list[Violation] = []
    for name, column in contract.columns.items():
        columns[name], refused[name], found = _typed(piece.column(name), name, column)
        violations += found
    table = pa.table(columns) if columns else pa.table({"": pa.nulls(piece.num_rows)})
    frame = dtypes.frame(table, kinds(contract))
    return Chunk(first, frame, refused, tuple(violation.moved(first) for violation in violations))


@contextmanager
def writing(path: Path, contract: Contract) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Yield what appends typed rows to a Parquet file of exactly the contract's columns; equal rows, equal bytes."""
    schema = _schema(contract)
    with pa.parquet.ParquetWriter(path, schema, compression="zstd") as writer:

        def append(frame: pd.DataFrame) -> None:
            columns = [pa.array(frame[field.name], type=field.type, from_pandas=True) for field in schema]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))

        yield append


def write(frame: pd.DataFrame, path: Path, contract: Contract) -> None:
    """Write typed rows at once."""
    with writing(path, contract) as append:
        append(frame)


def clean(paths: Sequence[Path], contract: Contract) -> pd.DataFrame:
    """Read what `write` wrote, all files as one table; raises `Unreadable` if one has other columns or types.

    A column at a time for each reader, so that no others are in memory twice.
    """
    try:
        for path in paths:
            _same_schema(path, pa.parquet.read_schema(path), contract)
        with ThreadPoolExecutor(READERS) as readers:
            read = readers.map(lambda kind: _column(paths, *kind), kinds(contract).items())
            columns = dict(zip(contract.columns, read, strict=True))
    except (pa.ArrowException, OSError):
        raise Unreadable("it cannot be read as Parquet") from None
    return pd.DataFrame(columns, copy=False)


def _same_schema(path: Path, found: Any, contract: Contract) -> None:
    schema = _schema(contract)
    if not found.equals(schema):
        columns = ", ".join(f"{field.name} {field.type}" for field in found)
        raise Unreadable(f"{path.name} has the columns {columns}; the contract wants {', '.join(schema.names)}")


def _column(paths: Sequence[Path], name: str, dtype: str) -> pd.Series[Any]:
    files = (pa.parquet.ParquetFile(path) for path in paths)  # its own, for no two threads may read by one
    table = pa.concat_tables([file.read(columns=[name], use_threads=False) for file in files])
    return dtypes.frame(table, {name: dtype})[name]


def kinds(contract: Contract) -> Mapping[str, str]:
    """Return the contract's dtype by column."""
    return {name: column.dtype for name, column in contract.columns.items()}


def _schema(contract: Contract) -> Any:
    return pa.schema([(name, dtypes.ARROW[dtype]) for name, dtype in kinds(contract).items()])


def _headers(names: list[str], contract: Contract) -> list[Violation]:
    """Return what the header breaks: the file has exactly the contract's columns, each once, in any order."""
    extra = sorted({name for name in names if name and name not in contract.columns})
    nameless = [number for number, name in enumerate(names, start=1) if not name]
    twice = sorted({name for name in names if names.count(name) > 1})
    missing = [name for name in contract.columns if name not in names]
    return [
        *(Violation(name, "missing", "is missing from the file") for name in missing),
        *(Violation(shown(name, None)[1:-1], "extra", "is not in the contract") for name in extra),
        *(Violation("", "extra", f"the header has no name for column {number}") for number in nameless[:1]),
        *(
            Violation(name, "twice", "stands in the header more than once")
            for name in twice
            if name and name not in extra
        ),
    ]


def _typed(raw: Any, name: str, column: Column) -> tuple[Any, Mask, list[Violation]]:
    converted = dtypes.convert(raw, column.dtype)
    if converted is None:
        says = f"has the type {raw.type} in the file, which cannot be read as {column.dtype}"
        found = [Violation(name, "dtype", says, len(raw))]
        return pa.nulls(len(raw), dtypes.ARROW[column.dtype]), np.ones(len(raw), dtype=bool), found
    rows = np.flatnonzero(converted.refused)
    if not len(rows):
        return converted.values, converted.refused, []
    examples = tuple((int(row) + 1, shown(raw[int(row)].as_py(), column)) for row in rows[:EXAMPLES])
    found = [Violation(name, "dtype", dtypes.EXPECTED[column.dtype], len(rows), examples)]
    return converted.values, converted.refused, found
