"""What cannot run, or would not run as it reads, is found before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflows.engine.loader import load, parse
from workflows.engine.problem import Problem
from workflows.engine.validate import check
from workflows.errors import DocumentError

DOCUMENTS = Path(__file__).parent / "documents"
EXAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "argo-examples" / "documents"

MAIN = "templates: [{name: main, container: {image: a, command: [b]}}]"
USE = "{{name: b, template: work, depends: a, arguments: {{artifacts: [{{name: in, from: '{0}'}}]}}}}"
GIAN = "tasks.a.outputs.parameters.gian"
WORK = """
- name: work
  inputs: {parameters: [{name: text, default: a}], artifacts: [{name: in, path: /in, optional: true}]}
  outputs:
    parameters: [{name: gain, valueFrom: {path: /out/gain}}, {name: auc, valueFrom: {path: /out/auc}}]
    artifacts: [{name: model, path: /out/model}]
  container: {image: busybox, command: [work]}
"""


def problems(spec: str, kind: str = "Workflow") -> tuple[Problem, ...]:
    indented = "\n".join(f"  {line}" for line in spec.strip().split("\n"))
    head = f"apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {{name: tiny}}\nspec:\n"
    return check(parse(f"{head}{indented}\n", "file.yaml"))


def of_template(fields: str) -> tuple[Problem, ...]:
    indented = "\n".join(f"  {line}" for line in fields.strip().split("\n"))
    return problems(f"entrypoint: main\ntemplates:\n- name: main\n{indented}")


def of_container(fields: str) -> tuple[Problem, ...]:
    typed = any(kind in fields for kind in ("container:", "script:", "dag:"))
    return of_template(fields if typed else f"{fields}\ncontainer: {{image: busybox, command: [ls]}}")


def of_tasks(*tasks: str, outputs: str = "", dag: str = "") -> tuple[Problem, ...]:
    rows = "".join(f"    - {task}\n" for task in tasks)
    extra = f"  outputs: {outputs}\n" if outputs else ""
    target = f"    {dag}\n" if dag else ""
    return problems(
        f"entrypoint: main\ntemplates:\n- name: main\n{extra}  dag:\n{target}    tasks:\n{rows}{WORK.strip()}"
    )


def only(found: tuple[Problem, ...]) -> Problem:
    assert len(found) == 1, "\n".join(map(str, found)) or "no problem"
    return found[0]


@pytest.mark.parametrize("path", sorted((DOCUMENTS / "supported").glob("*.yaml")), ids=lambda path: path.stem)
def test_documents_of_supported_features_have_no_problem(path: Path) -> None:
    assert check(load([path])) == ()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (MAIN, "spec.entrypoint is required"),
        (f"entrypoint: mian\n{MAIN}", "there is no template 'mian'"),
        ("workflowTemplateRef: {name: absent}", "there is no WorkflowTemplate 'absent'"),
        (f"entrypoint: main\narguments: {{parameters: [{{name: a}}]}}\n{MAIN}", "it has no value"),
        (
            f"entrypoint: main\n{MAIN.replace('container', 'inputs: {parameters: [{name: a}]}, container')}",
            "template 'main' needs the parameter 'a'",
        ),
        (
            f"entrypoint: main\n{MAIN.replace('container', 'inputs: {artifacts: [{name: a, path: /a}]}, container')}",
            "template 'main' needs the artifact 'a'",
        ),
        (
            f"entrypoint: main\narguments: {{parameters: [{{name: a, value: c, enum: [a, b]}}]}}\n{MAIN}",
            "the value 'c' is not in enum",
        ),
        (f"entrypoint: main\n{MAIN[:-1]}, {MAIN[12:]}", "the name 'main' stands twice"),
        (f"entrypoint: my_main\n{MAIN.replace('main', 'my_main')}", "the name 'my_main' is not acceptable"),
        (
            f"entrypoint: main\nsynchronization: {{mutexes: [{{name: '{{{{workflow.nam}}}}'}}]}}\n{MAIN}",
            "cannot resolve {{workflow.nam}}: there is no such variable",
        ),
    ],
)
def test_a_spec_is_complete(spec: str, message: str) -> None:
    assert message in [problem.message for problem in problems(spec)]
    assert {problem.level for problem in problems(spec)} == {"error"}


def test_a_template_alone_needs_neither_entrypoint_nor_values() -> None:
    spec = "arguments: {parameters: [{name: a}]}\ntemplates: [{name: main, container: {image: a, command: [b]}}]"
    assert problems(spec, "WorkflowTemplate") == ()


def test_a_parameter_that_a_template_does_not_declare_may_come_from_a_workflow() -> None:
    main = MAIN.replace("[b]", "['{{workflow.parameters.other}}']")
    assert "no such variable" in warning(problems(f"entrypoint: main\n{main}", "WorkflowTemplate"))
    assert only(problems(f"entrypoint: main\n{main}")).level == "error"


@pytest.mark.parametrize(("name", "ok"), [("a" * 63, True), ("a" * 64, False), ("Main", False), ("a_b", False)])
def test_the_name_of_a_workflow_is_one_for_kubernetes(name: str, ok: bool) -> None:
    text = (DOCUMENTS / "supported" / "dag.yaml").read_text().replace("tiny", name)
    assert (check(parse(text, "file.yaml")) == ()) is ok


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            "container: {image: a, command: [b]}\nscript: {image: a, command: [b]}",
            "a template is one of container, script and dag; it has container and script",
        ),
        ("container: {command: [b]}", "it needs an image"),
        ("container: {image: a}", "the engine needs a command"),
        ("container: {image: a, command: [b], name: wait}", "the container name 'wait' is Argo's own"),
        (
            "volumes: [{name: a}]\n"  # noqa: ISC004 - two lines of one document
            "container: {image: a, command: [b], volumeMounts: [{name: a, mountPath: /a}, {name: a, mountPath: /a}]}",
            "two things are mounted at '/a'",
        ),
        ("inputs: {artifacts: [{name: a, optional: true}]}", "it needs a path"),
        ("inputs: {artifacts: [{name: a, path: /a/../b, optional: true}]}", "the path '/a/../b' leaves its directory"),
        (
            "inputs: {artifacts: [{name: a, path: /a, optional: true, from: '{{workflow.name}}'}]}",
            "an input is not taken 'from' anywhere; its caller says where it is",
        ),
        ("inputs: {artifacts: [{name: a, path: /a, optional: true, s3: {bucket: b}}]}", "its S3 location has no key"),
        ("inputs: {parameters: [{name: a, value: b}, {name: a, value: c}]}", "the name 'a' stands twice"),
        ("inputs: {parameters: [{name: a b, value: b}]}", "the name 'a b' is not acceptable"),
        ("outputs: {parameters: [{name: a}]}", "it has neither value nor valueFrom"),
        ("outputs: {parameters: [{name: a, value: b, valueFrom: {path: /a}}]}", "it has both value and valueFrom"),
        (
            "outputs: {parameters: [{name: a, valueFrom: {parameter: b}}]}",
            "an output of a container or script comes from path; got parameter",
        ),
        (
            "outputs: {parameters: [{name: a, globalName: b c, valueFrom: {path: /a}}]}",
            "the globalName 'b c' is not acceptable",
        ),
        ("timeout: '10'", "the timeout '10' is no duration with a unit"),
        ("timeout: soon", "the timeout 'soon' is no duration with a unit"),
        ("retryStrategy: {limit: many}", "the limit 'many' is no whole number"),
        ("retryStrategy: {limit: 1, backoff: {factor: 2}}", "backoff needs a duration"),
        (
            "retryStrategy: {limit: 1, expression: asInt(lastRetry.code) > 1}",
            "cannot resolve 'lastRetry.code' in asInt(lastRetry.code) > 1: there is no such variable",
        ),
        ("container: {image: a, command: ['{{input.parameters.a}}']}", "cannot resolve {{input.parameters.a}}"),
        ("container: {image: a, command: ['{{= 1 + }}']}", ""),
        ("container: {image: a, command: ['{{inputs.parameters.a']}", ""),
        (
            "container: {image: a, command: ['{{inputs.parameters.a}}']}",
            "cannot resolve {{inputs.parameters.a}}: there is no such variable",
        ),
        (
            "container: {image: a, command: ['{{=inputs.parameters.a}}']}",
            "cannot resolve 'inputs.parameters.a' in {{=inputs.parameters.a}}: there is no such variable",
        ),
        (
            "container: {image: a, command: ['{{tasks.a.status}}']}",
            "cannot resolve {{tasks.a.status}}: it exists only in a task of a DAG",
        ),
        (
            "container: {image: a, command: ['{{workflow.failures}}']}",
            "cannot resolve {{workflow.failures}}: it exists only below onExit",
        ),
    ],
)
def test_a_template_is_sound_by_itself(fields: str, message: str) -> None:
    problem = only(of_container(fields))
    assert problem.where.startswith("Workflow 'tiny', template 'main'")
    assert message in problem.message


def test_a_template_has_a_type() -> None:
    assert only(of_template("inputs: {}")).message.endswith("it has none")


def test_other_text_in_braces_is_left_alone() -> None:
    assert of_container("container: {image: a, command: ['{{ .Values.x }} {{name}} {{metrics.auc}}']}") == ()


def test_every_variable_of_a_container_resolves() -> None:
    tags = " ".join(
        f"{{{{{name}}}}}"
        for name in (
            "workflow.name",
            "workflow.creationTimestamp.RFC3339",
            "workflow.parameters.json",
            "inputs.parameters.a",
            "inputs.parameters",
            "inputs.artifacts.b.path",
            "outputs.parameters.c.path",
            "pod.name",
            "node.name",
            "retries",
            "lastRetry.exitCode",
            "=asInt(inputs.parameters['a']) + asInt(retries)",
            "=workflow.outputs?.parameters?.absent ?? 'none'",
        )
    )
    fields = (
        "inputs: {parameters: [{name: a, value: 1}], artifacts: [{name: b, path: /b, optional: true}]}\n"
        "outputs: {parameters: [{name: c, valueFrom: {path: /c}}]}\n"
        f'container: {{image: a, command: ["{tags}"]}}'
    )
    assert of_container(fields) == ()


@pytest.mark.parametrize(
    ("tasks", "message", "hint"),
    [
        (
            ["{name: a, template: work, depends: b}", "{name: b, template: work, depends: a}"],
            "its tasks wait for each other: a -> b -> a",
            "",
        ),
        (["{name: a, template: work, depends: a}"], "its tasks wait for each other: a -> a", ""),
        (["{name: a, template: wrok}"], "there is no template 'wrok'", "did you mean 'work'?"),
        (
            ["{name: a, template: work}", "{name: b, template: work, depends: a, continueOn: {failed: true}}"],
            "continueOn does nothing beside depends",
            "write TASK.Failed or TASK.Errored in depends",
        ),
        (
            ["{name: a, template: work}", "{name: b, template: work, depends: a.AnySucceeded}"],
            "AnySucceeded and AllFailed ask for the items of 'a', which has none",
            "",
        ),
        (
            ["{name: a, template: work}", "{name: 1b, template: work, depends: a}"],
            "a task that others wait for cannot begin with a digit",
            "",
        ),
        (
            ["{name: a, template: work, withItems: [1], withParam: '[1]'}"],
            "a task has one of withItems, withParam and withSequence",
            "",
        ),
        (["{name: a, template: work, withSequence: {count: 1, end: 2}}"], "it has count or end, not both", ""),
        (
            ["{name: a, template: work, arguments: {parameters: [{name: text}]}}"],
            "it has no value",
            "",
        ),
        (
            ["{name: a, template: work, arguments: {artifacts: [{name: in}]}}"],
            "it has no location",
            "give it from, raw, or s3 with a key",
        ),
        (
            ["{name: a, template: work, arguments: {artifacts: [{name: in, s3: {bucket: b}}]}}"],
            "it has no location",
            "give it from, raw, or s3 with a key",
        ),
        (
            ["{name: a, template: work, arguments: {artifacts: [{name: in, from: somewhere}]}}"],
            "'somewhere' names no artifact",
            "write {{tasks.NAME.outputs.artifacts.NAME}} or {{inputs.artifacts.NAME}}",
        ),
        (
            ["{name: a, template: work, when: '{{tasks.b.status}} == Succeeded'}", "{name: b, template: work}"],
            "cannot resolve {{tasks.b.status}}: task 'a' does not wait for 'b'",
            "name it in depends",
        ),
        (
            [
                "{name: a, template: work, arguments: {parameters: [{name: text, value: '{{=tasks.b.status}}'}]}}",
                "{name: b, template: work}",
            ],
            "cannot resolve 'tasks.b.status' in {{=tasks.b.status}}: task 'a' does not wait for 'b'",
            "name it in depends",
        ),
        (
            [
                "{name: train, template: work}",
                "{name: b, template: work, depends: train, when: '{{tasks.trian.status}}'}",
            ],
            "cannot resolve {{tasks.trian.status}}: there is no task 'trian'",
            "did you mean 'train'?",
        ),
        (
            [
                "{name: a, template: work}",
                "{name: b, template: work, depends: a, when: '{{tasks.a.outputs.parameters.gian}}'}",
            ],
            "cannot resolve {{tasks.a.outputs.parameters.gian}}: task 'a' has no such output",
            "it declares 'gain', 'auc'",
        ),
        (
            [
                "{name: a, template: work}",
                "{name: b, template: work, depends: a, when: '{{=tasks.a.outputs.parameters.gian}}'}",
            ],
            f"cannot resolve {GIAN!r} in {{{{={GIAN}}}}}: task 'a' has no such output",
            "it declares 'gain', 'auc'",
        ),
        (
            [
                "{name: a, template: work}",
                USE.format("{{tasks.a.outputs.artifacts.modle}}"),
            ],
            "cannot resolve {{tasks.a.outputs.artifacts.modle}}: task 'a' has no such artifact",
            "it declares 'model'",
        ),
        (
            [
                "{name: a, template: work, withItems: [1]}",
                USE.format("{{tasks.a.outputs.artifacts.model}}"),
            ],
            "cannot resolve {{tasks.a.outputs.artifacts.model}}: task 'a' loops, and its artifacts are many",
            "read them by their key prefix",
        ),
        (
            ["{name: a, template: work, arguments: {parameters: [{name: text, value: '{{item.x}}'}]}}"],
            "cannot resolve {{item.x}}: the task has no such item",
            "",
        ),
        (
            [
                "{name: train-it, template: work}",
                "{name: b, template: work, depends: train-it, when: '{{=tasks.train-it.outputs.parameters.gain}}'}",
            ],
            None,
            None,
        ),
    ],
)
def test_a_dag_is_sound(tasks: list[str], message: str | None, hint: str | None) -> None:
    found = [problem for problem in of_tasks(*tasks) if problem.level == "error"]
    assert found
    if message is not None:
        assert (found[0].message, found[0].hint) == (message, hint)
        assert found[0].where.startswith("Workflow 'tiny', template 'main'")


@pytest.mark.parametrize(
    "tasks",
    [
        ["{name: a, template: work, depends: nobody}"],
        ["{name: a, template: work}", "{name: b, template: work, depends: a.Suceeded}"],
        ["{name: a, template: work}", "{name: b, template: work, depends: a &&}"],
        ["{name: a, template: work, dependencies: [nobody]}"],
    ],
    ids=["unknown task", "unknown result", "syntax", "unknown task in dependencies"],
)
def test_what_a_task_waits_for_can_be_read(tasks: list[str]) -> None:
    problem = only(of_tasks(*tasks))
    assert problem.where.endswith("field 'depends'")
    assert problem.message


def test_an_unknown_target_is_found() -> None:
    assert only(of_tasks("{name: a, template: work}", dag="target: b")).message == "there is no task 'b'"


def test_outputs_of_a_dag_may_name_any_task_and_only_what_it_makes() -> None:
    good = "{parameters: [{name: x, valueFrom: {parameter: '{{tasks.a.outputs.parameters.gain}}'}}]}"
    assert of_tasks("{name: a, template: work}", outputs=good) == ()
    bad = "{parameters: [{name: x, valueFrom: {expression: tasks.a.outputs.parameters.loss}}]}"
    assert "has no such output" in only(of_tasks("{name: a, template: work}", outputs=bad)).message
    lost = "{artifacts: [{name: x}]}"
    assert "needs 'from'" in only(of_tasks("{name: a, template: work}", outputs=lost)).message


def test_a_dag_has_no_times_of_its_own() -> None:
    found = of_template("timeout: 1m\nactiveDeadlineSeconds: 5\ndag: {tasks: [{name: a, template: main}]}")
    assert [problem.message for problem in found] == ["a DAG has no activeDeadlineSeconds", "a DAG has no timeout"]


def warning(found: tuple[Problem, ...]) -> str:
    problem = only(found)
    assert problem.level == "warning"
    return problem.message


def test_a_backoff_without_limit_is_a_trap() -> None:
    assert warning(of_container("retryStrategy: {backoff: {duration: 5m}}")) == "backoff without limit never waits"


@pytest.mark.parametrize(
    ("others", "trapped"),
    [
        ([], True),
        (["{name: next, template: work, depends: train.Succeeded}"], False),
        (["{name: unrelated, template: work}"], True),
    ],
    ids=["alone", "with another leaf downstream", "with an unrelated leaf"],
)
def test_a_leaf_that_handles_a_failure_hides_it(others: list[str], trapped: bool) -> None:
    found = of_tasks("{name: train, template: work}", "{name: tell, template: work, depends: train.Failed}", *others)
    assert (found != ()) is trapped
    if trapped:
        assert "is the last word on it" in warning(found)


@pytest.mark.parametrize(
    ("text", "trapped"),
    [
        ("touch /out/gain", True),
        ("cat /out/gain.txt /out/gains x/out/gain", False),
        ("touch {{outputs.parameters.gain.path}}", False),
    ],
)
def test_a_path_written_out_is_a_trap(text: str, trapped: bool) -> None:
    fields = (
        "outputs: {parameters: [{name: gain, valueFrom: {path: /out/gain}}]}\n"
        f'container: {{image: a, command: [sh, -c, "{text}"]}}'
    )
    found = of_container(fields)
    assert (found != ()) is trapped
    if trapped:
        assert only(found).hint == "write {{outputs.parameters.gain.path}}"


def test_braces_in_raw_data_are_a_trap() -> None:
    fields = "inputs: {artifacts: [{name: a, path: /a, raw: {data: 'x {{ y }}'}}]}"
    assert warning(of_container(fields)) == "its raw data contains '{{', which Argo substitutes"


def test_an_argument_nobody_takes_is_a_trap() -> None:
    found = of_tasks("{name: a, template: work, arguments: {parameters: [{name: txet, value: b}]}}")
    assert warning(found) == "template 'work' takes no parameter 'txet'"
    assert found[0].hint == "did you mean 'text'?"


def exit_handler(command: str, continue_on: str = "{failed: true, error: true}") -> tuple[Problem, ...]:
    return problems(
        "entrypoint: main\nonExit: exit\ntemplates:\n- name: main\n  container: {image: a, command: [b]}\n"
        "  outputs: {parameters: [{name: x, globalName: word, valueFrom: {path: /x}}]}\n"
        f"- name: exit\n  dag: {{tasks: [{{name: tell, template: tell, continueOn: {continue_on}}}]}}\n"
        f'- name: tell\n  container: {{image: a, command: ["{command}"]}}'
    )


def test_an_exit_handler_sees_status_and_failures() -> None:
    assert exit_handler("{{workflow.status}} {{workflow.failures}}") == ()


def test_an_exit_handler_that_can_fail_a_good_run_is_a_trap() -> None:
    assert warning(exit_handler("tell", "{failed: true}")) == "if it fails, it fails a good run"


@pytest.mark.parametrize("path", sorted((DOCUMENTS / "invalid").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_document_that_argo_refuses_is_refused_in_the_sentences_it_begins_with(path: Path) -> None:
    expected = [line.removeprefix("# ") for line in path.read_text().splitlines() if line.startswith("# ")]
    errors = [problem for problem in check(load([path])) if problem.level == "error"]
    assert [f"{problem.where}: {problem.message}" for problem in errors] == expected


RAW = "{name: d, raw: {data: hello}}"
TEXT = "{name: p, value: hello}"


@pytest.mark.parametrize(
    ("inputs", "shared", "own", "refused"),
    [
        pytest.param(
            "artifacts: [{name: d, path: /d}]", f"artifacts: [{RAW}]", "", True, id="artifact of the template"
        ),
        pytest.param(
            "artifacts: [{name: d, path: /d}]", f"artifacts: [{RAW}]", f"artifacts: [{RAW}]", False, id="and of its own"
        ),
        pytest.param(
            "artifacts: [{name: d, path: /d, optional: true}]", f"artifacts: [{RAW}]", "", False, id="optional"
        ),
        pytest.param("artifacts: [{name: d, path: /d, raw: {data: hello}}]", "", "", False, id="artifact in the input"),
        pytest.param("parameters: [{name: p}]", f"parameters: [{TEXT}]", "", True, id="parameter of the template"),
        pytest.param(
            "parameters: [{name: p}]",
            f"parameters: [{TEXT}]",
            "parameters: [{name: p}]",
            True,
            id="named without value",
        ),
        pytest.param(
            "parameters: [{name: p}]", f"parameters: [{TEXT}]", f"parameters: [{TEXT}]", False, id="value of its own"
        ),
        pytest.param("parameters: [{name: p, default: hello}]", f"parameters: [{TEXT}]", "", False, id="default"),
    ],
)
def test_a_workflow_that_runs_a_template_gives_its_exit_handler_what_it_needs(
    inputs: str, shared: str, own: str, refused: bool
) -> None:
    head = "apiVersion: argoproj.io/v1alpha1\nkind: "
    template = (
        f"{head}WorkflowTemplate\nmetadata: {{name: shared}}\nspec:\n  entrypoint: main\n  onExit: bye\n"
        f"  arguments: {{{shared}}}\n  {MAIN.replace('}]', '}, ')}{{name: bye, inputs: {{{inputs}}}, "
        "container: {image: a, command: [b]}}]\n"
    )
    workflow = f"{head}Workflow\nmetadata: {{name: tiny}}\nspec:\n  workflowTemplateRef: {{name: shared}}\n"
    documents = parse(f"{template}---\n{workflow}  arguments: {{{own}}}\n", "file.yaml")
    errors = [
        problem for problem in check(documents) if problem.level == "error" and problem.where.startswith("Workflow '")
    ]
    assert bool(errors) is refused
    for problem in errors:
        assert problem.where == "Workflow 'tiny', field 'spec.onExit'"
        assert problem.hint.startswith("Argo asks the referring Workflow for it")


def test_a_template_s_exit_handler_needs_nothing_that_only_a_workflow_could_give() -> None:
    shared = "entrypoint: main\nonExit: main\narguments: {parameters: [{name: p, value: hello}]}\n"
    needy = MAIN.replace("container", "inputs: {parameters: [{name: p}]}, container")
    errors = [problem.message for problem in problems(shared + needy, "WorkflowTemplate") if problem.level == "error"]
    assert errors == ["template 'main' needs the parameter 'p'"]
    assert not [problem for problem in problems(shared + needy) if problem.level == "error"]


def test_a_global_output_in_an_exit_handler_is_a_trap_unless_guarded() -> None:
    assert "stays as it is" in warning(exit_handler("{{workflow.outputs.parameters.word}}"))
    assert exit_handler("{{= workflow.outputs?.parameters?.word ?? 'absent'}}") == ()


def test_problems_read_as_a_place_a_sentence_and_an_act() -> None:
    assert str(Problem("Workflow 'a', task 'b'", "it is wrong", "mend it")) == (
        "Workflow 'a', task 'b'\n  error: it is wrong\n  hint: mend it"
    )


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples of the Argo project are not on this machine")
def test_examples_that_argo_runs_have_no_errors_but_what_only_we_need() -> None:
    """Commands, which Argo asks the image for, and a template that is in another file."""
    ours = ("the engine needs a command", "there is no WorkflowTemplate")
    found = []
    for path in sorted(EXAMPLES.rglob("*.yaml")):
        found += [
            str(problem)
            for problem in check(loaded(path))
            if problem.level == "error" and not problem.message.startswith(ours)
        ]
    assert found == []


def loaded(path: Path) -> tuple[object, ...]:
    """The documents of a file; none if the loader refuses it, which is tested elsewhere."""
    try:
        return load([path])
    except DocumentError:
        return ()


CRON = """
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedules: ["30 2 * * *"]
  timezone: Europe/Berlin
  workflowSpec:
    entrypoint: main
    templates: [{name: main, container: {image: a, command: [b], args: ["{{workflow.scheduledTime}}"]}}]
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param("nightly", "n" * 53, "its name has 53 characters, 52 at most", id="no room for the moment"),
        pytest.param('["30 2 * * *"]', "[]", "at least one schedule", id="no schedule"),
        pytest.param("30 2 * * *", "30 25 * * *", "'25' is no hour", id="no such hour"),
        pytest.param("Europe/Berlin", "Europe/Berlln", "no time zone 'Europe/Berlln'", id="no such zone"),
        pytest.param("entrypoint: main", "entrypoint: mian", "there is no template 'mian'", id="its Workflow"),
        pytest.param("workflow.scheduledTime", "workflow.name2", "cannot resolve", id="a tag in its Workflow"),
    ],
)
def test_a_cron_workflow_that_would_not_run_is_found(old: str, new: str, says: str) -> None:
    (found,) = check(parse(CRON.replace(old, new), "file.yaml"))
    assert found.level == "error"
    assert says in found.message
    assert found.where.startswith("CronWorkflow 'n")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param("30 2 * * *", "30 2 30 2 *", "a day that never comes", id="30 February"),
        pytest.param("timezone: Europe/Berlin", "suspend: true", "the controller's own zone", id="no zone"),
    ],
)
def test_a_cron_workflow_that_may_surprise_is_warned_of(old: str, new: str, says: str) -> None:
    (found,) = check(parse(CRON.replace(old, new), "file.yaml"))
    assert found.level == "warning"
    assert says in found.message


