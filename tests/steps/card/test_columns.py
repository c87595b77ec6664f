from __future__ import annotations

from typing import Any

from documents import document
from frames import loans, typed

from steps import profile
from steps.card import columns
from steps.card.facts import Column


def found(of: Any = None, **values: list[Any]) -> dict[str, Column]:
    of = of or document()
    frame = loans(of).head(4).assign(**{n: typed(of.contract, **{n: v})[n] for n, v in values.items()})
    return {c.name: c for c in columns.columns(frame, of, profile.profile(frame, of.contract))}


def test_the_target_is_first_and_every_column_has_its_role() -> None:
    assert [(column.name, column.role) for column in found().values()] == [
        ("approved", "target"), ("group", "sensitive"), ("income", "feature"), ("credit_score", "feature")
    ]  # fmt: skip


def test_numbers_look_like_a_range_and_texts_like_their_commonest_values() -> None:
    looks = found(income=[1.0, 2.0, 3.0, None], group=["a", "a", "b", "a"])
    assert looks["income"].looks == "1 to 3, median 2"
    assert (looks["group"].looks, looks["group"].bars) == ("a 3, b 1", (3, 1))
    assert looks["income"].missing == 1


def test_a_column_without_values_says_so() -> None:
    empty = found(income=[None] * 4)["income"]
    assert (empty.looks, empty.bars) == ("no values", ())


def test_a_constant_or_a_hair_wide_column_has_no_crash() -> None:
    assert found(income=[5.0] * 4)["income"].bars == ()
    assert sum(found(income=[1.0, 1.0 + 2e-16, 1.0, 1.0])["income"].bars) == 4
    assert found(income=[-1.7e308, 1.7e308, 0.0, 0.0])["income"].bars == (1, 2, 1)


def test_many_numbers_are_counted_in_equal_parts() -> None:
    of = document()
    frame = loans(of, rows=1000)
    bars = {c.name: c.bars for c in columns.columns(frame, of, profile.profile(frame, of.contract))}["income"]
    assert (len(bars), sum(bars), max(bars) - min(bars)) == (columns.BARS, 1000, 1)


def test_a_personal_column_shows_nothing_of_its_values() -> None:
    of = document(contract__columns__income={"dtype": "number", "personal": True})
    personal = found(of, income=[12345.0] * 2 + [1.0, 2.0])["income"]
    assert (personal.looks, personal.bars, personal.distinct) == ("personal: not shown", (), 3)
