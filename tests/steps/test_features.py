from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import typed

from steps import features
from steps.preparation import Preparation

KINDS = {"n": "number", "i": "integer", "s": "string", "b": "boolean", "d": "date"}


def rows() -> pd.DataFrame:
    return typed(
        {**KINDS, "other": "string"},
        n=[0.0, 2.0, None],
        i=[1, None, 3],
        s=["x", None, "y"],
        b=[True, False, None],
        d=[pd.Timestamp("1970-01-02"), None, pd.Timestamp("1969-12-31")],
        other=["secret"] * 3,
    )


def test_the_models_input_is_floats_and_text_of_the_features_alone() -> None:
    found = features.inputs(rows(), KINDS)
    assert list(found) == ["n", "i", "s", "b", "d"]
    assert found["s"].tolist() == ["x", "(missing)", "y"]
    assert found["b"].tolist() == ["true", "false", "(missing)"]
    np.testing.assert_array_equal(found[["n", "i", "d"]], [[0, 1, 1], [2, np.nan, np.nan], [np.nan, 3, -1]])


def test_gaps_get_the_median_numbers_unit_scale_and_categories_a_column_each() -> None:
    fitted = features.transformer({"n": "number", "s": "string"}, Preparation())
    inputs = features.inputs(typed(KINDS, n=[0.0, 2.0, None], s=["x", "y", "x"]), {"n": "number", "s": "string"})
    np.testing.assert_allclose(
        fitted.fit_transform(inputs), [[-(1.5**0.5), 1, 0], [1.5**0.5, 0, 1], [0, 1, 0]], atol=1e-12
    )


def test_a_category_never_seen_is_no_error() -> None:
    kinds = {"s": "string"}
    fitted = features.transformer(kinds, Preparation()).fit(features.inputs(typed(kinds, s=["x", "y"]), kinds))
    assert fitted.transform(features.inputs(typed(kinds, s=["z"]), kinds)).tolist() == [[0.0, 0.0]]


def test_a_hundred_thousand_categories_make_few_columns() -> None:
    kinds = {"s": "string"}
    inputs = features.inputs(typed(kinds, s=[f"c{n}" for n in range(100_000)]), kinds)
    assert features.transformer(kinds, Preparation()).fit_transform(inputs).shape == (
        100_000,
        Preparation().max_categories,
    )


@pytest.mark.parametrize("values", [[None, None], [3.0, 3.0]], ids=["all missing", "constant"])
def test_a_feature_that_says_nothing_is_no_error(values: list[float | None]) -> None:
    kinds = {"n": "number"}
    inputs = features.inputs(typed(kinds, n=values), kinds)
    assert features.transformer(kinds, Preparation()).fit_transform(inputs).tolist() == [[0.0], [0.0]]


FILLED: dict[str, tuple[dict[str, Any], list[float]]] = {
    "median": ({"missing": "median"}, [0, 1, 8, 1]),
    "mean": ({"missing": "mean"}, [0, 1, 8, 3]),
    "zero": ({"missing": "zero"}, [0, 1, 8, 0]),
    "kept": ({"missing": "keep"}, [0, 1, 8, np.nan]),
}


@pytest.mark.parametrize(("says", "filled"), FILLED.values(), ids=FILLED)
def test_gaps_in_numbers_are_filled_as_the_document_says(says: dict[str, Any], filled: list[float]) -> None:
    kinds = {"n": "number"}
    inputs = features.inputs(typed(kinds, n=[0.0, 1.0, 8.0, None]), kinds)
    found = features.transformer(kinds, Preparation(scale=False, **says)).fit_transform(inputs)
    np.testing.assert_array_equal(found[:, 0], filled)
    scaled = features.transformer(kinds, Preparation(**says)).fit_transform(inputs)[:, 0]
    assert np.nanmean(scaled) == pytest.approx(0)
    assert np.isnan(scaled).tolist() == np.isnan(filled).tolist()


