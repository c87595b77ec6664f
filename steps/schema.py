"""The data contract as a pandera schema: bounds, allowed values, nulls, uniqueness. `validate` holds a file against it.

The checks are pandera's own; here they only get the contract's names, and what they find becomes violations.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd
import pandera.pandas as pandera
from pandera.errors import SchemaErrors

from steps import dtypes
from steps.contract import Column, Contract
from steps.violation import EXAMPLES, Violation, shown

NULLS, UNIQUE, NULL_FRACTION = "not_nullable", "field_uniqueness", "max_null_fraction"
"""The first two are pandera's names of its own rules."""


def schema(contract: Contract) -> pandera.DataFrameSchema:
    """Return the contract for typed rows (`steps.table`)."""
    return pandera.DataFrameSchema({name: _column(column) for name, column in contract.columns.items()}, strict=True)


def check(frame: pd.DataFrame, contract: Contract, unread: Collection[str] = ()) -> tuple[Violation, ...]:
    """Return every violation, by column and rule.

    Columns in `unread` hold values that could not be read and became null; they are not judged by their nulls.
    """
    try:
        schema(contract).validate(frame, lazy=True)
    except SchemaErrors as errors:
        failures = errors.failure_cases
    else:
        return ()
    found = []
    for (name, rule), cases in failures.groupby(["column", "check"], sort=False):
        if not (name in unread and rule in (NULLS, NULL_FRACTION)):
            found.append(_violation(str(name), str(rule), cases, frame, contract.columns[str(name)]))
    order = list(contract.columns)
    return tuple(sorted(found, key=lambda violation: (order.index(violation.column), violation.rule)))


def _column(column: Column) -> pandera.Column:
    checks = []
    if column.min is not None:
        checks.append(pandera.Check.ge(column.min, error="min"))
    if column.max is not None:
        checks.append(pandera.Check.le(column.max, error="max"))
    if column.allowed is not None:
        checks.append(pandera.Check.isin(_allowed(column), error="allowed"))
    if column.nullable and column.max_null_fraction < 1:
        most = column.max_null_fraction
        checks.append(
            pandera.Check(
                lambda values: values.isna().sum() <= most * len(values), ignore_na=False, error=NULL_FRACTION
            )
        )
    if column.unique:
        # pandera's own `unique` counts two missing values as equal
        checks.append(pandera.Check(lambda values: ~values.duplicated(), error=UNIQUE))
    return pandera.Column(dtypes.PANDAS[column.dtype], checks, nullable=column.nullable)


def _allowed(column: Column) -> list[Any]:
    values = list(column.allowed or ())
    return [pd.Timestamp(value) for value in values] if column.dtype == "date" else values


def _violation(name: str, rule: str, cases: pd.DataFrame, frame: pd.DataFrame, column: Column) -> Violation:
    says = _says(rule, column)
    if rule == NULL_FRACTION:
        return Violation(name, rule, f"{says}: {frame[name].isna().mean():.3g} of the rows")
    rows = sorted(int(row) for row in cases["index"])
    values = ["" if rule == NULLS else shown(_plain(frame[name].iloc[row]), column) for row in rows[:EXAMPLES]]
    examples = tuple((row + 1, value) for row, value in zip(rows, values, strict=False))
    return Violation(name, rule, says, len(rows), examples)


def _says(rule: str, column: Column) -> str:
    if rule == "allowed":
        return f"is not one of {shown(list(column.allowed or ()), None)}"
    return {
        "min": f"is below {column.min}",
        "max": f"is above {column.max}",
        NULLS: "is missing",
        UNIQUE: "stands there more than once",
        NULL_FRACTION: f"is missing in more than {column.max_null_fraction} of the rows",
    }.get(rule, f"breaks the rule {rule}")


def _plain(value: Any) -> object:
    return value.date().isoformat() if isinstance(value, pd.Timestamp) else value
