from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from frames import contract, csv, typed

from steps import table
from steps.source import Unreadable
from steps.violation import Violation, merged

ALL = contract(
    whole={"dtype": "integer", "nullable": True},
    number={"dtype": "number", "nullable": True},
    text={"dtype": "string", "nullable": True},
    flag={"dtype": "boolean", "nullable": True},
    day={"dtype": "date", "nullable": True},
)
HEADER = "whole,number,text,flag,day"


@dataclass(frozen=True)
class Whole:
    """All chunks of a file together."""

    frame: pd.DataFrame
    violations: list[Violation]


def read(folder: Path, content: bytes, rules: Any = ALL, name: str = "a.csv") -> Whole:
    path = folder / "raw"
    path.write_bytes(content)
    return whole(table.read(path, name, rules))


def whole(found: table.Read) -> Whole:
    chunks = list(found.chunks)
    assert [chunk.first for chunk in chunks] == [sum(len(c.frame) for c in chunks[:at]) for at in range(len(chunks))]
    frame = pd.concat([chunk.frame for chunk in chunks], ignore_index=True)
    return Whole(frame, merged([*found.violations, *(one for chunk in chunks for one in chunk.violations)]))


def parquet(folder: Path, rules: Any, **columns: Any) -> Whole:
    path = folder / "raw"
    pq.write_table(pa.table(columns), path)
    return whole(table.read(path, "a.parquet", rules))


def test_text_becomes_what_the_contract_says(tmp_path: Path) -> None:
    found = read(tmp_path, csv(HEADER, "7,-1.5e2,007,TRUE,2026-02-28", ",,,,"))
    assert found.violations == []
    expected = typed(
        ALL,
        whole=[7, None],
        number=[-150.0, None],
        text=["007", None],
        flag=[True, None],
        day=[pd.Timestamp("2026-02-28"), None],
    )
    pd.testing.assert_frame_equal(found.frame, expected)


TEXT = contract(a="string", b="string")
SAME = {
    "plain": b"a,b\nx,y\n",
    "no newline at the end": b"a,b\nx,y",
    "crlf": b"a,b\r\nx,y\r\n",
    "byte order mark": b"\xef\xbb\xbfa,b\nx,y\n",
    "quoted": b'"a","b"\n"x","y"\n',
    "columns in another order": b"b,a\ny,x\n",
    "blank lines": b"a,b\n\nx,y\n\n",
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME)
def test_the_same_table_is_read_from_every_usual_form(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content, TEXT).frame.to_dict("list") == {"a": ["x"], "b": ["y"]}


def test_quotes_keep_newlines_commas_and_quotes(tmp_path: Path) -> None:
    found = read(tmp_path, b'a,b\n"one\ntwo","say ""x"", y"\n', TEXT)
    assert found.frame.to_dict("list") == {"a": ["one\ntwo"], "b": ['say "x", y']}


def test_words_that_pandas_takes_for_missing_stay_words(tmp_path: Path) -> None:
    assert list(read(tmp_path, csv("a,b", "NA,null", "nan,None"), TEXT).frame["a"]) == ["NA", "nan"]


UNREADABLE = {
    "empty": (b"", "it is empty"),
    "one blank line": (b"\n", "it is empty"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "it is empty"),
    "utf-16": ("a,b\nx,y\n".encode("utf-16"), "it is UTF-16"),
    "utf-32": ("a,b\nx,y\n".encode("utf-32"), "it is UTF-32"),
    "utf-32 the other way": (b"\0\0\xfe\xff" + "a,b\nx,y\n".encode("utf-32-be"), "it is UTF-32"),
    "latin-1 header": ("ä,b\nx,y\n".encode("latin-1"), "it is not UTF-8"),
    "latin-1 value": ("a,b\nx,y\nä,y\n".encode("latin-1"), "row 2 is not UTF-8"),
    "a field too many": (b"a,b\nx,y\nx,secret,z\n", "row 2 has 3 fields, the header has 2"),
    "a field too few": (b"a,b\nx,y\nsecret\n", "row 2 has 1 fields, the header has 2"),
    "an open quote": (b'a,b\n"secret,y\n', "row 1 has 1 fields"),
}


