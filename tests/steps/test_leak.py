from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from documents import document, regression
from frames import contract, typed

from steps import batch, leak
from steps.document import Document
from steps.verdict import Verdict

COUNT = 60
TARGET = [n % 2 for n in range(COUNT)]


def of(dtype: str, **model: Any) -> Document:
    columns = {
        "id": {"dtype": "integer"},
        "approved": {"dtype": "integer"},
        "other": {"dtype": dtype, "nullable": True},
    }
    changes = {"features": ["other"], "sensitive": None, **model}
    gates = {"gates": regression().gates} if "positive" in model else {}
    return document(contract__columns=columns, **gates, **{f"model__{name}": value for name, value in changes.items()})


def found(dtype: str, values: list[Any], target: list[Any] | None = None, **model: Any) -> list[str]:
    wanted = of(dtype, **model)
    rows = typed(wanted.contract, approved=target or TARGET, other=values)
    return [one.column for one in leak.leaks(rows, wanted.model, batch.truth(rows, wanted.model))]


LEAKS: dict[str, tuple[str, list[Any]]] = {
    "the target itself": ("integer", TARGET),
    "its opposite": ("boolean", [not value for value in TARGET]),
    "in words": ("string", ["yes" if value else "no" for value in TARGET]),
    "a reason that one class has": ("string", [None if value else f"no {n % 3}" for n, value in enumerate(TARGET)]),
    "missing where it is positive": ("number", [None if value else 1.0 for value in TARGET]),
}  # fmt: skip


@pytest.mark.parametrize(("dtype", "values"), LEAKS.values(), ids=LEAKS)
def test_a_feature_that_is_the_target_in_other_words_is_found(dtype: str, values: list[Any]) -> None:
    assert found(dtype, values) == ["other"]


FINE: dict[str, tuple[str, list[Any]]] = {
    "one row is otherwise": ("integer", [1 - TARGET[0], *TARGET[1:]]),
    "an identifier": ("integer", list(range(COUNT))),
    "constant": ("integer", [1] * COUNT),
    "all missing": ("integer", [None] * COUNT),
    "good but not perfect": ("number", [value + n % 3 for n, value in enumerate(TARGET)]),
}


@pytest.mark.parametrize(("dtype", "values"), FINE.values(), ids=FINE)
def test_a_feature_that_is_merely_good_or_useless_is_no_leak(dtype: str, values: list[Any]) -> None:
    assert found(dtype, values) == []


def test_few_rows_may_agree_by_chance() -> None:
    assert found("integer", TARGET[:20], TARGET[:20]) == []


PRICES = [float(n * n % 97) for n in range(COUNT)]
UNITS: dict[str, tuple[str, list[Any], bool]] = {
    "in another currency": ("number", [round(1.1 * price, 9) for price in PRICES], True),
    "what is left of a budget": ("number", [1000 - price for price in PRICES], True),
    "with gaps": ("number", [None if n % 3 == 0 else price for n, price in enumerate(PRICES)], True),
    "nearly": ("number", [price + n % 2 / 100 for n, price in enumerate(PRICES)], False),
    "constant": ("number", [1.0] * COUNT, False),
    "text": ("string", [str(price) for price in PRICES], False),
    "boolean": ("boolean", [price > 50 for price in PRICES], False),
}


@pytest.mark.parametrize(("dtype", "values", "leaks"), UNITS.values(), ids=UNITS)
def test_of_a_number_the_same_in_other_units_is_found(dtype: str, values: list[Any], leaks: bool) -> None:
    target = [int(price) for price in PRICES]
    assert found(dtype, values, target, positive=None) == (["other"] if leaks else [])


def test_a_batch_with_a_leak_is_refused_in_one_clear_line() -> None:
    wanted = of("string")
    rows = typed(
        wanted.contract, id=list(range(COUNT)), approved=TARGET, other=["y" if value else "n" for value in TARGET]
    )
    with pytest.raises(Verdict) as refused:
        batch.check(rows, wanted)
    said = "column 'other' tells the target 'approved' exactly (perfect correlation); take it out of model.features"
    assert refused.value.conclusion.message == f"the batch: {said}"


def test_features_that_say_nothing_are_noted() -> None:
    columns = contract(approved="integer", flat="number", gap="string", gaps="number", fine="number")
    wanted = document(
        contract__columns=columns.model_dump(mode="json")["columns"],
        model__features=["flat", "gap", "gaps", "fine"],
        model__sensitive=None,
    )
    rows = typed(columns, flat=[1.0, 1.0], gap=[None, None], gaps=[1.0, None], fine=[1.0, 2.0], approved=[0, 1])
    assert leak.notices(rows, wanted.model) == {
        "flat": "is the same in every row: it tells the model nothing",
        "gap": "is missing in every row: it tells the model nothing",
    }
    assert np.all([name in rows for name in leak.notices(rows, wanted.model)])


def test_a_feature_of_a_hundred_thousand_categories_is_noted() -> None:
    wanted = of("string")
    names = [f"name-{n}" for n in range(100_000)]
    rows = typed(wanted.contract, id=list(range(100_000)), approved=[0, 1] * 50_000, other=names)
    assert leak.notices(rows, wanted.model)["other"] == (
        "has 100,000 values: the model tells the 63 commonest apart and no others"
    )
