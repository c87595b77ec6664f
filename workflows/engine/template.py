"""Substitution of `{{…}}` and `{{=…}}` in the JSON text of an object, as util/template of Argo does it.

Called by the state machine at every pass and by the validator for the tags of a text. The text is JSON rather than the
document's tree because that is where Argo substitutes: a tag may span what it likes as long as the result is JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Variables = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a text: `text` between the braces, `start` its offset, `names` the variables it needs."""

    text: str
    kind: Literal["simple", "expression"]
    names: tuple[str, ...]
    start: int


def tags(text: str) -> tuple[Tag, ...]:
    """Return the tags of plain text (not JSON), in order. Raises TemplateError for an open tag or a syntax error."""
    raise NotImplementedError


def substitute(text: str, variables: Variables, *, strict: bool = False, complete: bool = False) -> str:
    """Replace the tags of JSON text. `variables` are flat; a value of None is the output of a producer that never ran.

    Unresolved tags stay. `strict`: a tag of tasks.* or steps.* must resolve (artifacts excepted), else MissingVariable;
    `complete`: every tag must. Raises AbsentOutput for a simple tag on None, TemplateError for syntax errors and, where
    all names are known and strict, for expressions that fail.
    """
    raise NotImplementedError


def substitute_text(text: str, variables: Variables, *, strict: bool = False, complete: bool = False) -> str:
    """Do what `substitute` does for plain text, such as a `when`."""
    raise NotImplementedError


def absent_reference(text: str, variables: Variables) -> bool:
    """Say whether an argument's value is nothing but one simple tag on an absent output: its consumer's default applies."""
    raise NotImplementedError
