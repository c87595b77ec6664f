from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from documents import document
from frames import loans

from steps import drift
from steps.card import distribution, report
from steps.document import Document
from steps.measured import Found
from steps.split import Split

GATE = {"name": "like-before", "kind": "drift"}
INDEX = {**GATE, "metric": "stability_index", "below": 0.25}
NEW = {**GATE, "metric": "new_categories", "below": 0.01}
RATE = {**GATE, "metric": "label_rate", "below": 0.05}


def of(*gates: dict[str, Any], **changes: Any) -> Document:
    return document(gates=[{**gate, "name": f"gate-{n}"} for n, gate in enumerate(gates)], **changes)


def kept(rows: pd.DataFrame, made_by: Document, **changes: Any) -> bytes:
    """Return the report that a version of these rows would keep."""
    found = {name: one.to_json() for name, one in distribution.distributions(rows, made_by.contract).items()}
    known = {"estimator": made_by.model.model_dump(mode="json"), "label_rate": drift.label_rate(rows, made_by.model)}
    return json.dumps({report.DISTRIBUTIONS: found, **known, **changes}).encode()


def found(rows: pd.DataFrame, before: bytes | None, wanted: Document, version: str = "v1") -> Found:
    half = len(rows) // 2
    moved = drift.moved(Split(rows[:half], rows[half:]), version, before, wanted)
    [gate] = wanted.gates
    assert gate.kind == "drift"
    return drift.measure(gate, moved, wanted)


SAME = {"index": INDEX, "new categories": {**NEW, "columns": ["group"]}, "label rate": RATE}


@pytest.mark.parametrize("gate", SAME.values(), ids=SAME)
def test_the_same_data_did_not_move(gate: dict[str, Any]) -> None:
    rows = loans(of(gate))
    assert found(rows, kept(rows, of(gate)), of(gate)).value == 0.0


@pytest.mark.parametrize("gate", SAME.values(), ids=SAME)
def test_while_production_is_empty_the_gate_passes(gate: dict[str, Any]) -> None:
    assert found(loans(of(gate)), None, of(gate), version="") == Found(None, "production is empty", waived=True)


def test_the_column_that_moved_most_is_told() -> None:
    before, now = loans(of(INDEX)), loans(of(INDEX))
    now["income"] += 1000.0
    answer = found(now, kept(before, of(INDEX)), of(INDEX))
    assert answer.value is not None
    assert answer.value > 1
    assert answer.evidence == (
        f"index {answer.value:.4g} of 'income' against the data of version v1, the largest of 2 columns"
    )


def test_only_the_columns_of_the_gate_are_compared() -> None:
    before, now = loans(of(INDEX)), loans(of(INDEX))
    now["income"] += 1000.0
    wanted = of({**INDEX, "columns": ["credit_score", "approved"]})
    assert found(now, kept(before, wanted), wanted).value == 0.0


def test_new_categories_are_a_share_of_the_rows() -> None:
    free: dict[str, Any] = {"contract__columns__group": {"dtype": "string"}, "model__features": ["income", "group"]}
    wanted = of(NEW, **free)
    before, now = loans(wanted, 100), loans(wanted, 100)
    now.loc[now.index[:5], "group"] = "c"
    answer = found(now, kept(before, wanted), wanted)
    assert answer.value == pytest.approx(0.05)
    assert answer.evidence == "share 0.05 of 'group' against the data of version v1"


def test_beyond_the_commonest_categories_the_rest_is_compared_with_the_rest() -> None:
    wanted = of(NEW, contract__columns__group={"dtype": "string"}, model__features=["income", "group"])
    before, now = loans(wanted, 1000), loans(wanted, 1000)
    before["group"] = pd.array([f"name-{row % 100:03}" for row in range(1000)], dtype="string")
    now["group"] = pd.array([f"name-{row % 100:03}" if row >= 100 else "new" for row in range(1000)], dtype="string")
    assert found(before, kept(before, wanted), wanted).value == 0.0
    assert found(now, kept(before, wanted), wanted).value == pytest.approx(0.05)


