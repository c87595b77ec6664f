"""`retrain check` tells what has drifted from the pipelines: committed files, and the live objects of a cluster."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import overlays
import pytest
import yaml
from commandline import PIPELINES, Cli, Done
from kubernetesapi import kubeconfig, serving
from kubernetesobjects import Objects

from workflows.engine.loader import read

SECRET = "bm90LXRvLWJlLXNlZW4="
OURS = {"app.kubernetes.io/part-of": "retrain"}
ROLE: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "steps"},
    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
}
BESIDE: tuple[dict[str, Any], ...] = (
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml"}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s3"}, "spec": {"ports": [{"port": 9000}]}},
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"key": SECRET}},
    ROLE,
)


@pytest.fixture
def folder(tmp_path: Path, cli: Cli) -> Path:
    """A checkout with the pipeline `loans`, rendered, and an overlay that adds a few objects."""
    (tmp_path / "pipelines").mkdir()
    shutil.copy(PIPELINES / "loans.yaml", tmp_path / "pipelines")
    places = ["--pipelines", tmp_path / "pipelines", "--out", tmp_path / "manifests" / "generated"]
    assert cli("render", *places).code == 0
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "beside.yaml").write_text(yaml.safe_dump_all(BESIDE), encoding="utf-8")
    lines = {"namespace": "ml", "labels": [{"pairs": OURS}], "resources": ["../manifests/generated", "beside.yaml"]}
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump(lines), encoding="utf-8")
    return tmp_path


def rendered(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "manifests" / "generated").glob("*-*.yaml"))
    return [one.body for file in files for one in read(file.read_text(encoding="utf-8"), str(file))]


def check(cli: Cli, folder: Path, *options: object) -> Done:
    return cli("check", *options, "--pipelines", folder / "pipelines", "--manifests", folder / "manifests")


# Files


def test_what_is_committed_is_current(cli: Cli, folder: Path) -> None:
    done = check(cli, folder)
    assert (done.code, done.out, done.err) == (0, f"{folder / 'manifests' / 'generated'} is current\n", "")


CHANGES = {
    "changed": ("loans-sensor.yaml", "kind: Changed\n", "differs:\n  --- committed\n  +++ rendered\n"),
    "missing": ("loans-sensor.yaml", None, "is missing\n"),
    "stray": ("gone-sensor.yaml", "kind: Other\n", "is ours by its"),
}


@pytest.mark.parametrize(("name", "content", "says"), CHANGES.values(), ids=CHANGES)
def test_a_file_that_has_drifted_is_told_with_what_to_do(
    cli: Cli, folder: Path, name: str, content: str | None, says: str
) -> None:
    file = folder / "manifests" / "generated" / name
    file.unlink() if content is None else file.write_text(content, encoding="utf-8")
    done = check(cli, folder)
    assert done.code == 1
    assert f"{file} {says}" in done.out
    assert "run `make manifests`" in done.err


def test_the_schema_for_editors_is_held_too(cli: Cli, folder: Path) -> None:
    file = folder / "pipelines" / "pipeline.schema.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"owner"', '"Owner"'), encoding="utf-8")
    done = check(cli, folder)
    assert done.code == 1
    assert f"{file} differs" in done.out
    file.unlink()
    assert f"{file} is missing" in check(cli, folder).out


def test_an_overlay_is_nothing_without_a_cluster(cli: Cli, folder: Path) -> None:
    done = check(cli, folder, "--overlay", folder / "overlay")
    assert done.code == 2
    assert "add --cluster" in done.err


# A cluster


@pytest.fixture
def api(folder: Path) -> Objects:
    """A cluster that holds what is rendered."""
    api = Objects()
    api.hold(*rendered(folder))
    return api


@pytest.fixture
def cluster(api: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with serving(api) as url:
        file = kubeconfig(tmp_path / "config", url)
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))
        yield


def on_cluster(cli: Cli, folder: Path, *options: object) -> Done:
    return check(cli, folder, "--cluster", "--context", "here", *options)


@pytest.mark.usefixtures("cluster")
def test_a_cluster_that_holds_what_is_rendered_is_current_and_unchanged(cli: Cli, folder: Path, api: Objects) -> None:
    before = json.dumps(api.objects)
    done = on_cluster(cli, folder)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(f"{folder / 'manifests' / 'generated'} on the cluster: {len(api.objects)} current\n")
    assert json.dumps(api.objects) == before


@pytest.mark.usefixtures("cluster")
def test_each_object_that_has_drifted_is_told_with_a_diff(cli: Cli, folder: Path, api: Objects) -> None:
    api.of("CronWorkflow", "loans-watch")["spec"]["suspend"] = True
    api.of("WorkflowTemplate", "loans")["spec"]["activeDeadlineSeconds"] = 5
    api.drop("Sensor", "loans")
    done = on_cluster(cli, folder)
    assert done.code == 1
    assert "CronWorkflow ml/loans-watch differs:\n  --- live\n  +++ wanted\n" in done.out
    assert "\n  -  suspend: true\n" in done.out
    assert "\n  -  activeDeadlineSeconds: 5\n" in done.out
    assert "Sensor ml/loans is missing\n" in done.out
    assert f"{len(api.objects) - 2} current, 2 differs, 1 missing\n" in done.out


@pytest.mark.usefixtures("cluster")
def test_what_is_ours_and_wanted_no_longer_is_named(cli: Cli, folder: Path, api: Objects) -> None:
    sensor = {**api.of("Sensor", "loans"), "metadata": {"name": "old", "labels": OURS}}
    made = {**sensor, "metadata": {"name": "made", "labels": OURS, "ownerReferences": [{"uid": "u"}]}}
    other = {**sensor, "metadata": {"name": "other"}}
    api.hold(sensor, made, other)
    done = on_cluster(cli, folder)
    assert done.code == 1
    assert "Sensor ml/old is ours by its labels, and nothing wants it\n" in done.out
    assert "ml/made" not in done.out
    assert "ml/other" not in done.out


@pytest.mark.usefixtures("cluster")
def test_what_the_cluster_would_refuse_is_told_before_it_is_applied(cli: Cli, folder: Path, api: Objects) -> None:
    api.refusal["Sensor"] = 'unknown field "spec.tiggers"'
    done = on_cluster(cli, folder)
    assert done.code == 1
    assert "Sensor ml/loans would be refused:" in done.out
    assert "unknown field" in done.out


@pytest.mark.usefixtures("cluster")
def test_as_data(cli: Cli, folder: Path, api: Objects) -> None:
    api.of("CronWorkflow", "loans-watch")["spec"]["suspend"] = True
    found = {one["what"]: one for one in json.loads(on_cluster(cli, folder, "--json").out)}
    assert {one["state"] for one in found.values()} == {"current", "differs"}
    assert "-  suspend: true" in found["CronWorkflow ml/loans-watch"]["text"]


TROUBLE = {
    "may not look": ({"forbidden": ("get",)}, "not allowed (403); it takes get of "),
    "may not list": ({"forbidden": ("list",)}, "not allowed (403); it takes list of "),
    "may not try": ({"forbidden": ("create",)}, "not allowed (403); it takes create of "),
    "does not know who asks": ({"refuse": 401}, "does not know who asks (401)"),
    "is broken": ({"refuse": 500}, "answered 500"),
    "is none": ({"garbage": True}, "what answers there is no Kubernetes API"),
}


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(("changes", "says"), TROUBLE.values(), ids=TROUBLE)
def test_a_cluster_that_cannot_be_asked_is_no_answer(
    cli: Cli, folder: Path, api: Objects, changes: dict[str, Any], says: str
) -> None:
    for name, value in changes.items():
        setattr(api, name, value)
    done = on_cluster(cli, folder)
    assert done.code == 2
    assert says in done.err


# An overlay


@pytest.fixture
def applied(api: Objects, folder: Path) -> Objects:
    """The cluster after `kubectl apply -k`."""
    api.objects.clear()
    api.hold(*overlays.build(folder / "overlay"))
    return api


@pytest.mark.usefixtures("cluster")
def test_an_overlay_is_held_against_the_cluster_whole(cli: Cli, folder: Path, applied: Objects) -> None:
    done = on_cluster(cli, folder, "--overlay", folder / "overlay")
    assert (done.code, done.err) == (0, "")
    assert f"{folder / 'overlay'} on the cluster: {len(applied.objects)} current" in done.out


@pytest.mark.usefixtures("cluster")
def test_rights_services_and_what_was_left_behind_are_told(cli: Cli, folder: Path, applied: Objects) -> None:
    applied.of("Role", "steps")["rules"][0]["verbs"].append("delete")
    applied.of("Service", "s3")["spec"]["type"] = "NodePort"
    applied.drop("Namespace", "ml")
    applied.hold({**ROLE, "metadata": {"name": "left", "labels": OURS}})
    applied.hold({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "left", "labels": OURS}})
    done = on_cluster(cli, folder, "--overlay", folder / "overlay")
    assert done.code == 1
    assert "Role ml/steps differs" in done.out
    assert "\n  -      - delete\n" in done.out
    assert "-  type: NodePort" in done.out
    assert "Namespace ml is missing" in done.out
    assert "Role ml/left is ours by its labels" in done.out
    assert "ConfigMap ml/left is ours by its labels" in done.out


@pytest.mark.usefixtures("cluster")
def test_a_secret_is_not_shown(cli: Cli, folder: Path, applied: Objects) -> None:
    applied.of("Secret", "keys")["data"]["key"] = "bGl2ZQ=="
    done = on_cluster(cli, folder, "--overlay", folder / "overlay")
    assert "Secret ml/keys differs" in done.out
    assert "key: '*** (live)'" in done.out
    assert SECRET not in done.out
    assert "bGl2ZQ==" not in done.out


@pytest.mark.usefixtures("cluster")
def test_a_kind_that_the_cluster_does_not_serve_is_told(cli: Cli, folder: Path, applied: Objects) -> None:
    monitor = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": "events"}}
    (folder / "overlay" / "beside.yaml").write_text(yaml.safe_dump_all([*BESIDE, monitor]), encoding="utf-8")
    done = on_cluster(cli, folder, "--overlay", folder / "overlay")
    assert done.code == 1
    assert "PodMonitor ml/events cannot be there:\n  the cluster serves no PodMonitor" in done.out


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(("place", "says"), [("nowhere", "no such folder"), ("pipelines", "cannot be built")])
def test_an_overlay_that_does_not_build_is_named(cli: Cli, folder: Path, place: str, says: str) -> None:
    overlays.builder_wanted()
    done = on_cluster(cli, folder, "--overlay", folder / place)
    assert done.code == 2
    assert str(folder / place) in done.err
    assert says in done.err


@pytest.mark.usefixtures("cluster")
def test_without_a_program_that_builds_it_says_what_to_do(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = on_cluster(cli, folder, "--overlay", folder / "overlay")
    assert done.code == 2
    assert "takes kubectl or kustomize" in done.err
