"""Features: from typed rows to what an estimator can learn from. `train` fits them, the model file carries them.

`inputs` is stateless and gives the model two kinds of columns only, 64-bit floats and text; everything learned from
data (medians, scales, categories) is in the scikit-learn transformer, so a model file is whole without our code.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMERIC = ("integer", "number", "date")
MISSING = "(missing)"
MAX_CATEGORIES = 64
"""Categories a column is encoded in at most; the rarest share one, so that 100,000 of them do not fill the memory."""


def inputs(frame: pd.DataFrame, dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return the model's input: the columns of `dtypes` (contract dtypes by feature) in that order, and no other.

    Numbers and dates (days since 1970-01-01) are floats with NaN for missing; text and booleans are text.
    """
    return pd.DataFrame({name: _input(frame[name], dtype) for name, dtype in dtypes.items()}, index=frame.index)


def transformer(dtypes: Mapping[str, str]) -> ColumnTransformer:
    """Return the unfitted transformer of `inputs`: medians for gaps and unit scale, one-hot with room for the unseen.

    The scale is for linear models, distances and networks; trees do not mind it.
    """
    numeric = [name for name, dtype in dtypes.items() if dtype in NUMERIC]
    other = [name for name, dtype in dtypes.items() if dtype not in NUMERIC]
    numbers = Pipeline(
        [("gaps", SimpleImputer(strategy="median", keep_empty_features=True)), ("scale", StandardScaler())]
    )
    categories = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES, sparse_output=False)
    parts = [("numbers", numbers, numeric), ("categories", categories, other)]
    return ColumnTransformer([part for part in parts if part[2]], verbose_feature_names_out=False)


def _input(column: pd.Series, dtype: str) -> pd.Series:
    if dtype == "date":
        return (column - pd.Timestamp(0)) / pd.Timedelta(days=1)
    if dtype in NUMERIC:
        return pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan), index=column.index)
    if dtype == "boolean":
        column = column.astype("string").str.lower()
    return column.astype(object).where(column.notna(), MISSING)
