"""The card as JSON: what `report.json` has beyond the evaluation, for machines and for the next run's drift.

Pictures are here as numbers, so another tool can draw them; what is absent says why, under the name `absent`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from steps.card import distribution
from steps.card.distribution import Distribution
from steps.card.facts import Absent, Card
from steps.gates import rounded

DISTRIBUTIONS = "distributions"


def to_json(card: Card, distributions: Mapping[str, Distribution]) -> dict[str, Any]:
    """Return the parts that `report.json` has of the card; `distributions` are of the batch, by column."""
    return {
        "task": card.task,
        "pictures": _plain(card.model),
        "champion_pictures": _plain(card.rival),
        "slices": _plain(card.slicings),
        "drift": _plain(card.drift),
        "provenance": {heading: dict(facts) for heading, facts in card.provenance},
        DISTRIBUTIONS: {name: found.to_json() for name, found in distributions.items()},
    }


def distributions_of(report: object) -> dict[str, Distribution] | None:
    """Return the distributions that a report kept, None if it kept none; a column that makes no sense is left out."""
    kept = report.get(DISTRIBUTIONS) if isinstance(report, Mapping) else None
    if not isinstance(kept, Mapping):
        return None
    found = {str(name): distribution.read(value) for name, value in kept.items()}
    return {name: value for name, value in found.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Absent):
        return {"absent": value.why}
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, float):
        return rounded(value)
    return value
