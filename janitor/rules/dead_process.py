"""dead-process: an experiment says that it runs, and its process is gone.

Stale state detection of the design document 002. It judges only local experiments.
"""

from __future__ import annotations

from janitor.model import Change, Hold, Liveness, Policy, Silent, SweepRunState
from janitor.rules.reading import Reading

ID = "dead-process"


def judge(reading: Reading, policy: Policy) -> Change | Hold | Silent:  # noqa: ARG001 - a rule's signature
    """Crashed; held if it is not known on this machine whether the process lives."""
    if reading.state is not SweepRunState.RUNNING:
        return Silent(f"it is {reading.state}, so it needs no process")
    match reading.run.process:
        case Liveness.ALIVE:
            return Silent("its process is alive")
        case Liveness.DEAD:
            return Change(
                ID, SweepRunState.CRASHED, "it says that it runs, and its process is gone"
            )
        case _:
            return Hold(ID, "whether its process lives cannot be determined from this machine")
