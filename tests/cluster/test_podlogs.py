"""A log that comes in pieces is told in lines, as soon as each is whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workflows.cluster.podlogs import LONGEST, lines

PIECES = {
    "whole lines": ([b"a\nb\n"], ["a", "b"]),
    "a line in two": ([b"a", b"b\nc\n"], ["ab", "c"]),
    "a character in two": (["ü\n".encode()[:1], "ü\n".encode()[1:]], ["ü"]),
    "no end": ([b"a\nb"], ["a", "b"]),
    "empty lines": ([b"\n\na\n"], ["", "", "a"]),
    "no text": ([b"\xff\n"], ["\ufffd"]),
    "nothing": ([], []),
    "endless": ([b"x" * LONGEST, b"y", b"z"], ["x" * LONGEST + "y", "z"]),
}


@pytest.mark.parametrize(("chunks", "expected"), PIECES.values(), ids=PIECES)
def test_lines_are_put_together(chunks: list[bytes], expected: list[str]) -> None:
    assert list(lines(chunks)) == expected


def test_a_line_does_not_wait_for_the_next_piece() -> None:
    def coming() -> Iterator[bytes]:
        yield b"first\nsec"
        raise AssertionError("asked for more than it takes")

    assert next(lines(coming())) == "first"
