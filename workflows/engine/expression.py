"""The language of `{{=…}}`, of retryStrategy.expression and valueFrom.expression: a subset of expr-lang 1.17.

Called by template, dependency, the state machine and the validator. What the subset lacks is refused by name, never
evaluated differently, because a tag that Argo would resolve must not stay literal here.
"""

from __future__ import annotations

from collections.abc import Mapping


def evaluate(text: str, environment: Mapping[str, object]) -> object:
    """Evaluate `text`; `environment` is nested mappings, lists and plain values (`expand` makes one of a flat scope).

    Returns str, bool, int, float, list, dict or None. Raises ExpressionError with `stage` "syntax", "check" (before it
    runs: unknown name, types that never fit), "run" or "unsupported".
    """
    raise NotImplementedError


def decide(text: str, environment: Mapping[str, object]) -> bool:
    """Evaluate `text` to a boolean, for retryStrategy.expression and depends; anything else is an ExpressionError."""
    raise NotImplementedError


def expand(variables: Mapping[str, object]) -> dict[str, object]:
    """Nest flat dotted keys; where both `a` and `a.b` exist the less specific `a` is dropped (util/expand/expand.go)."""
    raise NotImplementedError


def identifiers(text: str) -> tuple[str, ...]:
    """Return the dotted names an expression cannot do without, as Argo sees them: what `??` and `?.` guard is left out."""
    raise NotImplementedError