def test_a_sound_cron_workflow_has_no_problem() -> None:
    assert check(parse(CRON, "file.yaml")) == ()


def metric(fields: str, leaf: str = "container: {image: a, command: [b]}") -> tuple[Problem, ...]:
    outputs = "outputs: {parameters: [{name: x, valueFrom: {path: /x}}]}\n" if "dag" not in leaf else ""
    fields = fields.replace("gauge: {value", "gauge: {realtime: false, value")
    return of_template(f"{outputs}metrics: {{prometheus: [{{{fields}}}]}}\n{leaf}")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param("name: a-b, help: c, counter: {value: '1'}", "the metric name 'a-b' is not acceptable", id="name"),
        pytest.param("name: a, counter: {value: '1'}", "a metric needs help", id="no help"),
        pytest.param("name: a, help: c, counter: {}", "its counter has no value", id="no value"),
        pytest.param("name: a, help: c", "it has none of them", id="no kind"),
        pytest.param(
            "name: a, help: c, counter: {value: '1'}, gauge: {value: '1'}",
            "counter and gauge",
            id="two",
        ),
        pytest.param(
            "name: a, help: c, counter: {value: '1'}, labels: [{key: x.y, value: z}]", "the label 'x.y'", id="label"
        ),
        pytest.param("name: a, help: c, gauge: { value: '1'}", "does not say realtime", id="no realtime"),
        pytest.param("name: a, help: c, histogram: {value: '1'}", "does not say buckets", id="no buckets"),
        pytest.param(
            "name: a, help: c, gauge: {realtime: true, value: '{{resourcesDuration.cpu}}'}",
            "only at the end",
            id="soon",
        ),
        pytest.param("name: a, help: c, counter: {value: '{{workflow.nam}}'}", "no such variable", id="misspelt"),
        pytest.param(
            "name: a, help: c, gauge: {value: '{{=outputs.parameters.y}}'}",
            "no such variable",
            id="output",
        ),
        pytest.param(
            "name: a, help: c, gauge: {value: \"{{=status == 'x' && true ? 1 : 0}}\"}",
            "has '&'",
            id="and",
        ),
        pytest.param(
            "name: a, help: c, gauge: {value: '{{=asFloat(duration) > 5 ? 1 : 0}}'}",
            "has '>'",
            id="more",
        ),
        pytest.param(
            "name: a, help: c, gauge: {value: '{{=asFloat(duration) < 5 ? 1 : 0}}'}",
            "has '<'",
            id="less",
        ),
        pytest.param("name: a, help: c, counter: {value: '1'}, when: '{{=status == \"x\"}}'", "has '\"'", id="quote"),
    ],
)
def test_a_metric_that_argo_refuses_or_that_breaks_the_pod_is_found(fields: str, message: str) -> None:
    found = only(metric(fields))
    assert found.level == "error"
    assert message in found.message


