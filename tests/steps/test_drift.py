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
from steps.measured import Found, Moved
from steps.split import Split

GATE = {"name": "like-before", "kind": "drift"}
INDEX = {**GATE, "metric": "stability_index", "below": 0.25}
NEW = {**GATE, "metric": "new_categories", "below": 0.01}
FAR = {**GATE, "metric": "wasserstein_distance", "below": 0.1}
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


SAME = {"index": INDEX, "distance": FAR, "new categories": {**NEW, "columns": ["group"]}, "label rate": RATE}


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


def test_a_distance_is_in_standard_deviations_of_the_data_before() -> None:
    wanted = of({**FAR, "columns": ["income"]})
    before, now = loans(wanted), loans(wanted)
    before["income"] = [1000.0 + row for row in range(200)]
    now["income"] = before["income"] + 2 * before["income"].std()
    answer = found(now, kept(before, wanted), wanted)
    assert answer.value == pytest.approx(2, rel=0.01)
    assert answer.evidence == f"distance {answer.value:.4g} of 'income' against the data of version v1"
    assert found(before, kept(now, wanted), wanted).value == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("value", [5.0, float("nan")], ids=["constant", "empty"])
def test_what_never_had_a_spread_and_is_as_it_was_did_not_move(value: float) -> None:
    rows = loans(of(FAR)).assign(income=value)
    assert found(rows, kept(rows, of(FAR)), of(FAR)).value == 0.0


def test_a_report_that_kept_no_quantiles_lets_no_distance_pass() -> None:
    rows = loans(of(FAR))
    older = json.loads(kept(rows, of(FAR)))
    for column in older["distributions"].values():
        column.pop("quantiles", None)
    answer = found(rows, json.dumps(older).encode(), of(FAR))
    assert answer.value is None
    assert "income (has no spread there to measure by, or no number here)" in answer.evidence


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


SHARES: dict[str, tuple[list[str | None], float]] = {
    "of the values and not of the gaps": (["a"] * 30 + ["c"] * 10 + [None] * 160, 0.25),
    "of no value": ([None] * 200, 0.0),
}


@pytest.mark.parametrize(("values", "share"), SHARES.values(), ids=SHARES)
def test_the_share_of_new_categories(values: list[str | None], share: float) -> None:
    wanted = of(NEW, contract__columns__group={"dtype": "string", "nullable": True}, model__features=["group"])
    before, now = loans(wanted), loans(wanted)
    now["group"] = pd.array(values, dtype="string")
    assert found(now, kept(before, wanted), wanted).value == pytest.approx(share)


def test_fewer_rare_categories_than_before_are_no_new_ones() -> None:
    wanted = of(NEW, contract__columns__group={"dtype": "string"}, model__features=["group"])
    before, now = loans(wanted), loans(wanted)
    before["group"] = pd.array([f"name-{row % 100:03}" for row in range(200)], dtype="string")
    now["group"] = pd.array(["name-000"] * 200, dtype="string")
    assert found(now, kept(before, wanted), wanted).value == 0.0


def test_a_number_that_is_gone_everywhere_lets_no_distance_pass() -> None:
    rows = loans(of(FAR))
    answer = found(rows.assign(income=float("nan")), kept(rows, of(FAR)), of(FAR))
    assert answer.value is None
    assert "income (has no spread there to measure by, or no number here)" in answer.evidence


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
    "nested without end": (b"[" * 100_000, PLAIN, f"{NO} how its data was distributed"),
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
    "categories of a number": (
        kept(ROWS, PLAIN),
        of({**NEW, "columns": ["income"]}),
        "income (is of another kind than the gate compares)",
    ),
    "a distance of texts": (
        kept(ROWS, PLAIN),
        of({**FAR, "columns": ["group"]}),
        "group (is of another kind than the gate compares)",
    ),
    "a distance where all was alike": (
        kept(ROWS.assign(income=5.0), PLAIN),
        of(FAR),
        "income (has no spread there to measure by, or no number here)",
    ),
    "a distance where nothing was": (
        kept(ROWS.assign(income=float("nan")), PLAIN),
        of(FAR),
        "income (has no spread there to measure by, or no number here)",
    ),
    "categories of numbers alone": (kept(ROWS, PLAIN), of(NEW), "cannot be compared with the data of version v1"),
    "another positive class": (kept(ROWS, of(RATE, model__positive=0)), RATED, f"{NO} the share of this positive"),
    "another target": (
        kept(ROWS, RATED, estimator={"target": "paid", "positive": 1}),
        RATED,
        f"{NO} the share of this",
    ),
    "no target": (kept(ROWS, RATED, estimator=None), RATED, f"{NO} the share of this positive"),
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
    assert drift.moved(Split(rows, rows), "v1", kept(rows, plain), plain) == Moved("v1")


def test_each_gate_has_its_own_columns() -> None:
    wanted = of({**INDEX, "columns": ["income"]}, {**INDEX, "columns": ["credit_score"]})
    rows = loans(wanted)
    moved = drift.moved(Split(rows[:100], rows[100:]), "v1", kept(rows, wanted), wanted)
    assert set(moved.stability) == {"income", "credit_score"}


def test_no_rows_have_no_label_rate() -> None:
    assert drift.label_rate(ROWS[:0], RATED.model) is None


def test_a_regression_has_no_label_rate() -> None:
    regression = document(
        model__positive=None, model__target="income", model__features=["credit_score"],
        gates=[{"name": "r2", "kind": "metric", "metric": "r2", "above": 0.5}],
    )  # fmt: skip
    assert drift.label_rate(loans(regression), regression.model) is None
