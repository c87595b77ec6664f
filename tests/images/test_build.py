"""`make images` does what its variables say, told with a stand-in for buildah that writes down what it was asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from images import build
from images.build import LARGEST, Wanted, wanted
from images.builder import BuildError
from images.overlay import Pin

DIGEST = f"sha256:{'c' * 64}"
SHA = "0a1b2c3d" * 5


class Buildah:
    """What buildah and git answer; `asked` are the commands."""

    def __init__(self, layer: int = 1000, changed: str = "") -> None:
        self.layer, self.changed = layer, changed
        self.asked: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> str:
        self.asked.append(list(command))
        match command[1]:
            case "rev-parse":
                return f"{SHA}\n"
            case "status":
                return self.changed
            case "inspect":
                return json.dumps({"layers": [{"size": self.layer}]})
            case "push":
                Path(command[3]).write_text(DIGEST)
        return ""

    def words(self, verb: str) -> list[str]:
        return next(command for command in self.asked if command[1] == verb)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own with the images and two overlays."""
    for folder in ("steps", "retrain"):
        place = tmp_path / "images" / folder
        place.mkdir(parents=True)
        (place / "Dockerfile").write_text("ARG PYTHON=docker.io/library/python:3.11-slim\n")
        (place / "requirements.lock").write_text("boto3==1.44.5\n")
        (place / "requirements-onnx.lock").write_text("boto3==1.44.5\nonnx==1.23.2\n")
    for overlay in ("staging", "local"):
        place = tmp_path / "manifests/overlays" / overlay
        place.mkdir(parents=True)
        (place / "kustomization.yaml").write_text("namespace: retrain\n")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    return tmp_path


def test_without_a_registry_nothing_is_pushed(root: Path) -> None:
    buildah = Buildah()
    asked = wanted({}, "0.1.0")
    assert build.build("steps", asked, "buildah", buildah) == Pin("retrain-steps", "retrain-steps", "0.1.0")
    assert asked.overlays == ("local",)
    assert not any(command[1] == "push" for command in buildah.asked)
    assert (root / "build/images/retrain-steps.cdx.json").is_file()


@pytest.mark.usefixtures("root")
def test_an_image_is_brought_to_the_nodes_where_there_is_a_way() -> None:
    buildah = Buildah()
    build.build("retrain", wanted({"IMAGE_LOAD": "kind load docker-image"}, "0.1.0"), "buildah", buildah)
    assert buildah.words("load") == ["kind", "load", "docker-image", "retrain:0.1.0"]


def test_with_a_registry_the_digest_is_pinned(root: Path) -> None:
    buildah = Buildah()
    asked = wanted({"IMAGE_REGISTRY": "registry.example.com/ml/", "IMAGE_TAG": "7"}, "0.1.0")
    build.pin(asked.overlays, [build.build(folder, asked, "buildah", buildah) for folder in build.NAMES])
    assert buildah.words("push")[-1] == "registry.example.com/ml/retrain-steps:7"
    staging, local = (
        yaml.safe_load((root / "manifests/overlays" / name / "kustomization.yaml").read_text())
        for name in ("staging", "local")
    )
    assert [entry["digest"] for entry in staging["images"]] == [DIGEST, DIGEST]
    assert "images" not in local
    billed = json.loads((root / "build/images/retrain.cdx.json").read_text())["metadata"]["component"]
    assert (billed["version"], billed["hashes"][0]["content"]) == (f"7+{SHA}", "c" * 64)


@pytest.mark.parametrize(("changed", "sha"), [("", SHA), (" M steps/claim.py\n", f"{SHA}-dirty")])
@pytest.mark.usefixtures("root")
def test_the_image_knows_its_sources_and_its_name(changed: str, sha: str) -> None:
    buildah = Buildah(changed=changed)
    asked = Wanted("registry.example.com", "7", (), "", ("--layers",), "python@sha256:1")
    build.build("steps", asked, "buildah", buildah)
    words = buildah.words("bud")
    assert words[2] == "--layers"
    assert {word for word in words if "=" in word} == {
        f"GIT_SHA={sha}",
        "VERSION=7",
        "IMAGE=registry.example.com/retrain-steps:7",
        "PYTHON=python@sha256:1",
    }


@pytest.mark.usefixtures("root")
def test_an_image_that_is_too_large_is_not_pushed() -> None:
    buildah = Buildah(layer=LARGEST + 1)
    with pytest.raises(BuildError, match="600,000,001 bytes unpacked"):
        build.build("steps", wanted({"IMAGE_REGISTRY": "r.example.com"}, "0.1.0"), "buildah", buildah)
    assert not any(command[1] == "push" for command in buildah.asked)


def test_an_extra_is_installed_from_its_own_lock_and_billed(root: Path) -> None:
    buildah = Buildah(layer=LARGEST + 1)
    asked = wanted({"IMAGE_EXTRAS": "onnx"}, "0.1.0")
    build.build("steps", asked, "buildah", buildah)
    assert "LOCK=requirements-onnx.lock" in buildah.words("bud")
    components = json.loads((root / "build/images/retrain-steps.cdx.json").read_text())["components"]
    assert "onnx" in {component["name"] for component in components}


def test_the_image_without_steps_has_no_extra(root: Path) -> None:
    buildah = Buildah()
    build.build("retrain", wanted({"IMAGE_EXTRAS": "onnx"}, "0.1.0"), "buildah", buildah)
    assert "LOCK=requirements.lock" in buildah.words("bud")


WRONG = {
    "no extra": ({"IMAGE_EXTRAS": "gpu"}, "'gpu'; expected onnx, or nothing"),
    "latest": ({"IMAGE_TAG": "latest"}, "never `latest`"),
    "no tag": ({"IMAGE_TAG": "a b"}, "'a b'"),
    "no overlay": ({"IMAGE_OVERLAYS": "staging nowhere"}, "'nowhere'"),
}


@pytest.mark.parametrize(("environment", "says"), WRONG.values(), ids=WRONG)
@pytest.mark.usefixtures("root")
def test_a_wrong_wish_is_refused(environment: dict[str, str], says: str) -> None:
    with pytest.raises(BuildError, match=says):
        wanted(environment, "0.1.0")
