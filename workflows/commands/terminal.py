"""What the terminal can show: its width, whether it wants colour (https://no-color.org), and its characters."""

from __future__ import annotations

import os
import shutil
import sys

from workflows.engine.view import Canvas


def canvas() -> Canvas:
    """Return the canvas of standard output."""
    encoding = (sys.stdout.encoding or "").lower()
    return Canvas(
        width=shutil.get_terminal_size((120, 24)).columns,
        colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
        unicode=encoding.startswith("utf"),
    )
