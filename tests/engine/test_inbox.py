from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from markers import NOW, event, message

from workflows.engine.inbox import FILE, REMEMBERED, Inbox, erase
from workflows.errors import StoreError

TARGET = ("loans", "loans")


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    found = Inbox(tmp_path / FILE)
    yield found
    found.close()


def test_an_event_is_there_until_it_is_settled(inbox: Inbox) -> None:
    assert inbox.store(event(), [TARGET])
    found = inbox.next(TARGET)
    assert found is not None
    assert found.event == event()
    assert inbox.next(TARGET) == found
    inbox.settle(found, "created", "loans-x")
    assert inbox.next(TARGET) is None


def test_each_trigger_has_its_own_delivery(inbox: Inbox) -> None:
    other = ("mortgage", "mortgage")
    inbox.store(event(), [TARGET, other])
    assert inbox.targets() == (TARGET, other)
    found = inbox.next(TARGET)
    assert found is not None
    inbox.settle(found, "filtered")
    assert inbox.targets() == (other,)


def test_events_come_in_the_order_they_were_stored(inbox: Inbox) -> None:
    for number in range(20):
        inbox.store(event(message(identity=f"m-{number}"), f"e-{number}"), [TARGET])
    order = []
    while found := inbox.next(TARGET):
        order.append(found.event.id)
        inbox.settle(found, "created")
    assert order == [f"e-{number}" for number in range(20)]


def test_a_message_that_comes_again_is_known(inbox: Inbox) -> None:
    assert inbox.store(event(identity="first"), [TARGET])
    assert not inbox.store(event(identity="second"), [TARGET])


def test_attempts_are_counted_and_survive(tmp_path: Path) -> None:
    first = Inbox(tmp_path / FILE)
    first.store(event(), [TARGET])
    found = first.next(TARGET)
    assert found is not None
    first.attempted(found, "no")
    first.close()
    second = Inbox(tmp_path / FILE)
    again = second.next(TARGET)
    second.close()
    assert again is not None
    assert (again.attempts, again.event) == (1, event())


def test_a_second_process_is_refused(inbox: Inbox, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="another sensor"):
        Inbox(tmp_path / FILE)
    with pytest.raises(StoreError, match="another sensor"):
        erase(tmp_path / FILE)


def test_a_file_that_is_no_inbox_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("this is not a database, but it is long enough to be looked at " * 20)
    with pytest.raises(StoreError, match="cannot be used"):
        Inbox(tmp_path / FILE)


def test_what_was_dealt_with_is_forgotten_after_its_time_and_nothing_else(inbox: Inbox) -> None:
    inbox.store(event(message(identity="done"), "done"), [TARGET])
    found = inbox.next(TARGET)
    assert found is not None
    inbox.settle(found, "created")
    inbox.store(event(message(identity="pending"), "pending"), [TARGET])
    assert inbox.prune(NOW + REMEMBERED - timedelta(seconds=1)) == 0
    assert inbox.prune(NOW + REMEMBERED + timedelta(seconds=1)) == 1
    pending = inbox.next(TARGET)
    assert pending is not None
    assert pending.event.id == "pending"


def test_whoever_waits_is_woken_by_an_event(inbox: Inbox) -> None:
    found: list[object] = []
    waiter = threading.Thread(target=lambda: found.append(inbox.wait_for(TARGET, 30)))
    waiter.start()
    inbox.store(event(), [TARGET])
    waiter.join(10)
    assert found
    assert found[0] is not None


STORE_AND_HANG = """
import sys
from pathlib import Path
from markers import event
from workflows.engine.inbox import Inbox
inbox = Inbox(Path(sys.argv[1]))
inbox.store(event(), [("loans", "loans")])
print("stored", flush=True)
sys.stdin.read()
"""


def killed_after_storing(path: Path) -> None:
    """Store an event in a process of its own, and kill that before it can do anything else."""
    process = subprocess.Popen(
        [sys.executable, "-c", STORE_AND_HANG, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"stored\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_an_event_survives_the_death_of_the_process(tmp_path: Path) -> None:
    killed_after_storing(tmp_path / FILE)
    inbox = Inbox(tmp_path / FILE)
    found = inbox.next(TARGET)
    again = inbox.store(event(identity="the same message, delivered again"), [TARGET])
    inbox.close()
    assert found is not None
    assert found.event == event()
    assert not again


def test_an_erased_inbox_is_empty_even_after_a_death(tmp_path: Path) -> None:
    killed_after_storing(tmp_path / FILE)
    assert (tmp_path / f"{FILE}-wal").exists()
    erase(tmp_path / FILE)
    inbox = Inbox(tmp_path / FILE)
    found = inbox.next(TARGET)
    inbox.close()
    assert found is None
