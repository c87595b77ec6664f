"""Tables on disk: the producer's CSV and Parquet files in, clean Parquet files out and in again. No dtype is guessed.

`validate` reads raw files and writes clean ones; `train` and `evaluate` read those. A file that cannot be read as a
table at all is `Unreadable`; what is wrong with its values are violations, all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from steps import dtypes
from steps.contract import Column, Contract
from steps.violation import EXAMPLES, Violation, shown

BLOCK = 16 << 20
"""Bytes of CSV read at a time; one row may not be longer."""
UTF16 = (b"\xff\xfe", b"\xfe\xff")
BOM = b"\xef\xbb\xbf"
EMPTY = "it is empty; expected a header with the contract's columns"


class Unreadable(Exception):  # noqa: N818 - an answer about a file, not an error of ours
    """The file is no table of its format; the message says what it is instead, and never quotes the data."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a file holds, typed by the contract; `frame` has its columns only, those it could find and convert."""

    frame: pd.DataFrame
    violations: tuple[Violation, ...]


def read(path: Path, name: str, contract: Contract) -> Read:
    """Read a raw file by the ending of its `name`; raises `Unreadable`.

    A value that is not of the column's dtype is a violation and null in the frame.
    """
    raw = _raw(path, name)
    violations = _headers(raw.schema.names, contract)
    columns: dict[str, Any] = {}
    for column_name, column in contract.columns.items():
        if raw.schema.names.count(column_name) == 1:
            columns[column_name], found = _typed(raw.column(column_name), column_name, column)
            violations += found
    kinds = {column: contract.columns[column].dtype for column in columns}
    table = pa.table(columns) if columns else pa.table({"": pa.nulls(raw.num_rows)})
    return Read(dtypes.frame(table, kinds), tuple(violations))


def write(frame: pd.DataFrame, path: Path, contract: Contract) -> None:
    """Write typed rows as Parquet with exactly the contract's columns and types; equal rows make equal bytes."""
    schema = _schema(contract)
    columns = [pa.array(frame[field.name], type=field.type, from_pandas=True) for field in schema]
    pa.parquet.write_table(pa.Table.from_arrays(columns, schema=schema), path, compression="zstd")


def clean(path: Path, contract: Contract) -> pd.DataFrame:
    """Read what `write` wrote; raises `Unreadable` if it has other columns or types."""
    table = _parquet(path)
    schema = _schema(contract)
    if not table.schema.equals(schema):
        found = ", ".join(f"{field.name} {field.type}" for field in table.schema)
        raise Unreadable(f"{path.name} has the columns {found}; the contract wants {', '.join(schema.names)}")
    return dtypes.frame(table, kinds(contract))


def kinds(contract: Contract) -> Mapping[str, str]:
    """Return the contract's dtype by column."""
    return {name: column.dtype for name, column in contract.columns.items()}


def _schema(contract: Contract) -> Any:
    return pa.schema([(name, dtypes.ARROW[dtype]) for name, dtype in kinds(contract).items()])


def _raw(path: Path, name: str) -> Any:
    if name.endswith(".csv"):
        return _csv(path)
    if name.endswith(".parquet"):
        return _parquet(path)
    raise Unreadable("the format is not known by the name; expected one that ends in .csv or .parquet")


def _csv(path: Path) -> Any:
    """Read every field as text; an empty field is missing. UTF-8 with or without BOM, LF or CRLF, quoted newlines."""
    with path.open("rb") as stream:
        start = stream.readline(BLOCK)
        only_header = not stream.read(1)
    if start.startswith(UTF16):
        raise Unreadable("it is UTF-16; expected CSV in UTF-8")
    names = _names(start)
    if not start.removeprefix(BOM).strip() and only_header:
        raise Unreadable(EMPTY)
    if only_header and b"\r" not in start.rstrip(b"\r\n"):
        return pa.Table.from_arrays([pa.array([], pa.string())] * len(names), names=names)
    try:
        return pa.csv.read_csv(
            path,
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=BLOCK),
            parse_options=pa.csv.ParseOptions(newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise Unreadable(_csv_problem(str(error))) from None


def _names(header: bytes) -> list[str]:
    """Return the header's column names, as far as one line tells: they only fix that the columns are read as text."""
    import csv

    try:
        text = header.removeprefix(BOM).decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8 text; expected CSV in UTF-8") from None
    return next(csv.reader([text]), [])


def _csv_problem(text: str) -> str:
    """Put the reader's message in our words, without the row's content, which may be personal."""
    ragged = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", text)
    if ragged:
        row, expected, got = (int(part) for part in ragged.groups())
        return f"row {row - 1} has {got} fields, the header has {expected}; a quote may be open"
    if "invalid UTF8" in text:
        row_named = re.search(r"Row #(\d+)", text)
        return f"{f'row {int(row_named[1]) - 1}' if row_named else 'it'} is not UTF-8 text; expected CSV in UTF-8"
    if "Empty CSV" in text:
        return EMPTY
    if "straddling" in text:
        return f"it has a row longer than {BLOCK >> 20} MiB; a quote may be open"
    return "it cannot be read as CSV with a header and comma-separated fields"


def _parquet(path: Path) -> Any:
    try:
        return pa.parquet.ParquetFile(path).read(use_threads=False)
    except (pa.ArrowException, OSError):
        raise Unreadable("it cannot be read as Parquet") from None


def _headers(names: list[str], contract: Contract) -> list[Violation]:
    """Return what the header breaks: the file has exactly the contract's columns, each once, in any order."""
    extra = sorted({name for name in names if name not in contract.columns})
    twice = sorted({name for name in names if names.count(name) > 1})
    missing = [name for name in contract.columns if name not in names]
    return [
        *(Violation(name, "missing", "is missing from the file") for name in missing),
        *(Violation(shown(name, None)[1:-1], "extra", "is not in the contract") for name in extra),
        *(Violation(name, "twice", "stands in the header more than once") for name in twice if name not in extra),
    ]


def _typed(raw: Any, name: str, column: Column) -> tuple[Any, list[Violation]]:
    converted = dtypes.convert(raw, column.dtype)
    if converted is None:
        says = f"has the type {raw.type} in the file, which cannot be read as {column.dtype}"
        return pa.nulls(len(raw), dtypes.ARROW[column.dtype]), [Violation(name, "dtype", says, len(raw) or 1)]
    rows = np.flatnonzero(converted.refused)
    if not len(rows):
        return converted.values, []
    examples = tuple((int(row) + 1, shown(raw[int(row)].as_py(), column)) for row in rows[:EXAMPLES])
    return converted.values, [Violation(name, "dtype", dtypes.EXPECTED[column.dtype], len(rows), examples)]
