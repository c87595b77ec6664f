"""The data contract as a pandera schema: bounds, allowed values, nulls, rules between columns. `validate` holds each
part of a file against it; what takes the whole file is in `tally`.

The checks are pandera's own; here they only get the contract's names, and what they find becomes violations.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pandera
from pandera.errors import SchemaErrors

from steps import dtypes
from steps.contract import Column, Comparison, Condition, Contract, Rule
from steps.table import Chunk, Mask
from steps.violation import EXAMPLES, Violation, shown

NULLS = "not_nullable"
"""Pandera's name of its own rule."""
BETWEEN = "DataFrameSchema"
"""Where pandera says that a check of several columns failed."""
OPERATORS: Mapping[Comparison, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}


def schema(contract: Contract) -> pandera.DataFrameSchema:
    """Return the contract for typed rows (`steps.table`)."""
    columns = {name: _column(column) for name, column in contract.columns.items()}
    rules = [pandera.Check(partial(_kept, rule), error=rule.text, ignore_na=False) for rule in contract.rules]
    return pandera.DataFrameSchema(columns, checks=rules, strict=True)


def check(chunk: Chunk, contract: Contract) -> tuple[Violation, ...]:
    """Return every violation of these rows, by column and rule; what was refused already is not also missing."""
    mine = contract.narrowed(list(chunk.frame.columns))
    if not mine.columns or chunk.frame.empty:
        return ()
    try:
        schema(mine).validate(chunk.frame, lazy=True)
    except SchemaErrors as errors:
        failures = errors.failure_cases
    else:
        return ()
    between = failures["schema_context"] == BETWEEN
    found = []
    for (name, rule), cases in failures[~between].groupby(["column", "check"], sort=False):
        rows = np.asarray(sorted(cases["index"]), dtype=np.int64)
        if rule == NULLS:
            rows = rows[~chunk.refused[name][rows]]
        if len(rows):
            found.append(_violation(str(name), str(rule), rows, chunk.frame, contract.columns[str(name)]))
    rules = {rule.text: rule for rule in mine.rules}
    for text, cases in failures[between].groupby("check", sort=False):
        found.append(_broken(rules[str(text)], sorted(set(cases["index"])), chunk.frame, contract))
    order = list(contract.columns)
    found.sort(key=lambda violation: (order.index(violation.column), violation.rule))
    return tuple(violation.moved(chunk.first) for violation in found)


def plain(value: Any) -> object:
    """Return a value of typed rows as it is told: a date as YYYY-MM-DD."""
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else value


def _column(column: Column) -> pandera.Column:
    checks = []
    if column.min is not None:
        checks.append(pandera.Check.ge(column.min, error="min"))
    if column.max is not None:
        checks.append(pandera.Check.le(column.max, error="max"))
    if column.allowed is not None:
        checks.append(pandera.Check.isin([_typed(value, column) for value in column.allowed], error="allowed"))
    return pandera.Column(dtypes.PANDAS[column.dtype], checks, nullable=column.nullable)


def _typed(value: Any, column: Column) -> Any:
    return pd.Timestamp(value) if column.dtype == "date" else value


def _kept(rule: Rule, frame: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows keep the rule: where it does not apply, or lacks a value, it is kept."""
    broken = _holds(rule, frame, otherwise=True)
    broken = ~broken
    if rule.when:
        broken &= _holds(rule.when, frame, otherwise=False)
    return pd.Series(~broken, index=frame.index)


def _holds(condition: Condition, frame: pd.DataFrame, *, otherwise: bool) -> Mask:
    """Return which rows the condition holds for; `otherwise` stands where a value is missing."""
    left = frame[condition.column]
    known = left.notna()
    right: Any = condition.value
    if condition.to is not None:
        right = frame[condition.to]
        known &= right.notna()
    elif _is_date(left):
        right = pd.Timestamp(right)
    return np.asarray(OPERATORS[condition.compare](left, right).where(known, otherwise), dtype=bool)


def _is_date(values: pd.Series[Any]) -> bool:
    return bool(pd.api.types.is_datetime64_any_dtype(values.dtype))


def _violation(name: str, rule: str, rows: Any, frame: pd.DataFrame, column: Column) -> Violation:
    values = ["" if rule == NULLS else shown(plain(frame[name].iloc[row]), column) for row in rows[:EXAMPLES]]
    examples = tuple((int(row) + 1, value) for row, value in zip(rows, values, strict=False))
    return Violation(name, rule, _says(rule, column), len(rows), examples)


def _broken(rule: Rule, rows: list[int], frame: pd.DataFrame, contract: Contract) -> Violation:
    sides = [rule.column, rule.to] if rule.to is not None else [rule.column]
    examples = tuple(
        (int(row) + 1, " against ".join(shown(plain(frame[side].iloc[row]), contract.columns[side]) for side in sides))
        for row in rows[:EXAMPLES]
    )
    return Violation(rule.column, rule.text, f"breaks the rule {rule.text}", len(rows), examples)


def _says(rule: str, column: Column) -> str:
    if rule == "allowed":
        return f"is not one of {shown(list(column.allowed or ()), None)}"
    return {
        "min": f"is below {column.min}",
        "max": f"is above {column.max}",
        NULLS: "is missing",
    }.get(rule, f"breaks the rule {rule}")
