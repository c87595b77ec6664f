"""`retrain assets` lists what there is, of one pipeline or of all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from batches import DAY, land
from commandline import PIPELINES, Cli


def test_what_landed_is_listed_with_where_it_lies(cli: Cli, s3: Any) -> None:
    land(s3, {f"{DAY}/a.csv": b"a"})
    done = cli("assets", "loans", "--pipelines", PIPELINES)
    assert done.code == 0
    header, raw, *_, production = done.out.splitlines()
    assert header.split() == ["pipeline", "asset", "made", "fresh", "as_of", "batch", "from", "run", "detail"]
    assert raw.startswith("loans     raw batch   20")
    assert raw.endswith("revision 1, 1 files, 1 bytes")
    assert production.split()[:3] == ["loans", "production", "never"]
    found = json.loads(cli("assets", "loans", "--pipelines", PIPELINES, "--json").out)["loans"]
    assert found["unread"] == []
    assert found["assets"][0] | {"made": ""} == {
        "asset": "raw batch",
        "made": "",
        "run": None,
        "batch": DAY,
        "as_of": DAY,
        "data_hash": found["assets"][0]["data_hash"],
        "where": f"incoming/loans/{DAY}/_READY.json",
        "detail": "revision 1, 1 files, 1 bytes",
        "fresh": False,
    }


def test_without_a_name_every_pipeline_is_listed(cli: Cli, s3: Any) -> None:
    rows = cli("assets", "--pipelines", PIPELINES).out.splitlines()[1:]
    assert {row.split()[0] for row in rows} == {"loans", "mortgage"}


def test_a_store_that_cannot_be_asked_is_exit_1_and_named(cli: Cli, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    done = cli("assets", "loans", "--pipelines", PIPELINES)
    assert done.code == 1
    assert "loans: not read: production's pointer: s3://retrain" in done.err
