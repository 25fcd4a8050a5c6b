"""Trends over several passes: stuck runs by sweep and by rule, and false positives."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from janitor.model import Outcome
from janitor.model.wording import counted
from janitor.records.json_text import format_time
from janitor.records.report import Report
from janitor.report.render_csv import as_cell
from janitor.report.sanitize import visible
from janitor.storage import strict_json

_NAME: Final = 60
_ROWS: Final = 30
"""Sweeps with their own row; one more row sums up the others."""
_COUNTED: Final = frozenset({"fix", "plan", "apply"})


@dataclass(frozen=True, slots=True)
class Passed:
    """One pass."""

    at: datetime
    command: str
    runs: int
    written: int
    held: int
    false_positives: int
    by_sweep: Counter[str]
    """Stuck runs by sweep, with any outcome."""
    by_rule: Counter[str]
    returned_by_rule: Counter[str]

    @property
    def stuck(self) -> int:
        """Runs that a rule wanted to change."""
        return self.by_rule.total()


@dataclass(frozen=True, slots=True)
class TrendTable:
    """A table with columns of words, then columns of figures."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int
    """The number of columns with words; the others have figures."""


@dataclass(slots=True)
class Trend:
    """A collection of passes, each once. An undo does not judge runs, so it is not counted."""

    _passes: dict[tuple[Any, ...], Passed] = field(default_factory=dict)

    def add(self, report: Report) -> None:
        """Add a report. Only its figures are kept."""
        if report.command not in _COUNTED:
            return
        targets = tuple(target.target for target in report.targets)
        self._passes[report.started_at, report.finished_at, targets] = _passed(report)

    @property
    def passes(self) -> list[Passed]:
        """The passes, earliest first."""
        return [self._passes[key] for key in sorted(self._passes)]

    def totals(self, name: str) -> Counter[str]:
        """One of the counts (a field of :class:`Passed`), summed over all passes."""
        total: Counter[str] = Counter()
        for each in self._passes.values():
            total.update(getattr(each, name))
        return total


def as_text(trend: Trend, console: Console) -> str:
    """Tables for a terminal, plain lines otherwise."""
    if not console.is_terminal:
        return "".join(f"{line}\n" for line in _lines(trend))
    with console.capture() as captured:
        for table in tables(trend):
            console.print(_on_console(table))
    return captured.get()


