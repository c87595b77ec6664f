"""The suite finds the bugs that it is for: each one, planted in the real code, fails a schedule soon."""

from __future__ import annotations

import pytest
from faults.choices import Choices
from faults.events import Faults
from faults.plants import PLANTS, Plant, ack_before_store
from faults.play import Options, play

WITHIN = 300
"""Seeds within which a planted bug must show."""
EVENTS_ONLY = Options(tended=False, people=False, weather=False, whole=True, events=Faults(twice=0.3, death=0.3))
"""Nothing happens but events, which come twice and find the sensor dying; nobody reconciles."""


@pytest.mark.whole
@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_a_planted_bug_is_found(plant: Plant) -> None:
    with plant():
        assert any(play(Choices(seed)).findings for seed in range(WITHIN))


def test_a_message_settled_before_its_workflow_exists_is_found() -> None:
    assert not any(play(Choices(seed), EVENTS_ONLY).findings for seed in range(20))
    with ack_before_store():
        assert any(play(Choices(seed), EVENTS_ONLY).findings for seed in range(20))
