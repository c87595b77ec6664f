"""`retrain watch` tells Slack and who is on call, prints a line a pipeline, and fails only if it could not do that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batches import BUCKET
from commandline import Cli
from documents import loans
from records import record
from webhooks import SECRET, Webhook, webhook

from steps.document import Document

LATE = "2026-02-23T07:00+00:00"
"""An hour after the record of `records`, half an hour after the model of the 23rd was due."""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook(monkeypatch) as state:
        monkeypatch.setenv("SLACK_WEBHOOK_URL", state.slack)
        monkeypatch.setenv("PAGE_URL", state.page)
        yield state


def carried(folder: Path, **changes: Any) -> Path:
    file = folder / "document"
    file.write_text(Document.model_validate(loans(**changes)).model_dump_json(), encoding="utf-8")
    return file


def watch(cli: Cli, folder: Path, *options: object, at: str = LATE, **changes: Any) -> Any:
    return cli("watch", "--document", carried(folder, **changes), "--at", at, "--home", folder / "home", *options)


def test_late_is_told_and_no_error_of_the_watch(cli: Cli, s3: Any, hook: Webhook, tmp_path: Path) -> None:
    record()
    done = watch(cli, tmp_path)
    again = watch(cli, tmp_path)
    assert (done.code, again.code) == (0, 0)
    assert done.out.startswith("loans: late since 2026-02-23T06:30+00:00: batch 2026-02-23 was rejected (gate): ")
    assert [text.splitlines()[0] for text in hook.texts] == [
        ":hourglass: *loans* is late: the model of 2026-02-23 was due at 2026-02-23T06:30+00:00"
    ]
    assert hook.pages == ["retrain: loans is late: the model of 2026-02-23 was due at 2026-02-23T06:30+00:00"]


def test_as_data(cli: Cli, s3: Any, hook: Webhook, tmp_path: Path) -> None:
    record()
    (found,) = json.loads(watch(cli, tmp_path, "--json").out)
    assert (found["pipeline"], found["state"], found["untold"], found["recovered"]) == ("loans", "late", [], [])
    assert found["reason"]


def test_on_time_tells_nobody(cli: Cli, s3: Any, hook: Webhook, tmp_path: Path) -> None:
    record()
    done = watch(cli, tmp_path, at="2026-02-23T06:29Z")
    assert (done.code, hook.got) == (0, [])


def test_who_could_not_be_told_is_said_and_fails_it(cli: Cli, s3: Any, hook: Webhook, tmp_path: Path) -> None:
    record()
    hook.status = 403
    done = watch(cli, tmp_path)
    assert done.code == 1
    assert "  people were not told: slack: it answered 403 (ok)" in done.out.splitlines()
    assert "  people were not told: page: the service did not take it, or cannot be reached" in done.out.splitlines()
    assert SECRET not in done.out + done.err


def test_a_channel_that_the_document_asks_for_and_nobody_set_up_fails_it(
    cli: Cli, s3: Any, hook: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record()
    monkeypatch.delenv("PAGE_URL")
    assert watch(cli, tmp_path, at="2026-02-23T07:00Z").code == 0
    done = watch(cli, tmp_path, at="2026-02-24T07:00Z", notify={"page": {"secret": "retrain-page"}})
    assert done.code == 1
    assert "  people were not told: page: PAGE_URL is not set" in done.out.splitlines()


def test_without_its_store_it_says_that_it_is_blind(
    cli: Cli, s3: Any, hook: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    done = watch(cli, tmp_path)
    assert done.code == 1
    assert done.out.startswith("loans: cannot be watched: s3://retrain/registry/loans/production.json: ")
    (text,) = hook.texts
    assert "*loans* cannot be watched (may be repeated)" in text
    assert hook.pages == []


def test_a_pipeline_that_cannot_be_looked_at_hides_no_other(cli: Cli, s3: Any, hook: Webhook, tmp_path: Path) -> None:
    for name, bucket in (("autos", "nowhere"), ("loans", BUCKET)):
        text = json.dumps(loans(name=name, data__bucket=bucket))
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    record()
    done = cli("watch", "--pipelines", tmp_path, "--home", tmp_path / "home", "--at", LATE)
    assert done.code == 1
    blind, late = done.out.splitlines()
    assert blind.startswith("autos: cannot be watched: there is no bucket 'nowhere'")
    assert late.startswith("loans: late since ")
    only = cli("watch", "loans", "--pipelines", tmp_path, "--home", tmp_path / "home", "--at", LATE)
    assert (only.code, only.out.count("\n")) == (0, 1)


@pytest.mark.parametrize("text", ["tomorrow", "2026-02-24T07:00", "2026-02-30T07:00Z"])
def test_a_moment_that_is_none_is_refused(cli: Cli, tmp_path: Path, text: str) -> None:
    done = watch(cli, tmp_path, at=text)
    assert done.code == 2
    assert f"--at is {text!r}" in done.err


def test_a_file_that_carries_no_document_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "document").write_text("{}", encoding="utf-8")
    done = cli("watch", "--document", tmp_path / "document")
    assert done.code == 2
    assert "name: missing" in done.err
    assert "cannot be read" in cli("watch", "--document", tmp_path / "absent").err
