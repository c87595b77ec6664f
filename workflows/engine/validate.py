"""Finds what is wrong with documents before they run: what `argo lint` rejects, and what would not run as it reads.

Called by `lint`, `run` and `up`. Rules are those of Argo's workflow/validate/validate.go for the fields the engine
supports, and the traps the reference lists; each part of a document has a module of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from workflows.engine.cronworkflow import LONGEST_NAME as LONGEST_CRON_NAME
from workflows.engine.cronworkflow import CronWorkflow, scheduled
from workflows.engine.duration import parse_duration
from workflows.engine.model import Template, Workflow, WorkflowSpec, WorkflowTemplate
from workflows.engine.objects import Objects, gather, resolve
from workflows.engine.problem import Problem
from workflows.engine.reference import (
    Names,
    nearest,
    plainly,
    template_names,
    unresolved,
    workflow_names,
)
from workflows.engine.schedule import timetable
from workflows.engine.validate_arguments import argument_problems, field_names, missing_inputs, unsupplied_inputs
from workflows.engine.validate_dag import dag_problems
from workflows.engine.validate_metrics import metric_problems
from workflows.engine.validate_template import pod_resources, template_problems
from workflows.engine.values import Arguments
from workflows.errors import DocumentError

_OBJECT_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
LONGEST_NAME = 63  # a Workflow's name becomes a label's value
POD_GC = ("", "OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check(documents: Iterable[object]) -> tuple[Problem, ...]:
    """Every problem of the Workflows, their templates and CronWorkflows among the documents, in order; never raises.

    References between documents are resolved among the ones given.
    """
    given = tuple(documents)
    try:
        objects = gather(given)
    except DocumentError as error:
        return (Problem(error.where or "the documents", error.message, error.hint),)
    return tuple(problem for document in given for problem in _document(document, objects))


def _document(document: object, objects: Objects) -> Iterator[Problem]:
    if isinstance(document, CronWorkflow):
        yield from _cron(document, objects)
    if not isinstance(document, Workflow | WorkflowTemplate):
        return
    name = document.metadata.name or document.metadata.generate_name or ""
    where = f"{document.kind} {name!r}"
    yield from _name(where, name.rstrip("-") if document.metadata.name is None else name)
    if isinstance(document, WorkflowTemplate):
        yield from map(_softened, _spec(where, document, document.spec))
        return
    yield from _resolved(where, document, objects)


def _resolved(where: str, workflow: Workflow, objects: Objects) -> Iterator[Problem]:
    try:
        resolved = resolve(workflow, objects)
    except DocumentError as error:
        yield Problem(where, error.message, error.hint)
        return
    yield from _spec(where, resolved, resolved.executed_spec)


def _cron(cron: CronWorkflow, objects: Objects) -> Iterator[Problem]:
    """Its name leaves room for a moment, its times can be read, and the Workflow that it makes can run."""
    where = f"{cron.kind} {cron.name!r}"
    yield from _name(where, cron.name, LONGEST_CRON_NAME)
    try:
        table = timetable(cron.spec.schedules, cron.spec.timezone)
    except DocumentError as error:
        yield Problem(f"{where}, field 'spec'", error.message, error.hint)
    else:
        if len(table.expressions) < len(cron.spec.schedules):
            yield Problem(f"{where}, field 'spec.schedules'", "a schedule names a day that never comes", "", "warning")
    if cron.spec.timezone is None:
        hint = "write it down: locally it is UTC"
        yield Problem(f"{where}, field 'spec.timezone'", "without it the controller's own zone counts", hint, "warning")
    yield from _resolved(where, scheduled(cron, EPOCH), objects)


def check_resolved(workflow: Workflow) -> tuple[Problem, ...]:
    """Every problem of a Workflow that `resolve` made complete: the driver's last look before it starts."""
    name = workflow.metadata.name or ""
    where = f"{workflow.kind} {name!r}"
    return (*_name(where, name), *_spec(where, workflow, workflow.executed_spec))


def _softened(problem: Problem) -> Problem:
    """Of a template alone: a parameter it does not declare may still come from the Workflow that uses it."""
    if re.match(r"cannot resolve (\{\{|')workflow\.parameters\.", problem.message):
        return replace(problem, level="warning")
    return problem


def _name(where: str, name: str, longest: int = LONGEST_NAME) -> Iterator[Problem]:
    if not name:
        yield Problem(where, "it needs metadata.name or metadata.generateName")
    elif len(name) > longest:
        yield Problem(where, f"its name has {len(name)} characters, {longest} at most")
    elif not _OBJECT_NAME.fullmatch(name):
        yield Problem(where, "its name must be lower-case letters, digits, '-' and '.', and begin and end with neither")


def _spec(where: str, document: Workflow | WorkflowTemplate, spec: WorkflowSpec) -> Iterator[Problem]:
    templates = {template.name: template for template in spec.templates}
    names = workflow_names(document.metadata, spec)
    yield from field_names(f"{where}, templates", [template.name for template in spec.templates])
    yield from argument_problems(
        f"{where}, field 'spec.arguments'", spec.arguments, needed=isinstance(document, Workflow)
    )
    yield from _entry(where, document, spec, templates)
    levels = spec.model_copy(update={"templates": (), "metrics": None}).to_dict()
    yield from unresolved(where, {"spec": levels}, names, plainly(names))
    yield from metric_problems(where, spec.metrics, names)
    yield from _mounts(where, spec)
    yield from _pod_gc(where, spec.pod_gc)
    yield from pod_resources(f"{where}, field 'spec'", spec.pod_resources)
    exits = reachable(spec.on_exit, templates)
    for template in spec.templates:
        below_exit = names | Names(frozenset({"workflow.failures"})) if template.name in exits else names
        yield from _template(f"{where}, template {template.name!r}", template, templates, below_exit)
    yield from _exit(where, spec, templates, exits)


