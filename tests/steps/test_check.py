from __future__ import annotations

import sys
import types
from typing import Any

import pandas as pd
import pytest
from documents import document
from measurements import classes, declared, gate, measured

from steps import check, findings
from steps.verdict import Verdict

ROWS = pd.DataFrame({"approved": [0, 1, 1, 0], "group": ["a", "a", "b", "b"]})
PATH = "steps.checks.mine.answer"


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType("steps.checks.mine")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def put(module: types.ModuleType, answer: Any) -> None:
    def found(rows: pd.DataFrame, truth: Any, predicted: Any) -> Any:
        return answer(rows, truth, predicted) if callable(answer) else answer

    found.__module__ = module.__name__
    module.answer = found  # type: ignore[attr-defined]


def test_a_check_gets_rows_truth_and_answers_of_the_holdout(mine: types.ModuleType) -> None:
    put(mine, lambda rows, truth, predicted: len(rows) + truth.sum() / 10 + predicted.scores[0] / 100)
    wanted = document(gates=declared(kind="check", metric=PATH, above=4))
    found = findings.find(gate(wanted), measured(wanted, ROWS, classes([0.5, 1, 1, 1])))
    assert (found.value, found.evidence) == (pytest.approx(4.205), "answer is 4.205")


@pytest.mark.parametrize("answer", [None, "0.9", True, float("nan"), float("inf"), [0.9]], ids=str)
def test_what_is_no_finite_number_is_none(mine: types.ModuleType, answer: Any) -> None:
    put(mine, answer)
    wanted = document(gates=declared(kind="check", metric=PATH, above=0))
    assert findings.find(gate(wanted), measured(wanted, ROWS, classes([0.5, 1, 1, 1]))).value is None


REFUSED = {
    "no module": ("steps.checks.nothing.here", "there is no check"),
    "no function": ("steps.checks.calibration.missing", "there is no check"),
    "another module's function": ("steps.checks.calibration.np", "is no function of its own module"),
    "a module elsewhere": ("os.path.exists", "is no path of a check"),
    "private": ("steps.checks.calibration.__loader__", "is no path of a check"),
    "the package itself": ("steps.checks.calibration", "is no path of a check"),
    "a type": ("steps.checks.calibration.Predictions", "is no function of its own module"),
}


@pytest.mark.parametrize(("path", "says"), REFUSED.values(), ids=REFUSED)
def test_a_document_can_name_functions_of_steps_checks_only(path: str, says: str) -> None:
    with pytest.raises(Verdict, match="the pipeline document cannot be carried out") as refused:
        check.load(path)
    assert says in refused.value.conclusion.message
