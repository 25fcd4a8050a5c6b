"""Reports to render, and parts to make them of."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from janitor.model import Outcome
from janitor.model.summary import Form
from janitor.pipeline.report_builder import ReportDraft
from janitor.records.changes import ReportedChange, ReportedEvidence, ReportedHold, Sign
from janitor.records.report import (
    Brake,
    ClockReading,
    FalsePositives,
    RaceWindow,
    Report,
    ReportedTarget,
    Requests,
    StandDown,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_draft(**given: Any) -> ReportDraft:
    usual: dict[str, Any] = {
        "command": "fix",
        "dry_run": False,
        "started_at": NOON,
    }
    return ReportDraft(**usual | given)


def make_change(run: str = "acme/rl/r1", **given: Any) -> ReportedChange:
    alive = NOON - timedelta(hours=3)
    usual: dict[str, Any] = {
        "run": run,
        "sweep": "s1",
        "name": f"run {run[-1]}",
        "from_": "running",
        "to": "timeout",
        "rule": "heartbeat-expired",
        "reason": "silent for 3 hours while W&B says running",
        "outcome": Outcome.WRITTEN,
        "evidence": ReportedEvidence(
            last_alive=alive,
            age_seconds=10_800.0,
            signs=(Sign(source="heartbeatAt", at=alive, raw="2026-03-01T09:00:00"),),
            wandb_state="running",
        ),
        "before": {"protein.state": "running"},
        "after": {"protein.state": "timeout", "protein.error": "no heartbeat"},
        "target": "acme/rl/s1",
        "form": Form.FLAT,
        "wandb_state": "running",
        "created_at": NOON - timedelta(hours=5),
        "last_alive": alive,
        "url": f"https://wandb.ai/{run}",
    }
    return ReportedChange(**usual | given)


def make_hold(run: str = "acme/rl/h1", **given: Any) -> ReportedHold:
    usual: dict[str, Any] = {
        "run": run,
        "rule": "none",
        "reason": "alive 2 minutes and 3 seconds ago, W&B says running",
        "state": "running",
    }
    return ReportedHold(**usual | given)


def finish(draft: ReportDraft, runs: int) -> Report:
    return draft.finish(NOON + timedelta(seconds=4), runs=runs)


def nothing() -> Report:
    """A pass that found nothing to do."""
    draft = make_draft()
    draft.add_target(
        ReportedTarget(target="acme/rl/s1", runs_expected=3, runs_seen=3, complete=True)
    )
    draft.count_clean("success", 2)
    draft.count_untracked()
    return finish(draft, 3)


def everything() -> Report:
    """A pass in which all went on that can."""
    draft = make_draft(journal="/state/pass.jsonl", interrupted="SIGTERM")
    draft.add_target(
        ReportedTarget(target="acme/rl/s1", runs_expected=9, runs_seen=8, complete=False, missing=1)
    )
    draft.clock = ClockReading(source="server", offset_seconds=90.5, warning="90 seconds apart")
    draft.thresholds = {
        "heartbeat_timeout_seconds": 1800,
        "evaluation_timeout_seconds": 3600,
        "settle_seconds": 300,
        "crash_grace_seconds": 900,
    }
    draft.brake = Brake(tripped=False, limit="max_changes", allowed=500, found=5)
    draft.stand_down = StandDown(
        active=True,
        silent=6,
        open=10,
        share=0.6,
        window_start=NOON - timedelta(minutes=20),
        window_end=NOON - timedelta(minutes=10),
        message="6 of 10 open runs went silent at once: the outage is not theirs",
    )
    draft.race_window = RaceWindow(median_seconds=0.1, max_seconds=0.25, writes=2)
    draft.requests = Requests(reads=3, writes=2, bytes_in=4096, bytes_out=512, retries=1)
    draft.false_positives = FalsePositives(
        by_rule={"heartbeat-expired": 1},
        runs=("acme/rl/r9",),
        suggested_heartbeat_timeout_seconds=5400.0,
    )
    draft.add_change(make_change("acme/rl/r1"))
    draft.add_change(
        make_change(
            "acme/rl/r2",
            to="failure",
            rule="objective-invalid",
            reason="protein.objective is not a finite number (inf), and W&B says failed",
            evidence=ReportedEvidence(objective=math.inf, wandb_state="failed"),
            before={"/protein/state": "running", "x": math.nan},
            form=Form.BOTH,
        )
    )
    draft.add_change(make_change("acme/rl/r3", outcome=Outcome.FAILED, error="HTTP 500"))
    draft.add_change(make_change("acme/rl/r4", outcome=Outcome.SUPERSEDED))
    draft.add_change(make_change("acme/rl/r5", outcome=Outcome.PLANNED))
    draft.add_held(make_hold("acme/rl/h1"))
    draft.add_held(make_hold("acme/rl/h2", reason="unknown state 7", state=None))
    draft.count_clean("success")
    draft.add_error("the scan ended early", target="acme/rl/s1")
    draft.add_warning("protein.heartbeat cannot be read", run="acme/rl/h2")
    return finish(draft, 8)