@pytest.mark.parametrize(
    "fields",
    [
        "name: a, help: c, counter: {value: '1'}, when: '{{status}} == Succeeded'",
        "name: a, help: c, gauge: {value: \"{{=status == 'x' and true ? asFloat(outputs.parameters.x) : 0}}\"}",
        "name: a, help: c, gauge: {value: '{{=workflow.name == \"a\" && true ? 1 : 0}}'}",
        "name: a, help: c, histogram: {value: '{{duration}}', buckets: [1]}",
    ],
)
def test_a_sound_metric_has_no_problem(fields: str) -> None:
    assert metric(fields) == ()


def test_no_pod_is_made_of_a_graph_s_metric() -> None:
    fields = "name: a, help: c, gauge: {value: \"{{=status == 'x' && true ? 1 : 0}}\"}"
    assert metric(fields, "dag: {tasks: [{name: a, template: main}]}") == ()


GATED = ["{name: a, template: work}", "{name: gate, template: work, depends: a.Succeeded, when: '5 > 3'}"]


@pytest.mark.parametrize(
    ("depends", "trapped"),
    [("gate", True), ("a && gate", True), ("gate.Succeeded", False), ("gate || gate.Skipped", False), ("a", False)],
)
def test_a_task_that_runs_though_what_it_waits_for_was_skipped_is_a_trap(depends: str, trapped: bool) -> None:
    found = of_tasks(*GATED, f"{{name: c, template: work, depends: {depends}}}")
    assert (found != ()) is trapped
    if trapped:
        assert warning(found) == "it runs too when 'gate' is skipped by its `when`"


