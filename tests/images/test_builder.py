"""Each builder is spoken to in its own words, and the answers are the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from images.builder import BUILDERS, BuildError, Recipe, build_command, choose, push, run, size

REFERENCE = "registry.example.com:5000/ml/retrain:0.1.0"
DIGEST = f"sha256:{'b' * 64}"
RECIPE = Recipe(Path("images/retrain/Dockerfile"), REFERENCE, {"GIT_SHA": "0a1b"}, ("--pull",))


def test_the_first_that_works_builds() -> None:
    assert choose(answers=lambda name: name != "docker") == "podman"
    assert choose("buildah", answers=lambda _: True) == "buildah"


@pytest.mark.parametrize(("wanted", "says"), [("", "none of docker, podman, buildah"), ("podman", "none of podman")])
def test_none_that_works_is_said(wanted: str, says: str) -> None:
    with pytest.raises(BuildError, match=says):
        choose(wanted, answers=lambda _: False)


def test_an_unknown_builder_is_refused() -> None:
    with pytest.raises(BuildError, match="'kaniko'; expected one of docker"):
        choose("kaniko", answers=lambda _: True)


@pytest.mark.parametrize(("builder", "verb"), [("docker", "build"), ("podman", "build"), ("buildah", "bud")])
def test_a_build_says_file_name_and_arguments(builder: str, verb: str) -> None:
    assert build_command(builder, RECIPE) == [
        builder, verb, "--pull", "-f", "images/retrain/Dockerfile", "--build-arg", "GIT_SHA=0a1b", "-t", REFERENCE, ".",
    ]  # fmt: skip


class Registry:
    """Answers as the builders do after a push."""

    def __init__(self, known: object) -> None:
        self.known = known
        self.pushed: list[str] = []

    def __call__(self, command: Sequence[str]) -> str:
        if command[1] == "push":
            self.pushed.append(command[-1])
            if "--digestfile" in command:
                Path(command[command.index("--digestfile") + 1]).write_text(f"{self.known}\n")
            return ""
        return json.dumps(self.known)


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_push_tells_the_registry_s_digest(builder: str) -> None:
    entries = [f"elsewhere.example.com/retrain@sha256:{'0' * 64}", f"registry.example.com:5000/ml/retrain@{DIGEST}"]
    registry = Registry(entries if builder == "docker" else DIGEST)
    assert push(builder, REFERENCE, registry) == DIGEST
    assert registry.pushed == [REFERENCE]


@pytest.mark.parametrize(("builder", "known"), [("docker", None), ("docker", []), ("buildah", "")])
def test_a_push_without_a_digest_is_an_error(builder: str, known: object) -> None:
    with pytest.raises(BuildError, match="told no digest"):
        push(builder, REFERENCE, Registry(known))


def test_the_size_is_that_of_the_layers() -> None:
    assert size("docker", REFERENCE, lambda _: "123\n") == 123
    assert size("buildah", REFERENCE, lambda _: json.dumps({"layers": [{"size": 100}, {"size": 23}]})) == 123


def test_a_failing_command_is_one_sentence() -> None:
    assert run(["echo", "x"]) == "x\n"
    with pytest.raises(BuildError, match="`false …` ended with exit code 1"):
        run(["false"])
    with pytest.raises(BuildError, match="cannot be started"):
        run(["/nowhere/docker"])