@pytest.mark.parametrize(("content", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_table_is_refused_clearly_and_without_its_values(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says) as refused:
        read(tmp_path, content, TEXT)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["a.txt", "a.csv.gz", "a.xlsx", "a"])
def test_a_format_that_the_name_does_not_tell_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unreadable, match="expected one that ends in"):
        read(tmp_path, b"a,b\nx,y\n", TEXT, name)


def test_bytes_that_are_no_parquet_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be read as Parquet"):
        read(tmp_path, b"PAR1 but not really PAR1", TEXT, "a.parquet")


HEADERS = {
    "missing": ("a", [("b", "missing")]),
    "extra": ("a,b,c", [("c", "extra")]),
    "twice": ("a,b,b", [("b", "twice")]),
    "nameless, as trailing commas make": ("a,b,,", [("", "extra")]),
    "case matters": ("A,b", [("a", "missing"), ("A", "extra")]),
}


@pytest.mark.parametrize(("header", "expected"), HEADERS.values(), ids=HEADERS)
def test_the_columns_are_exactly_the_contracts(tmp_path: Path, header: str, expected: list[tuple[str, str]]) -> None:
    for content in (csv(header), csv(header, ",".join("x" for _ in header.split(",")))):
        assert [(found.column, found.rule) for found in read(tmp_path, content, TEXT).violations] == expected


NOT = {
    "a fraction is not whole": ("integer", "1.0"),
    "a plus sign": ("integer", "+1"),
    "a blank": ("integer", " 1"),
    "an underscore": ("integer", "1_000"),
    "more than 64 bits": ("integer", "9223372036854775808"),
    "another script's digit": ("integer", "١"),
    "a decimal comma": ("number", '"1,5"'),
    "a thousands separator": ("number", '"1,000.5"'),
    "infinity": ("number", "inf"),
    "infinity by overflow": ("number", "1e999"),
    "not a number": ("number", "nan"),
    "hexadecimal": ("number", "0x10"),
    "yes": ("boolean", "yes"),
    "one": ("boolean", "1"),
    "a date that is none": ("date", "2026-02-30"),
    "a date the other way": ("date", "28.02.2026"),
    "a time": ("date", "2026-02-28T00:00:00"),
}


@pytest.mark.parametrize(("dtype", "text"), NOT.values(), ids=NOT)
def test_text_that_does_not_read_as_the_dtype_is_a_violation(tmp_path: Path, dtype: str, text: str) -> None:
    found = read(tmp_path, csv("a,b", f"{text},x"), contract(a=dtype, b="string"))
    [violation] = found.violations
    assert (violation.column, violation.rule, violation.count) == ("a", "dtype", 1)
    assert violation.examples == ((1, repr(text.strip('"'))),)
    assert found.frame["a"].isna().all()


def test_all_violations_are_counted_and_ten_shown(tmp_path: Path) -> None:
    content = csv("a,b", *(f"{'bad' if row % 2 else row},oops" for row in range(30)))
    first, second = read(tmp_path, content, contract(a="integer", b="number")).violations
    assert (first.count, second.count) == (15, 30)
    assert [row for row, _ in first.examples] == [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]


def test_values_of_personal_columns_are_masked(tmp_path: Path) -> None:
    rules = contract(a={"dtype": "integer", "personal": True}, b="string")
    [violation] = read(tmp_path, csv("a,b", "secret,x"), rules).violations
    assert violation.examples == ((1, "(masked)"),)


