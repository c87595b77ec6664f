"""A step's process in memory: what Argo hands to it and takes from it, round the step's real `main`."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any, cast

from steps import interface
from steps.interface import Interface, harmless


class File:
    """A file in memory, with what the steps use of a path."""

    def __init__(self, content: bytes = b"") -> None:
        self._content = content

    def read_bytes(self) -> bytes:
        return self._content

    def read_text(self, encoding: str = "utf-8") -> str:
        return self._content.decode(encoding)

    def write_text(self, text: str, encoding: str = "utf-8") -> None:
        self._content = text.encode(encoding)

    def open(self, mode: str = "rb") -> io.BytesIO:
        assert mode == "rb"
        return io.BytesIO(self._content)

    def stat(self) -> Any:
        return SimpleNamespace(st_size=len(self._content))


@dataclass
class Call:
    """`interface.Call` in memory: `written` are the output parameters as a controller would read them."""

    parameters: Mapping[str, str]
    artifacts: Mapping[str, File]
    writes: Mapping[str, File]
    saves: Mapping[str, File]
    written: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, value: str) -> None:
        assert name in self.writes, f"{name} is no output of this step"
        self.written[name] = harmless(value)

    def save(self, name: str) -> File:
        return self.saves[name]


def call_of(interface: Interface, values: Mapping[str, str], files: Mapping[str, bytes]) -> Call:
    """Return a call that gives the step every parameter and artifact that every document asks for."""
    return Call(
        {name: values[name] for name in interface.parameters},
        {name: File(files[name]) for name in interface.artifacts if name not in interface.optional},
        {name: File() for name in interface.writes},
        {name: File() for name in interface.saves},
    )


def execute(step: ModuleType, call: Call) -> int:
    """Run the step's own `main` and return its exit code; `interface.parse` must be `parsed` by then."""
    return cast(int, step.main(cast(Any, call)))


def modelled(verb: Callable[[], None], call: Call) -> int:
    """Do what stands for a step, within the steps' own error boundary; return the exit code."""
    return interface.run(Interface(), lambda _: verb(), cast(Any, call))


def parsed(_: Interface, call: Any) -> Any:
    """Stand in for `interface.parse`: the call is parsed already."""
    return call
