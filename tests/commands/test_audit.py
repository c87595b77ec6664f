"""`retrain audit` proves the ledger whole, names the first break, and moves its anchor only over what holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commandline import PIPELINES, Cli, Done
from records import record

from steps.registry import ledger


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    return tmp_path / "loans.anchor"


def audit(cli: Cli, *options: object) -> Done:
    return cli("audit", "loans", *options, "--pipelines", PIPELINES)


def recorded(count: int) -> None:
    for number in range(count):
        record(uid=f"u{number}")


def remove(s3: Any, n: int) -> None:
    s3.delete_object(Bucket="retrain", Key=ledger.key("loans", n))


def test_without_verify_it_says_how_long_the_ledger_is(cli: Cli, s3: Any) -> None:
    assert audit(cli).out == "loans: nothing is on record\n"
    recorded(3)
    done = audit(cli)
    assert (done.code, done.out.startswith("loans: 3 records from 2026-02-23T06:00:00")) == (0, True)
    assert done.out.endswith("(not verified)\n")
    assert json.loads(audit(cli, "--json").out)["kind"] == "outcome"


def test_a_whole_ledger_holds(cli: Cli, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.commands.ahead.AHEAD", 3)
    recorded(9)
    done = audit(cli, "--verify")
    assert (done.code, done.out.startswith("loans: 9 records hold, sha256 ")) == (0, True)
    assert json.loads(audit(cli, "--verify", "--json").out)["broken"] == ""


def test_a_broken_link_is_named_and_ends_with_1(cli: Cli, s3: Any) -> None:
    recorded(4)
    remove(s3, 2)
    done = audit(cli, "--verify")
    assert done.code == 1
    assert done.out.startswith(f"loans: BROKEN: record 2 is missing ({ledger.key('loans', 2)}); what holds: 1 record ")
    assert json.loads(audit(cli, "--verify", "--json").out)["records"] == 1


def test_an_anchor_is_written_and_moves_forward(cli: Cli, s3: Any, anchor: Path) -> None:
    recorded(2)
    done = audit(cli, "--anchor", anchor)
    assert (done.code, "(it is new)" in done.out) == (0, True)
    assert json.loads(anchor.read_text())["n"] == 2
    recorded(5)
    assert "(it was at record 2)" in audit(cli, "--verify", "--anchor", anchor).out
    kept = json.loads(anchor.read_text())
    assert (kept["pipeline"], kept["n"]) == ("loans", 5)
    assert [file.name for file in anchor.parent.iterdir() if "anchor" in file.name] == [anchor.name]


def test_a_tail_that_was_cut_off_shows_and_leaves_the_anchor(cli: Cli, s3: Any, anchor: Path) -> None:
    recorded(3)
    audit(cli, "--anchor", anchor)
    before = anchor.read_bytes()
    remove(s3, 3)
    assert audit(cli, "--verify").code == 0
    done = audit(cli, "--anchor", anchor)
    assert done.code == 1
    assert "the ledger ends at record 2, but record 3 was there: its end was cut off" in done.out
    assert anchor.read_bytes() == before


def test_a_chain_that_was_written_anew_shows(cli: Cli, s3: Any, anchor: Path) -> None:
    recorded(2)
    audit(cli, "--anchor", anchor)
    for n in (1, 2):
        remove(s3, n)
    for number in range(3):
        record(uid=f"other{number}")
    assert audit(cli, "--verify").code == 0
    done = audit(cli, "--anchor", anchor)
    assert (done.code, "record 2 (" in done.out, "was rewritten" in done.out) == (1, True, True)


def test_an_anchor_of_another_pipeline_shows(cli: Cli, s3: Any, anchor: Path) -> None:
    cli("audit", "mortgage", "--anchor", anchor, "--pipelines", PIPELINES)
    done = audit(cli, "--anchor", anchor)
    assert done.code == 1
    assert "the anchor is of the pipeline 'mortgage', not of 'loans'" in done.err


ANCHORS = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "no number": '{"pipeline": "loans", "n": "2", "sha256": "' + "0" * 64 + '"}',
    "true": '{"pipeline": "loans", "n": true, "sha256": "' + "0" * 64 + '"}',
    "below zero": '{"pipeline": "loans", "n": -1, "sha256": "' + "0" * 64 + '"}',
    "no sha256": '{"pipeline": "loans", "n": 1, "sha256": "x"}',
    "nested": "[" * 60_000,
}


@pytest.mark.parametrize("text", ANCHORS.values(), ids=ANCHORS.keys())
def test_what_is_no_anchor_is_refused_and_left_as_it_is(cli: Cli, s3: Any, anchor: Path, text: str) -> None:
    anchor.write_text(text)
    done = audit(cli, "--anchor", anchor)
    assert (done.code, "that is no anchor" in done.err) == (2, True)
    assert anchor.read_text() == text


def test_an_anchor_that_cannot_be_written_is_said(cli: Cli, s3: Any, tmp_path: Path) -> None:
    done = audit(cli, "--anchor", tmp_path / "nowhere" / "anchor")
    assert (done.code, "the anchor cannot be written" in done.err) == (2, True)


def test_a_store_that_does_not_answer_is_no_broken_chain(cli: Cli, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setattr("steps.registry.objects.ATTEMPTS", 1)
    done = audit(cli, "--verify")
    assert (done.code, "BROKEN" in done.out) == (2, False)
