"""A grant takes the claim from a run for good: whenever the former owner wakes up, never do both promote."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from documents import document
from interruptions import CrashError, Interrupted, at_every_request
from promotions import NOW, Run, granted, landed, production, standing, told
from stores import Memory

from steps.registry import claim as claims
from steps.registry import ending, ledger
from steps.registry.account import of_claim
from steps.registry.claim import Claim, Finished
from steps.registry.grant import Granted, grant, retire, withdraw
from steps.registry.objects import Store
from steps.verdict import Conclusion, Reason, Verdict

LOANS = document()
AT = NOW.isoformat(timespec="seconds")
GAVE_UP = Finished("failed", "crashed", "train failed", AT)


def run_of(store: Store, folder: Path, **changes: Any) -> Run:
    return Run(store, folder, landed(store), **changes)


def about_to_deploy(store: Store, folder: Path) -> Run:
    run = run_of(store, folder)
    assert isinstance(run.claim(), Claim)
    run.evaluate()
    return run


def second(store: Store, folder: Path) -> Run:
    """Return the next attempt, that a grant is for."""
    ready = landed(store)
    return Run(store, folder, ready, granted(ready).workflow, "2222bbbb-2")


def given(run: Run, store: Store | None = None) -> Granted:
    return grant(store or run.store, LOANS, standing(run.store, run.ready), granted(run.ready))


def deployed(run: Run, store: Store | None = None) -> str:
    try:
        return str(run.deploy(store).reason)
    except Verdict as verdict:
        return str(verdict.conclusion.reason)


def promotions(store: Store) -> int:
    return sum(kind == "outcome" and reason == "promoted" for kind, reason in told(store))


def test_a_grant_names_the_next_run_and_raises_the_token(tmp_path: Path) -> None:
    store = Memory()
    first = run_of(store, tmp_path).broken()
    claim = given(first).claim
    assert claim is not None
    assert (claim.workflow, claim.uid, claim.token, claim.attempt, claim.finished) == (
        second(store, tmp_path).workflow, "", 2, 2, None
    )  # fmt: skip
    assert claim.former is not None
    assert (claim.former.uid, claim.former.finished and claim.former.finished.reason) == (first.uid, "crashed")
    assert production(store).fence == 1


def test_only_the_run_that_was_granted_it_adopts_it(tmp_path: Path) -> None:
    store = Memory()
    first = run_of(store, tmp_path).broken()
    given(first)
    stranger = replace(second(store, tmp_path), workflow="loans-other", uid="3333cccc")
    found = stranger.claim()
    assert isinstance(found, Conclusion)
    assert found.reason is Reason.DUPLICATE
    held = second(store, tmp_path).claim()
    assert isinstance(held, Claim)
    assert (held.uid, held.token) == ("2222bbbb-2", 2)
    assert second(store, tmp_path).promoted().version == production(store).version


def test_the_first_grant_of_a_batch_needs_no_fence(tmp_path: Path) -> None:
    store = Memory()
    ready = landed(store)
    assert grant(store, LOANS, None, granted(ready, 1)).claim == replace(granted(ready, 1), token=1)
    assert production(store).fence == 0
    assert grant(store, LOANS, None, granted(ready, 3)) == Granted(None)


def test_a_former_owner_that_sleeps_before_any_request_of_deploy_promotes_nothing_after_a_grant(tmp_path: Path) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        first, other = about_to_deploy(store, tmp_path), second(store, tmp_path)
        found: list[Granted] = []

        def wakes_late() -> None:
            found.append(given(first))
            other.promoted()

        sleepy = Interrupted(store, at, wakes_late)
        answer = deployed(first, sleepy)
        if not sleepy.reached:
            return False
        assert found[0].claim is not None
        assert answer == "claim-lost"
        assert production(store).history == (other.version,)
        assert promotions(store) == 1
        return True

    assert at_every_request(scene) > 5


def test_whichever_request_of_a_grant_the_former_owner_comes_before_one_of_the_two_is_promoted(tmp_path: Path) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        first, other = about_to_deploy(store, tmp_path), second(store, tmp_path)
        answers: list[str] = []
        disturbed = Interrupted(store, at, lambda: answers.append(deployed(first)))
        found = given(first, disturbed)
        if not disturbed.reached:
            return False
        if answers == ["promoted"]:
            assert found.claim is None
            assert (found.version, production(store).history) == (first.version, (first.version,))
            former = standing(store, first.ready).claim
            assert (former.uid, former.finished and former.finished.reason) == (first.uid, "promoted")
            assert isinstance(other.claim(), Conclusion)
        else:
            assert answers == ["claim-lost"]
            assert found.claim is not None
            other.promoted()
            assert production(store).history == (other.version,)
        return True

    assert at_every_request(scene) > 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("through", [False, True], ids=["owner gone", "owner got through"])
def test_a_granter_that_dies_at_any_request_is_followed_by_one_that_finishes(
    tmp_path: Path, after: bool, through: bool
) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        first, other = about_to_deploy(store, tmp_path), second(store, tmp_path)
        if through:
            deployed(first)
        dying = Interrupted(store, at, after=after)
        with suppress(CrashError):
            given(first, dying)
        if not dying.reached:
            return False
        if standing(store, first.ready).claim.finished is None:
            found = given(first)
            assert (found.claim is None) == through
        if through:
            claim = standing(store, first.ready).claim
            assert (claim.uid, claim.finished and claim.finished.reason) == (first.uid, "promoted")
        else:
            other.promoted()
        assert production(store).history == (first.version if through else other.version,)
        return True

    assert at_every_request(scene) > 2


def test_what_got_through_before_the_fence_is_recorded_once(tmp_path: Path) -> None:
    store = Memory()
    first = about_to_deploy(store, tmp_path)
    deployed(first)
    assert given(first).promoted == production(store)
    for _ in range(2):
        ending.end(store, LOANS, of_claim(standing(store, first.ready).claim), NOW)
    assert promotions(store) == 1
    assert not first.record(Conclusion(Reason.CRASHED, "the pod was lost")).trouble
    assert promotions(store) == 1
    assert [kind for kind, _ in told(store)] == ["started", "intent", "outcome"]


def test_a_replay_of_what_is_in_production_is_a_grant_like_any(tmp_path: Path) -> None:
    store = Memory()
    first = run_of(store, tmp_path).promoted()
    assert given(first).claim is not None
    again = second(store, tmp_path).promoted()
    assert production(store).history == (again.version, first.version)


def test_of_two_granters_at_once_one_run_comes(tmp_path: Path) -> None:
    store = Memory()
    first = run_of(store, tmp_path).broken()
    seen = standing(store, first.ready)
    other = replace(granted(first.ready), workflow="loans-2026-02-23-etag-2026-02-r1")
    assert grant(store, LOANS, seen, granted(first.ready)).claim is not None
    assert grant(store, LOANS, seen, other) == Granted(None)


def test_an_owner_that_is_retired_at_any_moment_of_deploy_is_promoted_before_or_never(tmp_path: Path) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        first = about_to_deploy(store, tmp_path)
        found: list[Granted] = []

        def retires() -> None:
            found.append(retire(store, LOANS, standing(store, first.ready), GAVE_UP))

        sleepy = Interrupted(store, at, retires, after=True)
        answer = deployed(first, sleepy)
        if not sleepy.reached:
            return False
        promoted = production(store).history == (first.version,)
        assert answer == ("promoted" if promoted else "claim-lost")
        assert (found[0].promoted is not None) == promoted
        claim = standing(store, first.ready).claim
        assert claim.settled
        assert claim.finished is not None
        assert claim.finished.reason == ("promoted" if promoted else "crashed")
        return True

    assert at_every_request(scene) > 5


def test_retiring_twice_is_retiring_once(tmp_path: Path) -> None:
    store = Memory()
    first = run_of(store, tmp_path).broken()
    once = retire(store, LOANS, standing(store, first.ready), GAVE_UP).claim
    assert retire(store, LOANS, standing(store, first.ready), replace(GAVE_UP, at="later")).claim == once
    answer = second(store, tmp_path).claim()
    assert isinstance(answer, Conclusion)
    assert answer.reason is Reason.UNCHANGED


def test_a_grant_that_nobody_adopted_can_be_taken_back(tmp_path: Path) -> None:
    store = Memory()
    first = run_of(store, tmp_path).promoted()
    given(first)
    back = withdraw(store, LOANS, standing(store, first.ready))
    assert back is not None
    assert (back.uid, back.finished and back.finished.reason, back.token) == (first.uid, "promoted", 3)
    late = second(store, tmp_path).claim()
    assert isinstance(late, Conclusion)
    assert late.reason is Reason.UNCHANGED
    assert withdraw(store, LOANS, standing(store, first.ready)) is None


def test_a_claim_that_was_adopted_is_not_taken_back(tmp_path: Path) -> None:
    store = Memory()
    first = run_of(store, tmp_path).broken()
    given(first)
    second(store, tmp_path).claim()
    assert withdraw(store, LOANS, standing(store, first.ready)) is None


def test_the_ledger_holds_after_all_that(tmp_path: Path) -> None:
    store = Memory()
    first = run_of(store, tmp_path).broken()
    given(first)
    second(store, tmp_path).promoted()
    assert [record.n for record in ledger.records(store, "loans")] == [5, 4, 3, 2, 1]
    assert claims.holds(standing(store, first.ready), first.owner, 1) is False