PARQUET: dict[str, tuple[str, Any, list[Any]]] = {
    "small integers": ("integer", pa.array([1, None], pa.int8()), [1, None]),
    "large integers": ("integer", pa.array([2**62 + 1, None]), [2**62 + 1, None]),
    "whole floats, as pandas writes gaps": ("integer", pa.array([1.0, float("nan")]), [1, None]),
    "integers as numbers": ("number", pa.array([1, None]), [1.0, None]),
    "decimals": ("number", pa.array([1, None]).cast(pa.decimal128(30, 2)), [1.0, None]),
    "nothing at all": ("number", pa.nulls(2), [None, None]),
    "categories": ("string", pa.array(["x", None]).dictionary_encode(), ["x", None]),
    "large strings": ("string", pa.array(["x", None], pa.large_string()), ["x", None]),
    "booleans": ("boolean", pa.array([True, None]), [True, None]),
    "dates": ("date", pa.array([date(2026, 2, 28), None]), [pd.Timestamp("2026-02-28"), None]),
    "midnights": ("date", pa.array([pd.Timestamp("2026-02-28"), None]), [pd.Timestamp("2026-02-28"), None]),
    "text of numbers": ("number", pa.array(["1.5", None]), [1.5, None]),
}


@pytest.mark.parametrize(("dtype", "column", "expected"), PARQUET.values(), ids=PARQUET)
def test_parquet_types_that_lose_nothing_are_taken(
    tmp_path: Path, dtype: str, column: Any, expected: list[Any]
) -> None:
    rules = contract(a={"dtype": dtype, "nullable": True})
    found = parquet(tmp_path, rules, a=column)
    assert found.violations == []
    pd.testing.assert_frame_equal(found.frame, typed(rules, a=expected))


PARQUET_NOT = {
    "a fraction": ("integer", pa.array([1.5])),
    "beyond exact floats": ("integer", pa.array([2.0**60])),
    "unsigned beyond 64 bits": ("integer", pa.array([2**63], pa.uint64())),
    "infinity": ("number", pa.array([float("inf")])),
    "a time of day": ("date", pa.array([pd.Timestamp("2026-02-28 12:00")])),
    "a list": ("string", pa.array([["x"]])),
    "a number for text": ("string", pa.array([1])),
    "a number for a boolean": ("boolean", pa.array([1])),
    "a time zone": ("date", pa.array([pd.Timestamp("2026-02-28", tz="UTC")])),
    "bytes": ("string", pa.array([b"x"])),
}


@pytest.mark.parametrize(("dtype", "column"), PARQUET_NOT.values(), ids=PARQUET_NOT)
def test_parquet_values_that_would_change_are_a_violation(tmp_path: Path, dtype: str, column: Any) -> None:
    [violation] = parquet(tmp_path, contract(a=dtype), a=column).violations
    assert (violation.column, violation.rule, violation.count) == ("a", "dtype", 1)


def test_clean_rows_come_back_as_they_were_and_equal_rows_make_equal_bytes(tmp_path: Path) -> None:
    rows = read(tmp_path, csv(HEADER, "9007199254740993,0.1,ä,false,0001-01-01", ",,,,")).frame
    table.write(rows, tmp_path / "0000.parquet", ALL)
    table.write(rows.copy(), tmp_path / "0001.parquet", ALL)
    back = table.clean([tmp_path / "0000.parquet"], ALL)
    pd.testing.assert_frame_equal(back, rows)
    assert back["whole"].iloc[0] == 9007199254740993
    assert (tmp_path / "0000.parquet").read_bytes() == (tmp_path / "0001.parquet").read_bytes()


def test_a_clean_file_of_another_contract_is_not_taken(tmp_path: Path) -> None:
    table.write(typed(TEXT, a=["x"], b=["y"]), tmp_path / "0000.parquet", TEXT)
    with pytest.raises(Unreadable, match="the contract wants whole, number"):
        table.clean([tmp_path / "0000.parquet"], ALL)


def test_a_violation_names_a_column_that_is_missing() -> None:
    assert Violation("x", "missing", "is missing from the file").sentence == "column 'x' is missing from the file"
