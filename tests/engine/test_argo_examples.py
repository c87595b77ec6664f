"""Argo's own example documents come out here as a real controller made them, as far as the engine takes them.

The documents and what became of them lie beside the repository and are not part of it; without them these tests skip.
"""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workflows.engine.driver import Settings, run
from workflows.engine.loader import build, load, read
from workflows.engine.model import ConfigMap, ObjectMeta, Template, Workflow, WorkflowTemplate
from workflows.engine.nodes import NodeStatus
from workflows.engine.objects import gather

EXAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "argo-examples"
TAKEN = (
    "artifact-path-placeholders",
    "dag-continue-on-fail",
    "dag-diamond",
    "dag-enhanced-depends",
    "dag-multiroot",
    "dag-nested",
    "expression-destructure-json",
    "global-parameters",
    "hello-world",
    "input-artifact-raw",
    "key-only-artifact",
    "map-reduce",
    "parameter-aggregation-dag",
    "skipped-output-defaults/producer-output-default",
    "synchronization-mutex-wf-level",
    "title-and-description-with-markdown",
    "workflow-template/workflow-template-ref",
)
REPOSITORY = ConfigMap(
    api_version="v1",
    kind="ConfigMap",
    metadata=ObjectMeta(
        name="artifact-repositories", annotations={"workflows.argoproj.io/default-artifact-repository": "default"}
    ),
    data={"default": "s3: {bucket: retrain}"},
)

pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="Argo's examples are not beside this checkout")


@pytest.mark.parametrize("name", TAKEN)
def test_an_example_becomes_what_the_controller_made_of_it(name: str, tmp_path: Path, s3: Any) -> None:
    expected = json.loads((EXAMPLES / "results.json").read_text())[name]["workflows"][0]
    documents = [portable(one, tmp_path) for one in (*load([EXAMPLES / "documents" / f"{name}.yaml"]), submittable())]
    workflow = next(one for one in documents if isinstance(one, Workflow))
    workflow = workflow.model_copy(update={"metadata": workflow.metadata.model_copy(update={"name": "wf"})})
    settings = Settings(home=tmp_path / "home", clock=lambda: datetime.now(UTC), new_uid=lambda: "u-1")
    done = run(workflow, gather([*documents, REPOSITORY]), settings)
    assert (done.status.phase, done.status.message or "") == (expected["phase"], expected["message"])
    made = {node.name.replace("wf", "WF", 1): summary(node) for node in done.status.nodes.values()}
    wanted = {node: told(facts) for node, facts in expected["nodes"].items()}
    assert made == wanted


def submittable() -> WorkflowTemplate:
    """The one among the examples' WorkflowTemplates that has no steps."""
    file = EXAMPLES / "documents" / "workflow-template" / "templates.yaml"
    found = next(one for one in read(file.read_text(), file.name) if one.name == "workflow-template-submittable")
    return build(WorkflowTemplate, found)


def summary(node: NodeStatus) -> dict[str, Any]:
    outputs = node.outputs
    return {
        "type": node.type,
        "phase": node.phase,
        "template": node.template_name,
        "message": node.message or "",
        "inputs": {one.name: one.value for one in node.inputs.parameters} if node.inputs else {},
        "outputs": {one.name: dated(one.value or "") for one in outputs.parameters} if outputs else {},
        "artifacts": sorted(one.name for one in outputs.artifacts) if outputs else [],
        "result": outputs.result if outputs else None,
        "exitCode": outputs.exit_code if outputs else None,
        "children": len(node.children),
    }


def told(facts: dict[str, Any]) -> dict[str, Any]:
    """What the controller told, less what depends on the day and on its cluster's settings."""
    artifacts = sorted(name for name in facts["artifacts"] if name != "main-logs")
    outputs = {name: dated(value) for name, value in facts["outputs"].items()}
    return {**facts, "artifacts": artifacts, "outputs": outputs}


def dated(value: str) -> str:
    return re.sub(r"@ \d{4}", "@ YEAR", value)


def portable(document: Any, folder: Path) -> Any:
    """The document with a command where only an image said one, and path tags where paths are written out."""
    if not hasattr(document, "spec"):
        return document
    templates = tuple(_portable(template, folder) for template in document.spec.templates)
    return document.model_copy(update={"spec": document.spec.model_copy(update={"templates": templates})})


def _portable(template: Template, folder: Path) -> Template:
    tags = {one.path: f"{{{{inputs.artifacts.{one.name}.path}}}}" for one in template.inputs.artifacts}
    tags |= {one.path: f"{{{{outputs.artifacts.{one.name}.path}}}}" for one in template.outputs.artifacts}
    for one in template.outputs.parameters:
        if one.value_from is not None:
            tags[one.value_from.path] = f"{{{{outputs.parameters.{one.name}.path}}}}"
    if template.script is not None:
        source = template.script.source
        if "/mnt/out" not in tags:  # a directory around outputs, which a pod of the engine has already
            source = source.replace('os.mkdir("/mnt/out")', "")
        source = _tagged(source, tags)
        return template.model_copy(update={"script": template.script.model_copy(update={"source": source})})
    if template.container is None:
        return template
    changes: dict[str, Any] = {"args": tuple(_tagged(arg, tags) for arg in template.container.args)}
    if not template.container.command:
        changes["command"] = ("python3", shutil.copy(EXAMPLES / "argosay", folder))
    return template.model_copy(update={"container": template.container.model_copy(update=changes)})


def _tagged(text: str, tags: dict[str | None, str]) -> str:
    for path in sorted(filter(None, tags), key=len, reverse=True):
        text = text.replace(path, tags[path])
    return text
