from __future__ import annotations

from typing import Any

import pytest

from workflows.engine import gjson

DOCUMENT = {"a": {"b": 1, "x.y": 2, "0": 3}, "list": [{"name": "p", "v": 1}, {"name": "q"}], "null": None, "text": "t"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b", 1),
        (r"a.x\.y", 2),
        ("a.0", 3),
        ("list.1.name", "q"),
        ('list.#(name=="q")', {"name": "q"}),
        ('list.#(name == "p").v', 1),
        ("null", None),
        ("list.2", gjson.ABSENT),
        ("list.name", gjson.ABSENT),
        ("text.b", gjson.ABSENT),
        ("a.nosuch.b", gjson.ABSENT),
        ('list.#(name=="z")', gjson.ABSENT),
    ],
)
def test_get(path: str, expected: object) -> None:
    assert gjson.get(DOCUMENT, path) == expected


@pytest.mark.parametrize(
    "path", ["", "a.", ".a", "a..b", "a.*", "a?", "a|b", "@this", "list.#", "list.#.v", "{a,b}", ":1"]
)
def test_a_path_outside_of_the_subset_is_refused(path: str) -> None:
    with pytest.raises(gjson.PathError):
        gjson.parse(path)


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        pytest.param({"a": 1}, "a", {"a": "v"}, id="replace"),
        pytest.param({}, "a.b.c", {"a": {"b": {"c": "v"}}}, id="make parents"),
        pytest.param({}, "a.1", {"a": [None, "v"]}, id="make a list"),
        pytest.param({"a": [1]}, "a.1", {"a": [1, "v"]}, id="append by index"),
        pytest.param({"a": [1]}, "a.-1", {"a": [1, "v"]}, id="append by -1"),
        pytest.param({"a": [1]}, "a.3", {"a": [1, None, None, "v"]}, id="pad with null"),
        pytest.param({"a": {}}, "a.0", {"a": {"0": "v"}}, id="a digit in a map is a key"),
        pytest.param({"m": {}}, r"m.x\.y/z", {"m": {"x.y/z": "v"}}, id="escaped dot"),
        pytest.param(
            {"a": [{"n": "p", "v": ""}]}, 'a.#(n=="p").v', {"a": [{"n": "p", "v": "v"}]}, id="by name, the value there"
        ),
    ],
)
def test_put(before: dict[str, Any], path: str, after: dict[str, Any]) -> None:
    assert gjson.put(before, path, "v") == after


def test_put_by_a_name_nobody_has_changes_nothing() -> None:
    assert gjson.put({"a": [{"n": "p"}]}, 'a.#(n=="q").v', "v") == {"a": [{"n": "p"}]}


def test_put_leaves_the_document_alone() -> None:
    before: dict[str, Any] = {"a": {"b": [1]}}
    gjson.put(before, "a.b.0", "v")
    assert before == {"a": {"b": [1]}}


@pytest.mark.parametrize(("before", "path"), [({"a": "x"}, "a.b"), ({"a": [1]}, "a.b"), ({"a": []}, "a.99999")])
def test_put_refuses_what_cannot_be(before: dict[str, Any], path: str) -> None:
    with pytest.raises(gjson.PathError):
        gjson.put(before, path, "v")
