"""Checks of the Prometheus metrics of a template or a Workflow, which only a cluster emits. Called by the validator.

Source of the rules: validateTemplate in Argo's workflow/validate/validate.go and workflow/metrics/util.go. That quotes
and signs break pods is substitutePodParams (workflow/controller/workflowpod.go): the template travels in the pod as
JSON inside of JSON, and an expression whose signs are escaped twice cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engine.model import Template
from workflows.engine.problem import Problem
from workflows.engine.reference import Names, plainly, unresolved
from workflows.engine.template import Tag, tags
from workflows.errors import RetrainError

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_KINDS = ("counter", "gauge", "histogram")
_ENDED = Names(frozenset({"status", "duration", "exitCode", "retries", "outputs.result"}), ("resourcesDuration.",))
"""What a metric may say besides what the template itself may: how it ended."""
_EARLY = ("workflow", "inputs")
"""What is put in before the pod is made, so that the expression is gone by then."""
_ESCAPED = re.compile(r'[&<>"\\\x00-\x1f\u2028\u2029]')


def metric_problems(where: str, metrics: object, names: Names, template: Template | None = None) -> Iterator[Problem]:
    """What is wrong with the metrics of a template, or with those of the whole Workflow (`template` is None)."""
    rows = metrics.get("prometheus") if isinstance(metrics, dict) else None
    scope = names | _ENDED
    if template is not None:
        outputs = (f"outputs.parameters.{parameter.name}" for parameter in template.outputs.parameters)
        scope |= Names(frozenset(outputs))
    for number, row in enumerate(rows if isinstance(rows, list) else (), 1):
        if not isinstance(row, dict):
            continue
        here = f"{where}, metric {str(row.get('name') or number)!r}"
        yield from _shape(here, row)
        yield from unresolved(here, row, scope, plainly(scope))
        if template is not None and template.dag is None:
            yield from _escapes(here, row)


def _shape(where: str, row: Mapping[str, Any]) -> Iterator[Problem]:
    """Name, help, labels and exactly one kind with a value."""
    if not _NAME.fullmatch(str(row.get("name") or "")):
        yield Problem(where, f"the metric name {row.get('name')!r} is not acceptable", "use letters, digits and '_'")
    if not row.get("help"):
        yield Problem(where, "a metric needs help, a sentence that says what it counts")
    for label in row.get("labels") or ():
        if isinstance(label, dict) and not _NAME.fullmatch(str(label.get("key") or "")):
            yield Problem(where, f"the label {label.get('key')!r} is not acceptable", "use letters, digits and '_'")
    said = [kind for kind in _KINDS if row.get(kind) is not None]
    if len(said) != 1:
        found = " and ".join(said) or "none of them"
        yield Problem(where, f"a metric is one of counter, gauge and histogram; it has {found}")
    for kind, field in (("gauge", "realtime"), ("histogram", "buckets")):
        if isinstance(row.get(kind), dict) and field not in row[kind]:
            yield Problem(where, f"its {kind} does not say {field}, which Argo's CRD requires", f"write {field}: …")
    for kind in said:
        value = row[kind].get("value") if isinstance(row[kind], dict) else None
        if not value:
            yield Problem(where, f"its {kind} has no value")
        elif kind == "gauge" and row[kind].get("realtime") and "resourcesDuration." in str(value):
            yield Problem(where, "resourcesDuration is known only at the end", "take realtime out")


def _escapes(where: str, row: object) -> Iterator[Problem]:
    """An expression that stays until the pod is made, with a sign in it that JSON or Go escapes."""
    for text in _texts(row):
        for tag in _readable(text):
            found = _ESCAPED.search(tag.text) if tag.kind == "expression" else None
            if found and not all(name.partition(".")[0] in _EARLY for name in tag.names):
                hint = "write it without: ' for \", `not`, `and`, `or` or ? : for the rest, or compute it in the step"
                message = f"Argo cannot make the pod of a template whose metric has {found[0]!r} in {{{{{tag.text}}}}}"
                yield Problem(where, message, hint)


def _readable(text: str) -> tuple[Tag, ...]:
    try:
        return tags(text) if "{{" in text else ()
    except RetrainError:
        return ()  # `unresolved` has said so


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _texts(child)
