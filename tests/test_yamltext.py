"""YAML is read with YAML 1.2's types and no surprises."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.errors import DocumentError
from workflows.yamltext import read_all

SCALARS: dict[str, tuple[str, Any]] = {
    "yes": ("yes", "yes"),
    "on": ("on", "on"),
    "true": ("true", True),
    "time": ("06:00", "06:00"),
    "date": ("2026-02-23", "2026-02-23"),
    "integer": ("-12", -12),
    "leading zero": ("0123", 123),
    "hex": ("0x1F", 31),
    "octal": ("0o17", 15),
    "float": ("1e-05", 1e-05),
    "dot first": (".5", 0.5),
    "version": ("1.2.3", "1.2.3"),
    "null": ("null", None),
    "empty": ("", None),
    "tag": ("'{{x}}'", "{{x}}"),
    "underscore": ("1_000", "1_000"),
}


@pytest.mark.parametrize(("text", "value"), SCALARS.values(), ids=SCALARS)
def test_a_scalar_is_what_it_says(text: str, value: Any) -> None:
    (mapping,) = read_all(f"key: {text}\n", "x.yaml")
    assert mapping["key"] == value
    assert type(mapping["key"]) is type(value)


def test_anchors_and_merges_are_read() -> None:
    (value,) = read_all("a: &a {x: 1}\nb: {<<: *a, y: 2}\n", "x.yaml")
    assert value["b"] == {"x": 1, "y": 2}


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2", "a: !!python/object:os.system {}", "a: *nope", "\t- x"])
def test_what_is_not_safe_yaml_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(DocumentError, match=r"x\.yaml"):
        read_all(text, "x.yaml")
