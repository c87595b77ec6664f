"""A `when` that cannot be judged, or not by every value that may be put in, is found before a run asks."""

from __future__ import annotations

import pytest

from workflows.engine.problem import Problem
from workflows.engine.validate_when import when_problems


def problems(when: str) -> tuple[Problem, ...]:
    return tuple(when_problems("task 'a'", when))


@pytest.mark.parametrize("when", ["", "5 > 3", "Succeeded == Succeeded", "'a.b' == 'a.b'"])
def test_a_condition_without_tags_that_can_be_judged_is_sound(when: str) -> None:
    assert problems(when) == ()


@pytest.mark.parametrize("when", ["pass", "1e-05 > 0", "v1.2.3 == v1.2.3", "0.91 >= '0.9'", "a and b"])
def test_a_condition_without_tags_that_cannot_be_judged_is_an_error(when: str) -> None:
    (found,) = problems(when)
    assert found.level == "error"
    assert "cannot be judged" in found.message


SOUND = [
    "{{tasks.evaluate.outputs.parameters.decision}} == deploy",
    "'{{tasks.a.outputs.result}}' == ''",
    "'{{tasks.a.outputs.result}}' == 'true'",
    "{{tasks.a.outputs.result}} == true",
    "{{=len(fromJSON(tasks.a.outputs.result)) > 0}}",
    "{{=asFloat(inputs.parameters.x) == 1}}",
]


@pytest.mark.parametrize("when", SOUND)
def test_a_condition_on_words_is_sound(when: str) -> None:
    assert problems(when) == ()


TRAPPED = {
    "a metric as text": ("{{tasks.a.outputs.parameters.auc}} > 0.8", "orders a value"),
    "a metric in quotes": ("'{{tasks.a.outputs.parameters.auc}}' >= '0.8'", "orders a value"),
    "a metric on the right": ("0.8 < {{tasks.a.outputs.parameters.auc}}", "orders a value"),
    "nothing": ("{{tasks.a.outputs.result}} == ''", "an empty value"),
    "nothing on the left": ('"" != {{tasks.a.outputs.result}}', "an empty value"),
    "text and a boolean": ("'{{tasks.a.outputs.result}}' == true", "equals no number"),
    "a number and text": ('5 == "{{tasks.a.outputs.result}}"', "equals no number"),
    "infinite": ("{{=asFloat(tasks.a.outputs.parameters.auc) >= 0.8}}", "an infinite value"),
    "infinite, the other way": ("{{=0.8 < float(tasks.a.outputs.parameters.auc)}}", "an infinite value"),
}


@pytest.mark.parametrize(("when", "says"), TRAPPED.values(), ids=TRAPPED)
def test_a_condition_that_a_value_can_break_is_a_trap(when: str, says: str) -> None:
    (found,) = problems(when)
    assert found.level == "warning"
    assert says in found.message
