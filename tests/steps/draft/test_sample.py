"""A sample is read as a batch will be: a column gets the first dtype that takes every value, or a reason why none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from samples import written

from steps.draft.refusal import NoDraft
from steps.draft.sample import read

COLUMNS = {
    "whole numbers": (["1", "-2", "3"], "integer"),
    "decimals": (["1", "2.5", "1e3"], "number"),
    "whole numbers with a gap": (["1", "", "3"], "integer"),
    "yes and no stay text": (["yes", "no", "yes"], "string"),
    "true and false": (["true", "FALSE", ""], "boolean"),
    "days": (["2026-01-31", "2026-02-28", ""], "date"),
    "no real day": (["2026-02-30", "2026-02-28", "2026-01-01"], "string"),
    "leading zeros name something": (["01067", "10115", "80331"], "string"),
    "empty throughout": (["", "", ""], "string"),
    "a code that is no missing number": (["NA", "DE", "FR"], "string"),
}


@pytest.mark.parametrize(("values", "kind"), COLUMNS.values(), ids=COLUMNS)
def test_the_dtype_is_the_first_that_takes_every_value(tmp_path: Path, values: list[str], kind: str) -> None:
    found = read(written(tmp_path, "other,x", *(f"a,{value}" for value in values)))
    assert found.kinds == {"other": "string", "x": kind}
    assert int(found.rows["x"].isna().sum()) == values.count("")


def test_the_types_of_parquet_are_kept(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"whole": [1, 2], "float": [1.0, 2.0], "flag": [True, False], "day": pd.to_datetime(["2026-01-01", None])}
    )
    table["kind"] = pd.Categorical(["a", "b"])
    table.to_parquet(tmp_path / "t.parquet")
    kinds = {"whole": "integer", "float": "number", "flag": "boolean", "day": "date", "kind": "string"}
    assert read(tmp_path / "t.parquet").kinds == kinds


REFUSED = {
    "nothing": ([], "is empty"),
    "header only": (["a,b"], "no rows"),
    "other separators": (["a;b", "1;2"], "separated by semicolons; expected commas"),
    "other separators and decimal commas": (["a;b", "1,5;2", "2,5;3"], "separated by semicolons"),
    "tabs": (["a\tb", "1\t2"], "separated by tabs"),
    "infinite": (["a,b", "1.5,2", "-inf,3"], "'a' holds numbers, but '-inf' in 1 rows"),
    "pandas' index": ([",a", "0,1"], "column 1 has no name"),
    "twice": (["a,a", "1,2"], "'a' stands in the header more than once"),
    "a tag": (["{{a}},b", "1,2"], "cannot stand in a contract"),
    "decimal commas": (["a,b", '"1,5",2', '"2,25",3'], "'a' has decimal commas"),
    "NA for missing": (["a,b", "NA,2", "1.5,3"], "'a' holds numbers, but 'NA' in 1 rows"),
    "a day that is missing": (["a,b", "-,2", "2026-01-01,3"], "'a' holds dates, but '-' in 1 rows"),
    "ragged": (["a,b", "1,2,3"], "row 1 has 3 fields"),
}


@pytest.mark.parametrize(("lines", "says"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_makes_no_contract_is_refused_in_a_sentence(tmp_path: Path, lines: list[str], says: str) -> None:
    with pytest.raises(NoDraft) as refusal:
        read(written(tmp_path, *lines))
    assert says in str(refusal.value)


def test_a_column_of_gaps_is_a_column_whatever_its_type(tmp_path: Path) -> None:
    table = pd.DataFrame({"none": [None, None], "float": [float("nan")] * 2, "day": pd.to_datetime([None, None])})
    table["text"] = pd.array([None, None], dtype="string")
    table.to_parquet(tmp_path / "t.parquet")
    kinds = {"none": "string", "float": "number", "day": "date", "text": "string"}
    assert read(tmp_path / "t.parquet").kinds == kinds


def test_moments_are_refused_for_no_dtype_takes_them(tmp_path: Path) -> None:
    pd.DataFrame({"at": pd.to_datetime(["2026-01-01 10:00"])}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(NoDraft, match="'at' has the type timestamp"):
        read(tmp_path / "t.parquet")
