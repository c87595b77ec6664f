"""The command line: help costs nothing, mistakes end in one clear text and the right exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("hera", "boto3", "sklearn", "pandas", "lark", "pydantic", "rich.console", "yaml", "moto", "jq")


def retrain(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "workflows", *arguments], capture_output=True, text=True, cwd=cwd)


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nsys.argv = ['retrain', '--help']\nfrom workflows.__main__ import main\nmain()\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "render" in done.stdout


def test_help_names_every_command_of_the_readme() -> None:
    listed = retrain("--help").stdout
    for command in ("up", "run", "runs", "get", "logs", "why", "graph", "replay", "render", "lint"):
        assert f"\n  {command} " in listed


REFUSED = {
    "unknown command": (["rnder"], "No such command"),
    "unknown option": (["render", "--frob"], "No such option"),
    "missing argument": (["why"], "Missing argument"),
    "no such folder": (["render", "--pipelines", "nowhere"], "found no pipeline"),
    "no such pipeline": (["graph", "lones"], "did you mean 'loans'?"),
    "no such manifest": (["lint", "nowhere.yaml"], "nowhere.yaml"),
}


@pytest.mark.parametrize(("arguments", "says"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_ends_with_one_text_and_exit_code_2(arguments: list[str], says: str) -> None:
    done = retrain(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bug_of_ours_ends_with_3_and_a_log(tmp_path: Path) -> None:
    program = (
        "import sys, workflows.cli\n"
        "def broken(**_): raise ZeroDivisionError('boom')\n"
        "workflows.cli.app = broken\n"
        "from workflows.__main__ import main\nsys.exit(main())"
    )
    environment = {"TMPDIR": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, env=environment)
    assert done.returncode == 3
    (log,) = tmp_path.glob("retrain-*.log")
    assert str(log) in done.stderr
    assert "boom" in log.read_text()


def test_an_interrupt_ends_with_130() -> None:
    program = (
        "import sys, workflows.cli\n"
        "def stopped(**_): raise KeyboardInterrupt\n"
        "workflows.cli.app = stopped\n"
        "from workflows.__main__ import main\nsys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (130, "retrain: interrupted\n")
