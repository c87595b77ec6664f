"""Is a history of one object linearizable? The search of Wing and Gong (1993), with Lowe's memory of what was tried.

The object is a register with compare-and-swap: its state is the ETag that stands there, "" for nothing. An operation
takes effect at one moment between its call and its answer; the question is whether moments can be chosen so that every
answer is the right one. A write whose answer was lost may have taken effect or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

ANY = "*"
"""What a write expects that is made whatever stands there."""
Kind = Literal["read", "write"]
Answer = Literal["done", "missed", "unknown"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of one process, from the tick `begin` to the tick `end`.

    A read found `value`; a write wanted to replace `expected` ("" for nothing) by `value`. `certain` says that no
    answer to it was lost on the way: then one that missed did nothing.
    """

    kind: Kind
    value: str
    begin: int
    end: int
    expected: str = ""
    answer: Answer = "done"
    certain: bool = True
    by: str = ""


def after(operation: Operation, state: str) -> Iterator[str]:
    """Yield the states that the operation may leave, given the state at its moment; none if its answer is wrong there.

    A write that finds its own content standing is done: the store cannot tell that from its own lost answer.
    """
    if operation.kind == "read":
        if operation.value == state:
            yield state
        return
    if operation.answer == "done":
        if operation.expected == ANY or state in (operation.expected, operation.value):
            yield operation.value
        return
    if operation.expected in (ANY, state):
        if operation.answer == "unknown" or not operation.certain:
            yield operation.value
        if operation.answer == "unknown":
            yield state
    else:
        yield state


def violation(history: Sequence[Operation], first: str = "") -> Operation | None:
    """Return None if the history is linearizable from the state `first`, else the operation that nothing explains.

    That is the first in order of answers that no order of the others reaches.
    """
    operations = sorted(history, key=lambda one: one.begin)
    everything = (1 << len(operations)) - 1
    tried: set[tuple[int, str]] = set()
    stack = [(0, first)]
    furthest = 0
    while stack:
        done, state = stack.pop()
        if done == everything:
            return None
        if (done, state) in tried:
            continue
        tried.add((done, state))
        furthest = max(furthest, done, key=int.bit_count)
        for number in _next(operations, done):
            stack.extend((done | 1 << number, left) for left in after(operations[number], state))
    left = [one for number, one in enumerate(operations) if not furthest >> number & 1]
    return min(left, key=lambda one: one.end)


def _next(operations: Sequence[Operation], done: int) -> Iterator[int]:
    """Yield the operations that may come next: those that began before any of the remaining ones had ended."""
    earliest = None
    for number, operation in enumerate(operations):
        if done >> number & 1:
            continue
        if earliest is not None and operation.begin > earliest:
            return
        yield number
        earliest = operation.end if earliest is None else min(earliest, operation.end)
