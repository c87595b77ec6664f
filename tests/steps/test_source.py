from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steps import source
from steps.source import Unreadable


def csv(folder: Path, content: bytes) -> tuple[list[str], list[dict[str, Any]]]:
    path = folder / "raw"
    path.write_bytes(content)
    found = source.source(path, "a.csv", ["a", "b"])
    return found.names, [row for piece in found.pieces for row in piece.to_pylist()]


READ: dict[str, bytes] = {
    "lf": b"a,b\n1,y\n",
    "crlf": b"a,b\r\n1,y\r\n",
    "cr": b"a,b\r1,y\r",
    "byte order mark and crlf": b"\xef\xbb\xbfa,b\r\n1,y\r\n",
    "blank lines first": b"\n\na,b\n1,y\n",
}


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_lines_end_in_any_usual_way_and_every_field_is_text(tmp_path: Path, content: bytes) -> None:
    assert csv(tmp_path, content) == (["a", "b"], [{"a": "1", "b": "y"}])


def test_quoted_newlines_survive_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BLOCK", 64)
    values = [f"one\r\n{row}\nthree, and" for row in range(40)]
    lines = "".join(f'{row},"{value}"\n' for row, value in enumerate(values))
    _, rows = csv(tmp_path, f"a,b\n{lines}".encode())
    assert [row["b"] for row in rows] == values


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r"], ids=["none", "lf", "crlf", "cr"])
def test_a_header_alone_has_its_names_and_no_rows(tmp_path: Path, end: bytes) -> None:
    assert csv(tmp_path, b'a,"b"' + end) == (["a", "b"], [])


REFUSED = {
    "utf-16 without a mark": ("a,b\n1,y\n".encode("utf-16-le"), "it has zero bytes, as UTF-16 and binary files do"),
    "utf-16": ("a,b\n".encode("utf-16"), "it is UTF-16; expected CSV in UTF-8"),
    "gzip": (gzip.compress(b"a,b\n1,y\n"), "it is compressed by gzip; expected CSV in UTF-8"),
    "parquet": (b"PAR1....", "it is Parquet, which its name does not say; expected CSV in UTF-8"),
    "excel": (b"PK\x03\x04....", "it is a zip archive or an Excel workbook; expected CSV in UTF-8"),
    "semicolons": (b"a;b\n1,5;y\n", "its fields are separated by semicolons; expected commas, and decimal points"),
    "tabs": (b'"a"\t"b"\n1\ty\n', "its fields are separated by tabs"),
    "a decimal comma": (b"a,b\n1,5,y\n", "row 1 has 3 fields, the header has 2; a comma may want quotes, or a decimal"),
    "an open quote": (b'a,b\n"1,y\n', "row 1 has 1 fields, the header has 2; a quote may be open"),
    "a field without end": (b'a,b\n1,"' + b"y" * 300 + b"\n", "it has a row longer than"),
    "a name without end": (b"a" * 200_000 + b",b\n", "its header is no line of CSV"),
}


@pytest.mark.parametrize(("content", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_csv_of_ours_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, says: str
) -> None:
    if len(content) < 400:
        monkeypatch.setattr(source, "BLOCK", 100)
    with pytest.raises(Unreadable) as refused:
        csv(tmp_path, content)
    assert str(refused.value).startswith(says)
    assert "\n" not in str(refused.value)


def parquet(folder: Path, table: Any, wanted: list[str], **options: Any) -> source.Source:
    pq.write_table(table, folder / "raw", **options)
    return source.source(folder / "raw", "a.parquet", wanted)


def test_parquet_comes_in_pieces_whatever_its_row_groups_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "CELLS", 20)
    for size in (7, 1000):
        found = parquet(tmp_path, pa.table({"a": range(95), "b": range(95)}), ["a", "b"], row_group_size=size)
        pieces = list(found.pieces)
        assert max(piece.num_rows for piece in pieces) == 10
        assert [row for piece in pieces for row in piece.column("a").to_pylist()] == list(range(95))


def test_wide_values_make_pieces_of_fewer_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BLOCK", 10_000)
    table = pa.table({"a": [f"{row:01000}" for row in range(50)]})
    pieces = list(parquet(tmp_path, table, ["a"], compression="none", use_dictionary=False).pieces)
    assert max(piece.num_rows for piece in pieces) == 9
    assert sum(piece.num_rows for piece in pieces) == 50


def test_columns_that_nobody_wants_are_named_but_not_read(tmp_path: Path) -> None:
    found = parquet(tmp_path, pa.table({"a": [1], "blob": [b"x" * 1000]}), ["a", "b"])
    assert found.names == ["a", "blob"]
    assert [piece.schema.names for piece in found.pieces] == [["a"], ["a"]]


def test_a_column_that_stands_there_twice_is_not_read(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "a", "b"])
    found = parquet(tmp_path, table, ["a", "b"])
    assert found.names == ["a", "a", "b"]
    assert [piece.to_pylist() for piece in found.pieces] == [[], [{"b": 3}]]


DAMAGED = {
    "empty": (slice(0, 0), "it is empty; expected Parquet"),
    "cut off": (slice(0, -1), "it cannot be read as Parquet"),
    "cut off early": (slice(0, 3), "it cannot be read as Parquet"),
}


@pytest.mark.parametrize(("part", "says"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_parquet_is_refused(tmp_path: Path, part: slice, says: str) -> None:
    pq.write_table(pa.table({"a": range(10)}), tmp_path / "raw")
    (tmp_path / "raw").write_bytes((tmp_path / "raw").read_bytes()[part])
    with pytest.raises(Unreadable, match=says):
        source.source(tmp_path / "raw", "a.parquet", ["a"])


def test_parquet_whose_pages_are_damaged_is_refused_when_they_are_read(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [str(row) * 5 for row in range(5000)]}), tmp_path / "raw", compression="zstd")
    content = bytearray((tmp_path / "raw").read_bytes())
    content[200:4000] = bytes(3800)
    (tmp_path / "raw").write_bytes(content)
    found = source.source(tmp_path / "raw", "a.parquet", ["a"])
    with pytest.raises(Unreadable, match="it cannot be read as Parquet"):
        list(found.pieces)
