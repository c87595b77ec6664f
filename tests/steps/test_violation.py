from __future__ import annotations

import json

from frames import contract

from steps.violation import Violation, evidence, merged, shown, summary

BELOW = Violation("lvrat", "min", "is below 0", 3, ((12, "-0.4"), (13, "-1.0"), (20, "-2.0")))
MISSING = Violation("chist", "not_nullable", "is missing", 1, ((4, ""),))


def test_the_summary_names_file_row_and_column_of_the_first_and_counts_the_rest() -> None:
    assert summary("a.csv", [BELOW]) == "a.csv: row 12, column 'lvrat': -0.4 is below 0 (and 2 more violations)"
    assert summary("a.csv", [MISSING]) == "a.csv: row 4, column 'chist': is missing"


def test_the_first_is_the_first_in_the_file() -> None:
    assert summary("a.csv", [BELOW, MISSING]).startswith("a.csv: row 4, column 'chist': is missing (and 3 more")


def test_the_evidence_holds_every_violation_with_its_rows() -> None:
    [first, second] = evidence([BELOW, MISSING])["violations"]
    assert first["count"] == 3
    assert first["examples"][0] == {"row": 12, "value": "-0.4"}
    assert second == {"column": "chist", "rule": "not_nullable", "count": 1, "examples": [{"row": 4, "value": ""}]}


def test_the_evidence_is_bounded_and_says_what_it_left_out() -> None:
    many = [
        Violation(f"{'ä' * 60}{n}", "dtype", "is bad", 10, tuple((r, "ä" * 40) for r in range(10))) for n in range(300)
    ]
    found = evidence(many)
    assert len(json.dumps(found["violations"]).encode()) <= 6000
    assert found["left_out"] == 300 - len(found["violations"]) > 0


def test_a_long_value_is_cut_and_a_personal_one_masked() -> None:
    assert len(shown("x" * 1000, None)) == 40
    assert shown("x", contract(a={"dtype": "string", "personal": True}).columns["a"]) == "(masked)"


def test_parts_of_a_violation_become_one_with_its_first_examples() -> None:
    later = Violation("lvrat", "min", "is below 0", 9, tuple((row, "-1") for row in range(1, 10))).moved(100)
    [found] = merged([BELOW, later])
    assert (found.count, len(found.examples)) == (12, 10)
    assert [row for row, _ in found.examples][:4] == [12, 13, 20, 101]


def test_another_rule_or_column_stays_a_violation_of_its_own() -> None:
    others = [BELOW, MISSING, Violation("lvrat", "max", "is above 5"), Violation("hirat", "min", "is below 0")]
    assert merged(others) == others


def test_a_whole_column_counts_once_in_the_sentence() -> None:
    empty = Violation("chist", "empty", "has no value in any row", 2380)
    assert summary("a.csv", [empty]) == "a.csv: column 'chist' has no value in any row"
    assert summary("a.csv", [empty, MISSING]) == "a.csv: column 'chist' has no value in any row (and 1 more violation)"
