"""`retrain new`: a pipeline document from a sample of the data, written once and never over another one.

What is written was held to the same as any document before: it was read, rendered, linted, and the sample itself keeps
its contract.
"""

from __future__ import annotations

import re
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from steps.document import PIPELINE_NAME
from workflows.commands import documents, render
from workflows.commands.options import PIPELINES
from workflows.config import load
from workflows.engine.eventrules import check_events
from workflows.engine.events import events_among
from workflows.engine.loader import load as load_manifests
from workflows.engine.validate import check
from workflows.errors import DocumentError, RetrainError

if TYPE_CHECKING:
    from steps.draft.composition import Draft

DATA = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for; `sensitive` and `positive` may be ""."""

    name: str
    data: Path
    target: str
    sensitive: str
    positive: str
    bucket: str
    owner: str


def run(wanted: Wanted, pipelines: Path) -> int:
    """Draft, hold to the rules, write, and say what was found and what comes next."""
    file = pipelines / f"{wanted.name}.yaml"
    _refuse(wanted, file)
    draft = drafted(wanted)
    with tempfile.TemporaryDirectory(prefix="retrain-") as folder:
        proven(draft.text, wanted, Path(folder))
    _write(file, draft.text)
    for line in (*_found(wanted, file, draft), *_next(wanted, pipelines)):
        typer.echo(line)
    return 0


def drafted(wanted: Wanted) -> Draft:
    """Return the draft; raises `RetrainError` where the sample does not make one."""
    from steps.draft.composition import Request, compose
    from steps.draft.refusal import NoDraft

    request = Request(wanted.name, wanted.target, wanted.sensitive, wanted.positive, wanted.bucket, wanted.owner)
    try:
        return compose(wanted.data, request)
    except NoDraft as refusal:
        raise RetrainError(str(refusal), where=str(wanted.data), hint=refusal.hint) from None


def proven(text: str, wanted: Wanted, folder: Path) -> None:
    """Hold a document to all that any other is held to, in a folder of its own; raises `RetrainError`."""
    from steps.validate import validate
    from steps.verdict import Verdict

    pipelines, manifests = folder / "pipelines", folder / "generated"
    pipelines.mkdir()
    file = pipelines / f"{wanted.name}.yaml"
    file.write_text(text, encoding="utf-8")
    document = load(file)
    render.write(pipelines, manifests, say=lambda _: None)
    found = load_manifests(documents.files_in(manifests))
    problems = [one for one in (*check(found), *check_events(events_among(found))) if one.level == "error"]
    if problems:
        raise DocumentError("\n  ".join(map(str, problems)), where=str(wanted.data))
    try:
        validate(wanted.data, wanted.data.name, document.contract, folder / "clean.parquet")
    except Verdict as verdict:
        raise RetrainError(f"the sample breaks the contract made of it: {verdict}", where=str(wanted.data)) from None


def _refuse(wanted: Wanted, file: Path) -> None:
    if not re.fullmatch(PIPELINE_NAME, wanted.name):
        raise RetrainError(
            f"{wanted.name!r} cannot name a pipeline",
            hint="lower-case letters, digits and -, 20 at most, a letter first",
        )
    if file.exists():
        raise RetrainError(
            "there is a document already, and it stays as it is",
            where=str(file),
            hint=f"`retrain run {wanted.name} --data …` tries it out; choose another name, or remove it first",
        )
    if not wanted.data.is_file():
        raise RetrainError("there is no such file", where=str(wanted.data))
    if wanted.data.suffix not in DATA:
        raise RetrainError(
            "the format is not known by the name", where=str(wanted.data), hint=f"expected one of: {', '.join(DATA)}"
        )


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise RetrainError("there is a document already, and it stays as it is", where=str(file)) from None


def _found(wanted: Wanted, file: Path, draft: Draft) -> list[str]:
    target = draft.wanted
    predicts = f"{target.name} as a number"
    if target.task == "classification":
        predicts = f"whether {target.name} is {target.positive!r} ({target.share:.1%} of the rows)"
    compared = f", compared between the groups of {wanted.sensitive}" if wanted.sensitive else ""
    hoped = f"  if people hope for another answer than {target.positive!r}, say so by model.favourable"
    lines = [
        f"wrote {file}: {draft.rows:,} rows and {draft.columns} columns of {wanted.data.name}",
        f"  predicts {predicts}{compared}",
        *([hoped] if wanted.sensitive and target.task == "classification" else []),
        *(f"  left out: {name} {why}" for name, why in draft.left_out.items()),
    ]
    for place, measured in enumerate(draft.measured):
        spread = measured.spreads.get(draft.metric)
        if spread:
            chosen = "  measured" if place == 0 else "  instead of"
            lines.append(
                f"{chosen}: {measured.candidate.called}, {draft.metric} {spread.mean:.3f} ± {spread.deviation:.3f}"
            )
    return lines


def _next(wanted: Wanted, pipelines: Path) -> list[str]:
    place = "" if pipelines == PIPELINES else f" --pipelines {shlex.quote(str(pipelines))}"
    return [
        "next:",
        f"  retrain run {wanted.name} --data {shlex.quote(str(wanted.data))}{place}    # train and gate it here, no S3",
        f"  retrain render{place} && retrain lint{place}    # what Argo will run",
    ]
