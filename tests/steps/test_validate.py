from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from documents import document
from frames import csv

from steps import source, validate
from steps.contract import Contract
from steps.verdict import Conclusion

HEADER = "income,credit_score,group,approved"
GOOD = csv(HEADER, "100.5,300,a,1", "200,850,b,0")


def call(folder: Path, raw: bytes, *, file: str = "d/loans-1.csv", listed: dict[str, Any] | None = None) -> int:
    (folder / "raw").write_bytes(raw)
    (folder / "document").write_text(document().model_dump_json())
    line = {"index": "0000", "file": file, "size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    (folder / "manifest").write_text(json.dumps({"files": [{**line, **(listed or {})}]}))
    paths = {name: folder / name for name in ("raw", "document", "manifest")}
    outputs = {name: folder / "out" / name for name in ("verdict", "clean")}
    return validate.main([f"--{k}={v}" for k, v in {"index": "0000", "file": file, **paths, **outputs}.items()])


def verdict(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "out" / "verdict").read_text())
    return found


def test_a_good_file_comes_out_clean_with_exactly_the_contracts_columns(tmp_path: Path) -> None:
    assert call(tmp_path, GOOD) == 0
    clean = pq.read_table(tmp_path / "out" / "clean")
    assert {field.name: str(field.type) for field in clean.schema} == {
        "income": "double", "credit_score": "int64", "group": "string", "approved": "int64"
    }  # fmt: skip
    assert clean.to_pydict()["income"] == [100.5, 200.0]
    assert not (tmp_path / "out" / "verdict").exists()


BROKEN = {
    "a value": (csv(HEADER, "1,300,a,1", "-0.4,300,a,1"), "row 2, column 'income': -0.4 is below 0"),
    "several": (
        csv(HEADER, "1,299,a,1", "-1,900,c,1"),
        "row 1, column 'credit_score': 299 is below 300 (and 3 more violations)",
    ),
    "a text for a number": (
        csv(HEADER, '"1,5",300,a,1'),
        "row 1, column 'income': '1,5' is not a number (a decimal point, no thousands separator, finite)",
    ),
    "infinite": (csv(HEADER, "inf,300,a,1"), "'inf' is not a number"),
    "infinite by size": (csv(HEADER, "1e999,300,a,1"), "'1e999' is not a number"),
    "mixed types": (csv(HEADER, "1,300,a,1", "low,300.5,a,yes"), "row 2, column 'income': 'low' is not a number"),
    "an all-null column": (
        csv(HEADER, ",300,a,1", ",300,a,0"),
        "d/loans-1.csv: column 'income' has no value in any row",
    ),
    "a gap": (csv(HEADER, "1,300,a,1", ",300,a,0"), "row 2, column 'income': is missing"),
    "a column missing": (csv("income,credit_score,group", "1,300,a"), "column 'approved' is missing from the file"),
    "a column extra": (csv(f"{HEADER},ssn", "1,300,a,1,secret"), "column 'ssn' is not in the contract"),
    "header only": (csv(HEADER), "has a header but no rows"),
    "empty": (b"", "it is empty"),
    "another format": (b"\x89PNG\r\n\x1a\n", "it is not UTF-8 text"),
    "zip": (b"PK\x03\x04" + bytes(100), "it is a zip archive or an Excel workbook; expected CSV in UTF-8"),
    "semicolons": (csv(HEADER.replace(",", ";"), "1,5;300;a;1"), "its fields are separated by semicolons"),
}


