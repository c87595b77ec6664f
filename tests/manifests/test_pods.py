"""Every pod is let in under `restricted`, has its limits and an end."""

from __future__ import annotations

from overlays import Objects

from workflows.cluster.podsecurity import pods, violations


def test_every_pod_is_let_in(objects: Objects) -> None:
    found = {name: violations(pod) for thing in objects for name, pod in pods(thing)}
    assert len(found) > 20
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_the_namespace_enforces_it(objects: Objects) -> None:
    (namespace,) = (thing for thing in objects if thing["kind"] == "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_what_we_run_says_what_it_needs_and_writes_nowhere(objects: Objects) -> None:
    for thing in objects:
        if thing["kind"] not in ("WorkflowTemplate", "CronWorkflow", "Deployment"):
            continue
        for name, pod in pods(thing):
            for container in pod["containers"]:
                sizes = container["resources"]
                assert {"cpu", "memory"} <= sizes["requests"].keys() & sizes["limits"].keys(), name
                assert container["securityContext"]["readOnlyRootFilesystem"] is True, name


def test_every_workflow_ends_and_is_cleaned_up(objects: Objects) -> None:
    specs = [
        thing["spec"].get("workflowSpec", thing["spec"])
        for thing in objects
        if thing["kind"] in ("WorkflowTemplate", "CronWorkflow")
    ]
    assert len(specs) > 4
    for spec in specs:
        assert spec["activeDeadlineSeconds"] > 0
        assert spec["ttlStrategy"]["secondsAfterCompletion"] > 0
        assert spec["podGC"]["strategy"] == "OnPodSuccess"
