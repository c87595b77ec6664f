"""What an exported file answers, by ONNX Runtime: the engine that a server would use. `export` calls it.

The runtime's official builds send usage events to their maker unless the environment forbids it before the first
import. A step talks to the bucket and to nobody else.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd

from steps import estimator, features
from steps.model import ModelRefused, Predictions, Trained

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state

SILENT = 4
UNABLE = (state.Fail, state.InvalidArgument, state.NotImplemented, state.RuntimeException)
"""What ONNX Runtime raises for operators that it cannot carry out on these rows."""


def answers(data: bytes, trained: Trained, rows: pd.DataFrame) -> Predictions:
    """Return the answers for typed rows, from the inputs that the file declares and nothing else.

    Raises `ModelRefused` for a file that was made of another model, `Verdict` for one that the runtime cannot run.
    """
    session = _session(data)
    made_of = session.get_modelmeta().custom_metadata_map.get("model_sha256", "nothing")
    if made_of != trained.about.model_sha256:
        raise ModelRefused(f"the ONNX file was made of {made_of:.12}, the model is {trained.about.model_sha256:.12}")
    inputs = features.inputs(rows, trained.about.features, trained.about.dates)
    try:
        answered = session.run(None, _fed(inputs))
    except UNABLE as error:
        kind, line = type(trained.estimator[-1]).__name__, str(error).strip().splitlines()[0]
        raise estimator.refusal(f"ONNX Runtime cannot run what {kind} was exported to: {line:.300}") from error
    told = dict(zip([one.name for one in session.get_outputs()], answered, strict=True))
    if trained.about.task == "regression":
        return Predictions(np.zeros(len(rows), dtype=np.int64), told["value"].astype(np.float64), False)
    return Predictions(told["label"].astype(np.int64), told["probability"].astype(np.float64), True)


def _session(data: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = SILENT
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _fed(inputs: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return one column of shape (rows, 1) an input."""
    return {str(name): inputs[[name]].to_numpy() for name in inputs.columns}
