"""Texts and numbers as people read them. Every text that comes from data passes `plain` before it is shown anywhere.

Markup is escaped by the template engine; what escaping leaves (control characters, direction marks, length) ends here.
"""

from __future__ import annotations

import math
import re
import unicodedata

LONGEST = 120
"""Characters of a text from data that are shown."""
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories without a glyph of their own: controls, direction marks, lone surrogates, line separators."""
MARKDOWN = re.compile(r"[\\`*_\[\]<>#|~&$!@]|:(?=//)|(?<=www)\.|^[-+=]", re.IGNORECASE)
"""What Markdown, its tables, its automatic links or HTML would read as more than a letter."""

NAMES = {
    "roc_auc": "ROC AUC", "f1": "F1", "r2": "R²", "rmse": "RMSE", "mae": "MAE", "mape": "MAPE",
    "brier_score": "Brier score",
}  # fmt: skip


def plain(value: object, longest: int = LONGEST) -> str:
    """Return one visible line of at most `longest` characters; what has no glyph becomes U+FFFD."""
    line = " ".join(str(value)[: 4 * longest].split())
    seen = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) in UNSEEN else letter for letter in line)
    return seen if len(seen) <= longest else f"{seen[: longest - 1]}…"


def markdown(value: object, longest: int = LONGEST) -> str:
    """Return the text so that Markdown shows it as it is, in a paragraph and in a table's cell."""
    escaped = MARKDOWN.sub(r"\\\g<0>", plain(value, longest))
    return re.sub(r"^(\d{1,9})([.)])(?=\s|$)", r"\1\\\2", escaped)


def number(value: float | None) -> str:
    """Return four significant digits, a true minus, and a word for what is no number."""
    if value is None or math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    size = f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return size.replace("-", "−")


def apart(value: float | None, other: float) -> str:
    """Return the number, with as many digits as it takes to read differently from another."""
    said = number(value)
    if value is None or value == other or said != number(other):
        return said
    return repr(float(value)).replace("-", "−")


def signed(value: float | None) -> str:
    """Return three significant digits with their sign, for differences."""
    said = number(None if value is None else float(f"{value:.3g}"))
    return f"+{said}" if value is not None and value > 0 else said


def percent(value: float | None) -> str:
    """Return a share (0 to 1) with one decimal."""
    return "undefined" if value is None or not math.isfinite(value) else f"{100 * value:.1f} %"


def between(interval: tuple[float, float]) -> str:
    """Return an interval of shares: `73.6–89.0 %`."""
    low, high = interval
    return f"{100 * low:.1f}–{100 * high:.1f} %"


def count(many: int, one: str, several: str = "") -> str:
    """Return a count with its noun: `1 gate`, `2,380 rows`."""
    return f"{many:,} {one if many == 1 else several or f'{one}s'}"


def words(name: str) -> str:
    """Return a name from code as words: `disparate_impact` is `disparate impact`, `roc_auc` is `ROC AUC`."""
    return NAMES.get(name, name.replace("_", " "))
