"""A matplotlib figure as an SVG element that stands inside the page: its colours are the page's, its bytes the inputs'.

Figures are drawn in stand-in colours; here each becomes a CSS variable, so one drawing reads in light and in dark.
"""

from __future__ import annotations

import html
import io
import re
import warnings
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from steps.card.text import plain

INK, MUTED, GRID, MODEL, CHAMPION, SURFACE = (f"#00000{digit}" for digit in range(1, 7))
LONGEST = 600
"""Characters of an alt text."""
COLOURS = {INK: "ink", MUTED: "muted", GRID: "line", MODEL: "model", CHAMPION: "champion", SURFACE: "surface"}
"""Stand-in colours and the CSS variables they become."""
SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "retrain",
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's font and colour
    "text.parse_math": False,  # a group's name may hold a dollar sign
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.unicode_minus": True,
}


def element(figure: Figure, name: str, says: str) -> str:
    """Return the figure as an `<svg>` element; `name` keeps its ids apart, `says` is its alt text."""
    FigureCanvasSVG(figure)
    out = io.StringIO()
    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        # The page's font draws the text; that matplotlib's own lacks a letter of some group's name does not matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return _themed(_bare(out.getvalue(), name, says))


def _bare(text: str, name: str, says: str) -> str:
    """Return the element alone, without what a page has already or must have once: prolog, metadata, style, ids."""
    text = text[text.index("<svg") :].strip()
    for part in (r"<metadata>.*?</metadata>", r"<defs>\s*<style.*?</style>\s*</defs>", r"<!--.*?-->"):
        text = re.sub(part, "", text, flags=re.DOTALL)
    box = re.search(r'viewBox="[^"]*"', text)
    start = (
        f'<svg class="plot" role="img" aria-label="{html.escape(plain(says, LONGEST))}" {box.group() if box else ""}>'
    )
    text = start + text[text.index(">") + 1 :]
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", text))
    text = re.sub(r' id="([^"]*)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", text)
    text = re.sub(r"(url\(#|href=\"#)", rf"\g<1>{name}-", text).replace("xlink:href", "href")
    return re.sub(r"\n\s*", "\n", text)


def _themed(text: str) -> str:
    for colour, variable in COLOURS.items():
        text = text.replace(colour, f"var(--{variable})")
    return re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", text)
