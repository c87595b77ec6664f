"""`reject`: end a run whose model failed a gate, naming each failed gate with value and threshold.

Runs instead of `deploy`. It decides nothing, so even an evaluation that cannot be read ends the run as rejected: no
model reaches production on a doubt.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from steps import interface
from steps.interface import Call, Interface
from steps.verdict import Reason, Verdict

INTERFACE = Interface(parameters=("evaluation",), artifacts=("document",), writes=("verdict",))


def reject(evaluation: str) -> Verdict:
    """Return the verdict on an evaluation (JSON, as `evaluate` writes it), whatever the text holds."""
    try:
        value = json.loads(evaluation)
        failed = [gate for gate in value["gates"] if gate["passed"] is not True]
        sentences = [_sentence(gate) for gate in failed]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return Verdict(Reason.GATE, f"the evaluation cannot be read, so nothing is deployed: {error!r:.200}")
    if not sentences:
        return Verdict(
            Reason.GATE, "the evaluation says reject, but names no failed gate", metrics=value.get("metrics")
        )
    return Verdict(Reason.GATE, "; ".join(sentences), failed=failed, metrics=value.get("metrics"))


def _sentence(gate: Mapping[str, Any]) -> str:
    name, metric, value = gate["name"], gate["metric"], gate["value"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{name}: {metric} is undetermined: {gate.get('evidence') or 'it is no number'}"
    return f"{name}: {metric} {value:.6g} is not {gate['comparison']} {gate['threshold']}{_groups(gate.get('groups'))}"


def _groups(groups: Any) -> str:
    """Say which group a fairness gate failed for, and which it was compared with."""
    named = [repr(group) for group in groups] if isinstance(groups, list) else []
    return f" for group {', against '.join(named)}" if named else ""


def run(call: Call) -> None:
    raise reject(call.parameters["evaluation"])


def main(argv: list[str] | None = None) -> int:
    return interface.run(INTERFACE, run, argv)


if __name__ == "__main__":
    sys.exit(main())
