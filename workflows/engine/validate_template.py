"""Checks of one template by itself: its type, inputs, outputs, times, retries and paths. Called by the validator.

Source of the rules: validateTemplate, validateInputs, validateLeaf and validateOutputs in Argo's
workflow/validate/validate.go; hard-coded paths are the engine's own rule, because pods here share one file system.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from workflows.engine.container import Container
from workflows.engine.duration import parse_duration
from workflows.engine.model import RetryStrategy, Template
from workflows.engine.problem import Problem
from workflows.engine.reference import Names, plainly, unresolved_expression
from workflows.engine.retry import policy_of
from workflows.engine.validate_arguments import located, raw_problems, value_names
from workflows.engine.values import Parameter, ValueFrom
from workflows.errors import DocumentError

TOO_SHORT = timedelta(seconds=2)
_RETRY = Names(
    frozenset({"retries", "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message"}),
    ("workflow.", "inputs."),
)


def template_problems(where: str, template: Template) -> Iterator[Problem]:
    """What is wrong with the template whatever calls it; its tags and tasks are checked elsewhere."""
    kinds = [kind for kind in ("container", "script", "dag") if getattr(template, kind) is not None]
    if len(kinds) != 1:
        found = f"it has {' and '.join(kinds)}" if kinds else "it has none"
        yield Problem(where, f"a template is one of container, script and dag; {found}")
        return
    yield from value_names(f"{where}, field 'inputs.parameters'", template.inputs.parameters)
    yield from value_names(f"{where}, field 'inputs.artifacts'", template.inputs.artifacts)
    yield from value_names(f"{where}, field 'outputs.parameters'", template.outputs.parameters)
    yield from value_names(f"{where}, field 'outputs.artifacts'", template.outputs.artifacts)
    yield from _inputs(where, template)
    yield from _outputs(where, template)
    yield from _times(where, template)
    if template.retry_strategy is not None:
        yield from _retry(f"{where}, field 'retryStrategy'", template.retry_strategy)
        yield from _unretried(where, template, template.retry_strategy)
    if (container := template.container or template.script) is not None:
        yield from _container(where, template, container)


def _inputs(where: str, template: Template) -> Iterator[Problem]:
    leaf = template.dag is None
    for artifact in template.inputs.artifacts:
        here = f"{where}, inputs artifact {artifact.name!r}"
        yield from _path(here, artifact.path, leaf=leaf)
        if artifact.from_ is not None:
            yield Problem(here, "an input is not taken 'from' anywhere; its caller says where it is")
        if artifact.s3 is not None and not located(artifact):
            yield Problem(here, "its S3 location has no key")
        yield from raw_problems(here, artifact)


def _outputs(where: str, template: Template) -> Iterator[Problem]:
    leaf = template.dag is None
    for artifact in template.outputs.artifacts:
        here = f"{where}, outputs artifact {artifact.name!r}"
        yield from _path(here, artifact.path, leaf=leaf)
        key = artifact.s3.key if artifact.s3 else None
        if key and artifact.archive is None and not key.endswith(("}}", ".tgz", ".tar.gz", "/")):
            message = f"{key!r} will be a gzipped tarball, whatever its name says"
            yield Problem(here, message, "write archive: {none: {}}", "warning")
        if not leaf and artifact.from_ is None:
            yield Problem(here, "an output of a DAG needs 'from'", "write {{tasks.NAME.outputs.artifacts.NAME}}")
    for parameter in template.outputs.parameters:
        yield from _output_value(f"{where}, outputs parameter {parameter.name!r}", parameter, leaf=leaf)
    exported = [parameter.global_name for parameter in template.outputs.parameters]
    for name in (*exported, *(artifact.global_name for artifact in template.outputs.artifacts)):
        if name and "{{" not in name and not re.fullmatch(r"[-a-zA-Z0-9_]+", name):
            yield Problem(where, f"the globalName {name!r} is not acceptable", "use letters, digits, '-' and '_'")


def _output_value(where: str, parameter: Parameter, *, leaf: bool) -> Iterator[Problem]:
    if parameter.value_from is None:
        if parameter.value is None:
            yield Problem(where, "it has neither value nor valueFrom")
        return
    if parameter.value is not None:
        yield Problem(where, "it has both value and valueFrom", "choose one")
    wanted = ("path",) if leaf else ("parameter", "expression")
    said = _sources(parameter.value_from)
    if len(said) != 1 or said[0] not in wanted:
        found = f"got {' and '.join(said)}" if said else "got none of them"
        kind = "a container or script" if leaf else "a DAG"
        yield Problem(f"{where}, field 'valueFrom'", f"an output of {kind} comes from {' or '.join(wanted)}; {found}")


def _sources(value_from: ValueFrom) -> list[str]:
    return [name for name in ("path", "parameter", "expression") if getattr(value_from, name)]


def _path(where: str, path: str | None, *, leaf: bool) -> Iterator[Problem]:
    if not leaf and path:
        yield Problem(where, "a path means nothing in a DAG", "take it out")
    elif leaf and not path:
        yield Problem(where, "it needs a path")
    elif path and ".." in path.split("/"):
        yield Problem(where, f"the path {path!r} leaves its directory")


def _times(where: str, template: Template) -> Iterator[Problem]:
    if template.dag is not None:
        for field, value in (
            ("activeDeadlineSeconds", template.active_deadline_seconds),
            ("timeout", template.timeout),
            ("pendingTimeout", template.pending_timeout),
            ("podResources", template.pod_resources),
            ("resourceClaims", template.resource_claims),
        ):
            if value is not None:
                yield Problem(where, f"a DAG has no {field}", "set it in the templates of its tasks")
        return
    yield from pod_resources(where, template.pod_resources)
    for field, text in (("timeout", template.timeout), ("pendingTimeout", template.pending_timeout)):
        if isinstance(text, str) and text and "{{" not in text:
            yield from _duration(where, field, text)
    if template.pending_timeout and template.retry_strategy:
        message = "pendingTimeout is asked of the Retry node, which is never pending: it has no effect beside retries"
        yield Problem(where, message, "take retryStrategy out, or wait in a template of its own", "warning")
    for field, newer in (
        ("pendingTimeout", template.pending_timeout),
        ("podResources", template.pod_resources),
        ("resourceClaims", template.resource_claims),
    ):
        if newer is not None:
            message = f"Argo knows {field} since 4.1 only: 4.0 refuses it, and what is older passes over it"
            yield Problem(where, message, "", "warning")


def pod_resources(where: str, budget: object) -> Iterator[Problem]:
    """What a whole pod may ask for: Kubernetes takes CPU, memory and huge pages there, no device."""
    for part in ("limits", "requests"):
        asked = budget.get(part) if isinstance(budget, dict) else None
        for name in asked if isinstance(asked, dict) else ():
            if name not in ("cpu", "memory") and not name.startswith("hugepages-"):
                yield Problem(where, f"podResources has no {name!r}", "ask for it in the container's resources")


def _duration(where: str, field: str, text: str) -> Iterator[Problem]:
    if not _is_duration(text):
        yield Problem(where, f"the {field} {text!r} is no duration with a unit", "write for example 90s, 10m or 1h30m")
    elif parse_duration(text) <= TOO_SHORT:
        yield Problem(where, f"with a {field} of {text} Argo makes no pod at all", "give it more than two seconds")


def _is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except DocumentError:
        return False
    return not text.isdigit()


def _retry(where: str, strategy: RetryStrategy) -> Iterator[Problem]:
    limit = strategy.limit
    if isinstance(limit, str) and "{{" not in limit and not re.fullmatch(r"-?[0-9]+", limit):
        yield Problem(where, f"the limit {limit!r} is no whole number")
    if strategy.backoff is not None:
        if strategy.backoff.duration is None:
            yield Problem(where, "backoff needs a duration")
        for name in ("duration", "cap", "max_duration"):
            text = getattr(strategy.backoff, name)
            if text and "{{" not in text and not text.isdigit() and not _is_duration(text):
                yield Problem(where, f"the backoff's {text!r} is no duration", "write for example 30s or 5m")
        if limit is None:
            yield Problem(where, "backoff without limit never waits", "set a limit", "warning")
    if strategy.expression and "{{" not in strategy.expression:
        yield from unresolved_expression(f"{where}, expression", strategy.expression, _RETRY, plainly(_RETRY))


def _unretried(where: str, template: Template, strategy: RetryStrategy) -> Iterator[Problem]:
    """A file that could not be loaded or saved makes an Error, which the default policy does not retry."""
    moves = template.inputs.artifacts or template.outputs.artifacts
    if moves and policy_of(strategy) == "OnFailure":
        message = "its retries do not count for an artifact that could not be loaded or saved"
        yield Problem(where, message, "write retryPolicy: Always", "warning")


def _container(where: str, template: Template, container: Container) -> Iterator[Problem]:
    if not container.image:
        yield Problem(where, "it needs an image", "Argo refuses a container without one")
    if not container.command:
        hint = "there is no image here to ask for its entrypoint"
        yield Problem(where, "the engine needs a command", hint)
    if container.name in ("wait", "init", "supervisor"):
        yield Problem(where, f"the container name {container.name!r} is Argo's own")
    mounts = container.volume_mounts if isinstance(container.volume_mounts, list) else []
    names = [variable.name for variable in container.env]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield Problem(where, f"the variable {name!r} stands twice, and the last one counts", "", "warning")
    paths = [mount.get("mountPath") for mount in mounts if isinstance(mount, dict)]
    paths += [artifact.path for artifact in template.inputs.artifacts if artifact.path]
    for path in dict.fromkeys(path for path in paths if paths.count(path) > 1):
        yield Problem(where, f"two things are mounted at {path!r}")
    yield from _hard_coded(where, template)


def _hard_coded(where: str, template: Template) -> Iterator[Problem]:
    """A declared path written out: on a cluster it is right, here the file is somewhere else."""
    body = (template.script or template.container or Container()).model_copy(update={"volume_mounts": None})
    text = body.to_json()
    tags = {artifact.path: f"inputs.artifacts.{artifact.name}.path" for artifact in template.inputs.artifacts}
    tags |= {artifact.path: f"outputs.artifacts.{artifact.name}.path" for artifact in template.outputs.artifacts}
    for parameter in template.outputs.parameters:
        if parameter.value_from is not None:
            tags[parameter.value_from.path] = f"outputs.parameters.{parameter.name}.path"
    for path, tag in tags.items():
        if path and re.search(rf"(?<![\w./-]){re.escape(path.rstrip('/'))}(?![\w-]|\.\w)", text):
            message = f"it says {path!r}, which is another place when it runs locally"
            yield Problem(where, message, f"write {{{{{tag}}}}}", "warning")
