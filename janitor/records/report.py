r"""The report as data: what a pass saw, changed and left, and why. Schema ``janitor.report/1``.

Frozen. Code that makes a report may use no field that is not here (``extra="forbid"``). A file is
read with more tolerance (:mod:`janitor.records.base`): within ``/1`` fields are only ever added,
so fields that this version does not know come from a later one and are skipped. A change that
takes a field away or gives it another meaning is ``/2``, which this version refuses.

Text is what people read, so half a surrogate pair in it is shown as ``\ud800``; the values in
``before`` and ``after`` are data and stay exactly as they stood.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, WithJsonSchema

from janitor.model import THRESHOLDS, Outcome
from janitor.model.local_words import local_word
from janitor.model.summary import Form
from janitor.records.base import Part, Text, Time, Values
from janitor.runtime.interrupt import Interruption

SCHEMA: Final = "janitor.report/1"

Command = Literal["fix", "plan", "apply", "undo"]

UNKNOWN_STATE: Final = "unknown"
"""Counts the runs that are ours and whose state could not be told."""

MAX_WARNINGS: Final = 1000
"""One broken clock can taint every run of a project; the rest are only counted."""


class ReportedTarget(Part):
    """One sweep or group, and whether all of it was seen."""

    target: Text
    runs_expected: int | None
    """How many runs the store said there are; None where it did not get to say."""
    runs_seen: int
    """Distinct runs."""
    complete: bool
    duplicates: int = 0
    """Rows that a scan handed out a second time."""
    missing: int = 0
    """Runs that the store counted and never handed out."""
    left_out: int = 0
    """Runs besides these that were not read: silent for longer than ``active_since``."""


class Totals(Part):
    """Distinct runs; each is in exactly one of the seven kinds."""

    runs: int = 0
    untracked: int = 0
    clean: int = 0
    held: int = 0
    written: int = 0
    planned: int = 0
    superseded: int = 0
    failed: int = 0


class Sign(Part):
    """One sign of life: where it stood, the value, and the time that it means."""

    source: Text
    at: Time | None = None
    """None where ``raw`` cannot be read as a time."""
    raw: Any = None
    future: bool = False
    """Too far ahead of the clock to count."""


class ReportedEvidence(Part):
    """What a judgement rested on."""

    last_alive: Time | None = None
    age_seconds: float | None = None
    """From the last sign of life to the moment of the judgement."""
    signs: tuple[Sign, ...] = ()
    objective: Any = None
    """The objective as it stood, cut where it is long; None where there was none."""
    wandb_state: Text = ""


class ReportedChange(Part):
    """One run that was, or was to be, changed.

    The keys of ``before`` and ``after`` are what :mod:`janitor.records.keys` makes of the places
    in the summary. A key in ``after`` that is not in ``before`` did not exist.
    """

    run: Text
    """ENTITY/PROJECT/RUN."""
    sweep: Text | None = None
    name: Text = ""
    from_: Text = Field(alias="from")
    to: Text
    rule: Text
    reason: Text
    outcome: Outcome
    evidence: ReportedEvidence = ReportedEvidence()
    before: Values = Field(default_factory=dict)
    after: Values = Field(default_factory=dict)
    error: Text | None = None
    target: Text | None = None
    """The resolved sweep or group under which the run was judged."""
    form: Form | None = None
    wandb_state: Text | None = None
    created_at: Time | None = None
    last_alive: Time | None = None
    url: Text | None = None
    """The run's page."""
    partial: bool = False
    """Whether only some of the keys were written; ``error`` says which were not."""

    @property
    def shown_from(self) -> str:
        """The state before, in the words of the run's own store."""
        return local_word(self.run, self.from_)

    @property
    def shown_to(self) -> str:
        """The state after, in the words of the run's own store."""
        return local_word(self.run, self.to)


class ReportedHold(Part):
    """One run that was left as it is, and why."""

    run: Text
    rule: Text
    reason: Text
    target: Text | None = None
    sweep: Text | None = None
    name: Text = ""
    state: Text | None = None
    """None where the run's state could not be told."""
    wandb_state: Text | None = None
    last_alive: Time | None = None
    url: Text | None = None


class ReportedError(Part):
    """Something that went wrong with a target, or with the pass itself (``target`` None)."""

    target: Text | None
    message: Text
    transient: bool = False
    """Whether it may be gone with the next pass: the server did not answer, or with an error."""


class ReportedWarning(Part):
    """Something that did not stop the pass: an unreadable time, a clock, a duplicate."""

    run: Text | None = None
    message: Text


