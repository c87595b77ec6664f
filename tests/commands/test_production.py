"""`retrain freeze`, `unfreeze`, `rollback`: who asked and why is on record, and the answer says what production is."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

import pytest
from commandline import PIPELINES, Cli
from promotions import Run, landed, production, told

from steps.registry import ledger
from steps.registry.objects import connect


def versions(folder: Path, *days: int) -> list[str]:
    """Promote a batch of each day; return the versions."""
    store = connect("retrain")
    runs = (Run(store, folder, landed(store, f"2026-02-{day}"), uid=f"{day:08}-uid") for day in days)
    return [run.promoted().version for run in runs]


def ask(cli: Cli, *arguments: object) -> Any:
    return cli(*arguments, "--pipelines", PIPELINES)


def test_an_empty_production_can_be_frozen_and_unfrozen(cli: Cli, s3: Any) -> None:
    done = ask(cli, "freeze", "loans", "--reason", "audit")
    assert (done.code, done.err) == (0, "")
    assert f"loans: production stays empty, frozen by {getpass.getuser()} since" in done.out
    assert done.out.endswith(": audit\n")
    again = ask(cli, "freeze", "loans", "--reason", "me too")
    assert (again.code, "already frozen" in again.out, again.out.endswith(": audit\n")) == (0, True, True)
    done = ask(cli, "unfreeze", "loans", "--reason", "audited")
    assert (done.code, done.out) == (0, "loans: production is empty and may be promoted to\n")
    records = list(ledger.records(connect("retrain"), "loans"))
    assert [(record.kind, record.body["by"], record.body["reason"]) for record in records] == [
        ("unfrozen", getpass.getuser(), "audited"), ("frozen", getpass.getuser(), "audit")
    ]  # fmt: skip


def test_freezing_says_data_for_programs(cli: Cli, s3: Any) -> None:
    frozen = json.loads(ask(cli, "freeze", "loans", "--json").out)
    assert (frozen["version"], frozen["frozen"]["by"], frozen["frozen"]["already"]) == (None, getpass.getuser(), False)
    assert json.loads(ask(cli, "unfreeze", "loans", "--json").out) == {
        "pipeline": "loans", "version": None, "frozen": False
    }  # fmt: skip


def test_unfreezing_what_is_not_frozen_is_no_mistake(cli: Cli, s3: Any) -> None:
    assert ask(cli, "unfreeze", "loans").code == 0
    assert told(connect("retrain")) == []


def test_a_rollback_says_from_where_to_where_and_what_to_do_then(cli: Cli, s3: Any, tmp_path: Path) -> None:
    one, two = versions(tmp_path, 21, 22)
    done = ask(cli, "rollback", "loans", "--reason", "unfair")
    assert (done.code, done.err) == (0, "")
    assert f"production went back from {two} to {one} and is frozen" in done.out
    assert "retrain unfreeze loans" in done.out
    found = production(connect("retrain"))
    assert found.version == one
    assert found.frozen is not None
    assert (found.frozen.by, found.frozen.reason) == (getpass.getuser(), "unfair")


def test_a_rollback_goes_to_the_version_that_is_named(cli: Cli, s3: Any, tmp_path: Path) -> None:
    one, _, three = versions(tmp_path, 21, 22, 23)
    answer = json.loads(ask(cli, "rollback", "loans", "--to", one, "--json").out)
    assert (answer["version"], answer["previous"], answer["frozen"]["rolled_back"]) == (one, three, three)


@pytest.mark.parametrize(
    ("options", "says"),
    [([], "is the first version"), (["--to", "2026-01-01.1-nowhere0"], "none of the last 20 versions")],
    ids=["none before", "no such version"],
)
def test_where_there_is_nothing_to_go_back_to_the_answer_is_2(
    cli: Cli, s3: Any, tmp_path: Path, options: list[str], says: str
) -> None:
    (one,) = versions(tmp_path, 21)
    done = ask(cli, "rollback", "loans", *options)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert "retrain history loans" in done.err
    assert production(connect("retrain")).version == one


@pytest.mark.parametrize("command", ["freeze", "unfreeze", "rollback"])
def test_a_bucket_that_cannot_be_reached_is_said_so(cli: Cli, s3: Any, command: str) -> None:
    s3.delete_bucket(Bucket="retrain")
    done = ask(cli, command, "loans")
    assert (done.code, done.out) == (2, "")
    assert "there is no bucket 'retrain'" in done.err
