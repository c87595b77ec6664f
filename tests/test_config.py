"""Pipeline documents are read, or refused in one clear text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from documents import loans

from workflows.config import find, load, pipelines_in
from workflows.errors import DocumentError


def write(folder: Path, value: Any, name: str = "loans") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(value if isinstance(value, str) else yaml.safe_dump(value), encoding="utf-8")
    return file


def test_a_document_is_read_with_its_defaults(tmp_path: Path) -> None:
    document = load(write(tmp_path, loans()))
    assert (document.name, document.data.marker, document.run.retries.limit) == ("loans", "_READY.json", 2)


REFUSED = {
    "unknown key": (loans(model__sede=1), "model.sede: unknown key", "did you mean 'seed'?"),
    "unknown key at the top": (loans(gate=[]), "gate: unknown key", "did you mean 'gates'?"),
    "unknown key in a gate": (
        loans(gates=[{"name": "a", "kind": "metric", "metric": "accuracy", "abov": 1}]),
        "gates[0].metric.abov: unknown key",
        "did you mean 'above'?",
    ),
    "bad type": (loans(model__seed="many"), "model.seed: input should be a valid integer", "(got 'many')"),
    "missing": ({"name": "loans"}, "owner: missing", "data: missing"),
    "unknown zone": (loans(expect={"timezone": "Mars/Base"}), "unknown time zone 'Mars/Base'", "Europe/Berlin"),
    "deadline as a number": (loans(expect={"deadline": "25:00"}), "expect.deadline", "25:00"),
    "estimator outside the list": (loans(model__estimator="os.system"), "model.estimator", "os.system"),
    "pipeline name": (loans(name="Loans"), "name: ", "Loans"),
    "column not in the contract": (loans(model__features=["salary"]), "'salary'", "not in the contract"),
    "target as feature": (loans(model__features=["approved"]), "'approved'", "cannot be a feature"),
    "tag": (loans(description="{{workflow.name}}"), "'{{'", "may not stand in a pipeline document"),
    "variable": (loans(description="$(HOME)"), "'$('", "may not stand in a pipeline document"),
    "two thresholds": (
        loans(gates=[{"name": "a", "kind": "metric", "metric": "accuracy", "above": 1, "below": 2}]),
        "exactly one of above and below",
        "gates[0]",
    ),
    "positive of another dtype": (loans(model__positive="yes"), "model.positive is 'yes'", "is integer"),
    "allowed of another dtype": (
        loans(contract__columns__group={"dtype": "string", "allowed": ["a", 1]}),
        "contract.columns.group",
        "allowed value 1 is no string",
    ),
    "mitigation that reads the group": (
        loans(model__features=["group"], model__mitigation={"method": "exponentiated-gradient"}),
        "'group'",
        "cannot be a feature",
    ),
    "no gate at all": (loans(gates=[]), "gates: ", "at least 1"),
    "a list": ([1], "expected one YAML mapping", "loans.yaml"),
    "not YAML": ("name: [", "not readable as YAML", "line 1"),
    "a key twice": ("name: a\nname: b\n", "'name' stands twice", "line 2, column 1"),
    "other name than its file": (loans(name="other"), "name is 'other'", "'loans'"),
}


@pytest.mark.parametrize(("value", "says", "also"), REFUSED.values(), ids=REFUSED)
def test_a_document_is_refused_with_place_and_hint(tmp_path: Path, value: Any, says: str, also: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        load(write(tmp_path, value))
    assert says in str(refusal.value)
    assert also in str(refusal.value)
    assert "loans.yaml" in refusal.value.where


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as refusal:
        load(write(tmp_path, loans(model__seed="x", data__prefix="/bad")))
    assert "model.seed" in str(refusal.value)
    assert "data.prefix" in str(refusal.value)


def test_yes_and_times_stay_text(tmp_path: Path) -> None:
    answer = {"dtype": "string"}
    value = loans(contract__columns__approved=answer)
    file = write(tmp_path, yaml.safe_dump(value) + "expect: {deadline: 06:00}\n")
    text = file.read_text(encoding="utf-8").replace("positive: 1", "positive: yes")
    document = load(write(tmp_path, text))
    assert document.model.positive == "yes"
    assert document.expect.deadline.hour == 6


def test_an_unknown_pipeline_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, loans())
    with pytest.raises(DocumentError, match="did you mean 'loans'"):
        find("loan", tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="found no pipeline"):
        pipelines_in(tmp_path)
