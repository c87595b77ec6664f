"""`retrain reconcile`: one line for each thing done, here or on a cluster, and exit code 1 if one could not be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batches import BUCKET, PREFIX, land
from commandline import PIPELINES, Cli, Done, loans
from documents import document
from kubernetesapi import Api, kubeconfig, serving
from promotions import Run
from records import journal
from webhooks import SECRET, Webhook, webhook

from steps.registry import claim as claims
from steps.registry import ledger
from steps.registry import marker as markers
from steps.registry.objects import connect
from workflows.engine.journal import Journal
from workflows.engine.model import Workflow

BATCH = "b1"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook(monkeypatch) as state:
        monkeypatch.setenv("SLACK_WEBHOOK_URL", state.slack)
        yield state


def landed(s3: Any, batch: str = BATCH, **changes: Any) -> str:
    """Put a batch; return the name of its run."""
    etag = land(s3, {f"{batch}/a.csv": batch.encode()}, batch=batch, **changes)
    return f"loans-{batch}-{etag[:12]}"


def carried(folder: Path) -> Path:
    file = folder / "document"
    file.write_text(document().model_dump_json(), encoding="utf-8")
    return file


def reconcile(cli: Cli, folder: Path, *options: object, script: str = "true") -> Done:
    """Reconcile without waiting for events, unless the options say so."""
    options = options if "--patience" in options else (*options, "--patience", 0)
    manifests = loans(folder / "manifests", script)
    return cli("reconcile", *options, "--pipelines", PIPELINES, "--manifests", manifests, "--home", folder / "home")


def test_nothing_to_do_is_said(cli: Cli, s3: Any, tmp_path: Path) -> None:
    done = reconcile(cli, tmp_path)
    assert (done.code, done.out) == (0, "loans: nothing to do\nmortgage: nothing to do\n")


def test_what_is_awaited_is_said_too(cli: Cli, s3: Any, tmp_path: Path) -> None:
    landed(s3)
    done = reconcile(cli, tmp_path, "loans", "--patience", 5)
    expected = "loans: wait b1: its marker landed 0 min ago, its event may still come\nloans: nothing to do\n"
    assert (done.code, done.out) == (0, expected)


def test_a_run_that_is_started_here_is_run_here(cli: Cli, s3: Any, tmp_path: Path) -> None:
    name = landed(s3)
    done = reconcile(cli, tmp_path, "loans")
    why = "no event had started a run 0 min after its marker landed"
    assert (done.code, done.out) == (0, f"loans: start b1: {why}: started {name}\n")
    workflow = Journal(tmp_path / "home").read(name)
    assert workflow.status.phase == "Succeeded"
    given = {one.name: one.value for one in workflow.spec.arguments.parameters}
    assert (given["trigger"], given["requested-by"], given["why"]) == ("reconcile", "retrain reconcile", why)


def test_a_run_that_fails_before_it_claims_is_tried_three_times_in_all(cli: Cli, s3: Any, tmp_path: Path) -> None:
    name = landed(s3)
    outputs = [reconcile(cli, tmp_path, "loans", "--all", script="exit 3").out for _ in range(4)]
    assert list(Journal(tmp_path / "home").names()) == [name, f"{name}-2", f"{name}-3"]
    assert "give up b1: 3 attempts were not enough" in outputs[3]
    assert reconcile(cli, tmp_path, "loans", "--all").out == "loans: nothing to do\n"


def test_a_dry_run_starts_nothing(cli: Cli, s3: Any, tmp_path: Path) -> None:
    landed(s3)
    done = reconcile(cli, tmp_path, "loans", "--dry-run")
    assert (done.code, done.out[:27]) == (0, "loans: would start b1: no e")
    assert Journal(tmp_path / "home").names() == ()


def test_as_data(cli: Cli, s3: Any, tmp_path: Path) -> None:
    name = landed(s3)
    done = reconcile(cli, tmp_path, "loans", "--json")
    (line,) = json.loads(done.out)
    assert (line["pipeline"], line["verb"], line["about"]) == ("loans", "start", BATCH)
    assert line["text"].endswith(f"started {name}")
    assert done.err == ""


def test_a_workflow_carries_the_document_and_needs_no_folder(cli: Cli, s3: Any, tmp_path: Path) -> None:
    landed(s3)
    nowhere = tmp_path / "none"
    done = cli("reconcile", "--document", carried(tmp_path), "--dry-run", "--patience", 0, "--pipelines", nowhere)
    assert (done.code, done.out[:22]) == (0, "loans: would start b1:")


def test_a_document_and_a_name_are_one_too_many(cli: Cli, tmp_path: Path) -> None:
    done = cli("reconcile", "loans", "--document", carried(tmp_path))
    assert done.code == 2
    assert "give one of the two" in done.err


def test_a_document_that_is_none_is_refused(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "document"
    file.write_text("{}", encoding="utf-8")
    done = cli("reconcile", "--document", file)
    assert done.code == 2
    assert str(file) in done.err


def test_what_cannot_be_done_is_said_and_is_exit_code_1(cli: Cli, s3: Any, tmp_path: Path) -> None:
    landed(s3, "bad")
    landed(s3, "good", revision=2)
    store = connect(BUCKET)
    ready = markers.read(store, f"{PREFIX}/bad/_READY.json", "", document().data)
    store.put(claims.key("loans", markers.data_hash(ready.files)), b"no claim")
    done = reconcile(cli, tmp_path, "loans")
    assert done.code == 1
    assert "loans: trouble bad: " in done.out
    assert "loans: start good: " in done.out


def test_a_bucket_that_is_not_there_hides_no_other_pipeline(cli: Cli, s3: Any, tmp_path: Path) -> None:
    other = document(name="other", data__bucket="nowhere").model_dump_json()
    (tmp_path / "other").write_text(other, encoding="utf-8")
    done = cli("reconcile", "--document", tmp_path / "other", "--document", carried(tmp_path), "--home", tmp_path)
    assert done.code == 1
    assert "other: trouble production: there is no bucket 'nowhere'" in done.out
    assert "loans: nothing to do" in done.out


def test_a_hostile_key_reaches_no_terminal(cli: Cli, s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/\x1b[31mred/_READY.json", Body=b"{}")
    done = reconcile(cli, tmp_path, "loans", "--all")
    assert done.code == 0
    assert "loans: settle " in done.out
    assert "\x1b" not in done.out


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def cluster(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with serving(api) as url:
        file = kubeconfig(tmp_path / "config", url)
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))
        yield


@pytest.mark.usefixtures("cluster")
def test_on_a_cluster_the_run_is_created_there_and_left_to_it(cli: Cli, s3: Any, api: Api, tmp_path: Path) -> None:
    name = landed(s3)
    done = reconcile(cli, tmp_path, "loans", "--context", "here")
    assert (done.code, done.err) == (0, "")
    assert api.workflows[name]["spec"]["workflowTemplateRef"] == {"name": "loans"}
    assert Journal(tmp_path / "home").names() == ()
    api.workflows[name]["status"] = {"phase": "Running"}
    assert f"loans: wait b1: run {name} goes on" in reconcile(cli, tmp_path, "loans", "--context", "here").out


@pytest.mark.usefixtures("cluster")
def test_a_cluster_that_refuses_is_said(cli: Cli, s3: Any, api: Api, tmp_path: Path) -> None:
    landed(s3)
    api.refuse = 403
    done = reconcile(cli, tmp_path, "loans", "--context", "here")
    assert done.code == 1
    assert "loans: trouble b1: get Workflows in namespace 'ml' at http://127.0.0.1" in done.out
    assert "not allowed (403)" in done.out


@pytest.mark.usefixtures("cluster")
def test_a_context_that_there_is_not_is_an_error_of_use(cli: Cli, s3: Any, tmp_path: Path) -> None:
    done = reconcile(cli, tmp_path, "loans", "--context", "elsewhere")
    assert (done.code, done.out) == (2, "")
    assert "the context 'elsewhere' cannot be used" in done.err


def killed(s3: Any, folder: Path) -> Run:
    """Have a run that claimed its batch and left no word of its end."""
    landed(s3)
    ready = markers.read(connect(BUCKET), f"{PREFIX}/{BATCH}/_READY.json", "", document().data)
    run = Run(connect(BUCKET), folder, ready)
    run.claim()
    journal(folder / "home", run.workflow, run.uid, "Failed")
    known = Journal(folder / "home")
    value = known.read(run.workflow).to_dict()
    value["spec"]["arguments"] = {"parameters": [{"name": "marker", "value": ready.key}]}
    known.write(Workflow.model_validate(value))
    return run


def test_slack_is_told_once_of_a_run_that_was_ended_here(cli: Cli, s3: Any, hook: Webhook, tmp_path: Path) -> None:
    run = killed(s3, tmp_path)
    done = reconcile(cli, tmp_path, "loans", "--all", script="exit 3")
    assert f"loans: close {run.workflow}: it has ended and nothing was on record: failed (crashed)" in done.out
    assert "loans: retry b1: attempt 2 of 3" in done.out
    (said,) = hook.texts
    assert said.startswith(":rotating_light: *loans* failed: a step crashed\nbatch `b1`: ")
    assert "Slack was told" in done.err
    assert SECRET not in done.out + done.err
    (outcome,) = (one for one in ledger.records(connect(BUCKET), "loans") if one.kind == "outcome")
    assert (outcome.uid, outcome.body["as_of"]) == (run.uid, "2026-02-23")


def test_what_slack_was_told_by_the_run_is_not_told_again(cli: Cli, s3: Any, hook: Webhook, tmp_path: Path) -> None:
    run = killed(s3, tmp_path)
    s3.put_object(
        Bucket=BUCKET,
        Key=f"registry/loans/messages/run-{run.uid}-crashed.json",
        Body=json.dumps(
            {
                "channels": {"slack": {"state": "sent", "by": run.uid, "at": "2026-02-23T06:00:00+00:00"}},
                "record": 0,
            }
        ).encode(),
    )
    done = reconcile(cli, tmp_path, "loans", "--all", script="exit 3")
    assert f"close {run.workflow}" in done.out
    assert hook.texts == []
