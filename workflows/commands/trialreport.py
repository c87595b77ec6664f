"""What a trial came to, in words and as data: every gate with value and threshold, the reason, and where the files are.

`trial` prints it. Pure; the numbers are those of `report.json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steps.verdict import Conclusion, Outcome, headline

CALLED = {"card": "report card", "model": "model", "onnx": "model as ONNX", "model-card": "model card"}
SHOWN = 10
"""Broken rules that are listed; the others are in the verdict."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A pipeline tried out on files; `report` is empty and `files` lack where the run did not get so far."""

    pipeline: str
    data: tuple[str, ...]
    conclusion: Conclusion
    report: Mapping[str, Any]
    files: Mapping[str, Path]
    folder: Path


def as_data(trial: Trial) -> dict[str, Any]:
    """Return the trial for programs."""
    conclusion = trial.conclusion
    return {
        "pipeline": trial.pipeline,
        "deployable": conclusion.outcome is Outcome.PROMOTED,
        "outcome": conclusion.outcome,
        "reason": conclusion.reason,
        "message": conclusion.message,
        "rows": trial.report.get("rows", {}),
        "gates": trial.report.get("gates", []),
        "evidence": dict(conclusion.evidence),
        "files": {name: str(path) for name, path in trial.files.items()},
        "folder": str(trial.folder),
    }


def as_text(trial: Trial) -> Iterator[str]:
    """Yield the trial's lines for a person."""
    rows = trial.report.get("rows", {})
    trained = f": {rows['train']:,} rows trained on, {rows['holdout']:,} held out" if rows else ""
    yield f"{trial.pipeline} on {', '.join(trial.data)}{trained}"
    if gates := trial.report.get("gates", []):
        yield ""
        yield from _table([("gate", "metric", "value", "must be", ""), *map(_gate, gates)])
        yield ""
    yield from _verdict(trial)
    for name, called in CALLED.items():
        if name in trial.files:
            yield f"{called}: {trial.files[name]}"


def _verdict(trial: Trial) -> Iterator[str]:
    conclusion = trial.conclusion
    if conclusion.outcome is Outcome.PROMOTED:
        yield "deployable: every gate passed; from a bucket this model would go to production"
        return
    yield f"{headline(conclusion.outcome, conclusion.reason)}: {conclusion.message}"
    violations = conclusion.evidence.get("violations", [])
    for violation in violations[:SHOWN] if isinstance(violations, list) else []:
        yield f"  {_violation(violation)}"
    if conclusion.outcome is Outcome.FAILED:
        yield f"logs: {trial.folder / 'logs'}"


def _gate(gate: Mapping[str, Any]) -> tuple[str, ...]:
    value = "none" if gate["value"] is None else f"{gate['value']:.4g}"
    said = "passed" if gate["passed"] else "FAILED"
    if gate["value"] is None:
        said = f"{said}: {gate['evidence']}"
    return gate["name"], gate["metric"], value, f"{gate['comparison']} {gate['threshold']:g}", said


def _violation(violation: Mapping[str, Any]) -> str:
    examples = violation.get("examples") or []
    rows = ", ".join(f"row {one['row']}" + (f": {one['value']}" if one["value"] else "") for one in examples[:3])
    column = f"column {violation['column']!r}, " if violation.get("column") else ""
    times = "once" if violation["count"] == 1 else f"{violation['count']:,} times"
    return f"{column}rule {violation['rule']}, {times}{f' ({rows})' if rows else ''}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the rows with columns as wide as their widest cell; numbers are the third column."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.rjust(width) if place == 2 else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
