from __future__ import annotations

import json
from typing import Any

import pytest
from frames import contract, typed

from steps.card import distribution
from steps.card.distribution import Distribution

NUMBER, TEXT = contract(c="number").columns["c"], contract(c="string").columns["c"]


def numbers(*values: float | None) -> Any:
    return typed({"c": "number"}, c=list(values))["c"]


def texts(*values: str | None) -> Any:
    return typed({"c": "string"}, c=list(values))["c"]


def test_numbers_are_counted_in_bins_of_equally_many_rows() -> None:
    found = distribution.of(numbers(*range(100)), NUMBER)
    assert len(found.edges) == 10
    assert found.counts == (10,) * 9 + (10, 0)
    assert (found.missing, found.rows) == (0, 100)


def test_what_was_never_so_large_has_a_bin_of_its_own() -> None:
    constant = distribution.of(numbers(5, 5, 5), NUMBER)
    found = distribution.like(numbers(5, 6, 4, None), constant)
    assert (found.counts, found.missing, found.edges) == ((1, 1, 1), 1, constant.edges)


def test_a_hundred_quantiles_of_numbers_are_kept_and_all_are_values() -> None:
    found = distribution.of(numbers(*[0] * 600, *[1] * 390, *[7] * 10, None), NUMBER)
    assert found.quantiles == (0,) * 60 + (1,) * 39 + (7,)


def test_a_rare_value_among_few_has_a_bin_of_its_own() -> None:
    flags = distribution.of(numbers(*[0] * 98, 1, 1), NUMBER)
    assert flags.counts == (0, 98, 2, 0)
    assert distribution.like(numbers(*[0] * 50, *[1] * 50), flags).counts == (0, 50, 50, 0)


def test_texts_are_counted_by_value_and_new_ones_together() -> None:
    before = distribution.of(texts("a", "b", "b", None), TEXT)
    assert before == Distribution((1, 2, 0), 1, names=("a", "b"))
    assert distribution.like(texts("b", "c", "d"), before).counts == (0, 1, 2)


def test_a_personal_column_has_no_distribution() -> None:
    of = contract(c={"dtype": "number", "personal": True}, d="number")
    assert set(distribution.distributions(typed(of, c=[1.0], d=[1.0]), of)) == {"d"}


ALL = {
    "numbers": (numbers(1, 2, 2.5, None), NUMBER),
    "texts": (texts("a", None), TEXT),
    "nothing": (numbers(None, None), NUMBER),
    "no rows": (texts(), TEXT),
    "dates": (typed({"c": "date"}, c=["2026-01-01", None])["c"], contract(c="date").columns["c"]),
    "booleans": (typed({"c": "boolean"}, c=[True, None])["c"], contract(c="boolean").columns["c"]),
}


@pytest.mark.parametrize(("values", "column"), ALL.values(), ids=ALL)
def test_a_distribution_comes_back_from_a_report_as_it_went(values: Any, column: Any) -> None:
    found = distribution.of(values, column)
    assert found.rows == len(values)
    assert distribution.read(json.loads(json.dumps(found.to_json()))) == found
    assert distribution.like(values, found) == found


NONSENSE: dict[str, Any] = {
    "no mapping": [],
    "nothing": {},
    "negative": {"edges": [], "counts": [-1], "missing": 0},
    "boolean": {"edges": [], "counts": [True], "missing": 0},
    "too few": {"edges": [1.0], "counts": [1], "missing": 0},
    "unordered": {"edges": [2.0, 1.0], "counts": [1, 1, 1], "missing": 0},
    "text edge": {"edges": ["1"], "counts": [1, 1], "missing": 0},
    "no number": {"edges": [float("nan")], "counts": [1, 1], "missing": 0},
    "unordered quantiles": {"edges": [], "counts": [1], "missing": 0, "quantiles": [2.0] * 99 + [1.0]},
    "quantiles of text": {"edges": [], "counts": [1], "missing": 0, "quantiles": ["1"] * 100},
    "too few quantiles": {"edges": [], "counts": [1], "missing": 0, "quantiles": [1.0]},
    "quantiles that are none": {"edges": [], "counts": [1], "missing": 0, "quantiles": 1.0},
    "name": {"names": [1], "counts": [1, 1], "missing": 0},
    "missing": {"names": ["a"], "counts": [1, 1], "missing": None},
}


@pytest.mark.parametrize("value", NONSENSE.values(), ids=NONSENSE)
def test_what_is_no_distribution_is_none(value: Any) -> None:
    assert distribution.read(value) is None
