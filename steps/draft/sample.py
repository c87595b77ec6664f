"""A sample of the data, with the dtype of each column found out. `draft` reads it once; all else works on the result.

A dtype is the first that takes every value by the very rules of `steps.dtypes`, so that what is inferred here is what
`validate` will accept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter, ValidationError

from steps import dtypes
from steps.contract import ColumnName, Dtype
from steps.draft.refusal import NoDraft
from steps.source import Unreadable, source
from steps.violation import SHOWN

ORDER: tuple[Dtype, ...] = ("integer", "number", "boolean", "date", "string")
LEADING_ZERO = r"\A0[0-9]+\z"
DECIMAL_COMMA = r"\A-?[0-9]{1,3}(\.?[0-9]{3})*,[0-9]+\z"
PLACEHOLDERS = (
    "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?", "-", ".",
    "inf", "-inf", "Inf", "-Inf", "Infinity", "-Infinity",
)  # fmt: skip
"""What other tools write for a missing or infinite value; the contract's reader takes none of them, only an empty
field."""
NAME = TypeAdapter[str](ColumnName)


@dataclass(frozen=True, slots=True)
class Sample:
    """Typed rows as `steps.table` has them, and the dtype of each column in the order of the file."""

    name: str
    rows: pd.DataFrame
    kinds: dict[str, Dtype]


def read(path: Path) -> Sample:
    """Read a file of CSV or Parquet; raises `NoDraft` with one sentence on why a contract cannot be made of it."""
    try:
        names = source(path, path.name, ()).names
        _acceptable(names)
        raw = pa.concat_tables(source(path, path.name, names).pieces)
    except Unreadable as error:
        raise NoDraft(f"{error}") from error
    if not raw.num_rows:
        raise NoDraft("it has a header but no rows", "a sample of some hundred rows makes a good contract")
    found = {name: _inferred(raw.column(name), name) for name in names}
    kinds = {name: kind for name, (kind, _) in found.items()}
    typed = pa.table({name: values for name, (_, values) in found.items()})
    return Sample(path.name, dtypes.frame(typed, kinds), kinds)


def _acceptable(names: list[str]) -> None:
    for number, name in enumerate(names, start=1):
        if not name.strip():
            hint = "pandas writes its index so; write the file with index=False"
            raise NoDraft(f"column {number} has no name", hint)
        if names.count(name) > 1:
            raise NoDraft(f"the column {name!r} stands in the header more than once", "rename one of them")
        try:
            NAME.validate_python(name)
        except ValidationError:
            hint = "rename it: 1 to 64 characters, no space in front, none of { } $"
            raise NoDraft(f"the column {name[:SHOWN]!r} has a name that cannot stand in a contract", hint) from None


def _inferred(column: Any, name: str) -> tuple[Dtype, Any]:
    """Return the dtype and the values of it."""
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    order: tuple[Dtype, ...] = (
        ("number",) if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type) else ORDER
    )
    if pa.types.is_null(column.type) or (text and (column.null_count == len(column) or _any(column, LEADING_ZERO))):
        order = ("string",)
    for kind in order:
        converted = dtypes.convert(column, kind)
        if converted is not None and not converted.refused.any():
            if text and kind == "string":
                _meant_otherwise(column, name)
            return kind, converted.values
    if order == ("number",):
        raise NoDraft(f"the column {name!r} holds infinite values", "a contract takes finite numbers; leave them empty")
    hint = f"write it as one of: {', '.join(ORDER)}"
    raise NoDraft(f"the column {name!r} has the type {column.type}, which no dtype of a contract takes whole", hint)


def _any(text: Any, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(text, pattern)).as_py())


def _meant_otherwise(text: Any, name: str) -> None:
    """Refuse numbers that are text only for how the file writes them: a contract would call them categories."""
    real = pc.drop_null(text)
    if pc.all(pc.match_substring_regex(real, DECIMAL_COMMA)).as_py():
        raise NoDraft(f"the column {name!r} has decimal commas", "write numbers with a decimal point")
    placeholder = pc.is_in(real, value_set=pa.array(PLACEHOLDERS))
    rest = real.filter(pc.invert(placeholder))
    if len(rest) == len(real) or not len(rest):
        return
    for kind in ("number", "date"):
        converted = dtypes.convert(rest, kind)
        if converted is not None and not converted.refused.any():
            example = real.filter(placeholder)[0].as_py()
            hint = "leave the field empty where a value is missing: that is what a batch's reader takes for missing"
            rows = len(real) - len(rest)
            raise NoDraft(f"the column {name!r} holds {kind}s, but {example!r} in {rows} rows", hint)
