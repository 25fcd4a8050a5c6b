"""The data of the charts of a report: plain rows of counts, times and names."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from janitor.model import Outcome, SweepRunState
from janitor.records.changes import ReportedChange
from janitor.records.report import Report
from janitor.report.sanitize import visible
from janitor.report.trend import Trend

MOVED_ON: Final = "moved on"
"""Superseded runs: they changed their state themselves."""
KINDS: Final = ("repaired", "planned", "failed", "superseded", "held")
"""The kinds of changed and held runs, in the order of colours and stacks."""
_KIND_OF: Final = {
    Outcome.WRITTEN: "repaired",
    Outcome.PLANNED: "planned",
    Outcome.FAILED: "failed",
    Outcome.SUPERSEDED: "superseded",
}
_PASSES: Final = 400
"""The maximum number of passes in a chart; the latest are shown."""
_LABEL: Final = 28
"""Characters of a name next to a chart."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The repaired runs that fit into a chart."""

    rows: tuple[Row, ...]
    """``run``, ``created``, ``alive`` and ``repaired``, in milliseconds since 1970."""
    left_out: int


def kind_of(change: ReportedChange) -> str:
    """One of :data:`KINDS`."""
    return _KIND_OF[change.outcome]


def transitions(report: Report) -> list[Row]:
    """Runs by their states before and after; in a dry run, after what is planned."""
    moved: Counter[tuple[str, str]] = Counter()
    left: Counter[str] = Counter()
    counted = {Outcome.PLANNED} if report.dry_run else {Outcome.WRITTEN}
    for change in report.changes:
        if change.outcome in counted:
            moved[change.from_, change.to] += 1
        elif change.outcome is Outcome.SUPERSEDED:
            moved[change.from_, MOVED_ON] += 1
        else:
            continue
        left[change.from_] += 1
    rows = [_transition(*states, runs, changed=True) for states, runs in moved.items()]
    stayed = {state: runs - left[state] for state, runs in report.states_before.items()}
    rows += [
        _transition(state, state, runs, changed=False) for state, runs in stayed.items() if runs > 0
    ]
    return rows


def ages(report: Report, factor: float) -> list[Row]:
    """A histogram of how long runs were silent, by kind: bars ``from`` and ``to`` seconds.

    The edges of a bar differ by ``factor``. A silence of less than a second counts as one second.
    """
    silent = [
        (change.evidence.age_seconds, kind_of(change))
        for change in report.changes
        if change.evidence.age_seconds is not None
    ]
    silent += [
        ((report.started_at - held.last_alive).total_seconds(), "held")
        for held in report.held
        if held.last_alive is not None
    ]
    bars = Counter(
        (math.floor(math.log(max(age, 1.0), factor)), kind) for age, kind in silent if age > 0
    )
    return [
        {"from": factor**bar, "to": factor ** (bar + 1), "kind": kind, "runs": runs}
        for (bar, kind), runs in bars.items()
    ]


def timeline(report: Report, most: int) -> Timeline:
    """When runs were created, last alive and repaired; the longest silent first."""
    written = [change for change in report.changes if change.outcome is Outcome.WRITTEN]
    known = (
        (change, created, alive)
        for change in written
        if (created := change.created_at) and (alive := change.last_alive)
    )
    drawn = heapq.nsmallest(most, known, key=lambda each: (each[2], each[0].run))
    labels = Counter(_label(change) for change, _, _ in drawn)
    rows = tuple(
        {
            "run": _label(change) if labels[_label(change)] == 1 else _shown(change.run),
            "created": _milliseconds(created),
            "alive": _milliseconds(alive),
            "repaired": _milliseconds(_repaired_at(change, report)),
        }
        for change, created, alive in drawn
    )
    return Timeline(rows, len(written) - len(rows))


def per_sweep(report: Report, most: int) -> list[Row]:
    """Runs that were changed or held, by sweep and kind; the largest sweeps first."""
    counts = Counter(_changed_and_held(report))
    totals: Counter[str] = Counter()
    for (sweep, _), runs in counts.items():
        totals[sweep] += runs
    named = [sweep for sweep, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))]
    rest = f"{len(named) - most:,} more" if len(named) > most else None
    place = {sweep: sweep if rank < most else rest for rank, sweep in enumerate(named)}
    merged: Counter[tuple[str | None, str]] = Counter()
    for (sweep, kind), runs in counts.items():
        merged[place[sweep], kind] += runs
    order = [*named[:most], rest]
    return [
        {"sweep": sweep, "kind": kind, "runs": runs, "rank": order.index(sweep)}
        for (sweep, kind), runs in merged.items()
    ]


def over_time(trend: Trend, name: str, most: int) -> list[Row]:
    """One of the counts of each pass, by name; the less frequent names are summed up."""
    totals = [each for each, _ in trend.totals(name).most_common()]
    rest = f"{len(totals) - most + 1:,} more"
    named = {each: each for each in totals[: most if len(totals) <= most else most - 1]}
    rows = []
    for number, each in enumerate(trend.passes[-_PASSES:]):
        counts: Counter[str] = Counter()
        for key, runs in getattr(each, name).items():
            counts[named.get(key, rest)] += runs
        label = f"{each.at:%m-%d %H:%M}"
        rows += [
            {
                "at": number,
                "pass": label,
                "name": _shown(key),
                "runs": runs,
                "rank": totals.index(key) if key in named else len(totals),
            }
            for key, runs in (counts.items() if counts else [(totals[0], 0)] if totals else [])
        ]
    return rows


def in_order(states: Iterable[str]) -> list[str]:
    """The janitor's states in their usual order, then all other words."""
    usual = [state.value for state in SweepRunState]
    return sorted(states, key=lambda state: (_rank(state, usual), state))


def _rank(state: str, usual: list[str]) -> int:
    if state == MOVED_ON:
        return len(usual) + 1
    return usual.index(state) if state in usual else len(usual)


def _changed_and_held(report: Report) -> Iterator[tuple[str, str]]:
    for change in report.changes:
        yield _sweep(change.sweep, change.target), kind_of(change)
    for held in report.held:
        yield _sweep(held.sweep, held.target), "held"


def _sweep(sweep: str | None, target: str | None) -> str:
    """The target's path without the entity, which is the same for most."""
    parts = (target or "").split("/", 1)
    return _shown(parts[-1] or sweep or "no sweep")


def _transition(before: str, after: str, runs: int, *, changed: bool) -> Row:
    return {"before": _shown(before), "after": _shown(after), "runs": runs, "changed": changed}


def _label(change: ReportedChange) -> str:
    return _shown(change.name or change.run.rpartition("/")[2])


def _shown(text: str) -> str:
    return visible(text, _LABEL)


def _repaired_at(change: ReportedChange, report: Report) -> datetime:
    """The time of the write, from the janitor's mark."""
    for key, value in change.after.items():
        if key.endswith(("janitor.at", "janitor/at")) and isinstance(value, str):
            try:
                written = datetime.fromisoformat(value)
            except ValueError:
                continue
            if written.tzinfo is not None:
                return written
    return report.finished_at


def _milliseconds(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp() * 1000