class ClockReading(Part):
    """The clock against which every age was measured."""

    source: Literal["server", "local"]
    offset_seconds: float | None = None
    """The server's time minus this machine's."""
    warning: Text | None = None


Thresholds = Annotated[
    dict[Text, float | None],
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                f"{name}_seconds": {"type": ["number", "null"], "minimum": 0} for name in THRESHOLDS
            },
        }
    ),
]
"""How long runs were given: the durations of the policy that the pass judged by, in seconds, as
``NAME_seconds``. A report from before there was a setting does not have it."""


class ReportedShard(Part):
    """The share of the sweeps that one of several janitors scans."""

    index: int = Field(ge=1)
    count: int = Field(ge=1)
    sweeps: int = 0
    """Sweeps and groups of this share."""
    left_to_others: int = 0
    """Sweeps and groups of its targets that belong to other shards."""


class Brake(Part):
    """The limit that stopped a pass, if one did."""

    tripped: bool
    limit: Text | None = None
    """``max_changes`` or ``max_silent_percent``."""
    allowed: float | None = None
    found: float | None = None
    message: Text | None = None
    overruled: bool = False
    """Whether ``--force`` was given."""

    @classmethod
    def of_changes(cls, found: int, allowed: int) -> Brake:
        """The brake that so many changes trip."""
        return cls(
            tripped=True,
            limit="max_changes",
            allowed=allowed,
            found=found,
            message=f"{found} changes are {found - allowed} more than max_changes ({allowed})"
            " allows",
        )


class ReportedOutage(Part):
    """A time in which runs of these projects could not report."""

    start: Time
    end: Time | None = None
    """None while it lasts; the start if it turned out that it was no outage."""
    projects: tuple[Text, ...] = ()
    """As ENTITY/PROJECT."""


class StandDown(Part):
    """Whether so many runs went silent at once that the outage is not theirs."""

    active: bool
    silent: int = 0
    """Runs that went silent within the window."""
    open: int = 0
    """Open runs that W&B calls active or crashed."""
    share: float = 0.0
    """``silent`` / ``open``."""
    window_start: Time | None = None
    window_end: Time | None = None
    message: Text | None = None
    outages: tuple[ReportedOutage, ...] = ()
    """Those that this pass and earlier ones found; a later pass takes them from here."""


class RaceWindow(Part):
    """How long lay between a fresh read and the write that followed it."""

    median_seconds: float | None = None
    max_seconds: float | None = None
    writes: int = 0


class Requests(Part):
    """What the pass cost the server."""

    reads: int = 0
    writes: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    retries: int = 0


class FalsePositives(Part):
    """Runs that an earlier pass repaired and that turned out to be alive."""

    by_rule: dict[Text, int] = Field(default_factory=dict)
    runs: tuple[Text, ...] = ()
    suggested_heartbeat_timeout_seconds: float | None = None


class Report(Part):
    """One pass."""

    schema_: Literal["janitor.report/1"] = Field(default=SCHEMA, alias="schema")
    version: Text
    """The janitor's."""
    command: Command = "fix"
    dry_run: bool
    started_at: Time
    finished_at: Time
    namespace: Text = "protein"
    interrupted: Interruption | None = None
    """What ended the pass before its time."""
    targets: tuple[ReportedTarget, ...] = ()
    totals: Totals = Totals()
    states_before: dict[Text, int] = Field(default_factory=dict)
    """Runs by state, in our words; untracked runs are left out, ``unknown`` could not be told."""
    states_after: dict[Text, int] = Field(default_factory=dict)
    changes: tuple[ReportedChange, ...] = ()
    held: tuple[ReportedHold, ...] = ()
    errors: tuple[ReportedError, ...] = ()
    warnings: tuple[ReportedWarning, ...] = ()
    thresholds: Thresholds | None = None
    clock: ClockReading | None = None
    brake: Brake | None = None
    stand_down: StandDown | None = None
    race_window: RaceWindow | None = None
    requests: Requests | None = None
    false_positives: FalsePositives | None = None
    journal: Text | None = None
    """The path of the journal, with which all of this can be undone."""
    merged_journals: tuple[Text, ...] = ()
    """Those of the reports that this one was merged from; ``journal`` is None then."""
    shard: ReportedShard | None = None
    """None where the pass scanned all that its targets stand for."""
    merged_shards: tuple[ReportedShard, ...] = ()
    """Those of the reports that this one was merged from; ``shard`` is None then."""
