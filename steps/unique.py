"""Which values of a column came before, over any number of chunks, in 8 bytes a value (text: 16). `tally` calls it.

Numbers, dates and booleans are compared exactly; text by two 64-bit SipHashes, so that two texts which differ are taken
for equal once in 2^128, about never.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

HASH_KEYS = ("retrain-unique-1", "retrain-unique-2")
"""Pandas wants 16 characters each."""


class Seen:
    """The values of one column so far; a missing one equals no other."""

    def __init__(self, dtype: str) -> None:
        self._dtype = dtype
        self._keys: list[list[NDArray[np.uint64]]] = []
        self._known: list[NDArray[np.bool_]] = []

    def add(self, values: pd.Series[Any]) -> None:
        """Add the next rows' values, typed (`steps.table`)."""
        self._keys.append(_keys(values, self._dtype))
        self._known.append(np.asarray(values.notna(), dtype=bool))

    def repeated(self) -> NDArray[np.int64]:
        """Return the rows, counted from 0, whose value stands in an earlier row too."""
        known = np.concatenate(self._known) if self._known else np.zeros(0, dtype=bool)
        if not known.any():
            return np.zeros(0, dtype=np.int64)
        keys = [np.concatenate(parts) for parts in zip(*self._keys, strict=True)]
        rows = np.flatnonzero(known)
        if len(rows) < len(known):
            keys = [part[rows] for part in keys]
        order = np.argsort(keys[0], kind="stable") if len(keys) == 1 else np.lexsort(keys[::-1])
        again = np.ones(len(order) - 1, dtype=bool)
        for part in keys:
            ordered = part[order]
            again &= ordered[1:] == ordered[:-1]
        return np.asarray(np.sort(rows[order[1:][again]]), dtype=np.int64)


def _keys(values: pd.Series[Any], dtype: str) -> list[NDArray[np.uint64]]:
    if dtype == "string":
        texts = values.to_numpy(dtype=object, na_value="")
        return [
            np.asarray(pd.util.hash_array(texts, hash_key=key, categorize=False), dtype=np.uint64) for key in HASH_KEYS
        ]
    if dtype == "number":
        return [(values.to_numpy(dtype=np.float64) + 0.0).view(np.uint64)]  # -0.0 equals 0.0
    if dtype == "date":
        return [values.to_numpy(dtype="datetime64[s]").astype(np.int64).view(np.uint64)]
    return [values.to_numpy(dtype=np.int64, na_value=0).view(np.uint64)]
