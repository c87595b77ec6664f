"""A folder of manifests is what a cluster would have been given: base and generated, sorted by kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from commandline import HELLO, MANIFESTS, loans

from workflows.commands.documents import files_in, read
from workflows.errors import DocumentError


def test_base_and_generated_are_read_and_overlays_are_not() -> None:
    folders = {file.parent.name for file in files_in(MANIFESTS)}
    assert folders == {"base", "generated"}
    found = read(MANIFESTS)
    assert {template.metadata.name for template in found.templates} >= {"loans", "mortgage"}
    assert "artifact-repositories" in {config_map.metadata.name for config_map in found.config_maps}
    assert {"Sensor", "EventSource"} <= {other.kind for other in found.others}


def test_a_folder_with_neither_is_read_whole_without_kustomize_s_file(tmp_path: Path) -> None:
    loans(tmp_path)
    (tmp_path / "hello.yaml").write_text(HELLO, encoding="utf-8")
    (tmp_path / "kustomization.yaml").write_text("kind: Kustomization\n", encoding="utf-8")
    found = read(tmp_path)
    assert [workflow.metadata.name for workflow in found.workflows] == ["hello"]
    assert found.template("loans").metadata.name == "loans"


def test_an_empty_folder_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"found no manifest(.|\n)*retrain render"):
        read(tmp_path)
