"""The model as one ONNX graph: features, predictor and decision, so that a server needs neither us nor scikit-learn.

`export` calls it. skl2onnx converts the predictors. What comes before and after them is written here node by node,
because there every bit counts: features in 64-bit floats as scikit-learn has them (a tree that compares the last bit
goes another way), categories never seen as `OneHotEncoder` takes them, a vote's weights and a threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.common.shape_calculator import (
    calculate_linear_classifier_output_shapes,
    calculate_linear_regressor_output_shapes,
)
from skl2onnx.operator_converters import random_forest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.preprocessing import OrdinalEncoder

from steps import features
from steps.estimators.vote import Vote
from steps.model import Trained

OPSETS = {"": 18, "ai.onnx.ml": 3}
IR_VERSION = 8
"""The oldest that has these operator sets, so that older servers read the file too."""
ML = "ai.onnx.ml"
FLOATS = TensorProto.FLOAT
ROWS = "rows"


class _Plain:
    """skl2onnx's container, given attributes as plain Python numbers.

    skl2onnx 1.20 hands over NumPy's small integers as scikit-learn 1.9 keeps them in histogram boosting, mixed with
    booleans; protobuf takes neither.
    """

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, *arguments: Any, **attributes: Any) -> None:
        lists = {name: [*map(_plain, value)] for name, value in attributes.items() if isinstance(value, list)}
        self._container.add_node(*arguments, **{**attributes, **lists})


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, bool) else value


def _plainly(convert: Callable[..., None]) -> Callable[..., None]:
    return lambda scope, operator, container: convert(scope, operator, _Plain(container))


update_registered_converter(
    HistGradientBoostingClassifier,
    "RetrainHistGradientBoostingClassifier",
    calculate_linear_classifier_output_shapes,
    _plainly(random_forest.convert_sklearn_random_forest_classifier),
    options={"zipmap": [True, False], "raw_scores": [True, False], "output_class_labels": [False, True],
             "nocl": [True, False]},
)  # fmt: skip
update_registered_converter(
    HistGradientBoostingRegressor,
    "RetrainHistGradientBoostingRegressor",
    calculate_linear_regressor_output_shapes,
    _plainly(random_forest.convert_sklearn_random_forest_regressor_converter),
    options={"raw_scores": [True, False]},
)


@dataclass
class Graph:
    """A graph in the making; values go by name. `width` is how many features there are once they are prepared."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    width: int = 0

    def add(self, operator: str, *inputs: str, domain: str = "", name: str = "", **attributes: Any) -> str:
        """Append a node of one output and return the output's name."""
        made = name or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [made], domain=domain, **attributes))
        return made

    def constant(self, values: Any) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def converted(self, predictor: Any, rows: str) -> list[str]:
        """Append what skl2onnx makes of a fitted predictor and return the names of its outputs."""
        options = {id(predictor): {"zipmap": False}} if hasattr(predictor, "predict_proba") else None
        kinds = [("inputs", FloatTensorType([None, self.width]))]
        made = to_onnx(predictor, initial_types=kinds, options=options, target_opset=OPSETS)
        part = onnx.compose.add_prefix(made, f"part_{len(self.nodes)}_").graph
        self.add("Identity", rows, name=part.input[0].name)
        self.nodes.extend(part.node)
        self.constants.extend(part.initializer)
        return [output.name for output in part.output]


def export(trained: Trained) -> bytes:
    """Return the file's bytes. Inputs are those of `features.inputs`, each (rows, 1): 64-bit floats or text.

    Outputs have a value a row: `label` (0 or 1) and `probability` of 1, or the `value` of a regression. Raises one of
    `export.UNCONVERTIBLE` for an estimator that has no converter.
    """
    about, (transformer, predictor) = trained.about, (step for _, step in trained.estimator.steps)
    graph = Graph()
    rows = _features(graph, transformer)
    if about.task == "regression":
        graph.add("Reshape", graph.converted(predictor, rows)[0], graph.constant([-1]), name="value")
        outputs = [helper.make_tensor_value_info("value", FLOATS, [ROWS])]
    else:
        _decision(graph, predictor, rows)
        kinds = {"label": TensorProto.INT64, "probability": FLOATS}
        outputs = [helper.make_tensor_value_info(name, kind, [ROWS]) for name, kind in kinds.items()]
    made = helper.make_graph(graph.nodes, about.pipeline, _inputs(transformer), outputs, graph.constants)
    opsets = [helper.make_opsetid(domain, number) for domain, number in OPSETS.items()]
    model = helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION, producer_name="retrain")
    facts = {"pipeline": about.pipeline, "target": about.target, "model_sha256": about.model_sha256}
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _inputs(transformer: Any) -> list[Any]:
    text = set(_columns(transformer, "categories"))
    return [
        helper.make_tensor_value_info(name, TensorProto.STRING if name in text else TensorProto.DOUBLE, [ROWS, 1])
        for name in transformer.feature_names_in_
    ]


