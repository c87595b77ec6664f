"""What the documents of Argo Events are made of: the base of their models, and the fields whose text has rules.

Used by `events`, `eventfilter` and `triggers`. Apart from `values`, because Argo Events is another program with other
rules than Argo Workflows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from workflows.engine import gjson
from workflows.engine.duration import parse_duration
from workflows.engine.values import Model, unsupported
from workflows.errors import DocumentError


class EventModel(Model):
    """A model that tells what Argo Events knows and this sensor does not from what nobody knows."""

    elsewhere: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _refuse_elsewhere(cls, data: Any) -> Any:
        for name in data if isinstance(data, dict) else ():
            if name in cls.elsewhere.split():
                raise unsupported(repr(name))
        return data


def _path(value: str) -> str:
    try:
        gjson.parse(value)
    except gjson.PathError as error:
        raise PydanticCustomError("path", "{what}", {"what": str(error)}) from None
    return value


def only(*supported: str) -> Callable[[object], object]:
    def check(value: object) -> object:
        if isinstance(value, str) and value not in supported:
            raise unsupported(repr(value))
        return value

    return check


def _go_duration(value: int | str) -> int | str:
    """Go's time.ParseDuration: a unit is needed, except for 0."""
    if isinstance(value, str):
        try:
            parse_duration(value)
        except DocumentError as error:
            raise PydanticCustomError("duration", "{what}", {"what": error.message}) from None
        if value != "0" and re.fullmatch(r"[+-]?\d+", value):
            raise PydanticCustomError("duration", "{what} has no unit", {"what": repr(value)})
    return value


GPath = Annotated[str, AfterValidator(_path)]
Duration = Annotated[StrictInt | str, AfterValidator(_go_duration)]
Number = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
