"""Rendering is pure, and the committed manifests are what the pipelines render to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from documents import document

from workflows.config import pipelines_in
from workflows.manifests import BANNER, differences, dump, render, schema

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return render([document()])


def test_a_bucket_has_one_event_source_and_a_pipeline_one_sensor(files: dict[str, str]) -> None:
    assert sorted(files) == [
        "default-eventbus.yaml",
        "kustomization.yaml",
        "loans-reconcile-cronworkflow.yaml",
        "loans-sensor.yaml",
        "loans-sweep-cronworkflow.yaml",
        "loans-watch-cronworkflow.yaml",
        "loans-workflowtemplate.yaml",
        "retrain-eventsource.yaml",
    ]


def test_every_file_has_the_banner_and_one_object(files: dict[str, str]) -> None:
    for text in files.values():
        assert text.startswith(BANNER)
        assert len(list(yaml.safe_load_all(text))) == 1


RENDER = """
import sys, datetime
from pathlib import Path
from workflows.config import pipelines_in
from workflows.manifests import render
for name, text in render(pipelines_in(Path("workflows/pipelines"))).items():
    sys.stdout.write(f"{name}\\n{text}")
"""


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
def test_another_process_renders_the_same_bytes(zone: str) -> None:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "7",
        "TZ": zone,
        "LANG": "tr_TR.UTF-8",
        "LC_ALL": "C",
        "PYTHONUTF8": "1",
    }
    done = subprocess.run([sys.executable, "-c", RENDER], capture_output=True, cwd=ROOT, env=environment, check=True)
    here = "".join(f"{name}\n{text}" for name, text in render(pipelines_in(ROOT / "workflows/pipelines")).items())
    assert done.stdout.decode() == here


def test_the_committed_manifests_are_current() -> None:
    found = differences(render(pipelines_in(ROOT / "workflows/pipelines")), ROOT / "manifests/generated")
    assert found == (), "run `make manifests` and commit the result"


def test_the_committed_schema_is_current() -> None:
    assert (ROOT / "workflows/pipelines/pipeline.schema.json").read_text(encoding="utf-8") == schema()


def test_differences_tell_changed_missing_and_stray(tmp_path: Path) -> None:
    (tmp_path / "changed.yaml").write_text("old")
    (tmp_path / "stray.yaml").write_text("x")
    found = {
        difference.file.name: difference.kind
        for difference in differences({"changed.yaml": "new", "missing.yaml": "m"}, tmp_path)
    }
    assert found == {"changed.yaml": "differs", "missing.yaml": "missing", "stray.yaml": "stray"}


def test_text_that_yaml_would_misread_is_quoted() -> None:
    value = {"a": "yes", "b": "06:00", "c": "1e3", "d": "null", "e": "{{x}}", "f": "two\nlines\n"}
    assert yaml.safe_load(dump(value)) == value