def _columns(transformer: Any, part: str) -> Sequence[str]:
    return next((columns for name, _, columns in transformer.transformers_ if name == part), ())


def _features(graph: Graph, transformer: Any) -> str:
    """Append `features.transformer` as it was fitted; return the name of its output, 32-bit floats (rows, width)."""
    fitted = transformer.named_transformers_
    parts = [*_numbers(graph, fitted, _columns(transformer, "numbers"))]
    for place, column in enumerate(_columns(transformer, "categories")):
        parts.append(_category(graph, fitted["categories"], place, column))
    graph.width = len(transformer.get_feature_names_out())
    return graph.add("Concat", *parts, axis=1)


def _numbers(graph: Graph, fitted: Any, columns: Sequence[str]) -> list[str]:
    if not len(columns):
        return []
    steps = getattr(fitted["numbers"], "named_steps", {})
    values = graph.add("Concat", *columns, axis=1)
    if "gaps" in steps:
        fill = graph.constant(np.asarray(steps["gaps"].statistics_, dtype=np.float64))
        values = graph.add("Where", graph.add("IsNaN", values), fill, values)
    if "scale" in steps:
        centred = graph.add("Sub", values, graph.constant(steps["scale"].mean_))
        values = graph.add("Div", centred, graph.constant(steps["scale"].scale_))
    return [graph.add("Cast", values, to=FLOATS)]


def _category(graph: Graph, encoder: Any, place: int, column: str) -> str:
    """Append a column per category, or one with their places, as the encoder has it; the rare share the last.

    The never seen are among the rare if a category has a column, and in a place of their own if it has not.
    """
    rare = encoder.infrequent_categories_[place] if encoder.max_categories else None
    own = [value for value in encoder.categories_[place] if rare is None or value not in rare]
    places = {value: index for index, value in enumerate(own)}
    ordinal = isinstance(encoder, OrdinalEncoder)
    if ordinal:
        places |= dict.fromkeys(() if rare is None else rare, len(own))
    elsewhere = features.UNSEEN if ordinal or rare is None else len(own)
    index = graph.add(
        "LabelEncoder", column, domain=ML,
        keys_strings=[*places], values_int64s=[*places.values()], default_int64=elsewhere,
    )  # fmt: skip
    if ordinal:
        return graph.add("Cast", index, to=FLOATS)
    slots = np.arange(len(own) + (rare is not None))[np.newaxis, :]
    return graph.add("Cast", graph.add("Equal", index, graph.constant(slots)), to=FLOATS)


def _decision(graph: Graph, predictor: Any, rows: str) -> None:
    """Append the predictor, and what it says: `label` and `probability`."""
    if isinstance(predictor, Vote):
        _voted(graph, predictor, rows)
        return
    inner = predictor.estimator_.estimator if isinstance(predictor, FixedThresholdClassifier) else predictor
    label, probability = _answers(graph, inner, rows)
    graph.add("Identity", probability, name="probability")
    if inner is predictor:
        graph.add("Reshape", label, graph.constant([-1]), name="label")
    else:
        _from(graph, probability, predictor.threshold)


def _voted(graph: Graph, vote: Vote, rows: str) -> None:
    shares = []
    for part, weight in zip(vote.predictors, vote.weights, strict=True):
        weighed = graph.constant(np.float64(weight))
        # In 64 bits, as the vote itself adds: with many parts the sum of 32 would wander.
        belief = graph.add("Cast", _answers(graph, part, rows)[1], to=TensorProto.DOUBLE)
        shares.append(graph.add("Mul", belief, weighed))
    total = graph.add("Clip", graph.add("Sum", *shares), graph.constant(0.0), graph.constant(1.0))
    _from(graph, total, 0.5, TensorProto.DOUBLE)
    graph.add("Cast", total, to=FLOATS, name="probability")


def _answers(graph: Graph, classifier: Any, rows: str) -> tuple[str, str]:
    """Append a classifier and return its label and its probability of 1, a value a row."""
    if not hasattr(classifier, "predict_proba"):
        raise NotImplementedError("it gives no probabilities")
    classes = [int(label) for label in classifier.classes_]
    if classes != [0, 1]:
        # What fairness mitigation fits where it leaves one class: the same answer for every row.
        shape = graph.add("Shape", graph.add("Gather", rows, graph.constant(0), axis=1))
        only = numpy_helper.from_array(np.array(classes))
        label = graph.add("ConstantOfShape", shape, value=only)
        return label, graph.add("Cast", label, to=FLOATS)
    label, probabilities = graph.converted(classifier, rows)
    return label, graph.add("Gather", probabilities, graph.constant(1), axis=1)


def _from(graph: Graph, probability: str, threshold: float, kind: int = FLOATS) -> None:
    """Append the label: 1 from the threshold on."""
    least = graph.constant(np.array(threshold, dtype=helper.tensor_dtype_to_np_dtype(kind)))
    graph.add("Cast", graph.add("GreaterOrEqual", probability, least), to=TensorProto.INT64, name="label")
