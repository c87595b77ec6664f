"""Short Workflows with one DAG, as text, for tests of the engine."""

from __future__ import annotations

HEAD = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: wf}
spec:
  entrypoint: main
"""
LEAVES = """
  - {name: work, inputs: {parameters: [{name: x, default: none}]},
     outputs: {parameters: [{name: o, valueFrom: {path: /o}}]},
     container: {image: i, command: [c], args: ["{{inputs.parameters.x}}"]}}
  - {name: plain, container: {image: i, command: [c]}}
"""


def dag(tasks: str, leaves: str = LEAVES, **spec: str) -> str:
    """Return a Workflow `wf` whose entrypoint is a DAG of these tasks; `spec` are further fields of its spec."""
    extra = "".join(f"  {name}: {value}\n" for name, value in spec.items())
    indented = "\n".join(f"      {line}" for line in tasks.strip("\n").splitlines())
    return f"{HEAD}{extra}  templates:\n  - name: main\n    dag:\n      tasks:\n{indented}\n{leaves}"
