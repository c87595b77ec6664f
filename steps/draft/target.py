"""What is to be predicted: classes or numbers, and which class is the positive one. Found from the target's facts."""

from __future__ import annotations

from dataclasses import dataclass

from steps.contract import Scalar
from steps.criteria import Task
from steps.draft.column import Facts
from steps.draft.refusal import NoDraft

LEAST_ROWS = 60
LEAST_OF_A_CLASS = 12
"""Below these a holdout of 30 % cannot tell a good model from a bad one, whatever the gates say."""
AFFIRMATIVE = ("1", "yes", "true", "y", "t")


@dataclass(frozen=True, slots=True)
class Target:
    """`positive` is None for a regression; `share` (0 to 1) is that of the positive rows, `why` how it was chosen."""

    name: str
    task: Task
    positive: Scalar | None = None
    share: float = 0.0
    why: str = ""


def target(found: Facts, positive: str = "") -> Target:
    """Return what is to be predicted; `positive` is what a person named. Raises `NoDraft`."""
    if found.rows < LEAST_ROWS:
        raise NoDraft(f"it has {found.rows} rows", f"give at least {LEAST_ROWS}: with fewer no gate can tell anything")
    if found.missing:
        hint = "leave those rows out: a batch that has such rows is refused"
        raise NoDraft(f"the target {found.name!r} is missing in {found.missing} rows", hint)
    if found.distinct < 2:
        raise NoDraft(f"the target {found.name!r} has one value only", "a model needs rows of both kinds")
    if positive:
        return _classes(found, _named(found, positive), "the one that was named")
    if found.distinct == 2 and found.values:
        return _classes(found, *_chosen(found))
    if found.dtype in ("integer", "number"):
        return Target(found.name, "regression")
    if found.dtype == "date":
        raise NoDraft(f"the target {found.name!r} is a date", "turn it into a number, such as days from today")
    hint = (
        f"name one by --positive, such as {found.values[0][0]!r}: that class against the rest" if found.values else ""
    )
    raise NoDraft(f"the target {found.name!r} has {found.distinct} values; a model predicts two classes", hint)


def _named(found: Facts, positive: str) -> Scalar:
    for value, _ in found.values:
        if str(value).casefold() == positive.casefold():
            return value
    shown = ", ".join(repr(value) for value, _ in found.values[:10]) or f"{found.distinct} values"
    raise NoDraft(f"the target {found.name!r} never is {positive!r}", f"there are: {shown}")


def _chosen(found: Facts) -> tuple[Scalar, str]:
    for value, _ in found.values:
        if str(value).casefold() in AFFIRMATIVE:
            return value, "the affirmative one"
    return found.values[-1][0], "the rarer of the two"


def _classes(found: Facts, positive: Scalar, why: str) -> Target:
    count = dict(found.values)[positive]
    if min(count, found.rows - count) < LEAST_OF_A_CLASS:
        few = min(count, found.rows - count)
        hint = f"give a sample with at least {LEAST_OF_A_CLASS} of each class"
        raise NoDraft(f"the target {found.name!r} has {few} rows of one class", hint)
    return Target(found.name, "classification", positive, count / found.rows, why)
