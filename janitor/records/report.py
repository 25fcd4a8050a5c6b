r"""The report as data: what a pass read, changed and left unchanged, and why.

The schema is ``janitor.report/1``. Code that makes a report can only use the fields defined here
(``extra="forbid"``). A file is read with more tolerance (:mod:`janitor.records.base`): later
versions of ``/1`` only add fields, so unknown fields come from a later version and are skipped. A
version that removes a field or changes its meaning is ``/2``, which this version refuses.

Text is for people, so half a surrogate pair in it is shown as ``\ud800``. The values in ``before``
and ``after`` are data and stay exactly as they were.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, WithJsonSchema

from janitor.model import THRESHOLDS
from janitor.records.base import Part, Text, Time
from janitor.records.changes import ReportedChange, ReportedHold
from janitor.runtime.interrupt import Interruption

SCHEMA: Final = "janitor.report/1"

Command = Literal["fix", "plan", "apply", "undo"]

UNKNOWN_STATE: Final = "unknown"
"""The count of runs that the janitor judges and whose state cannot be read."""

MAX_WARNINGS: Final = 1000
"""One wrong clock can affect every run of a project; further warnings are only counted."""


class ReportedTarget(Part):
    """One sweep or group, and whether all of it was seen."""

    target: Text
    runs_expected: int | None
    """The number of runs according to the store; None if the store did not answer."""
    runs_seen: int
    """Distinct runs."""
    complete: bool
    duplicates: int = 0
    """Runs that the store returned a second time."""
    missing: int = 0
    """Runs that the store counted, but did not return."""
    left_out: int = 0
    """Further runs that were not read: silent for longer than ``active_since``."""
    runs_known: int = 0
    """Runs among those seen that were not read again: an earlier pass found that they had ended,
    and the store counts exactly this many without a change since then."""
    known_since: Time | None = None
    """When every run of the target was last read, if some were not read now."""
    whole_because: Text | None = None
    """Why every run was read, if an incremental pass was tried."""


class Totals(Part):
    """Numbers of distinct runs. Each run is in exactly one of the seven kinds."""

    runs: int = 0
    untracked: int = 0
    clean: int = 0
    held: int = 0
    written: int = 0
    planned: int = 0
    superseded: int = 0
    failed: int = 0


class ReportedError(Part):
    """Something that went wrong with a target, or with the pass itself (``target`` None)."""

    target: Text | None
    message: Text
    transient: bool = False
    """Whether the next pass may succeed: the server did not answer, or answered with an error."""


class ReportedWarning(Part):
    """A problem that did not stop the pass: an unreadable time, a wrong clock, a duplicate."""

    run: Text | None = None
    message: Text


class ClockReading(Part):
    """The clock that every age was measured with."""

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
"""The durations of the policy that the pass used, in seconds, as ``NAME_seconds``. A report from an
earlier version lacks the settings that did not exist yet."""


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
        """The brake, tripped by this many changes."""
        return cls(
            tripped=True,
            limit="max_changes",
            allowed=allowed,
            found=found,
            message=f"{found} changes are {found - allowed} more than max_changes ({allowed})"
            " allows",
        )


class ReportedOutage(Part):
    """A period in which runs of these projects could not report."""

    start: Time
    end: Time | None = None
    """None while it lasts; equal to ``start`` if it proved not to be an outage."""
    projects: tuple[Text, ...] = ()
    """As ENTITY/PROJECT."""


class StandDown(Part):
    """Whether so many runs went silent at once that an outage is suspected."""

    active: bool
    silent: int = 0
    """Runs that went silent within the window."""
    open: int = 0
    """Open runs that are active or crashed according to W&B."""
    share: float = 0.0
    """``silent`` / ``open``."""
    window_start: Time | None = None
    window_end: Time | None = None
    message: Text | None = None
    outages: tuple[ReportedOutage, ...] = ()
    """The outages that this pass and earlier ones found; a later pass reads them from here."""


class RaceWindow(Part):
    """The time between a fresh read and the write that followed it."""

    median_seconds: float | None = None
    max_seconds: float | None = None
    writes: int = 0


class Requests(Part):
    """The requests and bytes of the pass."""

    reads: int = 0
    writes: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    retries: int = 0
    throttled: int = 0
    """Answers of the server that it is asked too often (HTTP 429)."""
    waited_seconds: float = 0.0
    """How long requests waited in total, to keep the server's pace."""
    limit_used_percent: float | None = None
    """The share of the server's rate limit that was used up at the end of the pass, by all
    programs with this login; None if the server names no limit."""


class FalsePositives(Part):
    """Runs that an earlier pass marked as ended and that are alive."""

    by_rule: dict[Text, int] = Field(default_factory=dict)
    runs: tuple[Text, ...] = ()
    suggested_heartbeat_timeout_seconds: float | None = None


class Report(Part):
    """One pass."""

    schema_: Literal["janitor.report/1"] = Field(default=SCHEMA, alias="schema")
    version: Text
    """The version of the janitor."""
    command: Command = "fix"
    dry_run: bool
    started_at: Time
    finished_at: Time
    namespace: Text = "protein"
    interrupted: Interruption | None = None
    """What ended the pass early."""
    targets: tuple[ReportedTarget, ...] = ()
    totals: Totals = Totals()
    states_before: dict[Text, int] = Field(default_factory=dict)
    """Runs by state, in the janitor's words; without untracked runs. ``unknown``: not readable."""
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
    """The path of the journal, with which the pass can be undone."""
    merged_journals: tuple[Text, ...] = ()
    """The journals of the reports that this one was merged from; ``journal`` is None then."""
    shard: ReportedShard | None = None
    """None if the pass scanned all sweeps of its targets."""
    merged_shards: tuple[ReportedShard, ...] = ()
    """The shards of the reports that this one was merged from; ``shard`` is None then."""
