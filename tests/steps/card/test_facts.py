from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from steps.card.facts import Gate, Metric

ROOT = Path(__file__).parents[3]


def gate(value: float | None, passed: bool) -> Gate:
    return Gate("g", "metric", "accuracy", value, "above", 0.9, passed, "")


RESULTS = {
    "passed": (gate(0.95, True), "passed"),
    "failed": (gate(0.85, False), "failed"),
    "no value": (gate(None, False), "undetermined"),
    "no champion yet": (gate(None, True), "passed"),
}


@pytest.mark.parametrize(("judged", "result"), RESULTS.values(), ids=RESULTS)
def test_a_gate_has_one_of_three_results(judged: Gate, result: str) -> None:
    assert judged.result == result


GAINS = {
    "higher is better": (Metric("accuracy", 0.75, 0.5, None), 0.25),
    "lower is better": (Metric("log_loss", 0.25, 0.5, None, lower_is_better=True), 0.25),
    "no champion": (Metric("accuracy", 0.75, None, None), None),
    "undefined": (Metric("accuracy", None, 0.5, None), None),
}


@pytest.mark.parametrize(("metric", "gain"), GAINS.values(), ids=GAINS)
def test_a_gain_above_zero_is_better(metric: Metric, gain: float | None) -> None:
    assert metric.gain == gain


def test_only_evaluate_its_evidence_and_its_drift_know_the_card() -> None:
    knowing = set()
    for path in [*(ROOT / "steps").glob("*.py"), *(ROOT / "steps" / "registry").glob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        if any(name.startswith("steps.card") for name in names):
            knowing.add(path.stem)
    assert knowing == {"drift", "evaluate", "evidence"}


def test_no_other_step_waits_for_the_plots_library() -> None:
    program = (
        "import sys, steps.claim, steps.validate, steps.train, steps.deploy; sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
