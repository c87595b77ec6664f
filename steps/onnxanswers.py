"""What an exported file answers, by ONNX Runtime: the engine that a server would use. `export` calls it.

The runtime's official builds send usage events to their maker unless the environment forbids it before the first
import. A step talks to the bucket and to nobody else.
"""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from steps import features
from steps.model import ModelRefused, Predictions, Trained

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

QUIET = 3


def answers(data: bytes, trained: Trained, rows: pd.DataFrame) -> Predictions:
    """Return the answers for typed rows, from the inputs that the file declares and nothing else.

    Raises `ModelRefused` for a file that was made of another model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = QUIET
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    made_of = session.get_modelmeta().custom_metadata_map.get("model_sha256", "nothing")
    if made_of != trained.about.model_sha256:
        raise ModelRefused(f"the ONNX file was made of {made_of:.12}, the model is {trained.about.model_sha256:.12}")
    inputs = features.inputs(rows, trained.about.features, trained.about.dates)
    told = dict(zip([one.name for one in session.get_outputs()], session.run(None, _fed(inputs)), strict=True))
    if trained.about.task == "regression":
        return Predictions(np.zeros(len(rows), dtype=np.int64), told["value"].astype(np.float64), False)
    return Predictions(told["label"].astype(np.int64), told["probability"].astype(np.float64), True)


def _fed(inputs: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return one column of shape (rows, 1) an input."""
    return {str(name): inputs[[name]].to_numpy() for name in inputs.columns}
