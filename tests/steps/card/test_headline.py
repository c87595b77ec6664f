from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cards import card

from steps.card import headline
from steps.card.facts import Gate

PASSED, FAILED = card().gates
GAIN = Gate("no-worse", "champion", "roc_auc", -0.0501, "above", -0.05, False, "e")
LOST = Gate("fair", "fairness", "disparate_impact", None, "above", 0.9, False, "there is one group only: a")
STAYS = "Production stays as it is."

VERDICTS: dict[str, tuple[str, tuple[Gate, ...], str, str]] = {
    "passed": ("deploy", (PASSED,), "Passed every gate", "The gate passed: this model may go to production."),
    "one failed": ("reject", (PASSED, FAILED), "Rejected by fair",
                   f"Disparate impact 0.85 is not above 0.9. 1 other gate passed. {STAYS}"),
    "two failed": ("reject", (GAIN, FAILED), "Rejected by 2 gates",
                   f"ROC AUC gain −0.0501 is not above −0.05; disparate impact 0.85 is not above 0.9. {STAYS}"),
    "undetermined": ("reject", (LOST,), "Rejected by fair",
                     f"Disparate impact is undetermined: there is one group only: a. {STAYS}"),
    "not judged": ("reject", (), "Rejected",
                   f"No gate failed, but not every declared gate was judged. {STAYS}"),
}  # fmt: skip


@pytest.mark.parametrize(("decision", "gates", "heading", "summary"), VERDICTS.values(), ids=VERDICTS)
def test_the_verdict_is_in_words(decision: Any, gates: tuple[Gate, ...], heading: str, summary: str) -> None:
    found = replace(card(), decision=decision, gates=gates)
    assert (headline.heading(found), headline.summary(found)) == (heading, summary)
