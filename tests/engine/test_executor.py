"""A pod is run as Argo would run it: real processes, a real S3, and what is said when something breaks."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from workflows.engine.executor import ProcessExecutor
from workflows.engine.journal import Journal
from workflows.engine.model import ConfigMap, Template
from workflows.engine.nodes import NodePhase
from workflows.engine.objects import Objects
from workflows.engine.pod import ArtifactRepository, Pod, PodResult
from workflows.engine.process import Patience

PREFIX = "artifacts/wf/uid/wf-step-1"
CONFIG = ConfigMap.model_validate(
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "storage"},
        "data": {"BUCKET": "retrain", "not a name": "x"},
    }
)
SECRETS = {"slack": {"url": "https://hooks.example.com/s3cr3t", "FIRST": "1"}}
NOW = datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=UTC)

Run = Callable[..., PodResult]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "home")


@pytest.fixture
def run(journal: Journal) -> Run:
    """Execute a template given as a mapping; keywords are the pod's, `cancel`, and `patience`."""

    def execute(template: dict[str, Any], **changes: Any) -> PodResult:
        cancel = changes.pop("cancel", threading.Event())
        executor = ProcessExecutor(
            journal,
            Objects(config_maps={"storage": CONFIG}, read_secret=SECRETS.get),
            {"IMAGE": "retrain-steps"},
            patience=changes.pop("patience", Patience()),
            clock=lambda: NOW,
        )
        return executor.execute(pod(template, **changes), cancel)

    return execute


def pod(template: dict[str, Any], **changes: Any) -> Pod:
    repository = ArtifactRepository.model_validate({"s3": {"bucket": "retrain", "keyFormat": PREFIX}})
    facts: dict[str, Any] = {"workflow": "wf", "uid": "uid", "namespace": "default", "node_id": "wf-1"}
    facts |= {"name": "wf-step-1", "repository": repository, "environment": {"ARGO_NODE_ID": "wf-1"}}
    return Pod(template=Template.model_validate({"name": "step", **template}), **(facts | changes))


def shell(text: str, *args: str, **template: Any) -> dict[str, Any]:
    return {"container": {"command": ["sh", "-c", text, "sh", *args]}, **template}


def python(source: str, **template: Any) -> dict[str, Any]:
    return {"script": {"command": ["python"], "source": source}, **template}


def from_file(name: str, default: str | None = None, path: str | None = None) -> dict[str, Any]:
    value = {"path": path or f"/retrain/outputs/{name}"} | ({} if default is None else {"default": default})
    return {"name": name, "valueFrom": value}


def path_of(*names: str) -> list[str]:
    return [f"{{{{outputs.parameters.{name}.path}}}}" for name in names]


def await_file(path: Path) -> None:
    """Wait for a real process to say that it is so far."""
    until = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until, f"{path} never came"
        time.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_step_runs_and_its_outputs_are_read(run: Run, journal: Journal) -> None:
    step = shell(
        'echo said; echo wrong >&2; printf "a\\n\\n" > "$1"; printf ü > "$2"',
        *path_of("two", "one"),
        outputs={"parameters": [from_file("two"), from_file("one"), from_file("none", default="d\n")]},
    )
    result = run(step)
    assert (result.phase, result.message, result.exit_code) == (NodePhase.SUCCEEDED, "", 0)
    assert result.parameters == {"two": "a\n", "one": "ü", "none": "d"}
    assert result.result == "said"
    assert result.started_at == result.finished_at == NOW.replace(microsecond=0)
    assert sorted(journal.log_path("wf", "wf-step-1").read_text().splitlines()) == ["said", "wrong"]


def test_a_script_is_written_to_a_file_and_appended(run: Run) -> None:
    result = run(python("import os, sys\nprint(oct(os.stat(sys.argv[0]).st_mode)[-3:], os.getcwd() in sys.argv[0])\n"))
    assert result.result == "755 True"


def test_python_is_the_interpreter_of_the_engine(run: Run) -> None:
    assert run(python("import sys; print(sys.executable)")).result == sys.executable
    found = run(shell("command -v python")).result
    assert found is not None
    assert Path(found).parent == Path(sys.executable).parent


