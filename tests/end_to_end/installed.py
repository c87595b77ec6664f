"""Overlay `local` on the cluster of KUBECONFIG, as the cases need it, and nothing of it afterwards.

What is applied is what `kubectl apply -k` would: the overlay over manifests rendered from the pipeline, with the waits
of a laptop before a retry, CronWorkflows that stay where they are until they are called, and a desk.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import overlays
import yaml
from end_to_end.place import pipelines_in, until
from kubectl import SERVER_SIDE, done, items, kubectl, listed, served
from overlays import ROOT

from workflows.commands import render
from workflows.commands.local import BACKOFFS

NAMESPACE = "retrain"
MINE = "retrain/end-to-end"
HERE = Path(__file__).parent
EVENTS = ("EventBus", "EventSource", "Sensor")
USERS_FIRST = ("sensors", "eventsources", "eventbus")
"""In this order: deleting a bus in use hangs."""
READY = 300


def has_events() -> bool:
    """Whether Argo Events is there: its kinds, and a controller of them that runs."""
    if not {("argoproj.io/v1alpha1", kind) for kind in EVENTS} <= served():
        return False
    pods = items("pods", "--all-namespaces", "-l", "app=controller-manager")
    return any(pod["status"]["phase"] == "Running" for pod in pods)


def objects(folder: Path, *, events: bool) -> list[dict[str, Any]]:
    """Return every object to apply; `folder` gets the pipeline and the manifests made of it."""
    manifests = folder / "manifests"
    shutil.copytree(ROOT, manifests)
    shutil.rmtree(manifests / "generated")
    render.write(pipelines_in(folder), manifests / "generated", say=lambda _: None)
    built = [_quicker(thing) for thing in overlays.build(manifests / "overlays" / "local")]
    code = (HERE / "desk.py").read_text(encoding="utf-8")
    metadata = {"name": "desk", "namespace": NAMESPACE}
    script = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"desk.py": code}}
    desk = [script, *yaml.safe_load_all((HERE / "desk.yaml").read_text(encoding="utf-8"))]
    return [thing for thing in (*built, *desk) if events or thing["kind"] not in EVENTS]


def _quicker(thing: dict[str, Any]) -> dict[str, Any]:
    if thing["kind"] == "WorkflowTemplate":
        for parameter in thing["spec"]["arguments"]["parameters"]:
            parameter["value"] = BACKOFFS.get(parameter["name"], parameter.get("value"))
            if parameter["value"] is None:
                del parameter["value"]
    if thing["kind"] == "CronWorkflow":
        thing["spec"]["suspend"] = True
    if thing["kind"] == "Namespace":
        thing["metadata"].setdefault("labels", {})[MINE] = "true"
    return thing


def install(folder: Path, *, events: bool) -> None:
    """Apply it all to a namespace that is not there yet, and wait until it works."""
    found = kubectl("get", "namespace", NAMESPACE, "-o", "json")
    if found.returncode == 0:
        labels = yaml.safe_load(found.stdout)["metadata"].get("labels", {})
        assert MINE in labels, (
            f"the namespace {NAMESPACE!r} is there, and not from here; delete it, or use another cluster"
        )
        uninstall(events=events)
    wanted = objects(folder, events=events)
    first = [thing for thing in wanted if thing["kind"] == "Namespace"]
    done("apply", *SERVER_SIDE, "-f", "-", given=listed(first))
    done("apply", *SERVER_SIDE, "-f", "-", given=listed([thing for thing in wanted if thing not in first]))
    for deployment in ("s3", "desk"):
        _wait("deployment", deployment)
    if events:
        done(
            "wait",
            "-n",
            NAMESPACE,
            "--for=condition=Deployed",
            "eventbus/default",
            f"--timeout={READY}s",
            patience=READY + 9,
        )
        _wait("pods", "-l", "eventbus-name=default")
        _wait("pods", "-l", "owner-name")


def _wait(kind: str, *which: str) -> None:
    condition = "Available" if kind == "deployment" else "Ready"
    if kind == "pods":  # nothing to wait for is an error of kubectl's
        until(lambda: items("pods", "-n", NAMESPACE, *which), f"pods {' '.join(which)} come", READY, 1)
    words = ("wait", "-n", NAMESPACE, kind, *which, f"--for=condition={condition}", f"--timeout={READY}s")
    done(*words, patience=READY + 9)


def uninstall(*, events: bool) -> None:
    """Delete everything that was applied, the namespace last."""
    if events:
        for kind in USERS_FIRST:
            kubectl("delete", kind, "--all", "-n", NAMESPACE, "--timeout=60s")
    done("delete", "namespace", NAMESPACE, "--timeout=240s", patience=250)
