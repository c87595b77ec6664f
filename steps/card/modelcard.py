"""The model card in Markdown, after Mitchell et al., "Model Cards for Model Reporting" (2019), kept with the version.

It says what the document and the evaluation know. What only a person can know is asked of the owner, never made up.
"""

from __future__ import annotations

from collections.abc import Sequence

from steps.card import drift, headline
from steps.card.facts import Absent, Binary, Card, Gate, Residuals, Slicing
from steps.card.text import apart, between, count, markdown, number, percent, signed, words


def render(card: Card) -> str:
    """Return the model card; every text of document or data is escaped, so none becomes markup."""
    parts = [
        [f"# Model card: {markdown(card.subject.pipeline)}", "", f"**{markdown(headline.heading(card))}.** "
         + markdown(headline.summary(card), 2000)],
        _details(card), _use(card), _factors(card), _gates(card), _metrics(card), _pictures(card), _groups(card),
        _data(card), _caveats(card), _provenance(card),
    ]  # fmt: skip
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _details(card: Card) -> list[str]:
    subject = card.subject
    facts = [
        ("Predicts", f"{subject.target} = {subject.positive}" if card.task == "classification" else subject.target),
        ("Estimator", subject.estimator),
        ("Parameters", subject.params or "scikit-learn's defaults"),
        ("Fairness mitigation", subject.mitigation or "none"),
        ("Features", ", ".join(subject.features)),
        ("Owner", subject.owner),
    ]
    return ["## Model details", "", *(f"- {what}: {markdown(value, 1000)}" for what, value in facts)]


def _use(card: Card) -> list[str]:
    return ["## Intended use", "", markdown(card.subject.description, 2000)]


def _factors(card: Card) -> list[str]:
    if not card.subject.sensitive:
        return ["## Factors", "", "The document names no sensitive column, so no groups are compared."]
    said = f"Groups of {markdown(card.subject.sensitive)} are compared."
    if card.task == "classification":
        said += f" Favourable is {markdown(card.subject.target)} = {markdown(card.subject.favourable)}."
    return ["## Factors", "", said]


def _gates(card: Card) -> list[str]:
    rows = [(markdown(gate.name), *_numbers(gate), gate.result, markdown(gate.evidence, 300)) for gate in card.gates]
    return ["## Gates", "", *_table(("Gate", "Value", "Interval", "Must be", "Result", "Evidence"), rows)]


def _numbers(gate: Gate) -> tuple[str, str, str]:
    value = "–" if gate.passed and gate.value is None else apart(gate.value, gate.threshold)
    interval = f"{number(gate.interval[0])} to {number(gate.interval[1])}" if gate.interval else "–"
    return value, interval, f"{gate.comparison} {number(gate.threshold)}"


def _metrics(card: Card) -> list[str]:
    lines = ["## Metrics", "", f"On {count(card.rows['holdout'], 'row')} that training never saw."]
    if isinstance(card.rival, Absent):
        lines[-1] += f" There is no champion to compare with: {markdown(card.rival.why, 300)}."
        rows = [(words(found.name), number(found.model), _or_dash(found.baseline)) for found in card.metrics]
        return [*lines, "", *_table(("Metric", "Model", "Dummy"), rows)]
    lines[-1] += f" The champion is version {markdown(card.champion.version)}; a gain above zero favours this model."
    more = [
        (words(found.name), number(found.model), _or_dash(found.champion), signed(found.gain) if found.gain is not None
         else "–", _or_dash(found.baseline))
        for found in card.metrics
    ]  # fmt: skip
    return [*lines, "", *_table(("Metric", "Model", "Champion", "Gain", "Dummy"), more)]


def _or_dash(value: float | None) -> str:
    return "–" if value is None else number(value)


def _pictures(card: Card) -> list[str]:
    lines = ["## Answers", ""]
    if isinstance(card.model, Absent):
        return [*lines, f"Not shown: {markdown(card.model.why)}."]
    if isinstance(card.model, Residuals):
        low, high = card.model.histogram[0][0], card.model.histogram[-1][1]
        return [*lines, f"Residuals lie between {number(low)} and {number(high)}."]
    return [*lines, *_confusion(card.model)]


def _confusion(model: Binary) -> list[str]:
    if isinstance(model.confusion, Absent):
        return [f"Not shown: {markdown(model.confusion.why)}."]
    counts = model.confusion
    rows = [
        ("is negative", f"{counts.true_negative:,}", f"{counts.false_positive:,}"),
        ("is positive", f"{counts.false_negative:,}", f"{counts.true_positive:,}"),
    ]
    return _table(("", "says negative", "says positive"), rows)


def _groups(card: Card) -> list[str]:
    if isinstance(card.slicings, Absent):
        return ["## Groups", "", f"Not shown: {markdown(card.slicings.why)}."]
    lines = [
        "## Groups",
        "",
        "Rates with their 95 % intervals." if card.task == "classification" else "Means and errors.",
    ]
    for slicing in card.slicings:
        lines += ["", *_slicing(slicing)]
    return lines


def _slicing(slicing: Slicing) -> list[str]:
    names = list(slicing.slices[0].values) if slicing.slices else []
    rows = []
    for part in slicing.slices:
        cells = []
        for name in names:
            value, interval = part.values[name], part.intervals.get(name)
            cells.append(f"{percent(value)} ({between(interval)})" if interval else number(value))
        rows.append((markdown(part.name, 40), f"{part.rows:,}", *cells))
    return _table((markdown(slicing.by), "Rows", *names), rows)


def _data(card: Card) -> list[str]:
    total = card.rows["train"] + card.rows["holdout"]
    size = f"{count(total, 'row')} with {count(len(card.columns), 'column')}"
    lines = ["## Data", "", f"{size}: {card.rows['train']:,} for training, {card.rows['holdout']:,} held out."]
    if isinstance(card.drift, Absent):
        return [*lines, "", f"Drift is not shown: {markdown(card.drift.why, 300)}."]
    moved = [shift for shift in card.drift.shifts if drift.word(shift.stability) in ("moderate", "shifted")]
    listed = ", ".join(f"{markdown(shift.column)} ({shift.stability:.3f})" for shift in moved) or "none"
    said = f"Columns that moved from the data of version {markdown(card.drift.version)} (population stability index"
    return [*lines, "", f"{said} of {drift.MODERATE} or more): {listed}."]


def _caveats(card: Card) -> list[str]:
    place = "The holdout is from the same batch as the training rows: it says nothing about later data or other places."
    harm = "Uses out of scope and harms beyond the groups above are for the owner to say:"
    return ["## Caveats", "", place, f"{harm} {markdown(card.subject.owner)}."]


def _provenance(card: Card) -> list[str]:
    lines = ["## Provenance"]
    for heading, facts in card.provenance:
        lines += [
            "",
            f"### {markdown(heading)}",
            "",
            *(f"- {markdown(what)}: {markdown(value, 600)}" for what, value in facts),
        ]
    return lines


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)]
