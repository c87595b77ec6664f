"""The report cards of docs/report-card.md: real models on real data in a real browser, on a desk and on a phone.

`python -m bench.cards FOLDER` takes the pictures anew.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import browser
import pandas as pd
from bench.fairness import MITIGATED, of_variant
from documents import document
from frames import typed
from PIL import Image

from steps import batch, evaluate, evidence, model
from steps.card import build, page
from steps.card.facts import Card
from steps.champion import Standing
from steps.document import Document
from steps.train import train
from workflows import producer
from workflows.config import SHIPPED, load

DESK, PHONE, TALL, GAP = 1120, 360, 1800, 12
"""Pixels of the picture: two widths, what is shown of the height, and between them."""
RUN = {"batch": "2026-02-23", "as-of": "2026-02-23", "revision": "1"}
BEFORE = "2026-02-16.1-5b0c77aa"
EARLIER = 1500
"""Applications that the champion was trained on."""


def made(of: Document, rows: pd.DataFrame, standing: Standing | None = None) -> tuple[Card, Standing]:
    """Return the card of the document's model on these rows, and the model as it would stand in production."""
    standing = standing or Standing()
    with tempfile.TemporaryDirectory() as folder:
        parts, file = batch.check(rows, of), Path(folder, "model.skops")
        model.dump(train(parts.train, of), file)
        data = file.read_bytes()
    trained = model.load(data)
    found = evaluate.evaluate(trained, parts, standing, of)
    judged = evidence.Candidate(trained, parts, found.predicted, found.measured, found.judged, found.decision)
    of_it = evidence.gather(judged, standing, of, RUN)
    card = build.card(of_it)
    report = json.dumps(evaluate.report(found, trained, of_it, card)).encode()
    return card, Standing(BEFORE, data, report=report)


def mortgage() -> tuple[Document, pd.DataFrame]:
    shipped, table = load(SHIPPED / "mortgage.yaml"), producer.mortgage_table()
    return shipped, typed(shipped.contract, **{name: table[name].tolist() for name in shipped.contract.columns})


def rejected() -> Card:
    return made(*mortgage())[0]


def promoted() -> Card:
    shipped, rows = mortgage()
    fair = of_variant(shipped, MITIGATED)
    return made(fair, rows, made(fair, rows[:EARLIER])[1])[0]


def number() -> Card:
    """Return the card of a regression: how far diabetes goes on within a year (Efron et al. 2004, in scikit-learn)."""
    from sklearn.datasets import load_diabetes

    table = load_diabetes(as_frame=True, scaled=False).frame
    table["sex"] = table["sex"].map({1.0: "1", 2.0: "2"})
    kinds = {name: "string" if name == "sex" else "number" for name in table}
    of = document(
        name="diabetes",
        description="Predict how far the disease has gone on one year later.",
        contract__columns={name: {"dtype": dtype} for name, dtype in kinds.items()},
        model={"target": "target", "features": [name for name in kinds if name not in ("target", "sex")],
               "sensitive": "sex", "estimator": "sklearn.linear_model.Ridge"},
        gates=[
            {"name": "error", "kind": "metric", "metric": "mae", "below": 50},
            {"name": "better-than-the-mean", "kind": "baseline", "metric": "rmse", "above": 10, "confidence": 0.95},
            {"name": "both-sexes", "kind": "slice", "metric": "mae", "by": "sex", "below": 60},
        ],
    )  # fmt: skip
    return made(of, typed(kinds, **{name: table[name].tolist() for name in kinds}))[0]


CARDS: dict[str, tuple[Callable[[], Card], bool]] = {
    "rejected": (rejected, False),
    "promoted": (promoted, True),
    "number": (number, False),
}
"""The cards by name, and whether they are shown in dark."""


def picture(running: browser.Browser, file: Path, dark: bool) -> Image.Image:
    """Return the page on a desk and on a phone, side by side; asserts that nothing is wrong with it."""
    shown = Image.new("RGB", (DESK + GAP + PHONE, TALL), "gray")
    for left, width in ((0, DESK), (DESK + GAP, PHONE)):
        seen = running.see(file.as_uri(), width, dark)
        wrong = seen.complaints + seen.overflowing + seen.clipped + seen.faint
        assert not wrong, wrong
        shown.paste(Image.open(io.BytesIO(seen.png)), (left, 0))
    return shown.quantize(128)


def main(folder: Path) -> None:
    """Write a picture of each card into the folder."""
    with tempfile.TemporaryDirectory() as profile, browser.started(str(browser.found()), Path(profile)) as running:
        for name, (card, dark) in CARDS.items():
            file = Path(profile, f"{name}.html")
            file.write_text(page.render(card()), encoding="utf-8")
            picture(running, file, dark).save(folder / f"report-card-{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
