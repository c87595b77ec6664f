"""`retrain lint`: 0 for what Argo would take, 1 for what it would refuse, 2 for what cannot be read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from commandline import MANIFESTS, PIPELINES, Cli, hello
from overlays import OVERLAYS, ROOT, text


def test_the_shipped_manifests_are_clean(cli: Cli) -> None:
    done = cli("lint", "--manifests", MANIFESTS, "--pipelines", PIPELINES)
    assert done.code == 0
    assert "pipelines: 0 errors, 0 warnings" in done.out


def test_fields_that_only_a_cluster_honours_are_named(cli: Cli, tmp_path: Path) -> None:
    file = hello(tmp_path, "  entrypoint: main", "  entrypoint: main\n  ttlStrategy: {secondsAfterCompletion: 5}")
    assert "without effect outside a cluster: ttlStrategy" in cli("lint", file).out
    assert "every field has an effect here" in cli("lint", hello(tmp_path)).out


NAMESPACE = """\
---
apiVersion: v1
kind: Namespace
metadata: {name: ml, labels: {pod-security.kubernetes.io/enforce: restricted}}
"""


def test_what_a_restricted_namespace_would_refuse_is_an_error(cli: Cli, tmp_path: Path) -> None:
    file = hello(tmp_path)
    assert cli("lint", file).code == 0
    file.write_text(file.read_text() + NAMESPACE)
    done = cli("lint", file)
    assert done.code == 1
    assert "Namespace 'ml' enforces Pod Security 'restricted' and refuses its pods: main: no seccompProfile" in done.out


def test_a_field_that_only_the_api_server_would_miss_is_an_error(cli: Cli, tmp_path: Path) -> None:
    file = hello(tmp_path, "  entrypoint: main", "  entrypoint: main\n  ttlStrategy: {secondsAfterDone: 5}")
    done = cli("lint", file)
    assert done.code == 1
    assert "unknown field 'secondsAfterDone'" in done.out


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_an_overlay_builds_to_is_clean(cli: Cli, name: str) -> None:
    text(ROOT / "base")  # skips where nothing builds
    done = cli("lint", "--overlay", ROOT / "overlays" / name)
    assert done.code == 0
    assert "objects: 0 errors, 0 warnings" in done.out


WEBHOOK = """
namespace: ml
resources: [{0}/base, {0}/generated]
components: [{0}/components/minio-webhook]
patches:
  - target: {{kind: EventSource}}
    patch: |
      - {{op: replace, path: /spec/webhook/marker/port, value: 12000}}
"""


def test_what_a_patch_breaks_is_found_where_no_server_looks(cli: Cli, tmp_path: Path) -> None:
    text(ROOT / "base")
    folder = tmp_path.resolve()
    (folder / "kustomization.yaml").write_text(WEBHOOK.format(os.path.relpath(ROOT, folder)))
    done = cli("lint", "--overlay", folder)
    assert done.code == 1
    assert "field 'spec.webhook[marker].port'\n  error: expected text, got 12000" in done.out
    assert "its event documents are not held against each other: the engine does not support" in done.out


def test_paths_and_an_overlay_are_alternatives(cli: Cli, tmp_path: Path) -> None:
    done = cli("lint", hello(tmp_path), "--overlay", ROOT / "overlays/local")
    assert done.code == 2
    assert "not both" in done.err


def test_an_error_is_a_no_and_is_data_too(cli: Cli, tmp_path: Path) -> None:
    file = hello(tmp_path, "entrypoint: main", "entrypoint: mian")
    assert "looked at 1 manifest: 1 error, 0 warnings" in cli("lint", file).out
    done = cli("lint", file, "--json")
    (problem,) = json.loads(done.out)
    assert done.code == 1
    assert problem["level"] == "error"
    assert "'mian'" in problem["message"]
    assert "did you mean 'main'?" in problem["hint"]


def test_a_clean_file_is_an_empty_list(cli: Cli, tmp_path: Path) -> None:
    done = cli("lint", hello(tmp_path), "--json")
    assert (done.code, json.loads(done.out)) == (0, [])


def test_a_field_that_is_not_supported_is_named(cli: Cli, tmp_path: Path) -> None:
    done = cli("lint", hello(tmp_path, "  entrypoint: main", "  entrypoint: main\n  hooks: {}"))
    assert (done.code, done.out) == (2, "")
    assert "'hooks'" in done.err


def test_a_file_that_is_not_there_is_named(cli: Cli, tmp_path: Path) -> None:
    done = cli("lint", tmp_path / "nowhere.yaml")
    assert done.code == 2
    assert "nowhere.yaml" in done.err
