"""What a step's pod asks for and which nodes it may run on, as a pipeline document says it. Part of `steps.document`.

Kubernetes' own words in the document's spelling; the definitions turn them into manifests.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from steps.contract import Value

QUANTITY = r"[0-9]+(?:\.[0-9]+)?(?:m|k|M|G|T|Ki|Mi|Gi|Ti)?"
Quantity = Annotated[str, StringConstraints(pattern=rf"^{QUANTITY}$")]
Cpu = Annotated[str, StringConstraints(pattern=r"^(?:[0-9]+(?:\.[0-9]+)?|[1-9][0-9]*m)$")]


class Toleration(Value):
    """A taint that the step's pod may stand, as Kubernetes says it; `Exists` takes any value."""

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9./_-]{0,251}[A-Za-z0-9])?$")]
    operator: Literal["Exists", "Equal"] = "Exists"
    value: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$")] = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"

    @model_validator(mode="after")
    def _value_fits(self) -> Toleration:
        if (self.operator == "Equal") != bool(self.value):
            raise ValueError("Equal takes a value, and Exists takes none")
        return self


class Resources(Value):
    """What a step's pod asks for, and which nodes it may run on; GPUs are `nvidia.com/gpu`."""

    cpu: Cpu = "500m"
    memory: Quantity = "512Mi"
    gpu: Annotated[int, Field(ge=0, le=16)] = 0
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
