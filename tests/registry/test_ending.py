"""A run's end is decided once, recorded once, and receipted if it is final; whoever comes second adopts it."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
from documents import document
from interruptions import Asleep, CrashError, Interrupted, at_every_request
from promotions import NOW, Run, granted, landed, production, standing, told
from runs import MemoryRuns
from stores import Memory

from steps.registry import claim as claims
from steps.registry import ending, ledger, pointer, receipt
from steps.registry.account import Ended, of_claim, of_look
from steps.registry.claim import Claim, Finished
from steps.registry.closing import finish
from steps.registry.grant import grant, retire
from steps.registry.objects import Store
from steps.registry.place import Place
from steps.registry.pointer import Frozen
from steps.registry.requester import Requester
from steps.registry.runs import Look
from steps.verdict import OPEN, Conclusion, Outcome, Reason, Verdict

LOANS = document()
CRASHED = Conclusion(Reason.CRASHED, "train failed")
STOPPED = Conclusion(Reason.STOPPED, "the run was stopped in deploy")


def claimed(store: Store, folder: Path) -> Run:
    run = Run(store, folder, landed(store))
    assert isinstance(run.claim(), Claim)
    run.evaluate()
    return run


def outcomes(store: Store) -> list[str]:
    return [reason for kind, reason in told(store) if kind == ledger.OUTCOME]


def receipted(store: Store, run: Run) -> str:
    found = receipt.read(store, "loans", run.ready.batch, run.ready.etag)
    return found.reason if found else ""


@pytest.mark.parametrize("reason", list(Reason), ids=str)
def test_only_a_final_end_is_receipted(tmp_path: Path, reason: Reason) -> None:
    store = Memory()
    run = Run(store, tmp_path, landed(store))
    run.claim()
    run.outputs["decision"] = "reject"
    assert ending.end(store, LOANS, run.ended(Conclusion(reason, "so it was")), NOW).conclusion.reason is reason
    assert outcomes(store) == [reason]
    assert receipted(store, run) == ("" if reason in OPEN else reason)
    finished = standing(store, run.ready).claim.finished
    assert finished is not None
    assert (finished.outcome, finished.reason, finished.message) == (
        Conclusion(reason, "").outcome, reason, "so it was"
    )  # fmt: skip


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("reason", [Reason.GATE, Reason.CRASHED], ids=str)
def test_a_crash_at_any_request_is_made_up_for_by_doing_it_again(tmp_path: Path, reason: Reason, after: bool) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        run = claimed(store, tmp_path)
        run.outputs["decision"] = "reject"
        dying = Interrupted(store, at, after=after)
        with suppress(CrashError):
            ending.end(dying, LOANS, run.ended(Conclusion(reason, "so it was")), NOW)
        if not dying.reached:
            return False
        ending.end(store, LOANS, run.ended(Conclusion(reason, "so it was")), NOW)
        assert outcomes(store) == [reason]
        assert receipted(store, run) == ("gate" if reason is Reason.GATE else "")
        return True

    assert at_every_request(scene) > 5


def test_what_stands_in_production_was_promoted_whatever_its_last_step_left_behind(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    run.deploy()
    found = ending.end(store, LOANS, run.ended(Conclusion(Reason.CRASHED, "deploy failed")), NOW)
    assert found.conclusion.reason is Reason.PROMOTED
    assert found.production == {"pointer": "production", "before": None, "after": run.version}
    assert (outcomes(store), receipted(store, run)) == (["promoted"], "promoted")


def test_so_it_was_when_another_version_followed_before_its_end(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    run.deploy()
    later = Run(store, tmp_path, landed(store, "2026-02-24"), uid="2222bbbb-2").promoted()
    found = ending.end(store, LOANS, run.ended(CRASHED), NOW)
    assert found.production == {"pointer": "production", "before": None, "after": run.version}
    assert production(store).version == later.version


def test_whoever_comes_second_says_what_the_first_decided(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    ending.end(store, LOANS, run.ended(Conclusion(Reason.GATE, "accuracy is 0.5")), NOW)
    late = run.record(CRASHED)
    assert (late.conclusion.reason, late.conclusion.message) == (Reason.GATE, "accuracy is 0.5")
    assert outcomes(store) == ["gate"]


def test_a_run_retried_by_hand_may_come_to_another_end(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    run.record(CRASHED)
    run.record(run.deploy())
    assert outcomes(store) == ["crashed", "promoted"]
    assert receipted(store, run) == "promoted"


def test_a_run_that_had_its_claim_taken_away_has_lost_it_whatever_it_thinks(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    grant(store, LOANS, standing(store, run.ready), granted(run.ready))
    found = ending.end(store, LOANS, run.ended(Conclusion(Reason.GATE, "accuracy is 0.5")), NOW)
    assert (found.conclusion.outcome, found.conclusion.reason) == (Outcome.FAILED, Reason.CLAIM_LOST)
    assert "it would have been: accuracy is 0.5" in found.conclusion.message
    assert receipted(store, run) == ""


def test_an_end_that_is_said_again_after_the_claim_was_taken_away_stays_on_record_once(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    rejected = Conclusion(Reason.GATE, "accuracy: 0.5 is not above 0.8")
    run.record(rejected)
    seen = standing(store, run.ready)
    grant(store, LOANS, seen, replace(seen.claim, workflow="loans-again-r1", uid="", finished=None))
    assert run.record(rejected).conclusion.reason is Reason.CLAIM_LOST
    assert outcomes(store) == ["gate"]


def test_a_run_that_never_had_the_claim_says_its_own(tmp_path: Path) -> None:
    store = Memory()
    claimed(store, tmp_path)
    other = Run(store, tmp_path, landed(store), "loans-other", "2222bbbb-2")
    found = other.claim()
    assert isinstance(found, Conclusion)
    assert ending.end(store, LOANS, other.ended(found), NOW).conclusion.reason is Reason.DUPLICATE
    assert standing(store, other.ready).claim.finished is None


def test_a_run_stopped_at_deploy_waits_for_reconcile_to_fence_it_off(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    said = run.record(STOPPED)
    assert (said.conclusion.reason, "its deploy may still be at work" in said.trouble) == (Reason.STOPPED, True)
    assert (outcomes(store), receipted(store, run)) == ([], "")
    seen = standing(store, run.ready)
    assert seen.claim.finished is not None
    assert retire(store, LOANS, seen, seen.claim.finished).claim is not None
    for _ in range(2):
        ending.end(store, LOANS, run.ended(STOPPED), NOW)
    assert (outcomes(store), receipted(store, run)) == (["stopped"], "stopped")


def test_a_run_stopped_before_deploy_has_ended(tmp_path: Path) -> None:
    store = Memory()
    run = Run(store, tmp_path, landed(store))
    run.claim()
    assert not run.record(STOPPED).trouble
    assert (outcomes(store), receipted(store, run)) == (["stopped"], "stopped")


@pytest.mark.parametrize("first", ["the owner", "reconcile"])
def test_whenever_a_stopped_deploy_wakes_up_record_and_production_agree(tmp_path: Path, first: str) -> None:
    """One who retires the claim sleeps before any request; meanwhile the owner swaps, and another ends the run."""

    def scene(at: int) -> bool:
        store = Memory()
        run = claimed(store, tmp_path)
        asleep = Asleep(store, deepcopy(store))
        run.record(STOPPED)
        place = Place(store, LOANS, MemoryRuns(), NOW)

        def meanwhile() -> None:
            if first == "reconcile":
                finish(place, run.ended(STOPPED), NOW)
            with suppress(Verdict):
                run.deploy(asleep)
            finish(place, run.ended(STOPPED), NOW)

        seen = standing(store, run.ready)
        retiring = Interrupted(store, at, meanwhile)
        retire(retiring, LOANS, seen, claims.finished(STOPPED, NOW.isoformat()))
        if not retiring.reached:
            return False
        finish(place, run.ended(STOPPED), NOW)
        promoted = production(store).version == run.version
        came_to = "promoted" if promoted else "stopped"
        assert (receipted(store, run), outcomes(store)) == (came_to, [came_to])
        finished = standing(store, run.ready).claim.finished
        assert finished is not None
        assert finished.reason == came_to
        ends.add(came_to)
        return True

    ends: set[str] = set()
    assert at_every_request(scene) > 4
    assert ends == ({"promoted", "stopped"} if first == "the owner" else {"stopped"})


@pytest.mark.parametrize("said", [Reason.INCOMPLETE, Reason.FROZEN], ids=str)
def test_a_given_back_claim_that_another_took_leaves_the_end_as_it_was(tmp_path: Path, said: Reason) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    ending.decide(store, LOANS, run.ended(Conclusion(said, "not now")), NOW)
    other = Run(store, tmp_path, landed(store), "loans-other", "2222bbbb-2")
    assert isinstance(other.claim(), Claim)
    assert run.record(Conclusion(said, "not now")).conclusion.reason is said
    assert standing(store, run.ready).claim.uid == other.uid


def test_a_marker_with_an_unacceptable_key_is_receipted_among_the_refusals() -> None:
    store = Memory()
    values = {"workflow": "w", "uid": "u", "marker": "incoming/loans/A B/_READY.json", "etag": "e1"}
    ending.end(store, LOANS, Ended(values, {}, Conclusion(Reason.KEY, "no batch")), NOW)
    assert store.head(receipt.refusal_key("loans", values["marker"], "e1")) is not None


def test_a_run_started_by_hand_without_an_etag_is_receipted_by_its_claim(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    ended = run.ended(Conclusion(Reason.GATE, "no"))
    ending.end(store, LOANS, replace(ended, values={**ended.values, "etag": ""}), NOW)
    assert receipted(store, run) == "gate"


def test_a_run_is_told_from_its_workflow_as_from_its_exit_handler(tmp_path: Path) -> None:
    run = claimed(Memory(), tmp_path)
    parameters = {"marker": run.ready.key, "etag": run.ready.etag, "trigger": "replay", "why": "because"}
    outputs = json.dumps({"reject-verdict": Conclusion(Reason.GATE, "accuracy is 0.5").to_json()})
    look = Look(run.workflow, run.uid, "Failed", created=NOW, status="Failed", outputs=outputs, parameters=parameters)
    ended = of_look(replace(look, labels={"workflows.argoproj.io/creator": "ana"}))
    assert (ended.owner, ended.conclusion.reason, ended.created) == (run.owner, Reason.GATE, NOW)
    assert ended.values["why"] == "because"
    assert ended.requester == Requester("replay", "ana")


def test_a_run_of_which_only_the_claim_is_left_ends_unknown(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    found = ending.end(store, LOANS, of_claim(standing(store, run.ready).claim), NOW)
    assert (found.conclusion.reason, receipted(store, run)) == (Reason.UNKNOWN, "")
    (record,) = (record for record in ledger.records(store, "loans") if record.kind == ledger.OUTCOME)
    assert (record.uid, record.body["batch"], record.body["token"]) == (run.uid, run.ready.batch, 1)


def test_a_frozen_production_gives_the_batch_back(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    pointer.rewrite(store, LOANS, lambda found: replace(found, frozen=Frozen("ana", "", "t")))
    assert run.deploy().reason is Reason.FROZEN
    run.record(Conclusion(Reason.FROZEN, "promotion is frozen"))
    assert receipted(store, run) == ""
    again = Run(store, tmp_path, run.ready, "loans-again", "2222bbbb-2")
    found = again.claim()
    assert isinstance(found, Conclusion)
    assert found.reason is Reason.FROZEN
    pointer.rewrite(store, LOANS, lambda found: replace(found, frozen=None))
    held = again.claim()
    assert isinstance(held, Claim)
    assert held.token == 2


def test_gave_up_leaves_a_claim_that_no_late_word_changes(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    run.record(CRASHED)
    at = NOW.isoformat(timespec="seconds")
    retire(store, LOANS, standing(store, run.ready), Finished("failed", "crashed", "train failed", at))
    run.record(Conclusion(Reason.GATE, "a late word"))
    assert outcomes(store) == ["crashed"]


@pytest.mark.parametrize("reason", [Reason.CRASHED, Reason.PROMOTED, Reason.INCOMPLETE], ids=str)
def test_whoever_writes_over_a_claim_puts_its_owner_on_record_first(tmp_path: Path, reason: Reason) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    end = run.deploy() if reason is Reason.PROMOTED else Conclusion(reason, "so it was")
    dies_at = 5 if reason is Reason.PROMOTED else 4
    with suppress(CrashError):
        run.record(end, Interrupted(store, dies_at))
    claim = standing(store, run.ready).claim
    assert (claim.finished is not None, outcomes(store)) == (True, [])
    if reason is Reason.INCOMPLETE:
        assert isinstance(Run(store, tmp_path, run.ready, "loans-again", "2222bbbb-2").claim(), Claim)
    else:
        grant(store, LOANS, standing(store, run.ready), granted(run.ready))
    assert outcomes(store) == [reason]
    run.record(end)
    assert outcomes(store) == [reason]


def test_what_reconcile_makes_of_a_claim_hides_not_how_its_owner_ended(tmp_path: Path) -> None:
    store = Memory()
    run = claimed(store, tmp_path)
    ending.decide(store, LOANS, run.ended(CRASHED), NOW)
    superseded = claims.finished(Conclusion(Reason.SUPERSEDED, "newer data is there"), NOW.isoformat())
    retired = retire(store, LOANS, standing(store, run.ready), superseded).claim
    assert retired is not None
    assert retired.own_end is not None
    assert retired.own_end.reason == Reason.CRASHED
    for _ in range(2):
        ending.remember(store, LOANS, retired, NOW)
    assert outcomes(store) == ["crashed"]


def test_a_retried_pod_that_takes_its_own_claim_again_has_not_ended(tmp_path: Path) -> None:
    store = Memory()
    run = Run(store, tmp_path, landed(store))
    store.remove("incoming/loans/2026-02-23/a.csv")
    for _ in range(2):
        with pytest.raises(Verdict):
            run.claim()
    assert outcomes(store) == []
