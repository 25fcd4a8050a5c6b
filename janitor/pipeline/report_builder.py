"""Builds the report of a pass. Only changed and held runs are kept as objects."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from janitor import __version__
from janitor.errors import ReportError
from janitor.model import Outcome
from janitor.records.changes import ReportedChange, ReportedHold
from janitor.records.report import (
    MAX_WARNINGS,
    UNKNOWN_STATE,
    Brake,
    ClockReading,
    Command,
    FalsePositives,
    RaceWindow,
    Report,
    ReportedError,
    ReportedShard,
    ReportedTarget,
    ReportedWarning,
    Requests,
    StandDown,
    Thresholds,
    Totals,
)
from janitor.runtime.interrupt import Interruption


@dataclass(slots=True, kw_only=True)
class ReportDraft:
    """A report under construction. For use in one thread.

    Pass each run exactly once to ``add_change``, ``add_held``, ``count_clean`` or
    ``count_untracked``, when its outcome is known. The public attributes can be set at any time.
    """

    command: Command
    dry_run: bool
    started_at: datetime
    namespace: str = "protein"
    thresholds: Thresholds | None = None
    clock: ClockReading | None = None
    brake: Brake | None = None
    stand_down: StandDown | None = None
    race_window: RaceWindow | None = None
    requests: Requests | None = None
    false_positives: FalsePositives | None = None
    journal: str | None = None
    shard: ReportedShard | None = None
    interrupted: Interruption | None = None
    _targets: list[ReportedTarget] = field(default_factory=list)
    _changes: list[ReportedChange] = field(default_factory=list)
    _held: list[ReportedHold] = field(default_factory=list)
    _errors: list[ReportedError] = field(default_factory=list)
    _warnings: list[ReportedWarning] = field(default_factory=list)
    _warnings_left_out: int = 0
    _clean: int = 0
    _untracked: int = 0
    _before: Counter[str] = field(default_factory=Counter)
    _after: Counter[str] = field(default_factory=Counter)

    def add_target(self, target: ReportedTarget) -> None:
        """Add a sweep or group that was scanned completely or in part."""
        self._targets.append(target)

    def add_change(self, change: ReportedChange, *, state_after: str | None = None) -> None:
        """Add a run that was changed, or that should have been.

        ``state_after`` is the run's state now, if it does not follow from the outcome (a
        superseded run). Otherwise it is ``to`` if the change was written, and ``from`` if not.
        """
        self._changes.append(change)
        self._before[change.from_] += 1
        written = change.outcome is Outcome.WRITTEN
        self._after[state_after or (change.to if written else change.from_)] += 1

    def add_held(self, held: ReportedHold) -> None:
        """Add a run that was left unchanged, with the reason."""
        self._held.append(held)
        self._count_unchanged(held.state or UNKNOWN_STATE)

    def count_clean(self, state: str, runs: int = 1) -> None:
        """Count runs in this state that need no change."""
        self._clean += runs
        self._count_unchanged(state, runs)

    def count_untracked(self, runs: int = 1) -> None:
        """Count untracked runs."""
        self._untracked += runs

    def add_error(
        self, message: str, *, target: str | None = None, transient: bool = False
    ) -> None:
        """Add an error of a target or of the pass."""
        self._errors.append(ReportedError(target=target, message=message, transient=transient))

    def add_warning(self, message: str, *, run: str | None = None) -> None:
        """Add a problem that did not stop the pass."""
        if len(self._warnings) < MAX_WARNINGS:
            self._warnings.append(ReportedWarning(run=run, message=message))
        else:
            self._warnings_left_out += 1

    def finish(self, finished_at: datetime, *, runs: int) -> Report:
        """The report, sorted by target and run.

        ``runs`` is the number of distinct runs that the pass read, as the scan counted them.

        Raises:
            ReportError: the report lacks a run or contains one twice. That is a bug in the
                janitor.

        """
        totals = self._totals()
        self._check_each_run_occurs_once(totals, runs)
        return Report(
            version=__version__,
            command=self.command,
            dry_run=self.dry_run,
            started_at=self.started_at,
            finished_at=finished_at,
            namespace=self.namespace,
            interrupted=self.interrupted,
            targets=tuple(self._targets),
            totals=totals,
            states_before=dict(sorted(self._before.items())),
            states_after=dict(sorted(self._after.items())),
            changes=tuple(sorted(self._changes, key=_order)),
            held=tuple(sorted(self._held, key=_order)),
            errors=tuple(self._errors),
            warnings=tuple(self._all_warnings()),
            thresholds=self.thresholds,
            clock=self.clock,
            brake=self.brake,
            stand_down=self.stand_down,
            race_window=self.race_window,
            requests=self.requests,
            false_positives=self.false_positives,
            journal=self.journal,
            shard=self.shard,
        )

    def _count_unchanged(self, state: str, runs: int = 1) -> None:
        self._before[state] += runs
        self._after[state] += runs

    def _totals(self) -> Totals:
        outcomes = Counter(change.outcome for change in self._changes)
        return Totals(
            runs=self._untracked + self._clean + len(self._held) + len(self._changes),
            untracked=self._untracked,
            clean=self._clean,
            held=len(self._held),
            written=outcomes[Outcome.WRITTEN],
            planned=outcomes[Outcome.PLANNED],
            superseded=outcomes[Outcome.SUPERSEDED],
            failed=outcomes[Outcome.FAILED],
        )

    def _check_each_run_occurs_once(self, totals: Totals, runs: int) -> None:
        named = Counter(change.run for change in self._changes)
        named.update(held.run for held in self._held)
        twice = [run for run, times in named.items() if times > 1]
        if twice:
            raise ReportError(f"{_BUG}: the report contains the run {twice[0]} twice")
        if totals.runs != runs:
            raise ReportError(f"{_BUG}: {runs} runs were read, {totals.runs} are reported")

    def _all_warnings(self) -> list[ReportedWarning]:
        if not self._warnings_left_out:
            return self._warnings
        message = f"{self._warnings_left_out} more warnings are omitted"
        return [*self._warnings, ReportedWarning(message=message)]


_BUG = "this is a bug in the janitor, please report it to its maintainers"


def _order(entry: ReportedChange | ReportedHold) -> tuple[str, str]:
    return entry.target or "", entry.run
