"""The table of outcomes and reasons is whole, and a conclusion survives its way through JSON."""

from __future__ import annotations

import json

import pytest

from steps.verdict import OUTCOME_OF, SENTENCES, Conclusion, Outcome, Reason, Verdict, conclusion


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_an_outcome_and_a_sentence(reason: Reason) -> None:
    assert OUTCOME_OF[reason] in Outcome
    sentence = SENTENCES[reason]
    assert sentence[0].islower()
    assert not sentence.endswith(".")


def test_every_outcome_has_a_reason() -> None:
    assert set(OUTCOME_OF.values()) == set(Outcome)


@pytest.mark.parametrize("reason", Reason)
def test_a_conclusion_is_read_back(reason: Reason) -> None:
    before = Conclusion(reason, "{{a}} \n é \ud800", {"n": [1, None]})
    assert conclusion(before.to_json()) == before


def test_the_json_says_outcome_reason_message_and_evidence() -> None:
    text = Conclusion(Reason.GATE, "m", {"a": 1}).to_json()
    assert json.loads(text) == {"outcome": "rejected", "reason": "gate", "message": "m", "evidence": {"a": 1}}


UNREADABLE = [
    "",
    "null",
    "3",
    "[]",
    "{",
    "{}",
    '{"reason": "gate"}',
    '{"reason": "other", "message": "", "evidence": {}}',
    '{"reason": [], "message": "", "evidence": {}}',
    '{"reason": "gate", "message": "", "evidence": 3}',
    '{"reason": "gate", "message": "", "evidence": ["ab"]}',
    '{"reason": "gate", "message": "", "evidence": [1]}',
    '{"reason": "gate", "message": 3, "evidence": {}}',
]


@pytest.mark.parametrize("text", UNREADABLE)
def test_anything_else_is_no_verdict(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        conclusion(text)


def test_a_verdict_carries_its_conclusion() -> None:
    raised = Verdict(Reason.INCOMPLETE, "a is missing", files=["a"])
    assert (str(raised), raised.conclusion) == (
        "a is missing",
        Conclusion(Reason.INCOMPLETE, "a is missing", {"files": ["a"]}),
    )
