"""What may happen to a batch, and what has to come of it: one table, played on this machine and on a cluster.

`make test` plays it with the local engine, `make e2e` on the cluster of KUBECONFIG, both by `play.py`. A batch is of
the pipeline `loans`; `day` counts from two weeks ago, so that later cases bring newer data and none is out of
reconcile's window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from workflows import producer

ROWS = 4000
FILES = 2
ORDER = ("claim", "validate", "train", "evaluate", "deploy")
PODS = (*ORDER, "record", "notify")
"""Every step of a run that is promoted, the exit handler's last."""

Part = Literal["sensor", "event source", "event bus"]


@dataclass(frozen=True)
class End:
    """How a batch ends: the record's outcome and reason, the Workflow's phase, and the steps that ran, but for the exit
    handler's."""

    outcome: str
    reason: str
    phase: str
    steps: tuple[str, ...]


PROMOTED = End("promoted", "promoted", "Succeeded", ORDER)
REJECTED = End("rejected", "gate", "Failed", (*ORDER[:4], "reject"))
INCOMPLETE = End("refused", "incomplete", "Failed", ("claim",))
BROKEN = End("refused", "contract", "Failed", ("claim", "validate"))
SUPERSEDED = End("skipped", "superseded", "Succeeded", ("claim",))

Spoil = Callable[[pd.DataFrame], pd.DataFrame]


def whole(table: pd.DataFrame) -> pd.DataFrame:
    """Leave the table as it is."""
    return table


def by_chance(table: pd.DataFrame) -> pd.DataFrame:
    """Approve by chance: the columns are as before, and no model can be good."""
    return table.assign(approved=table["approved"].sample(frac=1, random_state=0).to_numpy())


def negative_income(table: pd.DataFrame) -> pd.DataFrame:
    """Give one row an income that the contract forbids."""
    return table.assign(income=table["income"].where(table.index != 7, -1.0))


@dataclass(frozen=True)
class Case:
    """What happens. `ends` has what may come of each batch of days `day`, `day` + 1, …, which land one after another.

    `lost` leaves out the last file, `deliveries` is how often the event comes, `killed` names the steps whose pod is
    killed once, `restarted` the step in the middle of which the controller ends and comes back, `away` the part that
    is not there while the marker lands.
    """

    day: int
    ends: tuple[tuple[End, ...], ...] = ((PROMOTED,),)
    spoil: Spoil = whole
    lost: bool = False
    deliveries: int = 1
    killed: tuple[str, ...] = ()
    restarted: str = ""
    away: Part | None = None

    @property
    def by_event(self) -> bool:
        """Whether it takes an event; of a batch that is not complete `reconcile` starts no run, it waits."""
        return self.lost or self.deliveries > 1 or self.away is not None

    def files(self, number: int) -> Mapping[str, bytes]:
        """Return the files of a batch by name; each day has data of its own."""
        table = self.spoil(producer.loans_table(self.day + number, ROWS))
        return producer.parts(table, "loans", FILES)


CASES: Mapping[str, Case] = {
    "a good batch": Case(0),
    "a model that fails a gate": Case(1, ((REJECTED,),), spoil=by_chance),
    "a file that never came": Case(2, ((INCOMPLETE,),), lost=True),
    "a broken contract": Case(3, ((BROKEN,),), spoil=negative_income),
    "one event 20 times": Case(4, deliveries=20),
    "every pod killed once": Case(5, killed=PODS),
    "two batches at once": Case(6, ((PROMOTED, SUPERSEDED), (PROMOTED,))),
    "the controller restarted mid-run": Case(8, restarted="train"),
    "the sensor away": Case(9, away="sensor"),
}

ON_A_CLUSTER: Mapping[str, Case] = {
    "the event source away": Case(10, away="event source"),
    "the event bus restarted with an event in it": Case(11, away="event bus"),
    "one event 100 times": Case(12, deliveries=100),
}
"""What this machine has no such parts for: its EventSource, inbox and Sensor are one process."""
