"""Two objects are compared by what is wanted and by what a server does not fill in by itself."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from workflows.cluster.comparison import alike, hidden, is_made

WANTED: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "s3", "labels": {"app": "s3"}},
    "spec": {"ports": [{"port": 9000}], "selector": {"app": "s3"}},
}


def server(address: str, **metadata: Any) -> dict[str, Any]:
    value = copy.deepcopy(WANTED)
    value["metadata"] |= {"uid": address, "resourceVersion": "7", "creationTimestamp": "t", **metadata}
    value["spec"] |= {"clusterIP": address, "clusterIPs": [address], "type": "ClusterIP"}
    value["status"] = {"loadBalancer": address}
    return value


LIVE = server(
    "10.0.0.1", name="s3", namespace="ml", managedFields=[{}], finalizers=["f"], labels={"app": "s3", "x": "y"}
)
TRIED = server("10.0.0.2", name="retrain-check-x7x2p", namespace="ml")


def changed(place: str, value: Any) -> dict[str, Any]:
    """The live object with another value at a place such as `spec.type`."""
    found = copy.deepcopy(LIVE)
    *way, last = place.split(".")
    inner = found
    for part in way:
        inner = inner.setdefault(part, {})
    inner[last] = value
    return found


def test_what_a_server_fills_in_is_no_difference() -> None:
    live, wanted = alike(WANTED, TRIED, LIVE)
    assert live == wanted
    assert live["metadata"] == {"name": "s3", "namespace": "ml", "labels": {"app": "s3"}}


DRIFT = {
    "a value": ("spec.ports", [{"port": 9001}]),
    "a default": ("spec.type", "NodePort"),
    "more than is wanted": ("spec.sessionAffinity", "ClientIP"),
    "one more in a list": ("spec.ports", [{"port": 9000}, {"port": 1}]),
    "another part": ("data", {"a": "b"}),
    "a label that is wanted": ("metadata.labels", {"app": "other"}),
    "no labels": ("metadata.labels", None),
}


@pytest.mark.parametrize(("place", "value"), DRIFT.values(), ids=DRIFT)
def test_what_somebody_changed_is_a_difference(place: str, value: Any) -> None:
    live, wanted = alike(WANTED, TRIED, changed(place, value))
    assert live != wanted


BUS: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "EventBus",
    "metadata": {"name": "default"},
    "spec": {"jetstream": {"containers": [{"securityContext": {"a": 1}, "env": []}], "tls": {}}},
}
WRITTEN: dict[str, tuple[str, dict[str, Any], bool]] = {
    "an empty field": ("EventBus", {"resources": {}, "url": "", "logging": None}, True),
    "one with something in it": ("EventBus", {"resources": {"limits": {"cpu": 1}}}, False),
    "a zero": ("Sensor", {"replicas": 0}, False),
    "no": ("EventSource", {"enabled": False}, False),
    "of a kind that no controller writes": ("NetworkPolicy", {"podSelector": {}}, False),
}


@pytest.mark.parametrize(("kind", "more", "same"), WRITTEN.values(), ids=WRITTEN)
def test_an_empty_field_that_the_controller_wrote_is_no_difference(kind: str, more: dict[str, Any], same: bool) -> None:
    wanted = {**copy.deepcopy(BUS), "kind": kind}
    live = copy.deepcopy(wanted)
    live["spec"]["jetstream"]["containers"][0] |= more
    found, asked = alike(wanted, wanted, live)
    assert (found == asked) is same


def test_an_empty_field_that_is_wanted_counts() -> None:
    live = copy.deepcopy(BUS)
    del live["spec"]["jetstream"]["tls"]
    found, asked = alike(BUS, BUS, live)
    assert found != asked


def test_an_address_that_is_wanted_counts() -> None:
    asked = copy.deepcopy(WANTED)
    asked["spec"]["clusterIP"] = "10.0.0.2"
    live, wanted = alike(asked, TRIED, LIVE)
    assert (live["spec"]["clusterIP"], wanted["spec"]["clusterIP"]) == ("10.0.0.1", "10.0.0.2")


def test_a_secret_is_named_where_it_differs_and_never_shown() -> None:
    def secret(**data: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "Opaque", "data": data}

    live, wanted = hidden(secret(same="c2Vj", other="bGl2ZQ==", gone="eA=="), secret(same="c2Vj", other="d2FudA=="))
    assert live["data"] == {"same": "***", "other": "*** (live)", "gone": "*** (live)"}
    assert wanted["data"] == {"same": "***", "other": "*** (wanted)"}
    assert hidden(LIVE, TRIED) == (LIVE, TRIED)


@pytest.mark.parametrize(
    ("metadata", "made"), [({}, False), ({"ownerReferences": []}, False), ({"ownerReferences": [{"uid": "u"}]}, True)]
)
def test_what_another_object_made_is_known(metadata: dict[str, Any], made: bool) -> None:
    assert is_made({"metadata": metadata}) is made
