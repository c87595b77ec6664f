"""This machine in place of a cluster: Secrets are files, names are fresh, retries do not wait as long."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commandline import loans
from records import journal

from workflows.commands import local
from workflows.commands.documents import read
from workflows.engine.objects import from_template


def test_a_secret_is_a_folder_and_each_key_a_file(tmp_path: Path) -> None:
    (tmp_path / "secrets" / "retrain-slack").mkdir(parents=True)
    (tmp_path / "secrets" / "retrain-slack" / "url").write_text("https://hooks.example/x\n", encoding="utf-8")
    reader = local.secret_reader(tmp_path / "secrets")
    assert reader("retrain-slack") == {"url": "https://hooks.example/x"}
    assert reader("other") is None


@pytest.mark.parametrize("name", ["..", "../secrets", "a/b", "."])
def test_a_secret_s_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "secrets" / "a" / "b").mkdir(parents=True)
    assert local.secret_reader(tmp_path / "secrets")(name) is None


def test_generated_names_are_as_kubernetes_makes_them() -> None:
    names = {local.generated_name("loans-") for _ in range(50)}
    assert len(names) > 40
    assert all(re.fullmatch(r"loans-[bcdfghjklmnpqrstvwxz2456789]{5}", name) for name in names)


@pytest.mark.parametrize(("given", "waits"), [({}, "1s"), ({"retry-backoff": "2m"}, "2m")], ids=["default", "asked"])
def test_a_retry_waits_a_laptop_s_time_unless_asked(tmp_path: Path, given: dict[str, str], waits: str) -> None:
    found = read(loans(tmp_path))
    workflow = from_template(found.template("loans"), "loans-1", {"marker": "m", **given})
    parameters = local.with_backoff(workflow, found).spec.arguments.parameters
    assert {parameter.name: parameter.value for parameter in parameters}["retry-backoff"] == waits


def test_the_unfinished_are_those_without_an_end_newest_first(tmp_path: Path) -> None:
    for name, phase in {"a": "Running", "b": "Failed", "c": "Pending"}.items():
        journal(tmp_path, name, name, phase)
    assert {workflow.metadata.name for workflow in local.unfinished(tmp_path)} == {"a", "c"}
    assert {workflow.template_name for workflow in local.unfinished(tmp_path)} == {"loans"}
