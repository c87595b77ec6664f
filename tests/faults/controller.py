"""Argo, as far as a run's end depends on it: steps in their order, attempts, deadlines, the exit handler, and worse.

A pod is declared dead when it is overdue; its process may live on and wake when another attempt, or another Workflow,
has long taken its place. What the steps do is their own code, or `pods` where they would really train.
"""

from __future__ import annotations

from faults.cluster import Workflow
from faults.pods import Ended, Pods
from faults.schedule import Actor, Schedule

from steps.verdict import EXIT_VERDICT

LIMIT = 2
BACKOFF = 300
OVERDUE = 600
"""Seconds after which the controller gives a pod up."""
LIVES_ON = 0.5
EXIT_LOST = 0.05


class Controller:
    """Runs one Workflow to its end; `mutex` holds the names of those that have the pipeline's lock, or is absent."""

    def __init__(self, schedule: Schedule, pods: Pods, workflow: Workflow, mutex: list[str] | None) -> None:
        self._schedule = schedule
        self._pods = pods
        self._workflow = workflow
        self._mutex = mutex
        self._phase = ""

    def run(self) -> None:
        workflow = self._workflow
        workflow.phase = "Pending"
        if not self._admitted():
            return
        workflow.phase = "Running"
        succeeded = self._pipeline()
        workflow.status = "Succeeded" if succeeded else "Failed"
        if workflow.shutdown:
            workflow.message = f"Stopped with strategy '{workflow.shutdown}'"
        if workflow.shutdown != "Terminate" and not workflow.deleted:
            self._exit()
        self._end()

    def _admitted(self) -> bool:
        if self._mutex is None:
            return True
        mutex, workflow = self._mutex, self._workflow
        workflow.message = f"Waiting for the mutex; held by {mutex[0]}" if mutex else ""
        self._schedule.wait(lambda: not mutex or workflow.over)
        if not workflow.over:
            mutex.append(workflow.name)
            workflow.message = ""
            return True
        workflow.status = "Failed"
        self._end()
        return False

    def _end(self) -> None:
        workflow = self._workflow
        workflow.phase, workflow.finished = self._phase or workflow.status, self._schedule.clock
        workflow.at.clear()
        self._schedule.note(f"Workflow {workflow.name} ends", workflow.phase)
        if self._mutex is not None and workflow.name in self._mutex:
            self._mutex.remove(workflow.name)

    def _pipeline(self) -> bool:
        if not self._step("claim"):
            return False
        if self._workflow.values["files"] == "[]":
            return True
        if not all(self._step(name) for name in ("validate", "train", "evaluate")):
            return False
        return self._step("deploy" if self._workflow.values["decision"] == "deploy" else "reject")

    def _exit(self) -> None:
        """Run `record` and `notify` at the same time; neither can fail the Workflow, but both can be lost."""
        choices = self._schedule.choices
        if choices.chance(EXIT_LOST * self._pods.roughness):
            self._schedule.note(f"the exit handler of {self._workflow.name} is lost")
            self._phase = "Error"
            return
        name = self._workflow.name
        told = self._schedule.spawn(f"controller of {name}'s notify", lambda: self._step("notify"))
        self._workflow.recorded = self._step("record")
        self._schedule.wait(lambda: told.ended)

    def _step(self, step: str) -> bool:
        """Run a step, again where Argo would; return whether it Succeeded."""
        workflow = self._workflow
        terminal = step in ("record", "notify")
        node = f"{step}(0)"
        for attempt in range(LIMIT + 1):
            node = f"{step}({attempt})"
            if workflow.deleted or (workflow.over and not terminal):
                message = f"{step} was not run: {self._stopped()}"
                workflow.failed(node, step, message, self._at())
                break
            ended = self._attempt(step, attempt)
            if ended.code == 0:
                return True
            workflow.failed(node, step, ended.message, self._at())
            if ended.code == EXIT_VERDICT:
                break
            if attempt < LIMIT and not workflow.over:
                workflow.at[step] = f"Backoff for {BACKOFF << attempt} s"
                self._schedule.wait(lambda: workflow.over, BACKOFF << attempt)
        workflow.at.pop(step, None)
        last = workflow.failures[-1]["message"]
        workflow.failed(step, step, "No more retries left" if "exit code 1" in last else last, self._at())
        return False

    def _attempt(self, step: str, attempt: int) -> Ended:
        workflow = self._workflow
        terminal = step in ("record", "notify")
        ended = Ended()
        pod = self._pods.start(workflow, step, attempt, ended)
        workflow.at[step] = ""
        self._schedule.wait(lambda: pod.ended or workflow.deleted or (workflow.over and not terminal), OVERDUE)
        workflow.at.pop(step, None)
        if not pod.ended:
            return self._given_up(pod, step)
        if pod.died:
            return Ended(137, "main: Error (exit code 137)")
        self._pods.collect(workflow, step, ended)
        return ended

    def _given_up(self, pod: Actor, step: str) -> Ended:
        """Declare a pod dead. Its process may not have heard."""
        if self._workflow.lives_on or self._schedule.choices.chance(LIVES_ON):
            self._schedule.note(f"gives up {pod.name}, whose process lives on")
        else:
            self._schedule.note(f"kills {pod.name}")
            self._schedule.doom(pod)
        if self._workflow.over:
            return Ended(None, self._stopped())
        return Ended(None, f"Pod {step} was active on the node longer than the specified deadline")

    def _stopped(self) -> str:
        return f"workflow shutdown with strategy:  {self._workflow.shutdown or 'Terminate'}"

    def _at(self) -> str:
        return self._schedule.moment().isoformat(timespec="milliseconds")
