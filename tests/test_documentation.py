"""What README and docs say can be run exists, and what they show is what the product prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bench import fairness
from typer.main import get_command

from steps.registry.state import MEANINGS, Code
from workflows.catalog import EXIT_STEPS, STEPS
from workflows.cli import app
from workflows.commands.documents import read
from workflows.commands.graph import mermaid, tasks_of

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def commands() -> set[str]:
    return set(getattr(get_command(app), "commands", {}))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|[`\s/])retrain ([a-z]+)\b(?=[ `\n])", "\n".join(code(text))))
    assert named <= commands() | {"PIPELINE"}


def code(text: str) -> list[str]:
    """The code of a page: indented and fenced blocks, and what stands between backticks."""
    indented = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    return [*indented, *re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"make ([a-z0-9-]+)", "\n".join(code(page.read_text(encoding="utf-8")))))
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_readme_draws_the_graph_of_the_manifest() -> None:
    (drawn,) = re.findall(r"```mermaid\n(.*?)```", README, re.DOTALL)
    assert drawn.strip() == mermaid(tasks_of(read(ROOT / "manifests").template("mortgage")))


def test_the_readme_has_a_word_on_every_top_level_folder() -> None:
    for name in ("workflows", "steps", "images", "manifests", "tests", "docs"):
        assert f"    {name}/" in README


@pytest.mark.parametrize(
    ("variant", "decision"),
    [("naive", "reject (disparate-impact)"), ("mitigated", "deploy")],
    ids=["naive", "mitigated"],
)
def test_the_fairness_page_shows_what_the_benchmark_prints(variant: str, decision: str) -> None:
    page = (ROOT / "docs" / "fairness.md").read_text(encoding="utf-8")
    row = fairness.row(variant, 0)
    assert row in page
    assert row.endswith(f"| {decision} |")


def test_storage_names_every_place_that_a_step_writes() -> None:
    storage = (ROOT / "docs/storage.md").read_text(encoding="utf-8")
    for part in ("claims/", "versions/", "ledger/", "days/", "artifacts/"):
        assert part in storage
    assert all(step.name in storage for step in (*STEPS, *EXIT_STEPS) if step.store)


@pytest.mark.parametrize("code", MEANINGS, ids=str)
def test_the_operations_page_explains_every_code(code: Code) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{code}` \|(.*\|)? {re.escape(MEANINGS[code])} \|", page, re.MULTILINE)
