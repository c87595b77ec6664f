"""Whatever stands in a sample comes back from the YAML as the value it was, and no comment breaks out of its line."""

from __future__ import annotations

from typing import Any

import pytest

from steps.draft import text
from workflows.yamltext import read_all

VALUES = (
    "plain", "yes", "No", "1", "1.5", "null", "", " ", "a: b", "a #b", '"', "'", "\\", "- x", "[x]", "é", "日本", "😀",
    "line\nbreak", "\x85", "\u2028", "\x00", "\ufeff", "2026-01-01", 0, 1, -3, 1.5, 1e-07, 2e20, True, False,
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_comes_back(value: Any) -> None:
    (found,) = read_all(f"x: {text.flow([value])}\n", "test")
    assert found == {"x": [value]}
    assert type(found["x"][0]) is type(value)


def test_a_key_comes_back() -> None:
    keys = {"mean radius": 1, "no": 2, "1": 3, "a.b": 4, "ключ": 5}
    assert read_all(text.flow(keys), "test") == (keys,)


def test_a_long_list_is_broken_into_lines_that_fit() -> None:
    names = [f"column number {number}" for number in range(40)]
    lines = text.listed("features", names, 2)
    assert len(lines) > 5
    assert max(map(len, lines)) <= text.WIDTH
    assert read_all("\n".join(lines), "test") == ({"features": names},)


@pytest.mark.parametrize("breaks", ["\n", "\r", "\x85", "\u2028", "\u2029"], ids=repr)
def test_a_comment_stays_a_comment(breaks: str) -> None:
    lines = [text.line("a: 1", f"x{breaks}b: 2"), text.line("", f"x{breaks}c: 3")]
    assert read_all("\n".join(lines), "test") == ({"a": 1},)
