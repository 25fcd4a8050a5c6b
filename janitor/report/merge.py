"""Merges the reports of jobs that each processed a part of the targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Final, TypeVar

from janitor.errors import UsageError
from janitor.model import Outcome
from janitor.records.changes import ReportedChange, ReportedHold
from janitor.records.report import (
    MAX_WARNINGS,
    UNKNOWN_STATE,
    Brake,
    ClockReading,
    FalsePositives,
    RaceWindow,
    Report,
    ReportedWarning,
    Requests,
    StandDown,
    Totals,
)
from janitor.report import shards

_Entry = ReportedChange | ReportedHold
_Part = TypeVar("_Part")

_MUST_AGREE: Final = {
    "command": "are of different commands",
    "dry_run": "are of a dry run and of a real pass",
    "namespace": "are of different namespaces",
}


def merge(reports: Sequence[Report]) -> Report:
    """One report of several passes that scanned different targets.

    A run that is in several reports is counted once, from the earliest report. Clean and untracked
    runs have no entry in a report, so they are counted once per target.

    Raises:
        UsageError: the reports are of different kinds, or share a target. Reports that share a
            target are of successive passes; ``janitor report trend`` compares those.

    """
    first, *others = parts = sorted(reports, key=lambda report: report.started_at)
    if not others and first.shard is None:
        return first
    _check(parts)
    shards.check(parts)
    changes, held, repeated = _distinct(parts)
    return first.model_copy(
        update={
            "version": parts[-1].version,
            "finished_at": max(part.finished_at for part in parts),
            "interrupted": _first(part.interrupted for part in parts),
            "targets": tuple(chain.from_iterable(part.targets for part in parts)),
            "totals": _totals(parts, changes, held),
            "states_before": _states(parts, "states_before", map(_before, repeated)),
            "states_after": _states(parts, "states_after", map(_after, repeated)),
            "changes": changes,
            "held": held,
            "errors": tuple(chain.from_iterable(part.errors for part in parts)),
            "warnings": _warnings(parts),
            "thresholds": _if_all_the_same(part.thresholds for part in parts),
            "clock": _clock(parts),
            "brake": _brake(parts),
            "stand_down": _stand_down(parts),
            "race_window": _race_window(parts),
            "requests": _requests(parts),
            "false_positives": _false_positives(parts),
            "journal": None,
            "merged_journals": _all(parts, lambda part: (part.journal, *part.merged_journals)),
            "shard": None,
            "merged_shards": _all(parts, lambda part: (part.shard, *part.merged_shards)),
        }
    )


def _check(parts: Sequence[Report]) -> None:
    for name, problem in _MUST_AGREE.items():
        if len({getattr(part, name) for part in parts}) > 1:
            raise UsageError(f"these reports {problem}: merge reports of the same kind")
    targets = Counter(target.target for part in parts for target in part.targets)
    shared = [target for target, times in targets.items() if times > 1]
    if shared:
        raise UsageError(
            f"several of these reports are of {shared[0]}: only passes over different targets can"
            " be merged; `janitor report trend` compares passes over time"
        )


def _distinct(
    parts: Sequence[Report],
) -> tuple[tuple[ReportedChange, ...], tuple[ReportedHold, ...], list[_Entry]]:
    """The changes and the held runs, each run once, and the omitted duplicates."""
    seen: set[str] = set()
    changes: list[ReportedChange] = []
    held: list[ReportedHold] = []
    repeated: list[_Entry] = []
    for part in parts:
        entries: list[_Entry] = [*part.changes, *part.held]
        repeated += [entry for entry in entries if entry.run in seen]
        changes += [change for change in part.changes if change.run not in seen]
        held += [each for each in part.held if each.run not in seen]
        seen.update(entry.run for entry in entries)
    changes.sort(key=_order)
    held.sort(key=_order)
    return tuple(changes), tuple(held), repeated


def _order(entry: _Entry) -> tuple[str, str]:
    return entry.target or "", entry.run


def _totals(
    parts: Sequence[Report], changes: Sequence[ReportedChange], held: Sequence[ReportedHold]
) -> Totals:
    outcomes = Counter(change.outcome for change in changes)
    untracked = sum(part.totals.untracked for part in parts)
    clean = sum(part.totals.clean for part in parts)
    return Totals(
        runs=untracked + clean + len(held) + len(changes),
        untracked=untracked,
        clean=clean,
        held=len(held),
        written=outcomes[Outcome.WRITTEN],
        planned=outcomes[Outcome.PLANNED],
        superseded=outcomes[Outcome.SUPERSEDED],
        failed=outcomes[Outcome.FAILED],
    )


def _states(parts: Sequence[Report], name: str, repeated: Iterable[str]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(getattr(part, name))
    total.subtract(repeated)
    return {state: runs for state, runs in sorted(total.items()) if runs > 0}


def _before(entry: _Entry) -> str:
    return (entry.from_ if isinstance(entry, ReportedChange) else entry.state) or UNKNOWN_STATE


def _after(entry: _Entry) -> str:
    if isinstance(entry, ReportedChange) and entry.outcome is Outcome.WRITTEN:
        return entry.to
    return _before(entry)


def _warnings(parts: Sequence[Report]) -> tuple[ReportedWarning, ...]:
    found = list(chain.from_iterable(part.warnings for part in parts))
    if len(found) <= MAX_WARNINGS + 1:
        return tuple(found)
    left_out = f"{len(found) - MAX_WARNINGS} more warnings are omitted"
    return (*found[:MAX_WARNINGS], ReportedWarning(message=left_out))


def _clock(parts: Sequence[Report]) -> ClockReading | None:
    """The clock with a warning, or else the one with the largest offset."""
    clocks = [part.clock for part in parts if part.clock]
    return max(
        clocks,
        key=lambda clock: (clock.warning is not None, abs(clock.offset_seconds or 0)),
        default=None,
    )


def _brake(parts: Sequence[Report]) -> Brake | None:
    brakes = [part.brake for part in parts if part.brake]
    worst = max(brakes, key=lambda brake: (brake.tripped, not brake.overruled), default=None)
    said = shards.by_shard(
        parts, lambda part: part.brake.message if part.brake and part.brake.tripped else None
    )
    return worst.model_copy(update={"message": said}) if worst and said else worst


def _stand_down(parts: Sequence[Report]) -> StandDown | None:
    found = [part.stand_down for part in parts if part.stand_down]
    worst = max(found, key=lambda each: (each.active, each.share), default=None)
    said = shards.by_shard(
        parts,
        lambda part: (
            part.stand_down.message if part.stand_down and part.stand_down.active else None
        ),
    )
    return worst.model_copy(update={"message": said}) if worst and said else worst


def _race_window(parts: Sequence[Report]) -> RaceWindow | None:
    """Without a median: it cannot be computed from the medians of the parts."""
    found = [part.race_window for part in parts if part.race_window]
    longest = [each.max_seconds for each in found if each.max_seconds is not None]
    writes = sum(each.writes for each in found)
    return RaceWindow(max_seconds=max(longest, default=None), writes=writes) if found else None


def _requests(parts: Sequence[Report]) -> Requests | None:
    found = [part.requests for part in parts if part.requests]
    if not found:
        return None
    shares = [each.limit_used_percent for each in found if each.limit_used_percent is not None]
    names = Requests.model_fields.keys() - {"limit_used_percent"}
    summed: dict[str, Any] = {name: sum(getattr(each, name) for each in found) for name in names}
    return Requests(**summed, limit_used_percent=max(shares, default=None))


def _false_positives(parts: Sequence[Report]) -> FalsePositives | None:
    found = [part.false_positives for part in parts if part.false_positives]
    by_rule: Counter[str] = Counter()
    for each in found:
        by_rule.update(each.by_rule)
    suggested = [
        each.suggested_heartbeat_timeout_seconds
        for each in found
        if each.suggested_heartbeat_timeout_seconds is not None
    ]
    if not found:
        return None
    return FalsePositives(
        by_rule=dict(sorted(by_rule.items())),
        runs=_all(found, lambda each: each.runs),
        suggested_heartbeat_timeout_seconds=max(suggested, default=None),
    )


def _first(found: Iterable[_Part | None]) -> _Part | None:
    return next((each for each in found if each is not None), None)


def _if_all_the_same(found: Iterable[Any]) -> Any:
    first, *others = found
    return first if all(each == first for each in others) else None


def _all(parts: Sequence[_Part], of: Callable[[_Part], Iterable[Any]]) -> tuple[Any, ...]:
    """The distinct values of all parts, in order."""
    found = chain.from_iterable(map(of, parts))
    return tuple(dict.fromkeys(each for each in found if each is not None))
