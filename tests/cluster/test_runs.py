"""A cluster's Workflows are looked at, listed and created over the Kubernetes API, and its refusals say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents import document
from kubernetesapi import PLACE, Api, kubeconfig, serving

from steps.registry.runs import RunsError
from workflows.cluster import connection
from workflows.cluster import runs as cluster
from workflows.cluster.connection import in_context, in_pod
from workflows.cluster.runs import ClusterRuns
from workflows.definitions.events import sensor

NAME = "loans-2026-02-23-0123456789ab"
GIVEN = {"marker": "incoming/loans/2026-02-23/_READY.json", "etag": "0123456789ab", "trigger": "reconcile"}


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def url(api: Api) -> Iterator[str]:
    with serving(api) as address:
        yield address


@pytest.fixture
def runs(url: str, tmp_path: Path) -> ClusterRuns:
    return ClusterRuns(in_context("here", file=kubeconfig(tmp_path / "config", url)))


def workflow(name: str, pipeline: str = "loans", **status: Any) -> dict[str, Any]:
    labels = {"app.kubernetes.io/instance": pipeline}
    return {"metadata": {"name": name, "uid": f"uid-{name}", "labels": labels}, "status": status}


def test_a_run_is_created_as_the_sensor_creates_it_and_once(api: Api, runs: ClusterRuns) -> None:
    assert runs.start("loans", NAME, GIVEN)
    assert not runs.start("loans", NAME, {**GIVEN, "trigger": "other"})
    sent = sensor(document())["spec"]["triggers"][0]["template"]["k8s"]["source"]["resource"]
    made = api.workflows[NAME]
    assert made == {
        **sent,
        "metadata": {**sent["metadata"], "name": NAME},
        "spec": {**sent["spec"], "arguments": made["spec"]["arguments"]},
    }
    assert made["spec"]["arguments"] == {"parameters": [{"name": n, "value": v} for n, v in GIVEN.items()]}


def test_a_run_is_looked_at_by_name(api: Api, runs: ClusterRuns) -> None:
    api.workflows[NAME] = workflow(NAME, phase="Running")
    look = runs.look(NAME)
    assert look is not None
    assert (look.name, look.uid, look.phase, look.ended) == (NAME, f"uid-{NAME}", "Running", False)
    assert runs.look("loans-gone") is None


def test_all_pages_are_read_as_they_are_wanted_and_only_the_pipeline_s(
    api: Api, runs: ClusterRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PAGE", 2)
    for number in range(5):
        api.workflows[f"loans-{number}"] = workflow(f"loans-{number}")
    api.workflows["mortgage-1"] = workflow("mortgage-1", "mortgage")
    listing = iter(runs.all("loans"))
    assert [next(listing).name, next(listing).name] == ["loans-0", "loans-1"]
    assert len(api.asked) == 1
    assert [look.name for look in listing] == ["loans-2", "loans-3", "loans-4"]
    assert len(api.asked) == 3
    assert list(runs.all("nothing")) == []


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "does not know who asks .401.; is the token"),
        (403, "not allowed .403.; it takes get, list and create"),
        (410, "410.; try again"),
        (422, "answered 422: .*as the test wants"),
        (500, "answered 500"),
    ],
)
@pytest.mark.parametrize("verb", ["get", "list", "create"])
def test_a_refusal_says_what_to_look_at(api: Api, runs: ClusterRuns, status: int, says: str, verb: str) -> None:
    api.refuse = status
    with pytest.raises(RunsError, match=f"^{verb} Workflows in namespace 'ml' at http://127.*{says}"):
        ask(runs, verb)


def test_where_argo_is_not_installed_it_says_so(api: Api, runs: ClusterRuns) -> None:
    api.refuse = 404
    for verb in ("get", "list", "create"):
        with pytest.raises(RunsError, match="is Argo Workflows installed"):
            ask(runs, verb)


def test_a_wrong_token_is_named_and_never_shown(url: str, tmp_path: Path) -> None:
    file = kubeconfig(tmp_path / "config", url, token="some-secret")
    runs = ClusterRuns(in_context("here", file=file))
    with pytest.raises(RunsError, match="does not know who asks") as caught:
        runs.look(NAME)
    assert "some-secret" not in str(caught.value)


def test_a_proxy_s_404_does_not_make_a_run_gone(api: Api, runs: ClusterRuns) -> None:
    api.garbage = True
    with pytest.raises(RunsError, match=r"there is no such thing .404."):
        runs.look(NAME)


def test_what_answers_no_json_is_no_cluster(api: Api, runs: ClusterRuns) -> None:
    api.garbage = True
    api.workflows[NAME] = workflow(NAME)
    with pytest.raises(RunsError, match=r"list Workflows in .*: what answers there is no Kubernetes API"):
        list(runs.all("loans"))
    with pytest.raises(RunsError, match=r"get Workflows in .*: what answers there is no Kubernetes API"):
        runs.look(NAME)


def test_who_does_not_answer_is_waited_for_only_so_long(
    api: Api, runs: ClusterRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.hang = True
    monkeypatch.setattr(connection, "TIMEOUT", (0.1, 0.1))
    for verb in ("get", "list", "create"):
        with pytest.raises(RunsError, match="cannot be reached"):
            ask(runs, verb)


def test_an_address_where_nobody_listens_is_said(tmp_path: Path) -> None:
    runs = ClusterRuns(in_context("here", file=kubeconfig(tmp_path / "config", "http://127.0.0.1:9")))
    with pytest.raises(RunsError, match=r"http://127.0.0.1:9 cannot be reached"):
        runs.look(NAME)


def test_a_context_s_namespace_is_used_unless_another_is_given(url: str, tmp_path: Path) -> None:
    file = kubeconfig(tmp_path / "config", url)
    assert in_context("here", file=file).namespace == "ml"
    assert in_context("here", "other", file=file).namespace == "other"
    assert in_context("bare", file=file).namespace == "default"


def test_kubeconfig_says_where_contexts_are(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from workflows.cluster.connection import in_context; print(in_context('here').namespace)"
    file = kubeconfig(tmp_path / "config", url)
    assert python(code, KUBECONFIG=str(file)) == "ml\n"


@pytest.mark.parametrize("text", [None, "", "{", "[]", "contexts: 5", yaml.safe_dump({"contexts": []})])
def test_a_context_that_cannot_be_used_is_named(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "config"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(RunsError, match="the context 'here' cannot be used"):
        in_context("here", file=file)


def test_outside_a_pod_there_is_no_pod_s_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(RunsError, match="this pod cannot ask the Kubernetes API"):
        in_pod()


def test_who_asks_is_who_the_api_says(api: Api, runs: ClusterRuns) -> None:
    assert runs.connection.user() == "ana@example.com"
    api.user = ""
    with pytest.raises(RunsError, match="a SelfSubjectReview"):
        runs.connection.user()


def test_without_a_name_the_current_context_is_meant(url: str, tmp_path: Path) -> None:
    assert in_context("", file=kubeconfig(tmp_path / "config", url)).namespace == "default"


def test_the_place_of_workflows_is_argo_s(api: Api, runs: ClusterRuns) -> None:
    runs.look(NAME)
    assert api.asked == [("GET", f"{PLACE}/{NAME}")]


def ask(runs: ClusterRuns, verb: str) -> object:
    if verb == "get":
        return runs.look(NAME)
    return runs.start("loans", NAME, GIVEN) if verb == "create" else list(runs.all("loans"))


def python(code: str, **environment: str) -> str:
    """Run code in a process of its own: the client reads KUBECONFIG when it is imported."""
    import os
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=True
    )
    return done.stdout
