"""The sentences and groups that all human-readable reports use. Plain text, not yet escaped."""

from __future__ import annotations

import math
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from janitor.model import Outcome
from janitor.model.wording import counted, format_age
from janitor.records.changes import ReportedHold
from janitor.records.report import FalsePositives, Report, ReportedTarget
from janitor.report import shards

_AGE: Final = r"\d+ (?:second|minute|hour|day|month|year)s?"
_AGES: Final = re.compile(rf"{_AGE}(?:(?:, | and |, and ){_AGE})*")
_UNWRITTEN: Final = "not written: "
"""How the error of a failed change begins if the server certainly wrote nothing."""
_ASIDE: Final = re.compile(r" \([^()]*\)")


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Changes of one kind."""

    outcome: Outcome
    to: str
    rule: str
    runs: int


@dataclass(frozen=True, slots=True)
class HoldGroup:
    """Held runs whose reasons differ only in numbers."""

    reason: str
    """The common reason; if the ages differ, "a while" replaces them."""
    held: tuple[ReportedHold, ...]


def headline(report: Report) -> str:
    """What was changed and why, in a few sentences."""
    totals = report.totals
    dry_run = report.dry_run
    sentences = ["Nothing was written (dry run)."] if dry_run else []
    if not (totals.runs or report.errors or report.shard) and report.command in {"fix", "plan"}:
        return " ".join([*sentences, NO_RUNS])
    if totals.runs and totals.untracked == totals.runs:
        return " ".join([*sentences, f"{none_tracked(totals.runs, report.namespace)}."])
    if totals.written or not (dry_run or totals.planned):
        sentences.append(f"{_repaired(report)}.")
    if totals.planned or dry_run:
        why = "" if dry_run else f"; {_why_not_tried(report)}"
        sentences.append(f"{_planned(report)}{why}.")
    if totals.failed:
        sentences.append(f"{counted(totals.failed, 'run')} could not be repaired.")
    if totals.superseded:
        were = "was" if totals.superseded == 1 else "were"
        sentences.append(
            f"{counted(totals.superseded, 'run')} changed meanwhile and {were} skipped."
        )
    return " ".join(sentences)


def none_tracked(runs: int, namespace: str) -> str:
    """That the janitor judges none of so many runs, as all human-readable output says it."""
    are, their = ("is", "its") if runs == 1 else ("are", "their")
    return f"0 of {counted(runs, 'run')} {are} tracked: no {namespace}.state in {their} summary"


NO_RUNS: Final = (
    "No run was found. A project stands for the runs of its sweeps; --include all adds its other"
    " runs."
)


WITHOUT_A_STATE: Final = (
    "Runs without a state are not judged. If your runs keep it under another prefix, name that with"
    " --namespace (`janitor init` finds it). To judge them by what W&B knows, preview"
    " `janitor fix --adopt --dry-run`"
)
"""What to do about runs that have no state."""


def change_groups(report: Report) -> list[ChangeGroup]:
    """The changes by outcome, the largest group of each outcome first."""
    counts = Counter((change.outcome, change.shown_to, change.rule) for change in report.changes)
    groups = [ChangeGroup(*kind, runs) for kind, runs in counts.items()]
    order = list(Outcome)
    return sorted(
        groups, key=lambda group: (order.index(group.outcome), -group.runs, group.to, group.rule)
    )


def hold_groups(report: Report) -> list[HoldGroup]:
    """The held runs by their reasons, largest group first."""
    groups: dict[str, list[ReportedHold]] = {}
    for held in report.held:
        groups.setdefault(without_figures(held.reason), []).append(held)
    found = [
        HoldGroup(_common_reason(reason, members), tuple(members))
        for reason, members in groups.items()
    ]
    return sorted(found, key=lambda group: (-len(group.held), group.reason))


def without_figures(reason: str) -> str:
    """The reason with "a while" for its ages and without text in brackets."""
    return _ASIDE.sub("", _AGES.sub("a while", reason))


def notices(report: Report) -> list[str]:
    """Further important facts, the most serious first."""
    found: list[str] = []
    if report.interrupted == "deadline":
        found.append("The deadline passed before everything was done")
    elif report.interrupted:
        found.append(f"Interrupted by {report.interrupted}")
    if report.brake and report.brake.tripped:
        brake = "Brake, overruled by --force" if report.brake.overruled else "Brake"
        found.append(f"{brake}: {report.brake.message or 'a limit was exceeded'}")
    if report.stand_down and report.stand_down.active:
        found.append(f"Stand-down: {report.stand_down.message or 'an outage is suspected'}")
    if report.totals.runs and report.totals.untracked == report.totals.runs:
        found.append(WITHOUT_A_STATE)
    found += [*shards.notices(report), *_coverage(report)]
    if report.clock and report.clock.warning:
        found.append(f"Clock: {report.clock.warning}")
    if report.command == "undo" and report.totals.written and not report.dry_run:
        found.append(_after_undo(report))
    if report.false_positives and report.false_positives.runs:
        found.append(_false_positives(report.false_positives))
    return [notice if notice.endswith((".", "!", "?")) else f"{notice}." for notice in found]


def _coverage(report: Report) -> Iterator[str]:
    """What was not read, and why."""
    yield from (_incomplete(target) for target in report.targets if not target.complete)
    if left_out := sum(target.left_out for target in report.targets):
        yield f"{counted(left_out, 'run')} not read: silent for longer than active_since"
    if known := _known(report):
        yield known


def counts(report: Report) -> list[tuple[str, int]]:
    """The totals under readable names, the most important first."""
    totals = report.totals
    return [
        ("runs", totals.runs),
        ("repaired", totals.written),
        ("planned", totals.planned),
        ("failed", totals.failed),
        ("superseded", totals.superseded),
        ("held", totals.held),
        ("clean", totals.clean),
        ("untracked", totals.untracked),
    ]


def way_back(report: Report) -> str | None:
    """The command that undoes the pass, if it wrote anything and kept a journal."""
    wrote = any(
        change.outcome is Outcome.WRITTEN
        or (change.outcome is Outcome.FAILED and not (change.error or "").startswith(_UNWRITTEN))
        for change in report.changes
    )
    journals = (report.journal,) if report.journal else report.merged_journals
    commands = [f"janitor undo {shlex.quote(journal)}" for journal in journals]
    return " && ".join(commands) if wrote and commands else None


def signature(report: Report) -> str:
    """The version, the command and the time."""
    took = format_age(report.finished_at - report.started_at)
    when = report.started_at.strftime("%Y-%m-%d %H:%M:%S")
    return f"janitor {report.version} {report.command}, {when} UTC, took {took}"


def _repaired(report: Report) -> str:
    totals, verb = report.totals, "restored" if report.command == "undo" else "repaired"
    if totals.written:
        were = "was" if totals.written == 1 else "were"
        kinds = _kinds(report, Outcome.WRITTEN)
        return f"{totals.written:,} of {counted(totals.runs, 'run')} {were} {verb}: {kinds}"
    if totals.failed or totals.superseded:
        were = "was" if totals.runs == 1 else "were"
        return f"0 of {counted(totals.runs, 'run')} {were} {verb}"
    return f"0 of {counted(totals.runs, 'run')} needed a change"


def _planned(report: Report) -> str:
    totals = report.totals
    if not totals.planned:
        need = "needs" if totals.runs == 1 else "need"
        return f"0 of {counted(totals.runs, 'run')} {need} a change"
    need = "needs" if totals.planned == 1 else "need"
    if totals.written:
        need = f"still {need}"
    kinds = _kinds(report, Outcome.PLANNED)
    return f"{totals.planned:,} of {counted(totals.runs, 'run')} {need} a change: {kinds}"


def _kinds(report: Report, outcome: Outcome) -> str:
    """The numbers of changes by new state and rule."""
    groups = [group for group in change_groups(report) if group.outcome is outcome]
    return ", ".join(f"{group.runs:,} to {group.to} ({group.rule})" for group in groups)


def _why_not_tried(report: Report) -> str:
    if report.brake and report.brake.tripped and not report.brake.overruled:
        stopped = "a shard" if report.merged_shards else "the pass"
        return f"the brake stopped {stopped} before its first write"
    if report.interrupted == "deadline":
        return "the deadline passed first"
    return "the pass was interrupted" if report.interrupted else "they were not tried"


def _common_reason(reason: str, members: list[ReportedHold]) -> str:
    first = members[0].reason
    return first if all(held.reason == first for held in members) else reason


def _incomplete(target: ReportedTarget) -> str:
    seen = counted(target.runs_seen, "run")
    if target.runs_expected is not None:
        seen = f"{target.runs_seen:,} of {counted(target.runs_expected, 'run')}"
    return f"{target.target} could not be read completely: {seen} seen."


def _known(report: Report) -> str | None:
    """How many runs were not read again, and since when nothing else was read of them."""
    known = [target for target in report.targets if target.runs_known]
    since = min((target.known_since for target in known if target.known_since), default=None)
    if since is None:
        return None
    runs = counted(sum(target.runs_known for target in known), "run")
    return (
        f"{runs} known to have ended and not read again: the server counts no change of them."
        f" Every run was last read on {since:%Y-%m-%d %H:%M} UTC"
    )


def _false_positives(found: FalsePositives) -> str:
    rules = ", ".join(f"{count} by {rule}" for rule, count in sorted(found.by_rule.items()))
    count = len(found.runs)
    are = "is" if count == 1 else "are"
    notice = f"{counted(count, 'run')} that an earlier pass marked as ended {are} alive ({rules})"
    seconds = found.suggested_heartbeat_timeout_seconds
    if seconds is None:
        return notice
    return f"{notice}; a heartbeat_timeout of {math.ceil(seconds / 60)}m is suggested"


def _after_undo(report: Report) -> str:
    """How long an undo lasts."""
    partial = sum(change.partial for change in report.changes)
    note = f"{counted(partial, 'run')} of these restored only in part. " if partial else ""
    return (
        f"{note}Passes that use the same journals do not repeat what was undone until a run shows"
        " a sign of life. Other janitors judge these runs again: tag them janitor:ignore, or"
        " change the rule"
    )
