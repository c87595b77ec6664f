from __future__ import annotations

import numpy as np
import pytest

from steps import bootstrap
from steps.bootstrap import interval, resamples


def test_each_resample_draws_as_many_rows_as_there_are() -> None:
    drawn = resamples(50, seed=0)
    assert list(drawn.rows) == list(range(50))
    assert drawn.weights.shape == (bootstrap.RESAMPLES + 1, 50)
    np.testing.assert_allclose(drawn.weights.sum(axis=1), 50)
    np.testing.assert_allclose(drawn.weights[0], 1)


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    first, again, other = (resamples(20, seed).weights for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(1).normal(0, 1, 400)
    drawn = resamples(400, seed=0)
    found = interval(float(values.mean()), drawn.weights @ values / 400)
    assert found is not None
    assert found[1] - found[0] == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert found[0] < values.mean() < found[1]


def test_a_part_of_a_large_holdout_stands_for_all_of_it() -> None:
    """Six times as many rows as are weighted: the interval is around the whole's value and as narrow as the whole's."""
    count = 6 * bootstrap.ROWS
    values = np.random.default_rng(1).normal(0, 1, count)
    drawn = resamples(count, seed=0)
    assert len(drawn.rows) == bootstrap.ROWS
    found = interval(float(values.mean()), drawn.weights @ values[drawn.rows] / count)
    assert found is not None
    assert found[1] - found[0] == pytest.approx(2 * 1.96 / count**0.5, rel=0.1)
    assert sum(found) / 2 == pytest.approx(values.mean(), abs=0.002)


def test_more_confidence_is_a_wider_interval() -> None:
    spread = np.arange(1001.0)
    narrow, wide = (interval(0.0, spread, confidence) for confidence in (0.9, 0.98))
    assert narrow == pytest.approx((50.95, 950.05))
    assert wide == pytest.approx((10.99, 990.01))


def test_an_interval_stays_where_the_number_can_be() -> None:
    """A part of the holdout that is off moves its resamples, here by 0.2, but a share is at most one."""
    spread = np.linspace(0.6, 0.9, 1001)
    assert interval(0.8, spread) == pytest.approx((0.8075, 1.0925), abs=1e-3)
    assert interval(0.8, spread, within=(0, 1)) == pytest.approx((0.8075, 1.0), abs=1e-3)


NONE = {
    "no value": (None, np.ones(101)),
    "undefined for the rows": (0.5, np.array([np.nan] + [1.0] * 100)),
    "undefined in many resamples": (0.5, np.array([0.5] + [1.0] * 94 + [np.nan] * 6)),
    "no rows": (0.5, np.array([0.5])),
}


@pytest.mark.parametrize(("value", "spread"), NONE.values(), ids=NONE)
def test_what_is_often_undefined_has_no_interval(value: float | None, spread: np.ndarray) -> None:
    assert interval(value, spread) is None


def test_a_few_undefined_resamples_do_not_matter() -> None:
    assert interval(0.5, np.array([0.5] + [1.0] * 96 + [np.nan] * 4)) == (1.0, 1.0)


def test_no_rows_have_no_resamples() -> None:
    assert resamples(0, seed=0).weights.shape == (1, 0)
