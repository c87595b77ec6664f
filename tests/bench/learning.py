"""What `train` costs on many rows, beside a process that does nothing but fit the same estimator on the same arrays.

Called by `scale`, which has the rows and held them against the contract.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.process import Used, median, run, show

from steps.document import Document

ESTIMATOR = "sklearn.ensemble.HistGradientBoostingClassifier"
FEATURES = ("amount", "income", "rate", "balance", "share", "age", "region", "opened")
ARRAYS = """
import sys
from pathlib import Path
import numpy as np
from steps import batch, document, features
folder = Path(sys.argv[1])
of = document.read((folder / "document").read_bytes())
rows = batch.check(batch.load(folder / "batch", of.contract), of).train
dtypes = {name: of.contract.columns[name].dtype for name in of.model.features}
inputs = features.inputs(rows, dtypes, of.model.prepare.dates)
np.save(folder / "inputs.npy", features.transformer(dtypes, of.model.prepare).fit_transform(inputs))
np.save(folder / "truth.npy", batch.truth(rows, of.model))
"""
FIT = """
import json, sys, time
from pathlib import Path
import numpy as np
from steps import document, estimator
folder = Path(sys.argv[1])
inputs, truth = np.load(folder / "inputs.npy"), np.load(folder / "truth.npy")
predictor = estimator.build(document.read((folder / "document").read_bytes()).model)
began = time.perf_counter(), time.process_time()
predictor.fit(inputs, truth)
took = [time.perf_counter() - began[0], time.process_time() - began[1]]
(folder / "fit.json").write_text(json.dumps([*took, *inputs.shape, predictor.n_iter_]))
"""


def document(contract: dict[str, Any]) -> Document:
    """Return a pipeline that learns from every column but the id."""
    return Document.model_validate(
        {
            "name": "bench",
            "owner": "bench",
            "description": "bench",
            "data": {"bucket": "retrain", "prefix": "incoming/bench"},
            "contract": contract,
            "model": {
                "target": "paid",
                "positive": True,
                "features": list(FEATURES),
                "estimator": ESTIMATOR,
                "prepare": {"missing": "keep", "scale": False, "categories": "ordinal"},
            },
            "gates": [{"name": "accuracy", "kind": "metric", "metric": "accuracy", "above": 0.4}],
        }
    )


def main(write: Callable[[str], None], folder: Path, rounds: int) -> None:
    """Measure `train` on the clean files in `folder`/batch, by the document beside it, and write the figures."""
    run("-c", ARRAYS, folder)
    pairs = [(fit(folder), step(folder)) for _ in range(rounds)]
    floor, ours = (median(used) for used in zip(*pairs, strict=True))
    rows, columns, fitted = json.loads((folder / "fit.json").read_text())[2:]
    show(write, f"the floor: {ESTIMATOR.rpartition('.')[2][:-10]}", floor)
    show(write, "train", ours, floor)
    write(f"The floor fits {rows:,} x {columns} arrays, those of the training side, in {fitted} rounds of boosting.")


def fit(folder: Path) -> Used:
    """Return what the fit alone took, without the start of its process, and the memory of that process."""
    memory = run("-c", FIT, folder).memory
    wall, processor = json.loads((folder / "fit.json").read_text())[:2]
    return Used(wall, processor, memory)


def step(folder: Path) -> Used:
    """Run the step as a pod does."""
    paths = {"document": "document", "clean": "batch", "verdict": "verdict", "model": "model"}
    return run("-m", "steps.train", *(f"--{name}={folder / path}" for name, path in paths.items()))