def test_the_environment_is_explicit(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL_ONLY", "x")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    container = {
        "command": ["python", "-c", "import json, os; print(json.dumps(dict(os.environ)))"],
        "envFrom": [
            {"configMapRef": {"name": "storage"}, "prefix": "S_"},
            {"secretRef": {"name": "slack"}},
            {"secretRef": {"name": "absent", "optional": True}},
        ],
        "env": [
            {"name": "PLAIN", "value": "v"},
            {"name": "REFERS", "value": "$(PLAIN)-$(S_BUCKET)-$(LATER)-$$(PLAIN)"},
            {"name": "LATER", "value": "l"},
            {"name": "URL", "valueFrom": {"secretKeyRef": {"name": "slack", "key": "url"}}},
            {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "storage", "key": "BUCKET"}}},
            {"name": "NO_KEY", "valueFrom": {"secretKeyRef": {"name": "slack", "key": "no", "optional": True}}},
            {"name": "NO_MAP", "valueFrom": {"configMapKeyRef": {"name": "no", "key": "no", "optional": True}}},
            {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
    }
    seen = json.loads(run({"container": container}, deadline=NOW + timedelta(minutes=1)).result or "")
    expected = {
        "PLAIN": "v",
        "REFERS": "v-retrain-$(LATER)-$(PLAIN)",
        "LATER": "l",
        "KEY": "retrain",
        "ME": "wf-step-1",
    }
    expected |= {
        "URL": "https://hooks.example.com/s3cr3t",
        "FIRST": "1",
        "S_BUCKET": "retrain",
        "IMAGE": "retrain-steps",
    }
    expected |= {"ARGO_NODE_ID": "wf-1", "ARGO_DEADLINE": "2026-01-02T03:05:05Z", "AWS_REGION": "eu-central-1"}
    assert {name: seen.get(name) for name in expected} == expected
    assert {"SHELL_ONLY", "NO_KEY", "NO_MAP", "S_not a name"}.isdisjoint(seen)
    assert Path(seen["TMPDIR"]).is_dir()
    assert "wf-step-1" in seen["TMPDIR"]


def test_command_and_args_expand_only_what_is_declared(run: Run) -> None:
    words = ["$(A)", "$$(A)", "$(PATH)", "$(", "$A", "$$$(A)", "cost: $"]
    code = "import json, sys; print(json.dumps(sys.argv[1:]))"
    container = {"command": ["python", "-c", code], "args": words, "env": [{"name": "A", "value": "x y"}]}
    assert json.loads(run({"container": container}).result or "") == [
        "x y", "$(A)", "$(PATH)", "$(", "$A", "$x y", "cost: $",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("container", "says"),
    [
        ({"envFrom": [{"secretRef": {"name": "nope"}}]}, 'secret "nope" not found'),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "slack", "key": "nope"}}}]},
            'couldn\'t find key nope in secret "slack"',
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "nope", "key": "k"}}}]},
            'configmap "nope" not found',
        ),
    ],
    ids=["envFrom", "key", "configMap"],
)
def test_what_the_environment_lacks_is_an_error(run: Run, container: dict[str, Any], says: str) -> None:
    result = run({"container": {"command": ["true"], **container}})
    assert result.phase == NodePhase.ERROR
    assert result.message.endswith(f"CreateContainerConfigError: {says}")
    assert "s3cr3t" not in repr(result)


# `$$$$`: Kubernetes makes `$$` of it, in every word of a command.
@pytest.mark.parametrize(("code", "exits"), [("exit 3", 3), ("kill -KILL $$$$", 137), ("kill -TERM $$$$", 143)])
def test_a_process_that_fails_is_failed_and_its_outputs_are_kept(run: Run, s3: Any, code: str, exits: int) -> None:
    outputs = {
        "parameters": [from_file("verdict"), from_file("missing")],
        "artifacts": [{"name": "report", "path": "/retrain/outputs/report", "archive": {"none": {}}}],
    }
    text = 'echo why > "$1"; echo report > "$2"; '
    result = run(shell(text + code, *path_of("verdict"), "{{outputs.artifacts.report.path}}", outputs=outputs))
    assert (result.phase, result.message) == (NodePhase.FAILED, f"main: Error (exit code {exits})")
    assert result.exit_code == exits
    assert result.parameters == {"verdict": "why"}
    assert [artifact.s3.key for artifact in result.artifacts if artifact.s3] == [f"{PREFIX}/report"]
    assert s3.get_object(Bucket="retrain", Key=f"{PREFIX}/report")["Body"].read() == b"report\n"


