"""Regular expressions as Go compiles them: RE2, the same matches in linear time.

Used by conditions and expressions. Patterns come from documents and, through tags, from data: Python's own engine would
both match differently and let a pattern run for ever.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

_QUIET = re2.Options()
_QUIET.log_errors = False


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """Compile `pattern`. Raises ValueError."""
    try:
        return re2.compile(pattern, _QUIET)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        said = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"error parsing regexp: {said}") from None
