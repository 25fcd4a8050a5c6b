"""The content of the HTML report, as plain text in the order of the page; not yet escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from janitor.model import Outcome
from janitor.model.wording import format_age
from janitor.records.changes import ReportedChange, ReportedHold
from janitor.records.report import Report, ReportedTarget
from janitor.report import headline
from janitor.report.chart_data import kind_of
from janitor.report.charts import Chart
from janitor.report.figures import facts
from janitor.report.sanitize import visible, web_page
from janitor.storage import strict_json

_CHANGES_SHARE, _HELD_SHARE = 4_400_000, 300_000
"""Bytes for the rows. With the charts a page stays below 5 MB."""
_HELD_NAMED: Final = 100
"""Held runs listed per reason."""
_COMPLAINTS: Final = 200
_NAME, _SENTENCE, _VALUE = 80, 500, 120
"""Characters of a name, a sentence, and a value in a summary that are shown."""
_ELSEWHERE: Final = "omitted here; see the .json report"
_MARKUP: Final = 165
"""Bytes of markup around a row's texts."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page, from top to bottom."""

    title: str
    headline: str
    notices: Sequence[str]
    way_back: str | None
    counts: Sequence[tuple[str, int]]
    groups: Sequence[dict[str, Any]]
    charts: Sequence[Chart]
    changes: Sequence[dict[str, Any]]
    change_count: int
    changes_left_out: int
    held: Sequence[dict[str, Any]]
    held_count: int
    held_left_out: int
    returned: Sequence[str]
    returned_by_rule: Sequence[tuple[str, int]]
    returned_count: int
    complaints: Sequence[tuple[str, Sequence[tuple[str, str]], int]]
    facts: Sequence[tuple[str, str]]
    targets: Sequence[dict[str, str]]
    signature: str


def page_of(report: Report, charts: Sequence[Chart]) -> Page:
    """The page of a report."""
    changes = _changes_that_fit(report.changes)
    hold_groups = headline.hold_groups(report)
    held = _fitting(map(_held, hold_groups), _HELD_SHARE)
    returned = report.false_positives
    return Page(
        title=report.started_at.strftime("%Y-%m-%d %H:%M UTC"),
        headline=_text(headline.headline(report), 2 * _SENTENCE),
        notices=[_text(notice) for notice in headline.notices(report)[:50]],
        way_back=_text(command, 10_000) if (command := headline.way_back(report)) else None,
        counts=headline.counts(report),
        groups=list(_groups(report)),
        charts=charts,
        changes=changes,
        change_count=len(report.changes),
        changes_left_out=len(report.changes) - len(changes),
        held=held,
        held_count=len(report.held),
        held_left_out=len(hold_groups) - len(held),
        returned=[_text(run) for run in returned.runs[:1000]] if returned else [],
        returned_by_rule=_by_rule(report),
        returned_count=len(returned.runs) if returned else 0,
        complaints=list(_complaints(report)),
        facts=[(name, _text(fact)) for name, fact in facts(report)],
        targets=[_target(target) for target in report.targets[:1000]],
        signature=_text(headline.signature(report)),
    )


def _groups(report: Report) -> Iterator[dict[str, Any]]:
    """The groups of changes, each with its most frequent reason, without numbers."""
    reasons: dict[tuple[Outcome, str, str], Counter[str]] = {}
    for change in report.changes:
        of_kind = reasons.setdefault((change.outcome, change.shown_to, change.rule), Counter())
        of_kind[headline.without_figures(change.reason)] += 1
    for group in headline.change_groups(report)[:30]:
        of_kind = reasons[group.outcome, group.to, group.rule]
        (most, _), others = of_kind.most_common(1)[0], len(of_kind) - 1
        yield {
            "runs": group.runs,
            "kind": _kind(group.outcome),
            "to": _text(group.to, _NAME),
            "rule": _text(group.rule, _NAME),
            "reason": _text(most) + _and_others(others),
        }


def _and_others(reasons: int) -> str:
    if not reasons:
        return ""
    return ", and another reason" if reasons == 1 else f", and {reasons:,} other reasons"


def _change(change: ReportedChange) -> dict[str, Any]:
    seconds = change.evidence.age_seconds
    return {
        "page": web_page(change.url),
        "name": _text(change.name or change.run.rpartition("/")[2], _NAME),
        "run": _text(change.run, 2 * _NAME),
        "before": _text(change.shown_from, _NAME),
        "after": _text(change.shown_to, _NAME),
        "reason": _text(change.reason),
        "rule": _text(change.rule, _NAME),
        "seconds": "" if seconds is None else round(seconds),
        "age": "" if seconds is None else format_age(timedelta(seconds=seconds)),
        "kind": kind_of(change),
        "error": _text(change.error) if change.error else "",
        "evidence": "\n".join(_evidence(change)),
    }


