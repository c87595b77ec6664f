"""Reconcile: makes true what events were only hints of. `retrain reconcile` calls it, every 15 minutes and by hand.

Three passes: production without its record, runs that have ended without one, markers without a receipt. Everything it
needs to know is in the bucket and in the list of Workflows, so it may break off anywhere, run twice at once, or not for
a week: the next one goes on. What goes wrong with one marker is said and keeps no other from its turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from steps.document import Document
from steps.registry import acts, backlog, closing, listing, pointer, unrecorded
from steps.registry import claim as claims
from steps.registry import marker as markers
from steps.registry.claim import Standing
from steps.registry.decision import Action, Facts, Verb, decide, unusable
from steps.registry.listing import Cut, Found
from steps.registry.marker import Order
from steps.registry.objects import Store
from steps.registry.place import Place
from steps.registry.report import Line, Report, guarded
from steps.registry.runs import Runs, RunsError, name_of
from steps.verdict import Conclusion, StoreError, Verdict

ROUNDS = 3
"""How often a marker is decided about again after its claim was closed."""


@dataclass(frozen=True, slots=True)
class Case:
    """An open marker, what stands about it, the claim as it was read, and what is to be done."""

    facts: Facts
    standing: Standing | None
    action: Action

    @property
    def order(self) -> Order:
        return self.facts.marker.order


def reconcile(store: Store, document: Document, runs: Runs, now: datetime, *, whole: bool = False) -> Report:
    """Look once and do what is to be done; `whole`: at every batch there is, not only the recent ones. Never raises for
    what cannot be reached: the report says it."""
    return Report(tuple(steps_of(Place(store, document, runs, now), whole=whole)))


def steps_of(place: Place, *, whole: bool) -> Iterator[Line]:
    """Yield what is done, as it is done."""
    yield from guarded("production", lambda: unrecorded.production(place))
    yield from guarded("runs", lambda: unrecorded.ended_runs(place, whole))
    yield from guarded("markers", lambda: _markers(place, whole))
    if whole:
        yield from guarded("claims", lambda: unrecorded.claims_left(place))
        yield from guarded("runs that are gone", lambda: unrecorded.forgotten_runs(place))


def _markers(place: Place, whole: bool) -> Iterator[Line]:
    """Look at every marker without a receipt, then start the newest of those that want a run."""
    best: Case | None = None
    busy: Order = ("", 0)
    start = "" if whole else listing.window(place.document, place.now)
    for found in listing.unsettled(place.store, place.document, start):
        if isinstance(found, Cut):
            yield Line(
                "wait", found.after, f"looked at {listing.PAGES} pages of recent keys; the daily sweep sees the rest"
            )
            continue
        try:
            lines, case = _marker(place, found)
            yield from lines
            if case is not None and case.action.verb is Verb.WAIT:
                busy = max(busy, case.order)
            elif case is not None:
                lines, best = _weighed(place, best, case)
                yield from lines
        except (StoreError, RunsError) as error:
            yield Line("trouble", found.batch or repr(found.key), str(error))
    if best is not None:
        chosen = best
        yield from guarded(best.facts.marker.batch, lambda: _started(place, chosen, busy))


def _marker(place: Place, found: Found) -> tuple[list[Line], Case | None]:
    """Do what is to be done about one marker; return the case too if it wants a run, or has one that goes on."""
    lines: list[Line] = []
    try:
        if not found.batch:
            markers.batch(found.key, place.document.data)
        for _ in range(ROUNDS):
            case = _case(place, found)
            if case.action.verb is not Verb.CLOSE or place.dry:
                break
            lines.append(_acted(place, case))
    except Verdict as verdict:
        return [*_unusable(place, found, verdict.conclusion)], None
    if case.action.verb in (Verb.START, Verb.RETRY):
        return lines, case
    lines.append(_acted(place, case))
    return lines, case if case.facts.going_on else None


def _case(place: Place, found: Found) -> Case:
    """Gather the facts about a marker and decide; raises `Verdict` if the marker cannot be used."""
    store, name = place.store, place.pipeline
    marker = markers.read(store, found.key, found.etag, place.document.data)
    standing = claims.read(store, name, markers.data_hash(marker.files))
    claim = standing.claim if standing else None
    own = place.runs.look(name_of(name, marker.batch, marker.etag))
    owner = None
    if claim is not None:
        owner = own if own is not None and own.name == claim.workflow else place.runs.look(claim.workflow)
        if owner is not None and claim.uid not in ("", owner.uid):
            owner = None
    facts = Facts(
        now=place.now,
        landed=found.modified,
        marker=marker,
        since=place.document.data.since,
        production=pointer.current(pointer.read(store, place.document)),
        claim=claim,
        owner=owner,
        own=own,
        patience=place.patience,
    )
    return Case(facts, standing, decide(facts))


def _unusable(place: Place, found: Found, conclusion: Conclusion) -> Iterator[Line]:
    """Settle a marker that is none, unless its own run says so or may still."""
    own = place.runs.look(name_of(place.pipeline, found.batch, found.etag)) if found.batch else None
    action = unusable(place.now, found.modified, own, conclusion)
    about = found.batch or repr(found.key)
    if action.verb is Verb.RECEIPT and own is not None and not place.dry:
        closing.finish(place, closing.ended_run(place, own), own.created)
    elif action.verb is Verb.SETTLE and not place.dry:
        acts.refuse(place, found, conclusion)
    yield Line(action.verb, about, action.why)


def _weighed(place: Place, best: Case | None, case: Case) -> tuple[list[Line], Case | None]:
    """Return the better of two cases that want a run, and what was done about the other."""
    if best is not None and case.order < best.order:
        return [_outdone(place, case, best)], best
    if best is not None and case.order == best.order:
        text = f"batch {best.facts.marker.batch} of the same day and revision goes first"
        return [Line(Verb.WAIT, case.facts.marker.batch, text)], best
    facts = case.facts
    lacking = backlog.lacks(place.store, place.document, facts.marker, case.action.rechecked)
    if lacking is not None:
        until = backlog.incomplete_until(place.document, facts.marker, facts.landed)
        return [_acted(place, replace(case, action=backlog.incomplete(facts, lacking, until)))], best
    return [_outdone(place, best, case)] if best is not None else [], case


def _outdone(place: Place, case: Case, by: Case) -> Line:
    same = markers.data_hash(case.facts.marker.files) == markers.data_hash(by.facts.marker.files)
    action = backlog.outdone(case.facts.marker, by.facts.marker)
    # The claim of a content that the newer batch has too is the newer one's to take.
    return _acted(place, replace(case, action=action, standing=None if same else case.standing))


def _started(place: Place, case: Case, busy: Order) -> Iterator[Line]:
    if case.order < busy:
        yield Line(
            Verb.WAIT, case.facts.marker.batch, "a run of newer data goes on; this one is only for if that fails"
        )
        return
    yield _acted(place, case)


def _acted(place: Place, case: Case) -> Line:
    """Do what the case says; return what was done."""
    facts, standing, action = case.facts, case.standing, case.action
    about = facts.marker.batch
    if place.dry or action.verb in (Verb.IGNORE, Verb.WAIT):
        return Line(action.verb, about, action.why)
    return Line(action.verb, about, f"{action.why}: {_done(place, facts, standing, action)}")


def _done(place: Place, facts: Facts, standing: Standing | None, action: Action) -> str:
    if action.verb is Verb.START:
        return acts.start(place, facts.marker, action)
    if action.verb is Verb.RETRY:
        return acts.retry(place, facts, standing, action)
    if action.verb is Verb.SETTLE and action.conclusion is not None:
        return acts.settle(place, facts, standing, action.conclusion)
    if action.verb is Verb.RECEIPT and action.conclusion is not None:
        return acts.confirm(place, facts, standing, action.conclusion)
    if standing is None:
        raise ValueError(f"{action.verb} needs a claim")
    if action.verb is Verb.RESTART:
        return acts.restart(place, standing, action)
    if action.verb is Verb.GIVE_UP:
        return acts.give_up(place, facts, standing)
    return closing.close(place, standing, facts.owner)
