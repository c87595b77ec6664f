from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from cards import GATES, answers, card, evidence, met, regression, truth
from documents import document

from steps.card import build
from steps.card.build import Judgement
from steps.card.facts import Absent, Binary, Champion, Drift, Residuals


def test_a_card_has_gates_with_interval_and_result() -> None:
    first, second = card().gates
    assert (first.result, first.interval) == ("passed", None)
    assert (second.result, second.interval) == ("failed", (0.7, 0.97))


def test_a_gate_without_a_value_is_undetermined_and_one_that_says_nothing_has_not_passed() -> None:
    gates = ({**GATES[0], "value": None, "passed": False}, {**GATES[1], "passed": None})
    found = card(judgement=Judgement("reject", gates, {}, {})).gates
    assert [gate.result for gate in found] == ["undetermined", "failed"]


def test_metrics_are_held_against_champion_and_dummy() -> None:
    accuracy, loss = card(met=met()).metrics
    assert (accuracy.name, accuracy.model, accuracy.champion, accuracy.baseline) == ("accuracy", 0.91, 0.9, 0.6)
    assert loss.gain is not None
    assert loss.gain > 0


def test_an_empty_production_is_said() -> None:
    found = card()
    assert found.rival == Absent("production is empty")
    assert found.drift == Absent("production is empty, so there is no promoted data to compare with")


def test_a_champion_that_cannot_be_measured_is_said() -> None:
    found = card(met=met(champion=Champion("v1", "its model file is not there"), answers=None, before=None))
    assert found.rival == Absent("version v1 cannot be measured: its model file is not there")
    assert found.drift == Absent("the report of version v1 does not say how its data was distributed")


def test_a_champion_answers_the_same_rows() -> None:
    found = card(met=met())
    assert isinstance(found.rival, Binary)
    assert isinstance(found.drift, Drift)
    assert {shift.stability for shift in found.drift.shifts} == {0.0}


def test_a_document_without_groups_says_so() -> None:
    assert card(groups={}).slicings == Absent("the document names no sensitive column")


def test_one_class_and_no_rows_are_said() -> None:
    ones = np.ones(60, dtype=np.int64)
    model = card(truth=ones, answers=answers(ones)).model
    assert isinstance(model, Binary)
    assert model.roc == Absent("every held-out row is of the same class")
    none: Any = np.array([], dtype=np.int64)
    empty = card(truth=none, answers=answers(none), groups={"group": np.array([], dtype=object)})
    assert isinstance(empty.model, Binary)
    assert empty.model.confusion == Absent("no row is held out")
    assert empty.slicings == Absent("no row is held out")


def test_a_regressor_has_residuals_and_errors_by_group() -> None:
    found = build.card(regression())
    assert isinstance(found.model, Residuals)
    assert not isinstance(found.slicings, Absent)
    assert found.slicings[0].shown == "mean absolute error"


def test_favourable_is_the_documents() -> None:
    of = document(model__favourable=0)
    sliced = build.card(evidence(of, truth=truth(), answers=answers(truth()))).slicings
    plain = card().slicings
    assert not isinstance(sliced, Absent)
    assert not isinstance(plain, Absent)
    rates = [found[0].slices[0].values["favourable rate"] for found in (sliced, plain)]
    assert rates[0] == 1 - (rates[1] or 0)


def test_what_is_not_known_of_a_run_says_so() -> None:
    assert dict(card().provenance)["Run"] == (("git SHA", "not known"),)


def test_the_same_evidence_gives_the_same_card() -> None:
    assert card(met=met()) == card(met=met())
    assert card() != replace(card(), decision="deploy")
