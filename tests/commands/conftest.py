"""What the tests of the commands share."""

from __future__ import annotations

import pytest
from commandline import Cli


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line in this process."""
    return Cli(capsys, monkeypatch)
