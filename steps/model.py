"""The model and its file: skops, never pickle, with what one must know about the model inside. `train` writes it,
`evaluate` and serving read it.

A model file is hostile until read: its type names are looked at before anything of it is built, and only those that
training can have made are.
"""

from __future__ import annotations

import importlib
import io
import json
import platform
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import skops.io
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning
from skops.io.exceptions import UnsupportedTypeException

from steps import features, skopsfile, split
from steps.contract import Scalar
from steps.criteria import Task
from steps.document import Document, fingerprint
from steps.preparation import Dates

ABOUT = "retrain.json"
FORMAT = 2
LIMIT = 2 << 30
"""Bytes of a model file at most, unpacked."""
LIBRARIES = ("scikit-learn", "fairlearn", "skops", "numpy", "pandas")
OURS = "steps.estimators."
TRUSTED = (
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)
"""What skops asks about in fitted scikit-learn estimators: plain numbers in C, and nothing that runs when loaded."""
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError,
    ImportError, NotImplementedError, RecursionError, UnsupportedTypeException,
)  # fmt: skip
"""What hostile bytes make zipfile, json, numpy, skops and scikit-learn's `__setstate__` raise."""


Truth = NDArray[np.int64] | NDArray[np.float64]
"""What the rows' targets are: 0 and 1 (1 is the positive class), or the numbers of a regression."""


class ModelRefused(Exception):  # noqa: N818 - an answer about a file, not an error of ours
    """The file is no model that may be loaded here; the message says why."""


@dataclass(frozen=True, slots=True)
class About:
    """What one must know to use a model: `features` are the input columns in order with their contract dtypes.

    `rows` were trained on, `data_sha256` is of their content in any order; `seed`, `holdout` and `time` say which were
    not. `model_sha256` is of the rest of the file. Without `positive` it predicts the target as a number.
    """

    pipeline: str
    features: dict[str, str]
    dates: Dates
    target: str
    positive: Scalar | None
    seed: int
    holdout: float
    time: str | None
    rows: int
    data_sha256: str
    document_sha256: str
    versions: dict[str, str]
    model_sha256: str = ""
    format: int = FORMAT

    @property
    def task(self) -> Task:
        return "regression" if self.positive is None else "classification"


@dataclass(frozen=True, slots=True)
class Predictions:
    """The model's answers: `labels` 0 or 1, `scores` that grow with the belief in 1, and whether they are in 0 to 1.

    Of a regression the scores are the numbers it predicts, and the other two mean nothing.
    """

    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    probabilities: bool

    def take(self, rows: NDArray[Any]) -> Predictions:
        """Return the answers for some rows, by position or mask."""
        return Predictions(self.labels[rows], self.scores[rows], self.probabilities)


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted scikit-learn pipeline and what one must know about it; `size` is its file's bytes, if read."""

    estimator: Any
    about: About
    size: int | None = None

    def predict(self, frame: pd.DataFrame) -> Predictions:
        """Answer for typed rows; only the features are read. Raises `KeyError` if one is missing."""
        rows = features.inputs(frame, self.about.features, self.about.dates)
        if self.about.task == "regression":
            values = np.asarray(self.estimator.predict(rows), dtype=np.float64).reshape(len(frame))
            return Predictions(np.zeros(len(frame), dtype=np.int64), values, False)
        labels = np.asarray(self.estimator.predict(rows), dtype=np.int64)
        if hasattr(self.estimator, "predict_proba"):
            return Predictions(labels, np.asarray(self.estimator.predict_proba(rows)[:, 1], dtype=np.float64), True)
        if hasattr(self.estimator, "decision_function"):
            return Predictions(labels, np.asarray(self.estimator.decision_function(rows), dtype=np.float64), False)
        return Predictions(labels, labels.astype(np.float64), False)


def about(document: Document, rows: pd.DataFrame) -> About:
    """Return what is to be known of a model of this document, trained on these rows by the libraries at hand."""
    model = document.model
    return About(
        pipeline=document.name,
        features={name: document.contract.columns[name].dtype for name in model.features},
        dates=model.prepare.dates,
        target=model.target,
        positive=model.positive,
        seed=model.seed,
        holdout=model.holdout,
        time=model.time,
        rows=len(rows),
        data_sha256=split.data_hash(rows),
        document_sha256=fingerprint(document),
        versions=versions(),
    )


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def dump(trained: Trained, path: Path) -> Trained:
    """Write the model file and return the model as it would be read; equal models make equal bytes.

    Raises `ModelRefused` for types that could not be loaded.
    """
    try:
        raw = skops.io.dumps(trained.estimator)
    except (UnsupportedTypeException, TypeError) as error:
        raise ModelRefused(f"the model cannot be written without pickle: {error}") from error
    _trust(raw)
    members = skopsfile.members(raw)
    about = replace(trained.about, model_sha256=skopsfile.digest(members))
    note = json.dumps(asdict(about), sort_keys=True, indent=2).encode()
    data = skopsfile.zipped({**members, ABOUT: note})
    path.write_bytes(data)
    return replace(trained, about=about, size=len(data))


def load(data: bytes) -> Trained:
    """Read a model file.

    Raises `ModelRefused` for what is none, was changed, is of another scikit-learn, or holds unknown types.
    """
    try:
        note = _about(data)
        _same_scikit_learn(note.versions)
        trusted = _trust(data)
        with warnings.catch_warnings():
            # The minor version is the same; scikit-learn warns of patches too.
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            estimator = skops.io.loads(data, trusted=trusted)
    except UNREADABLE as error:
        raise ModelRefused(f"it is no model file of ours: {type(error).__name__}: {error!s:.200}") from error
    if not hasattr(estimator, "predict"):
        raise ModelRefused(f"it holds no estimator but {type(estimator).__name__}")
    return Trained(estimator, note, len(data))


def _about(data: bytes) -> About:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
        if size > LIMIT:
            raise ModelRefused(f"it unpacks to {size} bytes; {LIMIT} at most")
        value = json.loads(archive.read(ABOUT))
        if value.get("format") != FORMAT:
            raise ModelRefused(f"it has the format {value.get('format')!r}, this retrain reads {FORMAT}; train again")
        note = About(**value)
        found = skopsfile.digest({name: archive.read(name) for name in archive.namelist() if name != ABOUT})
    if note.model_sha256 != found:
        raise ModelRefused(f"its content has the hash {found[:12]}, its notes say {note.model_sha256!s:.12}")
    return note


def _same_scikit_learn(made_by: Mapping[str, str]) -> None:
    made, here = made_by["scikit-learn"], version("scikit-learn")
    if made.split(".")[:2] != here.split(".")[:2]:
        raise ModelRefused(f"it was made by scikit-learn {made}, this is {here}; train again")


def _trust(data: bytes) -> list[str]:
    """Return the types that skops asks about; raises `ModelRefused` unless training can have made all of them."""
    asked = skops.io.get_untrusted_types(data=data)
    unknown = [name for name in asked if name not in TRUSTED and not _is_ours(name)]
    if unknown:
        raise ModelRefused(f"it holds types that are on no list: {', '.join(unknown)[:300]}")
    return list(asked)


def _is_ours(name: str) -> bool:
    module, _, kind = name.rpartition(".")
    if not name.startswith(OURS):
        return False
    found = getattr(importlib.import_module(module), kind, None)
    return isinstance(found, type) and issubclass(found, BaseEstimator) and found.__module__.startswith(OURS)
