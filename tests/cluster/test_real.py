"""On a real API server: an overlay that was applied is current, a change in it is told, and a submit is a Workflow.

Needs KUBECONFIG and the full custom resource definitions of Argo. It makes a namespace of its own and takes it away.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from batches import MARKER
from commandline import MANIFESTS, Done, retrain

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif("KUBECONFIG" not in os.environ, reason="KUBECONFIG names no cluster to ask"),
]
KIND = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def kubectl(*words: str, given: str | None = None) -> str:
    done = subprocess.run(["kubectl", *words], input=given, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def context() -> str:
    return kubectl("config", "current-context").strip()


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The trial's overlay in a namespace of its own, applied."""
    folder, namespace = tmp_path_factory.mktemp("overlay"), f"retrain-{uuid4().hex[:8]}"
    resources = [os.path.relpath(MANIFESTS / "overlays" / "local", folder.resolve())]
    lines = {"namespace": namespace, "resources": resources}
    (folder / "kustomization.yaml").write_text(KIND + yaml.safe_dump(lines), encoding="utf-8")
    try:
        kubectl("apply", "-k", str(folder))
        yield folder
    finally:
        kubectl("delete", "namespace", namespace, "--wait=false")


def namespace_of(overlay: Path) -> str:
    return str(yaml.safe_load((overlay / "kustomization.yaml").read_text(encoding="utf-8"))["namespace"])


def check(overlay: Path, *options: str) -> Done:
    return retrain("check", "--cluster", "--overlay", overlay, *options)


def test_what_was_applied_is_current(overlay: Path) -> None:
    done = check(overlay)
    assert (done.code, done.err) == (0, ""), done.out
    assert " current\n" in done.out


def test_what_was_changed_is_told(overlay: Path) -> None:
    own = ("-n", namespace_of(overlay))
    kubectl("patch", *own, "cronworkflow", "loans-watch", "--type=merge", "-p", '{"spec": {"suspend": true}}')
    kubectl("delete", *own, "networkpolicy", "sensor")
    rule = '[{"op": "add", "path": "/rules/0/verbs/-", "value": "delete"}]'
    kubectl("patch", *own, "role", "retrain-sensor", "--type=json", "-p", rule)
    kubectl("create", *own, "configmap", "left")
    kubectl("label", *own, "configmap", "left", "app.kubernetes.io/part-of=retrain")
    kubectl("annotate", *own, "deployment", "s3", "somebody=else")
    try:
        found = {one["what"]: one for one in json.loads(check(overlay, "--json").out) if one["state"] != "current"}
    finally:
        kubectl("delete", *own, "configmap", "left")
        kubectl("apply", "-k", str(overlay))
        kubectl("patch", *own, "cronworkflow", "loans-watch", "--type=merge", "-p", '{"spec": {"suspend": null}}')
    named = {what.replace(f"{namespace_of(overlay)}/", ""): one["state"] for what, one in found.items()}
    assert named == {
        "CronWorkflow loans-watch": "differs",
        "NetworkPolicy sensor": "missing",
        "Role retrain-sensor": "differs",
        "ConfigMap left": "extra",
    }
    assert "-  suspend: true" in found[f"CronWorkflow {namespace_of(overlay)}/loans-watch"]["text"]


def test_what_the_server_would_refuse_is_told(overlay: Path, tmp_path: Path) -> None:
    patch = "- target: {kind: WorkflowTemplate, name: loans}\n  patch: |\n    - {op: add, path: /spec/tpyo, value: 1}\n"
    lines = yaml.safe_dump({"resources": [os.path.relpath(overlay.resolve(), tmp_path.resolve())]})
    (tmp_path / "kustomization.yaml").write_text(f"{KIND}{lines}patches:\n{patch}", encoding="utf-8")
    done = check(tmp_path)
    assert done.code == 1
    assert "WorkflowTemplate" in done.out
    assert "would be refused" in done.out
    assert 'unknown field "spec.tpyo"' in done.out


def test_a_submit_and_what_it_prints_for_kubectl_are_one_workflow(overlay: Path, context: str) -> None:
    namespace = namespace_of(overlay)
    words = ("submit", "loans", "--marker", MARKER, "--etag", "0123456789abcdef", "--reason", "to see")
    place = ("--context", context, "--namespace", namespace)
    name = "loans-2026-02-23-0123456789ab"
    printed = retrain(*words, *place, "--dry-run")
    kubectl("create", "-n", namespace, "--validate=strict", "-f", "-", given=printed.out)
    done = retrain(*words, *place)
    assert (done.code, done.out) == (0, f"{name}\n")
    assert "is there already" in done.err
    made = json.loads(kubectl("get", "-n", namespace, "workflow", name, "-o", "json"))
    assert made["spec"] == yaml.safe_load(printed.out)["spec"]
    given = {one["name"]: one["value"] for one in made["spec"]["arguments"]["parameters"]}
    user = kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
    assert (given["requested-by"], given["trigger"], given["why"]) == (user, "manual", "to see")
