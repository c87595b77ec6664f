"""The checker of histories: what it accepts, and what it must not."""

from __future__ import annotations

from itertools import permutations

import pytest
from faults.linear import Operation, after, violation
from hypothesis import given
from hypothesis import strategies as some


def read(value: str, begin: int, end: int) -> Operation:
    return Operation("read", value, begin, end)


def swap(expected: str, value: str, begin: int, end: int, answer: str = "done", *, certain: bool = True) -> Operation:
    return Operation("write", value, begin, end, expected, answer, certain)  # type: ignore[arg-type]


FINE = {
    "nothing happened": [],
    "one after the other": [swap("", "a", 1, 2), read("a", 3, 4), swap("a", "b", 5, 6), read("b", 7, 8)],
    "a read during a write may see either": [swap("", "a", 1, 6), read("", 2, 3), read("a", 4, 5)],
    "one of two wins": [swap("", "a", 1, 4), swap("", "b", 2, 5, "missed"), read("a", 6, 7)],
    "a lost answer to what took effect": [swap("", "a", 1, 2, "unknown"), read("a", 3, 4)],
    "a lost answer to what did not": [swap("", "a", 1, 2, "unknown"), read("", 3, 4)],
    "a repetition that missed because of itself": [
        swap("", "a", 1, 6, "missed", certain=False),
        swap("a", "b", 2, 3),
        read("b", 7, 8),
    ],
    "the same content by two": [swap("", "a", 1, 2), swap("", "a", 3, 4)],
}
WRONG = {
    "a read of what was never written": [read("a", 1, 2)],
    "a read of what was replaced before": [swap("", "a", 1, 2), swap("a", "b", 3, 4), read("a", 5, 6)],
    "a swap from what does not stand there": [swap("", "a", 1, 2), swap("", "b", 3, 4)],
    "a miss without a reason": [swap("", "a", 1, 2, "missed")],
    "two winners of one version": [swap("", "a", 1, 2), swap("a", "b", 3, 6), swap("a", "c", 4, 5)],
    "reads that go back": [swap("", "a", 1, 6), read("a", 2, 3), read("", 4, 5)],
    "an unknown write that is seen before it began": [read("a", 1, 2), swap("", "a", 3, 4, "unknown")],
}


@pytest.mark.parametrize("history", FINE.values(), ids=FINE)
def test_a_history_that_some_order_explains_is_linearizable(history: list[Operation]) -> None:
    assert violation(history) is None


@pytest.mark.parametrize("history", WRONG.values(), ids=WRONG)
def test_a_history_that_no_order_explains_is_not(history: list[Operation]) -> None:
    assert violation(history) is not None


def _operations() -> some.SearchStrategy[Operation]:
    states = some.sampled_from(["", "a", "b"])
    times = some.tuples(some.integers(0, 9), some.integers(0, 9)).map(sorted)
    kinds = some.sampled_from(["read", "write"])
    answers = some.sampled_from(["done", "missed", "unknown"])
    build = lambda kind, value, at, expected, answer, certain: Operation(  # noqa: E731
        kind, value, at[0], at[1], expected, answer, certain
    )
    return some.builds(build, kinds, states, times, states, answers, some.booleans())


def _explained(history: tuple[Operation, ...]) -> bool:
    """Try every order: the definition, taken literally."""
    for order in permutations(history):
        if any(late.end < early.begin for place, early in enumerate(order) for late in order[place + 1 :]):
            continue
        states = {""}
        for operation in order:
            states = {left for state in states for left in after(operation, state)}
        if states:
            return True
    return False


@given(some.lists(_operations(), max_size=5))
def test_the_search_agrees_with_trying_every_order(history: list[Operation]) -> None:
    assert (violation(history) is None) == _explained(tuple(history))
