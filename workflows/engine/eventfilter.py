"""Data filters of a Sensor's dependency: what they say, and whether an event's data passes.

Part of `events.Sensor`, asked by the sensor. Patterns are RE2's, as in Go: they match anywhere unless anchored, and `$`
is the end of the text only, where Python's also matches before a last newline.
Source: pkg/sensors/dependencies/filter.go.
"""

from __future__ import annotations

import re
from typing import Any, Literal, Self

import re2
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workflows.engine import gjson
from workflows.engine.eventvalues import EventModel, GPath

TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
_FLOAT = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"


class DataFilter(EventModel):
    """A path and what its value must be: RE2 patterns (found anywhere, unless anchored), numbers or booleans."""

    elsewhere = "template"
    path: GPath
    type: Literal["string", "number", "bool"]
    value: tuple[str, ...] = Field(min_length=1)
    comparator: Literal[">=", ">", "=", "!=", "<", "<=", ""] = ""

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for value in self.value:
            if self.type == "string":
                compile_pattern(value)
            elif self.type == "number" and not re.fullmatch(_FLOAT, value):
                raise PydanticCustomError("number", "{what} is not a number", {"what": repr(value)})
            elif self.type == "bool" and value not in TRUE | FALSE:
                raise PydanticCustomError("bool", "{what} is neither true nor false", {"what": repr(value)})
        holds = {"string": ("=", "!=", ""), "bool": ("=", "")}.get(self.type)
        if holds and self.comparator not in holds:
            what = f"comparator {self.comparator!r} has no meaning for type {self.type!r}"
            raise PydanticCustomError("comparator", "{what}", {"what": what})
        return self


class Filters(EventModel):
    """What an event's data must be like."""

    elsewhere = "exprs exprLogicalOperator context time script"
    data: tuple[DataFilter, ...] = Field(min_length=1)
    data_logical_operator: Literal["and", "or", ""] = ""


class FilterError(ValueError):
    """A filter cannot be answered: to Argo Events the event does not pass, and a warning is logged."""


def compile_pattern(pattern: str) -> Any:
    """The RE2 pattern. Raises an error for pydantic if it is none."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise PydanticCustomError(
            "pattern", "{pattern} is no RE2 pattern: {reason}", {"pattern": repr(pattern), "reason": reason}
        ) from None


def refusal(filters: Filters, data: Any) -> str:
    """Why the data does not pass, as one sentence; empty if it passes. Raises FilterError.

    With `or`, one filter that says yes is enough, whatever the others could not answer.
    """
    reasons, errors = [], []
    for number, one in enumerate(filters.data, 1):
        try:
            reason = _refusal(one, data)
        except FilterError as error:
            errors.append(f"data filter {number}: {error}")
            if filters.data_logical_operator != "or":
                raise FilterError(errors[0]) from None
            continue
        if filters.data_logical_operator == "or" and not reason:
            return ""
        if reason:
            reasons.append(f"data filter {number}: {reason}")
            if filters.data_logical_operator != "or":
                return reasons[0]
    if errors:
        raise FilterError("; ".join(errors))
    return "; ".join(reasons)


def _refusal(one: DataFilter, data: Any) -> str:
    value = gjson.get(data, one.path)
    if value is gjson.ABSENT:
        raise FilterError(f"the event has no {one.path!r}")
    passes = {"string": _string, "number": _number, "bool": _bool}[one.type]
    if any(passes(value, expected, one.comparator or "=") for expected in one.value):
        return ""
    return f"{one.path} {one.comparator or '='} {' or '.join(one.value)} does not hold for {gjson.text(value)!r:.300}"


def _string(value: Any, pattern: str, comparator: str) -> bool:
    """A value list with != passes if any of its patterns is not found."""
    found = compile_pattern(pattern).search(gjson.text(value)) is not None
    return found if comparator == "=" else not found


def _number(value: Any, expected: str, comparator: str) -> bool:
    got, want = _float(value), float(expected)
    return {
        "=": got == want,
        "!=": got != want,
        ">": got > want,
        ">=": got >= want,
        "<": got < want,
        "<=": got <= want,
    }[comparator]


def _float(value: Any) -> float:
    """gjson's Float: true is 1, text that is a number is that number, all else is 0."""
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str) and re.fullmatch(_FLOAT, value):
        return float(value)
    return 0.0


def _bool(value: Any, expected: str, _comparator: str) -> bool:
    """gjson's Bool: text as strconv.ParseBool reads it, a number is true unless it is 0, all else is false."""
    if isinstance(value, str):
        truth = value.lower() in {text.lower() for text in TRUE}
    else:
        truth = isinstance(value, bool | int | float) and bool(value)
    return truth is (expected in TRUE)
