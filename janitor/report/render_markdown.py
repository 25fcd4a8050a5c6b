"""The report as GitHub-flavoured Markdown: a summary first, then the tables.

It fits GitHub's step summary, which refuses more than 1 MiB. Each part has a share of that. A table
that is larger is cut, with a note about the number of omitted rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from janitor.model.wording import and_more
from janitor.records.changes import ReportedChange
from janitor.records.report import Report
from janitor.report import headline
from janitor.report.sanitize import visible, web_page

_SHARES: Final = {"changes": 600_000, "held": 150_000, "errors": 100_000, "warnings": 100_000}
"""Bytes for the rows of each table; the rest of the MiB is for everything else."""
_RUNS_NAMED: Final = 10
"""Held runs listed per reason."""
_NAME, _SENTENCE = 100, 500
"""Characters of a name and of a sentence that are shown."""

_MARKUP: Final = re.compile(r"[\\`*\[\]<>|~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
"""What begins or ends markup. An underscore in a word and a single ampersand do not."""
_NOT_IN_LINKS: Final = re.compile(r"[\\`<>|\[\]]")
_ADDRESS: Final = re.compile(r"(?i)(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)")
"""Where a bare address would become a link: before the slashes, the dot, the at sign."""


def render(report: Report) -> str:
    """The report's Markdown text."""
    parts = [
        "# Janitor report",
        f"**{as_markdown(headline.headline(report))}**",
        *_list(headline.notices(report)),
        *_way_back(report),
        *_totals(report),
        *_changes(report),
        *_held(report),
        *_errors(report),
        *_warnings(report),
        f"*{as_markdown(headline.signature(report))}*",
    ]
    return "\n\n".join(parts) + "\n"


def _list(notices: Sequence[str]) -> list[str]:
    """A list, if there is anything to list."""
    lines = [f"- {as_markdown(notice)}" for notice in notices[:50]]
    if len(notices) > len(lines):
        lines.append(f"- and {len(notices) - len(lines):,} more")
    return ["\n".join(lines)] if lines else []


def _way_back(report: Report) -> list[str]:
    command = headline.way_back(report)
    return [f"Undo: {_code(command)}"] if command else []


def _totals(report: Report) -> list[str]:
    counts = headline.counts(report)
    names = " | ".join(name for name, _ in counts)
    totals = f"| {names} |\n|{'--:|' * len(counts)}\n"
    totals += f"| {' | '.join(f'{count:,}' for _, count in counts)} |"
    states = sorted(report.states_before.keys() | report.states_after.keys())
    before, after = report.states_before, report.states_after
    rows = [
        (as_markdown(state), f"{before.get(state, 0):,} → {after.get(state, 0):,}")
        for state in states
    ]
    return [totals, *_table(("State", "Runs before → after"), rows[:100], 50_000)]


def _changes(report: Report) -> list[str]:
    rows = (
        (
            _run(change),
            f"{as_markdown(change.shown_from)} → {as_markdown(change.shown_to)}",
            as_markdown(change.rule),
            as_markdown(change.reason),
            _outcome(change),
        )
        for change in report.changes
    )
    header = ("Run", "State", "Rule", "Why", "Outcome")
    return _section("Changes", len(report.changes), header, rows, _SHARES["changes"])


def _held(report: Report) -> list[str]:
    rows = (
        (f"{len(group.held):,}", as_markdown(group.reason), _named(group))
        for group in headline.hold_groups(report)
    )
    return _section("Held", len(report.held), ("Runs", "Why", "Which"), rows, _SHARES["held"])


def _errors(report: Report) -> list[str]:
    rows = (
        (as_markdown(error.target or ""), as_markdown(error.message)) for error in report.errors
    )
    return _section("Errors", len(report.errors), ("Target", "What"), rows, _SHARES["errors"])


def _warnings(report: Report) -> list[str]:
    rows = (
        (as_markdown(warning.run or ""), as_markdown(warning.message))
        for warning in report.warnings
    )
    return _section("Warnings", len(report.warnings), ("Run", "What"), rows, _SHARES["warnings"])


def _section(
    title: str, count: int, header: Sequence[str], rows: Iterable[Sequence[str]], share: int
) -> list[str]:
    """A heading and a table, if there are rows."""
    return [f"## {title} ({count:,})", *_table(header, rows, share)] if count else []


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], share: int) -> list[str]:
    """A table of at most this many bytes, and a note if rows are omitted."""
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    left_out = 0
    for row in rows:
        line = f"| {' | '.join(row)} |"
        share -= len(line.encode()) + 1
        if share < 0:
            left_out += 1
        else:
            lines.append(line)
    if len(lines) == 2 and not left_out:
        return []
    table = "\n".join(lines)
    if not left_out:
        return [table]
    return [table, f"*{left_out:,} more rows are omitted here; a .json or .csv report has all.*"]


def _run(change: ReportedChange) -> str:
    path, page = as_markdown(change.run, _NAME), web_page(change.url)
    linked = f"[{path}](<{_NOT_IN_LINKS.sub(_percent_encoded, page)}>)" if page else path
    return f"{linked} {as_markdown(change.name, _NAME)}".rstrip()


def _named(group: headline.HoldGroup) -> str:
    first = [as_markdown(held.run, _NAME) for held in group.held[:_RUNS_NAMED]]
    return and_more(first, len(group.held))


def _outcome(change: ReportedChange) -> str:
    return (
        f"{change.outcome}: {as_markdown(change.error)}" if change.error else change.outcome.value
    )


def as_markdown(text: str, limit: int = _SENTENCE) -> str:
    """Text in which nothing is markup, a link or a picture."""
    escaped = _MARKUP.sub(r"\\\g<0>", visible(text, limit))
    return _ADDRESS.sub(r"\\", escaped)


def _code(text: str) -> str:
    """Text to copy, as a code span with more backticks around it than in it."""
    text = visible(text)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"{fence}{text}{fence}"


def _percent_encoded(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"