def test_a_missing_output_makes_a_good_step_an_error(run: Run) -> None:
    result = run(shell("true", outputs={"parameters": [from_file("gone"), from_file("also")]}))
    assert (result.phase, result.exit_code) == (NodePhase.ERROR, 0)
    assert result.message == (
        "wait: Error (exit code 64): output parameter 'gone': open /retrain/outputs/gone: no such file or directory"
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        ('ln -s /etc/passwd "$1"', "is a link that leads out of the pod"),
        ('mkdir "$1"', "read /retrain/outputs/x: is a directory"),
        ('mkfifo "$1"', "is not a regular file or directory"),
        ('ln -s "$1" "$1"', "open /retrain/outputs/x"),
    ],
    ids=["link out", "directory", "pipe", "loop"],
)
def test_an_output_parameter_is_a_file_of_the_pod(run: Run, make: str, says: str) -> None:
    result = run(shell(make, *path_of("x"), outputs={"parameters": [from_file("x")]}))
    assert result.phase == NodePhase.ERROR
    assert says in result.message


def test_an_output_that_climbs_out_is_refused(run: Run) -> None:
    step = shell("true", outputs={"parameters": [from_file("x", path="/retrain/../../../etc/passwd")]})
    result = run(step)
    assert result.phase == NodePhase.ERROR
    assert "not an absolute path without '..'" in result.message


def test_what_does_not_exist_cannot_start(run: Run, journal: Journal) -> None:
    result = run({"container": {"command": ["no-such-program", "x"]}})
    assert (result.phase, result.exit_code) == (NodePhase.FAILED, 64)
    assert result.message == (
        "main: Error (exit code 64): failed to find name in PATH: "
        'exec: "no-such-program": executable file not found in $PATH'
    )
    assert "no-such-program" in journal.log_path("wf", "wf-step-1").read_text()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("/no/such", "stat /no/such: no such file or directory"),
        ("./no/such", "stat ./no/such: no such file or directory"),
        ("/etc", "is a directory"),
        ("/etc/passwd", "permission denied"),
    ],
)
def test_a_path_that_is_no_program_is_told_in_go_s_words(run: Run, command: str, why: str) -> None:
    result = run({"container": {"command": [command]}})
    assert (result.phase, result.exit_code) == (NodePhase.FAILED, 64)
    assert result.message == f'main: Error (exit code 64): failed to find name in PATH: exec: "{command}": {why}'


def test_a_secret_in_a_command_that_cannot_start_is_not_quoted(run: Run, journal: Journal) -> None:
    env = [{"name": "URL", "valueFrom": {"secretKeyRef": {"name": "slack", "key": "url"}}}]
    for command in (["$(URL)"], ["true", "$(URL)\0"], ["true", "$(URL)" + "x" * 3_000_000]):
        result = run({"container": {"command": command, "env": env}})
        assert (result.phase, result.exit_code) == (NodePhase.FAILED, 64)
        assert "s3cr3t" not in repr(result) + journal.log_path("wf", "wf-step-1").read_text()


@pytest.mark.parametrize("container", [{"args": ["x"]}, {"command": [""]}], ids=["none", "empty"])
def test_an_empty_command_says_so(run: Run, container: dict[str, Any]) -> None:
    assert "the command is empty" in run({"container": container}).message


def test_a_result_is_the_last_256_kilobytes_without_one_newline(run: Run, journal: Journal) -> None:
    result = run(python("import sys; sys.stdout.write('a' * 3_000_000 + 'b' * 262_143 + '\\n\\n')"))
    assert result.result == "b" * 262_143 + "\n"
    assert journal.log_path("wf", "wf-step-1").stat().st_size == 3_262_145


