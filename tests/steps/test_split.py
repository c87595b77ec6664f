from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from frames import typed

from steps import split as split_module
from steps.split import data_hash, row_hashes, split

KINDS = {"id": "integer", "amount": "number", "word": "string", "flag": "boolean", "day": "date"}


def rows(count: int = 1000, start: int = 0) -> pd.DataFrame:
    numbers = list(range(start, start + count))
    return typed(
        KINDS,
        id=numbers,
        amount=[n / 8 for n in numbers],
        word=[f"w{n}" if n % 5 else None for n in numbers],
        flag=[n % 2 == 0 if n % 7 else None for n in numbers],
        day=[pd.Timestamp("2026-01-01") if n % 3 else None for n in numbers],
    )


def test_the_hash_of_a_row_never_changes() -> None:
    """These literals are a promise: another library version may not move rows between train and holdout."""
    assert [f"{value:016x}" for value in row_hashes(rows(3), seed=0)] == HASHES


HASHES = ["2304209f57db2a81", "8c7daa81dcb1918b", "f8218d616b881216"]


def test_how_many_rows_are_hashed_at_a_time_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list(row_hashes(rows(20), seed=0))
    monkeypatch.setattr(split_module, "BLOCK", 7)
    assert list(row_hashes(rows(20), seed=0)) == whole
    assert list(row_hashes(rows(0), seed=0)) == []


def test_the_holdout_has_about_its_share_and_the_rest_is_train() -> None:
    parts = split(rows(10000), seed=1, holdout=0.3)
    assert 2850 < len(parts.holdout) < 3150
    assert sorted([*parts.train["id"], *parts.holdout["id"]]) == list(range(10000))


def test_a_row_stays_on_its_side_when_others_come_and_go_and_columns_change_places() -> None:
    before = split(rows(500), seed=1, holdout=0.3)
    later = rows(800, start=200).sample(frac=1, random_state=0)[list(reversed(KINDS))]
    after = split(later, seed=1, holdout=0.3)
    common = range(200, 500)
    assert {n for n in before.holdout["id"] if n in common} == {n for n in after.holdout["id"] if n in common}


def test_equal_rows_are_on_one_side() -> None:
    parts = split(pd.concat([rows(300), rows(300)], ignore_index=True), seed=1, holdout=0.5)
    assert not set(parts.train["id"]) & set(parts.holdout["id"])


def test_another_seed_is_another_and_unrelated_split() -> None:
    first, second = (set(split(rows(10000), seed=seed, holdout=0.5).holdout["id"]) for seed in (0, 1))
    assert 0.45 < len(first & second) / len(first) < 0.55


def test_a_larger_share_only_adds_to_the_holdout() -> None:
    small, large = (set(split(rows(1000), seed=0, holdout=share).holdout["id"]) for share in (0.2, 0.4))
    assert small < large


def test_the_storage_pandas_happens_to_use_does_not_matter() -> None:
    frame = rows(50)
    other = frame.assign(
        id=frame["id"].astype("int64"),
        word=frame["word"].astype("string[python]"),
        day=frame["day"].astype("datetime64[ns]"),
    )
    assert list(row_hashes(frame, 0)) == list(row_hashes(other, 0))


TIMES: dict[str, tuple[list[Any], float, list[int]]] = {
    "the newest": ([3, 1, 2, 5, 4, 6, 7, 8, 10, 9], 0.3, [8, 9, 10]),
    "days, whatever their order": (["2026-01-03", "2026-01-01", "2026-01-04", "2026-01-02"], 0.5, [3, 4]),
    "of few times the nearest share": ([1] * 3 + [2] * 4 + [3] * 3, 0.4, [3] * 3),
    "of two the later, however many": ([1] * 2 + [2] * 8, 0.1, [2] * 8),
    "never all of them": ([1] * 9 + [2], 0.9, [2]),
    "of one none": ([1] * 5, 0.3, []),
}


@pytest.mark.parametrize(("times", "share", "held"), TIMES.values(), ids=TIMES)
def test_by_time_the_newest_rows_are_held_out_and_a_time_is_whole(
    times: list[Any], share: float, held: list[int]
) -> None:
    days = isinstance(times[0], str)
    frame = typed(
        {"when": "date" if days else "integer"}, when=[pd.Timestamp(time) for time in times] if days else times
    )
    parts = split(frame, 0, share, "when")
    found = parts.holdout["when"].dt.day if days else parts.holdout["when"]
    assert sorted(found) == held
    assert len(parts.train) + len(parts.holdout) == len(times)


def test_the_data_s_hash_is_of_the_rows_and_not_of_their_order() -> None:
    assert data_hash(rows(50)) == data_hash(rows(50).sample(frac=1, random_state=0)) != data_hash(rows(51))
    assert data_hash(rows(50)) != data_hash(pd.concat([rows(50), rows(1)]))


def test_zero_has_no_sign() -> None:
    assert row_hashes(typed(KINDS, amount=[0.0]), 0) == row_hashes(typed(KINDS, amount=[-0.0]), 0)
