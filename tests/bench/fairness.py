"""The mortgage pipeline's two variants over five split seeds: what each gate says of each. Called by `__main__`.

`python -m bench.fairness` prints this alone, as the table of docs/fairness.md. It trains and judges as the steps do,
without a store: production is empty.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from frames import typed

from steps import batch
from steps.champion import Standing
from steps.document import Document
from steps.evaluate import Evaluation, evaluate
from steps.train import train
from workflows import producer
from workflows.config import SHIPPED, load

SEEDS = range(5)
MITIGATED: dict[str, Any] = {
    "params": {"n_estimators": 50, "max_depth": 6},
    "mitigation": {
        "method": "exponentiated-gradient",
        "constraint": "demographic-parity",
        "difference_bound": 0.01,
        "max_iterations": 15,
    },
}
"""What the comment in mortgage.yaml says to write in place of its `params`."""
VARIANTS: dict[str, dict[str, Any]] = {"naive": {}, "mitigated": MITIGATED}
HEADS = ("variant", "seed", "accuracy", "roc_auc over dummy", "disparate impact", "95 % interval", "decision")


def main(write: Callable[[str], None]) -> None:
    """Write the table, a row for each variant and seed."""
    write(_line(HEADS))
    write(_line(["---"] * len(HEADS)))
    for name in VARIANTS:
        for seed in SEEDS:
            write(row(name, seed))


def row(variant: str, seed: int) -> str:
    """Return the table's row of one variant and seed."""
    shipped = load(SHIPPED / "mortgage.yaml")
    table = producer.mortgage_table()
    rows = typed(shipped.contract, **{name: table[name].tolist() for name in shipped.contract.columns})
    return _line((variant, str(seed), *_judged(rows, of_variant(shipped, {**VARIANTS[variant], "seed": seed}))))


def of_variant(shipped: Document, changes: dict[str, Any]) -> Document:
    value = shipped.model_dump(mode="json")
    return Document.model_validate({**value, "model": {**value["model"], **changes}})


def _judged(rows: Any, document: Document) -> tuple[str, ...]:
    parts = batch.check(rows, document)
    found: Evaluation = evaluate(train(parts.train, document), parts, Standing(), document)
    gates = {judged.gate.name: judged for judged in found.judged}
    impact = gates["disparate-impact"]
    low, high = impact.interval or (float("nan"), float("nan"))
    failed = ", ".join(name for name, judged in gates.items() if not judged.passed)
    numbers = [gates[name].value or float("nan") for name in ("accuracy", "better-than-dummy", "disparate-impact")]
    decision = f"{found.decision} ({failed})" if failed else found.decision
    return (*(f"{number:.3f}" for number in numbers), f"{low:.3f} to {high:.3f}", decision)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main(lambda text: print(text, flush=True))  # noqa: T201 - the table is what this is for
    sys.exit(0)
