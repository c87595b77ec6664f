"""`pytest tests/faults --seed 17` plays that schedule alone."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="the one schedule of the fault suite to play")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int | None:
    """Return the seed that was asked for on the command line, if any."""
    asked = request.config.getoption("seed", default=None)
    return asked if isinstance(asked, int) else None
