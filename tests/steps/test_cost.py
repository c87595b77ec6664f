from __future__ import annotations

from itertools import accumulate, cycle
from pathlib import Path

import pandas as pd
from documents import document
from frames import loans

from steps import cost, model
from steps.train import train

DOCUMENT = document()
ROWS = loans(DOCUMENT, 50)


def test_the_time_of_one_row_is_the_median_in_milliseconds_after_a_warm_up() -> None:
    durations = [9.0] * cost.WARM_UP + [0.002] * (cost.TIMES - 1) + [0.5]
    ticks = iter(accumulate(step for took in durations for step in (1.0, took)))
    found = cost.measure("latency_ms", train(ROWS, DOCUMENT), ROWS, clock=lambda: next(ticks))
    assert found.value is not None
    assert abs(found.value - 2) < 1e-6
    assert found.evidence == "one row takes 2 ms, the slowest of 31 took 500 ms"


def test_a_clock_that_runs_measures_something() -> None:
    ticks = cycle([0.0, 0.001])
    assert cost.measure("latency_ms", train(ROWS, DOCUMENT), ROWS, clock=lambda: next(ticks)).value == 1
    assert (cost.measure("latency_ms", train(ROWS, DOCUMENT), ROWS).value or 0) > 0


def test_without_rows_there_is_nothing_to_time() -> None:
    found = cost.measure("latency_ms", train(ROWS, DOCUMENT), pd.DataFrame())
    assert (found.value, found.evidence) == (None, "no row is held out")


def test_the_size_is_the_file_s(tmp_path: Path) -> None:
    made = train(ROWS, DOCUMENT)
    model.dump(made, tmp_path / "model")
    data = (tmp_path / "model").read_bytes()
    assert cost.measure("size_mib", model.load(data), ROWS).value == len(data) / 2**20
    assert cost.measure("size_mib", made, ROWS).value is None
