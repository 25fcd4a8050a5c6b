"""What a ledger holds: what a step learned, what it decided, and what people did.

Items are immutable, and are JSON on disk. The state of a sweep is the fold of all of them; see
:mod:`janitor.model.ledger`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from janitor.model.jobs import Cause, Ending, JobStatus, JobTypes

# -- what a step learns


@dataclass(frozen=True, slots=True)
class Reached:
    """A job reported a value at a milestone of its resource; the first report at or past it."""

    run: str
    attempt: int
    rung: float
    """The milestone."""
    resource: float
    """At which the value was reported."""
    value: float
    """NaN if the metric was not a number; it ranks last."""
    best: float | None = None
    """The best value that the trial has reported so far, where the scheduler asks for it."""
    item: Literal["reached"] = "reached"


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt ended."""

    run: str
    attempt: int
    kind: JobTypes
    ending: Ending
    reason: str
    objective: float | None = None
    """The last value of the sweep's metric; None if it reported none."""
    resource: float | None = None
    """How far it came."""
    cost: float | None = None
    """Seconds times GPUs (or seconds, without GPUs), or what the job reported as its cost."""
    seconds: float | None = None
    """How long it ran."""
    host: str = ""
    code: int | None = None
    """The exit code; None if it is not known, negative for a signal."""
    policy_uri: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The last values of the other metrics that the sweep file names: objectives, constraints."""
    item: Literal["ended"] = "ended"


@dataclass(frozen=True, slots=True)
class Refused:
    """A backend refused a job for good. The attempt did not start, and is submitted again."""

    run: str
    attempt: int
    kind: JobTypes
    reason: str
    item: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True)
class Overruled:
    """A run's summary has a terminal state that a person, or the run itself, has set."""

    run: str
    status: JobStatus
    reason: str
    objective: float | None = None
    item: Literal["overruled"] = "overruled"


@dataclass(frozen=True, slots=True)
class Deleted:
    """A run was deleted by a person. Its index is spent."""

    run: str
    item: Literal["deleted"] = "deleted"


@dataclass(frozen=True, slots=True)
class RepairHeld:
    """Whether brake or stand-down held the repair of this step; then nothing is launched."""

    is_held: bool
    reason: str = ""
    item: Literal["repair_held"] = "repair_held"


# -- what a person does


@dataclass(frozen=True, slots=True)
class Known:
    """What another sweep knows about a configuration."""

    sweep: str
    run: str
    params: Mapping[str, Any]
    status: Literal["complete", "pruned", "failed"]
    value: float | None = None
    values: tuple[tuple[float, float], ...] = ()
    """(milestone, value)."""
    objectives: Mapping[str, float] = field(default_factory=dict)
    """Of a complete one, if there are several."""
    constraints: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class SpecAdded:
    """A version of the sweep file."""

    version: int
    """From 1."""
    digest: str
    """Of its meaning."""
    document: Mapping[str, Any]
    """The file as it was read."""
    directory: str = ""
    """The folder of the file, absolute, in which commands run."""
    known: tuple[Known, ...] = ()
    """What the sweeps under ``warm_start`` knew when the file became this version."""
    item: Literal["spec"] = "spec"


@dataclass(frozen=True, slots=True)
class Paused:
    """No launches from here on. Jobs that run go on."""

    by: Literal["person", "brake", "budget", "refusals"]
    reason: str
    item: Literal["paused"] = "paused"


@dataclass(frozen=True, slots=True)
class Resumed:
    """Launches again."""

    reason: str
    item: Literal["resumed"] = "resumed"


@dataclass(frozen=True, slots=True)
class Stopping:
    """The sweep ends: no new trials. With ``now``, jobs that run are cancelled."""

    now: bool
    by: Literal["person", "budget", "target"]
    reason: str
    item: Literal["stopping"] = "stopping"


@dataclass(frozen=True, slots=True)
class Excluded:
    """The optimizer and the schedulers do not see the trial."""

    run: str
    reason: str
    item: Literal["excluded"] = "excluded"


@dataclass(frozen=True, slots=True)
class Included:
    """An exclusion, or the fixing of a parameter, is undone."""

    name: str
    """A run, or a parameter."""
    reason: str
    item: Literal["included"] = "included"


# -- decisions


@dataclass(frozen=True, slots=True)
class Launch:
    """A job is started."""

    run: str
    index: int
    """The trial's number, from 0, in the order of creation."""
    attempt: int
    kind: JobTypes
    cause: Cause
    reason: str
    spec: int
    """The version of the sweep file."""
    seed: int
    repeat: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)
    """All parameters; empty where the trial has them already."""
    memory: Any = None
    """JSON of at most 4 kB that the optimizer attached."""
    budget: float | None = None
    resume_from: str | None = None
    """The run whose checkpoint this attempt starts from."""
    rung: float | None = None
    """The milestone at which the trial waits after this job; None if it is its last training."""
    policy_uri: str | None = None
    """For an evaluation: what the training left to evaluate."""
    item: Literal["launch"] = "launch"


@dataclass(frozen=True, slots=True)
class Stop:
    """A trial ends early: its job is stopped if it has one."""

    run: str
    status: JobStatus
    """PRUNED by a scheduler, CANCELLED by a person."""
    reason: str
    item: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True)
class Complete:
    """A trial is over by itself, well or not."""

    run: str
    status: JobStatus
    """COMPLETED, FAILED or STALE."""
    reason: str
    objective: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    """Of each objective, if there are several."""
    constraints: tuple[float, ...] = ()
    """By how much each constraint is violated; at most 0 if it is met."""
    item: Literal["complete"] = "complete"


@dataclass(frozen=True, slots=True)
class Fix:
    """A parameter that does not matter gets one value from here on."""

    parameter: str
    value: Any
    reason: str
    item: Literal["fix"] = "fix"


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is launched, and why. It is reported, but not written to the ledger."""

    reason: str
    is_last: bool = False
    """Whether nothing will be launched any more."""
    item: Literal["wait"] = "wait"


Event = Reached | Complete | Overruled | Excluded | Included | Deleted
"""What changes how trials rank against each other at their milestones."""
Fact = Reached | Ended | Refused | Overruled | Deleted | RepairHeld
Act = SpecAdded | Paused | Resumed | Stopping | Excluded | Included
Decision = Launch | Stop | Complete | Fix | Paused | Stopping | Wait
Item = Fact | Act | Launch | Stop | Complete | Fix
"""What a ledger entry holds."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry: facts, or decisions, or what a person did. Immutable once it can be read."""

    number: int
    """From 1, without gaps."""
    nonce: str
    """Tells the writer whether an entry with this number is its own."""
    at: str
    """ISO 8601, UTC: the time of the step, and the only time that decisions see."""
    role: Literal["facts", "decisions", "acts"]
    items: tuple[Item, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of janitor, Python, and the optimizer's library; and the machine's architecture."""
    site: str = ""
    """Where the jobs that it launches have their folders: only a step at that site may start them.
    Empty where every step reaches the same folders."""
    is_altered: bool = field(default=False, compare=False)
    """Whether its file was altered after it was written; not in the file."""
