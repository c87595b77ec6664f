"""The verdict in words: a heading and a sentence, the same on the page and in the model card.

It says what the gates said. Whether production moved is the run's outcome, which `evaluate` cannot know yet.
"""

from __future__ import annotations

from steps.card.facts import Card, Gate
from steps.card.text import apart, count, number, words


def heading(card: Card) -> str:
    """Return the verdict in a few words."""
    failed = _failed(card)
    if card.decision == "deploy":
        return "Passed every gate"
    if len(failed) == 1:
        return f"Rejected by {failed[0].name}"
    return f"Rejected by {count(len(failed), 'gate')}" if failed else "Rejected"


def summary(card: Card) -> str:
    """Return the verdict with its reason and what follows from it."""
    failed = _failed(card)
    if card.decision == "deploy":
        every = f"All {len(card.gates)} gates" if len(card.gates) > 1 else "The gate"
        return f"{every} passed: this model may go to production."
    if not failed:
        return "No gate failed, but not every declared gate was judged. Production stays as it is."
    passed = f"{count(len(card.gates) - len(failed), 'other gate')} passed. " if len(failed) < len(card.gates) else ""
    said = "; ".join(sentence(gate) for gate in failed)
    return f"{said[0].upper()}{said[1:]}. {passed}Production stays as it is."


def sentence(gate: Gate) -> str:
    """Return what a gate found, as a sentence without a full stop."""
    name = words(gate.metric or gate.name)
    if gate.value is None:
        return f"{name} is undetermined: {gate.evidence}"
    verb = "is" if gate.passed else "is not"
    gain = " gain" if gate.kind in ("baseline", "champion") else ""
    return f"{name}{gain} {apart(gate.value, gate.threshold)} {verb} {gate.comparison} {number(gate.threshold)}"


def _failed(card: Card) -> list[Gate]:
    return [gate for gate in card.gates if not gate.passed]
