from __future__ import annotations

import pytest

from steps.card.interval import wilson

KNOWN = {
    "no row": (0, 0, (0.0, 1.0)),
    "none of ten": (0, 10, (0.0, 0.2775)),
    "all of ten": (10, 10, (0.7225, 1.0)),
    "eight of ten": (8, 10, (0.4902, 0.9433)),
}


@pytest.mark.parametrize(("hits", "rows", "interval"), KNOWN.values(), ids=KNOWN)
def test_the_interval_is_the_one_of_the_tables(hits: int, rows: int, interval: tuple[float, float]) -> None:
    assert wilson(hits, rows) == pytest.approx(interval, abs=5e-5)
