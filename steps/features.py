"""Features: from typed rows to what an estimator can learn from. `train` fits them, the model file carries them.

`inputs` is stateless and gives the model two kinds of columns only, 64-bit floats and text; everything learned from
data (medians, scales, categories) is in the scikit-learn transformer, so a model file is whole without our code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from steps.dtypes import categorical, floats
from steps.preparation import Dates, Preparation

Floats = NDArray[np.float64]
NUMERIC = ("integer", "number", "date")
MISSING = "(missing)"
UNSEEN = -1
"""The place of a category that training never saw, where places are told."""
PARTS = ("year", "month", "day", "day_of_week")


def inputs(frame: pd.DataFrame, dtypes: Mapping[str, str], dates: Dates = "days") -> pd.DataFrame:
    """Return the model's input: the columns of `dtypes` (contract dtypes by feature) in that order, and no other.

    Numbers and dates (days since 1970-01-01, or their parts) are floats with NaN for missing; text and booleans are
    text, as categories.
    """
    columns = {}
    for name, dtype in dtypes.items():
        for column in _columns(name, dtype, dates):
            part = column.removeprefix(name)[1:]
            columns[column] = _part(frame[name], part) if part else _input(frame[name], dtype)
    return pd.DataFrame(columns, index=frame.index, copy=False)


def fit(inputs: pd.DataFrame, dtypes: Mapping[str, str], preparation: Preparation) -> tuple[ColumnTransformer, Floats]:
    """Return the transformer fitted on these `inputs`, and what it makes of them: floats (rows, width).

    It is what scikit-learn's `fit_transform` would be, but scikit-learn looks at text value by value in Python. Here it
    sees one row for each combination of categories, which is all that categories are learned from unless a column is
    `crowded`; numbers are learned from every row.
    """
    other = _texts(dtypes)
    numeric = [name for name in inputs if name not in other]
    if not other or crowded(inputs[other], preparation):
        made = transformer(dtypes, preparation)
        return made, made.fit_transform(inputs)
    kinds, first = _combinations(inputs[other])
    made = transformer(dtypes, preparation, counted=False).fit(inputs.iloc[first])
    texts = made.named_transformers_["categories"].transform(inputs[other].iloc[first])
    numbers: Any = made.named_transformers_["numbers"].fit_transform(inputs[numeric]) if numeric else None
    found = np.empty((len(inputs), len(numeric) + texts.shape[1]), order="F")
    for place, name in enumerate(numeric):
        found[:, place] = numbers[name] if isinstance(numbers, pd.DataFrame) else numbers[:, place]
    for place in range(texts.shape[1]):
        found[:, len(numeric) + place] = texts[kinds, place]
    return made, found


def _texts(dtypes: Mapping[str, str]) -> list[str]:
    """Return the features that are text or boolean, each one column of the input."""
    return [name for name, dtype in dtypes.items() if dtype not in NUMERIC]


def _combinations(texts: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each row the number of its combination of categories, and for each combination its first row."""
    kinds = np.zeros(len(texts), dtype=np.int64)
    for name in texts:
        categories = texts[name].cat
        kinds, _ = pd.factorize(kinds * len(categories.categories) + categories.codes.to_numpy())
    first = np.empty(kinds.max(initial=-1) + 1, dtype=np.intp)
    first[kinds[::-1]] = np.arange(len(kinds))[::-1]
    return kinds, first


def crowded(texts: pd.DataFrame, preparation: Preparation) -> bool:
    """Whether a column has so many categories, a gap being one, that the rarest share one, which counts among them.

    Source: `_identify_infrequent` of scikit-learn's encoders.
    """
    return any(len(texts[name].cat.categories) >= preparation.max_categories for name in texts)


def transformer(dtypes: Mapping[str, str], preparation: Preparation, *, counted: bool = True) -> ColumnTransformer:
    """Return the unfitted transformer of `inputs`; categories have room for those never seen.

    The scale is for linear models, distances and networks; trees do not mind it. Not `counted`, it keeps every
    category, which is the same where no column is `crowded`, and asks for one row of each only.
    """
    columns = {name: _columns(name, dtype, preparation.dates) for name, dtype in dtypes.items()}
    numeric = [column for name, dtype in dtypes.items() if dtype in NUMERIC for column in columns[name]]
    categories = ("categories", _categories(preparation, counted), _texts(dtypes))
    parts = [("numbers", _numbers(preparation), numeric), categories]
    return ColumnTransformer([part for part in parts if part[2]], verbose_feature_names_out=False)


def _numbers(preparation: Preparation) -> Pipeline | str:
    steps: list[tuple[str, Any]] = []
    if preparation.missing != "keep":
        strategy = "constant" if preparation.missing == "zero" else preparation.missing
        steps.append(("gaps", SimpleImputer(strategy=strategy, fill_value=0.0, keep_empty_features=True)))
    if preparation.scale:
        steps.append(("scale", StandardScaler()))
    return Pipeline(steps) if steps else "passthrough"


def _categories(preparation: Preparation, counted: bool) -> OneHotEncoder | OrdinalEncoder:
    most = preparation.max_categories if counted else None
    if preparation.categories == "ordinal":
        return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=UNSEEN, max_categories=most)
    return OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=most, sparse_output=False)


def _columns(name: str, dtype: str, dates: Dates) -> list[str]:
    """Return the input's columns of one feature; no column of a contract has a $ in its name."""
    return [f"{name}${part}" for part in PARTS] if dtype == "date" and dates == "parts" else [name]


def _part(column: pd.Series[Any], part: str) -> pd.Series[Any]:
    return pd.Series(getattr(column.dt, part).to_numpy(dtype=np.float64, na_value=np.nan), index=column.index)


def _input(column: pd.Series, dtype: str) -> pd.Series:
    if dtype in NUMERIC:
        return floats(column)
    if dtype == "boolean":
        column = column.astype("string").str.lower()
    return categorical(column.fillna(MISSING) if column.isna().any() else column)
