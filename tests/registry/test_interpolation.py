"""The last time before a moment is found, whatever the times, and in few reads where they are as a ledger's."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steps.registry.interpolation import GUESSES, last_before

START = datetime(2026, 2, 23, 6, tzinfo=UTC)
GAPS = st.one_of(st.just(0), st.integers(0, 3), st.integers(0, 10**6))


def search(seconds: list[float], moment: float) -> tuple[int, int]:
    """Return what was found, and in how many reads."""
    read: list[int] = []

    def at(n: int) -> datetime:
        read.append(n)
        return START + timedelta(seconds=seconds[n - 1])

    return last_before(at, len(seconds), START + timedelta(seconds=moment)), len(read)


@given(st.lists(GAPS, min_size=1, max_size=300), st.floats(-0.1, 1.1))
def test_the_last_time_before_a_moment_is_found(gaps: list[int], share: float) -> None:
    seconds = [float(sum(gaps[: n + 1])) for n in range(len(gaps))]
    moment = math.floor(seconds[-1] * share)
    found, reads = search(seconds, moment)
    assert found == sum(one < moment for one in seconds)
    assert reads <= 2 + GUESSES + math.ceil(math.log2(len(gaps)) + 1)


def test_evenly_spread_times_take_a_handful_of_reads() -> None:
    seconds = [60.0 * n for n in range(100_000)]
    assert all(search(seconds, 60 * 100_000 * share)[1] <= 8 for share in (0.01, 0.3, 0.5, 0.77, 0.99))


def test_times_as_uneven_as_can_be_take_no_more_than_halving_and_some() -> None:
    seconds = [0.001 * n + 1e6 * (n > 50) for n in range(100_000)]
    assert all(search(seconds, seconds[n])[1] <= 2 + GUESSES + 17 for n in range(0, 100_000, 997))


@pytest.mark.parametrize("second", [0, 15, 3600, 43200])
def test_daily_bursts_take_few(second: int) -> None:
    seconds = [86400.0 * (n // 30) + n % 30 for n in range(100_000)]
    assert all(search(seconds, 86400 * day + second)[1] < 16 for day in range(0, 3333, 7))
