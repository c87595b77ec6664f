"""How the document has features become numbers. `steps.document` holds it, `steps.features` carries it out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from steps.contract import Value

Dates = Literal["days", "parts"]


class Preparation(Value):
    """What is done to the features before the estimator sees them, learned from the training rows alone.

    `missing` fills gaps in numbers and dates; `keep` leaves them to an estimator that takes them. A gap in text or a
    boolean is a category of its own. `scale` gives numbers mean 0 and deviation 1. A date is days since 1970, or its
    parts: year, month, day and weekday. A category is a column of its own (`one-hot`), or its column holds the place of
    the category in their order (`ordinal`), which trees split as well by and which takes a memory of one column. A
    column has at most `max_categories`; the rarest share one.
    """

    missing: Literal["median", "mean", "zero", "keep"] = "median"
    scale: bool = True
    dates: Dates = "days"
    categories: Literal["one-hot", "ordinal"] = "one-hot"
    max_categories: Annotated[int, Field(ge=2, le=1000)] = 64
