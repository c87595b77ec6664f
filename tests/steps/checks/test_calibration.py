from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from measurements import classes

from steps import check
from steps.checks.calibration import expected_error
from steps.model import Predictions

NO_ROWS = pd.DataFrame()


def test_the_error_is_the_mean_distance_of_belief_and_share() -> None:
    truth = np.array([1, 0, 1, 1])
    assert expected_error(NO_ROWS, truth, classes([0.41, 0.49, 0.9, 1.0])) == pytest.approx((0.1 + 0.1) / 4)


def test_two_misses_that_cancel_in_a_bin_are_no_error() -> None:
    assert expected_error(NO_ROWS, np.array([1, 0]), classes([0.5, 0.5])) == 0


@pytest.mark.parametrize("predicted", [classes([]), Predictions(np.array([1]), np.array([3.0]), False)])
def test_without_probabilities_there_is_no_number(predicted: Predictions) -> None:
    assert math.isnan(expected_error(NO_ROWS, predicted.labels, predicted))


def test_a_document_may_name_it() -> None:
    assert check.load("steps.checks.calibration.expected_error") is expected_error
