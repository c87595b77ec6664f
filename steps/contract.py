"""The data contract as the document says it: columns, dtypes, bounds, nulls, rows. `schema` holds data against it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

ColumnName = Annotated[str, StringConstraints(pattern=r"^[^\s{}$][^{}$\n]{0,63}$")]
Scalar = bool | int | float | str
Dtype = Literal["integer", "number", "string", "boolean", "date"]


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
    """What the contract says of one column; `max_null_fraction` is a share of the rows (0 to 1)."""

    dtype: Dtype
    nullable: bool = False
    max_null_fraction: Annotated[float, Field(ge=0, le=1)] = 1.0
    allowed: tuple[Scalar, ...] | None = None
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


class Contract(Value):
    rows: Bounds = Bounds(min=1)
    columns: dict[ColumnName, Column] = Field(min_length=1)
