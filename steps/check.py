"""A check of the user's own, by import path. `train` looks that it is there, `findings` calls it.

A document is data, so it can name only functions that stand in a module of `steps.checks`.
"""

from __future__ import annotations

import importlib
import inspect
import math
import re
from collections.abc import Callable
from numbers import Real
from typing import Any

from steps import estimator
from steps.criteria import CHECK
from steps.measured import Found, Held


def load(path: str) -> Callable[..., Any]:
    """Return the function; raises `Verdict` if there is none by that path."""
    module_name, _, name = path.rpartition(".")
    if not re.fullmatch(CHECK, path):
        raise estimator.refusal(f"{path!r} is no path of a check; expected steps.checks.<module>.<function>")
    try:
        found = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError):
        raise estimator.refusal(f"there is no check {path!r}") from None
    if not inspect.isfunction(found) or found.__module__ != module_name:
        raise estimator.refusal(f"{path!r} is no function of its own module")
    return found


def measure(path: str, held: Held) -> Found:
    """Return the check's number on the holdout; raises `Verdict` if there is no such check."""
    answer = load(path)(held.rows, held.truth, held.predicted)
    name = path.rpartition(".")[2]
    if isinstance(answer, bool) or not isinstance(answer, Real):
        return Found(None, f"{name} returned {type(answer).__name__}, not a number")
    value = float(answer)
    return Found(value if math.isfinite(value) else None, f"{name} is {value:.4g}")
