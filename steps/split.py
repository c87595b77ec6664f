"""The holdout: which rows training never sees. `train` and `evaluate` both compute it here, so they agree.

A row's side follows from its content and the document's seed alone: a row never moves between train and holdout when
the next batch brings other rows, another order or other files, and equal rows are never on both sides. With a column of
times the newest rows are held out instead, and all rows of one time are on one side.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steps import dtypes

HASH_KEY = "retrain-split-01"
"""Pandas wants 16 characters; changing them moves rows between train and holdout."""
BLOCK = 1 << 18
"""Rows hashed at a time, so that hashing needs no second copy of the data."""
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True, slots=True)
class Split:
    """The two sides of the rows, each in the order of the data, with the data's own index."""

    train: pd.DataFrame
    holdout: pd.DataFrame


def split(frame: pd.DataFrame, seed: int, holdout: float, time: str | None = None) -> Split:
    """Split typed rows (`steps.table`); `holdout` is the expected share (0 to 1) of the rows that are held out.

    `time` is a column without gaps; what is held out by it is the share nearest to `holdout` that whole times make.
    """
    if time is None:
        held = row_hashes(frame, seed) < np.uint64(round(holdout * (2**64 - 1)))
    else:
        held = _newest(_canonical(frame[time]).to_numpy(dtype=np.float64), holdout)
    return Split(frame[~held], frame[held])


def data_hash(frame: pd.DataFrame) -> str:
    """Return the sha256 of the rows' content, whatever their order."""
    return hashlib.sha256(np.sort(row_hashes(frame, 0)).astype("<u8").tobytes()).hexdigest()


def _newest(times: NDArray[np.float64], holdout: float) -> NDArray[np.bool_]:
    moments, counts = np.unique(times, return_counts=True)
    if len(moments) < 2:
        return np.zeros(len(times), dtype=bool)
    shares = np.cumsum(counts[::-1])[:-1] / len(times)
    return np.asarray(times >= moments[::-1][np.argmin(np.abs(shares - holdout))], dtype=bool)


def row_hashes(frame: pd.DataFrame, seed: int) -> NDArray[np.uint64]:
    """Return a hash of each row's content, uniform over 64 bits; the order of rows and columns does not matter."""
    hashes = np.zeros(len(frame), dtype=np.uint64)
    for first in range(0, len(frame), BLOCK):
        rows = frame.iloc[first : first + BLOCK]
        canonical = pd.DataFrame({name: _canonical(rows[name]) for name in sorted(frame.columns)}, copy=False)
        hashes[first : first + BLOCK] = pd.util.hash_pandas_object(canonical, index=False, hash_key=HASH_KEY)
    return _mixed(hashes ^ _mixed(np.array([seed], dtype=np.uint64)))


def _canonical(column: pd.Series) -> pd.Series:
    """Return text for text and 64-bit floats for the rest: the dtype pandas happens to use must not matter.

    Text as categories, for pandas then hashes each value once; the hashes are those of the text.
    """
    return dtypes.categorical(column) if pd.api.types.is_string_dtype(column.dtype) else dtypes.floats(column)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the values after the finaliser of SplitMix64 (Steele, Lea, Flood 2014); wraps around by design."""
    mixed = values + GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * MIX_1
    mixed = (mixed ^ (mixed >> np.uint64(27))) * MIX_2
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)