def test_a_result_that_nobody_asks_for_is_not_kept(run: Run) -> None:
    assert run(shell("echo x"), capture=False).result is None


def test_output_that_is_not_text_is_still_a_result(run: Run) -> None:
    assert run(shell("printf '\\377ok'")).result == "\ufffdok"


def test_a_step_past_its_deadline_is_ended_with_the_kubelets_words(run: Run) -> None:
    result = run(shell("exec sleep 60"), deadline=NOW + timedelta(seconds=0.2))
    assert result.phase == NodePhase.FAILED
    assert result.message == "Pod was active on the node longer than the specified deadline"
    assert result.exit_code == 130


def test_a_deadline_that_has_passed_starts_nothing(run: Run, journal: Journal) -> None:
    result = run(shell("echo ran"), deadline=NOW, deadline_message="Step exceeded its deadline")
    assert (result.phase, result.message) == (NodePhase.FAILED, "Step exceeded its deadline")
    assert not journal.log_path("wf", "wf-step-1").exists()


def test_a_deadline_counts_even_for_a_step_that_then_succeeds(run: Run) -> None:
    step = python("import signal, time\nsignal.signal(signal.SIGINT, lambda *_: exit(0))\ntime.sleep(60)")
    result = run(step, deadline=NOW + timedelta(seconds=1))
    assert (result.phase, result.exit_code) == (NodePhase.FAILED, 0)


def cancelled(run: Run, journal: Journal, text: str, patience: Patience) -> tuple[PodResult, float]:
    """Run a shell that makes the file `ready`, cancel it then; return the result and how long it took to end."""
    cancel = threading.Event()
    results: list[PodResult] = []
    thread = threading.Thread(target=lambda: results.append(run(shell(text), cancel=cancel, patience=patience)))
    thread.start()
    await_file(journal.pod_directory("wf", "wf-step-1") / "ready")
    started = time.monotonic()
    cancel.set()
    thread.join()
    return results[0], time.monotonic() - started


@pytest.mark.parametrize(
    ("ignores", "exits"),
    [("", 130), ("trap '' INT; ", 143), ("trap '' INT TERM; ", 137)],
    ids=["INT", "TERM", "KILL"],
)
def test_a_cancelled_step_is_stopped_with_growing_force(run: Run, journal: Journal, ignores: str, exits: int) -> None:
    text = f"{ignores} touch ready; while :; do sleep 60; done"
    # The sleep inherits what is ignored, so that only the next signal reaches both.
    result, seconds = cancelled(run, journal, text, Patience(interrupt=0.2, terminate=0.2))
    assert (result.phase, result.message) == (NodePhase.FAILED, f"main: Error (exit code {exits})")
    assert seconds < 10


def test_grandchildren_die_with_a_cancelled_step(run: Run, journal: Journal) -> None:
    text = "(trap '' INT TERM; sleep 60) & echo $! > pid; touch ready; wait"
    cancelled(run, journal, text, Patience())
    pid = int((journal.pod_directory("wf", "wf-step-1") / "pid").read_text())
    until = time.monotonic() + 10
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.005)
    assert not alive(pid)


def test_grandchildren_do_not_outlive_or_hold_up_a_step(run: Run, journal: Journal) -> None:
    started = time.monotonic()
    result = run(shell("sleep 60 & echo $!"))
    assert result.phase == NodePhase.SUCCEEDED
    assert time.monotonic() - started < 20
    pid = int(result.result or "")
    until = time.monotonic() + 10
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.005)
    assert not alive(pid)


def test_a_daemon_that_left_the_group_and_writes_on_does_not_hold_up_a_step(run: Run) -> None:
    source = """
import os, time
if os.fork() == 0:
    os.setsid()
    print(os.getpid(), flush=True)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        print("still here", flush=True)
        time.sleep(0.001)
time.sleep(0.3)
"""
    started = time.monotonic()
    result = run(python(source))
    seconds = time.monotonic() - started
    os.kill(int((result.result or "").split()[0]), 9)
    assert result.phase == NodePhase.SUCCEEDED
    assert seconds < 15


