"""A second file of the same model, for servers without Python. `train` makes it, `evaluate` asks it.

Its libraries are an extra of their own, for most pipelines need none: what imports them is imported where it is used.
"""

from __future__ import annotations

from importlib.util import find_spec

import pandas as pd

from steps import estimator
from steps.model import Predictions, Trained

EXTRA = ("onnx", "onnxruntime", "skl2onnx")
UNCONVERTIBLE = (
    RuntimeError, NotImplementedError, AssertionError, ValueError, TypeError, NameError, LookupError, AttributeError,
)  # fmt: skip
"""What skl2onnx raises for an estimator, or one inside of it, that it has no converter for."""


def ready() -> None:
    """Raise `Verdict` unless the libraries of the extra are here: better said before training than after it."""
    lacking = [name for name in EXTRA if find_spec(name) is None]
    if lacking:
        raise estimator.refusal(
            f"model.export is onnx, but {', '.join(lacking)} is not installed here; build the image of the steps with "
            "IMAGE_EXTRAS=onnx, or install retrain[onnx]"
        )


def export(trained: Trained) -> bytes:
    """Return the model as ONNX; equal models make equal bytes. Raises `Verdict` for what ONNX cannot say."""
    from steps import onnxfile

    try:
        return onnxfile.export(trained)
    except UNCONVERTIBLE as error:
        kind = type(trained.estimator[-1]).__name__
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise estimator.refusal(f"{kind} cannot be exported to ONNX: {lines[0]:.200}") from error


def answers(data: bytes, trained: Trained, rows: pd.DataFrame) -> Predictions:
    """Return what the file answers for typed rows; raises `ModelRefused` unless it was made of this very model."""
    from steps import onnxanswers

    return onnxanswers.answers(data, trained, rows)