def _evidence(change: ReportedChange) -> Iterator[str]:
    """Each piece of evidence, then each key that was written or would be."""
    evidence = change.evidence
    yield f"W&B says {_text(evidence.wandb_state or change.wandb_state or 'nothing', _NAME)}"
    if change.created_at:
        yield f"created {_time(change.created_at)}"
    for sign in evidence.signs[:20]:
        found = _time(sign.at) if sign.at else f"unreadable: {_value(sign.raw)}"
        future = " (in the future, not counted)" if sign.future else ""
        yield f"{_text(sign.source, _NAME)} {found}{future}"
    if evidence.objective is not None:
        yield f"objective {_value(evidence.objective)}"
    if change.after:
        yield "Would write:" if change.outcome is Outcome.PLANNED else "Wrote:"
    for key, value in list(change.after.items())[:40]:
        if _is_mark(key):
            continue
        before = f"{_value(change.before[key])} → " if key in change.before else ""
        yield f"{_text(key, _NAME)}: {before}{_value(value)}"


def _is_mark(key: str) -> bool:
    """Whether the key is metadata of the janitor, which repeats the row."""
    return ".janitor." in key or "/janitor/" in key


def _held(group: headline.HoldGroup) -> dict[str, Any]:
    named = [_held_run(held) for held in group.held[:_HELD_NAMED]]
    return {
        "runs": len(group.held),
        "reason": _text(group.reason),
        "named": named,
        "left_out": len(group.held) - len(named),
    }


def _held_run(held: ReportedHold) -> dict[str, Any]:
    return {
        "page": web_page(held.url),
        "name": _text(held.name or held.run, _NAME),
        "reason": _text(held.reason),
    }


def _by_rule(report: Report) -> list[tuple[str, int]]:
    found = report.false_positives
    if found is None:
        return []
    return [(_text(rule, _NAME), runs) for rule, runs in sorted(found.by_rule.items())]


def _complaints(report: Report) -> Iterator[tuple[str, list[tuple[str, str]], int]]:
    errors = [(error.target, error.message) for error in report.errors]
    warnings = [(warning.run, warning.message) for warning in report.warnings]
    for title, found in (("Errors", errors), ("Warnings", warnings)):
        shown = [(_text(about or ""), _text(message)) for about, message in found[:_COMPLAINTS]]
        if len(found) > len(shown):
            shown.append(("", f"and {len(found) - len(shown):,} more"))
        if shown:
            yield title, shown, len(found)


def _target(target: ReportedTarget) -> dict[str, str]:
    expected = target.runs_expected
    return {
        "name": _text(target.target),
        "seen": f"{target.runs_seen:,}",
        "expected": "unknown" if expected is None else f"{expected:,}",
        "complete": "yes" if target.complete else "no",
    }


def _changes_that_fit(changes: Iterable[ReportedChange]) -> list[dict[str, Any]]:
    """The first rows that fit. If not all evidence fits, the last rows are without."""
    rows: list[dict[str, Any]] = []
    spare = _CHANGES_SHARE
    for change in changes:
        row = _change(change)
        spare -= _weight({**row, "evidence": _ELSEWHERE})
        if spare < 0:
            break
        rows.append(row)
    for row in rows:
        spare -= max(0, _weight(row["evidence"]) - len(_ELSEWHERE))
        if spare < 0:
            row["evidence"] = _ELSEWHERE
    return rows


def _fitting(rows: Iterable[dict[str, Any]], share: int) -> list[dict[str, Any]]:
    """The first rows that fit into this many bytes."""
    kept = []
    for row in rows:
        share -= _weight(row)
        if share < 0:
            break
        kept.append(row)
    return kept


def _weight(value: Any) -> int:
    """The approximate size of a row in the page in bytes, with markup and escapes."""
    if isinstance(value, str):
        escapes = sum(value.count(char) for char in "<>&'\"")
        return len(value.encode("utf-8", "replace")) + 4 * escapes
    if isinstance(value, dict):
        return _MARKUP + sum(map(_weight, value.values()))
    return sum(map(_weight, value)) if isinstance(value, list) else 8


def _kind(outcome: Outcome) -> str:
    return "repaired" if outcome is Outcome.WRITTEN else outcome.value


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def _value(value: Any) -> str:
    try:
        text = value if isinstance(value, str) else strict_json.dumps(value, default=str)
    except ValueError as error:
        text = f"(not shown: {error})"
    return _text(text, _VALUE)


def _text(text: str, limit: int = _SENTENCE) -> str:
    return visible(text, limit)
