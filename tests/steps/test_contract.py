"""A contract's values fit their column's dtype."""

from __future__ import annotations

import pytest

from steps.contract import Bounds, Dtype, Scalar, fits

FITTING: list[tuple[Scalar, Dtype, bool]] = [
    (1, "integer", True),
    (1.5, "integer", False),
    (1, "number", True),
    (1.5, "number", True),
    ("1", "number", False),
    (True, "integer", False),
    (True, "boolean", True),
    (1, "boolean", False),
    ("yes", "string", True),
    (1, "string", False),
    ("2026-02-23", "date", True),
    ("23.02.2026", "date", False),
    (20260223, "date", False),
]


@pytest.mark.parametrize(("value", "dtype", "answer"), FITTING, ids=str)
def test_a_value_fits_its_dtype_exactly(value: Scalar, dtype: Dtype, answer: bool) -> None:
    assert fits(value, dtype) is answer


def test_bounds_are_in_order() -> None:
    with pytest.raises(ValueError, match="min 2 is above max 1"):
        Bounds(min=2, max=1)