@pytest.mark.parametrize(("raw", "says"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_breaks_the_contract_is_refused_with_its_name(tmp_path: Path, raw: bytes, says: str) -> None:
    assert call(tmp_path, raw) == 42
    found = verdict(tmp_path)
    assert (found["outcome"], found["reason"]) == ("refused", "contract")
    assert found["message"].startswith("d/loans-1.csv: ")
    assert says in found["message"]
    assert "secret" not in json.dumps(found)
    assert not (tmp_path / "out" / "clean").exists()


def test_the_evidence_has_every_violation_and_stays_small(tmp_path: Path) -> None:
    call(tmp_path, csv(HEADER, *("-1,900,somebody-with-a-name-that-is-very-long-indeed-it-is,7" for _ in range(500))))
    found = verdict(tmp_path)
    rules = [(line["column"], line["rule"], line["count"]) for line in found["evidence"]["violations"]]
    expected = [("income", "min"), ("credit_score", "max"), ("group", "allowed"), ("approved", "allowed")]
    assert rules == [(*rule, 500) for rule in expected]
    assert (tmp_path / "out" / "verdict").stat().st_size < 8000


def many(rows: int, spoilt: dict[int, str]) -> bytes:
    return csv(HEADER, *(spoilt.get(row, f"{row}.5,300,a,1") for row in range(1, rows + 1)))


ONCE = {"income": {"dtype": "number", "unique": True, "nullable": True, "max_null_fraction": 0.25}}


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a chunk have four rows, so that a small file has many."""
    monkeypatch.setattr(source, "CELLS", 16)


def rules(**columns: Any) -> Contract:
    return document(**{f"contract__columns__{name}": column for name, column in columns.items()}).contract


def refusal(folder: Path, raw: bytes, contract: Contract) -> Conclusion:
    (folder / "raw").write_bytes(raw)
    with pytest.raises(validate.Verdict) as refused:
        validate.validate(folder / "raw", "a.csv", contract, folder / "clean")
    assert [path.name for path in folder.iterdir()] == ["raw"]
    return refused.value.conclusion


@pytest.mark.usefixtures("small_chunks")
def test_a_file_of_many_chunks_comes_out_whole_and_in_order(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(many(30, {}))
    assert validate.validate(tmp_path / "raw", "a.csv", rules(**ONCE), tmp_path / "clean") == 30
    assert pq.ParquetFile(tmp_path / "clean").num_row_groups == 8
    assert pq.read_table(tmp_path / "clean").to_pydict()["income"] == [row + 0.5 for row in range(1, 31)]
    assert {path.name for path in tmp_path.iterdir()} == {"raw", "clean"}


@pytest.mark.usefixtures("small_chunks")
def test_rows_are_counted_over_all_chunks(tmp_path: Path) -> None:
    raw = many(30, {5: "-1,300,a,1", 17: "oops,300,a,1", **dict.fromkeys(range(18, 30), "-2,300,a,1")})
    found = refusal(tmp_path, raw, rules())
    assert found.message == "a.csv: row 5, column 'income': -1.0 is below 0 (and 13 more violations)"
    below, text = sorted(found.evidence["violations"], key=lambda one: str(one["rule"]), reverse=True)
    assert (below["rule"], below["count"], [one["row"] for one in below["examples"]]) == (
        "min", 13, [5, *range(18, 27)]
    )  # fmt: skip
    assert (text["rule"], text["count"], text["examples"]) == ("dtype", 1, [{"row": 17, "value": "'oops'"}])
    assert found.evidence["rows"] == 30


@pytest.mark.usefixtures("small_chunks")
def test_a_value_that_stands_in_two_chunks_stands_there_twice(tmp_path: Path) -> None:
    found = refusal(tmp_path, many(30, {29: "3.5,300,a,1"}), rules(**ONCE))
    assert found.message == "a.csv: row 29, column 'income': 3.5 stands there more than once"


@pytest.mark.usefixtures("small_chunks")
def test_the_share_of_gaps_is_that_of_the_file_not_of_a_chunk(tmp_path: Path) -> None:
    gaps = dict.fromkeys((1, 2, 3, 4), ",300,a,1")
    (tmp_path / "raw").write_bytes(many(16, gaps))
    assert validate.validate(tmp_path / "raw", "a.csv", rules(**ONCE), tmp_path / "clean") == 16
    (tmp_path / "clean").unlink()
    found = refusal(tmp_path, many(15, gaps), rules(**ONCE))
    assert found.message == (
        "a.csv: column 'income' is missing in more than 0.25 of the rows: 0.267 of the rows"
    )  # fmt: skip


@pytest.mark.usefixtures("small_chunks")
def test_a_file_that_breaks_off_is_refused_with_what_was_found_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BLOCK", 64)
    found = refusal(tmp_path, many(30, {2: "-1,300,a,1", 20: "1,300,a"}), rules())
    assert found.message == "a.csv: row 20 has 3 fields, the header has 4; a quote may be open"
    assert [one["rule"] for one in found.evidence["violations"]] == ["min"]


CHANGED = {
    "another size": ({"size": 7}, "bytes now; 7 were claimed"),
    "another content": ({"sha256": "0" * 64}, "another content now than was claimed"),
    "another name": ({"file": "d/loans-2.csv"}, "is not number 0000 of the claimed batch"),
    "another index": ({"index": "0001"}, "is not number 0000 of the claimed batch"),
}


@pytest.mark.parametrize(("listed", "says"), CHANGED.values(), ids=CHANGED)
def test_a_file_that_is_not_the_claimed_one_is_refused(tmp_path: Path, listed: dict[str, Any], says: str) -> None:
    assert call(tmp_path, GOOD, listed=listed) == 42
    found = verdict(tmp_path)
    assert found["reason"] == "incomplete"
    assert says in found["message"]


@pytest.mark.parametrize("kind", ["directory", "symlink", "absent"])
def test_only_a_regular_file_is_read(tmp_path: Path, kind: str) -> None:
    raw = tmp_path / "raw"
    if kind == "directory":
        raw.mkdir()
    elif kind == "symlink":
        (tmp_path / "real").write_bytes(GOOD)
        raw.symlink_to(tmp_path / "real")
    with pytest.raises(validate.Verdict, match="not a regular file"):
        validate.verify(raw, {"file": "a.csv", "size": len(GOOD), "sha256": hashlib.sha256(GOOD).hexdigest()})
