"""The whole draft: a sample in, the text of a pipeline document out, with a comment wherever something was chosen.

`retrain new` calls `compose` and writes what comes back. Nothing is decided here that the document does not show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from steps.document import Document
from steps.draft import column, criterion, role, text
from steps.draft.column import Facts
from steps.draft.measurement import Candidate, Measured, choose
from steps.draft.promise import least_rows, promise
from steps.draft.refusal import NoDraft
from steps.draft.sample import Sample, read
from steps.draft.target import Target, target

PLACEHOLDER = {"name": "placeholder", "kind": "baseline", "above": 0}
MOST_GROUPS = 20
SEED, HOLDOUT = 0, 0.3


@dataclass(frozen=True, slots=True)
class Request:
    """What a person said; `positive` and `sensitive` may be ""."""

    name: str
    target: str
    sensitive: str = ""
    positive: str = ""
    bucket: str = "retrain"
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """The document's text, and what was found on the way: `measured` has the chosen model first."""

    text: str
    rows: int
    columns: int
    wanted: Target
    left_out: Mapping[str, str]
    measured: tuple[Measured, ...]
    metric: str


@dataclass(frozen=True, slots=True)
class _Parts:
    """Everything the text is made of."""

    request: Request
    sample: Sample
    found: Mapping[str, Facts]
    wanted: Target
    left_out: Mapping[str, str]
    contract: Mapping[str, tuple[dict[str, Any], str]]

    @property
    def features(self) -> list[str]:
        without = (self.wanted.name, self.request.sensitive, *self.left_out)
        return [name for name in self.found if name not in without]


def compose(path: Path, request: Request) -> Draft:
    """Return the draft; raises `NoDraft` when the sample does not make one."""
    sample = read(path)
    for name in filter(None, (request.target, request.sensitive)):
        if name not in sample.kinds:
            raise NoDraft(f"there is no column {name!r}", f"there are: {', '.join(sample.kinds)}")
    found = column.facts(sample)
    wanted = target(found[request.target], request.positive)
    _groups(found, request)
    left_out = role.left_out(sample, found, wanted, request.sensitive)
    parts = _Parts(request, sample, found, wanted, left_out, _contract(found, wanted, request, left_out))
    if not parts.features:
        reasons = "; ".join(f"{name} {why}" for name, why in left_out.items()) or "there is no other column"
        raise NoDraft(f"no column is left to learn {wanted.name!r} from: {reasons}", "give a sample with more columns")
    metric = criterion.primary(wanted)
    measured = choose(sample.rows, wanted.task, metric, lambda candidate: _provisional(parts, candidate, metric))
    lines = text.document(_lines(parts, measured))
    return Draft(lines, len(sample.rows), len(found), wanted, left_out, measured, metric)


def _groups(found: Mapping[str, Facts], request: Request) -> None:
    if not request.sensitive:
        return
    facts = found[request.sensitive]
    if request.sensitive == request.target:
        raise NoDraft("the sensitive column cannot be the target")
    if facts.dtype not in ("string", "boolean", "integer") or not 2 <= facts.distinct <= MOST_GROUPS:
        hint = f"2 to {MOST_GROUPS} values make groups that can be compared; make bands of numbers first"
        raise NoDraft(f"the sensitive column {facts.name!r} has {facts.distinct} values ({facts.dtype})", hint)


def _contract(
    found: Mapping[str, Facts], wanted: Target, request: Request, left_out: Mapping[str, str]
) -> dict[str, tuple[dict[str, Any], str]]:
    lists = {request.sensitive, wanted.name if wanted.task == "classification" else ""}
    return {
        name: promise(facts, used=name not in left_out, listed=name in lists, personal=role.personal(facts, left_out))
        for name, facts in found.items()
    }


def _model(parts: _Parts, candidate: Candidate) -> dict[str, Any]:
    wanted, request = parts.wanted, parts.request
    return {
        "target": wanted.name,
        **({} if wanted.positive is None else {"positive": wanted.positive}),
        **({"sensitive": request.sensitive} if request.sensitive else {}),
        "features": parts.features,
        "estimator": candidate.estimator,
        **({"params": dict(candidate.params)} if candidate.params else {}),
        **({"prepare": dict(candidate.prepare)} if candidate.prepare else {}),
        "seed": SEED,
        "holdout": HOLDOUT,
    }


