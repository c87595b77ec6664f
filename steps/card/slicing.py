"""The holdout by the values of a column: how the model treats each group. For `build`.

A rate comes with its Wilson interval: with forty rows, 90 % and 97 % may be the same rate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steps.card.facts import Answers, Interval, Slice, Slicing
from steps.card.interval import wilson

MOST = 20
"""Groups shown; of more, the largest are."""
FAVOURABLE, RECALL, FALL_OUT, ACCURACY = (
    "favourable rate",
    "true positive rate",
    "false positive rate",
    "accuracy",
)

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Share:
    """A rate of rows: `hits` of those rows `among` which one could be."""

    hits: Rows
    among: Rows


def of_classes(
    by: str, group: NDArray[np.object_], truth: NDArray[np.int64], answers: Answers, mirrored: bool
) -> Slicing:
    """Return the rates of each group; favourable is an answer of 1, or of 0 if `mirrored`."""
    true, said = truth == 1, answers.labels == 1
    every = np.ones(len(truth), dtype=bool)
    shares = {
        FAVOURABLE: Share(~said if mirrored else said, every),
        ACCURACY: Share(true == said, every),
        RECALL: Share(said, true),
        FALL_OUT: Share(said, ~true),
    }
    return _sliced(by, group, FAVOURABLE, lambda inside: _rates(shares, inside))


def of_numbers(by: str, group: NDArray[np.object_], truth: NDArray[np.float64], answers: Answers) -> Slicing:
    """Return means and errors of each group."""
    with np.errstate(over="ignore", invalid="ignore"):
        left = truth - answers.scores

    def errors(inside: Rows) -> tuple[dict[str, float | None], dict[str, Interval]]:
        rest = left[inside]
        values = {
            "mean absolute error": float(np.abs(rest).mean()),
            "mean residual": float(rest.mean()),
            "mean truth": float(truth[inside].mean()),
            "mean prediction": float(answers.scores[inside].mean()),
        }
        return {name: value if np.isfinite(value) else None for name, value in values.items()}, {}

    return _sliced(by, group, "mean absolute error", errors)


def _rates(shares: Mapping[str, Share], inside: Rows) -> tuple[dict[str, float | None], dict[str, Interval]]:
    values: dict[str, float | None] = {}
    intervals: dict[str, Interval] = {}
    for name, share in shares.items():
        rows = int((share.among & inside).sum())
        hits = int((share.hits & share.among & inside).sum())
        values[name] = hits / rows if rows else None
        if rows:
            intervals[name] = wilson(hits, rows)
    return values, intervals


def _sliced(
    by: str,
    group: NDArray[np.object_],
    shown: str,
    measure: Callable[[Rows], tuple[dict[str, float | None], dict[str, Interval]]],
) -> Slicing:
    names, counts = np.unique(group.astype(str), return_counts=True)
    largest = sorted(zip(names, counts, strict=True), key=lambda found: (-found[1], found[0]))[:MOST]
    texts = group.astype(str)
    slices = tuple(
        Slice(str(name), int(rows), *measure(texts == name))
        for name, rows in sorted(largest, key=lambda found: found[0])
    )
    return Slicing(by, slices, shown, left_out=len(names) - len(slices))
