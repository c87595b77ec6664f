"""The data contract as the document says it: columns, dtypes, bounds, nulls, rows, rules between columns.

`schema` holds each part of a file against it, `tally` the whole file and `batch` all files together.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

ColumnName = Annotated[str, StringConstraints(pattern=r"^[^\s{}$][^{}$\n]{0,63}$")]
Scalar = bool | int | float | str
Dtype = Literal["integer", "number", "string", "boolean", "date"]
Comparison = Literal["<", "<=", "==", "!=", ">=", ">"]


class Value(BaseModel):
    """A part of the document: frozen, and it knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def fits(value: Scalar, dtype: Dtype) -> bool:
    """Say whether a value of the document can stand in a column of this dtype; a date is text, YYYY-MM-DD."""
    if dtype == "date":
        try:
            return isinstance(value, str) and bool(date.fromisoformat(value))
        except ValueError:
            return False
    if isinstance(value, bool) or dtype == "boolean":
        return isinstance(value, bool) and dtype == "boolean"
    return isinstance(value, {"integer": (int,), "number": (int, float), "string": (str,)}[dtype])


class Bounds(Value):
    min: int | float | None = None
    max: int | float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Bounds:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Column(Bounds):
    """What the contract says of one column.

    `max_null_fraction` is a share of a file's rows (0 to 1); `max_distinct` bounds the distinct values of a batch.
    """

    dtype: Dtype
    nullable: bool = False
    max_null_fraction: Annotated[float, Field(ge=0, le=1)] = 1.0
    allowed: tuple[Scalar, ...] | None = None
    max_distinct: Annotated[int, Field(ge=1)] | None = None
    unique: bool = False
    personal: bool = False

    @model_validator(mode="after")
    def _bounds_need_numbers(self) -> Column:
        if self.dtype not in ("integer", "number") and (self.min is not None or self.max is not None):
            raise ValueError(f"min and max need dtype integer or number, not {self.dtype}")
        return self

    @model_validator(mode="after")
    def _allowed_fits(self) -> Column:
        for value in self.allowed or ():
            if not fits(value, self.dtype):
                raise ValueError(f"allowed value {value!r} is no {self.dtype}")
        return self


class Condition(Value):
    """A comparison of a column with another one (`to`) or with a value; <, <=, >= and > need numbers or dates."""

    column: ColumnName
    compare: Comparison
    to: ColumnName | None = None
    value: Scalar | None = None

    @model_validator(mode="after")
    def _one_right_side(self) -> Condition:
        if (self.to is None) == (self.value is None):
            raise ValueError("give exactly one of to (a column) and value")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column, self.to) if self.to is not None else (self.column,)

    @property
    def text(self) -> str:
        """Return the comparison as it is told, such as `paid <= owed`."""
        return (
            f"{self.column} {self.compare} {json.dumps(self.value, ensure_ascii=False) if self.to is None else self.to}"
        )


class Rule(Condition):
    """A comparison that each row keeps, of those where `when` holds; a row that lacks a value breaks no rule."""

    when: Condition | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        mine = super().columns
        return (*mine, *self.when.columns) if self.when else mine

    @property
    def text(self) -> str:
        return f"{super().text} when {self.when.text}" if self.when else super().text


class Contract(Value):
    """What a batch must be; `rows` counts those of all its files."""

    rows: Bounds = Bounds(min=1)
    columns: dict[ColumnName, Column] = Field(min_length=1)
    rules: tuple[Rule, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _rules_fit(self) -> Contract:
        if len({rule.text for rule in self.rules}) != len(self.rules):
            raise ValueError("two rules are the same")
        for rule in self.rules:
            for condition in (rule, rule.when) if rule.when else (rule,):
                _fitting(condition, self.columns)
        return self

    def narrowed(self, names: Collection[str]) -> Contract:
        """Return the contract of these columns alone, with the rules that need no other."""
        columns = {name: column for name, column in self.columns.items() if name in names}
        rules = tuple(rule for rule in self.rules if all(column in columns for column in rule.columns))
        return self.model_copy(update={"columns": columns, "rules": rules})


def _fitting(condition: Condition, columns: dict[str, Column]) -> None:
    """Raise `ValueError` if the two sides cannot be compared."""
    rule = f"the rule {condition.text!r}"
    for name in condition.columns:
        if name not in columns:
            raise ValueError(f"{rule} names {name!r}, which is no column of the contract")
    dtype = columns[condition.column].dtype
    if condition.compare not in ("==", "!=") and dtype in ("string", "boolean"):
        raise ValueError(f"{rule} orders {condition.column!r}, which is {dtype}; use == or !=")
    if condition.value is not None and not fits(condition.value, "number" if dtype == "integer" else dtype):
        raise ValueError(f"{rule} compares {condition.column!r}, which is {dtype}, with another type")
    other = dtype if condition.to is None else columns[condition.to].dtype
    if other != dtype and {dtype, other} != {"integer", "number"}:
        raise ValueError(f"{rule} compares {dtype} with {other}")
