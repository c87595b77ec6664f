"""The WorkflowTemplate holds what the run needs and what an operator of Argo expects."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from documents import document

from steps.document import read
from workflows.definitions.pipeline import workflow_template

LITERAL_PATH = re.compile(r"=/|^/")


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return dict(workflow_template(document(notify={"slack": {"secret": "retrain-slack"}}))["spec"])


def template(spec: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in spec["templates"] if entry["name"] == name)


def task(spec: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in template(spec, "pipeline")["dag"]["tasks"] if entry["name"] == name)


@pytest.mark.parametrize("graph", ["pipeline", "exit"])
def test_the_run_carries_its_document(spec: dict[str, Any], graph: str) -> None:
    (artifact,) = template(spec, graph)["inputs"]["artifacts"]
    assert read(artifact["raw"]["data"]) == document(notify={"slack": {"secret": "retrain-slack"}})


def test_both_branches_follow_a_judged_model_and_compare_words(spec: dict[str, Any]) -> None:
    decision = "{{tasks.evaluate.outputs.parameters.decision}}"
    assert task(spec, "deploy")["depends"] == task(spec, "reject")["depends"] == "evaluate.Succeeded"
    assert task(spec, "deploy")["when"] == f"{decision} == deploy"
    assert task(spec, "reject")["when"] == f"{decision} != deploy"


def test_a_verdict_is_never_retried_and_everything_else_is(spec: dict[str, Any]) -> None:
    for entry in spec["templates"]:
        if "container" in entry:
            assert entry["retryStrategy"]["retryPolicy"] == "Always"
            assert entry["retryStrategy"]["expression"] == "asInt(lastRetry.exitCode) != 42"
            assert entry["retryStrategy"]["limit"] == 2


def test_no_step_gets_a_literal_path(spec: dict[str, Any]) -> None:
    for entry in spec["templates"]:
        for argument in entry.get("container", {}).get("args", []):
            assert not LITERAL_PATH.search(argument), argument


def test_artifacts_lie_under_the_run_s_name_and_uid_unpacked(spec: dict[str, Any]) -> None:
    for entry in spec["templates"]:
        for artifact in entry.get("outputs", {}).get("artifacts", []):
            assert artifact["s3"]["key"].startswith("artifacts/{{workflow.name}}/{{workflow.uid}}/")
            assert artifact["archive"] == {"none": {}}
            assert artifact["optional"] is True


PARITY = {"name": "same", "kind": "parity", "metric": "score_difference", "below": 0.001}


@pytest.mark.parametrize("exports", [False, True])
def test_an_exported_model_goes_from_train_to_its_judge_and_to_production(exports: bool) -> None:
    of = document(model__export="onnx", gates=[PARITY]) if exports else document()
    made = workflow_template(of)["spec"]
    ways = {
        name: [one["name"] for one in template(made, name)[way].get("artifacts", []) if one["name"] == "onnx"]
        for name, way in (("train", "outputs"), ("evaluate", "inputs"), ("deploy", "inputs"))
    }
    assert ways == dict.fromkeys(ways, ["onnx"] if exports else [])
    for name, folder in (("train", "outputs"), ("evaluate", "inputs"), ("deploy", "inputs")):
        told = [one for one in template(made, name)["container"]["args"] if one.startswith("--onnx=")]
        assert told == [f"--onnx={{{{{folder}.artifacts.onnx.path}}}}"] * exports
    for name in ("evaluate", "deploy"):
        sources = [one["from"] for one in task(made, name)["arguments"]["artifacts"] if one["name"] == "onnx"]
        assert sources == ["{{tasks.train.outputs.artifacts.onnx}}"] * exports


def test_every_output_parameter_has_a_default(spec: dict[str, Any]) -> None:
    for entry in spec["templates"]:
        for parameter in entry.get("outputs", {}).get("parameters", []):
            assert "default" in parameter["valueFrom"], (entry["name"], parameter["name"])


def test_a_loop_exports_a_verdict_for_each_item(spec: dict[str, Any]) -> None:
    (verdict,) = template(spec, "validate")["outputs"]["parameters"]
    assert verdict["globalName"] == "validate-verdict-{{inputs.parameters.index}}"


def test_the_exit_handler_cannot_fail_a_good_run(spec: dict[str, Any]) -> None:
    assert spec["onExit"] == "exit"
    for entry in template(spec, "exit")["dag"]["tasks"]:
        assert entry["continueOn"] == {"failed": True, "error": True}


def test_only_notify_sees_slack_s_secret(spec: dict[str, Any]) -> None:
    seeing = [entry["name"] for entry in spec["templates"] if "retrain-slack" in json.dumps(entry.get("container"))]
    assert seeing == ["notify"]


def test_only_deploy_runs_as_the_account_that_may_move_production(spec: dict[str, Any]) -> None:
    running = [entry["name"] for entry in spec["templates"] if entry.get("serviceAccountName") == "retrain-deploy"]
    assert running == ["deploy"]


def test_two_runs_of_a_pipeline_never_overlap(spec: dict[str, Any]) -> None:
    assert spec["synchronization"] == {"mutexes": [{"name": "retrain-loans"}]}


def test_the_document_sizes_a_step() -> None:
    sized = document(
        run={
            "timeouts": {"train": "2h"},
            "resources": {"train": {"cpu": "4", "memory": "8Gi", "gpu": 1, "node_selector": {"pool": "gpu"}}},
        }
    )
    train = template(workflow_template(sized)["spec"], "train")
    assert train["timeout"] == "2h"
    assert train["container"]["resources"]["limits"] == {"cpu": "4", "memory": "8Gi", "nvidia.com/gpu": "1"}
    assert train["nodeSelector"] == {"pool": "gpu"}


@pytest.mark.parametrize(("cpu", "threads"), [("4", "4"), ("500m", "1"), ("1500m", "2"), ("2.5", "3"), ("0", "1")])
def test_a_step_starts_as_many_threads_as_it_has_cpus(cpu: str, threads: str) -> None:
    spec = workflow_template(document(run={"resources": {"train": {"cpu": cpu}}}))["spec"]
    assert template(spec, "train")["container"]["env"] == [{"name": "OMP_NUM_THREADS", "value": threads}]
    light = [entry["name"] for entry in spec["templates"] if "env" not in entry.get("container", {"env": 0})]
    assert light == ["claim", "deploy", "reject", "record", "notify"]


GPU = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
SPOT = {"key": "spot", "operator": "Equal", "value": "yes", "effect": "NoExecute"}
NODES = {
    "a GPU": ({"gpu": 2}, "gpu", [GPU]),
    "nodes by label": ({"node_selector": {"pool": "big"}}, "node", None),
    "a taint too": ({"gpu": 1, "tolerations": [SPOT]}, "gpu", [GPU, SPOT]),
    "the GPU's taint in its own words": (
        {"gpu": 1, "tolerations": [{"key": "nvidia.com/gpu", "effect": "NoExecute"}]},
        "gpu",
        [{**GPU, "effect": "NoExecute"}],
    ),
}


@pytest.mark.parametrize(("asked", "name", "tolerated"), NODES.values(), ids=NODES)
def test_a_run_waits_a_bounded_time_for_a_node_that_not_every_node_is(
    asked: dict[str, Any], name: str, tolerated: list[dict[str, str]] | None
) -> None:
    spec = workflow_template(document(run={"pending": "20m", "resources": {"train": asked}}))["spec"]
    waits, train = template(spec, name), template(spec, "train")
    assert waits["timeout"] == "20m"
    assert "retryStrategy" not in waits, "with retries, Argo never counts the time that a pod is pending"
    for field in ("nodeSelector", "tolerations"):
        assert waits.get(field) == train.get(field)
    assert waits["container"]["resources"] == train["container"]["resources"]
    assert train.get("tolerations") == tolerated
    assert task(spec, name)["depends"] == "validate.Succeeded"
    assert task(spec, "train")["depends"] == f"{name}.Succeeded"


def test_a_run_that_any_node_takes_waits_for_none(spec: dict[str, Any]) -> None:
    assert {entry["name"] for entry in spec["templates"]} & {"gpu", "node"} == set()
    assert task(spec, "train")["depends"] == "validate.Succeeded"


def test_every_pod_is_confined(spec: dict[str, Any]) -> None:
    assert spec["securityContext"]["runAsNonRoot"] is True
    for entry in spec["templates"]:
        if "container" in entry:
            assert entry["container"]["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
            assert set(entry["container"]["resources"]["limits"]) >= {"cpu", "memory"}
            assert entry["timeout"]


def test_what_a_step_decides_is_told_soon() -> None:
    """Argo waits before it asks whether to retry: a refusal must not wait for a backoff meant for outages."""
    templates = {one["name"]: one for one in workflow_template(document())["spec"]["templates"]}
    for name in ("claim", "validate", "reject"):
        assert templates[name]["retryStrategy"]["backoff"]["duration"] == "{{workflow.parameters.verdict-backoff}}"
    assert templates["train"]["retryStrategy"]["backoff"]["duration"] == "{{workflow.parameters.retry-backoff}}"
