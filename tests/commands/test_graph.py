"""`retrain graph` draws what the manifest says, as text, Mermaid and data."""

from __future__ import annotations

import json

from commandline import MANIFESTS, Cli


def graph(cli: Cli, *options: str) -> str:
    done = cli("graph", "loans", "--manifests", MANIFESTS, *options)
    assert done.code == 0
    return done.out


def test_the_text_says_what_waits_for_what(cli: Cli) -> None:
    lines = [line.split(maxsplit=1) for line in graph(cli).splitlines()]
    assert ["claim", "at once"] in lines
    assert ["validate", "after claim (one for each item)"] in lines
    assert [name for name, _ in lines] == ["claim", "validate", "train", "evaluate", "deploy", "reject"]


def test_the_data_has_the_same_edges_as_the_drawing(cli: Cli) -> None:
    rows = json.loads(graph(cli, "--json"))
    drawn = graph(cli, "--mermaid")
    assert drawn.startswith("flowchart LR\n")
    edges = [(parent, row["name"]) for row in rows for parent in row["after"]]
    assert len(edges) == sum("-->" in line for line in drawn.splitlines())
    assert {row["name"]: row["loop"] for row in rows}["validate"] is True
    assert {row["name"]: row["loop"] for row in rows}["deploy"] is False


def test_a_pipeline_that_is_not_there_has_a_neighbour(cli: Cli) -> None:
    done = cli("graph", "laons", "--manifests", MANIFESTS)
    assert (done.code, done.out) == (2, "")
    assert "did you mean 'loans'?" in done.err
