"""What the producer's side makes is what the steps take, and the shipped documents decide on it as they say."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from steps import batch, evaluate, validate
from steps.champion import Standing
from steps.document import Document
from steps.registry import marker
from steps.table import clean as read
from steps.train import train
from workflows import config, producer

MORTGAGE = config.load(config.SHIPPED / "mortgage.yaml")
LOANS = config.load(config.SHIPPED / "loans.yaml")
MITIGATED = {
    "params": {"n_estimators": 50, "max_depth": 6},
    "mitigation": {
        "method": "exponentiated-gradient",
        "constraint": "demographic-parity",
        "difference_bound": 0.01,
        "max_iterations": 15,
    },
}


def clean(table: pd.DataFrame, of: Document, folder: Path) -> pd.DataFrame:
    (folder / "raw").write_bytes(producer.csv(table))
    validate.validate(folder / "raw", "a.csv", of.contract, folder / "clean")
    return read([folder / "clean"], of.contract)


def decided(rows: pd.DataFrame, of: Document) -> dict[str, Any]:
    parts = batch.check(rows, of)
    return evaluate.evaluate(train(parts.train, of), parts, Standing(), of).to_json()


def failed(evaluation: dict[str, Any]) -> list[str]:
    return [gate["name"] for gate in evaluation["gates"] if not gate["passed"]]


@cache
def mortgage() -> pd.DataFrame:
    return producer.mortgage_table()


def test_the_marker_is_one_that_claim_reads() -> None:
    files = {"2026-02-23/b.csv": b"2\n", "2026-02-23/a.csv": b"1\n"}
    body = producer.batch(files, date(2026, 2, 23), revision=3)
    found = marker.parse(body, key="k", etag="e", name="2026-02-23")
    assert found.order == ("2026-02-23", 3)
    assert [(file.key, file.size, file.sha256) for file in found.files] == [
        (key, len(files[key]), hashlib.sha256(files[key]).hexdigest()) for key in sorted(files)
    ]
    assert json.loads(body)["as_of"] == "2026-02-23"


def test_parts_are_the_whole_table_in_order() -> None:
    table = producer.loans_table(seed=1, rows=10)
    cut = producer.parts(table, "loans", 3)
    assert list(cut) == ["loans-1.csv", "loans-2.csv", "loans-3.csv"]
    lines = [line for content in cut.values() for line in content.decode().splitlines()[1:]]
    assert "\n".join(lines) == producer.csv(table).decode().split("\n", 1)[1].strip()


def test_loans_are_the_same_for_a_seed_and_others_for_another() -> None:
    assert producer.csv(producer.loans_table(1, 50)) == producer.csv(producer.loans_table(1, 50))
    assert producer.csv(producer.loans_table(1, 50)) != producer.csv(producer.loans_table(2, 50))


@pytest.mark.parametrize("seed", range(5))
def test_loans_keep_their_contract_and_pass_their_gates(seed: int, tmp_path: Path) -> None:
    found = decided(clean(producer.loans_table(seed, 1000), LOANS, tmp_path), LOANS)
    assert failed(found) == []


def test_the_shipped_mortgage_model_fails_by_fairness_alone(tmp_path: Path) -> None:
    rows = clean(mortgage(), MORTGAGE, tmp_path)
    found = decided(rows, MORTGAGE)
    assert len(rows) == 2380
    assert failed(found) == ["disparate-impact"]
    assert found["gates"][2]["value"] == pytest.approx(0.851, abs=0.02)


def test_the_mitigated_mortgage_model_passes_every_gate(tmp_path: Path) -> None:
    value = MORTGAGE.model_dump(mode="json")
    of = Document.model_validate({**value, "model": {**value["model"], **MITIGATED}})
    found = decided(clean(mortgage(), MORTGAGE, tmp_path), of)
    assert failed(found) == []
    assert found["decision"] == "deploy"


def test_the_mitigated_settings_are_those_that_the_shipped_document_offers() -> None:
    text = (config.SHIPPED / "mortgage.yaml").read_text()
    mitigation = ", ".join(f"{name}: {value}" for name, value in MITIGATED["mitigation"].items())
    assert "# params: {n_estimators: 50, max_depth: 6}" in text
    assert f"# mitigation: {{{mitigation}}}" in text
