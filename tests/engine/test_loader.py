"""Documents load into models, or are refused in one sentence with file, line, place and hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflows.engine.cronworkflow import CronWorkflow
from workflows.engine.loader import Other, build, load, parse, read
from workflows.engine.model import ConfigMap, Workflow, WorkflowTemplate
from workflows.errors import DocumentError

DOCUMENTS = Path(__file__).parent / "documents"
SUPPORTED = sorted((DOCUMENTS / "supported").glob("*.yaml"))
REFUSED = sorted((DOCUMENTS / "refused").glob("*.yaml"))
EXAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "argo-examples" / "documents"


def workflow(text: str) -> str:
    return f"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: tiny}}\nspec:\n{text}\n"


def refusal(text: str) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        parse(text, "file.yaml")
    return caught.value


@pytest.mark.parametrize("path", SUPPORTED, ids=lambda path: path.stem)
def test_every_supported_feature_loads(path: Path) -> None:
    assert any(isinstance(document, Workflow | CronWorkflow) for document in load([path]))


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_every_unsupported_feature_is_refused_with_its_sentence(path: Path) -> None:
    expected = path.read_text().splitlines()[0].removeprefix("# ")
    with pytest.raises(DocumentError) as caught:
        load([path])
    assert caught.value.message == expected
    assert caught.value.where.startswith(f"{path}:")


def test_there_are_documents_to_try() -> None:
    assert len(SUPPORTED) >= 12
    assert len(REFUSED) >= 60


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples of the Argo project are not on this machine")
def test_examples_of_the_argo_project_load_or_are_refused_by_name() -> None:
    refusals = [message for path in sorted(EXAMPLES.rglob("*.yaml")) if (message := message_of(path))]
    assert refusals
    assert [message for message in refusals if not message.startswith("the engine does not support '")] == []


def message_of(path: Path) -> str:
    try:
        load([path])
    except DocumentError as error:
        return error.message
    return ""


def test_kinds_the_engine_does_not_run_come_back_as_they_are() -> None:
    (other,) = parse("apiVersion: v1\nkind: Role\nmetadata: {name: reader}\nrules: [{verbs: [get]}]\n", "role.yaml")
    assert isinstance(other, Other)
    assert (other.kind, other.name, other.body["rules"]) == ("Role", "reader", [{"verbs": ["get"]}])


def test_a_folder_is_read_in_the_order_of_its_paths_and_only_its_yaml(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    for file in ("b.yaml", "a.yml", "deeper/c.yaml"):
        (tmp_path / file).write_text(f"apiVersion: v1\nkind: Role\nmetadata: {{name: {Path(file).stem}}}\n")
    (tmp_path / "notes.txt").write_text("not: [yaml")
    names = [document.name for document in load([tmp_path]) if isinstance(document, Other)]
    assert names == ["a", "b", "c"]


def test_a_file_may_hold_several_documents_and_empty_ones() -> None:
    documents = load([DOCUMENTS / "supported" / "reference.yaml"])
    assert [type(document) for document in documents] == [WorkflowTemplate, ConfigMap, Other, Workflow]
    assert parse("---\n---\n# nothing\n", "empty.yaml") == ()


def test_a_breadcrumb_leads_to_the_field() -> None:
    error = refusal(
        workflow(
            "  entrypoint: main\n"
            "  templates:\n"
            "  - name: main\n"
            "    dag:\n"
            "      tasks:\n"
            "      - name: deploy\n"
            "        template: deploy\n"
            "        arguments:\n"
            "          parameters:\n"
            "          - name: to\n"
            "            valu: prod\n"
        )
    )
    assert error.where == (
        "file.yaml:15\n  in Workflow 'tiny', template 'main', task 'deploy', arguments parameter 'to', field 'valu'"
    )
    assert error.message == "unknown field 'valu'"
    assert error.hint == "did you mean 'value'?"


def test_a_required_field_is_reported_at_the_line_of_what_lacks_it() -> None:
    error = refusal(workflow("  templates:\n  - name: main\n    dag:\n      tasks:\n      - name: deploy\n"))
    assert error.where.splitlines()[0] == "file.yaml:9"
    assert error.message == "field 'template' is required"


@pytest.mark.parametrize(
    "fields",
    ["name: a, templateRef: {name: b, template: c}", "name: a, template: b, dependz: c, templateRef: {name: b}"],
    ids=["before what is missing for it", "before a typo"],
)
def test_what_the_engine_does_not_support_is_told_first(fields: str) -> None:
    error = refusal(workflow(f"  templates: [{{name: main, dag: {{tasks: [{{{fields}}}]}}}}]"))
    assert error.message == "the engine does not support 'templateRef' yet"


def test_a_removed_field_says_what_to_write_instead() -> None:
    assert "mutexes" in refusal(workflow("  synchronization: {mutex: {name: a}}")).hint


def test_a_number_where_text_belongs_asks_for_quotes() -> None:
    assert refusal(workflow("  entrypoint: 5")).hint == "put it in quotes"


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("1e6", 1_000_000.0),
        ("1:30", "1:30"),
        ("2026-01-02", "2026-01-02"),
        ("0x1F", 31),
        ("010", 8),
        ("0o10", 8),
        ("09", 9.0),
        ("-0b11", -3),
        ("1_000", 1000),
        (".5", 0.5),
        ("5.", 5.0),
        ("+7", 7),
        ("y", True),
        ("off", False),
        ("~", None),
        ("1.2.3", "1.2.3"),
        ("'5'", "5"),
    ],
)
def test_scalars_are_read_as_kubernetes_reads_them(scalar: str, value: object) -> None:
    text = (
        f"apiVersion: v1\nkind: Any\nvalue: [{scalar}]\n"
        if scalar != "-"
        else "apiVersion: v1\nkind: Any\nvalue: ['-']\n"
    )
    (other,) = read(text, "file.yaml")
    (found,) = other.body["value"]
    assert found == value
    assert type(found) is type(value)


def test_aliases_and_merge_keys_work() -> None:
    text = "apiVersion: v1\nkind: Any\nbase: &base {a: 1, b: 2}\nmore: {<<: *base, b: 3}\nagain: *base\n"
    (other,) = read(text, "file.yaml")
    assert other.body["more"] == {"a": 1, "b": 3}
    assert other.body["again"] == {"a": 1, "b": 2}


def test_aliases_that_multiply_are_refused() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]
    assert "aliases" in refusal("\n".join(rows)).message


@pytest.mark.parametrize("text", ["[" * 5000, "a: \x01", '"\\ud800": 1', "? [a]\n: b", "\t"], ids=repr)
def test_odd_text_is_refused_and_never_crashes(text: str) -> None:
    refusal(f"{text}\n")


def test_a_missing_file_and_one_that_is_not_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no such file"):
        load([tmp_path / "absent.yaml"])
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"a: \xff")
    with pytest.raises(DocumentError, match="not UTF-8"):
        load([binary])


def test_another_kind_is_typed_by_whoever_knows_it() -> None:
    (other,) = read("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndta: {}\n", "file.yaml")
    with pytest.raises(DocumentError) as caught:
        build(ConfigMap, other)
    assert str(caught.value) == (
        "file.yaml:4\n  in ConfigMap 'a', field 'dta'\n  unknown field 'dta'\n  hint: did you mean 'data'?"
    )
