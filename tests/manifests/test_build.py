"""Every overlay and component builds without a cluster, and runs one known build of each image."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from overlays import COMPONENTS, OVERLAYS, ROOT, Objects

from images.overlay import Pin, pinned
from workflows.cluster.podsecurity import pods

DIGEST = f"sha256:{'d' * 64}"
LONGEST = {"CronWorkflow": 52}


def images(objects: Objects) -> Iterator[str]:
    for thing in objects:
        for _, pod in pods(thing):
            yield from (container["image"] for container in pod["containers"] if "image" in container)


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_builds_alone(component: str, assemble: Callable[..., Objects]) -> None:
    assert len(assemble([component])) > 30


def test_the_two_sources_of_secrets_are_alternatives(assemble: Callable[..., Objects]) -> None:
    for where in ("aws", "vault"):
        found = assemble([f"external-secrets-{where}"])
        kept = {thing["spec"]["target"]["name"] for thing in found if thing["kind"] == "ExternalSecret"}
        assert kept >= {"retrain-page", "retrain-slack"}
        assert ("retrain-storage" in kept) == (where == "vault"), "on AWS roles stand for keys"


def test_nothing_is_said_twice(objects: Objects) -> None:
    names = [(thing["apiVersion"], thing["kind"], thing["metadata"]["name"]) for thing in objects]
    assert len(names) == len(set(names))


def test_all_of_it_is_in_the_namespace(objects: Objects) -> None:
    assert {thing["metadata"].get("namespace") for thing in objects if thing["kind"] != "Namespace"} == {"retrain"}


def test_an_image_has_one_known_build(objects: Objects) -> None:
    found = set(images(objects))
    assert {"retrain-steps", "retrain"} <= {re.split("[:@]", image.rpartition("/")[2])[0] for image in found}
    for image in found:
        assert re.search(r"(:[A-Za-z0-9_][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})$", image), image
        assert not image.endswith(":latest")


def test_objects_come_in_waves_and_the_one_who_publishes_last(objects: Objects) -> None:
    waves = {
        thing["kind"]: int(thing["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", "0"))
        for thing in objects
    }
    order = ["ServiceAccount", "EventBus", "WorkflowTemplate", "Sensor", "EventSource"]
    assert [waves[kind] for kind in order] == sorted({waves[kind] for kind in order})
    assert waves["Namespace"] == waves["Role"] == waves["NetworkPolicy"] == waves["ServiceAccount"]
    assert waves["CronWorkflow"] > waves["WorkflowTemplate"]


def test_what_is_ours_says_so(objects: Objects) -> None:
    assert {thing["metadata"]["labels"]["app.kubernetes.io/part-of"] for thing in objects} == {"retrain"}


def test_names_are_as_long_as_argo_and_kubernetes_take(objects: Objects) -> None:
    for thing in objects:
        assert len(thing["metadata"]["name"]) <= LONGEST.get(thing["kind"], 63), thing["metadata"]["name"]
        for value in (thing["metadata"].get("labels") or {}).values():
            assert len(value) <= 63


def test_a_digest_reaches_every_template(assemble: Callable[..., Objects], tmp_path: Path) -> None:
    (tmp_path / "images-configuration.yaml").write_text((ROOT / "overlays/local/images-configuration.yaml").read_text())
    pins = [Pin(name, f"registry.example.com/{name}", "", DIGEST) for name in ("retrain-steps", "retrain")]
    found = set(images(assemble([], pinned("configurations: [images-configuration.yaml]\n", pins))))
    assert found == {f"registry.example.com/{name}@{DIGEST}" for name in ("retrain-steps", "retrain")}


def test_the_overlays_say_alike_where_images_stand() -> None:
    assert len({(ROOT / "overlays" / name / "images-configuration.yaml").read_text() for name in OVERLAYS}) == 1


def test_no_object_is_in_generated_by_hand() -> None:
    for file in (ROOT / "generated").glob("*.yaml"):
        assert "digest" not in file.read_text()


def test_every_file_is_used() -> None:
    for file in ROOT.rglob("*.yaml"):
        if file.name == "kustomization.yaml" or file.parent.name in ("argo", "generated"):
            continue
        kustomization = yaml.safe_load((file.parent / "kustomization.yaml").read_text())
        assert file.name in str(kustomization), file


def test_the_webhook_replaces_sqs_under_the_same_name(assemble: Callable[..., Objects]) -> None:
    def one(objects: Objects, kind: str) -> list[dict[str, Any]]:
        return [thing for thing in objects if thing["kind"] == kind]

    plain, posted = assemble([]), assemble(["minio-webhook"])
    (before,), (after,) = one(plain, "EventSource"), one(posted, "EventSource")
    assert after["metadata"] == before["metadata"]
    assert set(before["spec"]["sqs"]) == set(after["spec"]["webhook"])
    assert "sqs" not in after["spec"]
    assert one(posted, "Sensor") == one(plain, "Sensor")


def test_gpus_are_bounded_for_all_pipelines_together(assemble: Callable[..., Objects]) -> None:
    quotas = {
        thing["metadata"]["name"]: thing["spec"]["hard"]
        for thing in assemble(["gpu"])
        if thing["kind"] == "ResourceQuota"
    }
    assert quotas["retrain-gpu"] == {"requests.nvidia.com/gpu": "4"}
    assert "requests.nvidia.com/gpu" not in quotas["retrain"]
