"""Checks of `when`, whose language takes what was put in for part of itself. Called by the validator of a DAG.

Tags are replaced before the text is read, so a value decides how it reads: `1e-05` is no number there, an empty value
leaves an operator alone, and quotes make a text that equals no number. Source: shouldExecute in Argo's
workflow/controller/steps.go and govaluate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows.engine.condition import ConditionError, judge
from workflows.engine.problem import Problem

_TAG = r"\{\{(?!=)[^{}]*\}\}"
_ORDER = re.compile(rf"{_TAG}['\"]?\s*[<>]|[<>]=?\s*['\"]?{_TAG}")
_EMPTY = re.compile(rf"(?<!['\"]){_TAG}\s*[!=]=\s*(''|\"\")|(''|\"\")\s*[!=]=\s*{_TAG}")
_PLAIN = r"(?:true|false|[0-9.]+)\b(?!['\"])"
_QUOTED = rf"(?:'{_TAG}'|\"{_TAG}\")"
_NEVER = re.compile(rf"{_QUOTED}\s*[!=]=\s*{_PLAIN}|{_PLAIN}\s*[!=]=\s*{_QUOTED}")
_INFINITE = re.compile(r"\b(?:asFloat|float)\(.*>|<.*\b(?:asFloat|float)\(", re.DOTALL)

TRAPS = (
    (
        _ORDER,
        "it orders a value that is put in as text: 1e-05, NaN or nothing at all cannot be read there",
        "let the step write a word such as deploy, and compare that",
    ),
    (
        _EMPTY,
        "an empty value leaves nothing before the operator, and the condition cannot be read",
        "put the tag in quotes",
    ),
    (
        _NEVER,
        "a value in quotes is text, which equals no number and neither true nor false",
        "quote both sides, or none",
    ),
    (
        _INFINITE,
        "an infinite value passes such a bound, and NaN fails every one",
        "let the step decide and write a word such as deploy, and compare that",
    ),
)


def when_problems(where: str, when: str | None) -> Iterator[Problem]:
    """What is wrong with a task's `when`; whether its tags resolve is checked elsewhere."""
    if not when:
        return
    here = f"{where}, field 'when'"
    if "{{" not in when:
        try:
            judge(when)
        except ConditionError as error:
            yield Problem(here, f"{when!r} cannot be judged: {error.message}", error.hint)
        return
    for pattern, message, hint in TRAPS:
        if pattern.search(when):
            yield Problem(here, message, hint, "warning")
