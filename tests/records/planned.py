"""A policy as a plan carries it: written to a file and read back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from janitor.model import Policy
from janitor.records.plan import read_plan, write_plan
from janitor.records.report import Report


def carried(policy: Policy, folder: Path) -> Policy:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    report = Report(version="1", dry_run=True, started_at=at, finished_at=at)
    write_plan(report, policy, folder / "plan.json")
    return read_plan(folder / "plan.json").policy
