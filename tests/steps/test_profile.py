from __future__ import annotations

import pandas as pd
from frames import contract, typed

from steps.profile import profile

RULES = contract(
    n="number",
    s="string",
    day="date",
    name={"dtype": "string", "personal": True},
    salary={"dtype": "number", "personal": True},
)


def test_a_profile_says_gaps_range_and_commonest() -> None:
    rows = typed(
        RULES,
        n=[1.0, 2.0, None],
        s=["x", "x", "y"],
        day=[pd.Timestamp("2026-01-01")] * 3,
        name=["Ann", "Bob", None],
        salary=[1.0, 2.0, 3.0],
    )
    assert profile(rows, RULES) == {
        "n": {"dtype": "number", "missing": 1, "distinct": 2, "min": 1.0, "median": 1.5, "max": 2.0},
        "s": {"dtype": "string", "missing": 0, "distinct": 2, "commonest": {"x": 2, "y": 1}},
        "day": {"dtype": "date", "missing": 0, "distinct": 1, "commonest": {"2026-01-01": 3}},
        "name": {"dtype": "string", "missing": 1, "distinct": 2},
        "salary": {"dtype": "number", "missing": 0, "distinct": 3},
    }


def test_a_column_without_values_has_no_range() -> None:
    rules = contract(n={"dtype": "number", "nullable": True})
    assert profile(typed(rules, n=[None]), rules) == {"n": {"dtype": "number", "missing": 1, "distinct": 0}}
