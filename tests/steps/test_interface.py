"""How a step meets Argo: arguments, outputs, exit codes, and a verdict left behind by whatever happens."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from steps.interface import Call, Interface, advise, harmless, parse, run
from steps.verdict import Reason, StoreError, Verdict

SIMPLE = Interface(parameters=("some-value",), artifacts=("document",), writes=("out", "verdict"), saves=("model",))


def argv(folder: Path) -> list[str]:
    paths = [f"--{name}={folder}/deep/{name}" for name in ("document", "out", "verdict", "model")]
    return ["--some-value=--x={{=1}} $(HOME) a=b", *paths]


def does(action: Callable[[Call], object]) -> Callable[[Call], None]:
    return lambda call: action(call) and None


def raises(error: Exception) -> Callable[[Call], None]:
    def verb(_: Call) -> None:
        raise error

    return verb


def verdict(folder: Path) -> Any:
    return json.loads((folder / "deep" / "verdict").read_text(encoding="utf-8"))


def test_a_value_arrives_as_it_is_whatever_it_holds(tmp_path: Path) -> None:
    call = parse(SIMPLE, argv(tmp_path))
    assert call.parameters == {"some-value": "--x={{=1}} $(HOME) a=b"}
    assert call.artifacts["document"] == tmp_path / "deep" / "document"


@pytest.mark.parametrize(
    "extra", [["--other=1"], ["--some=1"], ["word"], None], ids=["unknown", "short", "bare", "missing"]
)
def test_other_arguments_end_with_exit_code_2(tmp_path: Path, extra: list[str] | None) -> None:
    given = argv(tmp_path)[1:] if extra is None else [*argv(tmp_path), *extra]
    with pytest.raises(SystemExit, match="2"):
        parse(SIMPLE, given)


def test_a_file_that_few_documents_have_may_be_left_out(tmp_path: Path) -> None:
    some = Interface(artifacts=("document", "onnx"), saves=("copy",), optional=("onnx", "copy"))
    assert parse(some, ["--document=d"]) == Call({}, {"document": Path("d")}, {}, {})
    assert parse(some, ["--document=d", "--onnx=o"]).artifacts["onnx"] == Path("o")


def test_what_argo_and_kubernetes_expand_is_broken_up(tmp_path: Path) -> None:
    parse(SIMPLE, argv(tmp_path)).write("out", "{{{{=1}} $$(HOME) {{{ $((")
    text = (tmp_path / "deep" / "out").read_text(encoding="utf-8")
    assert not any(mark in text for mark in ("{{", "$("))


@pytest.mark.parametrize("text", ["{{", "{{{", "{{{{{", "$(", "$$((", "{ {{", "$({{"])
def test_harmless_text_stays_harmless_text(text: str) -> None:
    once = harmless(text)
    assert not any(mark in once for mark in ("{{", "$("))
    assert harmless(once) == once


def test_a_step_that_is_done_ends_with_0_and_leaves_no_verdict(tmp_path: Path) -> None:
    assert run(SIMPLE, does(lambda call: call.save("model").write_text("x", encoding="utf-8")), argv(tmp_path)) == 0
    assert (tmp_path / "deep" / "model").read_text(encoding="utf-8") == "x"
    assert not (tmp_path / "deep" / "verdict").exists()


def test_a_verdict_ends_with_42_and_is_left_behind(tmp_path: Path) -> None:
    assert run(SIMPLE, raises(Verdict(Reason.CONTRACT, "row {{3}}", row=3)), argv(tmp_path)) == 42
    assert verdict(tmp_path) == {
        "outcome": "refused", "reason": "contract", "message": "row { {3}}", "evidence": {"row": 3}
    }  # fmt: skip


def test_a_store_error_ends_with_1_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(SIMPLE, raises(StoreError("no bucket")), argv(tmp_path)) == 1
    assert verdict(tmp_path)["reason"] == "store"
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "error", [ValueError("line\nline"), KeyError(), RecursionError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x")]
)
def test_a_crash_ends_with_1_and_leaves_its_last_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    assert run(SIMPLE, raises(error), argv(tmp_path)) == 1
    left = verdict(tmp_path)
    assert (left["outcome"], left["reason"]) == ("failed", "crashed")
    assert type(error).__name__ in left["message"]
    assert "Traceback" in capsys.readouterr().err


def test_text_that_is_no_unicode_can_be_written(tmp_path: Path) -> None:
    assert run(SIMPLE, raises(Verdict(Reason.KEY, "a\ud800b")), argv(tmp_path)) == 42
    call = parse(SIMPLE, argv(tmp_path))
    call.write("out", "a\ud800b")
    assert (tmp_path / "deep" / "out").read_bytes() == b"a?b"


@pytest.mark.parametrize(
    "error", [ValueError("x"), StoreError("x"), Verdict(Reason.KEY, "x")], ids=lambda error: type(error).__name__
)
def test_advice_never_fails_its_run(tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception) -> None:
    assert advise(SIMPLE, raises(error), argv(tmp_path)) == 0
    assert "the run's outcome stands" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["claim", "deploy", "reject", "record", "notify"])
def test_the_step_s_interface_is_its_row_of_the_catalog(name: str) -> None:
    from workflows import catalog

    row = next(step for step in (*catalog.STEPS, *catalog.EXIT_STEPS) if step.name == name)
    verdicts = ("verdict",) if row in catalog.STEPS else ()
    declared: Interface = importlib.import_module(f"steps.{name}").INTERFACE
    assert declared == Interface(
        row.parameters,
        row.artifacts,
        (*(written.name for written in row.writes), *verdicts),
        tuple(saved.name for saved in row.saves),
        row.optional,
    )