def as_csv(trend: Trend) -> str:
    """One row per pass and count: of all runs, of each sweep, of each rule."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(("at", "command", "kind", "name", "runs"))
    for each in trend.passes:
        for kind, name, runs in _figures(each):
            rows.writerow((format_time(each.at), each.command, kind, as_cell(name), runs))
    return file.getvalue()


def as_json(trend: Trend) -> str:
    """A list of passes."""
    passes = [
        {
            "at": format_time(each.at),
            "command": each.command,
            **_of_all(each),
            "stuck_by_sweep": dict(each.by_sweep),
            "stuck_by_rule": dict(each.by_rule),
            "false_positives_by_rule": dict(each.returned_by_rule),
        }
        for each in trend.passes
    ]
    lines = ",\n".join(f"  {strict_json.dumps(each)}" for each in passes)
    return f'{{\n "schema": "janitor.trend/1",\n "passes": [\n{lines}\n ]\n}}\n'


def headline(trend: Trend) -> str:
    """What all passes found, in a sentence."""
    passes = trend.passes
    if not passes:
        return "There are no reports of passes here."
    stuck = sum(each.stuck for each in passes)
    written = sum(each.written for each in passes)
    returned = sum(each.false_positives for each in passes)
    since = f"{len(passes):,} passes since {passes[0].at:%Y-%m-%d}"
    return (
        f"{since}: {stuck:,} runs found stuck, {written:,} repaired, {returned:,} false positives."
    )


def tables(trend: Trend) -> list[TrendTable]:
    """The passes, the latest first; the sweeps; the rules."""
    passes = [
        (
            each.at.strftime("%Y-%m-%d %H:%M"),
            each.command,
            *(f"{figure:,}" for figure in _of_all(each).values()),
        )
        for each in reversed(trend.passes)
    ]
    figures = ("Runs", "Stuck", "Repaired", "Held", "False positives")
    sweeps = [(name, found_in, f"{stuck:,}") for name, found_in, stuck in _sweeps(trend)]
    returned = trend.totals("returned_by_rule")
    rules = [
        (_shown(rule), f"{stuck:,}", f"{returned[rule]:,}")
        for rule, stuck in trend.totals("by_rule").most_common()
    ]
    return [
        TrendTable("Passes", ("Began (UTC)", "Command", *figures), passes, words=2),
        TrendTable("Sweeps", ("Sweep", "Found in", "Stuck"), sweeps, words=2),
        TrendTable("Rules", ("Rule", "Stuck", "False positives"), rules, words=1),
    ]


def _of_all(each: Passed) -> dict[str, int]:
    return {
        "runs": each.runs,
        "stuck": each.stuck,
        "written": each.written,
        "held": each.held,
        "false_positives": each.false_positives,
    }


def _passed(report: Report) -> Passed:
    returned = report.false_positives
    stuck = [change for change in report.changes if change.rule != "resurrected"]
    return Passed(
        at=report.started_at,
        command=f"{report.command} (dry run)" if report.dry_run else report.command,
        runs=report.totals.runs,
        written=sum(change.outcome is Outcome.WRITTEN for change in stuck),
        held=report.totals.held,
        false_positives=len(returned.runs) if returned else 0,
        by_sweep=Counter(change.target or change.sweep or "no sweep" for change in stuck),
        by_rule=Counter(change.rule for change in stuck),
        returned_by_rule=Counter(returned.by_rule if returned else {}),
    )


def _figures(each: Passed) -> Iterator[tuple[str, str, int]]:
    yield from ((kind, "", runs) for kind, runs in _of_all(each).items())
    yield from (("stuck_of_sweep", name, runs) for name, runs in sorted(each.by_sweep.items()))
    yield from (("stuck_by_rule", name, runs) for name, runs in sorted(each.by_rule.items()))
    for name, runs in sorted(each.returned_by_rule.items()):
        yield "false_positives_of_rule", name, runs


def _lines(trend: Trend) -> Iterator[str]:
    for each in trend.passes:
        yield (
            f"{each.at:%Y-%m-%d %H:%M} UTC: {each.command}, {each.runs:,} runs,"
            f" {each.stuck:,} stuck, {each.written:,} repaired, {each.held:,} held,"
            f" {each.false_positives:,} false positives"
        )
    for name, passes, stuck in _sweeps(trend):
        yield f"sweep {name}: {stuck:,} stuck in {passes}"
    returned = trend.totals("returned_by_rule")
    for rule, stuck in trend.totals("by_rule").most_common():
        yield f"rule {_shown(rule)}: {stuck:,} stuck, {returned[rule]:,} false positives"


def _on_console(trend_table: TrendTable) -> Table:
    table = Table(title=trend_table.title, title_justify="left")
    for number, name in enumerate(trend_table.header):
        justify: JustifyMethod = "left" if number < trend_table.words else "right"
        table.add_column(name, justify=justify, overflow="fold")
    for row in trend_table.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _sweeps(trend: Trend) -> Iterator[tuple[str, str, int]]:
    """The sweeps with the most stuck runs: name, in how many passes, how many runs."""
    totals = trend.totals("by_sweep").most_common()
    for name, stuck in totals[:_ROWS]:
        passes = sum(name in each.by_sweep for each in trend.passes)
        yield _shown(name), counted(passes, "pass", "passes"), stuck
    if len(totals) > _ROWS:
        rest = sum(stuck for _, stuck in totals[_ROWS:])
        yield f"{len(totals) - _ROWS:,} more", "several passes", rest


def _shown(name: str) -> str:
    return visible(name, _NAME)
