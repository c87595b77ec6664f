"""Draws a Workflow's status as text: a tree of its nodes like `argo get`, and one line a run.

Called by `run`, `up`, `get` and `runs`. Pure, so that what a person sees is tested as text: the time, the width and
what the terminal can show are passed in. Names and messages come from anywhere and may not reach the terminal as they
are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflows.engine.model import Workflow
from workflows.engine.nodes import NodePhase, NodeStatus, NodeType
from workflows.engine.values import Parameter

MANY = 10  # a loop with more items than this shows only those that say something
_GREEN, _RED, _BLUE, _YELLOW, _DIM = "\x1b[32m", "\x1b[31m", "\x1b[34m", "\x1b[33m", "\x1b[2m"
_RESET = "\x1b[0m"
_SYMBOLS: Mapping[str, tuple[str, str, str]] = {
    "Pending": ("◷", ".", _YELLOW),
    "Running": ("●", "*", _BLUE),
    "Succeeded": ("✔", "+", _GREEN),
    "Skipped": ("○", "-", _DIM),
    "Failed": ("✖", "x", _RED),
    "Error": ("⚠", "!", _RED),
    "Omitted": ("○", "-", _DIM),
}


@dataclass(frozen=True, slots=True)
class Canvas:
    """What the terminal can show: columns, colour, and characters beyond ASCII."""

    width: int = 100
    colour: bool = False
    unicode: bool = True

    def symbol(self, phase: str) -> str:
        """The sign of a phase, in its colour."""
        fancy, plain, colour = _SYMBOLS.get(phase, ("?", "?", ""))
        return self.paint(fancy if self.unicode else plain, colour)

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, if there are colours."""
        return f"{colour}{text}{_RESET}" if self.colour and colour else text

    def cut(self, text: str, width: int) -> str:
        """The text in at most `width` columns."""
        more = "…" if self.unicode else "..."
        return text if len(text) <= width else text[: max(width - len(more), 0)] + more[: max(width, 0)]

    def clean(self, text: str) -> str:
        """The text on one line and without anything that steers a terminal."""
        return self.printable(" ".join(text.split()))

    def printable(self, line: str) -> str:
        """A line as it is, spaces and all, but without anything that steers a terminal."""
        return "".join(c if c.isprintable() and (self.unicode or c.isascii()) else "?" for c in line.expandtabs())


@dataclass(frozen=True, slots=True)
class _Row:
    lead: str
    node: NodeStatus | None
    name: str


def frame(workflow: Workflow, now: datetime, canvas: Canvas) -> str:
    """The whole picture of a run: its phase, times and outputs, then the tree of its nodes, cut to the canvas."""
    rows = [*_rows(workflow.status.nodes, canvas)]
    lines = [*_head(workflow, now, canvas)]
    if rows:
        lines += ["", *_table(rows, now, canvas)]
    return "\n".join(lines)


def listing(workflows: Iterable[Workflow], now: datetime, canvas: Canvas) -> str:
    """One line a run, in the order given: sign, name, phase, when it started, how long it took, message."""
    found = list(workflows)
    names = [canvas.clean(workflow.metadata.name or "") for workflow in found]
    widest = max([*(len(name) for name in names), len("NAME")])
    title = f"  {'NAME':<{widest}}  {'STATUS':<9}  {'STARTED':<20}  {'DURATION':<9}  MESSAGE"
    lines = [canvas.cut(title, canvas.width)]
    for workflow, name in zip(found, names, strict=True):
        status = workflow.status
        phase = str(status.phase or "Pending")
        started = status.started_at.strftime("%Y-%m-%dT%H:%M:%SZ") if status.started_at else "-"
        spent = elapsed(status.started_at, status.finished_at, now)
        rest = f" {name:<{widest}}  {phase:<9}  {started:<20}  {spent:<9}  {canvas.clean(status.message or '')}"
        lines.append(canvas.symbol(phase) + canvas.cut(rest, canvas.width - 1).rstrip())
    return "\n".join(lines)


def elapsed(started: datetime | None, finished: datetime | None, now: datetime) -> str:
    """How long it took or has taken, such as `4s`, `2m05s` or `1h02m`; empty if it has not started."""
    if started is None:
        return ""
    seconds = max(int(((finished or now) - started).total_seconds()), 0)
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours}h{minutes % 60:02}m"
    return f"{minutes}m{seconds % 60:02}s" if minutes else f"{seconds}s"