@pytest.mark.parametrize(
    ("argument", "lost"),
    [
        ("from: '{{tasks.a.outputs.artifacts.model}}'", "'optional'"),
        ("s3: {key: x}", "'optional'"),
        ("optional: true, s3: {key: x}", ""),
    ],
)
def test_an_argument_takes_the_place_of_what_the_input_declares(argument: str, lost: str) -> None:
    found = of_tasks(
        "{name: a, template: work}",
        f"{{name: b, template: work, depends: a, arguments: {{artifacts: [{{name: in, {argument}}}]}}}}",
    )
    assert (found != ()) is bool(lost)
    if lost:
        assert warning(found).endswith(f"its {lost} has no effect")


def test_results_of_a_loop_are_one_list() -> None:
    found = of_tasks(
        "{name: a, template: work, withItems: [1, 2]}",
        "{name: b, template: work, depends: a, when: \"'{{tasks.a.outputs.result}}' != '[]'\"}",
    )
    assert "each must be JSON by itself" in warning(found)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("retryStrategy: {limit: 1}\noutputs: {artifacts: [{name: a, path: /a}]}", "do not count for an artifact"),
        (
            "outputs: {artifacts: [{name: a, path: /a, s3: {key: model.bin}}]}",
            "'model.bin' will be a gzipped tarball, whatever its name says",
        ),
        ("pendingTimeout: 5m", "Argo knows pendingTimeout since 4.1 only"),
        ("container: {image: a, command: [b], env: [{name: A, value: b}, {name: A, value: c}]}", "stands twice"),
    ],
)
def test_a_template_that_does_not_do_as_it_reads_is_a_trap(fields: str, message: str) -> None:
    assert message in warning(of_container(fields))


