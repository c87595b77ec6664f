"""The model and its file: skops, never pickle, with what one must know about the model inside. `train` writes it,
`evaluate` and serving read it.

A model file is hostile until read: its type names are looked at before anything of it is built, and only those that
training can have made are.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import platform
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
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

from steps import features, skopsfile
from steps.contract import Scalar
from steps.document import Document

ABOUT = "retrain.json"
FORMAT = 1
LIMIT = 2 << 30
"""Bytes of a model file at most, unpacked."""
LIBRARIES = ("scikit-learn", "fairlearn", "skops", "numpy", "pandas")
OURS = "steps.estimators."
TRUSTED = (
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)
"""What skops asks about in fitted scikit-learn classifiers: plain numbers in C, and nothing that runs when loaded."""
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError,
    ImportError, NotImplementedError, RecursionError, UnsupportedTypeException,
)  # fmt: skip
"""What hostile bytes make zipfile, json, numpy, skops and scikit-learn's `__setstate__` raise."""


class ModelRefused(Exception):  # noqa: N818 - an answer about a file, not an error of ours
    """The file is no model that may be loaded here; the message says why."""


@dataclass(frozen=True, slots=True)
class About:
    """What one must know to use a model: `features` are the input columns in order with their contract dtypes.

    `rows` were trained on; `seed` and `holdout` say which rows were not.
    """

    pipeline: str
    features: dict[str, str]
    target: str
    positive: Scalar
    seed: int
    holdout: float
    rows: int
    document_sha256: str
    versions: dict[str, str]
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Predictions:
    """The model's answers: `labels` 0 or 1, `scores` that grow with the belief in 1, and whether they are in 0 to 1."""

    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    probabilities: bool


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted scikit-learn pipeline and what one must know about it."""

    estimator: Any
    about: About

    def predict(self, frame: pd.DataFrame) -> Predictions:
        """Answer for typed rows; only the features are read. Raises `KeyError` if one is missing."""
        rows = features.inputs(frame, self.about.features)
        labels = np.asarray(self.estimator.predict(rows), dtype=np.int64)
        if hasattr(self.estimator, "predict_proba"):
            return Predictions(labels, np.asarray(self.estimator.predict_proba(rows)[:, 1], dtype=np.float64), True)
        if hasattr(self.estimator, "decision_function"):
            return Predictions(labels, np.asarray(self.estimator.decision_function(rows), dtype=np.float64), False)
        return Predictions(labels, labels.astype(np.float64), False)


def about(document: Document, rows: int) -> About:
    """Return what is to be known of a model of this document, trained on so many rows by the libraries at hand."""
    model = document.model
    canonical = json.dumps(document.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return About(
        pipeline=document.name,
        features={name: document.contract.columns[name].dtype for name in model.features},
        target=model.target,
        positive=model.positive,
        seed=model.seed,
        holdout=model.holdout,
        rows=rows,
        document_sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        versions=versions(),
    )


def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def dump(trained: Trained, path: Path) -> None:
    """Write the model file; equal models make equal bytes. Raises `ModelRefused` for types that could not be loaded."""
    try:
        raw = skops.io.dumps(trained.estimator)
    except (UnsupportedTypeException, TypeError) as error:
        raise ModelRefused(f"the model cannot be written without pickle: {error}") from error
    _trust(raw)
    note = json.dumps(asdict(trained.about), sort_keys=True, indent=2).encode()
    path.write_bytes(skopsfile.normalised(raw, {ABOUT: note}))


def load(data: bytes) -> Trained:
    """Read a model file; raises `ModelRefused` for what is none, is of another scikit-learn, or holds unknown types."""
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
    return Trained(estimator, note)


def _about(data: bytes) -> About:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
        if size > LIMIT:
            raise ModelRefused(f"it unpacks to {size} bytes; {LIMIT} at most")
        value = json.loads(archive.read(ABOUT))
    if value.get("format") != FORMAT:
        raise ModelRefused(f"it has the format {value.get('format')!r}, this retrain reads {FORMAT}")
    return About(**value)


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
