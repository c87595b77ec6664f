"""The validator knows the variables that the engine has, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import JsonValue

from workflows.engine.loader import load
from workflows.engine.model import Workflow
from workflows.engine.reference import Names, item_names, task_names, template_names, texts, workflow_names
from workflows.engine.variables import CATALOGUE, lookup

DOCUMENTS = Path(__file__).parent / "documents" / "supported"


def every_name() -> Names:
    names = Names(frozenset({"workflow.failures"}))
    for document in load([DOCUMENTS]):
        if isinstance(document, Workflow):
            names |= workflow_names(document.metadata, document.spec)
            templates = {template.name: template for template in document.spec.templates}
            for template in templates.values():
                names |= template_names(template)
                for task in template.dag.tasks if template.dag else ():
                    names |= task_names(task, templates[task.template]) | item_names(task)
    return names


def test_every_variable_the_validator_accepts_is_in_the_catalogue() -> None:
    whole_artifacts = (".artifacts.",)  # what `from` names is no text and so no variable
    names = [name for name in every_name().exact if not any(part in name for part in whole_artifacts)]
    assert [name for name in sorted(names) if lookup(name) is None] == []
    assert len(names) > 50


def test_every_variable_of_the_catalogue_is_accepted_somewhere() -> None:
    names = every_name()
    unknown = []
    for variable in CATALOGUE:
        form = re.compile("[^{}]+".join(map(re.escape, re.split(r"<\w+>", variable.pattern))))
        if not names.has(re.sub(r"<\w+>", "s", variable.pattern)) and not any(map(form.fullmatch, names.exact)):
            unknown.append(variable.pattern)
    assert unknown == []


def test_an_expression_may_name_a_mapping_but_not_what_lies_below_a_text() -> None:
    names = Names(frozenset({"inputs.parameters.a", "inputs.parameters"}), ("item.",))
    assert names.reaches("inputs")
    assert names.reaches("item.any.thing")
    assert not names.reaches("inputs.parameters.b")
    assert not names.reaches("inputs.parameters.a.b")


def test_texts_are_found_with_their_place_and_raw_data_is_not() -> None:
    value: JsonValue = {"a": [{"name": "x", "value": "1"}, ["2"]], "raw": {"data": "3"}, "data": "4", "n": 5}
    assert [*texts(value)] == [("a[x].name", "x"), ("a[x].value", "1"), ("a[1][0]", "2"), ("data", "4")]
