"""The champion: the model in production, met on the challenger's holdout. `evaluate` calls it, nothing else reads it.

Whatever is wrong with the champion's file is an answer, not a crash: a gate that needs it then does not pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from steps import drift, metrics, model, table
from steps.contract import Scalar
from steps.document import Document
from steps.measured import Champion
from steps.model import About, ModelRefused, Trained, Truth
from steps.registry import pointer, version
from steps.registry.objects import Store, TooLargeError

REPORT_LIMIT = 64 << 20
"""Bytes of a champion's report that are read at most."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in production: its version ("" if production is empty), its model's file and report if there."""

    version: str = ""
    data: bytes | None = None
    problem: str = ""
    report: bytes | None = None


def standing(store: Store, document: Document) -> Standing:
    """Return what production has; raises `StoreError` if the store cannot say."""
    name = pointer.current(pointer.read(store, document)).version
    if not name:
        return Standing()
    try:
        stored = store.get(version.model_key(document.name, name), model.LIMIT)
    except TooLargeError as error:
        return Standing(name, problem=str(error))
    if stored is None:
        return Standing(name, problem="its model file is not there")
    problem = _altered(store, document.name, name, stored[0])
    return Standing(name, None if problem else stored[0], problem, _report(store, document.name, name))


def _altered(store: Store, pipeline: str, name: str, data: bytes) -> str:
    """Return what is wrong with a file that is not the one its version was made with, "" if it is."""
    about = (version.read(store, pipeline, name) or {}).get("model")
    promised = about.get("sha256") if isinstance(about, Mapping) else None
    found = hashlib.sha256(data).hexdigest()
    if promised in (None, found):
        return ""
    return f"its model file has the hash {found[:12]}, its version.json says {promised!s:.12}"


def _report(store: Store, pipeline: str, name: str) -> bytes | None:
    """Return a version's report, None if it is not to be had: the card then says so, and no gate asks for it."""
    try:
        found = store.get(version.report_key(pipeline, name), REPORT_LIMIT)
    except TooLargeError:
        return None
    return found[0] if found else None


def meet(found: Standing, holdout: pd.DataFrame, truth: Truth, document: Document) -> Champion:
    """Return the champion with its metrics on these rows, whose truth is by the document."""
    if found.data is None:
        return Champion(found.version, problem=found.problem)
    try:
        trained = model.load(found.data)
    except ModelRefused as error:
        return Champion(found.version, problem=str(error))
    problem = _misfit(trained, document)
    if problem:
        return Champion(found.version, problem=problem)
    predicted = trained.predict(holdout)
    measured = metrics.measure(truth, predicted, document.model.task)
    notice = _notice(trained.about, drift.kept(found.report), document)
    return Champion(found.version, measured, predicted=predicted, notice=notice)


def _notice(about: About, report: Any, document: Document) -> str:
    """Return a warning if other rows were held out when the champion was trained: it may have learned these.

    Its metrics are then too good and the challenger's gain too small: gates err on the side of production. A hash of
    all columns says which rows are held out, so a column more or less moves them; `report` may not tell which it had.
    """
    wanted = document.model
    then, now = ((one.seed if one.time is None else None, one.holdout, one.time) for one in (about, wanted))
    if then != now:
        return "it was trained with another holdout, so it may have seen these rows"
    had = report.get("data") if isinstance(report, Mapping) else None
    if wanted.time is None and isinstance(had, Mapping) and had and set(had) != set(document.contract.columns):
        return "the contract had other columns then, which held out other rows, so it may have seen these"
    return ""


def _misfit(trained: Trained, document: Document) -> str:
    about, wanted, dtypes = trained.about, document.model, table.kinds(document.contract)
    if (about.target, about.positive) != (wanted.target, wanted.positive):
        return (
            f"it predicts {_said(about.target, about.positive)}, this pipeline {_said(wanted.target, wanted.positive)}"
        )
    for name, dtype in about.features.items():
        if dtypes.get(name) != dtype:
            return f"it reads the column {name!r} as {dtype}; the contract has it as {dtypes.get(name, 'no column')}"
    return ""


def _said(target: str, positive: Scalar | None) -> str:
    return f"the number {target!r}" if positive is None else f"{target!r} = {positive!r}"
