"""The estimator of a document: from an import path and params to a scikit-learn estimator. `train` builds it.

A document is data, so it can name only classifiers or, for a regression, regressors: public ones of scikit-learn, and
those in `steps.estimators`.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from typing import Any

from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from steps.criteria import Task
from steps.document import Model
from steps.verdict import Reason, Verdict

OURS = "steps.estimators."
KINDS: dict[Task, tuple[type[Any], str]] = {
    "classification": (ClassifierMixin, "classifier"),
    "regression": (RegressorMixin, "regressor"),
}


def build(model: Model) -> Any:
    """Return the unfitted estimator, seeded; as in scikit-learn, joblib threads only where its params ask for them.

    Raises `Verdict` with a sentence on what in the document cannot be carried out; another attempt would not help.
    """
    kind = _class(model.estimator, model.task)
    try:
        estimator = kind()
    except TypeError as error:
        raise refusal(f"the estimator {model.estimator} cannot be made from params alone: {error}") from error
    known = estimator.get_params(deep=False)
    for name in model.params:
        if name == "random_state":
            raise refusal("random_state stands in model.params; set model.seed instead")
        if name not in known:
            raise refusal(f"{model.estimator} has no param {name!r}{_hint(name, list(known))}")
    seed = {"random_state": model.seed} if "random_state" in known else {}
    return estimator.set_params(**seed, **_given(model))


def refusal(problem: str) -> Verdict:
    """Return the verdict on a document that asks for what cannot be done: final, for trying again changes nothing."""
    return Verdict(Reason.DOCUMENT, f"the pipeline document cannot be carried out: {problem}")


def _given(model: Model) -> dict[str, Any]:
    """Undo what JSON does to Python: tuples became lists, and the classes in `class_weight` text."""
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in model.params.items()
    }
    weights = given.get("class_weight")
    if isinstance(weights, dict):
        try:
            given["class_weight"] = {int(label): weight for label, weight in weights.items()}
        except ValueError as error:
            raise refusal("class_weight takes the classes 0 and 1 (1 is model.positive)") from error
    return given


def _class(path: str, task: Task) -> type[Any]:
    module_name, _, name = path.rpartition(".")
    if any(part.startswith("_") for part in path.split(".")):
        raise refusal(f"the estimator {path!r} is not public")
    try:
        found: type[Any] = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError):
        raise refusal(f"there is no estimator {path!r}{_hint(name, _estimators(module_name, task))}") from None
    if not _is_estimator(found, task) or not found.__module__.startswith(("sklearn.", OURS)):
        why = "; without model.positive this is a regression" if task == "regression" else ""
        raise refusal(f"{path!r} is no {KINDS[task][1]} of scikit-learn or of steps.estimators{why}")
    return found


def _is_estimator(found: object, task: Task) -> bool:
    return inspect.isclass(found) and issubclass(found, BaseEstimator) and issubclass(found, KINDS[task][0])


def _estimators(module_name: str, task: Task) -> list[str]:
    try:
        module = importlib.import_module(module_name)
    except ImportError:
        return []
    return [name for name, value in vars(module).items() if _is_estimator(value, task)]


def _hint(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
