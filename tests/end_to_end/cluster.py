"""The cluster of KUBECONFIG as a place: overlay `local` on it, asked and disturbed by kubectl.

Its store is reached by a port that kubectl forwards; the pods of the run reach it by its Service.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from conftest import store_environment
from end_to_end.forward import forwarded
from end_to_end.installed import NAMESPACE, has_events, install, uninstall
from end_to_end.place import PIPELINE, Workflow, ended, environment, over, phase, until
from kubectl import done, items

from steps.registry.objects import connect
from workflows.config import load

HERE = ("-n", NAMESPACE)
STEP = "app.kubernetes.io/component"
RUN = "workflows.argoproj.io/workflow"
CONTROLLER = "app=workflow-controller"
ANSWER = 10.0
"""Seconds that a request to the store may take before it is sent again."""
GONE = 120
"""Seconds that a part may take to go or to come."""
PARTS: Mapping[str, str] = {
    "sensor": f"sensor-name={PIPELINE}",
    "event source": "eventsource-name=retrain-markers",
    "event bus": "eventbus-name=default",
}
"""The labels of their pods."""


def _runs(pod: Mapping[str, Any]) -> bool:
    """Whether the step's own container runs."""
    statuses = pod["status"].get("containerStatuses") or []
    return any(one["name"] == "main" and "running" in (one.get("state") or {}) for one in statuses)


class Cluster:
    """A place on the cluster; `open` installs it."""

    patience = 900.0
    pause = 1.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events = has_events()
        self.restartable = bool(items("pods", "--all-namespaces", "-l", CONTROLLER))

    def workflows(self) -> list[Workflow]:
        found = items("workflows", *HERE)
        return [one for one in found if one["spec"].get("workflowTemplateRef", {}).get("name") == PIPELINE]

    def kill(self, workflow: str, step: str) -> bool:
        """With a second's grace: a pod deleted by force is gone from the API while its containers go on and report.

        What Argo has not yet seen run it makes again under the same name, and counts no attempt.
        """
        which = ("-l", f"{RUN}={workflow},{STEP}={step}")
        until(lambda: any(map(_runs, items("pods", *HERE, *which))) or self._over(workflow, step), step, GONE, 0.05)
        before = items("pods", *HERE, *which)
        known = {pod["metadata"]["uid"] for pod in before}
        for name in [pod["metadata"]["name"] for pod in before if _runs(pod)][:1]:
            done("delete", "pod", name, *HERE, "--grace-period=1", "--wait=false")

        def another() -> bool:
            return any(pod["metadata"]["uid"] not in known for pod in items("pods", *HERE, *which))

        until(lambda: another() or self._over(workflow, step), f"another pod of {step}", GONE, self.pause)
        return another()

    def _over(self, workflow: str, step: str) -> bool:
        return over(json.loads(done("get", "workflow", workflow, *HERE, "-o", "json")), step)

    def restart(self) -> None:
        for pod in items("pods", "--all-namespaces", "-l", CONTROLLER):
            place = pod["metadata"]
            done("delete", "pod", place["name"], "-n", place["namespace"], "--grace-period=0", "--force")

    @contextmanager
    def away(self, part: str) -> Iterator[None]:
        """A bus is away while an event waits in it: the sensor is away too, and comes back after the bus."""
        absent = "event source" if part == "event source" else "sensor"
        deployment = items("deployments", *HERE, "-l", PARTS[absent])[0]["metadata"]["name"]
        self._scale(deployment, 0)
        until(lambda: not items("pods", *HERE, "-l", PARTS[absent]), f"the {absent} is away", GONE)
        yield
        if part == "event bus":
            time.sleep(5)  # for the event to reach the bus, which nothing here can ask for
            done("delete", "pod", "-l", PARTS[part], *HERE, "--grace-period=0", "--force")
            done(
                "wait",
                "pods",
                "-l",
                PARTS[part],
                *HERE,
                "--for=condition=Ready",
                f"--timeout={GONE}s",
                patience=GONE + 9,
            )
        self._scale(deployment, 1)

    def reconcile(self) -> None:
        self._called("reconcile", ["--patience=0"])

    def watch(self, at: datetime) -> None:
        self._called("watch", [f"--at={at.isoformat()}"])

    def told(self) -> Mapping[str, list[str]]:
        path = f"/api/v1/namespaces/{NAMESPACE}/services/desk:8080/proxy/"
        known: Mapping[str, list[str]] = json.loads(done("get", "--raw", path))
        return known

    def _scale(self, deployment: str, replicas: int) -> None:
        done("scale", "deployment", deployment, *HERE, f"--replicas={replicas}")

    def _called(self, duty: str, more: list[str]) -> None:
        """Run what the CronWorkflow runs, with further arguments, as `argo submit --from cronwf/…` would."""
        cron: dict[str, Any] = json.loads(done("get", "cronworkflow", f"{PIPELINE}-{duty}", *HERE, "-o", "json"))
        spec = cron["spec"]["workflowSpec"]
        spec["templates"][0]["container"]["args"] += more
        metadata = {"generateName": f"{PIPELINE}-{duty}-", "namespace": NAMESPACE}
        body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": spec}
        made = json.loads(done("create", "-f", "-", "-o", "json", given=json.dumps(body)))["metadata"]["name"]

        def at_its_end() -> Workflow | None:
            found: Workflow = json.loads(done("get", "workflow", made, *HERE, "-o", "json"))
            return found if ended(found) else None

        found = until(at_its_end, f"{made} ends", self.patience, 0.5)
        assert phase(found) == "Succeeded", found["status"]

    @contextmanager
    def open(self) -> Iterator[Cluster]:
        """Be there until the block ends; E2E_KEEP leaves it on the cluster."""
        with ExitStack() as closing:
            if not os.environ.get("E2E_KEEP"):
                closing.callback(uninstall, events=self.events)
            install(self.folder, events=self.events)
            url = closing.enter_context(forwarded(NAMESPACE, "s3", 9000))
            self.document = load(self.folder / "pipelines" / f"{PIPELINE}.yaml")
            with environment(store_environment(url)):
                self.store = connect(self.document.data.bucket, ANSWER)
            yield self
