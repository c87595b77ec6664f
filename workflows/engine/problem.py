"""What a check finds: a place, a sentence, the next act. Shared by the parts of the validator and printed by `lint`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """An `error` is refused by Argo or can never work here; a `warning` runs, but not as it reads."""

    where: str
    message: str
    hint: str = ""
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        lines = [self.where, f"  {self.level}: {self.message}"]
        return "\n".join([*lines, *([f"  hint: {self.hint}"] if self.hint else [])])
