"""What the model costs those who use it: the time of one prediction and the size of its file. For `findings`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pandas as pd

from steps.measured import Found
from steps.model import Trained

TIMES = 31
WARM_UP = 3
MIB = 1 << 20


def measure(metric: str, trained: Trained, rows: pd.DataFrame, clock: Callable[[], float] = time.perf_counter) -> Found:
    """Return `latency_ms` or `size_mib` (see `steps.criteria.CostGate`); `clock` is in seconds."""
    if metric == "size_mib":
        if trained.size is None:
            return Found(None, "the model was not read from a file")
        return Found(trained.size / MIB, f"the model file has {trained.size:,} bytes")
    if rows.empty:
        return Found(None, "no row is held out")
    took = []
    for turn in range(WARM_UP + TIMES):
        row = rows.iloc[[turn % len(rows)]]
        began = clock()
        trained.predict(row)
        took.append(1000 * (clock() - began))
    typical, slowest = statistics.median(took[WARM_UP:]), max(took[WARM_UP:])
    return Found(typical, f"one row takes {typical:.3g} ms, the slowest of {TIMES} took {slowest:.3g} ms")
