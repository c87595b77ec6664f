"""The plots of the card, drawn by matplotlib: one function a plot, values in, an SVG element out. For `page`.

Model and champion differ by line and colour, not by colour alone; what a plot says in words stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from steps.card import svg
from steps.card.facts import Bin, Line, Residuals, Slicing
from steps.card.svg import CHAMPION, GRID, INK, MODEL, MUTED
from steps.card.text import percent, plain

SIZE = (5.0, 4.0)
"""Inches of 72 units each: on a phone about one unit is one CSS pixel."""
EDGES = {"left": 0.135, "right": 0.97, "top": 0.97, "bottom": 0.155}


def roc(model: Line, champion: Line | None, says: str) -> str:
    """Draw true over false positive rate; the diagonal is chance."""
    figure, axes = _square("false positive rate", "true positive rate")
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")
    _lines(axes, model, champion)
    return svg.element(figure, "roc", says)


def precision_recall(model: Line, champion: Line | None, share: float, says: str) -> str:
    """Draw precision over recall; the flat line is the share of positives, which is chance."""
    figure, axes = _square("recall", "precision")
    axes.plot([0, 1], [share, share], color=MUTED, linewidth=1, linestyle=":")
    _lines(axes, model, champion)
    return svg.element(figure, "precision-recall", says)


def calibration(model: Sequence[Bin], champion: Sequence[Bin] | None, says: str) -> str:
    """Draw observed over predicted share with 95 % intervals, and below how many rows have such a score."""
    figure = Figure(figsize=SIZE)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    figure.subplots_adjust(**EDGES, hspace=0.12)
    _dress(upper, "", "observed share")
    _dress(lower, "predicted probability", "rows")
    upper.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")
    if champion:
        across, up = [found.predicted for found in champion], [found.observed for found in champion]
        upper.plot(across, up, color=CHAMPION, linewidth=1.8, linestyle="--", marker="s", markersize=4)
    for found in model:
        upper.plot([found.predicted] * 2, found.interval, color=MODEL, linewidth=1.5, alpha=0.55)
    upper.plot([b.predicted for b in model], [b.observed for b in model], color=MODEL, linewidth=2, marker="o", ms=5)
    lower.bar([b.predicted for b in model], [b.rows for b in model], width=0.06, color=MODEL, alpha=0.75)
    upper.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    lower.set_yticks([0, max(found.rows for found in model)])
    return svg.element(figure, "calibration", says)


def slices(slicing: Slicing, says: str) -> str:
    """Draw one value by group, with its interval where there is one; the group's name stands above its line."""
    found = [part for part in slicing.slices if part.values.get(slicing.shown) is not None]
    figure = Figure(figsize=(SIZE[0], 0.85 + 0.58 * len(found)))
    axes = figure.subplots()
    tall = figure.get_figheight()
    figure.subplots_adjust(left=0.04, right=0.96, top=1 - 0.05 / tall, bottom=0.6 / tall)
    _dress(axes, slicing.shown, "")
    axes.grid(visible=False, axis="y")
    axes.set_yticks([])
    for row, part in enumerate(reversed(found)):
        value = part.values[slicing.shown] or 0.0
        low, high = part.intervals.get(slicing.shown, (value, value))
        axes.plot([low, high], [row, row], color=MODEL, linewidth=5, alpha=0.35, solid_capstyle="round")
        axes.plot([value], [row], color=MODEL, marker="o", markersize=8)
        axes.annotate(
            f"{plain(part.name, 40)}  ({part.rows:,})", (0, row), (2, 9), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", color=INK, va="bottom", parse_math=False,
        )  # fmt: skip
    axes.set_ylim(-0.45, len(found) - 0.2)
    axes.margins(x=0.06)
    if found and all(part.intervals for part in found):
        axes.xaxis.set_major_formatter(lambda value, _: percent(value).replace(".0 %", " %"))
    return svg.element(figure, f"slices-{len(found)}", says)


def fit(model: Residuals, says: str) -> str:
    """Draw truth over prediction; on the diagonal the model is right."""
    figure, axes = _plain("prediction", "truth")
    values = [value for point in model.points for value in point]
    axes.plot([min(values), max(values)], [min(values), max(values)], color=MUTED, linewidth=1, linestyle=":")
    dots = {"linestyle": "none", "marker": "o", "markersize": 3, "alpha": 0.45, "markeredgewidth": 0}
    axes.plot(*zip(*model.points, strict=True), color=MODEL, **dots)  # type: ignore[arg-type]  # one dict of many kinds
    return svg.element(figure, "fit", says)


def bands(model: Residuals, champion: Residuals | None, says: str) -> str:
    """Draw the residuals' median and 80 % band by prediction; a model that is right everywhere lies on zero."""
    figure, axes = _plain("prediction", "truth − prediction")
    axes.axhline(0, color=MUTED, linewidth=1, linestyle=":")
    across, low, median, high = zip(*model.bands, strict=True)
    axes.fill_between(across, low, high, color=MODEL, alpha=0.22, linewidth=0)
    if champion:
        axes.plot(*zip(*((band[0], band[2]) for band in champion.bands), strict=True), color=CHAMPION, linestyle="--")
    axes.plot(across, median, color=MODEL, linewidth=2, marker="o", markersize=4)
    return svg.element(figure, "bands", says)


def histogram(model: Residuals, champion: Residuals | None, says: str) -> str:
    """Draw how often which residual is."""
    figure, axes = _plain("truth − prediction", "rows")
    axes.axvline(0, color=MUTED, linewidth=1, linestyle=":")
    starts, ends, counts = zip(*model.histogram, strict=True)
    wide = [end - start for start, end in zip(starts, ends, strict=True)]
    axes.bar(starts, counts, width=wide, align="edge", color=MODEL, alpha=0.7)
    if champion:
        before, _, rows = zip(*champion.histogram, strict=True)
        axes.step([*before, champion.histogram[-1][1]], [*rows, rows[-1]], where="post", color=CHAMPION, linestyle="--")
    return svg.element(figure, "histogram", says)


def _plain(across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE)
    axes = figure.subplots()
    figure.subplots_adjust(**{**EDGES, "left": 0.18})
    _dress(axes, across, up)
    return figure, axes


def _square(across: str, up: str) -> tuple[Figure, Axes]:
    """Return axes from 0 to 1 both ways."""
    figure = Figure(figsize=SIZE)
    axes = figure.subplots()
    figure.subplots_adjust(**EDGES)
    _dress(axes, across, up)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    return figure, axes


def _dress(axes: Axes, across: str, up: str) -> None:
    axes.set_xlabel(across, color=MUTED, fontsize=11)
    axes.set_ylabel(up, color=MUTED, fontsize=11)
    axes.tick_params(colors=MUTED, labelcolor=MUTED, length=0, labelsize=11)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _lines(axes: Axes, model: Line, champion: Line | None) -> None:
    lines = [(champion, CHAMPION, 1.8, "--")] if champion else []
    for line, colour, width, style in [*lines, (model, MODEL, 2.4, "-")]:
        across, up = zip(*line.points, strict=True)
        axes.plot(across, up, color=colour, linewidth=width, linestyle=style)
