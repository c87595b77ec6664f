from __future__ import annotations

import itertools
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from cards import CARDS, answers, bare, card, evidence, hostile, met, truth
from documents import document
from frames import loans

from steps import profile
from steps.card import build, page


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


@pytest.mark.parametrize("made", CARDS.values(), ids=CARDS)
def test_a_page_has_landmarks_headings_in_order_and_captions(made: Any) -> None:
    elements = Elements(page.render(made()))
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert elements.count(landmark) == 1
    levels = [int(tag[1]) for tag, _ in elements.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert elements.count("table") == elements.count("caption")
    heads = [attributes for tag, attributes in elements.tags if tag == "th"]
    assert all(attributes.get("scope") in ("row", "col") for attributes in heads)
    assert all("aria-label" in a or a.get("aria-hidden") for tag, a in elements.tags if tag == "svg")


@pytest.mark.parametrize("made", CARDS.values(), ids=CARDS)
def test_a_page_runs_nothing_and_fetches_nothing(made: Any) -> None:
    elements = Elements(page.render(made()))
    assert not {tag for tag, _ in elements.tags} & {
        "script",
        "img",
        "iframe",
        "object",
        "link",
        "base",
        "form",
        "image",
    }
    for _, attributes in elements.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
        assert (attributes.get("href") or "#").startswith("#")
    text = page.render(made())
    assert not re.findall(r"@import|url\((?!#)", text)


@pytest.mark.parametrize("made", CARDS.values(), ids=CARDS)
def test_every_anchor_leads_somewhere_and_no_id_is_there_twice(made: Any) -> None:
    elements = Elements(page.render(made()))
    ids = [attributes["id"] for _, attributes in elements.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = {str(a[name]).lstrip("#") for _, a in elements.tags for name in ("href", "aria-labelledby") if a.get(name)}
    assert wanted <= set(ids)


@pytest.mark.parametrize("made", CARDS.values(), ids=CARDS)
def test_a_page_is_below_a_megabyte_and_the_same_each_time(made: Any) -> None:
    text = page.render(made())
    assert len(text.encode()) < 1_000_000
    assert text == page.render(made())


def test_hostile_texts_are_shown_and_do_nothing() -> None:
    text = page.render(hostile())
    shown = " ".join(Elements(text).texts)
    assert "<script>alert(1)</script>" in shown
    assert "{{ 7 * 7 }}" in shown
    assert "\x00" not in text
    assert "\u202e" not in text


def test_the_verdict_comes_first() -> None:
    elements = Elements(page.render(card()))
    assert next(tag for tag, _ in elements.tags if tag in ("h1", "h2", "table")) == "h1"
    assert "Rejected by fair" in elements.texts
    assert "Disparate impact 0.85 is not above 0.9. 1 other gate passed. Production stays as it is." in elements.texts


def test_gates_stand_with_value_interval_threshold_and_result() -> None:
    text = page.render(card())
    row = next(part for part in text.split("<tr") if "fair<small>" in part)
    for said in ("0.85", "0.7 to 0.97", "above 0.9", "✗ failed", "favourable for 40.0% of &#39;a&#39; (50 rows)"):
        assert said in row


ABSENCES = {
    "champion": "version v1 cannot be measured: its model file is not there",
    "curves": "Not shown: no row is held out.",
    "groups": "the document names no sensitive column",
    "drift": "the report of version v1 does not say how its data was distributed",
    "gates": "No gate was judged.",
}


@pytest.mark.parametrize("says", ABSENCES.values(), ids=ABSENCES)
def test_what_is_absent_is_said(says: str) -> None:
    assert says in page.render(bare())


def test_a_page_of_2400_rows_takes_no_three_seconds() -> None:
    of = document()
    frame, actual = loans(of, rows=2400), truth(720)
    group = np.array(["a", "b"] * 360, dtype=object)
    rival = replace(met(of), answers=answers(actual, seed=2))
    started = time.perf_counter()
    made = evidence(of, frame=frame, profile=profile.profile(frame, of.contract), truth=actual,
                    answers=answers(actual), groups={"group": group}, met=rival)  # fmt: skip
    page.render(build.card(made))
    assert time.perf_counter() - started < 3
