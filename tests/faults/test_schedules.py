"""The fault suite: the real code of `steps` under a thousand seeded schedules, and every invariant after each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from faults.choices import Choices
from faults.play import play
from faults.show import printed
from faults.shrink import smaller

SEEDS = 1000
CHUNKS = 20


@pytest.mark.whole
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_batch_has_one_effect_and_every_day_an_explanation(chunk: int, seed: int | None) -> None:
    if seed is not None and chunk:
        pytest.skip("one seed was asked for")
    for number in range(chunk, SEEDS, CHUNKS) if seed is None else [seed]:
        found = play(Choices(number))
        if found.findings:
            less = smaller(number, found)
            pytest.fail(
                f"seed {number} (make faults SEED={number}):\n"
                + "\n".join(found.findings)
                + f"\n\na smaller schedule that fails too:\n{printed(less.lines)}\n"
                + "\n".join(less.findings),
                pytrace=False,
            )


def test_a_seed_replays_line_by_line_in_another_process() -> None:
    """Nothing but the seed may decide: no hash order, no clock, no address."""
    text = "from faults.choices import Choices; from faults.play import play; from faults.show import printed; "
    text += "print(printed(play(Choices(17)).lines))"
    tests = Path(__file__).parents[1]
    told = []
    for hashing in ("1", "2"):
        environment = {"PYTHONPATH": f"{tests}:{tests.parent}", "PYTHONHASHSEED": hashing, "PATH": os.environ["PATH"]}
        ran = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=True)
        told.append(ran.stdout)
    assert told[0] == told[1] == printed(play(Choices(17)).lines) + "\n"


def test_a_schedule_replays_from_its_decisions() -> None:
    first = play(Choices(3))
    again = play(Choices(0, first.made))
    assert printed(again.lines) == printed(first.lines)
