"""Whatever an object names is in its overlay too, or is said to come from outside."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from typing import Any

import overlays
import pytest
import yaml
from overlays import COMPONENTS, Objects

from workflows.cluster.podsecurity import pods

FROM_OUTSIDE = {"minio-webhook": {("Secret", "retrain-webhook")}}
"""What a person has to make before applying a component, as its kustomization says."""
TRIAL_WORDS = {"AWS_ACCESS_KEY_ID": "trial", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
SECRETS = re.compile(r"AKIA[0-9A-Z]{16}|hooks\.slack\.com/\S*[A-Za-z0-9]{8}|PRIVATE KEY|xox[abp]-|//[^/\s:]+:[^@\s]+@")
LABELLED_BY_ARGO = {
    "controller": {"eventbus-controller", "eventsource-controller", "sensor-controller"},
    "workflows.argoproj.io/workflow": None,
}
"""Labels that Argo's controllers put on pods (argo-events pkg/reconciler, argo-workflows workflow/common)."""
REFERENCES = {
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
    "accessKey": "Secret",
    "secretKey": "Secret",
    "authSecret": "Secret",
    "accessKeySecret": "Secret",
    "secretKeySecret": "Secret",
    "serviceAccountRef": "ServiceAccount",
    "secretStoreRef": "SecretStore",
    "workflowTemplateRef": "WorkflowTemplate",
}


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield kind and name of everything named below `value` that has to be there."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key in REFERENCES and isinstance(item, dict) and "name" in item and not item.get("optional"):
            yield REFERENCES[key], item["name"]
        elif key == "configMap" and isinstance(item, dict) and "name" in item:
            yield "ConfigMap", item["name"]
        elif key == "serviceAccountName":
            yield "ServiceAccount", item
        elif key == "eventBusName":
            yield "EventBus", item
        elif key == "eventSourceName":
            yield "EventSource", item
        elif key == "roleRef":
            yield item["kind"], item["name"]
        elif key == "subjects":
            yield from ((subject["kind"], subject["name"]) for subject in item)
        yield from references(item)


def named(objects: Objects) -> set[tuple[str, str]]:
    """What is there, Secrets that an operator will bring included."""
    there = {(thing["kind"], thing["metadata"]["name"]) for thing in objects}
    brought = {("Secret", thing["spec"]["target"]["name"]) for thing in objects if thing["kind"] == "ExternalSecret"}
    return there | brought


def of_kind(objects: Objects, *kinds: str) -> list[dict[str, Any]]:
    return [thing for thing in objects if thing["kind"] in kinds]


def repositories(objects: Objects) -> dict[str, Any]:
    (table,) = (
        thing for thing in of_kind(objects, "ConfigMap") if thing["metadata"]["name"] == "artifact-repositories"
    )
    return {key: yaml.safe_load(text) for key, text in table["data"].items()}


def missing(objects: Objects) -> set[tuple[str, str]]:
    return {*references(list(objects)), *references(repositories(objects))} - named(objects)


def test_every_reference_is_resolved(objects: Objects) -> None:
    assert len({*references(list(objects))}) > 10
    assert missing(objects) == set()


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_needs_what_it_says(component: str, assemble: Callable[..., Objects]) -> None:
    assert missing(assemble([component])) == FROM_OUTSIDE.get(component, set())


def test_a_dangling_reference_is_seen() -> None:
    pod = {"kind": "Sensor", "metadata": {"name": "x"}, "spec": {"template": {"serviceAccountName": "nobody"}}}
    secret = {"env": [{"valueFrom": {"secretKeyRef": {"name": "gone", "key": "url"}}}]}
    assert {*references([pod, secret])} == {("ServiceAccount", "nobody"), ("Secret", "gone")}


def test_every_pipeline_s_bucket_has_its_repository(objects: Objects) -> None:
    for template in of_kind(objects, "WorkflowTemplate"):
        where = template["spec"]["artifactRepositoryRef"]
        assert where["configMap"] == "artifact-repositories"
        assert repositories(objects)[where["key"]]["s3"]["bucket"] == where["key"]


def test_a_sensor_listens_to_an_event_that_its_source_has(objects: Objects) -> None:
    events = {
        (source["metadata"]["name"], event)
        for source in of_kind(objects, "EventSource")
        for kind in ("sqs", "webhook")
        for event in source["spec"].get(kind, ())
    }
    for sensor in of_kind(objects, "Sensor"):
        for dependency in sensor["spec"]["dependencies"]:
            assert (dependency["eventSourceName"], dependency["eventName"]) in events


def test_a_selector_selects_pods_that_exist(objects: Objects) -> None:
    made = [thing["spec"]["template"]["metadata"]["labels"] for thing in of_kind(objects, "Deployment")]
    for thing in of_kind(objects, "NetworkPolicy", "PodDisruptionBudget", "Service", "PodMonitor"):
        spec = thing["spec"]
        selector = spec.get("podSelector", spec.get("selector")) or {}
        labels = selector if thing["kind"] == "Service" else selector.get("matchLabels") or {}
        for label, value in labels.items():
            known = LABELLED_BY_ARGO.get(label)
            assert (known and value in known) or any(pod.get(label) == value for pod in made), thing["metadata"]["name"]
        for term in selector.get("matchExpressions") or ():
            assert term["key"] in LABELLED_BY_ARGO
            assert set(term.get("values") or ()) <= (LABELLED_BY_ARGO[term["key"]] or set())


def test_no_secret_stands_in_the_manifests(overlay: str, objects: Objects) -> None:
    assert not SECRETS.search(overlays.text(overlays.ROOT / "overlays" / overlay))
    found = [{**thing.get("data", {}), **thing.get("stringData", {})} for thing in of_kind(objects, "Secret")]
    if overlay != "local":
        assert found == []
        return
    (trial,) = found
    assert {key: base64.b64decode(value).decode() for key, value in trial.items()} == TRIAL_WORDS


def test_production_and_staging_store_no_key_for_s3() -> None:
    for name in ("production", "staging"):
        objects = overlays.overlay(name)
        assert ("Secret", "retrain-storage") not in named(objects)
        for repository in repositories(objects).values():
            assert repository["s3"]["useSDKCreds"] is True
            assert not {"accessKeySecret", "secretKeySecret", "insecure"} & repository["s3"].keys()
        for source in of_kind(objects, "EventSource"):
            assert not {"accessKey", "secretKey", "endpoint"} & source["spec"]["sqs"]["marker"].keys()
        for account in of_kind(objects, "ServiceAccount"):
            if account["metadata"]["name"] != "retrain-sensor":
                assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].endswith(
                    f":role/{account['metadata']['name']}"
                )


def test_only_who_tells_people_sees_where_to_tell_them(objects: Objects) -> None:
    telling = {"retrain-notify", "retrain-reconcile"}
    for thing in objects:
        for name, pod in pods(thing):
            if "retrain-slack" in str(pod["containers"]) or "retrain-page" in str(pod["containers"]):
                assert pod["serviceAccountName"] in telling, name