def _head(workflow: Workflow, now: datetime, canvas: Canvas) -> Iterable[str]:
    status = workflow.status
    phase = str(status.phase or "Pending")
    spent = elapsed(status.started_at, status.finished_at, now)
    facts = [("Name", workflow.metadata.name or "", ""), ("Status", phase, _SYMBOLS[phase][2])]
    if status.message:
        facts.append(("Message", status.message, ""))
    if spent:
        facts.append(("Duration", f"{spent} ({status.progress})" if status.progress else spent, ""))
    for label, text, colour in facts:
        yield f"{label + ':':<10}" + canvas.paint(canvas.cut(canvas.clean(text), canvas.width - 10), colour)
    outputs = [p for p in (status.outputs.parameters if status.outputs else ()) if p.value]
    if outputs:
        yield "Outputs:"
    for parameter in sorted(outputs, key=_is_json):
        yield canvas.cut(f"  {canvas.clean(parameter.name)}: {canvas.clean(parameter.value or '')}", canvas.width)


def _is_json(parameter: Parameter) -> bool:
    """Whether it is JSON, for programs: what a person reads comes first."""
    return (parameter.value or "").startswith(("{", "["))


def _table(rows: Sequence[_Row], now: datetime, canvas: Canvas) -> Iterable[str]:
    """Steps, templates and durations in columns; the message gets what is left of the width."""
    tree = min(max(len(row.lead) + 2 + len(row.name) for row in rows), max(canvas.width // 2, 20))
    templates = [canvas.clean((row.node.template_name if row.node else None) or "") for row in rows]
    column = min(max(len(name) for name in ("TEMPLATE", *templates)), 24)
    yield canvas.cut(f"{'STEP':<{tree}}  {'TEMPLATE':<{column}}  {'DURATION':<8}  MESSAGE", canvas.width)
    for row, template in zip(rows, templates, strict=True):
        step = canvas.cut(row.name, tree - len(row.lead) - 2)
        if row.node is None:
            yield f"{row.lead} {step}"
            continue
        skipped = row.node.type == NodeType.SKIPPED
        spent = "" if skipped else elapsed(row.node.started_at, row.node.finished_at, now)
        message = canvas.clean(row.node.message or "")
        left = max(tree - len(row.lead) - 2, 0)
        rest = f" {step:<{left}}  {canvas.cut(template, column):<{column}}  {spent:<8}  {message}"
        sign = canvas.symbol(str(row.node.phase or "Pending"))
        yield row.lead + sign + canvas.cut(rest, canvas.width - len(row.lead) - 1).rstrip()


def _rows(nodes: Mapping[str, NodeStatus], canvas: Canvas) -> Iterable[_Row]:
    children = _children(nodes)
    for root in children.get(None, ()):
        yield _Row("", root, canvas.clean(root.display_name or root.name))
        yield from _below(root, "", children, canvas)


def _below(
    node: NodeStatus, lead: str, children: Mapping[str | None, list[NodeStatus]], canvas: Canvas
) -> Iterable[_Row]:
    shown, hidden = _telling(node, children.get(node.id, []))
    tee, corner, bar = ("├─", "└─", "│ ") if canvas.unicode else ("|-", "`-", "| ")
    for index, child in enumerate(shown):
        last = index == len(shown) - 1 and not hidden
        yield _Row(lead + (corner if last else tee), child, canvas.clean(child.display_name or child.name))
        yield from _below(child, lead + ("  " if last else bar), children, canvas)
    if hidden:
        yield _Row(lead + corner, None, f"and {hidden} more that {'is' if hidden == 1 else 'are'} done")


def _telling(node: NodeStatus, below: list[NodeStatus]) -> tuple[list[NodeStatus], int]:
    """The children worth a line and how many are not: an only attempt that succeeded, the quiet items of a big loop."""
    if node.type == NodeType.RETRY and len(below) == 1 and below[0].phase == NodePhase.SUCCEEDED:
        return [], 0
    if node.type != NodeType.TASK_GROUP or len(below) <= MANY:
        return below, 0
    quiet = (NodePhase.SUCCEEDED, NodePhase.SKIPPED, NodePhase.OMITTED)
    shown = [child for child in below if child.phase not in quiet]
    return shown, len(below) - len(shown)


def _children(nodes: Mapping[str, NodeStatus]) -> dict[str | None, list[NodeStatus]]:
    """What to draw below what: attempts and items below their parent, the rest below its boundary, in order of start.

    A node's own `children` say what ran after it, which is another picture.
    """
    by_name = {node.name: node.id for node in nodes.values()}
    found: dict[str | None, list[NodeStatus]] = {}
    for node in nodes.values():
        stem = node.name[: node.name.rindex("(")] if node.name.endswith(")") and "(" in node.name else ""
        parent = by_name.get(stem) or (node.boundary_id if node.boundary_id in nodes else None)
        found.setdefault(parent, []).append(node)
    for group in found.values():
        group.sort(key=lambda node: (node.started_at is None, (node.started_at and node.started_at.timestamp()) or 0.0))
    return found
