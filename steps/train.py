"""`train`: fit the document's model on the training side of the batch and leave it as one file.

The same rows and the same document give the same bytes, whatever the order of files, the day or the number of threads.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from steps import batch, check, estimator, export, features, interface, leak, mitigation, model, threshold
from steps import document as documents
from steps.document import Document
from steps.interface import Call, Interface
from steps.model import Trained

INTERFACE = Interface(
    artifacts=("document", "clean"),
    writes=("verdict",),
    saves=("model", "onnx"),
    optional=("onnx",),
)


def train(rows: pd.DataFrame, document: Document) -> Trained:
    """Return the model fitted on these rows, all of which it may see.

    Raises `Verdict` if the document asks for what cannot be done.
    """
    wanted = document.model
    dtypes = {name: document.contract.columns[name].dtype for name in wanted.features}
    predictor = estimator.build(wanted)
    if wanted.prepare.missing == "keep":
        _keepable(rows, dtypes, predictor, wanted.estimator)
    truth, about = batch.truth(rows, wanted), model.about(document, rows)
    group = batch.groups(rows, wanted.sensitive) if wanted.mitigation and wanted.sensitive else None
    # The last bits of sums in BLAS depend on its number of threads, and the model file on the last bits.
    with threadpool_limits(1, user_api="blas"):
        given = features.inputs(rows, dtypes, wanted.prepare.dates)
        transformer, inputs = features.fit(given, dtypes, wanted.prepare)
        del given, rows  # the fit needs the memory
        try:
            if wanted.mitigation and group is not None:
                _mitigable(document, predictor)
                predictor = mitigation.fit(predictor, inputs, truth, group, wanted.mitigation)
            elif wanted.threshold:
                predictor = threshold.fit(predictor, inputs, truth, wanted)
            else:
                predictor.fit(inputs, truth)
        except InvalidParameterError as error:
            raise estimator.refusal(str(error)) from error
        except (ValueError, np.linalg.LinAlgError) as error:
            # What an estimator says of rows that it cannot learn from; the same rows would make it say so again.
            raise estimator.refusal(f"{wanted.estimator} cannot learn from these rows: {error!s:.300}") from error
    fitted = Pipeline([("features", transformer), ("predictor", predictor)])
    return Trained(fitted, about)


def _keepable(rows: pd.DataFrame, dtypes: Mapping[str, str], predictor: object, path: str) -> None:
    if not get_tags(predictor).input_tags.allow_nan:
        raise estimator.refusal(f"prepare.missing is keep, but {path} takes no missing values")
    numeric = [name for name, dtype in dtypes.items() if dtype in features.NUMERIC]
    empty = next((name for name in numeric if rows[name].isna().all()), None)
    if empty is not None:
        raise estimator.refusal(
            f"prepare.missing is keep, but {empty!r} has no value in any training row; leave it out"
        )


def _mitigable(document: Document, predictor: object) -> None:
    if not has_fit_parameter(predictor, "sample_weight"):
        raise estimator.refusal(
            f"mitigation needs an estimator that takes sample weights, {document.model.estimator} does not"
        )


def run(call: Call) -> None:
    document = documents.read(call.artifacts["document"].read_bytes())
    for gate in document.gates:
        if gate.kind == "check":
            check.load(gate.metric)
    if document.model.export:
        export.ready()
    trained = train(_rows(call, document), document)
    try:
        trained = model.dump(trained, call.save("model"))
    except model.ModelRefused as error:
        raise estimator.refusal(f"{document.model.estimator} cannot be kept in a model file: {error}") from error
    if document.model.export:
        call.save("onnx").write_bytes(export.export(trained))
    print(f"{document.model.estimator}: trained on {trained.about.rows} rows")  # noqa: T201 - the step's log


def _rows(call: Call, document: Document) -> pd.DataFrame:
    """Return the training side; nothing else of the batch stays in memory."""
    parts = batch.check(batch.load(call.artifacts["clean"], document.contract), document)
    print(f"{len(parts.train)} rows to train on, {len(parts.holdout)} held out")  # noqa: T201 - the step's log
    for name, says in leak.notices(parts.train, document.model).items():
        print(f"feature {name!r} {says}")  # noqa: T201 - the step's log
    return parts.train


def main(argv: list[str] | None = None) -> int:
    return interface.run(INTERFACE, run, argv)


if __name__ == "__main__":
    sys.exit(main())
