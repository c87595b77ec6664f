from __future__ import annotations

from cards import card, met, regression
from documents import document

from steps.card import build, modelcard


def test_the_model_card_has_every_section_whatever_is_absent() -> None:
    for made in (card(), card(met=met()), card(groups={}), build.card(regression())):
        text = modelcard.render(made)
        headings = [line for line in text.splitlines() if line.startswith("## ")]
        assert headings == [
            "## Model details", "## Intended use", "## Factors", "## Gates", "## Metrics", "## Answers", "## Groups",
            "## Data", "## Caveats", "## Provenance",
        ]  # fmt: skip


def test_every_table_row_has_as_many_cells_as_its_head() -> None:
    text = modelcard.render(card(met=met(), provenance={"Run": {"a|b": "c|d"}}))
    for table in text.split("\n\n"):
        rows = [line for line in table.splitlines() if line.startswith("| ")]
        assert len({row.replace("\\|", "").count("|") for row in rows}) <= 1


def test_a_hostile_description_stays_text() -> None:
    of = document(description="# [x](http://e) <img src=x>", owner="*me*")
    text = modelcard.render(card(of=of))
    assert r"\# \[x\](http\://e) \<img src=x\>" in text
    assert r"\*me\*" in text
    assert "<img" not in text.replace("\\<", "")


def test_the_verdict_comes_first() -> None:
    assert modelcard.render(card()).splitlines()[2].startswith("**Rejected by fair.** Disparate impact 0.85 is not")


def test_the_same_card_gives_the_same_text() -> None:
    assert modelcard.render(card(met=met())) == modelcard.render(card(met=met()))
