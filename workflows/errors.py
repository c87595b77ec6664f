"""The errors a person can act on, used by every command; one root, so that one boundary can tell them from our bugs.

A message says where, what was found, what was expected; the hint says the next act.
"""

from __future__ import annotations


class RetrainError(Exception):
    """A mistake in use or in a document: shown without a traceback, exit code 2.

    `where` is the breadcrumb (file, then field), `hint` the next act.
    """

    exit_code = 2

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        lines = [self.where, f"  {self.message}"] if self.where else [self.message]
        return "\n".join([*lines, *([f"  hint: {self.hint}"] if self.hint else [])])


class DocumentError(RetrainError):
    """A document (pipeline, manifest) is not acceptable."""


class StoreError(RetrainError):
    """The object store cannot be reached, refuses us, or lacks what we need."""


class RunFailedError(RetrainError):
    """What was asked for ran, and its answer is no: exit code 1."""

    exit_code = 1