def test_the_label_rate_is_compared_in_both_directions() -> None:
    before, now = loans(of(RATE), 100), loans(of(RATE), 100)
    before["approved"] = pd.array([1] * 30 + [0] * 70, dtype="Int64")
    for positive in (10, 50):
        now["approved"] = pd.array([1] * positive + [0] * (100 - positive), dtype="Int64")
        answer = found(now, kept(before, of(RATE)), of(RATE))
        assert answer.value == pytest.approx(0.2)
        assert answer.evidence == f"{positive / 100:.4g} of the rows are positive, 0.3 in the data of version v1"


PLAIN, RATED = of(INDEX), of(RATE)
ROWS = loans(PLAIN)
TEXTS = of(INDEX, contract__columns__income={"dtype": "string"})
OLDER = of(
    INDEX,
    model__sensitive=None,
    contract__columns={name: column for name, column in PLAIN.contract.columns.items() if name != "group"},
)
NO = "the report of version v1 does not say"
BROKEN: dict[str, tuple[bytes | None, Document, str]] = {
    "no report": (None, PLAIN, f"{NO} how its data was distributed"),
    "no JSON": (b"{", PLAIN, f"{NO} how its data was distributed"),
    "an old report": (b'{"metrics": {}}', PLAIN, f"{NO} how its data was distributed"),
    "another dtype": (
        kept(ROWS.assign(income=ROWS["income"].astype("string")), TEXTS),
        PLAIN,
        "not compared: income (was of another kind)",
    ),
    "a named column that is new": (
        kept(ROWS, OLDER),
        of({**INDEX, "columns": ["income", "group"]}),
        "not compared: group (not in that data)",
    ),
    "categories of a number": (kept(ROWS, PLAIN), of({**NEW, "columns": ["income"]}), "income (has no categories)"),
    "categories of numbers alone": (kept(ROWS, PLAIN), of(NEW), "cannot be compared with the data of version v1"),
    "another positive class": (kept(ROWS, of(RATE, model__positive=0)), RATED, f"{NO} the share of this positive"),
    "no rate": (kept(ROWS, RATED, label_rate=None), RATED, f"{NO} the share of this positive"),
    "a rate that is none": (kept(ROWS, RATED, label_rate=7), RATED, f"{NO} the share of this positive"),
    "a rate that is a truth": (kept(ROWS, RATED, label_rate=True), RATED, f"{NO} the share of this positive"),
}


@pytest.mark.parametrize(("before", "wanted", "says"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_compared_has_no_value_and_does_not_pass(
    before: bytes | None, wanted: Document, says: str
) -> None:
    answer = found(loans(wanted), before, wanted)
    assert (answer.value, answer.waived) == (None, False)
    assert says in answer.evidence


def test_a_feature_that_the_document_has_got_since_is_told_and_no_more() -> None:
    wanted = of(INDEX, model__features=["income", "group"])
    rows = loans(wanted)
    before = kept(rows, wanted)
    younger = json.loads(before)
    del younger["distributions"]["group"]
    answer = found(rows, json.dumps(younger).encode(), wanted)
    assert answer.value == 0.0
    assert answer.evidence.endswith("; not compared: group (not in that data)")


def test_a_personal_feature_is_left_alone() -> None:
    wanted = of(INDEX, contract__columns__income={"dtype": "number", "personal": True})
    rows = loans(wanted)
    answer = found(rows, kept(rows, wanted), wanted)
    assert (answer.value, "income" in answer.evidence) == (0.0, False)


def test_nothing_is_compared_that_no_gate_asks_for() -> None:
    plain = document()
    rows = loans(plain)
    assert drift.moved(Split(rows, rows), "v1", kept(rows, plain), plain).stability == {}


def test_a_regression_has_no_label_rate() -> None:
    regression = document(
        model__positive=None, model__target="income", model__features=["credit_score"],
        gates=[{"name": "r2", "kind": "metric", "metric": "r2", "above": 0.5}],
    )  # fmt: skip
    assert drift.label_rate(loans(regression), regression.model) is None
