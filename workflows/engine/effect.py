"""Names the fields of a document that change nothing when it runs as local processes.

`retrain lint` and `retrain run` report them: nothing is ignored silently, but a manifest made for a cluster must still
run here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workflows.engine.values import Ineffective, Model


def no_effect(document: Model) -> tuple[str, ...]:
    """The places that are set and have no effect locally, such as `spec.templates[claim].container.resources`."""
    return tuple(_ineffective(document, ""))


def fields(documents: Iterable[object]) -> tuple[str, ...]:
    """The names of the fields, each once, that have no effect locally in any of the documents."""
    places = (place for document in documents if isinstance(document, Model) for place in no_effect(document))
    return tuple(sorted({place.rpartition(".")[2] for place in places}))


def _ineffective(value: object, place: str) -> Iterator[str]:
    if isinstance(value, Model):
        for name, field in type(value).model_fields.items():
            here = f"{place}.{field.alias or name}".lstrip(".")
            inner = getattr(value, name)
            if any(isinstance(mark, Ineffective) for mark in field.metadata):
                if inner is not None:
                    yield here
            else:
                yield from _ineffective(inner, here)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _ineffective(item, f"{place}[{getattr(item, 'name', None) or index}]")