def test_a_date_may_be_its_parts() -> None:
    kinds = {"day": "date", "n": "number"}
    rows = typed(kinds, day=[pd.Timestamp("2026-02-28"), None], n=[1.0, 2.0])
    inputs = features.inputs(rows, kinds, "parts")
    assert list(inputs) == ["day$year", "day$month", "day$day", "day$day_of_week", "n"]
    np.testing.assert_array_equal(inputs, [[2026, 2, 28, 5, 1], [np.nan] * 4 + [2]])
    prepared = features.transformer(kinds, Preparation(dates="parts", scale=False)).fit_transform(inputs)
    assert prepared.tolist() == [[2026, 2, 28, 5, 1], [2026, 2, 28, 5, 2]]


def test_rare_categories_share_one() -> None:
    kinds = {"s": "string"}
    inputs = features.inputs(typed(kinds, s=["x", "x", "y", "z"]), kinds)
    found = features.transformer(kinds, Preparation(max_categories=2)).fit_transform(inputs)
    assert found.tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]


PREPARED: dict[str, dict[str, Any]] = {
    "one-hot": {},
    "ordinal": {"categories": "ordinal"},
    "unscaled": {"scale": False},
    "kept gaps": {"missing": "keep", "scale": False},
    "dates in parts": {"dates": "parts"},
    "more categories than have a column": {"max_categories": 3},
    "their places, the rare in one": {"max_categories": 3, "categories": "ordinal"},
}


def many(count: int = 500) -> pd.DataFrame:
    random = np.random.default_rng(3)
    texts = {name: random.choice([*values, None], count) for name, values in (("s", "wxyz"), ("t", ["a", "(missing)"]))}
    days = pd.Timestamp("2026-01-31") + pd.to_timedelta(random.integers(-900, 900, count), unit="D")
    numbers: dict[str, Any] = {
        "n": np.where(random.random(count) < 0.1, np.nan, random.normal(3, 2, count)),
        "i": random.integers(0, 9, count),
        "b": random.choice([True, None], count),
    }
    return typed({**KINDS, "t": "string"}, **numbers, **texts, d=days)


@pytest.mark.parametrize("names", ["nisbdt", "nid", "sbt", "t"], ids=["all", "numbers", "text", "one column"])
@pytest.mark.parametrize("says", PREPARED.values(), ids=PREPARED)
def test_a_transformer_is_fitted_as_scikit_learn_fits_it(says: dict[str, Any], names: str) -> None:
    kinds = {name: {**KINDS, "t": "string"}[name] for name in names}
    preparation = Preparation.model_validate(says)
    known, unseen = (features.inputs(rows, kinds, preparation.dates) for rows in (many(), many(9).replace("x", "new")))
    whole = features.transformer(kinds, preparation)
    expected = whole.fit_transform(known)
    fitted, found = features.fit(known, kinds, preparation)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(fitted.transform(known), expected)
    np.testing.assert_array_equal(fitted.transform(unseen), whole.transform(unseen))
    assert list(fitted.get_feature_names_out()) == list(whole.get_feature_names_out())


def test_a_column_is_crowded_by_as_many_categories_as_may_have_a_column_a_gap_being_one() -> None:
    kinds = {"s": "string", "t": "string"}
    preparation = Preparation(max_categories=4)
    for values, crowded in ((["x", "x", "y", None], False), (["x", "z", "y", None], True)):
        inputs = features.inputs(typed(kinds, s=values, t=["a", "b", "b", "b"]), kinds)
        assert features.crowded(inputs, preparation) == crowded
        rare = features.transformer(kinds, preparation).fit(inputs).named_transformers_["categories"]
        assert any(found is not None for found in rare.infrequent_categories_) == crowded


def test_categories_may_be_their_places_in_one_column() -> None:
    kinds = {"n": "number", "s": "string"}
    fitted = features.transformer(kinds, Preparation(categories="ordinal", scale=False, max_categories=3))
    known = features.inputs(typed(kinds, n=[1.0] * 6, s=["y", "x", "y", "x", None, "z"]), kinds)
    assert fitted.fit_transform(known)[:, 1].tolist() == [1, 0, 1, 0, 2, 2]
    assert fitted.transform(features.inputs(typed(kinds, n=[1.0], s=["w"]), kinds)).tolist() == [[1, -1]]
