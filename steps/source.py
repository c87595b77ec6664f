"""Raw files of the producer, read a piece at a time: CSV and Parquet in, Arrow tables out. `table` gives them dtypes.

No file is held in memory whole. What is no CSV or Parquet is `Unreadable`, in one line that says what it is instead.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

BLOCK = 4 << 20
"""Bytes read at a time: of CSV, where no row may be longer and Arrow reads 32 blocks ahead, and of decoded Parquet."""
CELLS = 1 << 19
"""Values in one piece, so that pieces of a wide table have fewer rows."""
BOM = b"\xef\xbb\xbf"
EMPTY = "it is empty; expected a header with the contract's columns"
SIGNATURES = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "compressed by gzip",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"PAR1": "Parquet, which its name does not say",
}


class Unreadable(Exception):  # noqa: N818 - an answer about a file, not an error of ours
    """The file is no table of its format; the message says what it is instead, and never quotes the data."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file's header, and its rows in pieces; reading a piece may raise `Unreadable`.

    The pieces of a Parquet file have the wanted columns only, those that stand in it once.
    """

    names: list[str]
    pieces: Iterator[Any]


def source(path: Path, name: str, wanted: Collection[str]) -> Source:
    """Open a file by the ending of its `name`; raises `Unreadable`. All fields of CSV are text, empty ones missing."""
    rows = max(1, CELLS // max(1, len(wanted)))
    if name.endswith(".csv"):
        return _csv(path, wanted, rows)
    if name.endswith(".parquet"):
        return _parquet(path, wanted, rows)
    raise Unreadable("the format is not known by the name; expected one that ends in .csv or .parquet")


def _csv(path: Path, wanted: Collection[str], rows: int) -> Source:
    """Read UTF-8 with or without BOM, LF, CRLF or CR, quoted newlines."""
    with path.open("rb") as stream:
        start = stream.readline(BLOCK)
        more = bool(stream.read(1))
    names = _header(start, wanted)
    if not (start.removeprefix(BOM).strip() or more):
        raise Unreadable(EMPTY)
    if not more and b"\r" not in start.rstrip(b"\r\n"):
        return Source(names, iter([pa.table({name: pa.array([], pa.string()) for name in names})]))
    types = dict.fromkeys([*names, *wanted], pa.string())
    with _Blocks(path) as stream:
        names = list(_reader(stream, types).schema.names)
    return Source(names, _csv_pieces(path, types, rows))


def _reader(stream: _Blocks, types: Mapping[str, Any]) -> Any:
    try:
        return pa.csv.open_csv(
            stream,
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=BLOCK),
            parse_options=pa.csv.ParseOptions(newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(
                column_types=types,
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise Unreadable(_csv_problem(str(error))) from None


class _Blocks(io.FileIO):
    """A file that ends no read between CR and LF: Arrow drops that LF, even inside quotes (seen in pyarrow 26)."""

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(-1 if size is None else size) or b""
        if len(block) > 1 and block.endswith(b"\r"):
            self.seek(-1, io.SEEK_CUR)
            return block[:-1]
        return block


def _csv_pieces(path: Path, types: Mapping[str, Any], rows: int) -> Iterator[Any]:
    with _Blocks(path) as stream:
        reader = _reader(stream, types)
        yield reader.schema.empty_table()
        try:
            for batch in reader:
                for first in range(0, batch.num_rows, rows):
                    yield pa.Table.from_batches([batch.slice(first, rows)])
        except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
            raise Unreadable(_csv_problem(str(error))) from None


def _header(start: bytes, wanted: Collection[str]) -> list[str]:
    """Return the names in the first line, as far as one line tells; raises `Unreadable` if it is no line of CSV.

    One name that holds another separator is several, where no column is wanted, or where one of them is.
    """
    for signature, what in SIGNATURES.items():
        if start.startswith(signature):
            raise Unreadable(f"it is {what}; expected CSV in UTF-8")
    if b"\0" in start:
        raise Unreadable("it has zero bytes, as UTF-16 and binary files do; expected CSV in UTF-8")
    try:
        line = re.split(r"[\r\n]", start.removeprefix(BOM).decode("utf-8"), maxsplit=1)[0]
        names = next(csv.reader([line]), [])
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8 text; expected CSV in UTF-8") from None
    except csv.Error:
        raise Unreadable("its header is no line of CSV") from None
    for other, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")):
        parts = line.split(other)[1:]
        if len(names) == 1 and parts and (not wanted or any(part.strip('" ') in wanted for part in parts)):
            raise Unreadable(f"its fields are separated by {called}; expected commas, and decimal points")
    return names


def _csv_problem(text: str) -> str:
    """Put the reader's message in our words, without the row's content, which may be personal."""
    ragged = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", text)
    if ragged:
        row, expected, got = (int(part) for part in ragged.groups())
        slip = "a quote may be open" if got < expected else "a comma may want quotes, or a decimal comma a point"
        return f"row {row - 1} has {got} fields, the header has {expected}; {slip}"
    if "invalid UTF8" in text:
        row_named = re.search(r"Row #(\d+)", text)
        return f"{f'row {int(row_named[1]) - 1}' if row_named else 'it'} is not UTF-8 text; expected CSV in UTF-8"
    if "Empty CSV" in text:
        return EMPTY
    if "straddl" in text:
        return f"it has a row longer than {BLOCK >> 20} MiB; a quote may be open"
    return "it cannot be read as CSV with a header and comma-separated fields"


def _parquet(path: Path, wanted: Collection[str], rows: int) -> Source:
    if not path.stat().st_size:
        raise Unreadable("it is empty; expected Parquet")
    try:
        file = pa.parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
    except (pa.ArrowException, OSError):
        raise Unreadable("it cannot be read as Parquet") from None
    names = list(file.schema_arrow.names)
    return Source(names, _parquet_pieces(file, [name for name in wanted if names.count(name) == 1], rows))


def _parquet_pieces(file: Any, columns: list[str], rows: int) -> Iterator[Any]:
    yield file.schema_arrow.empty_table().select(columns)
    if not columns:
        return
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    widest = max((group.total_byte_size / group.num_rows for group in groups if group.num_rows), default=0)
    try:
        for batch in file.iter_batches(
            batch_size=max(1, min(rows, int(BLOCK / max(widest, 1)))), columns=columns, use_threads=False
        ):
            yield pa.Table.from_batches([batch])
    except (pa.ArrowException, OSError):
        raise Unreadable("it cannot be read as Parquet") from None