def test_a_step_that_closes_its_output_is_still_waited_for(run: Run) -> None:
    result = run(python("import os, time\nos.close(1); os.close(2); time.sleep(0.3); os._exit(5)"))
    assert result.exit_code == 5


def test_a_cancelled_pod_does_not_start(run: Run, journal: Journal) -> None:
    cancel = threading.Event()
    cancel.set()
    result = run(shell("touch ran"), cancel=cancel)
    assert (result.phase, result.exit_code) == (NodePhase.FAILED, None)
    assert not list(journal.root.rglob("ran"))


def test_no_input_is_read_from_the_terminal(run: Run) -> None:
    assert run(shell("cat; echo end")).result == "end"


def test_inputs_are_where_the_tags_say(run: Run, s3: Any) -> None:
    s3.put_object(Bucket="retrain", Key="clean/0", Body=b"zero")
    inputs = {
        "artifacts": [
            {"name": "document", "path": "/retrain/document.json", "raw": {"data": '{"a": "ü"}'}},
            {"name": "clean", "path": "/retrain/clean", "s3": {"key": "clean"}},
        ]
    }
    tags = ("{{inputs.artifacts.document.path}}", "{{inputs.artifacts.clean.path}}")
    result = run(shell('cat "$1" "$2/0"', *tags, inputs=inputs))
    assert result.result == '{"a": "ü"}zero'


def test_an_input_that_is_missing_is_an_error_of_init(run: Run, s3: Any, journal: Journal) -> None:
    inputs = {"artifacts": [{"name": "raw", "path": "/retrain/raw", "s3": {"key": "nope"}}]}
    result = run(shell("touch ran", inputs=inputs))
    assert (result.phase, result.exit_code, result.reported) == (NodePhase.ERROR, None, False)
    assert result.message == (
        "init: Error (exit code 64): artifact raw failed to load: s3://retrain/nope does not exist"
    )
    assert not list(journal.root.rglob("ran"))


def test_a_store_that_is_down_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCESS_KEY_ID": "i", "SECRET_ACCESS_KEY": "s3cr3t", "REGION": "x"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    outputs = {"artifacts": [{"name": "a", "path": "/a", "archive": {"none": {}}}]}
    result = run(shell('echo x > "$1"', "{{outputs.artifacts.a.path}}", outputs=outputs))
    assert result.phase == NodePhase.ERROR
    assert result.message.startswith(
        "wait: Error (exit code 64): output artifact 'a': cannot reach the object store at http://127.0.0.1:9"
    )
    assert "s3cr3t" not in repr(result)


def test_logs_are_archived_even_of_a_step_that_failed(run: Run, s3: Any) -> None:
    result = run(shell("echo said; exit 1"), archive_logs=True)
    (logs,) = result.artifacts
    assert (logs.name, logs.s3.key if logs.s3 else None) == ("main-logs", f"{PREFIX}/main.log")
    assert s3.get_object(Bucket="retrain", Key=f"{PREFIX}/main.log")["Body"].read() == b"said\n"


def test_a_program_that_was_never_found_has_no_log_to_archive(run: Run, s3: Any) -> None:
    result = run({"container": {"command": ["no-such-program"]}}, archive_logs=True)
    assert (result.phase, result.artifacts, result.reported) == (NodePhase.FAILED, (), True)
    assert "Contents" not in s3.list_objects_v2(Bucket="retrain")


def test_a_large_artifact_goes_through(run: Run, s3: Any) -> None:
    outputs = {"artifacts": [{"name": "big", "path": "/big", "archive": {"none": {}}, "s3": {"key": "big"}}]}
    source = (
        "import sys\nwith open(r'{{outputs.artifacts.big.path}}', 'wb') as f:\n    f.write(b'0123456789abcdef' * 2**21)"
    )
    assert run(python(source, outputs=outputs)).phase == NodePhase.SUCCEEDED
    assert s3.head_object(Bucket="retrain", Key="big")["ContentLength"] == 2**25
