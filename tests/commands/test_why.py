"""`retrain why` answers from the bucket and the Workflows, one sentence first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from batches import DAY, land
from commandline import MANIFESTS, PIPELINES, Cli
from records import journal, record


def why(cli: Cli, home: Path, *options: object) -> Any:
    return cli("why", "loans", *options, "--pipelines", PIPELINES, "--manifests", MANIFESTS, "--home", home)


def test_nothing_on_record_says_where_to_look(cli: Cli, s3: Any, tmp_path: Path) -> None:
    done = why(cli, tmp_path)
    assert done.code == 0
    assert done.out.startswith("loans: nothing is on record")
    found = json.loads(why(cli, tmp_path, "--json").out)
    assert (found["outcome"], found["code"], found["unread"]) == (None, "not-landed", [])


def test_the_newest_run_is_one_sentence_then_evidence(cli: Cli, s3: Any, tmp_path: Path) -> None:
    record()
    sentence, *evidence = why(cli, tmp_path).out.splitlines()
    assert "was rejected (gate): accuracy: 0.5 is not above 0.8" in sentence
    assert evidence
    assert all(line.startswith("  ") for line in evidence)
    found = json.loads(why(cli, tmp_path, "--json", "--date", DAY).out)
    assert (found["sentence"], found["code"], found["outcome"]) == (sentence, "gate", "rejected")


def test_a_run_of_this_home_that_goes_on_is_told_with_its_step(cli: Cli, s3: Any, tmp_path: Path) -> None:
    etag = land(s3, {f"{DAY}/a.csv": b"a"})
    name = f"loans-{DAY}-{etag[:12]}"
    journal(tmp_path, name, "u2", marker=f"incoming/loans/{DAY}/_READY.json", etag=etag)
    found = json.loads(why(cli, tmp_path, "--json").out)
    assert found["code"] == "running"
    assert found["sentence"].startswith(f"loans: run {name} of batch {DAY} is Running since 2026-02-23")
    assert found["sentence"].endswith(", at train")


def test_what_went_on_beside_the_answer_is_told(cli: Cli, s3: Any, tmp_path: Path) -> None:
    record()
    journal(tmp_path, "loans-going", "u2")
    journal(tmp_path, "loans-ended", "u3", "Succeeded")
    going = [line for line in why(cli, tmp_path).out.splitlines() if line.startswith("  goes on")]
    assert going == ["  goes on: run loans-going is Running, at train"]


def test_a_store_that_cannot_be_asked_is_exit_1_and_named(
    cli: Cli, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    done = why(cli, tmp_path)
    assert done.code == 1
    assert done.out.startswith("loans: what happened last cannot be said, for it could not be read: the ledger: s3://")
    assert json.loads(why(cli, tmp_path, "--json").out)["code"] == "unreadable"


def test_a_context_that_is_none_is_refused(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    done = why(cli, tmp_path, "--context", "nowhere")
    assert done.code == 2
    assert "the context 'nowhere' cannot be used" in done.err


def test_a_pod_that_may_not_ask_for_workflows_still_answers(
    cli: Cli, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record()
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    found = json.loads(why(cli, tmp_path, "--json").out)
    assert found["code"] == "gate"
    (unread,) = found["unread"]
    assert unread.startswith("the Workflows: this pod cannot ask the Kubernetes API")


def test_a_day_that_is_none_is_refused(cli: Cli, tmp_path: Path) -> None:
    done = why(cli, tmp_path, "--date", "2026-02-30")
    assert done.code == 2
    assert "--date is '2026-02-30'" in done.err
