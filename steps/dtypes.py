"""The contract's dtypes: which Arrow type and pandas dtype each is, and what a raw column must look like to become one.

Called by `table` for every column. Nothing is guessed: text becomes a number only if all of it reads as one, and a
float becomes an integer only if it is whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

ARROW: Mapping[str, Any] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "string": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
PANDAS: Mapping[str, Any] = {
    "integer": pd.Int64Dtype(),
    "number": np.dtype("float64"),
    "string": pd.StringDtype(),
    "boolean": pd.BooleanDtype(),
    "date": np.dtype("datetime64[s]"),
}
PATTERN = {
    "integer": r"\A-?[0-9]{1,18}\z",
    "number": r"\A-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?\z",
    "boolean": r"\A(?i:true|false)\z",
    "date": r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z",
}
EXPECTED = {
    "integer": "is not a whole number",
    "number": "is not a number (a decimal point, no thousands separator, finite)",
    "string": "is not text",
    "boolean": "is not true or false",
    "date": "is not a date (YYYY-MM-DD)",
}
LARGEST = pa.scalar(2**63 - 1, pa.uint64())
EXACT = 2**53
"""Up to here every whole 64-bit float is exactly one integer."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A column of the wanted Arrow type; `refused` marks the rows whose value could not be one (null in `values`)."""

    values: Any
    refused: np.ndarray[Any, np.dtype[np.bool_]]


def convert(column: Any, dtype: str) -> Converted | None:
    """Return an Arrow column as the contract's dtype; None if its type can never be one (text for numbers is text)."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return convert(column.cast(kind.value_type), dtype)
    if pa.types.is_null(kind):
        return Converted(column.cast(ARROW[dtype]), np.zeros(len(column), dtype=bool))
    if _is_text(kind):
        return _from_text(column.cast(pa.string()), dtype)
    return _from_type(column, dtype)


def frame(table: Any, dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return an Arrow table of the contract's types with the one pandas dtype that stands for each."""
    columns = {}
    for name, dtype in dtypes.items():
        column = table.column(name)
        if dtype == "integer":
            columns[name] = _integers(column)
        elif dtype == "date":  # pandas would make a Python object of each day first
            columns[name] = pd.Series(column.cast(pa.timestamp("s")).to_numpy(), dtype=PANDAS[dtype])
        else:
            columns[name] = pd.Series(column.to_pandas(), dtype=PANDAS[dtype])
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows), copy=False)


def categorical(text: pd.Series[Any]) -> pd.Series[Any]:
    """Return text as categories: one object for each value and not for each row, for millions of rows have few."""
    codes, values = pd.factorize(text)
    categories = pd.Index(np.asarray(values, dtype=object))
    return pd.Series(pd.Categorical.from_codes(codes, categories), index=text.index)


def floats(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return numbers, booleans and dates (days since 1970-01-01) as 64-bit floats, NaN for missing."""
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return (column - pd.Timestamp(0)) / pd.Timedelta(days=1)
    if column.dtype == np.float64:
        return column
    return pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan), index=column.index)


def _integers(column: Any) -> pd.Series[Any]:
    """Return nullable integers without a detour through floats, which are inexact beyond 2**53."""
    missing = column.is_null().to_numpy().astype(bool, copy=False)
    filled = column.fill_null(0).to_numpy()
    return pd.Series(pd.arrays.IntegerArray(filled.astype(np.int64, copy=False), missing))


def _from_text(text: Any, dtype: str) -> Converted:
    if dtype == "string":
        return _kept(text, pc.is_valid(text), dtype)
    fits = pc.match_substring_regex(text, PATTERN[dtype])
    if dtype == "date":
        fits = pc.and_(fits, _real_dates(text))
    kept = _where(fits, text)
    if dtype == "boolean":
        return _kept(pc.equal(pc.utf8_lower(kept), "true"), fits, dtype, text)
    if dtype == "number":
        kept = kept.cast(pa.float64())
        fits = pc.and_(fits, pc.is_finite(kept))
    return _kept(kept, fits, dtype, text)


def _from_type(column: Any, dtype: str) -> Converted | None:
    kind = column.type
    integer, floating = pa.types.is_integer(kind), pa.types.is_floating(kind)
    if dtype == "boolean" and pa.types.is_boolean(kind):
        return _kept(column, pc.is_valid(column), dtype)
    if dtype == "integer" and integer:
        fits = pc.less_equal(column, LARGEST) if kind == pa.uint64() else pc.is_valid(column)
        return _kept(column, fits, dtype)
    if dtype in ("integer", "number") and (integer or floating or pa.types.is_decimal(kind)):
        return _from_number(column.cast(pa.float64(), safe=False), dtype)
    if dtype == "date" and (pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None)):
        days = column.cast(pa.date32(), safe=False)
        return _kept(days, pc.equal(days.cast(pa.timestamp("s")), column.cast(pa.timestamp("s"), safe=False)), dtype)
    return None


def _from_number(numbers: Any, dtype: str) -> Converted:
    """Take NaN for missing, as pandas writes it; infinities are refused."""
    numbers = _where(pc.invert(pc.is_nan(numbers)), numbers)
    fits = pc.is_finite(numbers)
    if dtype == "integer":
        whole = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less_equal(pc.abs(numbers), EXACT))
        fits = pc.and_(fits, whole)
    return _kept(numbers, fits, dtype)


def _kept(values: Any, fits: Any, dtype: str, raw: Any = None) -> Converted:
    """Null what does not fit, and mark where something that is not null did not fit."""
    raw = values if raw is None else raw
    refused = pc.and_(pc.is_valid(raw), pc.invert(pc.fill_null(fits, False)))
    return Converted(_where(fits, values).cast(ARROW[dtype]), refused.to_numpy(zero_copy_only=False))


def _where(mask: Any, values: Any) -> Any:
    return pc.if_else(pc.fill_null(mask, False), values, pa.scalar(None, values.type))


def _real_dates(text: Any) -> Any:
    parsed = pc.strptime(text, format="%Y-%m-%d", unit="s", error_is_null=True)
    return pc.equal(pc.strftime(parsed, format="%Y-%m-%d"), text)


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
