"""Workflows are on disk whole or not at all, under names that are names."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workflows.engine.journal import AlreadyExistsError, Journal, JournalError, WorkflowNotFoundError
from workflows.engine.model import Workflow


def workflow(
    name: str = "loans-1", *, created: int = 0, message: str | None = None, phase: str | None = None
) -> Workflow:
    metadata = {"name": name, "creationTimestamp": datetime.fromtimestamp(created, UTC)}
    document: dict[str, Any] = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata}
    return Workflow.model_validate(
        {**document, "spec": {"entrypoint": "main"}, "status": {"message": message, "phase": phase}}
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "home")


def test_a_workflow_is_read_as_it_was_written(journal: Journal) -> None:
    journal.create(workflow(message="größer: 数据"))
    assert journal.read("loans-1") == workflow(message="größer: 数据")
    journal.write(workflow(message="done"))
    assert journal.read("loans-1").status.message == "done"


def test_a_name_is_used_once(journal: Journal) -> None:
    journal.create(workflow(message="first"))
    with pytest.raises(AlreadyExistsError, match="already exists"):
        journal.create(workflow(message="second"))
    assert journal.read("loans-1").status.message == "first"
    assert [entry.name for entry in journal.root.iterdir()] == ["loans-1"]


def test_of_many_that_create_one_name_one_succeeds(tmp_path: Path) -> None:
    barrier, won = threading.Barrier(8), []

    def create() -> None:
        barrier.wait()
        try:
            Journal(tmp_path).create(workflow())
        except AlreadyExistsError:
            return
        won.append(1)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [1]


def test_a_reader_never_sees_half_a_file(journal: Journal) -> None:
    journal.create(workflow(message="0" * 100_000))
    done = threading.Event()

    def write() -> None:
        for digit in range(60):
            journal.write(workflow(message=str(digit % 10) * 100_000))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while not done.is_set():
        message = journal.read("loans-1").status.message
        assert message is not None
        assert len(message) == 100_000
        seen += 1
    writer.join()
    assert seen
    assert [entry.name for entry in journal.directory("loans-1").iterdir() if entry.name.startswith(".")] == []


def test_the_list_is_in_order_of_creation_then_name(journal: Journal) -> None:
    for name, created in (("c", 20), ("b", 10), ("a", 20)):
        journal.create(workflow(name, created=created))
    assert [item.metadata.name for item in journal.list().workflows] == ["b", "a", "c"]


def test_a_home_that_is_not_there_has_no_workflows(journal: Journal) -> None:
    assert journal.list().workflows == ()
    with pytest.raises(WorkflowNotFoundError, match="'loans-1'"):
        journal.read("loans-1")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(None, "holds no workflow.json", id="empty directory"),
        pytest.param(b"", "is no Workflow", id="empty file"),
        pytest.param(b'{"apiVersion": "argoproj.io/v1alpha1", "ki', "is no Workflow", id="torn"),
        pytest.param(b"\xff\xfe", "is no Workflow", id="not text"),
        pytest.param(b'{"hello": 1}', "is no Workflow", id="foreign"),
        pytest.param(workflow("other").to_json().encode(), "holds the Workflow 'other'", id="copied"),
    ],
)
def test_what_cannot_be_read_is_named_and_hides_nothing(journal: Journal, content: bytes | None, says: str) -> None:
    journal.create(workflow("sound"))
    damaged = journal.root / "damaged"
    damaged.mkdir()
    if content is not None:
        (damaged / "workflow.json").write_bytes(content)
    listing = journal.list()
    assert [item.metadata.name for item in listing.workflows] == ["sound"]
    (error,) = listing.damaged
    assert says in error.message
    assert str(damaged) in error.where
    with pytest.raises(JournalError, match=says):
        journal.read("damaged")


def test_a_foreign_file_is_named(journal: Journal) -> None:
    journal.create(workflow())
    (journal.root / "notes").write_text("x")
    assert [error.where for error in journal.list().damaged] == [str(journal.root / "notes")]


@pytest.mark.parametrize(
    "name", ["", "..", ".", "a/b", "../a", "A", "a_b", "-a", "a-", "a..b", "a\n", "ä", "a" * 64, "a\0", ".new-x"]
)
def test_what_is_no_name_never_reaches_the_disk(journal: Journal, name: str) -> None:
    for use in (journal.read, journal.directory, lambda name: journal.create(workflow(name))):
        with pytest.raises(JournalError, match="cannot name a Workflow"):
            use(name)
    assert not journal.root.exists()


@pytest.mark.parametrize("pod", ["", "..", "a/b", "a\n", "x" * 254])
def test_what_is_no_pod_name_has_no_log(journal: Journal, pod: str) -> None:
    with pytest.raises(JournalError, match="cannot name a pod"):
        journal.log_path("loans-1", pod)


def test_a_workflow_that_was_never_created_cannot_be_written(journal: Journal) -> None:
    with pytest.raises(WorkflowNotFoundError):
        journal.write(workflow())


def test_scratch_goes_and_logs_stay(journal: Journal) -> None:
    journal.create(workflow())
    log, scratch = journal.log_path("loans-1", "loans-1-train-7"), journal.pod_directory("loans-1", "loans-1-train-7")
    log.write_text("said")
    scratch.mkdir(parents=True)
    (scratch / "link").symlink_to(log)
    journal.discard_scratch("loans-1")
    journal.discard_scratch("loans-1")
    assert not scratch.exists()
    assert log.read_text() == "said"


def test_a_workflow_whose_engine_let_go_without_ending_it_has_ended(journal: Journal) -> None:
    node = {"id": "n", "name": "loans-1.train", "type": "Pod", "phase": "Running"}
    done = {"id": "m", "name": "loans-1.claim", "type": "Pod", "phase": "Succeeded"}
    document = workflow(phase="Running").to_dict()
    document["status"]["nodes"] = {"n": node, "m": done}
    held = journal.create_owned(Workflow.model_validate(document))
    assert journal.read("loans-1").status.phase == "Running"
    held.release()
    left = journal.read("loans-1").status
    assert (left.phase, left.message) == ("Error", "the engine died")
    assert [(one.phase, one.message) for one in left.nodes.values()] == [
        ("Error", "the engine died"),
        ("Succeeded", None),
    ]
    assert left.finished_at is not None
    assert abs(left.finished_at.timestamp() - journal.directory("loans-1").stat().st_mtime) < 5
    (listed,) = journal.list().workflows
    assert listed.status == left


@pytest.mark.parametrize("phase", [None, "Succeeded", "Failed", "Error"])
def test_what_no_engine_has_begun_or_one_has_ended_needs_no_engine(journal: Journal, phase: str | None) -> None:
    journal.create(workflow(phase=phase))
    assert journal.read("loans-1").status.phase == phase


def test_an_end_written_between_two_looks_is_the_end(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    held = journal.create_owned(workflow(phase="Running"))

    def looked(path: Path) -> bool:
        journal.write(workflow(phase="Succeeded"))
        held.release()
        return False

    monkeypatch.setattr("workflows.engine.journal.is_held", looked)
    assert journal.read("loans-1").status.phase == "Succeeded"


def test_one_engine_at_a_time_has_a_workflow_and_readers_are_not_in_its_way(journal: Journal) -> None:
    journal.create(workflow())
    held = journal.own("loans-1")
    assert held is not None
    assert journal.own("loans-1") is None
    assert journal.read("loans-1").status.phase is None
    held.release()
    with journal.own("loans-1") or pytest.fail("nobody has it"):
        pass
    assert journal.own("gone") is None


def test_what_is_removed_is_gone_with_its_logs_and_may_be_removed_again(journal: Journal) -> None:
    journal.create(workflow())
    journal.create(workflow("loans-2"))
    journal.log_path("loans-1", "pod").write_text("said")
    journal.remove("loans-1")
    journal.remove("loans-1")
    assert journal.names() == ("loans-2",)
    assert [entry.name for entry in journal.root.iterdir()] == ["loans-2"]
