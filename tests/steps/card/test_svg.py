from __future__ import annotations

import re

from matplotlib.figure import Figure

from steps.card import svg


def drawn(name: str = "one", says: str = "a line", label: str = "x") -> str:
    figure = Figure(figsize=(2, 1))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=svg.MODEL, marker="o")
    axes.set_xlabel(label, color=svg.MUTED, parse_math=False)
    return svg.element(figure, name, says)


def test_a_figure_is_one_element_with_its_alt_text() -> None:
    text = drawn(says='a "<line>"')
    assert text.startswith('<svg class="plot" role="img" aria-label="a &quot;&lt;line&gt;&quot;" viewBox="0 0 144 72">')
    assert text.endswith("</svg>")
    assert text.count("<g>") + text.count("<g ") == text.count("</g>")


def test_colours_are_the_pages() -> None:
    assert "var(--model)" in drawn()
    assert "var(--muted)" in drawn()
    assert not [colour for colour in svg.COLOURS if colour in drawn()]


def test_two_figures_share_no_id_and_find_their_own() -> None:
    one, two = drawn("one"), drawn("two")
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", one)) == ids[0]


def test_nothing_of_the_clock_or_of_matplotlib_stays() -> None:
    assert drawn() == drawn()
    for part in ("<metadata", "<style", "<!--", "<?xml", "matplotlib", "http"):
        assert part not in drawn()


def test_a_label_is_text_whatever_it_holds() -> None:
    text = drawn(label=r"$\frac{<b>&")
    assert r"$\frac{&lt;b&gt;&amp;" in text


def test_a_letter_that_the_plots_font_lacks_is_no_warning() -> None:
    assert "東京" in drawn(label="東京")