def _mounts(where: str, spec: WorkflowSpec) -> Iterator[Problem]:
    """A mount without its volume: the API server refuses the pod when the step's turn has come."""
    shared = {volume.name for volume in spec.volumes}
    for template in spec.templates:
        container = template.container or template.script
        mounts = container.volume_mounts if container and isinstance(container.volume_mounts, list) else []
        known = shared | {volume.name for volume in template.volumes}
        for name in (str(mount.get("name")) for mount in mounts if isinstance(mount, dict)):
            if name not in known:
                here = f"{where}, template {template.name!r}"
                yield Problem(here, f"it mounts {name!r}, which is no volume", nearest(name, known))


def _pod_gc(where: str, pod_gc: object) -> Iterator[Problem]:
    settings = pod_gc if isinstance(pod_gc, dict) else {}
    here = f"{where}, field 'spec.podGC'"
    if settings.get("strategy", "") not in POD_GC:
        yield Problem(here, f"there is no strategy {settings['strategy']!r}", nearest(settings["strategy"], POD_GC))
    selector = settings.get("labelSelector")
    for term in selector.get("matchExpressions") or () if isinstance(selector, dict) else ():
        if isinstance(term, dict) and term.get("operator") not in OPERATORS:
            message = f"labelSelector has no operator {term.get('operator')!r}"
            yield Problem(here, message, nearest(str(term.get("operator")), OPERATORS))
    delay = settings.get("deleteDelayDuration")
    if isinstance(delay, str):
        try:
            parse_duration(delay)
        except DocumentError as error:
            yield Problem(here, f"deleteDelayDuration: {error.message}", error.hint)


def _entry(
    where: str, document: Workflow | WorkflowTemplate, spec: WorkflowSpec, templates: dict[str, Template]
) -> Iterator[Problem]:
    """The entrypoint and onExit exist and get what they need from spec.arguments, which is all they are given."""
    own = document.spec.arguments if isinstance(document, Workflow) else Arguments()
    if not spec.entrypoint and isinstance(document, Workflow):
        yield Problem(where, "spec.entrypoint is required", nearest("", templates))
    for field, name in (("entrypoint", spec.entrypoint), ("onExit", spec.on_exit)):
        if not name or "{{" in name:
            continue
        if name not in templates:
            yield Problem(f"{where}, field 'spec.{field}'", f"there is no template {name!r}", nearest(name, templates))
        elif field == "onExit" and (isinstance(document, WorkflowTemplate) or document.spec.workflow_template_ref):
            yield from unsupplied_inputs(f"{where}, field 'spec.onExit'", templates[name], own)
        elif isinstance(document, Workflow):
            yield from missing_inputs(f"{where}, field 'spec.arguments'", templates[name], spec.arguments)


def _template(where: str, template: Template, templates: dict[str, Template], names: Names) -> Iterator[Problem]:
    yield from template_problems(where, template)
    scope = names | template_names(template)
    yield from metric_problems(where, template.metrics, scope, template)
    if template.dag is not None:
        yield from dag_problems(where, template, templates, scope)
    else:
        yield from unresolved(where, template.without_metrics().to_dict(), scope, plainly(scope))


def _exit(where: str, spec: WorkflowSpec, templates: dict[str, Template], exits: frozenset[str]) -> Iterator[Problem]:
    """The traps of an exit handler: it can fail a good run, and outputs may be missing when it starts."""
    handler = templates.get(spec.on_exit or "")
    if handler is None:
        return
    here = f"{where}, template {handler.name!r}"
    for task in handler.dag.tasks if handler.dag else ():
        if not (task.continue_on and task.continue_on.failed and task.continue_on.error):
            hint = "give it continueOn: {failed: true, error: true}"
            yield Problem(f"{here}, task {task.name!r}", "if it fails, it fails a good run", hint, "warning")
    if handler.dag is None:
        yield Problem(here, "if it fails, it fails a good run", "make it a DAG whose tasks have continueOn", "warning")
    for name in sorted(exits):
        if re.search(r"\{\{\s*workflow\.outputs\.", templates[name].to_json()):
            hint = "write {{= workflow.outputs?.parameters?.NAME ?? 'absent' }}"
            message = "a tag on workflow.outputs stays as it is when its producer never ran"
            yield Problem(f"{where}, template {name!r}", message, hint, "warning")


def reachable(name: str | None, templates: dict[str, Template]) -> frozenset[str]:
    """The templates that run when `name` does, itself included."""
    found: set[str] = set()
    waiting = [name] if name in templates else []
    while waiting:
        current = waiting.pop()
        if current in templates and current not in found:
            found.add(current)
            dag = templates[current].dag
            waiting += [task.template for task in dag.tasks] if dag else []
    return frozenset(found)