def test_a_pending_timeout_has_no_effect_beside_retries() -> None:
    found = of_container("pendingTimeout: 5m\nretryStrategy: {limit: 1, retryPolicy: Always}")
    assert any("is never pending" in problem.message for problem in found)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("timeout: 2s", "with a timeout of 2s Argo makes no pod at all"),
        ("retryStrategy: {limit: 1, backoff: {duration: soon}}", "the backoff's 'soon' is no duration"),
        (
            "container: {image: a, command: [b], volumeMounts: [{name: nope, mountPath: /a}]}",
            "it mounts 'nope', which is no volume",
        ),
        (
            "container: {image: a, command: ['{{=workflow.duration > 60}}']}",
            "{{=workflow.duration > 60}} can never be worked out, and stays as it is",
        ),
        ("container: {image: a, command: ['{{=1 + workflow.uid}}']}", "can never be worked out"),
    ],
)
def test_what_would_break_when_its_turn_has_come_is_an_error(fields: str, message: str) -> None:
    found = only(of_container(fields))
    assert found.level == "error"
    assert message in found.message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("{strategy: OnPodDone}", "there is no strategy 'OnPodDone'"),
        ("{labelSelector: {matchExpressions: [{key: a, operator: Inn}]}}", "labelSelector has no operator 'Inn'"),
        ("{strategy: OnPodSuccess, deleteDelayDuration: soon}", "deleteDelayDuration"),
    ],
)
def test_how_pods_are_cleaned_up_is_one_of_argo_s_ways(settings: str, message: str) -> None:
    assert message in only(problems(f"entrypoint: main\npodGC: {settings}\n{MAIN}")).message
    assert problems(f"entrypoint: main\npodGC: {{strategy: OnPodSuccess, deleteDelayDuration: 10m}}\n{MAIN}") == ()


def test_a_pod_s_budget_knows_no_devices_and_a_graph_has_no_pod() -> None:
    found = of_container("podResources: {limits: {cpu: 1, nvidia.com/gpu: 1}}")
    assert [problem.message for problem in found if problem.level == "error"] == [
        "podResources has no 'nvidia.com/gpu'"
    ]
    found = of_template("resourceClaims: [{name: a}]\ndag: {tasks: [{name: a, template: main}]}")
    assert [problem.message for problem in found] == ["a DAG has no resourceClaims"]
