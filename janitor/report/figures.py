"""The figures of a pass, for the end of a report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import humanize

from janitor.model.wording import format_age
from janitor.records.report import Report, Requests, Thresholds


def facts(report: Report) -> Iterator[tuple[str, str]]:
    """Further facts about the pass, each with a name."""
    yield "Command", f"{report.command}{' (dry run)' if report.dry_run else ''}"
    took = format_age(report.finished_at - report.started_at)
    yield "Began", f"{report.started_at:%Y-%m-%d %H:%M:%S} UTC, took {took}"
    if report.thresholds:
        yield "Thresholds", _thresholds(report.thresholds)
    if report.brake:
        brake = report.brake
        yield "Brake", (brake.message or "it tripped") if brake.tripped else "not tripped"
    if report.stand_down:
        down = report.stand_down
        counted = f"{down.silent:,} of {down.open:,} open runs went silent at once"
        yield "Stand-down", f"{'active' if down.active else 'not needed'}: {counted}"
    if report.clock:
        offset = report.clock.offset_seconds
        differs = "" if offset is None else f", {offset:+.1f} s from this machine's"
        yield "Clock", f"the {report.clock.source} one{differs}"
    if report.race_window and report.race_window.writes:
        race = report.race_window
        median, longest = race.median_seconds or 0, race.max_seconds or 0
        yield "From read to write", f"median {median:.2f} s, at most {longest:.2f} s"
    if report.requests:
        yield "Requests", _requests(report.requests)
    if report.journal:
        yield "Journal", report.journal
    for journal in report.merged_journals:
        yield "Journal", journal


def _thresholds(found: Thresholds) -> str:
    return ", ".join(
        f"{name.removesuffix('_seconds')} {format_age(timedelta(seconds=seconds))}"
        for name, seconds in found.items()
        if seconds is not None
    )


def _requests(found: Requests) -> str:
    received, sent = humanize.naturalsize(found.bytes_in), humanize.naturalsize(found.bytes_out)
    retries = f", {found.retries:,} retried" if found.retries else ""
    return (
        f"{found.reads:,} reads and {found.writes:,} writes{retries};"
        f" {received} received, {sent} sent"
    )
