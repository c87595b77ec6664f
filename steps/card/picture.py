"""The figures of the page: each plot with its title, its legend and what it says in words. For `page`.

The words are also the alt text, so a reader who sees no plot misses no number that matters.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from steps.card import plot
from steps.card.facts import Absent, Bin, Binary, Card, Line, Residuals
from steps.card.text import count, number, percent


@dataclass(frozen=True, slots=True)
class Picture:
    """One figure; `why` says why there is no plot. `legend` has the lines it shows: model, champion, chance."""

    title: str
    says: str
    plot: Markup | None
    legend: tuple[tuple[str, str], ...] = ()


def pictures(card: Card) -> dict[str, tuple[Picture, ...]]:
    """Return the figures by section: `answers`, and `slices` in the order of the card's slicings."""
    if isinstance(card.model, Binary):
        answers = _binary(card, card.model)
    elif isinstance(card.model, Residuals):
        answers = _residuals(card, card.model)
    else:
        answers = (Picture("Answers", f"Not shown: {card.model.why}.", None),)
    return {"answers": answers, "slices": _slices(card)}


def _binary(card: Card, model: Binary) -> tuple[Picture, ...]:
    rival = card.rival if isinstance(card.rival, Binary) else None
    return (
        _roc(model.roc, rival.roc if rival else None),
        _precision_recall(model, rival),
        _calibration(model.calibration, rival.calibration if rival else None),
    )


def _roc(model: Line | Absent, rival: Line | Absent | None) -> Picture:
    title = "ROC curve"
    if isinstance(model, Absent):
        return _nothing(title, model)
    champion = rival if isinstance(rival, Line) else None
    says = f"Area {_areas(model, champion)}; chance is 0.5."
    return Picture(title, says, _markup(plot.roc(model, champion, f"{title}. {says}")), _legend(champion, "chance"))


def _precision_recall(model: Binary, rival: Binary | None) -> Picture:
    title = "Precision and recall"
    if isinstance(model.precision_recall, Absent) or isinstance(model.confusion, Absent):
        return _nothing(title, model.precision_recall)
    champion = rival.precision_recall if rival and isinstance(rival.precision_recall, Line) else None
    counts = model.confusion
    positives = counts.true_positive + counts.false_negative
    share = positives / (positives + counts.true_negative + counts.false_positive)
    says = (
        f"Average precision {_areas(model.precision_recall, champion)}; chance is {number(share)}, the positive share."
    )
    drawn = plot.precision_recall(model.precision_recall, champion, share, f"{title}. {says}")
    return Picture(title, says, _markup(drawn), _legend(champion, "chance"))


def _calibration(model: tuple[Bin, ...] | Absent, rival: tuple[Bin, ...] | Absent | None) -> Picture:
    title = "Calibration"
    if isinstance(model, Absent):
        return _nothing(title, model)
    champion = None if rival is None or isinstance(rival, Absent) else rival
    rows = sum(found.rows for found in model)
    off = sum(abs(found.predicted - found.observed) * found.rows for found in model) / rows
    says = f"Predicted and observed shares are {percent(off)} apart on average. Bars are 95 % intervals, rows below."
    drawn = plot.calibration(model, champion, f"{title}. {says}")
    return Picture(title, says, _markup(drawn), _legend(champion, "perfect"))


def _residuals(card: Card, model: Residuals) -> tuple[Picture, ...]:
    champion = card.rival if isinstance(card.rival, Residuals) else None
    every = (
        count(model.rows, "row") if len(model.points) == model.rows else f"{len(model.points):,} of {model.rows:,} rows"
    )
    fit = f"Truth against prediction for {every}; on the dotted line the model is right."
    bands = "Median residual with its 10th to 90th percentile, by tenth of the predictions."
    low, high = model.histogram[0][0], model.histogram[-1][1]
    bars = f"Residuals lie between {number(low)} and {number(high)}."
    return (
        Picture("Fit", fit, _markup(plot.fit(model, fit)), _legend(None, "right")),
        Picture("Residuals", bands, _markup(plot.bands(model, champion, bands)), _legend(champion, "zero")),
        Picture("Spread", bars, _markup(plot.histogram(model, champion, bars)), _legend(champion, "zero")),
    )


def _slices(card: Card) -> tuple[Picture, ...]:
    if isinstance(card.slicings, Absent):
        return ()
    found = []
    for slicing in card.slicings:
        told = [part for part in slicing.slices if part.values.get(slicing.shown) is not None]
        sure = all(part.intervals for part in told)
        show = percent if sure else number
        listed = ", ".join(f"{part.name} {show(part.values[slicing.shown])}" for part in told)
        says = f"{slicing.shown} by {slicing.by}{', with 95 % intervals and rows' if sure else ''}"
        drawn = _markup(plot.slices(slicing, f"{says}: {listed}")) if told else None
        found.append(Picture(slicing.by, says[0].upper() + says[1:] + ".", drawn))
    return tuple(found)


def _areas(model: Line, champion: Line | None) -> str:
    said = number(model.area)
    return f"{said}, the champion's {number(champion.area)}" if champion else said


def _legend(champion: object, third: str) -> tuple[tuple[str, str], ...]:
    middle = (("champion", "champion"),) if champion else ()
    return (("model", "this model"), *middle, ("chance", third))


def _nothing(title: str, absent: object) -> Picture:
    return Picture(title, f"Not shown: {absent.why if isinstance(absent, Absent) else 'nothing to draw'}.", None)


def _markup(drawn: str) -> Markup:
    return Markup(drawn)  # noqa: S704 - matplotlib escapes what it draws, and `svg` the alt text
