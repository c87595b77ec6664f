"""Substitution of `{{…}}` and `{{=…}}` in the JSON text of an object, as util/template of Argo does it.

Called by the state machine at every pass and by the validator for the tags of a text. The text is JSON rather than the
document's tree because that is where Argo substitutes: a tag may span what it likes as long as the result is JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from workflows.engine.expression import ExpressionError, evaluate, expand, identifiers
from workflows.engine.gotext import encode, quoted
from workflows.errors import RetrainError

Variables = Mapping[str, str | None]

_PRODUCERS = re.compile(r"(tasks|steps)(\.|$)")
_LATE = frozenset(
    (
        "item",
        "retries",
        "lastRetry.exitCode",
        "lastRetry.status",
        "lastRetry.duration",
        "lastRetry.message",
        "workflow.status",
        "workflow.failures",
    )
)


class TemplateError(RetrainError):
    """A text that cannot be substituted, now or later: the node is Error."""


class MissingVariable(TemplateError):  # noqa: N818 - the name the callers know it by
    """A variable that must be there is not: Argo waits for it, `name` says for what."""

    def __init__(self, message: str, *, name: str) -> None:
        super().__init__(message, hint="no producer supplies it; check the spelling and the outputs it declares")
        self.name = name


class AbsentOutput(TemplateError):  # noqa: N818 - the name the callers know it by
    """A simple tag on the output of a producer that never ran and has no default."""

    def __init__(self, tag: str) -> None:
        super().__init__(
            f"unable to substitute {{{{{tag}}}}}: output is an absent optional (skipped/omitted node with no default)",
            hint="give the producer's output or the consumer's input a default, or write {{= … ?? 'value'}}",
        )


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a text: `text` between the braces, `start` its offset, `names` the variables it needs."""

    text: str
    kind: Literal["simple", "expression"]
    names: tuple[str, ...]
    start: int


@dataclass(frozen=True, slots=True)
class _Pass:
    """One substitution: the scope, what must resolve, and the scope again as nested maps."""

    variables: Variables
    environment: Mapping[str, Any]
    strict: bool
    complete: bool

    def must(self, name: str) -> bool:
        return self.complete or (self.strict and _PRODUCERS.match(name) is not None)


def tags(text: str) -> tuple[Tag, ...]:
    """Return the tags of plain text (not JSON), in order. Raises TemplateError for an open tag or a syntax error."""
    found: list[Tag] = []
    for part, start in _parts(text):
        if start is None:
            continue
        if part.startswith("="):
            found.append(Tag(part, "expression", _names(part[1:]), start))
            continue
        inner = part.rpartition("{{")[2]
        found.append(Tag(part, "simple", (inner.strip(),), start))
    return tuple(found)


def substitute(text: str, variables: Variables, *, strict: bool = False, complete: bool = False) -> str:
    """Replace the tags of JSON text. `variables` are flat; a value of None is the output of a producer that never ran.

    Unresolved tags stay. `strict`: a tag of tasks.* or steps.* must resolve (artifacts excepted), else MissingVariable;
    `complete`: every tag must. Raises AbsentOutput for a simple tag on None, TemplateError for syntax errors and, where
    all names are known and strict, for expressions that fail.
    """
    nested = expand(variables) if "{{=" in text else {}  # only expressions look at it, and most texts have none
    this = _Pass(variables, nested, strict, complete)
    written: list[str] = []
    for part, start in _parts(text):
        if start is None:
            written.append(part)
        elif part.startswith("="):
            written.append(_expression(part[1:], this))
        else:
            written.append(_simple(part, this))
    result = "".join(written)
    if len(written) > 1:
        _need_json(result)
    return result


def substitute_text(text: str, variables: Variables, *, strict: bool = False, complete: bool = False) -> str:
    """Do what `substitute` does for plain text, such as a `when`."""
    result = substitute(json.dumps(text, ensure_ascii=False), variables, strict=strict, complete=complete)
    return str(json.loads(result))


def absent_reference(text: str, variables: Variables) -> bool:
    """Say whether an argument is nothing but one simple tag on an absent output: then its consumer's default applies.

    Source: absentOptionalRef in workflow/controller/scope.go.
    """
    if not (text.startswith("{{") and text.endswith("}}")):
        return False
    name = text[2:-2].strip()
    return name in variables and variables[name] is None


def _parts(text: str) -> Iterator[tuple[str, int | None]]:
    """Yield what stands between tags (with None) and the tags (with their offset), in turn."""
    at = 0
    while (start := text.find("{{", at)) >= 0:
        end = text.find("}}", start + 2)
        if end < 0:
            raise TemplateError(f"cannot find the end of the tag {text[start : start + 40]!r}", hint="close it with }}")
        yield text[at:start], None
        yield text[start + 2 : end], start
        at = end + 2
    yield text[at:], None


def _names(source: str) -> tuple[str, ...]:
    try:
        return identifiers(source)
    except ExpressionError as error:
        raise TemplateError(f"failed to evaluate expression: {error.message}", hint=error.hint) from None


def _simple(tag: str, this: _Pass) -> str:
    name = tag.strip()
    if name in this.variables:
        value = this.variables[name]
        if value is None:
            raise AbsentOutput(tag)
        return quoted(value)[1:-1]
    outer, nested, inner = tag.rpartition("{{")
    if nested and outer and inner in this.variables:
        value = this.variables[inner]
        if value is None:
            raise AbsentOutput(inner)
        return "{{" + outer + quoted(value)[1:-1]
    if this.must(name) and (this.complete or ".outputs.artifacts." not in name):
        raise MissingVariable(f"failed to resolve {{{{{tag}}}}}", name=name)
    return f"{{{{{tag}}}}}"


def _expression(tag: str, this: _Pass) -> str:
    try:
        source = str(json.loads(f'"{tag}"'))
    except ValueError as error:
        raise TemplateError(f"failed to unmarshall JSON expression {tag!r}: {error}") from None
    missing = [name for name in _names(source) if not _has(this.environment, name)]
    for name in missing:
        if this.must(name):
            raise MissingVariable(f"failed to evaluate expression: {name} is missing", name=name)
    tolerant = bool(missing) or not (this.strict or this.complete)
    if tolerant and not _LATE.isdisjoint(missing):
        return f"{{{{={tag}}}}}"
    try:
        value = evaluate(source, this.environment)
        if value is not None:
            return _inserted(value)
        failure = f"failed to evaluate expression {source!r}: it gives nil"
    except ExpressionError as error:
        if error.stage == "unsupported":
            raise TemplateError(f"{error.message}: {source!r}", hint=error.hint) from None
        failure = f"failed to evaluate expression: {error.message}"
    except ValueError as error:
        failure = f"failed to marshal evaluated expression: {error}"
    if tolerant:
        return f"{{{{={tag}}}}}"
    raise TemplateError(failure)


def _inserted(value: object) -> str:
    """Return a result as it stands inside of a JSON string: text bare, everything else as its JSON."""
    encoded = encode(value)
    return encoded[1:-1] if isinstance(value, str) else quoted(encoded)[1:-1]


def _has(environment: Mapping[str, Any], name: str) -> bool:
    level: Any = environment
    for part in name.split("."):
        if not isinstance(level, Mapping) or part not in level:
            return False
        level = level[part]
    return True


def _need_json(text: str) -> None:
    try:
        json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise TemplateError(
            f"cannot finish template replacement because the result was invalid JSON: {error}",
            hint="a value with control characters cannot be put into a document; pass it as an artifact",
        ) from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
