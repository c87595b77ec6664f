"""What continuous integration does before it calls make, told by stand-ins that write down how they were called."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import browser
import pytest

RUN = Path(__file__).parents[1] / ".ci" / "run"
INSTALLED = ["apt-get update -qq", "apt-get install -qq --yes --no-install-recommends chromium", "make test"]


def ran(folder: Path, *programs: str, user: int = 0, broken: bool = False) -> tuple[list[str], str]:
    """Run it where there are these programs alone; return what was called in order, and what it complained about."""
    calls = folder / "calls"
    for name in ("bash", "dirname"):
        (folder / name).symlink_to(str(shutil.which(name)))
    for name in (*programs, "make"):
        code = int(broken and name == "apt-get")
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {calls}\nexit {code}\n')
        (folder / name).chmod(0o755)
    (folder / "id").write_text(f"#!/bin/sh\necho {user}\n")
    (folder / "id").chmod(0o755)
    done = subprocess.run([RUN], env={"PATH": str(folder)}, capture_output=True, text=True, check=True)
    return calls.read_text().splitlines(), done.stderr


def test_a_missing_browser_is_installed_by_root(tmp_path: Path) -> None:
    assert ran(tmp_path, "apt-get") == (INSTALLED, "")


@pytest.mark.parametrize("name", browser.BROWSERS)
def test_nothing_is_installed_where_a_browser_is(tmp_path: Path, name: str) -> None:
    assert ran(tmp_path, "apt-get", name) == (["make test"], "")


SKIPPED = {
    "not root": ({"user": 1000}, ("apt-get",), ["make test"], "no right to install one"),
    "no apt-get": ({}, (), ["make test"], "no right to install one"),
    "no network": ({"broken": True}, ("apt-get",), [INSTALLED[0], "make test"], "could not be installed"),
}


@pytest.mark.parametrize(("how", "programs", "calls", "says"), SKIPPED.values(), ids=SKIPPED)
def test_without_one_the_tests_run_all_the_same(
    tmp_path: Path, how: dict[str, int], programs: tuple[str, ...], calls: list[str], says: str
) -> None:
    called, complaint = ran(tmp_path, *programs, **how)
    assert called == calls
    assert says in complaint