def _provisional(parts: _Parts, candidate: Candidate, metric: str) -> Document:
    """Return the document as far as it is known before its gates are; raises `NoDraft` for what it cannot hold."""
    values = {
        "name": parts.request.name,
        "owner": parts.request.owner,
        "description": _description(parts),
        "data": {"bucket": parts.request.bucket, "prefix": f"incoming/{parts.request.name}"},
        "contract": {"columns": {name: entry for name, (entry, _) in parts.contract.items()}},
        "model": _model(parts, candidate),
        "gates": [{**PLACEHOLDER, "metric": metric}],
    }
    try:
        return Document.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise NoDraft(f"{place or 'the document'}: {first['msg'].removeprefix('Value error, ')}") from None


def _description(parts: _Parts) -> str:
    count = len(parts.features)
    return f"Predict {parts.wanted.name} from {count} column{'' if count == 1 else 's'}."


def _lines(parts: _Parts, measured: tuple[Measured, ...]) -> Iterator[str | list[str]]:
    request, rows = parts.request, len(parts.sample.rows)
    yield text.line("", f"Drafted from {parts.sample.name}: {rows:,} rows, {len(parts.found)} columns.")
    yield "# Every line is a proposal: change what you know better, then `retrain run` it again."
    yield f"name: {request.name}"
    yield text.line(f"owner: {text.flow(request.owner)}", "whom to ask")
    yield f"description: {text.flow(_description(parts))}"
    yield ""
    yield "data:"
    yield f"  bucket: {text.flow(request.bucket)}"
    yield text.line(f"prefix: incoming/{request.name}", "batches land below it; the marker comes last", 2)
    yield ""
    yield [*_contract_lines(parts), ""]
    yield [*_model_lines(parts, measured[0].candidate), ""]
    yield [*_gate_lines(parts, measured), ""]
    yield text.line("expect:", "when a new model is due; `retrain watch` says what is late")
    yield text.line("  cadence: never", "or daily, weekdays, weekly, monthly, with deadline and timezone")


def _contract_lines(parts: _Parts) -> Iterator[str]:
    yield "# A file that breaks this is refused, by column and row. Bounds leave half the range seen as room, and a"
    yield "# category that is not listed is refused: drop `allowed` where new ones are to be expected."
    yield "contract:"
    yield text.line(
        f"  rows: {{min: {least_rows(len(parts.sample.rows))}}}", "half the sample; counted over a batch's files"
    )
    yield "  columns:"
    for name, (entry, said) in parts.contract.items():
        start = f"{text.scalar(name)}: {text.flow(entry)}"
        note = "; ".join(filter(None, (said, "not a feature" if name in parts.left_out else "")))
        yield text.line(start, note, 4)


def _model_lines(parts: _Parts, candidate: Candidate) -> Iterator[str]:
    wanted, model = parts.wanted, _model(parts, candidate)
    yield "model:"
    yield f"  target: {text.flow(wanted.name)}"
    if wanted.task == "regression":
        yield "  # no positive class: the target is predicted as a number"
    else:
        share = f"{wanted.why}; {wanted.share:.1%} of the rows"
        yield text.line(f"  positive: {text.flow(wanted.positive)}", share)
    if parts.request.sensitive:
        yield text.line(f"  sensitive: {text.flow(parts.request.sensitive)}", "compared by the gates; no feature")
        if wanted.task == "classification":
            other = next((value for value, _ in parts.found[wanted.name].values if value != wanted.positive), "")
            yield text.line(f"  # favourable: {text.flow(other)}", "take the mark off if that is what people hope for")
    yield from text.listed("features", model["features"], 2)
    for name, why in parts.left_out.items():
        yield text.line("", f"left out: {name} {why}", 2)
    yield text.line(f"  estimator: {model['estimator']}", candidate.called)
    if candidate.params:
        yield f"  params: {text.flow(candidate.params)}"
    if candidate.prepare:
        yield text.line(f"  prepare: {text.flow(candidate.prepare)}", "a column for each feature; trees mind no scale")
    yield f"  seed: {SEED}"
    yield text.line(f"  holdout: {HOLDOUT}", "of the rows, chosen by a hash of their content; training never sees them")


def _gate_lines(parts: _Parts, measured: tuple[Measured, ...]) -> Iterator[str]:
    yield "# All must pass. Measured by cross-validation within the training rows; the holdout was not looked at."
    yield "gates:"
    sensitive = parts.found.get(parts.request.sensitive)
    for gate, said in criterion.gates(measured[0], parts.wanted, sensitive):
        yield text.line("", said, 2)
        yield f"  - {text.flow(gate)}"
