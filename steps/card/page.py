"""The card as one HTML file that needs nothing else: no script, no network, so the Argo UI's sandbox shows it.

Whatever the template prints is cut and cleaned by `plain` and then escaped; only the plots come as markup, and
matplotlib escapes theirs.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from steps.card import drift, headline, picture, strip, text
from steps.card.facts import Absent, Binary, Card, Residuals

LONGEST = 600
"""Characters of any text on the page."""
COLUMNS = 60
"""Columns listed; `report.json` has all."""


def render(card: Card) -> str:
    """Return the page; the same card gives the same bytes."""
    page = _environment().get_template("page.html").render(
        card=card,
        heading=headline.heading(card),
        summary=headline.summary(card),
        strips=[strip.strip(gate) for gate in card.gates],
        pictures=picture.pictures(card),
        columns=card.columns[:COLUMNS],
        shifts={} if isinstance(card.drift, Absent) else {shift.column: shift for shift in card.drift.shifts},
        style=Markup(_style()),  # noqa: S704 - our own file
    )  # fmt: skip
    return page.encode("utf-8", "replace").decode()


@cache
def _style() -> str:
    return resources.files("steps.card").joinpath("page.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("steps", "card"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for filter_ in (
        text.plain,
        text.number,
        text.apart,
        text.signed,
        text.percent,
        text.between,
        text.words,
        text.count,
    ):
        environment.filters[filter_.__name__] = filter_
    environment.filters["word"] = drift.word
    kinds = {"absent": Absent, "binary": Binary, "residuals": Residuals}
    environment.tests.update({name: _is(kind) for name, kind in kinds.items()})
    return environment


def _is(kind: type) -> Any:
    return lambda value: isinstance(value, kind)


def _shown(value: object) -> object:
    return value if isinstance(value, Markup) else text.plain(value, LONGEST)
